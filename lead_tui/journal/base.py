"""What a journal promises.

1. When `append` returns, the events are stored: a kill -9 of this process loses none of them
   (`durability="full"`: nor does a power cut). An append is all or nothing.
2. Events of a run have gapless `seq` from 1, in the order of the appends.
3. One owner per run. `claim` gives a fence number that rises with each owner; every write of an owner
   carries it, and a write with an old fence raises `OwnershipLost` and stores nothing.
4. Anyone may read, follow and post commands to a run while its owner writes.
5. The first answer to a gate wins: `post` refuses a second one while the first is unsettled.
6. Notes are stored in batches; the last ones may be lost in a crash.
7. What a newer release wrote can be read: an event of an unknown type is an `UnknownEvent` with its `seq`, a
   command an `UnknownCommand`, unknown fields and notes are left out.

An owner appends only while it has the run: after `release` its fence is an old one.

Errors: `JournalError` (cannot be opened, read, written; disk full; not ours), `OwnershipLost`, `RunOwned`,
`RunNotFound`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from lead_tui.core.commands import AnyCommand
from lead_tui.core.events import Event, Note
from lead_tui.core.plan import Plan

Durability = Literal["normal", "full"]


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored when a run is created and never changes.

    `document` is the flow as plain data with `${NAME}` kept and literal secrets replaced by `***`; `inputs`
    are masked the same way; `overrides` are `max_parallel`, `global_timeout`; `plan` lets any reader fold the
    events without the environment that the document needs.
    """

    id: str
    name: str
    document: dict[str, Any]
    plan: Plan
    source: str = ""
    """Absolute path of the flow's file, empty for one that came from Python."""
    folder: str = ""
    inputs: dict[str, Any] = {}
    overrides: dict[str, Any] = {}
    created_at: datetime


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Who drives a run: enough to tell from outside whether it still lives."""

    id: str
    host: str
    boot: str
    pid: int
    process_start: float


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run in a list. `status` is the stored one, or `interrupted` if it was live and its owner is dead.

    `heartbeat`: when its owner was last heard of; of a run without one, when it was let go.
    """

    id: str
    name: str
    source: str
    status: str
    created_at: datetime
    ended_at: datetime | None
    last_seq: int
    owner: Owner | None
    owner_alive: bool
    heartbeat: datetime | None = None

    @property
    def parked(self) -> bool:
        """Was it let go on purpose while it was live? Else its owner died, or could not go on."""
        return self.status == "interrupted" and self.owner is None and self.heartbeat is not None


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: `pending`, `accepted` or `refused`."""

    id: int
    run_id: str
    command: AnyCommand
    by: str
    at: datetime
    state: str
    why: str


class Journal(Protocol):
    """Methods of the owner are coroutines, those of readers are not: they are short and never wait long."""

    # the owner
    async def create(self, record: RunRecord) -> None: ...

    async def claim(self, run_id: str, owner: Owner, now: datetime) -> int:
        """Become the owner and get the fence. Raises RunOwned while another live process has it."""
        ...

    async def append(
        self, run_id: str, fence: int, events: Sequence[Event], status: str | None = None
    ) -> None:
        """Store events in one transaction; `status` is the run's new status when it changed.

        A `command_received` that names its inbox row accepts that row in the same transaction.
        """
        ...

    async def add_notes(self, run_id: str, notes: Sequence[Note]) -> None: ...

    async def heartbeat(self, run_id: str, fence: int, now: datetime) -> None: ...

    async def release(self, run_id: str, fence: int, driven_until: datetime | None = None) -> None:
        """Let go of the run; nothing happens if another owner has it by now.

        `driven_until`: when its owner stopped driving it; None if it did not, or failed.
        """
        ...

    async def settle(self, inbox_id: int, accepted: bool, why: str = "") -> None:
        """The first verdict stands; a second one changes nothing."""
        ...

    # anyone
    def post(self, run_id: str, command: AnyCommand, by: str, now: datetime) -> int:
        """Put a command into the run's inbox. Raises CommandRefused if a gate's answer is already there."""
        ...

    def inbox(self, run_id: str, pending_only: bool = True) -> list[InboxRow]: ...

    def inbox_row(self, inbox_id: int) -> InboxRow: ...

    def read(self, run_id: str, after: int = 0) -> Iterator[list[Event]]:
        """Events with `seq > after`, in batches, in order."""
        ...

    def last_note(self, run_id: str) -> int:
        """The number of the run's last note, 0 if it has none."""
        ...

    def notes(self, run_id: str, after: int = 0, task: str | None = None) -> Iterator[Note]:
        """Notes with `number > after`, in order."""
        ...

    def record(self, run_id: str) -> RunRecord: ...

    def row(self, run_id: str) -> RunRow: ...

    def runs(self, name: str | None = None, status: str | None = None, limit: int = 50) -> list[RunRow]:
        """Newest first."""
        ...

    def find(self, prefix: str) -> str:
        """The run id for an id, a unique prefix or `last`. Raises RunNotFound."""
        ...

    def files(self, run_id: str) -> Path:
        """The folder for files of a run, which nobody has made yet. They are kept as long as the journal."""
        ...

    def describe(self) -> dict[str, Any]:
        """What `leadtui doctor` shows: at least `path`, `runs` and `durability`."""
        ...

    def close(self) -> None: ...
