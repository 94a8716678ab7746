"""One call to one agent of a flow, through the engine: its retries, timeouts and breaker are real."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from lead_tui.agents import registry
from lead_tui.core import events as ev
from lead_tui.core.commands import Cancel
from lead_tui.errors import Category, Failure, UsageError
from lead_tui.flow.diagnostics import did_you_mean, one_of
from lead_tui.flow.graph import build_graph
from lead_tui.flow.loader import Document
from lead_tui.flow.models import AgentConfig, TaskSpec, Workflow
from lead_tui.observers.hub import Item, Observer
from lead_tui.runner.engine import Engine
from lead_tui.runner.handle import LocalRun
from lead_tui.runner.libraries import load_libraries_of

TASK = "test"

Verdict = Literal["works", "answers with an error", "does not answer", "cannot be called"]


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt. Seconds; `retry_in` None after the last."""

    attempt: int
    success: bool
    seconds: float
    error: Failure | None = None
    retry_in: float | None = None


@dataclass(slots=True)
class ToolUse:
    """A call of a tool within the attempt. `seconds` is None until it returned."""

    call: str
    tool: str
    arguments: Any
    result: Any = None
    error: Failure | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a test call came to. `reachable`: something answered, be it with an error.
    `verdict` says both in words.

    `response_time` and `first_token` (None if nothing streamed) are seconds of the last attempt, without the
    waits for a person: `first_token` from when it began or went on last. `usage` is the sum of all attempts.
    """

    agent_name: str
    action: str
    success: bool
    reachable: bool
    response_time: float
    result: Any
    meta: dict[str, Any]
    error: Failure | None
    attempts: list[Try]
    breaker: str
    usage: dict[str, float] = field(default_factory=dict)
    first_token: float | None = None
    tool_calls: list[ToolUse] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        if self.success:
            return "works"
        if self.reachable:
            return "answers with an error"
        return "cannot be called" if self._not_sent else "does not answer"

    @property
    def _not_sent(self) -> bool:
        """Did it fail before anything was asked?"""
        error = self.error
        return error is not None and error.category in (Category.VALIDATION, Category.PERMISSION)


class _Record:
    """What the events and notes of a call tell of it."""

    def __init__(self) -> None:
        self.tries: list[Try] = []
        self.meta: dict[str, Any] = {}
        self.usage: dict[str, float] = {}
        self.tools: dict[tuple[int, str], ToolUse] = {}
        self.first_token: float | None = None
        self._began: datetime | None = None

    def see(self, item: Item) -> None:
        match item:
            case ev.AttemptStarted():
                self._began, self.first_token = item.ts, None
            case ev.Tokens() if self.first_token is None and self._began is not None:
                self.first_token = max((item.ts - self._began).total_seconds(), 0.0)
            case ev.ToolCalled():
                self.tools[item.attempt, item.call] = ToolUse(item.call, item.tool, item.arguments)
            case ev.ToolReturned() if (use := self.tools.get((item.attempt, item.call))) is not None:
                use.result, use.error, use.seconds = item.result, item.failure, item.duration
            case ev.AttemptCompleted():
                self.tries.append(Try(item.attempt, True, item.duration))
                self._ended(item)
            case ev.AttemptFailed():
                self.tries.append(Try(item.attempt, False, item.duration, item.failure, item.retry_in))
                self._ended(item)

    def _ended(self, event: ev.AttemptCompleted | ev.AttemptFailed) -> None:
        self.meta = event.meta
        for name, amount in event.usage.items():
            self.usage[name] = self.usage.get(name, 0) + amount


class _Ear(Observer):
    """Hears all from the first event on, and keeps it until somebody listens."""

    def __init__(self) -> None:
        self._batches: asyncio.Queue[Sequence[Item] | None] = asyncio.Queue()

    async def on_batch(self, batch: Sequence[Item]) -> None:
        self._batches.put_nowait(batch)

    async def on_close(self) -> None:
        self._batches.put_nowait(None)

    async def batches(self) -> AsyncIterator[Sequence[Item]]:
        while (batch := await self._batches.get()) is not None:
            yield batch


class TrialRun:
    """A call under way. `run` takes the answers of a person, and can be looked at."""

    def __init__(self, run: LocalRun, ear: _Ear, config: AgentConfig, action: str) -> None:
        self.run = run
        self._ear = ear
        self.agent_name = config.name
        self.action = action
        self._config = config

    async def follow(self, hear: Callable[[Sequence[Item]], None] = lambda batch: None) -> Trial:
        """Until it has ended; `hear` gets what happens, in order. Cancelled, it ends the call first.

        Raises UsageError if it cannot go on: a person is asked and nobody attends, or a budget is too small.
        """
        record = _Record()
        listening = asyncio.create_task(self._listen(record, hear))
        try:
            await asyncio.shield(listening)
        except asyncio.CancelledError:
            await self.end()
            await listening
            raise
        return await self._trial(record)

    async def end(self) -> None:
        """Cut it off, and wait until what its agents started is closed."""
        await self.run.send(Cancel(skip_cleanup=True))
        await self.run.wait()

    async def _listen(self, record: _Record, hear: Callable[[Sequence[Item]], None]) -> None:
        async for batch in self._ear.batches():
            for item in batch:
                record.see(item)
            hear(batch)
            if any(isinstance(item, ev.RunWaiting) and item.why == "budget" for item in batch):
                await self.run.park()  # nobody raises it here

    async def _trial(self, record: _Record) -> Trial:
        result = await self.run.wait()
        if result.status == "waiting":
            raise UsageError(self._why_waiting(spent=bool(result.spent_budgets)))
        last = record.tries[-1] if record.tries else None
        breaker = self.run.state.breakers.get(self.agent_name)
        return Trial(
            agent_name=self.agent_name,
            action=self.action,
            success=result.success,
            reachable=result.success or _answered(last, record.meta),
            response_time=last.seconds if last else 0.0,
            result=result.results.get(TASK),
            meta=record.meta,
            error=None if result.success else result.errors.get(TASK) or result.failure,
            attempts=record.tries,
            breaker=breaker.state if breaker else "closed",
            usage=record.usage,
            first_token=record.first_token,
            tool_calls=[*record.tools.values()],
        )

    def _why_waiting(self, *, spent: bool) -> str:
        if spent:
            return f"the budget of {self.agent_name} or of the flow is too small for this call"
        why = f"{self.agent_name} asks a person: it cannot be tested without one"
        if self._config.only_asks:
            return why
        return f"{why}; `leadtui test-agent FLOW` on a terminal shows the question and takes the answer"


async def begin_trial(
    engine: Engine,
    document: Document,
    agent: str,
    action: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str],
    attended: bool = False,
    observers: Iterable[Observer] = (),
) -> TrialRun:
    """Begin a call of `agent`; as `try_agent`, which also waits for it. `follow` what comes back to its end.

    `attended`: somebody answers what the agent may ask.
    """
    config = _config(document.workflow, agent)
    action = _known_action(config, action or _usual_action(document.workflow, config))
    part = _one_task(document, config, action, parameters or {})
    await load_libraries_of(registry.agent_class(config.type))  # the time to the first token is without them
    ear = _Ear()
    run = await engine.start(
        part, {}, environment=environment, observers=[ear, *observers], park_when_waiting=not attended,
        unprepared=True,  # that it cannot be called is what the trial tells
    )  # fmt: skip
    return TrialRun(run, ear, config, action)


async def try_agent(
    engine: Engine,
    document: Document,
    agent: str,
    action: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str],
    observers: Iterable[Observer] = (),
) -> Trial:
    """Call `agent` once. `action` None: the one that the flow's first task asks of it.

    Use an engine on a journal in memory. Raises UsageError for an agent or action that there is not, and if
    the agent asks a person. Cancelled, it ends the call before it returns.
    """
    trial = await begin_trial(
        engine, document, agent, action, parameters, environment=environment, observers=observers
    )
    return await trial.follow()


def _one_task(document: Document, agent: AgentConfig, action: str, parameters: Mapping[str, Any]) -> Document:
    """The same flow with nothing but this call to do; other agents stay, for those that it calls."""
    task = TaskSpec(name=TASK, agent_name=agent.name, action=action, parameters=dict(parameters))
    declared = document.workflow.agents
    agents = declared if agent in declared else (*declared, agent)
    workflow = document.workflow.model_copy(
        update={"agents": agents, "tasks": (task,), "finally_": (), "outputs": {}, "inputs": {}}
    )
    return replace(document, workflow=workflow, graph=build_graph(workflow), raw={"name": workflow.name})


def _config(workflow: Workflow, agent: str) -> AgentConfig:
    config = next((each for each in workflow.agents if each.name == agent), None)
    if config is not None:
        return config
    model = registry.config_model(agent)
    if model is not None and model.builtin:
        return model(name=agent, type=agent)
    names = [each.name for each in workflow.agents]
    hint = did_you_mean(agent, names) or f"it has {', '.join(names) or 'none'}"
    raise UsageError(f"the flow has no agent {agent!r}; {hint}")


def _usual_action(workflow: Workflow, agent: AgentConfig) -> str:
    asked = (task.action for task in workflow.all_tasks if task.agent_name == agent.name)
    return next(asked, min(agent.actions) if agent.actions else "test")


def _known_action(agent: AgentConfig, action: str) -> str:
    if agent.actions is not None and action not in agent.actions:
        hint = did_you_mean(action, agent.actions) or one_of(sorted(agent.actions))
        raise UsageError(f"{agent.name} has no action {action!r}; {hint}")
    if problem := agent.action_problem(action) or agent.refusal(action):
        raise UsageError(f"{agent.name}: {problem}")
    return action


def _answered(last: Try | None, meta: Mapping[str, Any]) -> bool:
    """Did the other side say the error? A tool or a program did, if it ran at all."""
    if last is None or last.error is None:
        return False
    said = last.error.category in (Category.AGENT, Category.TOOL)
    return said or last.error.status is not None or meta.get("exit_code") is not None
