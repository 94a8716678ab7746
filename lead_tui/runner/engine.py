"""All runs of one process on one journal: start a flow, take up a run, find and steer the runs of others."""

import asyncio
import os
import random
import re
import secrets as tokens
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from lead_tui.agents import registry
from lead_tui.clock import Clock, SystemClock
from lead_tui.core import events as ev
from lead_tui.core.commands import AnyCommand, Cancel
from lead_tui.core.compile import compile_plan
from lead_tui.core.events import CommandReceived
from lead_tui.core.machine import Machine, Step
from lead_tui.core.plan import Plan
from lead_tui.core.state import RUN_ENDED, RunState
from lead_tui.errors import CommandRefused, MissingSecret, RunNotFound, UsageError
from lead_tui.flow import loader
from lead_tui.flow.inputs import mask_inputs, secret_values
from lead_tui.flow.loader import Document, load, load_data
from lead_tui.flow.models import NAME, Workflow
from lead_tui.journal.base import Journal, RunRecord
from lead_tui.journal.owner import this_process
from lead_tui.observers.hub import Observer
from lead_tui.observers.metrics import Metrics
from lead_tui.resilience.guard import Guards
from lead_tui.runner.handle import JournalRun, LocalRun, Receipt, from_inbox
from lead_tui.runner.ledger import Ledger
from lead_tui.runner.prerequisites import check_prerequisites, check_what_is_left
from lead_tui.runner.result import Result, result_of
from lead_tui.runner.runner import Runner
from lead_tui.runner.secrets import MASK, Concealer


class Overrides(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a caller may set for one run, over the document."""

    max_parallel: int | None = None
    global_timeout: float | None = None

    def apply(self, workflow: Workflow) -> Workflow:
        changes = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return workflow.model_copy(update=changes) if changes else workflow


class Engine:
    """Breakers and rate limits are shared by the runs of one engine."""

    def __init__(
        self,
        journal: Journal,
        *,
        clock: Clock | None = None,
        guards: Guards | None = None,
        draw: random.Random | None = None,
    ) -> None:
        self.journal = journal
        self.clock = clock or SystemClock()
        self._guards = guards or Guards(self.clock)
        self._draw = draw or random.Random()  # noqa: S311 - jitter, not a secret

    # a new run

    async def start(
        self,
        document: Document,
        inputs: Mapping[str, Any],
        *,
        environment: Mapping[str, str] | None = None,
        overrides: Overrides | None = None,
        run_id: str | None = None,
        park_when_waiting: bool = False,
        observers: Iterable[Observer] = (),
        unprepared: bool = False,
    ) -> LocalRun:
        """Store the run and begin to drive it. `inputs` are complete and checked (`flow.inputs`).

        Raises MissingSecret if an agent that it uses lacks something (`unprepared`: its call fails instead),
        UsageError for a run id that is taken or cannot be one, JournalError if it cannot be stored.
        """
        overrides = overrides or Overrides()
        workflow = overrides.apply(document.workflow)
        environment = os.environ if environment is None else environment
        if not unprepared:
            check_prerequisites(workflow, environment)
        plan = compile_plan(workflow, document.graph)
        run_id = self._free(run_id) if run_id else new_run_id()
        record = RunRecord(
            id=run_id,
            name=workflow.name,
            document=document.raw,
            plan=plan,
            source=document.source,
            folder=str(document.folder),
            inputs=_concealer(document, workflow, inputs).conceal(mask_inputs(workflow, inputs)),
            overrides=msgspec.to_builtins(overrides),
            created_at=self.clock.now(),
        )
        await self.journal.create(record)
        machine = Machine(plan, run_id)
        run = await self._own(machine, document, workflow, inputs, environment)
        first, _ = machine.take_up(self.clock.now(), opening=_opening(record, self.clock.now()))
        for observer in observers:
            run.observe(observer)
        run.begin(first, park_when_waiting=park_when_waiting)
        return run

    def _free(self, run_id: str) -> str:
        if run_id == "last" or re.fullmatch(NAME, run_id) is None:
            raise UsageError(f"{run_id!r} cannot be a run's id: use letters, digits, _ and -, and not `last`")
        with suppress(RunNotFound):
            self.journal.row(run_id)
            raise UsageError(f"run {run_id} is already in this journal: choose another id")
        return run_id

    # a run that another process left

    async def take_up(
        self,
        run_id: str,
        *commands: AnyCommand,
        by: str = "",
        secrets: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        park_when_waiting: bool = False,
        observers: Iterable[Observer] = (),
    ) -> LocalRun:
        """Become the owner of a parked, crashed or (with a command that reopens it) ended run, and go on.

        `secrets` holds the secret inputs again: they are stored nowhere. Raises RunOwned, RunNotFound,
        MissingSecret (one of them, or what an agent needs), InvalidFlow (a variable is not set here),
        CommandRefused.
        """
        record = self.journal.record(run_id)
        if not commands and not self.journal.inbox(run_id):
            self._refuse_ended(run_id, self.journal.row(run_id).status)
        environment = os.environ if environment is None else environment
        document = restore(record, environment)
        workflow = msgspec.convert(record.overrides, Overrides).apply(document.workflow)
        inputs = _with_secrets(record, document, secrets or {}, needed=_calls_something(record, commands))
        machine = Machine(record.plan, run_id)
        run = await self._own(machine, document, workflow, inputs, environment)
        from lead_tui.agents.process_tree import reap_leftovers

        await asyncio.to_thread(reap_leftovers, run_id)  # children whose leadtui died without its guard
        try:
            concealer = _concealer(document, workflow, inputs)
            wishes = [concealer.struct(CommandReceived(command=command, by=by)) for command in commands]
            first, refused = self._next_step(machine, run.metrics, record, wishes, concealer)
            check_what_is_left(workflow, machine.run, environment)
        except BaseException:
            await run.abandon()
            raise
        for observer in observers:
            run.observe(observer)
        run.begin(first, park_when_waiting=park_when_waiting, refused=refused)
        return run

    def _next_step(
        self,
        machine: Machine,
        metrics: Metrics,
        record: RunRecord,
        wishes: Sequence[CommandReceived],
        concealer: Concealer,
    ) -> tuple[Step, dict[int, str]]:
        """The first step of a new owner, and what it refuses of that which waited in the inbox.

        Only the owner may fold and go on: else two processes would both believe to know the end of the log.
        """
        for page in self.journal.read(record.id):
            machine.fold(page)
            metrics.see(page)
        waiting = self.journal.inbox(record.id)
        if not waiting and not wishes:
            self._refuse_ended(record.id, machine.run.status)
        now = self.clock.now()
        stored = [concealer.struct(from_inbox(row)) for row in waiting]
        step, refusals = machine.take_up(now, [*stored, *wishes], _opening(record, now))
        if refused := next((why for why in refusals[len(waiting) :] if why), ""):
            raise CommandRefused(refused)
        return step, {row.id: why for row, why in zip(waiting, refusals, strict=False) if why}

    def _refuse_ended(self, run_id: str, status: str) -> None:
        if status in RUN_ENDED:
            raise CommandRefused(f"run {run_id} has ended: {status}")

    async def _own(
        self,
        machine: Machine,
        document: Document,
        workflow: Workflow,
        inputs: Mapping[str, Any],
        environment: Mapping[str, str],
    ) -> LocalRun:
        run_id = machine.run.run_id
        # an owner of its own for each run that is driven: this process is a rival to itself
        fence = await self.journal.claim(run_id, this_process(), self.clock.now())
        runner = Runner(
            machine=machine,
            document=document,
            workflow=workflow,
            inputs=inputs,
            environment=environment,
            secrets=document.secrets | secret_values(workflow, inputs),
            journal=self.journal,
            fence=fence,
            guards=self._guards,
            clock=self.clock,
            draw=self._draw,
            ledger=Ledger(machine.run),
        )
        return LocalRun(runner, self.journal, fence, self.clock)

    # the runs of others

    def handle(self, run_id: str) -> JournalRun:
        return JournalRun(self.journal, run_id, self.clock)

    def fold(self, run_id: str) -> tuple[RunState, Metrics]:
        """The state of any run as its log tells it."""
        machine, metrics = Machine(self.journal.record(run_id).plan, run_id), Metrics()
        for page in self.journal.read(run_id):
            machine.fold(page)
            metrics.see(page)
        return machine.run, metrics

    def result(self, run_id: str) -> Result:
        return result_of(*self.fold(run_id), driven=self.journal.row(run_id).owner_alive)

    async def send(self, run_id: str, command: AnyCommand, by: str = "") -> Receipt:
        """Steer a run that somebody drives; for one that nobody drives the command waits in its inbox.

        Refused at once if the run, as its next owner will find it, could not carry it out.
        """
        if not self.journal.row(run_id).owner_alive:
            wish = CommandReceived(command=command, by=by)
            if why := await self._refusal_by_next_owner(run_id, wish):
                return Receipt(False, why)
        return await self.handle(run_id).send(command, by)

    async def _refusal_by_next_owner(self, run_id: str, wish: CommandReceived) -> str:
        """Judge by the run as somebody who takes it up will find it, with what waits in the inbox.

        What of that will be refused is refused now: an answer that no longer counts is in nobody's way.
        """
        record = self.journal.record(run_id)
        machine = Machine(record.plan, run_id)
        machine.fold(event for page in self.journal.read(run_id) for event in page)
        waiting, now = self.journal.inbox(run_id), self.clock.now()
        wishes = [*map(from_inbox, waiting), wish]
        *refusals, refusal = machine.take_up(now, wishes, _opening(record, now))[1]
        for row, why in zip(waiting, refusals, strict=True):
            if why:
                await self.journal.settle(row.id, accepted=False, why=why)
        return refusal


def new_run_id() -> str:
    """Twelve characters, short enough to say; a prefix is enough on the command line."""
    return tokens.token_hex(6)


def load_file(path: Path, environment: Mapping[str, str]) -> Document:
    """A flow's document with every agent type that is installed here. Raises InvalidFlow."""
    return load(
        path, agent_types=registry.config_model, type_names=registry.type_names(), environment=environment
    )


def load_text(text: str, path: Path, environment: Mapping[str, str]) -> Document:
    """The same for a text that is to stand in the file `path`."""
    return loader.load_text(
        text,
        path,
        agent_types=registry.config_model,
        type_names=registry.type_names(),
        environment=environment,
    )


def load_dict(data: dict[str, Any], folder: Path, environment: Mapping[str, str]) -> Document:
    return load_data(
        data,
        folder=folder,
        agent_types=registry.config_model,
        type_names=registry.type_names(),
        environment=environment,
    )


def restore(record: RunRecord, environment: Mapping[str, str]) -> Document:
    """The document of a stored run, with this environment's variables."""
    return load_data(
        record.document,
        folder=Path(record.folder or "."),
        source=record.source,
        original=Path(record.source) if record.source else None,
        agent_types=registry.config_model,
        type_names=registry.type_names(),
        environment=environment,
    )


def _concealer(document: Document, workflow: Workflow, inputs: Mapping[str, Any]) -> Concealer:
    return Concealer(document.secrets | secret_values(workflow, inputs))


def _with_secrets(
    record: RunRecord, document: Document, given: Mapping[str, Any], *, needed: bool
) -> dict[str, Any]:
    """The inputs as they were at first: one that was masked is given again, or was its default."""
    specs, concealer = document.workflow.inputs, Concealer(document.secrets)
    masked = [name for name, value in record.inputs.items() if MASK in str(value)]
    if unknown := set(given) - {*masked, *(name for name, spec in specs.items() if spec.secret)}:
        raise UsageError(f"only secret inputs are given again when a run goes on, not {', '.join(unknown)}")
    inputs, missing = {**record.inputs, **given}, []
    for name in masked:
        spec = specs[name]
        if name in given:
            continue
        if spec.default is not None and (spec.secret or concealer.conceal(spec.default) == inputs[name]):
            inputs[name] = spec.default
        else:
            missing.append(name)
    if missing and needed:
        raise MissingSecret(
            f"give the secret inputs again: {', '.join(f'-i {name}=...' for name in missing)}"
        )
    return inputs


def _calls_something(record: RunRecord, commands: Sequence[AnyCommand]) -> bool:
    """Could an agent be called? Not where all that is wanted is the end of a run without `finally` tasks."""
    cleanup = any(task.cleanup for task in record.plan.tasks)
    return cleanup or not commands or not all(isinstance(command, Cancel) for command in commands)


def _opening(record: RunRecord, now: datetime) -> tuple[ev.Event, ...]:
    plan = record.plan
    queued = ev.RunQueued(name=record.name, inputs=record.inputs, total_tasks=len(plan.tasks))
    return queued, ev.RunStarted(deadline=_deadline(plan, now))


def _deadline(plan: Plan, now: datetime) -> datetime | None:
    return None if plan.global_timeout is None else now + timedelta(seconds=plan.global_timeout)
