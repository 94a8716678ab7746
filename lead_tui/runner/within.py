"""A call to another agent from within an attempt: its limits, its breaker, its budget and its timeout hold.

It stands under the task of the attempt: notes, questions and tool calls are the task's. What it uses counts
for the attempt and in the budgets of both agents.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lead_tui.agents.base import AgentResponse, Answer, Begun, Gate
from lead_tui.errors import AgentError, Category, Failure, failed
from lead_tui.flow.diagnostics import did_you_mean, one_of
from lead_tui.resilience.guard import Guard
from lead_tui.runner.call import call
from lead_tui.runner.call_time import CallTime
from lead_tui.runner.callers import Callers
from lead_tui.runner.crew import Member
from lead_tui.runner.libraries import load_libraries_of
from lead_tui.runner.plain import plain

if TYPE_CHECKING:
    from lead_tui.runner.context import AttemptContext


@dataclass(slots=True)
class Admission:
    """What a call that was let go may still use for its first request: its payment, and its turn."""

    paid: bool = True
    turn: bool = True

    def use(self) -> tuple[bool, bool]:
        """Both, for once."""
        given, self.paid, self.turn = (self.paid, self.turn), False, False
        return given


class CallContext:
    """What an agent gets that another one calls. It saves nothing: only an attempt can go on."""

    def __init__(
        self,
        attempt: "AttemptContext",
        member: Member,
        callers: Callers,
        key: str,
        *,
        call: str,
        free: bool,
    ) -> None:
        """`call`: the tool call that it is made for, if it is for one; `free`: budgets do not count it."""
        self.run_id = attempt.run_id
        self.task = attempt.task
        self.attempt = attempt.attempt
        self.folder = attempt.folder
        self.environment = attempt.environment
        self.shared = attempt.shared
        self.heartbeat = attempt.heartbeat
        self.log = attempt.log
        self.progress = attempt.progress
        self.tokens = attempt.tokens
        self.service = attempt.service
        self.stored = attempt.stored
        self.conceal = attempt.conceal
        self.mask = attempt.mask
        self.idempotency_key = key
        self.saved: list[Any] = []
        self.time = CallTime()
        self._agent: str = member.agent.config.name
        self._guard = member.guard
        self._free = free
        self._admission = Admission(paid=not free)
        self._callers = callers.joined_by(self._agent, self.time, call)
        self._within = attempt

    @property
    def files(self) -> Path:
        return self._within.files

    def save(self, piece: Any) -> None:
        """Nothing: the call is made anew if the attempt that made it begins again."""
        self.heartbeat()

    async def ask(self, gate: Gate, bound_to: str = "") -> Answer:
        return await self._within.ask_for(self._callers, gate, bound_to)

    async def rest(self, seconds: float) -> None:
        await self._callers.rest(seconds)

    async def admit(self) -> None:
        await self._within.admit_request(self._admission, self._guard, self._agent, self._callers)

    def spend(self, usage: Mapping[str, float]) -> None:
        self._within.count(usage, self._agent)

    def tool_called(self, call: str, tool: str, arguments: Any) -> None:
        self._within.tool_called(f"{self._agent}/{call}", tool, arguments)

    def tool_returned(self, call: str, tool: str, result: Any = None, failure: Failure | None = None) -> None:
        self._within.tool_returned(f"{self._agent}/{call}", tool, result, failure)

    def ended(self) -> None:
        """Its time counts, however it ended."""
        if not self._free:
            self._within.count_seconds(self.time.seconds, self._agent)

    async def call(
        self,
        agent: str,
        action: str,
        parameters: dict[str, Any],
        begun: Begun | None = None,
        call: str = "",
    ) -> AgentResponse:
        call = f"{self._agent}/{call}" if call else ""
        return await call_within(self._within, self._callers, agent, action, parameters, begun, call)


async def call_within(
    attempt: "AttemptContext",
    callers: Callers,
    agent: str,
    action: str,
    parameters: dict[str, Any],
    begun: Begun | None,
    call: str,
) -> AgentResponse:
    """`callers` wait for this call; `begun` is awaited when nothing holds it back any more; `call` is the
    tool call that it is made for, if it is for one.

    A failure is in the response. Raises AgentError for an agent that the flow does not declare.
    """
    attempt.check_known(agent)
    try:
        member = attempt.member_of(agent)
        _check(member, callers.agents, action)
        parameters = plain(parameters)
    except AgentError as error:
        return AgentResponse(success=False, error=error.failure)
    key = attempt.key_of(agent, action, parameters, call)
    free = member.agent.config.is_free(action)
    context = CallContext(attempt, member, callers, key, call=call, free=free)
    await attempt.stored()
    async with AsyncExitStack() as place:
        with callers.standing_still():
            await place.enter_async_context(member.places)
            if not free:
                await attempt.pay(agent, callers)
            await load_libraries_of(type(member.agent))
            refused = await _let_through(member.guard, key, begun)
        if refused is not None:
            return AgentResponse(success=False, error=refused)
        return await _make(member, action, parameters, context, key)


def _check(member: Member, callers: tuple[str, ...], action: str) -> None:
    config = member.agent.config
    if config.name in callers:
        path = " → ".join((*callers, config.name))
        raise failed(Category.VALIDATION, f"agents would call each other in a circle: {path}", code="circle")
    if config.actions is not None and action not in config.actions:
        hint = did_you_mean(action, config.actions) or one_of(sorted(config.actions))
        message = f"the agent {config.name!r} has no action {action!r}; {hint}"
        raise failed(Category.VALIDATION, message, code="unknown_action")
    if problem := config.action_problem(action):
        message = f"{action!r} cannot be an action of {config.name!r}: {problem}"
        raise failed(Category.VALIDATION, message, code="unknown_action")


async def _let_through(guard: Guard, ticket: str, begun: Begun | None) -> Failure | None:
    """Wait for limit, Retry-After and breaker; the failure if the call must not be made."""
    try:
        while (hold := guard.admit(ticket)) is not None:
            if (failure := await hold.wait()) is not None:
                guard.forget(ticket)
                return failure
        if begun is not None:
            await begun()
    except BaseException:
        guard.forget(ticket)
        raise
    return None


async def _make(
    member: Member, action: str, parameters: dict[str, Any], context: CallContext, ticket: str
) -> AgentResponse:
    seconds = member.attempt_timeout
    try:
        response = await call(member.agent, action, parameters, context, context.time, seconds)
    except asyncio.CancelledError:
        member.guard.settle(ticket, None, cancelled=True)
        raise
    finally:
        context.ended()
    failure = response.error if isinstance(response.error, Failure) else None
    member.guard.settle(ticket, failure)
    context.spend(response.usage)
    return response
