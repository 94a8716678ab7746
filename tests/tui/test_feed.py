"""A feed over everything that can become of a run: driven here, left, taken up here or elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from lead_tui.agents import registry
from lead_tui.core import events as ev
from lead_tui.core.commands import Approve
from lead_tui.core.events import Log
from lead_tui.core.state import RunStatus
from lead_tui.journal.memory import MemoryJournal
from lead_tui.observers import hub
from lead_tui.runner.engine import Engine
from lead_tui.testing import CallLog, scripted
from lead_tui.tui.feed import Feed
from lead_tui.tui.model import RunModel
from lead_tui.tui.runs import Runs
from tests.tui.stage import started

ASKS: dict[str, Any] = {
    "name": "asks",
    "agents": [{"name": "good", "type": "mock"}],
    "tasks": [
        {"name": "a", "agent_name": "good", "action": "x"},
        {"name": "b", "agent_name": "human", "action": "approve", "parameters": {"message": "go on?"}},
        {"name": "c", "agent_name": "good", "action": "x", "depends_on": ["b"]},
    ],
}


class Frame:
    """What a feed wakes: somebody who waits until the model has come to something."""

    def __init__(self) -> None:
        self._stirred = asyncio.Event()

    def wake(self) -> None:
        self._stirred.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._stirred.clear()
                await self._stirred.wait()


@asynccontextmanager
async def followed(runs: Runs, run_id: str) -> AsyncIterator[tuple[RunModel, Frame, Feed]]:
    frame = Frame()
    model = RunModel(runs.record(run_id).plan, run_id)
    feed = Feed(model, runs, frame.wake)
    runs.on_begun = lambda run_id: feed.look()
    feed.start()
    try:
        yield model, frame, feed
    finally:
        feed.stop()


def tasks_of(model: RunModel) -> dict[str, str]:
    return {name: str(task.status) for name, task in model.state.tasks.items()}


def story_of(model: RunModel) -> dict[str, list[int]]:
    return {name: [event.seq for event in events] for name, events in model.history.items()}


async def test_a_run_that_is_driven_here_is_folded_once() -> None:
    """The model looks at the driver's state, has every event of it, and ends as the journal tells it."""
    runs = Runs(Engine(MemoryJournal()))
    run = await started(runs, ASKS, park=False)
    runs.adopt(run)
    async with followed(runs, run.run_id) as (model, frame, _):
        await frame.until(lambda: model.state.status is RunStatus.WAITING)
        assert model.state is run.state
        await run.send(Approve(gate="b"))
        await frame.until(lambda: model.seq == run.state.seq and model.ended)
        told, metrics = runs.engine.fold(run.run_id)
        assert model.seq == told.seq
        assert tasks_of(model) == dict.fromkeys("abc", "completed")
        assert model.metrics.summary()["attempts"] == metrics.summary()["attempts"] == 3


async def test_a_run_that_another_one_takes_up_goes_on_in_the_same_model() -> None:
    """Parked here and finished by another owner, the model has each event once, in its order."""
    journal = MemoryJournal()
    runs, others = Runs(Engine(journal)), Runs(Engine(journal))
    run = await started(runs, ASKS, park=False)
    runs.adopt(run)
    async with followed(runs, run.run_id) as (model, frame, feed):
        await frame.until(lambda: model.state.status is RunStatus.WAITING)
        await run.park()
        await others.take_up(run.run_id, Approve(gate="b"))
        await others.driven[run.run_id].wait()
        feed.look()
        await frame.until(lambda: model.ended)
        assert model.state is not others.driven[run.run_id].state
        numbers = sorted(seq for seqs in story_of(model).values() for seq in seqs)
        assert len(numbers) == len(set(numbers))
        assert model.seq == model.state.seq == runs.engine.fold(run.run_id)[0].seq
        assert tasks_of(model) == dict.fromkeys("abc", "completed")


async def test_what_the_driver_knew_and_could_not_store_is_forgotten() -> None:
    """A state that is ahead of the journal when its driver is gone gives way to what the journal tells."""
    runs = Runs(Engine(MemoryJournal()))
    run = await started(runs, ASKS)
    runs.adopt(run)
    await run.wait()
    async with followed(runs, run.run_id) as (model, frame, feed):
        await frame.until(lambda: model.seq == run.state.seq)
        model.follow(run.state, run.metrics)
        run.state.tasks["c"].status = run.state.tasks["a"].status
        run.state.seq += 1
        feed.look()
        await frame.until(lambda: model.state is not run.state and model.seq)
        assert tasks_of(model)["c"] == "pending"
        assert model.seq == model.state.seq


async def test_the_moment_of_a_run_that_nobody_drives_is_the_last_known_one() -> None:
    """Its owner's last sign, or a note that came later: not its last fact, and not the reader's clock."""
    runs = Runs(Engine(MemoryJournal()))
    run = await started(runs, ASKS, park=False)
    await run.park()
    parked_at = runs.row(run.run_id).heartbeat
    assert parked_at is not None
    async with followed(runs, run.run_id) as (model, frame, feed):
        await frame.until(lambda: model.parked and model.seq == runs.row(run.run_id).last_seq)
        feed.tell_time()
        assert model.now == parked_at
    late = parked_at + timedelta(seconds=5)
    note = ev.Log(task="a", text="still here", after=model.seq, ts=late, run_id=run.run_id)
    await runs.engine.journal.add_notes(run.run_id, [note])
    async with followed(runs, run.run_id) as (model, frame, feed):
        await frame.until(lambda: model.log.all.items and model.log.all.items[-1].ts == late)
        model.now = parked_at
        model.changes()
        feed.tell_time()
        assert model.now == late
        assert model.changes().time, "it is not drawn"


TALKS: dict[str, Any] = {
    "name": "talks",
    "agents": [{"name": "t", "type": "test"}],
    "tasks": [{"name": "a", "agent_name": "t", "action": "go"}],
}


def lines_of(model: RunModel) -> list[str]:
    return [item.text for item in model.log.of("a").items if isinstance(item, Log)]


class Talk:
    """An agent that says two lines and goes on when it may; each attempt counts on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        self.flood = 0
        self.began, self.may_end = asyncio.Event(), asyncio.Event()
        monkeypatch.setitem(registry._registered, "test", scripted(self._talk, CallLog()))

    async def _talk(self, call: Any) -> str:
        for _ in range(2):
            self.said.append(f"line {len(self.said)}")
            call.context.log(self.said[-1])
        for number in range(self.flood):
            call.context.log(f"flood {number}")
        self.began.set()
        await self.may_end.wait()
        return "done"


async def test_who_takes_up_what_it_watched_is_told_each_line_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines read from the journal do not come again from the run that is driven here now, or elsewhere."""
    talk, journal = Talk(monkeypatch), MemoryJournal()
    owner, here, there = (Runs(Engine(journal)) for _ in range(3))
    run = await started(owner, TALKS, park=False)
    async with (
        followed(here, run.run_id) as (model, frame, _),
        followed(there, run.run_id) as (other, seen, _),
    ):
        await frame.until(lambda: lines_of(model) == talk.said != [])
        await seen.until(lambda: lines_of(other) == talk.said)
        await run.park()
        await frame.until(lambda: not model.alive)
        await seen.until(lambda: not other.alive)
        assert (await here.take_up(run.run_id)).accepted
        await frame.until(lambda: len(lines_of(model)) >= 4)
        await seen.until(lambda: len(lines_of(other)) >= 4)
        talk.may_end.set()
        await frame.until(lambda: model.ended)
        await seen.until(lambda: other.ended)
        assert lines_of(model) == lines_of(other) == talk.said == [f"line {number}" for number in range(4)]


async def test_what_is_parked_and_goes_on_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that were heard live come no second time from the journal: taken up here, then by another one."""
    talk, journal = Talk(monkeypatch), MemoryJournal()
    here, there = Runs(Engine(journal)), Runs(Engine(journal))
    run = await started(here, TALKS, park=False)
    here.adopt(run)
    async with followed(here, run.run_id) as (model, frame, feed):
        await frame.until(lambda: len(lines_of(model)) >= 2)
        await run.park()
        assert (await here.take_up(run.run_id)).accepted
        await frame.until(lambda: len(lines_of(model)) >= 4)
        await here.driven[run.run_id].park()
        assert (await there.take_up(run.run_id)).accepted
        feed.look()
        await frame.until(lambda: len(lines_of(model)) >= 6)
        talk.may_end.set()
        await frame.until(lambda: model.ended)
        assert lines_of(model) == talk.said == [f"line {number}" for number in range(6)]


async def test_who_comes_late_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that were said before somebody looks on, and are not stored yet, are told, and once."""
    talk = Talk(monkeypatch)
    runs = Runs(Engine(MemoryJournal()))
    run = await started(runs, TALKS, park=False)
    runs.adopt(run)
    await talk.began.wait()
    assert not list(runs.engine.journal.notes(run.run_id))
    async with followed(runs, run.run_id) as (model, frame, _):
        await frame.until(lambda: len(lines_of(model)) >= 2)
        talk.may_end.set()
        await frame.until(lambda: model.ended)
        assert lines_of(model) == talk.said == ["line 0", "line 1"]


async def test_lines_that_came_too_fast_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where notes were dropped before anybody read them the log says so, in the log of that task."""
    monkeypatch.setattr(hub, "NOTES_KEPT", 10)
    talk = Talk(monkeypatch)
    talk.flood = 20
    runs = Runs(Engine(MemoryJournal()))
    run = await started(runs, TALKS, park=False)
    runs.adopt(run)
    async with followed(runs, run.run_id) as (model, frame, _):
        talk.may_end.set()
        await frame.until(lambda: model.ended)
        first, *rest = lines_of(model)
        told = f"they came too fast: `leadtui logs {run.run_id}` has them"
        assert first == f"{22 - len(rest)} lines missing here, {told}"
        assert rest == [f"flood {number}" for number in range(20 - len(rest), 20)]


async def test_a_flood_is_heard_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is said in each turn, if it is not more than is kept for a reader, all is shown."""
    monkeypatch.setitem(registry._registered, "test", scripted(_flood, CallLog()))
    runs = Runs(Engine(MemoryJournal()))
    run = await started(runs, TALKS, park=False)
    runs.adopt(run)
    async with followed(runs, run.run_id) as (model, frame, _):
        await frame.until(lambda: model.ended)
        kept = lines_of(model)
        assert kept == [f"flood {number}" for number in range(40_000 - len(kept), 40_000)]


async def _flood(call: Any) -> str:
    for start in range(0, 40_000, 8_000):
        for number in range(start, start + 8_000):
            call.context.log(f"flood {number}")
        await asyncio.sleep(0)
    return "done"
