"""What only the file can show: other processes, locks, a full disk, SQL."""

import asyncio
import json
from pathlib import Path

import apsw
import pytest

from lead_tui.core.commands import Cancel, UnknownCommand
from lead_tui.core.events import AttemptCompleted, Log, UnknownEvent
from lead_tui.errors import JournalError, JournalGone, RunOwned
from lead_tui.journal import writer
from lead_tui.journal.checkpoint import LIMIT, STEP, Checkpointer
from lead_tui.journal.owner import this_process
from lead_tui.journal.sqlite import SqliteJournal
from tests.journal.samples import NOW, a_record, a_run, child, dead, facts, seqs

# --- several processes --------------------------------------------------------------------------------

CLAIM = """
import asyncio, sys
from datetime import UTC, datetime
from lead_tui.errors import RunOwned
from lead_tui.journal.owner import this_process
from lead_tui.journal.sqlite import SqliteJournal
journal = SqliteJournal.open(sys.argv[1])
try:
    print(asyncio.run(journal.claim("run-1", this_process(), datetime.now(UTC))), flush=True)
except RunOwned:
    print("owned", flush=True)
sys.stdin.read()
"""

WRITE = """
import asyncio, sys
sys.path.insert(0, sys.argv[3])
from datetime import UTC, datetime
from tests.journal.samples import a_run, facts
from lead_tui.journal.sqlite import SqliteJournal

async def main():
    journal = SqliteJournal.open(sys.argv[1], sys.argv[2])
    fence = await a_run(journal)
    await journal.append("run-1", fence, facts(1), status="running")
    seq = 1
    while True:
        await journal.append("run-1", fence, facts(seq + 1, 3))
        seq += 3
        print(seq, flush=True)

asyncio.run(main())
"""


async def test_one_of_several_processes_gets_the_run(path: Path, sqlite: SqliteJournal) -> None:
    """Of processes that claim at once one wins; when it is killed, the next claim has a new fence."""
    await sqlite.create(a_record())
    with child(CLAIM, str(path)) as a, child(CLAIM, str(path)) as b, child(CLAIM, str(path)) as c:
        answers = {process.stdout.readline().strip(): process for process in (a, b, c) if process.stdout}
        assert set(answers) == {"1", "owned"}
        with pytest.raises(RunOwned, match=f"process {answers['1'].pid} "):
            await sqlite.claim("run-1", this_process(), NOW)
        assert sqlite.row("run-1").owner_alive
        answers["1"].kill()
        answers["1"].wait()
        assert sqlite.row("run-1").status == "interrupted"
        assert await sqlite.claim("run-1", this_process(), NOW) == 2


@pytest.mark.parametrize("lines", [1, 2, 7, 40, 150])
@pytest.mark.parametrize("durability", ["normal", "full"])
def test_kill_9_loses_nothing_acknowledged(path: Path, lines: int, durability: str) -> None:
    """All that a killed writer acknowledged is there, gapless, in whole appends; its run is interrupted."""
    with child(WRITE, str(path), durability, str(Path(__file__).parents[2])) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(lines)]
        process.kill()
        acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
        process.wait()
    journal = SqliteJournal.open(path)
    found = seqs(journal)
    assert found == list(range(1, len(found) + 1))
    assert len(found) % 3 == 1
    assert acknowledged[-1] <= len(found) <= acknowledged[-1] + 3
    assert (journal.row("run-1").status, journal.row("run-1").last_seq) == ("interrupted", len(found))
    journal.close()


async def test_a_command_of_another_process_is_in_the_inbox_at_once(
    path: Path, sqlite: SqliteJournal
) -> None:
    """And its verdict is seen over there."""
    await a_run(sqlite)
    other = SqliteJournal.open(path)
    number = other.post("run-1", Cancel(), "ann", NOW)
    assert [row.id for row in sqlite.inbox("run-1")] == [number]
    await sqlite.settle(number, accepted=True)
    assert other.inbox_row(number).state == "accepted"
    other.close()


# --- waiting for a lock ---------------------------------------------------------------------------------


class Lock:
    """Somebody else's long write."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        self._connection.execute("COMMIT")
        self._connection.close()


def read_elsewhere(path: Path) -> list[int]:
    journal = SqliteJournal.open(path, read_only=True)
    try:
        return seqs(journal)
    finally:
        journal.close()


async def test_a_contended_append_leaves_the_loop_alone(path: Path, sqlite: SqliteJournal) -> None:
    """While another process writes, appends wait in a thread, in their order, and the loop goes on."""
    fence = await a_run(sqlite)
    lock = Lock(path)
    appends = [asyncio.create_task(sqlite.append("run-1", fence, facts(seq))) for seq in (1, 2, 3)]
    await asyncio.to_thread(read_elsewhere, path)  # the loop turns, and reading works
    assert not any(task.done() for task in appends)
    assert seqs(sqlite) == []
    lock.end()
    await asyncio.gather(*appends)
    assert seqs(sqlite) == [1, 2, 3]
    await sqlite.append("run-1", fence, facts(4), status="running")
    assert sqlite.row("run-1").status == "running"


async def test_a_status_change_waits_too(path: Path, sqlite: SqliteJournal) -> None:
    """A transaction of several statements is done again as a whole."""
    fence = await a_run(sqlite)
    lock = Lock(path)
    append = asyncio.create_task(sqlite.append("run-1", fence, facts(1), status="waiting"))
    await asyncio.to_thread(lock.end)
    await append
    assert (seqs(sqlite), sqlite.row("run-1").status) == ([1], "waiting")


async def test_a_cancelled_append_is_still_whole(path: Path, sqlite: SqliteJournal) -> None:
    """Whoever stops waiting does not tear a transaction: it is stored, and the next one fits behind it."""
    fence = await a_run(sqlite)
    lock = Lock(path)
    append = asyncio.create_task(sqlite.append("run-1", fence, facts(1, 2)))
    await asyncio.to_thread(read_elsewhere, path)
    append.cancel()
    with pytest.raises(asyncio.CancelledError):
        await append
    lock.end()
    await sqlite.append("run-1", fence, facts(3))
    assert seqs(sqlite) == [1, 2, 3]


async def test_a_lock_that_never_ends_is_told(
    path: Path, sqlite: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the patience is spent the error says that another process is in the way; nothing is stored."""
    monkeypatch.setattr(writer, "PATIENCE", 1)
    fence = await a_run(sqlite)
    lock = Lock(path)
    for status in (None, "running"):
        with pytest.raises(JournalError, match="another process keeps it locked"):
            await sqlite.append("run-1", fence, facts(1), status)
    with pytest.raises(JournalError, match="another process keeps it locked"):
        await sqlite.create(a_record("another"))
    lock.end()
    await sqlite.append("run-1", fence, facts(1))
    assert seqs(sqlite) == [1]


# --- what goes wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [None, "running"])
async def test_a_full_disk_stores_nothing_and_says_so(sqlite: SqliteJournal, status: str | None) -> None:
    """The append that did not fit leaves no trace; with room again the same one succeeds."""
    fence = await a_run(sqlite)
    await sqlite.append("run-1", fence, facts(1))
    connection = sqlite._writer().connection
    connection.pragma("max_page_count", connection.pragma("page_count"))
    big = [facts(2)[0], AttemptCompleted(seq=3, run_id="run-1", task="t", attempt=1, result="x" * 100_000)]
    with pytest.raises(JournalError, match="disk is full: free some space"):
        await sqlite.append("run-1", fence, big, status)
    assert (seqs(sqlite), sqlite.row("run-1").status) == ([1], "queued")
    connection.pragma("max_page_count", 1_000_000)
    await sqlite.append("run-1", fence, big, status)
    assert seqs(sqlite) == [1, 2, 3]


async def test_an_event_that_cannot_be_stored_stores_nothing(sqlite: SqliteJournal) -> None:
    """One bad event of an append keeps the others out, too."""
    fence = await a_run(sqlite)
    bad = AttemptCompleted(seq=2, run_id="run-1", task="t", attempt=1, result="\ud800")
    with pytest.raises(JournalError, match="plain data"):
        await sqlite.append("run-1", fence, [*facts(1), bad])
    assert seqs(sqlite) == []


async def test_an_error_of_sql_names_the_file(path: Path, sqlite: SqliteJournal) -> None:
    """Whatever else SQLite says comes with the journal's path."""
    fence = await a_run(sqlite)
    vandal = apsw.Connection(str(path))
    vandal.execute("DROP VIEW event; DROP TABLE batch")
    with pytest.raises(JournalError, match=rf"{path}: .*no such table"):
        await sqlite.append("run-1", fence, facts(1))
    with pytest.raises(JournalError, match="no such table"):
        seqs(sqlite)


# --- newer releases, SQL, size ----------------------------------------------------------------------------


async def test_what_a_newer_release_wrote_is_read(path: Path, sqlite: SqliteJournal) -> None:
    """Unknown events keep their seq, unknown commands are shown, unknown notes and fields left out."""
    fence = await a_run(sqlite)
    await sqlite.append("run-1", fence, facts(1))
    await sqlite.add_notes("run-1", [Log(text="old")])
    batch = [
        {"type": "dream_dreamt", "seq": 2},
        {"type": "task_ready", "seq": 3, "task": "t", "colour": "red"},
    ]
    other = apsw.Connection(str(path))
    other.execute(
        "INSERT INTO batch (key, count, data) VALUES (1 << 32 | 2, 2, ?)", (json.dumps(batch).encode(),)
    )
    other.execute("INSERT INTO note (run, task, data) VALUES (1, '', ?)", (b'{"type":"smell","x":1}',))
    command = b'{"command":"dance"}'
    other.execute(
        "INSERT INTO inbox (run, command, by, at) VALUES (1, ?, 'x', ?)", (command, NOW.isoformat())
    )
    other.close()
    events = [event for page in sqlite.read("run-1") for event in page]
    assert [event.seq for event in events] == [1, 2, 3]
    assert [isinstance(event, UnknownEvent) for event in events] == [False, True, False]
    assert [note.text for note in sqlite.notes("run-1")] == ["old"]
    assert sqlite.inbox("run-1")[0].command == UnknownCommand(name="dance")
    again = await sqlite.claim("run-1", sqlite.row("run-1").owner or this_process(), NOW)
    await sqlite.append("run-1", again, facts(4))
    assert sqlite.row("run-1").last_seq == 4


async def test_people_can_ask_in_sql(path: Path, sqlite: SqliteJournal) -> None:
    """The view `event` has a row per event of every run, though they are stored in batches."""
    one, two = await a_run(sqlite, "one"), await a_run(sqlite, "two")
    await sqlite.append("one", one, facts(1, 2, "one"))
    await sqlite.append("two", two, facts(1, 1, "two"))
    await sqlite.append("one", one, [AttemptCompleted(seq=3, ts=NOW, run_id="one", task="t", attempt=1)])
    other = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    rows = list(other.execute("SELECT seq, ts, type, task FROM event WHERE run_id = 'one' ORDER BY seq"))
    assert rows == [
        (1, "2026-03-01T12:30:16.250000Z", "task_ready", "t1"),
        (2, "2026-03-01T12:30:17.250000Z", "task_ready", "t2"),
        (3, "2026-03-01T12:30:15.250000Z", "attempt_completed", "t"),
    ]
    assert other.execute("SELECT count(*), sum(json_extract(data, '$.seq')) FROM event").get == (4, 7)
    assert list(other.execute("SELECT run, seq, count FROM batch ORDER BY key")) == [
        (1, 1, 2), (1, 3, 1), (2, 1, 1),
    ]  # fmt: skip
    other.close()


async def test_a_long_log_is_read_in_pages(sqlite: SqliteJournal) -> None:
    """100,000 events come in order, in pages of about a megabyte, and a page can be had from the middle."""
    fence = await a_run(sqlite)
    for first in range(1, 100_001, 500):
        await sqlite.append("run-1", fence, facts(first, 500))
    pages = [len(page) for page in sqlite.read("run-1")]
    assert sum(pages) == 100_000
    assert len(pages) > 5
    assert max(pages) < 20_000
    assert [event.seq for event in next(sqlite.read("run-1", after=77_777))][:2] == [77_778, 77_779]
    assert seqs(sqlite) == list(range(1, 100_001))


# --- checkpoints ------------------------------------------------------------------------------------------


def size(path: Path) -> int:
    return path.stat().st_size


async def busy_journal(sqlite: SqliteJournal, appends: int = 20) -> None:
    fence = await a_run(sqlite)
    for seq in range(1, appends + 1):
        await sqlite.append("run-1", fence, facts(seq, why="x" * 10_000))


async def test_the_log_moves_into_the_file_in_the_background(path: Path, sqlite: SqliteJournal) -> None:
    """Writing enough starts a checkpoint by itself, and every event is there before and after."""
    await busy_journal(sqlite, 2 * STEP // 3)
    running = sqlite._checkpointer._running
    assert running is not None
    running.result(timeout=30)
    assert size(path) > STEP * 4096 // 2
    assert sqlite.describe()["checkpoint_problem"] == ""
    assert len(seqs(sqlite)) == 2 * STEP // 3


async def test_a_long_log_is_cut(path: Path, sqlite: SqliteJournal) -> None:
    """At its limit the log is emptied, and a log that began anew is counted anew."""
    await busy_journal(sqlite)
    log = path.with_name("journal.db-wal")
    checkpointer = Checkpointer(path)
    for pages, emptied in ((STEP - 1, False), (STEP, False), (STEP + 1, False), (LIMIT, True)):
        checkpointer(sqlite._connection, "main", pages)
        if checkpointer._running is not None:
            checkpointer._running.result(timeout=30)
        assert (size(log) == 0) is emptied
    checkpointer(sqlite._connection, "main", 3)
    assert checkpointer._begun_at == 0
    checkpointer.close()
    checkpointer(sqlite._connection, "main", LIMIT)  # a commit after the end starts nothing
    assert checkpointer._begun_at == 0
    assert len(seqs(sqlite)) == 20


async def test_a_cut_does_not_wait_for_readers(path: Path, sqlite: SqliteJournal) -> None:
    """Somebody who reads an old snapshot postpones the cut and is no problem."""
    await busy_journal(sqlite)
    reader = apsw.Connection(str(path))
    reader.execute("BEGIN; SELECT count(*) FROM batch").fetchall()
    checkpointer = Checkpointer(path)
    checkpointer(sqlite._connection, "main", LIMIT)
    checkpointer.close()
    assert checkpointer.problem == ""
    assert size(path.with_name("journal.db-wal")) > 0
    reader.close()


def test_a_failing_checkpoint_is_kept_for_the_doctor(tmp_path: Path) -> None:
    """It does not stop a run: what was committed is in the log."""
    (tmp_path / "x.db").write_text("this is not a database at all, but long enough to be one" * 100)
    checkpointer = Checkpointer(tmp_path / "x.db")
    checkpointer(apsw.Connection(":memory:"), "main", STEP)
    checkpointer.close()
    assert "not a database" in checkpointer.problem


async def test_rivals_in_one_process_and_a_dead_owner(sqlite: SqliteJournal) -> None:
    """Events of the owner before count: the next one goes on where the log ends."""
    old = await a_run(sqlite, owner=dead())
    await sqlite.append("run-1", old, facts(1, 3))
    new = await sqlite.claim("run-1", this_process(), NOW)
    await sqlite.append("run-1", new, facts(4))
    assert seqs(sqlite) == [1, 2, 3, 4]


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_journal_that_is_deleted_while_in_use_is_noticed(
    path: Path, sqlite: SqliteJournal, replaced: bool
) -> None:
    """With the next heartbeat: what is written from then on would be lost without a word."""
    fence = await a_run(sqlite)
    await sqlite.heartbeat("run-1", fence, NOW)
    path.rename(path.with_name("elsewhere.db"))
    if replaced:
        path.touch()
    with pytest.raises(JournalGone, match="was deleted or replaced"):
        await sqlite.heartbeat("run-1", fence, NOW)
