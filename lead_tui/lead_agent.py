"""The Python interface: run a flow in five lines, or start it, look on and steer.

    from lead_tui import LeadAgent

    agent = LeadAgent()
    result = await agent.execute_workflow_from_file("flow.yaml", inputs={"city": "Paris"})
    print(result.status, result.results)

What is run here is in the journal like every run: `leadtui show`, `approve` and `resume` see it, and the
methods of this class see the runs of other processes.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lead_tui.core.commands import (
    AnyCommand,
    Approve,
    Cancel,
    CancelTask,
    Pause,
    RaiseBudget,
    Reject,
    Resume,
    Retry,
    Skip,
)
from lead_tui.errors import InvalidFlow, UsageError
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.flow.loader import Document, environment_for
from lead_tui.flow.models import Workflow, parse_duration
from lead_tui.journal.base import Durability, Journal, RunRow
from lead_tui.observers.hub import Observer
from lead_tui.runner.engine import Engine, Overrides, load_dict, load_file
from lead_tui.runner.handle import Handle, LocalRun, Receipt
from lead_tui.runner.result import Result
from lead_tui.runner.trial import Trial, try_agent

Flow = str | Path | Mapping[str, Any] | Workflow


class LeadAgent:
    """Runs flows on one journal. Opens it on first use; `async with` or `close` lets go of it.

    `db` is a path, `sqlite:///PATH` or `memory:`, by default the user's journal. `observers` look on at every
    run started here. `environment` replaces the process's variables, `env_file` the `.env` beside a flow.
    """

    def __init__(
        self,
        db: str | Path | None = None,
        *,
        durability: Durability | None = None,
        observers: Sequence[Observer] = (),
        environment: Mapping[str, str] | None = None,
        env_file: str | Path | None = None,
    ) -> None:
        self._db = db
        self._durability = durability
        self._observers = tuple(observers)
        self._environment = environment
        self._env_file = None if env_file is None else Path(env_file)
        self._engine: Engine | None = None
        self._driven: dict[str, LocalRun] = {}

    # run a flow

    async def execute_workflow_from_file(
        self, path: str | Path, inputs: Mapping[str, Any] | None = None, **options: Any
    ) -> Result:
        """Run a YAML or JSON file to its end; `options` are those of `execute`."""
        return await self.execute(Path(path), inputs, **options)

    async def execute_workflow_from_dict(
        self, config: Mapping[str, Any], inputs: Mapping[str, Any] | None = None, **options: Any
    ) -> Result:
        """The same for plain data."""
        return await self.execute(config, inputs, **options)

    async def execute(self, flow: Flow, inputs: Mapping[str, Any] | None = None, **options: Any) -> Result:
        """Run to the end, or until only a person can move the run (`result.status == "waiting"`).

        A run that fails is a result, not an exception. `options` are those of `start`. If this coroutine is
        cancelled, the run is cancelled and its cleanup runs first.
        """
        return await _to_the_end(await self.start(flow, inputs, park_when_waiting=True, **options))

    def run(self, flow: Flow, inputs: Mapping[str, Any] | None = None, **options: Any) -> Result:
        """`execute` for code without an event loop; the journal is closed again at the end."""
        if _in_loop():
            raise UsageError(
                "an event loop is running here: use "
                "`await agent.execute(...)`, `execute_workflow_from_file` or `execute_workflow_from_dict`"
            )

        async def whole() -> Result:
            async with self:
                return await self.execute(flow, inputs, **options)

        return asyncio.run(whole())

    async def start(
        self,
        flow: Flow,
        inputs: Mapping[str, Any] | None = None,
        *,
        run_id: str | None = None,
        max_parallel: int | None = None,
        timeout: float | str | None = None,  # noqa: ASYNC109 - of the run, not of this call
        observers: Sequence[Observer] = (),
        park_when_waiting: bool = False,
    ) -> LocalRun:
        """Begin a run and give its handle: `events()`, `send(command)`, `wait()`, `park()`.

        Raises InvalidFlow (the document or the inputs), UsageError, MissingSecret, JournalError; then nothing
        was started. With `park_when_waiting` it is let go of when only a person can move it.
        """
        document, environment = self._load(flow)
        run = await self._opened().start(
            document,
            resolve_inputs(document.workflow, inputs or {}),
            environment=environment,
            overrides=Overrides(
                max_parallel=max_parallel,
                global_timeout=None if timeout is None else parse_duration(timeout),
            ),
            run_id=run_id,
            observers=(*self._observers, *observers),
            park_when_waiting=park_when_waiting,
        )
        return self._keep(run)

    async def test_agent(
        self, flow: Flow, agent: str, action: str | None = None, parameters: Mapping[str, Any] | None = None
    ) -> Trial:
        """One real call to one agent of a flow, with its retries, timeouts and breaker; stored nowhere."""
        from lead_tui.journal.memory import MemoryJournal

        document, environment = self._load(flow)
        engine = Engine(MemoryJournal())
        return await try_agent(engine, document, agent, action, parameters, environment=environment)

    # go on with a run, steer it

    async def resume(
        self, run: str, secrets: Mapping[str, Any] | None = None, *, observers: Sequence[Observer] = ()
    ) -> Result:
        """Take up a run that waits, was parked or crashed, and drive it on; `secrets` are its secret inputs.

        Raises RunOwned if a living process drives it, CommandRefused if it has ended.
        """
        return await _to_the_end(await self._take_up(run, (), secrets, observers))

    async def retry(
        self, run: str, secrets: Mapping[str, Any] | None = None, *, observers: Sequence[Observer] = ()
    ) -> Result:
        """Run again what failed, was cancelled or interrupted, and what was skipped because of it."""
        return await _to_the_end(await self._take_up(run, (Retry(),), secrets, observers))

    async def cancel(
        self,
        run: str,
        task: str | None = None,
        *,
        why: str = "",
        by: str = "",
        secrets: Mapping[str, Any] | None = None,
    ) -> Receipt:
        """Cancel a run or one task of it. A run that nobody drives is taken up, cleaned up and ended.

        `secrets` are its secret inputs again, for the cleanup of a run that is taken up.
        """
        if task is not None:
            return await self.send(run, CancelTask(task=task), by)
        command = Cancel(why=why)
        run_id = self._opened().journal.find(run)
        row = self._opened().journal.row(run_id)
        if run_id in self._driven or row.owner_alive or row.ended_at is not None:
            return await self.send(run_id, command, by)
        await _to_the_end(await self._take_up(run_id, (command,), secrets, ()))
        return Receipt(True)

    async def pause(self, run: str, by: str = "") -> Receipt:
        return await self.send(run, Pause(), by)

    async def end_pause(self, run: str, by: str = "") -> Receipt:
        return await self.send(run, Resume(), by)

    async def approve(
        self,
        run: str,
        gate: str,
        values: Mapping[str, Any] | None = None,
        *,
        answer: str = "approve",
        again: bool = False,
        by: str = "",
    ) -> Receipt:
        """Answer a gate, once. `pending` in the receipt: it counts when the run is resumed.

        `again`: the call that asks is gone with its process (`again` in `waiting_for`), and is to be made
        again. Without it such an answer is refused.
        """
        command = Approve(gate=gate, values=dict(values or {}), answer=answer, again=again)
        return await self.send(run, command, by)

    async def reject(
        self, run: str, gate: str, why: str = "", by: str = "", *, again: bool = False
    ) -> Receipt:
        return await self.send(run, Reject(gate=gate, why=why, again=again), by)

    async def skip(self, run: str, task: str, by: str = "") -> Receipt:
        return await self.send(run, Skip(task=task), by)

    async def raise_budget(
        self,
        run: str,
        agent: str = "",
        *,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
        seconds: float | None = None,
        by: str = "",
    ) -> Receipt:
        """New limits for the budget of the flow, or of `agent`; what is not given stays."""
        command = RaiseBudget(agent=agent, usd=usd, tokens=tokens, calls=calls, seconds=seconds)
        return await self.send(run, command, by)

    async def send(self, run: str, command: AnyCommand, by: str = "") -> Receipt:
        """Any command, to a run of this process or of another one."""
        run_id = self._opened().journal.find(run)
        driven = self._driven.get(run_id)
        if driven is not None:
            return await driven.send(command, by)
        return await self._opened().send(run_id, command, by)

    # look on

    def handle(self, run: str) -> Handle:
        """`events()` and `send()` of any run in the journal."""
        run_id = self._opened().journal.find(run)
        return self._driven.get(run_id) or self._opened().handle(run_id)

    def result(self, run: str) -> Result:
        """What any run has come to so far."""
        return self._opened().result(self._opened().journal.find(run))

    def runs(self, name: str | None = None, status: str | None = None, limit: int = 50) -> list[RunRow]:
        """Newest first."""
        return self._opened().journal.runs(name, status, limit)

    # the journal

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for run in list(self._driven.values()):
            await run.park()
        self.close()

    def close(self) -> None:
        """Close the journal; runs that are still driven here must have been parked or ended."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.journal.close()

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = Engine(_journal(self._db, self._durability))
        return self._engine

    def _load(self, flow: Flow) -> tuple[Document, Mapping[str, str]]:
        return _loaded(flow, self._environment, self._env_file)

    async def _take_up(
        self,
        run: str,
        commands: Sequence[AnyCommand],
        secrets: Mapping[str, Any] | None,
        observers: Sequence[Observer],
    ) -> LocalRun:
        engine = self._opened()
        run_id = engine.journal.find(run)
        folder = Path(engine.journal.record(run_id).folder or ".")
        return self._keep(
            await engine.take_up(
                run_id,
                *commands,
                secrets=secrets,
                environment=_environment(self._environment, folder, self._env_file),
                observers=(*self._observers, *observers),
                park_when_waiting=True,
            )
        )

    def _keep(self, run: LocalRun) -> LocalRun:
        self._driven[run.run_id] = run
        run.when_done(lambda: self._driven.pop(run.run_id, None))
        return run


def load(path: str | Path, environment: Mapping[str, str] | None = None) -> Workflow:
    """Read and check a flow's file. Raises InvalidFlow with every problem found; starts nothing."""
    return _loaded(Path(path), environment, None)[0].workflow


def run(flow: Flow, inputs: Mapping[str, Any] | None = None, **options: Any) -> Result:
    """Run a flow on the user's journal and wait for what it comes to."""
    return LeadAgent().run(flow, inputs, **options)


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _to_the_end(run: LocalRun) -> Result:
    try:
        return await run.wait()
    except asyncio.CancelledError:
        await run.send(Cancel(why="the caller was cancelled"))
        await run.wait()
        raise


def _journal(db: str | Path | None, durability: Durability | None) -> Journal:
    from lead_tui.journal.open import open_journal
    from lead_tui.settings import load_settings

    if db is None or durability is None:
        settings = load_settings()
        db, durability = db or settings.db, durability or settings.durability
    return open_journal(db, durability)


def _loaded(
    flow: Flow, environment: Mapping[str, str] | None, env_file: Path | None
) -> tuple[Document, Mapping[str, str]]:
    if isinstance(flow, str | Path):
        path = Path(flow)
        variables = _environment(environment, path.resolve().parent, env_file)
        return load_file(path, variables), variables
    if isinstance(flow, Workflow):
        return _of_model(flow, environment, env_file)
    if not isinstance(flow, Mapping):
        raise UsageError(f"a flow is a path, a map or a Workflow, not {type(flow).__name__}")
    variables = _environment(environment, Path.cwd(), env_file)
    return load_dict(dict(flow), Path.cwd(), variables), variables


def _of_model(
    workflow: Workflow, environment: Mapping[str, str] | None, env_file: Path | None
) -> tuple[Document, Mapping[str, str]]:
    """From what it was written as, if that still says the same: `${NAME}` is stored then, not its value."""
    from lead_tui.builder import as_data

    origin = workflow.origin
    folder = origin.folder or Path.cwd()
    variables = _environment(environment, folder, env_file)
    if origin.data is not None:
        try:
            document = load_dict(origin.data, folder, variables)
        except InvalidFlow:  # a variable is gone: the model has its value
            document = None
        if document is not None and document.workflow == workflow:
            return document, variables
    return load_dict(as_data(workflow), folder, variables), variables


def _environment(base: Mapping[str, str] | None, folder: Path, env_file: Path | None) -> Mapping[str, str]:
    return environment_for(folder, env_file, os.environ if base is None else base)
