"""The runs that this process drives, and the way to all others of the journal. No textual here."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lead_tui.core.commands import AnyCommand, Pause
from lead_tui.core.state import RUN_ENDED, RunState
from lead_tui.errors import LeadError, RunNotFound
from lead_tui.flow.loader import Document, environment_for
from lead_tui.journal.base import RunRecord, RunRow
from lead_tui.observers.hub import Observer
from lead_tui.runner import left
from lead_tui.runner.engine import Engine
from lead_tui.runner.handle import Handle, LocalRun, Receipt
from lead_tui.runner.left import NOTHING, Given

Start = Callable[[], Awaitable[LocalRun]]


class Runs:
    """`by` is the name that commands are recorded with.

    `on_begun` and `on_left` hear of a run that is, or is not, driven here from now on.
    """

    def __init__(self, engine: Engine, *, by: str = "", env_file: Path | None = None) -> None:
        self.engine = engine
        self.by = by
        self.env_file = env_file
        self.driven: dict[str, LocalRun] = {}
        """Every run that was driven here, also those that have ended or were parked."""
        self.errors: dict[str, LeadError] = {}
        """What a run died of that could not be stored, or that somebody else took over."""
        self.on_left: Callable[[str], None] = lambda run_id: None
        self.on_begun: Callable[[str], None] = lambda run_id: None
        self.observers: dict[str, Sequence[Observer]] = {}
        """Who looks on when this run is taken up again: its reports tell all of it."""
        self._watching: set[asyncio.Task[None]] = set()

    # look

    def knows(self, run_id: str) -> bool:
        """Is it in the journal yet?"""
        with suppress(RunNotFound):
            self.engine.journal.row(run_id)
            return True
        return False

    def row(self, run_id: str) -> RunRow:
        return self.engine.journal.row(run_id)

    def record(self, run_id: str) -> RunRecord:
        return self.engine.journal.record(run_id)

    def at_the_wheel(self, run_id: str) -> LocalRun | None:
        """The run as this process drives it, None if it does not."""
        run = self.driven.get(run_id)
        return run if run is not None and run.driving else None

    def is_driven(self, run_id: str) -> bool:
        """By this process, now?"""
        return self.at_the_wheel(run_id) is not None

    def is_alive(self, run_id: str) -> bool:
        """Does anybody drive it?"""
        return self.is_driven(run_id) or self.row(run_id).owner_alive

    def has_news(self, run_id: str, seq: int) -> bool:
        """Is there, or will there be, an event behind this one?"""
        row = self.row(run_id)
        return self.is_driven(run_id) or row.owner_alive or row.last_seq > seq

    def handle(self, run_id: str) -> Handle:
        if self.is_driven(run_id):
            return self.driven[run_id]
        return self.engine.handle(run_id)

    def given(self, row: RunRow, state: RunState) -> Given:
        """What people gave it that counts once it is taken up; nothing while somebody drives it."""
        if row.owner_alive or self.is_driven(row.id):
            return NOTHING
        return left.given(self.engine.journal, row.id, state)

    def at_work(self) -> list[LocalRun]:
        """Runs that this process drives and that have not ended."""
        return [run for run in self.driven.values() if run.driving and run.state.status not in RUN_ENDED]

    # steer

    async def start(
        self, document: Document, inputs: Mapping[str, Any], environment: Mapping[str, str]
    ) -> str:
        """A new run of a flow; its id."""
        return self.adopt(await self.engine.start(document, inputs, environment=environment))

    def adopt(self, run: LocalRun) -> str:
        """A run that was begun here; its id."""
        self.driven[run.run_id] = run
        self.errors.pop(run.run_id, None)
        watching = asyncio.create_task(self._watch(run))
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)
        self.on_begun(run.run_id)
        return run.run_id

    async def send(
        self, run_id: str, command: AnyCommand, secrets: Mapping[str, Any] | None = None
    ) -> Receipt:
        """Steer a run, wherever it lives. One that nobody drives is taken up here to do it, but for a pause:
        who takes it up wants it to go on.
        """
        if self.is_driven(run_id):
            return await self.driven[run_id].send(command, self.by)
        row = self.row(run_id)
        if row.owner_alive:
            return await self.engine.send(run_id, command, self.by)
        if isinstance(command, Pause) and row.status not in RUN_ENDED:
            return Receipt(False, f"nobody drives run {run_id}: nothing of it starts before it is resumed")
        return await self.take_up(run_id, command, secrets=secrets)

    async def take_up(
        self, run_id: str, *commands: AnyCommand, secrets: Mapping[str, Any] | None = None
    ) -> Receipt:
        """Drive a run here that nobody drives; the reason if it cannot be."""
        record = self.record(run_id)
        environment = environment_for(Path(record.folder or "."), self.env_file)
        try:
            run = await self.engine.take_up(
                run_id,
                *commands,
                by=self.by,
                secrets=secrets,
                environment=environment,
                observers=self.observers.get(run_id, ()),
            )
        except LeadError as error:
            return Receipt(False, str(error))
        self.adopt(run)
        return Receipt(True)

    def secrets_needed(self, run_id: str) -> tuple[str, ...]:
        """Secret inputs that must be given again before this process can take the run up."""
        if self.is_alive(run_id):
            return ()
        return left.secrets_again(self.record(run_id))

    async def park(self, runs: Sequence[LocalRun]) -> None:
        """Stop driving these; each can be taken up again."""
        for run in runs:
            with suppress(LeadError):
                await run.park()

    async def _watch(self, run: LocalRun) -> None:
        try:
            await run.wait()
        except LeadError as error:
            self.errors[run.run_id] = error
        self.on_left(run.run_id)
