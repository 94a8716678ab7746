"""Agents from a function, and a record of who was called with what.

calls = CallLog()

def weather(call: Call) -> object:
    if call.attempt == 1:
        raise AgentError(Failure(Category.NETWORK, "down", Outcome.SAFE))
    return {"city": call.parameters["city"], "sky": "clear"}

register_agent_type("weather", scripted(weather, calls))
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent
from lead_tui.flow.models import AgentConfig


class Call(msgspec.Struct, frozen=True):
    """One call of `execute`."""

    agent: str
    action: str
    parameters: dict[str, Any]
    task: str
    attempt: int
    context: AgentContext


class CallLog(list[Call]):
    """The calls in the order they were made."""

    def tasks(self) -> list[str]:
        return [each.task for each in self]

    def of(self, task: str) -> list[Call]:
        return [each for each in self if each.task == task]


Script = Callable[[Call], Any | Awaitable[Any]]


class ScriptedAgent(BaseAgent[AgentConfig]):
    """Answers with what its function returns: a response, or a plain result."""

    script: Script
    calls: CallLog

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        call = Call(self.config.name, action, parameters, context.task, context.attempt, context)
        self.calls.append(call)
        value = type(self).script(call)
        if inspect.isawaitable(value):
            value = await value
        return value if isinstance(value, AgentResponse) else AgentResponse(success=True, result=value)


def scripted(
    function: Script,
    calls: CallLog | None = None,
    config_model: type[AgentConfig] = AgentConfig,
) -> type[ScriptedAgent]:
    """An agent type that calls `function`, which may be async, and writes each call to `calls`."""
    members = {
        "script": staticmethod(function),
        "calls": CallLog() if calls is None else calls,
        "config_model": config_model,
        "__module__": function.__module__,
        "__doc__": function.__doc__ or ScriptedAgent.__doc__,
    }
    return type("Scripted", (ScriptedAgent,), members)
