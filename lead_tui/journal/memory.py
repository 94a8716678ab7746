"""The journal's promises without a disk: for tests, `run` in memory, and to see what storing costs."""

import atexit
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import msgspec

from lead_tui.clock import Clock, SystemClock
from lead_tui.core.commands import AnyCommand
from lead_tui.core.events import Event, Note
from lead_tui.errors import UsageError
from lead_tui.journal import rules
from lead_tui.journal.base import InboxRow, Owner, RunRecord, RunRow
from lead_tui.journal.owner import is_alive

_PAGE = 1000


class _Run(msgspec.Struct):
    record: RunRecord
    events: list[Event] = []
    status: str = "queued"
    ended_at: datetime | None = None
    fence: int = 0
    owner: Owner | None = None
    heartbeat: datetime | None = None


class MemoryJournal:
    """Forgets everything with the process. A reader may keep an object that it got: all are frozen.

    `keep_files`: those of its runs outlive the process, in the system's temporary folder.
    """

    def __init__(self, clock: Clock | None = None, *, keep_files: bool = False) -> None:
        self._clock = clock or SystemClock()
        self._keep_files = keep_files
        self._runs: dict[str, _Run] = {}
        self._notes: list[tuple[str, Note]] = []
        self._inbox: dict[int, InboxRow] = {}

    # the owner

    async def create(self, record: RunRecord) -> None:
        if record.id in self._runs:
            raise UsageError(f"run {record.id} is already in this journal: choose another id")
        self._runs[record.id] = _Run(record)

    async def claim(self, run_id: str, owner: Owner, now: datetime) -> int:
        run = self._run(run_id)
        rival = run.owner
        if rival is not None and rival.id != owner.id and is_alive(rival, run.heartbeat, now):
            raise rules.owned(run_id, rival)
        run.owner, run.heartbeat, run.fence = owner, now, run.fence + 1
        return run.fence

    async def append(
        self, run_id: str, fence: int, events: Sequence[Event], status: str | None = None
    ) -> None:
        run = self._owned(run_id, fence)
        rules.check_order(run_id, len(run.events), events)
        run.events.extend(events)
        for inbox_id in rules.accepted(events):
            await self.settle(inbox_id, accepted=True)
        if status is not None:
            run.status, run.ended_at = status, rules.ended_at(status, events)

    async def add_notes(self, run_id: str, notes: Sequence[Note]) -> None:
        self._run(run_id)
        for number, note in enumerate(notes, len(self._notes) + 1):
            self._notes.append((run_id, msgspec.structs.replace(note, number=number)))

    async def heartbeat(self, run_id: str, fence: int, now: datetime) -> None:
        self._owned(run_id, fence).heartbeat = now

    async def release(self, run_id: str, fence: int, driven_until: datetime | None = None) -> None:
        run = self._run(run_id)
        if run.fence == fence:
            run.owner, run.heartbeat = None, driven_until

    async def settle(self, inbox_id: int, accepted: bool, why: str = "") -> None:
        row = self.inbox_row(inbox_id)
        if row.state == "pending":
            state = "accepted" if accepted else "refused"
            self._inbox[inbox_id] = msgspec.structs.replace(row, state=state, why=why)

    # anyone

    def post(self, run_id: str, command: AnyCommand, by: str, now: datetime) -> int:
        gate = rules.gate_of(command)
        for row in self.inbox(run_id, pending_only=False) if gate is not None else ():
            if rules.gate_of(row.command) == gate and row.state != "refused":
                raise rules.already_answered(str(gate), row.by, row.at)
        self._run(run_id)
        number = len(self._inbox) + 1
        self._inbox[number] = InboxRow(
            id=number, run_id=run_id, command=command, by=by, at=now, state="pending", why=""
        )
        return number

    def inbox(self, run_id: str, pending_only: bool = True) -> list[InboxRow]:
        self._run(run_id)
        rows = (row for row in self._inbox.values() if row.run_id == run_id)
        return [row for row in rows if row.state == "pending" or not pending_only]

    def inbox_row(self, inbox_id: int) -> InboxRow:
        if inbox_id not in self._inbox:
            raise UsageError(f"no command {inbox_id} in this journal")
        return self._inbox[inbox_id]

    def read(self, run_id: str, after: int = 0) -> Iterator[list[Event]]:
        return self._pages(self._run(run_id).events, after)

    def _pages(self, events: list[Event], after: int) -> Iterator[list[Event]]:
        while page := events[after : after + _PAGE]:
            yield page
            after += len(page)

    def last_note(self, run_id: str) -> int:
        self._run(run_id)
        return next((note.number for its_run, note in reversed(self._notes) if its_run == run_id), 0)

    def notes(self, run_id: str, after: int = 0, task: str | None = None) -> Iterator[Note]:
        self._run(run_id)
        of_run = (note for its_run, note in self._notes[after:] if its_run == run_id)
        return (note for note in of_run if task is None or note.task == task)

    def record(self, run_id: str) -> RunRecord:
        return self._run(run_id).record

    def row(self, run_id: str) -> RunRow:
        run = self._run(run_id)
        alive = run.owner is not None and is_alive(run.owner, run.heartbeat, self._clock.now())
        return RunRow(
            id=run_id,
            name=run.record.name,
            source=run.record.source,
            status=rules.shown_status(run.status, alive),
            created_at=run.record.created_at,
            ended_at=run.ended_at,
            last_seq=len(run.events),
            owner=run.owner,
            owner_alive=alive,
            heartbeat=run.heartbeat,
        )

    def runs(self, name: str | None = None, status: str | None = None, limit: int = 50) -> list[RunRow]:
        rows = (self.row(run_id) for run_id in reversed(self._runs))
        found = (row for row in rows if name in (None, row.name) and status in (None, row.status))
        return list(islice(found, limit))

    def find(self, prefix: str) -> str:
        if prefix in self._runs:
            return prefix
        if prefix == "last" and self._runs:
            return next(reversed(self._runs))
        return rules.only_one(prefix, sorted(each for each in self._runs if each.startswith(prefix)))

    def files(self, run_id: str) -> Path:
        """Not gone with the journal: who has closed it may still have a result that refers to them."""
        return self._place / run_id

    @cached_property
    def _place(self) -> Path:
        place = Path(mkdtemp(prefix="leadtui-"))
        if not self._keep_files:
            atexit.register(rmtree, place, ignore_errors=True)
        return place

    def describe(self) -> dict[str, Any]:
        return {"path": ":memory:", "runs": len(self._runs), "durability": "none"}

    def close(self) -> None:
        """Nothing to let go of."""

    def _run(self, run_id: str) -> _Run:
        if run_id not in self._runs:
            raise rules.unknown_run(run_id)
        return self._runs[run_id]

    def _owned(self, run_id: str, fence: int) -> _Run:
        run = self._run(run_id)
        if run.owner is None or run.fence != fence:
            raise rules.ownership_lost(run_id)
        return run
