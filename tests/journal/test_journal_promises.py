"""What every journal promises, held against each of them."""

from datetime import timedelta

import pytest

from lead_tui.core.commands import Approve, Cancel, Pause, Reject
from lead_tui.core.events import CommandReceived, Log, RunCompleted
from lead_tui.errors import (
    CommandRefused,
    IllegalTransition,
    OwnershipLost,
    RunNotFound,
    RunOwned,
    UsageError,
)
from lead_tui.journal.base import Journal
from lead_tui.journal.owner import this_process
from tests.journal.samples import NOW, a_record, a_run, dead, elsewhere, facts, seqs

# --- events -------------------------------------------------------------------------------------------


async def test_events_come_back_as_they_were_in_order(journal: Journal) -> None:
    """What was appended is read again, equal and in order."""
    fence = await a_run(journal)
    first, second = facts(1, 3), facts(4, 2)
    await journal.append("run-1", fence, first)
    await journal.append("run-1", fence, second)
    assert [event for page in journal.read("run-1") for event in page] == first + second


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5, 6, 100])
async def test_read_begins_after_any_seq(journal: Journal, after: int) -> None:
    """`after` may lie within a batch, at its edge or behind the end."""
    fence = await a_run(journal)
    await journal.append("run-1", fence, facts(1, 3))
    await journal.append("run-1", fence, facts(4, 2))
    assert seqs(journal, after=after) == list(range(after + 1, 6))


async def test_reading_goes_on_with_what_was_appended_meanwhile(journal: Journal) -> None:
    """A reader between two pages sees what the owner wrote since."""
    fence = await a_run(journal)
    await journal.append("run-1", fence, facts(1, 2))
    pages = journal.read("run-1")
    assert [event.seq for event in next(pages)] == [1, 2]
    await journal.append("run-1", fence, facts(3, 2))
    assert [event.seq for page in pages for event in page] == [3, 4]


async def test_runs_do_not_mix(journal: Journal) -> None:
    """Two runs that are written in turn keep their own logs."""
    one, two = await a_run(journal, "one"), await a_run(journal, "two")
    for seq in range(1, 4):
        await journal.append("one", one, facts(seq, run_id="one"))
        await journal.append("two", two, facts(2 * seq - 1, 2, run_id="two"))
    assert (seqs(journal, "one"), seqs(journal, "two")) == ([1, 2, 3], [1, 2, 3, 4, 5, 6])
    assert {event.run_id for page in journal.read("two") for event in page} == {"two"}


@pytest.mark.parametrize("first", [1, 2, 4])
async def test_a_gap_or_an_overlap_is_refused(journal: Journal, first: int) -> None:
    """Only the next seq can be appended, and a refused append stores nothing."""
    fence = await a_run(journal)
    await journal.append("run-1", fence, facts(1, 2))
    with pytest.raises(IllegalTransition, match="3 comes next"):
        await journal.append("run-1", fence, facts(first, 2))
    assert seqs(journal) == [1, 2]
    await journal.append("run-1", fence, facts(3))
    assert seqs(journal) == [1, 2, 3]


async def test_an_unknown_run_is_named(journal: Journal) -> None:
    """Every method that takes a run says so when there is none, at once and not on first use."""
    with pytest.raises(RunNotFound, match="nowhere"):
        journal.read("nowhere")
    with pytest.raises(RunNotFound):
        journal.notes("nowhere")
    for ask in (journal.row, journal.record, journal.inbox, journal.find):
        with pytest.raises(RunNotFound, match="nowhere"):
            ask("nowhere")
    with pytest.raises(RunNotFound):
        journal.post("nowhere", Cancel(), "ann", NOW)
    with pytest.raises(RunNotFound):
        await journal.claim("nowhere", this_process(), NOW)
    with pytest.raises(RunNotFound):
        await journal.append("nowhere", 1, facts(1))
    with pytest.raises(RunNotFound):
        await journal.add_notes("nowhere", [])


# --- ownership ----------------------------------------------------------------------------------------


async def test_a_living_owner_keeps_the_run(journal: Journal) -> None:
    """A second owner of this very process is turned away, with the first one's pid and host."""
    me = this_process()
    await a_run(journal, owner=me)
    with pytest.raises(RunOwned, match=rf"process {me.pid} on {me.host}"):
        await journal.claim("run-1", this_process(), NOW)


async def test_the_same_owner_may_claim_again(journal: Journal) -> None:
    """The fence rises also when an owner takes its own run."""
    me = this_process()
    assert [await a_run(journal, owner=me), await journal.claim("run-1", me, NOW)] == [1, 2]


async def test_an_old_fence_writes_nothing(journal: Journal) -> None:
    """Whoever lost the run can neither append, beat, nor set a status, and releasing it does no harm."""
    old = await a_run(journal, owner=dead())
    await journal.append("run-1", old, facts(1))
    new = await journal.claim("run-1", this_process(), NOW)
    await journal.append("run-1", new, facts(2), status="running")
    for status in (None, "failed"):
        with pytest.raises(OwnershipLost, match="run-1"):
            await journal.append("run-1", old, facts(3), status)
    with pytest.raises(OwnershipLost):
        await journal.append("run-1", old, facts(2))
    with pytest.raises(OwnershipLost):
        await journal.heartbeat("run-1", old, NOW)
    await journal.release("run-1", old)
    row = journal.row("run-1")
    assert (seqs(journal), row.status, row.owner_alive) == ([1, 2], "running", True)
    await journal.append("run-1", new, facts(3))


async def test_a_run_that_was_let_go_on_purpose_is_parked(journal: Journal) -> None:
    """Its row tells until when it was driven; one that failed its owner, or that ended, is not."""
    fence = await a_run(journal)
    await journal.append("run-1", fence, facts(1), status="running")
    await journal.release("run-1", fence, NOW)
    row = journal.row("run-1")
    assert (row.status, row.parked, row.heartbeat) == ("interrupted", True, NOW)
    fence = await journal.claim("run-1", this_process(), NOW)
    assert not journal.row("run-1").parked
    await journal.release("run-1", fence)
    row = journal.row("run-1")
    assert (row.status, row.parked, row.heartbeat) == ("interrupted", False, None)
    fence = await journal.claim("run-1", this_process(), NOW)
    await journal.append("run-1", fence, facts(2), status="completed")
    await journal.release("run-1", fence, NOW)
    assert not journal.row("run-1").parked


async def test_nobody_appends_after_release(journal: Journal) -> None:
    """A late write of an owner that let go is refused, until it claims again."""
    fence = await a_run(journal)
    await journal.release("run-1", fence)
    with pytest.raises(OwnershipLost):
        await journal.append("run-1", fence, facts(1))
    assert journal.row("run-1").owner is None
    again = await journal.claim("run-1", this_process(), NOW)
    assert again > fence
    await journal.append("run-1", again, facts(1))


async def test_an_owner_elsewhere_lives_by_its_heartbeat(journal: Journal) -> None:
    """On another host an owner holds the run for 30 seconds after its last heartbeat."""
    fence = await a_run(journal, owner=elsewhere())
    await journal.heartbeat("run-1", fence, NOW + timedelta(seconds=20))
    with pytest.raises(RunOwned, match=r"far-away\.example"):
        await journal.claim("run-1", this_process(), NOW + timedelta(seconds=49))
    assert await journal.claim("run-1", this_process(), NOW + timedelta(seconds=51)) == 2


# --- rows ---------------------------------------------------------------------------------------------


async def test_the_record_comes_back(journal: Journal) -> None:
    """A record is kept as it was, and a second one of its id is refused."""
    await journal.create(a_record())
    assert journal.record("run-1") == a_record()
    with pytest.raises(UsageError, match="already in this journal"):
        await journal.create(a_record())


async def test_a_row_follows_the_run(journal: Journal) -> None:
    """Status, last seq and end change with what is appended; a run that is reopened has no end."""
    me = this_process()
    fence = await a_run(journal, owner=me)
    row = journal.row("run-1")
    assert (row.status, row.last_seq, row.ended_at, row.owner) == ("queued", 0, None, me)
    assert (row.id, row.name, row.source, row.created_at) == ("run-1", "demo", "/f.yaml", NOW)
    end = RunCompleted(seq=4, ts=NOW, run_id="run-1")
    await journal.append("run-1", fence, [*facts(1, 3), end], status="completed")
    row = journal.row("run-1")
    assert (row.status, row.last_seq, row.ended_at) == ("completed", 4, NOW)
    await journal.append("run-1", fence, [], status="running")
    row = journal.row("run-1")
    assert (row.status, row.last_seq, row.ended_at) == ("running", 4, None)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("queued", "interrupted"), ("running", "interrupted"), ("paused", "interrupted"),
     ("waiting", "waiting"), ("failed", "failed")],
)  # fmt: skip
async def test_a_live_status_without_a_living_owner_is_interrupted(
    journal: Journal, stored: str, shown: str
) -> None:
    """Neither a dead owner's run nor a released one is shown as going on; a parked one waits."""
    fence = await a_run(journal, owner=dead())
    await journal.append("run-1", fence, facts(1), status=stored)
    assert (journal.row("run-1").status, journal.row("run-1").owner_alive) == (shown, False)
    await journal.release("run-1", fence)
    assert journal.row("run-1").status == shown


async def test_runs_are_listed_newest_first_and_filtered(journal: Journal) -> None:
    """By name, by the status that is shown, and no more than asked for."""
    for run_id, name in (("a", "x"), ("b", "y"), ("c", "x"), ("d", "x")):
        await journal.create(a_record(run_id, name))
    for run_id, owner, status in (("a", this_process(), "running"), ("b", dead(), "running"),
                                  ("c", dead(), "waiting"), ("d", dead(), "completed")):  # fmt: skip
        fence = await journal.claim(run_id, owner, NOW)
        await journal.append(run_id, fence, facts(1, run_id=run_id), status=status)

    def listed(**by: object) -> str:
        return "".join(row.id for row in journal.runs(**by))  # type: ignore[arg-type]

    assert (listed(), listed(limit=2), listed(limit=0)) == ("dcba", "dc", "")
    assert (listed(name="x"), listed(name="x", limit=1), listed(name="z")) == ("dca", "d", "")
    assert (listed(status="running"), listed(status="interrupted")) == ("a", "b")
    assert (listed(status="waiting"), listed(name="x", status="completed")) == ("c", "d")


async def test_find_takes_an_id_a_prefix_or_last(journal: Journal) -> None:
    """An exact id wins over longer ones, an ambiguous prefix lists what it may mean."""
    with pytest.raises(RunNotFound):
        journal.find("last")
    for run_id in ("abc", "abd", "abc-sub", "x%_", "übung"):
        await journal.create(a_record(run_id))
    assert [journal.find(each) for each in ("abc", "abd", "abc-", "x%", "ü", "last")] == [
        "abc", "abd", "abc-sub", "x%_", "übung", "übung",
    ]  # fmt: skip
    with pytest.raises(RunNotFound, match="abc, abc-sub, abd"):
        journal.find("ab")
    for nothing in ("", "%", "b", "abcd"):
        with pytest.raises(RunNotFound):
            journal.find(nothing)


# --- notes --------------------------------------------------------------------------------------------


async def test_notes_are_numbered_and_filtered(journal: Journal) -> None:
    """Numbers rise over all runs, `after` goes on behind one, `task` picks one task's."""
    await journal.create(a_record("one"))
    await journal.create(a_record("two"))
    lines = [Log(text=str(n), task="ab"[n % 2], run_id="one", ts=NOW, after=n) for n in range(4)]
    await journal.add_notes("one", lines[:2])
    await journal.add_notes("two", [Log(text="other", run_id="two")])
    assert (journal.last_note("one"), journal.last_note("two")) == (2, 3)
    await journal.add_notes("one", lines[2:])
    found = list(journal.notes("one"))
    assert [(note.text, note.after, note.ts) for note in found] == [(str(n), n, NOW) for n in range(4)]
    numbers = [note.number for note in found]
    assert numbers == sorted(set(numbers))
    assert [note.text for note in journal.notes("one", after=numbers[1])] == ["2", "3"]
    assert [note.text for note in journal.notes("one", task="b")] == ["1", "3"]
    assert [note.text for note in journal.notes("one", after=numbers[1], task="a")] == ["2"]


async def test_many_notes_come_in_order(journal: Journal) -> None:
    """More notes than a page holds are all read."""
    await journal.create(a_record())
    await journal.add_notes("run-1", [Log(text=str(n)) for n in range(2_500)])
    assert [note.text for note in journal.notes("run-1")] == [str(n) for n in range(2_500)]


# --- the inbox ----------------------------------------------------------------------------------------


async def test_a_command_is_posted_read_and_settled(journal: Journal) -> None:
    """The inbox keeps who asked for what and when, and what became of it; the first verdict stands."""
    await journal.create(a_record())
    pause = journal.post("run-1", Pause(), "ann", NOW)
    cancel = journal.post("run-1", Cancel(why="late"), "bob", NOW)
    assert [(row.id, row.command, row.by, row.at, row.state) for row in journal.inbox("run-1")] == [
        (pause, Pause(), "ann", NOW, "pending"),
        (cancel, Cancel(why="late"), "bob", NOW, "pending"),
    ]
    await journal.settle(pause, accepted=False, why="it has ended")
    await journal.settle(pause, accepted=True)
    assert [row.id for row in journal.inbox("run-1")] == [cancel]
    assert [row.id for row in journal.inbox("run-1", pending_only=False)] == [pause, cancel]
    row = journal.inbox_row(pause)
    assert (row.run_id, row.state, row.why) == ("run-1", "refused", "it has ended")


async def test_an_unknown_command_number_is_a_usage_error(journal: Journal) -> None:
    """Nothing is settled that was never posted."""
    with pytest.raises(UsageError, match="no command 7"):
        journal.inbox_row(7)
    with pytest.raises(UsageError, match="no command 7"):
        await journal.settle(7, accepted=True)


@pytest.mark.parametrize("accepted", [None, True])
async def test_the_first_answer_to_a_gate_wins(journal: Journal, accepted: bool | None) -> None:
    """A second answer, of whatever kind, is refused and says whose the first was; other gates are free."""
    for run_id in ("run-1", "run-2"):
        await journal.create(a_record(run_id))
    first = journal.post("run-1", Approve(gate="g1"), "ann", NOW)
    if accepted is not None:
        await journal.settle(first, accepted)
    for late in (Reject(gate="g1"), Approve(gate="g1")):
        with pytest.raises(CommandRefused, match="g1 was already answered by ann at 2026-03-01 12:30:15"):
            journal.post("run-1", late, "bob", NOW)
    journal.post("run-1", Reject(gate="g2"), "bob", NOW)
    journal.post("run-2", Reject(gate="g1"), "bob", NOW)
    assert len(journal.inbox("run-1", pending_only=False)) == 2


async def test_a_refused_answer_frees_the_gate(journal: Journal) -> None:
    """An answer that the owner refused (a wrong value) may be given again."""
    await journal.create(a_record())
    await journal.settle(journal.post("run-1", Approve(gate="g"), "", NOW), accepted=False, why="no number")
    journal.post("run-1", Approve(gate="g", values={"n": 1}), "", NOW)
    with pytest.raises(CommandRefused, match="already answered at"):
        journal.post("run-1", Reject(gate="g"), "ann", NOW)


async def test_a_command_is_accepted_with_its_fact(journal: Journal) -> None:
    """One transaction for both: a crash between them cannot happen."""
    fence = await a_run(journal)
    number = journal.post("run-1", Cancel(), "ann", NOW)
    received = CommandReceived(seq=1, ts=NOW, run_id="run-1", command=Cancel(), by="ann", inbox=number)
    with pytest.raises(OwnershipLost):
        await journal.append("run-1", fence - 1, [received])
    assert journal.inbox_row(number).state == "pending"
    await journal.append("run-1", fence, [received], "running")
    assert journal.inbox_row(number).state == "accepted"


async def test_describe_counts_the_runs(journal: Journal) -> None:
    """`doctor` sees where the journal is and how much it holds."""
    await journal.create(a_record())
    about = journal.describe()
    assert about["runs"] == 1
    assert about["path"]
    assert about["durability"] in {"none", "normal", "full"}
