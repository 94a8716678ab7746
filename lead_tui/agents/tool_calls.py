"""The calls of one agent to its tools: granted, approved by a person where the flow asks for it, within the
rate limit, then made.

An approval is bound to the call's exact arguments and used once. With `approval: first` the first call of the
tool asks, and once it is approved the agent's further calls of it in this run do not; those that ask at the
same time ask each for itself, and a run that goes on in another process asks again.
"""

from collections.abc import Mapping
from hashlib import blake2b
from itertools import count
from typing import Any

import msgspec

from lead_tui.agents.base import AgentContext, Gate
from lead_tui.agents.prints import prints_to
from lead_tui.agents.threads import ThreadContext
from lead_tui.clock import Clock, SystemClock
from lead_tui.errors import Category, failed
from lead_tui.flow.models import RateLimit
from lead_tui.resilience.rate_limit import RateLimiter
from lead_tui.tools.call import call_tool, checked_arguments
from lead_tui.tools.grants import Approval, GrantedTool, ToolGrants
from lead_tui.tools.tool import Tool

_APPROVED = "lead_tui.approved_tools"


class ToolCalls:
    """One per agent and run: it keeps the rate limits. `agent` is the agent's name."""

    def __init__(self, agent: str, grants: ToolGrants, clock: Clock | None = None) -> None:
        self.agent = agent
        self.grants = grants
        self._clock = clock or SystemClock()
        self._limiters: dict[str, RateLimiter] = {}
        self._tickets = count()

    async def call(
        self, name: str, arguments: Mapping[str, Any], context: AgentContext, call: str = ""
    ) -> Any:
        """The result of a tool of this process, as plain data. `call` names the call in its attempt.

        Raises AgentError: `permission_error` if it is not granted or not approved, else as `call_tool`.
        """
        granted = self.granted(name)
        checked_arguments(granted.tool, arguments)  # nobody is asked to approve what cannot be called
        await self.approve(name, granted.approval, arguments, context, call)
        await self.wait_turn(name, granted.rate_limit, context)
        return await self.make(granted.tool, arguments, context, call)

    def granted(self, name: str) -> GrantedTool:
        """AgentError (permission_error) for a tool that this agent may not call."""
        found = self.grants.granted_tool(name)
        if found is None:
            message = f"{self.agent} may not call the tool {name!r}: grant it under the agent's `tools`"
            raise failed(Category.PERMISSION, message, code="not_granted")
        return found

    async def approve(
        self,
        name: str,
        approval: Approval,
        arguments: Mapping[str, Any],
        context: AgentContext,
        call: str = "",
    ) -> None:
        """Ask a person where `approval` wants it. AgentError (permission_error) for a rejection.

        `name` is a tool's of this process, or `server.tool`.
        """
        key = f"{self.agent}|{name}"
        approved: set[str] = context.shared.setdefault(_APPROVED, set())
        if approval == "never" or (approval == "first" and key in approved):
            return
        answer = await context.ask(
            _question(self.agent, name, arguments), bound_to=_digest(key, arguments, call)
        )
        if not answer.granted:
            who = f"rejected by {answer.by}" if answer.by else "rejected"
            why = "" if answer.answer in ("", "approve", "reject") else f": {answer.answer}"
            raise failed(Category.PERMISSION, f"the call of {name} was {who}{why}", code="rejected")
        if approval == "first":
            approved.add(key)

    async def wait_turn(self, name: str, limit: RateLimit | None, context: AgentContext) -> None:
        """Until the rate limit of this tool lets the agent go on."""
        if limit is None:
            return
        limiter = self._limiters.setdefault(name, RateLimiter(limit, self._clock))
        ticket = str(next(self._tickets))
        try:
            while True:
                seconds = limiter.reserve(ticket)
                if not seconds:
                    return
                await context.rest(seconds)
        finally:
            limiter.cancel(ticket)

    async def make(self, tool: Tool, arguments: Mapping[str, Any], context: AgentContext, call: str) -> Any:
        """Make a call that was let go. What the function prints, in whatever thread, is the task's."""
        if tool.is_async:
            with prints_to(context):
                return await call_tool(tool, arguments, self.grants.tool_context(context, call))
        beside = ThreadContext(context)
        with prints_to(beside, finally_to=context):
            async with beside.delivering():
                return await call_tool(tool, arguments, self.grants.tool_context(beside, call))


def _question(agent: str, name: str, arguments: Mapping[str, Any]) -> Gate:
    return Gate(
        message=f"May {agent} call the tool {name}?", show={"tool": name, "arguments": dict(arguments)}
    )


def _digest(key: str, arguments: Mapping[str, Any], call: str) -> str:
    """The same for the same call with the same arguments, whatever the order of their names."""
    text = msgspec.json.encode([key, call, arguments], order="deterministic")
    return blake2b(text, digest_size=16).hexdigest()
