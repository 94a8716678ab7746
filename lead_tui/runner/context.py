"""What an agent may use besides answering: people, money, tools, others. See `agents.base.AgentContext`."""

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lead_tui.agents.base import AgentResponse, Answer, Begun, Gate
from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.core.spending import add
from lead_tui.core.state import goes_on
from lead_tui.errors import Category, Failure, failed
from lead_tui.flow.diagnostics import did_you_mean
from lead_tui.resilience.guard import Guard
from lead_tui.runner.attempt_notes import AttemptNotes
from lead_tui.runner.bill import Bill
from lead_tui.runner.call import checked_usage
from lead_tui.runner.call_time import CallTime
from lead_tui.runner.callers import Callers
from lead_tui.runner.crew import Member
from lead_tui.runner.gates import answered, bound_gate_name, checked_gate, gate_name, requested
from lead_tui.runner.ledger import Shortage
from lead_tui.runner.meter import Meter
from lead_tui.runner.picture import picture
from lead_tui.runner.plain import plain
from lead_tui.runner.standstill import Standstill
from lead_tui.runner.within import Admission, call_within

if TYPE_CHECKING:
    from lead_tui.runner.runner import Runner


class AttemptContext(AttemptNotes):
    """The engine's side of `AgentContext`, for one attempt."""

    _asked = 0
    bill: Bill | None = None

    def __init__(self, runner: "Runner", order: fx.StartAttempt, member: Member) -> None:
        super().__init__(lambda note: runner.note(note, order.task, order.attempt), runner.concealer)
        self.run_id = runner.run.run_id
        self.task = order.task
        self.attempt = order.attempt
        self.folder: Path = runner.document.folder
        self.environment: Mapping[str, str] = runner.environment
        self.shared: dict[str, Any] = runner.crew.shared
        self.order = order
        self.loop = asyncio.get_running_loop()
        self._runner = runner
        self._member = member
        state = runner.run.tasks[order.task]
        self._saved: list[Any] = list(state.saved or ())
        self._has_saved = bool(state.saved)
        self._tools: dict[str, float] = {}
        self._similar: dict[str, int] = {}
        self._requests = 0
        self.admission = Admission()
        self.time = CallTime(state.accounts.get("", {}).get("seconds", 0.0))

    @cached_property
    def meter(self) -> Meter:
        """Made with the bill when there is something to count: most attempts have nothing."""
        meter = Meter(self._runner.run.tasks[self.task], self.time)
        self.bill = Bill(self.task, self.attempt, meter, self._note)
        return meter

    @cached_property
    def callers(self) -> Callers:
        """Those of the calls that this attempt makes to other agents."""
        return Callers((self._runner.run.tasks[self.task].plan.agent,), (self.time,))

    @cached_property
    def _standstill(self) -> Standstill:
        return Standstill(self.task, self.attempt, self._runner.post)

    @property
    def files(self) -> Path:
        return self._runner.files

    @property
    def idempotency_key(self) -> str:
        text = f"{self.run_id}/{self.task}/{self.order.generation}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    # people

    async def ask(self, gate: Gate, bound_to: str = "") -> Answer:
        return await self.ask_for(self.callers, gate, bound_to)

    async def ask_for(self, callers: Callers, gate: Gate, bound_to: str) -> Answer:
        """`callers` wait for the answer."""
        gate = checked_gate(gate)
        gates = self._runner.run.gates
        with callers.standing_still():  # a person's time is not the call's
            async with self._turn(callers):
                name = self._gate_name(bound_to)
                while (known := gates.get(name)) is None or known.answer is None:
                    await self._wait(requested(gate, name, self.task, self.attempt))
        return answered(known.answer)

    def _gate_name(self, bound_to: str) -> str:
        if bound_to:
            return bound_gate_name(self.task, self.order.generation, bound_to)
        self._asked += 1
        return gate_name(self.task, self.order.generation, self._asked)

    def _turn(self, callers: Callers) -> AbstractAsyncContextManager[None]:
        """The one turn to wait, with the tool calls of these callers that are open."""
        return self._standstill.turn(tuple(call for call in callers.calls if call in self._tools))

    async def _wait(self, *facts: ev.Event, for_money: bool = False) -> None:
        """Stand still until the core starts this attempt again; only in our turn."""
        self.pause_tokens()
        # that the attempt is itself a call is part of what it is held up by
        counted = self._runner.run.tasks[self.task].accounts.get("")
        await self._standstill.wait(*self._untold(always=for_money and not counted), *facts)

    def answered(self) -> bool:
        """Go on with the agent; False if it never stood still, so that it is not this that goes on."""
        return self._standstill.go_on()

    # limits and money

    async def rest(self, seconds: float) -> None:
        await self.callers.rest(seconds)

    async def admit(self) -> None:
        await self.admit_request(self.admission, self._member.guard, "", self.callers)

    async def admit_request(self, admission: Admission, guard: Guard, agent: str, callers: Callers) -> None:
        """One request of a call that was let go: within the budgets, and within its rate limit."""
        self.heartbeat()
        paid, has_turn = admission.use()
        if not (paid and self.meter.part(agent).is_ahead):
            await self.pay(agent, callers)
        if not has_turn:
            self._requests += 1
            with callers.standing_still():
                await guard.take_turn(f"{self._runner.ticket(self.task)}/{self.attempt}/{self._requests}")

    async def pay(self, agent: str, callers: Callers) -> None:
        """Wait until the budgets allow a call, of this agent's or to another one; `callers` wait, too."""
        ledger = self._runner.ledger
        if ledger.admit(self.task, self.meter, agent) is None:
            return
        with callers.standing_still():
            async with self._turn(callers):
                while (shortage := ledger.admit(self.task, self.meter, agent)) is not None:
                    await self._wait(shortage.fact, self._held_by(shortage, begun=True), for_money=True)

    def _held_by(self, shortage: Shortage, *, begun: bool) -> ev.TaskWaiting:
        return ev.TaskWaiting(
            task=self.task, attempt=self.attempt, reason="budget", why=shortage.why, begun=begun,
            agent=shortage.agent,
        )  # fmt: skip

    def spend(self, usage: Mapping[str, float]) -> None:
        self.count(usage)

    def count(self, usage: Mapping[str, float], agent: str = "") -> None:
        """What this attempt used, or another agent that it called."""
        self.heartbeat()
        if usage := checked_usage(usage):
            add(self.meter.part(agent).usage, usage)
            assert self.bill is not None  # noqa: S101 - it is made with the meter
            self.bill.show()

    def count_seconds(self, seconds: float, agent: str) -> None:
        self.meter.part(agent).seconds += seconds

    # tools

    def tool_called(self, call: str, tool: str, arguments: Any) -> None:
        self.heartbeat()
        self.pause_tokens()
        self._tools[call] = self.loop.time()
        shown = picture(arguments, self._runner.concealer)
        self._runner.post(
            ev.ToolCalled(task=self.task, attempt=self.attempt, call=call, tool=tool, arguments=shown)
        )

    def tool_returned(self, call: str, tool: str, result: Any = None, failure: Failure | None = None) -> None:
        self.heartbeat()
        now = self.loop.time()
        duration = now - self._tools.pop(call, now)
        shown = picture(result, self._runner.concealer)
        self._runner.post(
            ev.ToolReturned(
                task=self.task, attempt=self.attempt, call=call, tool=tool, result=shown, failure=failure,
                duration=duration,
            )
        )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Is a tool call under way?"""
        return bool(self._tools)

    @property
    def would_go_on(self) -> bool:
        """Would the next attempt go on where this one is?"""
        return goes_on(self._has_saved, open_calls=self.is_open)

    # what an attempt goes on with

    def _untold(self, *, always: bool = False) -> list[ev.Event]:
        return self.bill.untold(always=always) if self.bill is not None else []

    @property
    def saved(self) -> list[Any]:
        return self._saved

    def save(self, piece: Any) -> None:
        self.heartbeat()
        piece = plain(piece)
        self.pause_tokens()
        self._has_saved = True
        self._runner.post(*self._untold(), ev.AttemptSaved(task=self.task, attempt=self.attempt, piece=piece))

    async def stored(self) -> None:
        await self._runner.stored()

    # other agents

    async def call(
        self,
        agent: str,
        action: str,
        parameters: dict[str, Any],
        begun: Begun | None = None,
        call: str = "",
    ) -> AgentResponse:
        return await call_within(self, self.callers, agent, action, parameters, begun, call)

    def check_known(self, agent: str) -> None:
        """Raises AgentError for an agent that the flow does not declare."""
        names = self._runner.crew.names
        if agent not in names:
            hint = did_you_mean(agent, names)
            message = f"the flow has no agent {agent!r}" + (f"; {hint}" if hint else "")
            raise failed(Category.VALIDATION, message, code="unknown_agent")

    def member_of(self, agent: str) -> Member:
        """Raises AgentError for one that cannot be made."""
        try:
            return self._runner.crew.member(agent)
        except Exception as error:  # foreign code: what it raises is why the agent cannot be called
            problem = f"{agent} cannot be used: {error}"
            raise failed(Category.AGENT, problem, code="setup") from error

    def key_of(self, agent: str, action: str, parameters: dict[str, Any], call: str) -> str:
        """The idempotency key of a call: the same for the same call of a later attempt.

        One that is made for a tool call is known by that, as an attempt that goes on makes only some again.
        """
        made = [agent, action, parameters, *([call] if call else [])]
        text = msgspec.json.encode(made, order="deterministic")
        digest = hashlib.sha256(text).hexdigest()
        number = self._similar[digest] = self._similar.get(digest, 0) + 1
        return hashlib.sha256(f"{self.idempotency_key}/{digest}/{number}".encode()).hexdigest()[:32]
