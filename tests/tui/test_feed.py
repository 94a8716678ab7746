"""A feed over everything that can become of a run: driven here, left, taken up here or elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from lead_tui.core.commands import Approve
from lead_tui.core.state import RunStatus
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import Engine
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
