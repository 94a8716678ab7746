"""One call to one agent of a flow, through the engine: its retries, timeouts and breaker are real."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lead_tui.agents import registry
from lead_tui.core import events as ev
from lead_tui.core.commands import Cancel
from lead_tui.errors import Failure, UsageError
from lead_tui.flow.diagnostics import did_you_mean, one_of
from lead_tui.flow.graph import build_graph
from lead_tui.flow.loader import Document
from lead_tui.flow.models import AgentConfig, TaskSpec, Workflow
from lead_tui.observers.hub import Observer
from lead_tui.runner.engine import Engine

TASK = "test"


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt. Seconds; `retry_in` None after the last."""

    attempt: int
    success: bool
    seconds: float
    error: Failure | None = None
    retry_in: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a test call came to. `reachable`: something answered, be it with an error."""

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


class _Listener(Observer):
    """Keeps the attempts and the last answer."""

    def __init__(self) -> None:
        self.tries: list[Try] = []
        self.meta: dict[str, Any] = {}

    async def on_event(self, event: ev.Event) -> None:
        match event:
            case ev.AttemptCompleted():
                self.tries.append(Try(event.attempt, True, event.duration))
                self.meta = event.meta
            case ev.AttemptFailed():
                self.tries.append(Try(event.attempt, False, event.duration, event.failure, event.retry_in))
                self.meta = event.meta


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

    Use an engine on a journal in memory. Raises UsageError for an agent or action that there is not.
    Cancelled, it ends the call before it returns.
    """
    config = _config(document.workflow, agent)
    action = _known_action(config, action or _usual_action(document.workflow, config))
    part = _one_task(document, config, action, parameters or {})
    listener = _Listener()
    run = await engine.start(
        part, {}, environment=environment, observers=[listener, *observers], park_when_waiting=True
    )
    try:
        result = await run.wait()
    except asyncio.CancelledError:
        await run.send(Cancel(skip_cleanup=True))
        await run.wait()
        raise
    if result.status == "waiting":
        raise UsageError(f"{agent} asks a person: it cannot be tested without one")
    last = listener.tries[-1] if listener.tries else None
    breaker = run.state.breakers.get(agent)
    return Trial(
        agent_name=agent,
        action=action,
        success=result.success,
        reachable=result.success or _answered(last),
        response_time=last.seconds if last else 0.0,
        result=result.results.get(TASK),
        meta=listener.meta,
        error=None if result.success else result.errors.get(TASK) or result.failure,
        attempts=listener.tries,
        breaker=breaker.state if breaker else "closed",
    )


def _one_task(document: Document, agent: AgentConfig, action: str, parameters: Mapping[str, Any]) -> Document:
    """The same flow with nothing but this call to do."""
    task = TaskSpec(name=TASK, agent_name=agent.name, action=action, parameters=dict(parameters))
    workflow = document.workflow.model_copy(
        update={"agents": (agent,), "tasks": (task,), "finally_": (), "outputs": {}, "inputs": {}}
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
    if problem := agent.action_problem(action):
        raise UsageError(f"{agent.name}: {problem}")
    return action


def _answered(last: Try | None) -> bool:
    return last is not None and last.error is not None and last.error.status is not None
