"""Open the file of a journal: made if missing, brought up to date if old, refused if it is not ours.

Built on apsw for the SQLite that it bundles. Versions before 3.51.3 (other than 3.50.7 and 3.44.6 on) have
the WAL-reset bug: two connections that write and checkpoint at the same time can lose committed data. The
`sqlite3` of many Pythons is such a version, and so may be the system's that an apsw built from source took:
`check_sqlite` refuses it.
"""

import os
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import apsw

from lead_tui.errors import JournalError
from lead_tui.journal.base import Durability

APPLICATION = 0x4C454144  # "LEAD": tells our file from any other SQLite database
SCHEMA = 1
PATIENCE = 10_000
"""Milliseconds that a thread may wait for another process's lock."""

_READ_WRITE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


def check_sqlite(version: str) -> None:
    number = tuple(int(part) for part in version.split("."))
    if number >= (3, 51, 3) or (3, 50, 7) <= number < (3, 51) or (3, 44, 6) <= number < (3, 45):
        return
    raise JournalError(
        f"SQLite {version} can lose committed data (its WAL-reset bug): install apsw from PyPI, "
        "`pip install --force-reinstall --only-binary apsw apsw`, which brings a sound one"
    )


def create_file(path: Path) -> None:
    """The folder (0700) and an empty file (0600), unless they exist. SQLite gives -wal and -shm its mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        # never open an existing one here: closing it would drop the locks of this process's connections
        return


def connect(path: Path, durability: Durability = "normal") -> apsw.Connection:
    """A connection that reads and writes; waits up to PATIENCE for locks and never checkpoints by itself."""
    connection = apsw.Connection(str(path), flags=_READ_WRITE)
    connection.set_busy_timeout(PATIENCE)
    connection.wal_autocheckpoint(0)
    connection.pragma("synchronous", durability)
    return connection


def connect_read_only(path: Path) -> apsw.Connection:
    """Also where the folder cannot be written: without a -wal beside it, nobody has the file open."""
    if not path.exists():
        raise JournalError(f"journal {path} does not exist: check --db, or start a run to make it")
    try:
        return _checked(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY), path)
    except (apsw.CantOpenError, apsw.ReadOnlyError):  # no place for the shared memory that WAL readers need
        if path.with_name(path.name + "-wal").exists():
            raise
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    return _checked(apsw.Connection(f"file:{quote(str(path))}?immutable=1", flags=flags), path)


def _checked(connection: apsw.Connection, path: Path) -> apsw.Connection:
    connection.set_busy_timeout(PATIENCE)
    if check_schema(connection, path) < SCHEMA:
        raise JournalError(
            f"journal {path} is from an older release: open it once for writing, as `leadtui run` does"
        )
    return connection


def check_schema(connection: apsw.Connection, path: Path) -> int:
    """The schema's number, 0 for an empty file. Raises JournalError for a foreign or a newer file."""
    with connection:  # one snapshot: somebody may be making the schema right now
        application = connection.pragma("application_id")
        version = int(connection.pragma("user_version"))
        foreign = application != APPLICATION and bool(application or version or _has_tables(connection))
    if foreign:
        raise JournalError(f"journal {path}: this is another program's database: name another one with --db")
    if version > SCHEMA:
        raise JournalError(
            f"journal {path} was written by a newer leadtui (its schema is {version}, this release knows "
            f"{SCHEMA}): upgrade with `pip install -U leadtui`, or name another one with --db"
        )
    return version


def migrate(connection: apsw.Connection, path: Path) -> None:
    """Bring the schema up to date, in one transaction; any number of processes may try at once."""
    if check_schema(connection, path) == SCHEMA:
        return
    _switch_to_wal(connection, path)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for script in _scripts()[check_schema(connection, path) :]:
            connection.execute(script)
        connection.pragma("application_id", APPLICATION)
        connection.pragma("user_version", SCHEMA)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _switch_to_wal(connection: apsw.Connection, path: Path) -> None:
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

    # the one statement for which SQLite does not wait: others may be making this journal, too
    patiently = Retrying(
        retry=retry_if_exception_type(apsw.BusyError),
        stop=stop_after_delay(PATIENCE / 1000),
        wait=wait_random(0.001, 0.02),
        reraise=True,
    )
    if patiently(connection.pragma, "journal_mode", "wal") != "wal":
        raise JournalError(
            f"journal {path}: no WAL mode here, which needs a local disk: choose one with --db"
        )


def _has_tables(connection: apsw.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_schema").get)


def _scripts() -> list[str]:
    """The n-th brings a schema n-1 to n."""
    folder = resources.files("lead_tui.journal") / "sql"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda f: f.name)
    return [each.read_text(encoding="utf-8") for each in files]
