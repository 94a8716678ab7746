"""Single calls to an agent: what was asked, what happened meanwhile, what came of it. Pure.

Parameters are edited as they stand in the flow, `${NAME}` kept, and get their values just before they go out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import yaml

from lead_tui.core import events as ev
from lead_tui.errors import InvalidFlow
from lead_tui.flow import document as text_form
from lead_tui.flow import secrets
from lead_tui.flow.diagnostics import Diagnostic, Problems
from lead_tui.flow.loader import Document
from lead_tui.flow.models import AgentConfig
from lead_tui.flow.variables import Substitution
from lead_tui.runner.trial import Trial
from lead_tui.text.words import duration, failure_text
from lead_tui.tui.look import Look, Tone

_WHERE = ("tasks", 0, "parameters")
"""How the variables of parameters are read: as in a task."""
_UNDER_WAY = Look("▶", ">", "under way", "busy")
_WORKS = Look("✔", "+", "works", "ok")
_ANSWERS = Look("✖", "x", "answers with an error", "bad")
_SILENT = Look("✖", "x", "does not answer", "bad")
_CANCELLED = Look("⊘", "-", "cancelled", "skipped")
_IMPOSSIBLE = Look("✖", "x", "cannot be called", "bad")

Line = tuple[str, Tone]
_ENDS = (ev.AttemptStarted, ev.AttemptCompleted, ev.AttemptFailed, ev.TaskCancelled)
"""Events with which the attempt that began last is not under way any more, or not so."""


@dataclass(slots=True)
class Call:
    """One call. `parameters` as they were edited; `lines` say what happened so far."""

    number: int
    at: datetime
    agent: str
    action: str
    parameters: dict[str, Any]
    lines: list[Line] = field(default_factory=list)
    began: Line = ("", "muted")
    """What was said of the attempt that began last."""
    trial: Trial | None = None
    problem: str = ""
    """Why it could not be made at all."""
    cancelled: bool = False

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
            return _IMPOSSIBLE if self.problem else _CANCELLED if self.cancelled else _UNDER_WAY
        if self.trial.success:
            return _WORKS
        return _ANSWERS if self.trial.reachable else _SILENT

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


def usual(document: Document, agent: str) -> tuple[str, dict[str, Any]]:
    """Action and parameters of the first task that calls this agent, as the flow says them."""
    for group in ("tasks", "finally"):
        tasks = document.raw.get(group)
        for task in tasks if isinstance(tasks, list) else ():
            if isinstance(task, Mapping) and task.get("agent_name") == agent:
                parameters = task.get("parameters")
                return str(task.get("action", "")), dict(parameters) if isinstance(
                    parameters, Mapping
                ) else {}
    config = next((each for each in document.workflow.agents if each.name == agent), None)
    return (min(config.actions) if config is not None and config.actions else ""), {}


def raw_agent(document: Document, agent: str) -> Mapping[str, Any]:
    """The agent as the flow says it, without its secrets; empty for one that is not declared."""
    agents = document.raw.get("agents")
    found = (each for each in (agents if isinstance(agents, list) else ()) if isinstance(each, Mapping))
    return next((each for each in found if each.get("name") == agent), {})


def as_text(parameters: Mapping[str, Any]) -> str:
    """Parameters as they are edited: YAML."""
    if not parameters:
        return ""
    return yaml.safe_dump(dict(parameters), sort_keys=False, allow_unicode=True, width=10_000).rstrip()


def from_text(text: str) -> dict[str, Any]:
    """Edited text, YAML or JSON, as parameters. Raises ValueError with the place."""
    if not text.strip():
        return {}
    try:
        data, _ = text_form.parse(text)
    except InvalidFlow as error:
        first = error.diagnostics[0]
        place = f"{first.line}:{first.col} " if isinstance(first, Diagnostic) and first.line else ""
        raise ValueError(f"{place}{first.message if isinstance(first, Diagnostic) else first}") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ValueError("parameters are a map of names and values")
    return data


def filled_in(
    document: Document, agent: str, parameters: dict[str, Any], environment: Mapping[str, str]
) -> tuple[Document, dict[str, Any]]:
    """The parameters with the values of their variables, and the document that keeps those secret.

    What is as the flow says it gets what the flow gets there. Raises InvalidFlow for an unset variable.
    """
    problems = Problems()
    substitution = Substitution(environment, problems)
    fresh = substitution.apply(parameters, _WHERE)
    problems.raise_errors()
    known, values = usual(document, agent)[1], _values(document, agent)
    secret = document.secrets | secrets.secret_values({}, substitution.uses)
    return replace(document, secrets=secret), _as_in_flow(parameters, known, values, fresh)


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
        case ev.TaskWaiting(why=why, reason=reason):
            return f"waits: {why or reason}", "retry"
        case ev.BreakerOpened(why=why):
            return f"the breaker opened: {why}", "bad"
        case ev.BreakerHalfOpened():
            return "the breaker lets one probe through", "retry"
        case ev.BreakerClosed():
            return "the breaker closed", "ok"
    return None


def took(seconds: float) -> str:
    """Milliseconds below a second: what is looked for here are small differences."""
    return f"{max(seconds, 0) * 1000:.0f} ms" if seconds < 0.9995 else duration(seconds)


def _values(document: Document, agent: str) -> Mapping[str, Any]:
    """The parameters of the same task as `usual`, with the values they have when the flow runs."""
    tasks = document.workflow.all_tasks
    return next((task.parameters for task in tasks if task.agent_name == agent), {})


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
