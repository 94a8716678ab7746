"""Addresses, files that are ours, and files that are not."""

import asyncio
import os
import stat
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from lead_tui.core.commands import Cancel
from lead_tui.errors import JournalError, UsageError
from lead_tui.journal import connection
from lead_tui.journal.memory import MemoryJournal
from lead_tui.journal.open import open_journal
from lead_tui.journal.sqlite import SqliteJournal
from tests.journal.samples import NOW, a_record, a_run, facts, seqs, stored


@pytest.mark.parametrize("address", ["memory:", ":memory:", "sqlite://", "sqlite:///:memory:"])
def test_memory_addresses(address: str) -> None:
    """Every usual way to say "in memory" is understood."""
    assert isinstance(open_journal(address), MemoryJournal)


def test_file_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path, its text, a relative one, a URL with three and with four slashes, and ~ name files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for address in (tmp_path / "a.db", f"{tmp_path}/b.db", "c.db", "sqlite:///d.db",
                    f"sqlite:///{tmp_path}/e.db", "~/f.db"):  # fmt: skip
        open_journal(address).close()
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "a.db",
        "b.db",
        "c.db",
        "d.db",
        "e.db",
        "f.db",
    ]


@pytest.mark.parametrize("address", ["postgres://bob:hunter2@h/x", "sqlite://host/x", "sqlite:///", "", " "])
def test_other_addresses_are_refused(address: str) -> None:
    """The message says what is understood, and repeats no password."""
    with pytest.raises(UsageError, match="sqlite:///PATH or memory:") as refused:
        open_journal(address)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("version", "sound"),
    [("3.54.1", True), ("3.51.3", True), ("3.51.2", False), ("3.50.7", True), ("3.50.6", False),
     ("3.44.6", True), ("3.45.0", False), ("3.40.1", False), ("4.0.0", True)],
)  # fmt: skip
def test_a_sqlite_that_loses_commits_is_refused(version: str, sound: bool) -> None:
    """Versions with the WAL-reset bug are named with what to install."""
    if sound:
        connection.check_sqlite(version)
    else:
        with pytest.raises(JournalError, match="pip install"):
            connection.check_sqlite(version)


async def test_files_are_private(path: Path) -> None:
    """Folder 0700, journal, log and shared memory 0600, whatever the umask."""
    before = os.umask(0o002)
    try:
        journal = SqliteJournal.open(path)
        await a_run(journal)
    finally:
        os.umask(before)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (path.parent, *path.parent.iterdir())}
    journal.close()
    assert modes == {"data": 0o700, "journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}


def test_many_may_make_the_same_journal_at_once(path: Path) -> None:
    """Whoever opens first makes the schema; nobody fails and nobody makes it twice."""
    with ThreadPoolExecutor(8) as threads:
        journals = list(threads.map(SqliteJournal.open, [path] * 8))
    assert [journal.describe()["schema"] for journal in journals] == [connection.SCHEMA] * 8
    for journal in journals:
        journal.close()


def test_there_is_a_script_for_each_schema() -> None:
    """A schema number without its script would leave old journals behind."""
    assert len(connection._scripts()) == connection.SCHEMA


def test_a_failed_migration_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema is made whole or not at all; the next try succeeds."""
    with monkeypatch.context() as broken:
        broken.setattr(connection, "_scripts", lambda: ["CREATE TABLE run (id); CREATE NONSENSE"])
        with pytest.raises(JournalError, match="NONSENSE"):
            SqliteJournal.open(path)
    SqliteJournal.open(path).close()


def test_what_was_stored_is_there_again(path: Path) -> None:
    """Closing leaves one file that holds everything."""
    stored(path, facts(1, 3), facts(4))
    assert [each.name for each in path.parent.iterdir()] == ["journal.db"]
    journal = SqliteJournal.open(path)
    assert (seqs(journal), journal.record("run-1")) == ([1, 2, 3, 4], a_record())
    journal.close()


def test_a_place_without_wal_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite cannot keep a log beside the file (as in memory), the reason and the remedy are told."""
    monkeypatch.setattr(connection, "PATIENCE", 1)
    with pytest.raises(JournalError, match="needs a local disk"):
        connection.migrate(apsw.Connection(":memory:"), path)


# --- reading only ---------------------------------------------------------------------------------------


def test_a_reader_reads_and_does_not_write(path: Path) -> None:
    """Opened for reading, everything is there and every write is refused."""
    stored(path, facts(1, 2))
    journal = SqliteJournal.open(path, read_only=True)
    assert (seqs(journal), journal.describe()["runs"]) == ([1, 2], 1)
    with pytest.raises(JournalError, match="reading only"):
        asyncio.run(journal.create(a_record("new")))
    with pytest.raises(JournalError, match="cannot be written"):
        journal.post("run-1", Cancel(), "ann", NOW)
    journal.close()


async def test_a_reader_follows_an_owner(path: Path, sqlite: SqliteJournal) -> None:
    """What the owner appends, a reader of the same file sees at once."""
    fence = await a_run(sqlite)
    reader = SqliteJournal.open(path, read_only=True)
    for seq in range(1, 4):
        await sqlite.append("run-1", fence, facts(seq))
        assert seqs(reader, after=seq - 1) == [seq]
    reader.close()


def test_reading_makes_no_file(path: Path) -> None:
    """A wrong --db is told, not created."""
    with pytest.raises(JournalError, match="does not exist"):
        SqliteJournal.open(path, read_only=True)
    assert not path.parent.exists()


def test_reading_does_not_migrate(path: Path) -> None:
    """An empty file has no schema; a reader says that it must be opened for writing first."""
    path.parent.mkdir()
    path.touch()
    with pytest.raises(JournalError, match="open it once for writing"):
        SqliteJournal.open(path, read_only=True)


@pytest.fixture
def archive() -> Iterator[Path]:
    """A folder with a closed journal, where other users may look."""
    with tempfile.TemporaryDirectory() as name:
        stored(Path(name) / "old.db", facts(1, 2)).chmod(0o444)
        yield Path(name)


@contextmanager
def not_writable(folder: Path) -> Iterator[None]:
    """Within it this process may read the folder and not write, also when root runs the tests."""
    was = os.geteuid()
    folder.chmod(0o555)
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)
        folder.chmod(0o755)


def test_a_folder_that_cannot_be_written(archive: Path) -> None:
    """A new journal there is refused, and so is writing an old one; both say where and what to do."""
    with not_writable(archive):
        with pytest.raises(JournalError, match=r"new\.db: .*ermission.*--db"):
            SqliteJournal.open(archive / "new.db")
        with pytest.raises(JournalError, match=r"folder/new\.db: .*--db"):
            SqliteJournal.open(archive / "folder" / "new.db")
        with pytest.raises(JournalError, match=r"old\.db: .*can(not)? be written"):
            SqliteJournal.open(archive / "old.db")


def test_a_closed_journal_can_be_read_from_there(archive: Path) -> None:
    """An archived journal on a read-only disk opens for reading."""
    with not_writable(archive):
        journal = SqliteJournal.open(archive / "old.db", read_only=True)
        assert seqs(journal) == [1, 2]
        journal.close()


def test_a_log_that_cannot_be_read_is_not_passed_over(archive: Path) -> None:
    """With a log beside it the file alone may be old: it is not read as if it were all."""
    (archive / "old.db-wal").touch(mode=0o000)
    with not_writable(archive), pytest.raises(JournalError, match="check"):
        SqliteJournal.open(archive / "old.db", read_only=True)


# --- not ours -------------------------------------------------------------------------------------------


def refused(path: Path, why: str) -> None:
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(JournalError, match=why) as error:
            SqliteJournal.open(path, read_only=read_only)
        assert str(path) in str(error.value)
    assert path.read_bytes() == before


def test_a_text_file_is_no_journal(tmp_path: Path) -> None:
    """A file of another kind is refused and not touched."""
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n" * 1000, encoding="utf-8")
    refused(path, "is no journal")


def test_another_programs_database_is_no_journal(tmp_path: Path) -> None:
    """Neither one with an application id of its own, nor one with mere tables."""
    for name, sql in (("a.db", "PRAGMA application_id = 7"), ("b.db", "CREATE TABLE bookmarks (url)")):
        other = apsw.Connection(str(tmp_path / name))
        other.execute(sql)
        other.execute("CREATE TABLE more (x)")
        other.close()
        refused(tmp_path / name, "another program's database")


def test_a_newer_journal_is_not_guessed_at(path: Path) -> None:
    """A schema from the future is refused with the way out."""
    other = apsw.Connection(str(stored(path)))
    other.pragma("user_version", connection.SCHEMA + 1)
    other.close()
    refused(path, "newer leadtui.*upgrade")


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    """A path that is a folder is refused with what to check."""
    with pytest.raises(JournalError, match="cannot be opened"):
        SqliteJournal.open(tmp_path)


def test_no_folder_can_be_made_below_a_file(tmp_path: Path) -> None:
    """An error of the system names the path too."""
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"j\.db: .*--db"):
        SqliteJournal.open(tmp_path / "file" / "j.db")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_told(path: Path, share: float) -> None:
    """Whether on opening or on reading, damage ends in a JournalError and never in wrong events."""
    stored(path, *[facts(first, 20, why="x" * 100) for first in range(1, 400, 20)])
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(JournalError, match="damaged"):
        seqs(SqliteJournal.open(path))  # either may find it
