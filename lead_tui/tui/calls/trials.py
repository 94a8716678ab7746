"""Single calls to an agent: what was asked, what happened meanwhile, what came of it. Pure.

Parameters are edited as they stand in the flow, `${NAME}` kept, and get their values just before they go out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from lead_tui.core import events as ev
from lead_tui.core import views
from lead_tui.core.events import ApprovalRequested
from lead_tui.flow import secrets
from lead_tui.flow.diagnostics import Problems
from lead_tui.flow.loader import Document
from lead_tui.flow.models import AgentConfig
from lead_tui.flow.variables import Substitution
from lead_tui.observers.hub import Item
from lead_tui.runner.trial import Trial
from lead_tui.text.words import duration, failure_text
from lead_tui.tui.calls.schema_fields import yaml_text, yaml_value
from lead_tui.tui.look import Look, Tone
from lead_tui.tui.model import RunModel

_WHERE = ("tasks", 0, "parameters")
"""How the variables of parameters are read: as in a task."""
_UNDER_WAY = Look("▶", ">", "under way", "busy")
_ASKS = Look("‖", "=", "needs you", "ask")
_CANCELLED = Look("⊘", "-", "cancelled", "skipped")
_IMPOSSIBLE = Look("✖", "x", "cannot be called", "bad")
_TEMPLATE = re.compile(r"\{\{\s*inputs\.(\w+)\s*\}\}")

Line = tuple[str, Tone]
_ENDS = (ev.AttemptStarted, ev.AttemptCompleted, ev.AttemptFailed, ev.TaskCancelled)
"""Events with which the attempt that began last is not under way any more, or not so."""
_TALK = (ev.Tokens, ev.Log, ev.Progress, ev.Service, ev.Message, ev.ToolCalled)
"""What is worth to be looked at while the call is under way."""


@dataclass(slots=True)
class Call:
    """One call. `parameters` as they were edited; `lines` say what happened so far."""

    number: int
    at: datetime
    agent: str
    action: str
    parameters: dict[str, Any]
    by_itself: bool = False
    """Was it made without anybody asking for it?"""
    lines: list[Line] = field(default_factory=list)
    began: Line = ("", "muted")
    """What was said of the attempt that began last."""
    model: RunModel | None = None
    """What happened in full, once it began."""
    talks: bool = False
    """Did it say anything before it answered?"""
    usage: Mapping[str, float] = field(default_factory=dict)
    """What it used so far."""
    first_token: datetime | None = None
    trial: Trial | None = None
    problem: str = ""
    """Why it could not be made at all."""
    cancelled: bool = False

    def take(self, batch: Sequence[Item]) -> bool:
        """Keep all that happened. Did anything else than more talk?"""
        talked, news = self.talks, False
        for item in batch:
            self.talks = self.talks or isinstance(item, _TALK)
            if isinstance(item, ev.Event):
                self.hear(item)
                news = True
            elif isinstance(item, ev.Usage):
                self.usage = item.usage
                news = True
            elif isinstance(item, ev.Tokens) and self.first_token is None:
                self.first_token = item.ts
                news = True
        if self.model is not None:
            self.model.take(batch)
        return news or self.talks is not talked

    @property
    def under_way(self) -> bool:
        return self.trial is None and not self.problem and not self.cancelled

    @property
    def asked(self) -> ApprovalRequested | None:
        """What a person is asked before it goes on."""
        gates = views.open_gates(self.model.state) if self.model is not None and self.under_way else []
        return gates[0].request if gates else None

    def hear(self, event: ev.Event) -> bool:
        """Keep what the event says, if it says anything; that an attempt began stands until it has ended."""
        line = said(event)
        if line is None:
            return False
        if isinstance(event, _ENDS) and self.began in self.lines:
            self.lines.remove(self.began)
        if isinstance(event, ev.AttemptStarted):
            self.began = line
        self.lines.append(line)
        return True

    @property
    def look(self) -> Look:
        if self.trial is None:
            if self.problem or self.cancelled:
                return _IMPOSSIBLE if self.problem else _CANCELLED
            return _UNDER_WAY if self.asked is None else _ASKS
        if self.trial.success:
            return Look("✔", "+", self.trial.verdict, "ok")
        return Look("✖", "x", self.trial.verdict, "bad")

    @property
    def status(self) -> str:
        """What the other side said, as short as can be: an HTTP status, an exit code, a kind of failure."""
        if self.trial is None:
            return ""
        for name in ("status", "exit_code"):
            if (code := self.trial.meta.get(name)) is not None:
                return str(code)
        return "" if self.trial.error is None else self.trial.error.code or str(self.trial.error.category)


def callable_agents(document: Document) -> list[AgentConfig]:
    """The agents that can be called without a person."""
    return [agent for agent in document.workflow.agents if not agent.only_asks]


def usual(document: Document, agent: str, action: str | None = None) -> tuple[str, dict[str, Any]]:
    """Action and parameters of the first task that calls this agent (so), as the flow says them."""
    for group in ("tasks", "finally"):
        tasks = document.raw.get(group)
        for task in tasks if isinstance(tasks, list) else ():
            if not isinstance(task, Mapping) or task.get("agent_name") != agent:
                continue
            if action is None or task.get("action") == action:
                parameters = task.get("parameters")
                known = dict(parameters) if isinstance(parameters, Mapping) else {}
                return str(task.get("action", "")), known
    if action is not None:
        return action, {}
    config = next((each for each in document.workflow.agents if each.name == agent), None)
    return (min(config.actions) if config is not None and config.actions else ""), {}


def asked_of(document: Document, agent: str) -> list[str]:
    """The actions that the flow's tasks ask of this agent, in their order."""
    return [task.action for task in document.workflow.all_tasks if task.agent_name == agent]


def begun(document: Document, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters to begin with: where one is an input of the flow, that input's default."""
    return {name: _begun(document, value) for name, value in parameters.items()}


def _begun(document: Document, value: Any) -> Any:
    found = _TEMPLATE.fullmatch(value.strip()) if isinstance(value, str) else None
    spec = document.workflow.inputs.get(found[1]) if found else None
    return value if spec is None or spec.secret or spec.default is None else spec.default


def raw_agent(document: Document, agent: str) -> Mapping[str, Any]:
    """The agent as the flow says it, without its secrets; empty for one that is not declared."""
    agents = document.raw.get("agents")
    found = (each for each in (agents if isinstance(agents, list) else ()) if isinstance(each, Mapping))
    return next((each for each in found if each.get("name") == agent), {})


def as_text(parameters: Mapping[str, Any]) -> str:
    """Parameters as they are edited: YAML."""
    return yaml_text(dict(parameters)) if parameters else ""


def from_text(text: str) -> dict[str, Any]:
    """Edited text, YAML or JSON, as parameters. Raises ValueError with the place."""
    data = yaml_value(text) if text.strip() else None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ValueError("parameters are a map of names and values")
    return data


def filled_in(
    document: Document, call: Call, environment: Mapping[str, str]
) -> tuple[Document, dict[str, Any]]:
    """The parameters with the values of their variables, and the document that keeps those secret.

    What is as the flow says it gets what the flow gets there. Raises InvalidFlow for an unset variable.
    """
    problems = Problems()
    substitution = Substitution(environment, problems)
    fresh = substitution.apply(call.parameters, _WHERE)
    problems.raise_errors()
    known, values = usual(document, call.agent, call.action)[1], _values(document, call)
    secret = document.secrets | secrets.secret_values({}, substitution.uses)
    return replace(document, secrets=secret), _as_in_flow(call.parameters, known, values, fresh)


def said(event: ev.Event) -> Line | None:
    """What an event tells of a call under way."""
    match event:
        case ev.AttemptStarted(attempt=attempt):
            return f"attempt {attempt} is under way", "muted"
        case ev.AttemptCompleted(attempt=attempt, duration=seconds):
            return f"attempt {attempt} answered in {took(seconds)}", "ok"
        case ev.AttemptFailed(attempt=attempt, failure=failure, retry_in=None, duration=seconds):
            return f"attempt {attempt} failed after {took(seconds)}: {failure_text(failure)}", "bad"
        case ev.AttemptFailed(attempt=attempt, failure=failure, retry_in=float(again)):
            return f"attempt {attempt} failed: {failure_text(failure)}; again in {duration(again)}", "retry"
        case ev.TaskCancelled():
            return "the call was ended", "skipped"
        case ev.TaskWaiting(why=why, reason=reason) if reason != "person":  # that question is on the screen
            return f"waits: {why or reason}", "retry"
    return _said_of_others(event)


def _said_of_others(event: ev.Event) -> Line | None:
    """Of the breaker, and of the person who is asked."""
    match event:
        case ev.BreakerOpened(why=why):
            return f"the breaker opened: {why}", "bad"
        case ev.BreakerHalfOpened():
            return "the breaker lets one probe through", "retry"
        case ev.BreakerClosed():
            return "the breaker closed", "ok"
        case ev.ApprovalGranted():
            return "you approved", "ok"
        case ev.ApprovalRejected():
            return "you rejected", "skipped"
    return None


def took(seconds: float) -> str:
    """Milliseconds below a second: what is looked for here are small differences."""
    return f"{max(seconds, 0) * 1000:.0f} ms" if seconds < 0.9995 else duration(seconds)


def _values(document: Document, call: Call) -> Mapping[str, Any]:
    """The parameters of the same task as `usual`, with the values they have when the flow runs."""
    wanted = (call.agent, call.action)
    tasks = document.workflow.all_tasks
    return next((task.parameters for task in tasks if (task.agent_name, task.action) == wanted), {})


def _as_in_flow(edited: Any, known: Any, values: Any, fresh: Any) -> Any:
    """Where `edited` is what the flow says (`known`), the flow's value; elsewhere the `fresh` one."""
    if edited == known and type(edited) is type(known):
        return values
    if isinstance(edited, dict) and isinstance(known, dict) and isinstance(values, Mapping):
        return {
            key: _as_in_flow(each, known[key], values[key], fresh[key])
            if key in known and key in values
            else fresh[key]
            for key, each in edited.items()
        }
    return fresh
