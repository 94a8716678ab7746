"""How a front end sees a run: `events(after)` and `send(command)`, wherever the run lives.

`LocalRun` is driven by this process, `JournalRun` by another one on the same journal, or by nobody.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from lead_tui.clock import Clock
from lead_tui.core.commands import AnyCommand, Retry
from lead_tui.core.events import CommandReceived, Event, Log, Note
from lead_tui.core.machine import Step
from lead_tui.core.state import RUN_ENDED, RunState
from lead_tui.errors import CommandRefused, JournalError, JournalGone, OwnershipLost
from lead_tui.journal.base import InboxRow, Journal
from lead_tui.observers.hub import Item, Observer
from lead_tui.observers.metrics import Metrics
from lead_tui.runner.history import history
from lead_tui.runner.result import Result, result_of
from lead_tui.runner.runner import Runner

INBOX_EVERY = 0.1
HEARTBEAT_EVERY = 5.0
RECEIPT_SECONDS = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a command. `pending`: stored, and carried out when the run is taken up."""

    accepted: bool
    why: str = ""
    pending: bool = False


class Handle(Protocol):
    run_id: str

    def events(self, after: int = 0, past_notes: int = 0) -> AsyncIterator[list[Item]]:
        """All events with `seq > after` and the notes between them, in batches, until the run ends.

        `past_notes`: the journal's number of the last note that is known already. Notes are stored later than
        events are: those behind it may belong before `after`.
        """
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
        self._refused: dict[int, str] = {}

    @property
    def state(self) -> RunState:
        """The live state; read it, do not write it."""
        return self._runner.run

    @property
    def metrics(self) -> Metrics:
        """Its live figures; read them, do not write them."""
        return self._runner.metrics

    @property
    def driving(self) -> bool:
        """Is it being driven now?"""
        return self._driving is not None and not self._driving.done()

    @property
    def noted(self) -> int:
        """The number of the run's last note that this owner knows to be in the journal."""
        return self._runner.notes.stored

    @property
    def result(self) -> Result:
        return result_of(self._runner.run, self._runner.metrics, driven=self.driving)

    def begin(
        self, first: Step, *, park_when_waiting: bool, refused: Mapping[int, str] | None = None
    ) -> None:
        """Start driving. `refused`: rows of the inbox that `first` does not carry out, and why."""
        self._refused = dict(refused or {})
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

    def park_when_waiting(self) -> None:
        """Nobody looks on any more: stop driving once only a person can move the run."""
        self._runner.park_when_waiting()

    async def send(self, command: AnyCommand, by: str = "") -> Receipt:
        why = await self._runner.command(CommandReceived(command=command, by=by))
        return Receipt(not why, why)

    async def events(self, after: int = 0, past_notes: int = 0) -> AsyncIterator[list[Item]]:
        live, notes = self._runner.hub.subscribe(), self._runner.notes
        seq = after
        try:
            # from here on each note is live, one of these, or stored up to there
            stored, unstored = notes.stored, [note for note in notes.unstored if note.after >= after]
            for page in history(self._journal, self.run_id, after, past_notes=past_notes):
                seq = max(seq, *(item.seq for item in page if isinstance(item, Event)), 0)
                if told := [item for item in page if isinstance(item, Event) or item.number <= stored]:
                    yield told
            if unstored:
                yield list(unstored)
            async for batch in live:
                fresh = [item for item in batch if not isinstance(item, Event) or item.seq > seq]
                if live.lost:
                    _tell_lost(fresh, live.lost)
                if fresh:
                    yield fresh
        finally:
            self._runner.hub.unsubscribe(live)

    async def abandon(self) -> None:
        """Give the run back without having driven it."""
        await self._journal.release(self.run_id, self._fence)

    async def _drive(self, first: Step, park_when_waiting: bool) -> None:
        chores = [asyncio.create_task(self._keep_alive()), asyncio.create_task(self._read_inbox())]
        driven_until = None
        try:
            await self._runner.drive(first, park_when_waiting=park_when_waiting)
            driven_until = self._clock.now()
            await self._close_inbox()
        finally:
            for chore in chores:
                chore.cancel()
            try:
                await self._journal.release(self.run_id, self._fence, driven_until)
            finally:
                await self._runner.hub.close()  # whoever looks on may be slow: the run is free by then

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_EVERY)
            await self._try(self._journal.heartbeat(self.run_id, self._fence, self._clock.now()))

    async def _read_inbox(self) -> None:
        """Carry out what others ask of this run, first come, first served."""
        await self._runner.begun.wait()
        while True:
            await self._try(self._answer_inbox())
            await asyncio.sleep(INBOX_EVERY)

    async def _try(self, work: Coroutine[Any, Any, None]) -> None:
        """A journal that is busy now may not be so the next time; one that is gone, or a run that was taken
        over, is not ours any more.
        """
        try:
            await work
        except (OwnershipLost, JournalGone) as error:
            self._runner.fail(error)
        except JournalError as error:
            _log.warning("run %s: %s", self.run_id, error)

    async def _answer_inbox(self) -> None:
        for inbox_id, why in list(self._refused.items()):
            await self._journal.settle(inbox_id, accepted=False, why=why)
            del self._refused[inbox_id]
        for row in self._journal.inbox(self.run_id):
            why = await self._runner.command(from_inbox(row))
            if why:
                await self._journal.settle(row.id, accepted=False, why=why)

    async def _close_inbox(self) -> None:
        if self.state.status in RUN_ENDED:
            ended = f"the run has ended: {self.state.status}"
            self._refused |= {row.id: ended for row in self._journal.inbox(self.run_id)}
        for inbox_id, why in self._refused.items():
            await self._journal.settle(inbox_id, accepted=False, why=why)


def _tell_lost(batch: list[Item], lost: Mapping[str, int]) -> None:
    """Say where notes are missing: before the first one that there is."""
    at, first = next((at, item) for at, item in enumerate(batch) if isinstance(item, Note))
    told = f"lines missing here, they came too fast: `leadtui logs {first.run_id}` has them"
    batch[at:at] = [
        msgspec.structs.replace(
            Log(text=f"{count:,} {told}", level="warning"),
            after=first.after,
            ts=first.ts,
            run_id=first.run_id,
            task=task,
        )
        for task, count in lost.items()
    ]


def from_inbox(row: InboxRow) -> CommandReceived:
    """The wish of a row: stored as a fact it settles the row, in the same transaction."""
    return CommandReceived(command=row.command, by=row.by, at=row.at, inbox=row.id)


class JournalRun:
    """A run that another process drives, that is parked, or that has ended."""

    def __init__(self, journal: Journal, run_id: str, clock: Clock) -> None:
        self.run_id = run_id
        self._journal = journal
        self._clock = clock

    async def events(self, after: int = 0, past_notes: int = 0) -> AsyncIterator[list[Item]]:
        """Goes on while the run has a living owner."""
        seq, number, since = after, past_notes, 0 if past_notes else after
        while True:
            alive = self._journal.row(self.run_id).owner_alive
            for page in history(self._journal, self.run_id, seq, notes_after=since, past_notes=number):
                for item in page:
                    if isinstance(item, Event):
                        seq = item.seq
                    else:
                        number = item.number
                yield page
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
        return self._unanswered(inbox_id)

    def _unanswered(self, inbox_id: int) -> Receipt:
        row, run = self._journal.inbox_row(inbox_id), self._journal.row(self.run_id)
        if row.state != "pending":
            return Receipt(row.state == "accepted", row.why)
        if run.status in RUN_ENDED and not isinstance(row.command, Retry):
            return Receipt(False, f"the run has ended: {run.status}")
        why = f"its owner did not answer within {RECEIPT_SECONDS:g} s" if run.owner_alive else ""
        return Receipt(True, why, pending=True)
