"""Run a whole flow in memory, in virtual time, with a script of what people do meanwhile.

    def test_the_flow_survives_an_outage():
        story = run_flow({"name": "x", "agents": [...], "tasks": [...]})
        assert story.result.status == "completed"
        assert "retry_scheduled" in story.types()

An hour of backoff takes milliseconds, and the same seed gives the same log.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lead_tui.core.events import Event, Note
from lead_tui.core.state import RunState
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.journal.base import Journal
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.runner.handle import LocalRun
from lead_tui.runner.result import Result
from lead_tui.testing.clock import VirtualClock
from lead_tui.testing.loop import run_virtual

E = TypeVar("E", bound=Event)
Script = Callable[[LocalRun], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Story:
    """What became of a run, and all that was recorded on the way."""

    result: Result
    state: RunState
    events: list[Event]
    notes: list[Note]

    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


def run_flow(
    flow: dict[str, Any],
    inputs: Mapping[str, Any] | None = None,
    *,
    folder: Path = Path(),
    environment: Mapping[str, str] | None = None,
    meanwhile: Script | None = None,
    seed: int = 0,
    park_when_waiting: bool = True,
) -> Story:
    """Run to the end, or until only a person can move it. `meanwhile` runs beside it and may steer it.

    Raises InvalidFlow like a load does, and Deadlock if the run waits for something that never comes.
    """

    async def play() -> Story:
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal, seed)
        document = load_dict(flow, folder, environment or {})
        run = await engine.start(
            document,
            resolve_inputs(document.workflow, inputs or {}),
            environment=environment or {},
            run_id="run",
            park_when_waiting=park_when_waiting,
        )
        if meanwhile is not None:
            await meanwhile(run)
        return story_of(journal, run, await run.wait())

    return run_virtual(play())


def memory_engine(journal: Journal, seed: int = 0) -> Engine:
    """An engine in virtual time whose jitter is drawn from `seed`."""
    return Engine(journal, clock=VirtualClock(), draw=random.Random(seed))  # noqa: S311 - must repeat


def story_of(journal: Journal, run: LocalRun, result: Result) -> Story:
    events = [event for page in journal.read(run.run_id) for event in page]
    return Story(result, run.state, events, list(journal.notes(run.run_id)))
