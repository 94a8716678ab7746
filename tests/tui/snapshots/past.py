"""Runs that have been: recorded in virtual time, then put into a journal up to any of their moments.

A run that goes on is driven by somebody at another machine, whose clock stands still with ours.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from lead_tui.core.apply import apply
from lead_tui.core.events import Event, Note
from lead_tui.core.state import RUN_ENDED, new_run
from lead_tui.flow.document import parse
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.journal.base import Owner, RunRecord
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.runner.handle import LocalRun
from lead_tui.testing import VirtualClock, run_virtual

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SOMEBODY = Owner(id="somebody", host="elsewhere", boot="", pid=1, process_start=0.0)
Script = Callable[[LocalRun], Awaitable[object]]


class StillClock:
    """Stands at `moment` until somebody moves it."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return (self.moment - START).total_seconds()


@dataclass(frozen=True)
class Past:
    """A run from its first event to its last; `notes` are put where their time is."""

    record: RunRecord
    events: tuple[Event, ...]
    notes: list[Note] = field(default_factory=list)

    async def put(
        self, journal: MemoryJournal, clock: StillClock, *, until: float | None = None, driven: bool = True
    ) -> None:
        """Up to so many seconds after its start; `driven`: as long as it has not ended, it has an owner."""
        end = self.events[-1].ts if until is None else self.record.created_at + timedelta(seconds=until)
        events = [each for each in self.events if each.ts <= end]
        state = new_run(self.record.plan)
        for event in events:
            apply(state, event)
        run_id = self.record.id
        await journal.create(self.record)
        fence = await journal.claim(run_id, SOMEBODY, clock.now())
        await journal.append(run_id, fence, events, str(state.status))
        await journal.add_notes(run_id, [_behind(note, events) for note in self.notes if note.ts <= end])
        if state.status in RUN_ENDED or not driven:
            await journal.release(run_id, fence)


def _behind(note: Note, events: list[Event]) -> Note:
    return msgspec.structs.replace(note, after=max(each.seq for each in events if each.ts <= note.ts))


async def recorded(
    text: str, run_id: str, start: datetime = START, source: str = "", meanwhile: Script | None = None
) -> Past:
    """What a run of this flow is like. It has a loop of its own, whose time is virtual."""
    return await asyncio.to_thread(_run, text, run_id, start, source, meanwhile)


@cache
def _run(text: str, run_id: str, start: datetime, source: str, meanwhile: Script | None) -> Past:

    async def play() -> Past:
        clock = VirtualClock(start=start)
        journal = MemoryJournal(clock)
        engine = Engine(journal, clock=clock, draw=random.Random(0))
        document = replace(load_dict(parse(text)[0], Path(), {}), source=source)
        inputs: dict[str, Any] = resolve_inputs(document.workflow, {})
        run = await engine.start(
            document, inputs, environment={}, run_id=run_id, park_when_waiting=meanwhile is None
        )
        if meanwhile is not None:
            await meanwhile(run)
        await run.wait()
        events = tuple(each for page in journal.read(run_id) for each in page)
        record = msgspec.structs.replace(journal.record(run_id), folder="")
        return Past(record, events, list(journal.notes(run_id)))

    return run_virtual(play())
