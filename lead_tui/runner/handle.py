"""How a front end sees a run: `events(after)` and `send(command)`, wherever the run lives.

`LocalRun` is driven by this process, `JournalRun` by another one on the same journal, or by nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from lead_tui.clock import Clock
from lead_tui.core.commands import AnyCommand
from lead_tui.core.events import Event
from lead_tui.core.machine import Step
from lead_tui.core.state import RUN_ENDED, RunState
from lead_tui.errors import CommandRefused
from lead_tui.journal.base import Journal
from lead_tui.observers.hub import Item, Observer
from lead_tui.runner.result import Result, result_of
from lead_tui.runner.runner import Runner

INBOX_EVERY = 0.1
HEARTBEAT_EVERY = 5.0
RECEIPT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a command. `pending`: stored, and carried out when the run is taken up."""

    accepted: bool
    why: str = ""
    pending: bool = False


class Handle(Protocol):
    run_id: str

    def events(self, after: int = 0) -> AsyncIterator[list[Item]]:
        """All events with `seq > after` and the notes between them, in batches, until the run ends."""
        ...

    async def send(self, command: AnyCommand, by: str = "") -> Receipt: ...


class LocalRun:
    """A run that this process drives."""

    def __init__(self, runner: Runner, journal: Journal, fence: int, clock: Clock) -> None:
        self.run_id = runner.run.run_id
        self._runner = runner
        self._journal = journal
        self._fence = fence
        self._clock = clock
        self._driving: asyncio.Task[None] | None = None
        self._answers: dict[int, str] = {}

    @property
    def state(self) -> RunState:
        """The live state; read it, do not write it."""
        return self._runner.run

    @property
    def result(self) -> Result:
        return result_of(self._runner.run, self._runner.metrics)

    def begin(
        self, first: Step, *, park_when_waiting: bool, answers: Mapping[int, str] | None = None
    ) -> None:
        """Start driving. `answers`: rows of the inbox that `first` answers, and why if it refuses them."""
        self._answers = dict(answers or {})
        self._driving = asyncio.create_task(self._drive(first, park_when_waiting))

    def observe(self, observer: Observer) -> None:
        """Let an observer look on from the first event that is published after this call."""
        self._runner.hub.attach(observer)

    def when_done(self, call: Callable[[], object]) -> None:
        """Call this once the run is not driven here any more."""
        if self._driving is not None:
            self._driving.add_done_callback(lambda _: call())

    async def wait(self) -> Result:
        """Until the run has ended, was parked, or waits for a person (if it was started so).

        Raises JournalError if a step could not be stored, OwnershipLost if another process took over.
        """
        if self._driving is not None:
            await asyncio.shield(self._driving)
        return self.result

    async def park(self) -> None:
        """Stop driving; what is in flight is cut off. The run can be taken up again, by anyone."""
        self._runner.park()
        if self._driving is not None:
            await self._driving

    async def send(self, command: AnyCommand, by: str = "") -> Receipt:
        why = await self._runner.command(command, by)
        return Receipt(not why, why)

    async def events(self, after: int = 0) -> AsyncIterator[list[Item]]:
        live = self._runner.hub.subscribe()
        seq = after
        try:
            for page in self._journal.read(self.run_id, after):
                seq = page[-1].seq
                yield list(page)
            async for batch in live:
                fresh = [item for item in batch if not isinstance(item, Event) or item.seq > seq]
                if fresh:
                    yield fresh
        finally:
            self._runner.hub.unsubscribe(live)

    async def abandon(self) -> None:
        """Give the run back without having driven it."""
        await self._journal.release(self.run_id, self._fence)

    async def _drive(self, first: Step, park_when_waiting: bool) -> None:
        chores = [asyncio.create_task(self._keep_alive()), asyncio.create_task(self._read_inbox())]
        try:
            await self._runner.drive(first, park_when_waiting=park_when_waiting)
            await self._close_inbox()
        finally:
            for chore in chores:
                chore.cancel()
            await self._journal.release(self.run_id, self._fence)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_EVERY)
            await self._journal.heartbeat(self.run_id, self._fence, self._clock.now())

    async def _read_inbox(self) -> None:
        """Carry out what others ask of this run, first come, first served."""
        await self._runner.begun.wait()
        await self._settle_answers()
        while True:
            for row in self._journal.inbox(self.run_id):
                why = await self._runner.command(row.command, row.by)
                await self._journal.settle(row.id, not why, why)
            await asyncio.sleep(INBOX_EVERY)

    async def _settle_answers(self) -> None:
        while self._answers:
            inbox_id, why = self._answers.popitem()
            await self._journal.settle(inbox_id, not why, why)

    async def _close_inbox(self) -> None:
        await self._settle_answers()
        if self.state.status in RUN_ENDED:
            for row in self._journal.inbox(self.run_id):
                await self._journal.settle(row.id, False, f"the run has ended: {self.state.status}")


class JournalRun:
    """A run that another process drives, that is parked, or that has ended."""

    def __init__(self, journal: Journal, run_id: str, clock: Clock) -> None:
        self.run_id = run_id
        self._journal = journal
        self._clock = clock

    async def events(self, after: int = 0) -> AsyncIterator[list[Item]]:
        """Goes on while the run has a living owner."""
        seq, number = after, 0
        while True:
            alive = self._journal.row(self.run_id).owner_alive
            for page in self._journal.read(self.run_id, seq):
                seq = page[-1].seq
                yield list(page)
            notes = [note for note in self._journal.notes(self.run_id, number) if note.after >= after]
            if notes:
                number = notes[-1].number
                yield list(notes)
            if not alive:
                return
            await asyncio.sleep(INBOX_EVERY)

    async def send(self, command: AnyCommand, by: str = "") -> Receipt:
        """Put it in the inbox; if somebody drives the run, wait for the answer."""
        try:
            inbox_id = self._journal.post(self.run_id, command, by, self._clock.now())
        except CommandRefused as refused:
            return Receipt(False, str(refused))
        waited = 0.0
        while self._journal.row(self.run_id).owner_alive and waited < RECEIPT_SECONDS:
            row = self._journal.inbox_row(inbox_id)
            if row.state != "pending":
                return Receipt(row.state == "accepted", row.why)
            await asyncio.sleep(INBOX_EVERY)
            waited += INBOX_EVERY
        row = self._journal.inbox_row(inbox_id)
        return Receipt(row.state != "refused", row.why, pending=row.state == "pending")
