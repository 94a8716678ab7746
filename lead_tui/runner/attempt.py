"""One attempt: wait if a guard says so, render, call, check, and say in facts what became of it."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from lead_tui.agents.base import AgentResponse
from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.core.spending import add
from lead_tui.errors import AgentError, Category, Failure, TemplateError
from lead_tui.flow.models import TaskSpec
from lead_tui.resilience.guard import Hold
from lead_tui.runner.call import call
from lead_tui.runner.context import AttemptContext
from lead_tui.runner.crew import Member
from lead_tui.runner.idle_clock import IdleClock
from lead_tui.runner.libraries import load_libraries_of
from lead_tui.runner.plain import plain
from lead_tui.templating.environment import evaluate, render
from lead_tui.templating.references import saw

if TYPE_CHECKING:
    from lead_tui.runner.runner import Runner


class Attempt(AttemptContext):
    """The context that an agent gets, and the coroutine that calls it."""

    stopping: Literal["", "cancelled", "deadline"] = ""
    begun = False

    def __init__(self, runner: "Runner", order: fx.StartAttempt, spec: TaskSpec, member: Member) -> None:
        super().__init__(runner, order, member)
        self._spec = spec
        self._ticket = runner.ticket(order.task)
        if spec.idle_timeout is not None:
            self.idle = self.time.idle = IdleClock(spec.idle_timeout, self._stalled)
        if runner.run.budgets:
            runner.ledger.open(order.task, order.attempt, self.meter)

    async def run(self) -> None:
        """Ends with facts posted to the runner, whatever happens, unless the run is being parked."""
        self.begun = True
        try:
            parameters = render(self._spec.parameters, self._runner.scope) if self._spec.parameters else {}
        except TemplateError as error:
            self._post_failure(template_failure(error))
            return
        ledger, guard = self._runner.ledger, self._member.guard
        if self._ticket not in self._runner.verdicts and (short := ledger.refuses(self.task)) is not None:
            self._runner.let_go(self.task)
            self._runner.post(short.fact, self._held_by(short, begun=False))
            return
        self._runner.held.pop(self._ticket, None)
        hold = guard.admit(self._ticket)
        if hold is not None or self._runner.verdicts:
            failure = await self._held(hold)
            if failure is not None:
                if failure is not _LATER:
                    self._post_failure(failure)
                return
        if self._runner.run.budgets:
            # not before: who waits for a limit may never come to it
            ledger.count_attempt(self.task, self.meter)
        await self._call(parameters)

    async def _held(self, hold: Hold | None) -> Failure | None:
        """None: go. `_LATER`: the task waits, and will be started again."""
        known = self._runner.verdicts.pop(self._ticket, None)
        if known is not None:
            self._member.guard.forget(self._ticket)
            return known
        if hold is None or hold.failure is not None:
            return hold.failure if hold is not None else None
        until = None if hold.seconds is None else self._runner.clock.now() + timedelta(seconds=hold.seconds)
        self._runner.post(
            ev.TaskWaiting(
                task=self.task, attempt=self.attempt, reason=hold.reason, until=until, why=hold.why
            )
        )
        try:
            failure = await hold.wait()
        except asyncio.CancelledError:
            self._member.guard.forget(self._ticket)
            return _LATER
        if failure is None:
            self._runner.held[self._ticket] = self._member.guard
        else:
            self._runner.verdicts[self._ticket] = failure
        self._runner.post(ev.TaskReady(task=self.task, why=f"waited: {hold.why}"))
        return _LATER

    async def _call(self, parameters: dict[str, Any]) -> None:
        guard, seconds = self._member.guard, self._member.attempt_timeout
        try:
            await load_libraries_of(type(self._member.agent))
            response = await call(self._member.agent, self._spec.action, parameters, self, self.time, seconds)
        except asyncio.CancelledError:
            guard.settle(self._ticket, None, cancelled=True)
            self._post_cancelled()
            return
        failure = response.error if isinstance(response.error, Failure) else None
        guard.settle(self._ticket, failure)  # of the call: what we expect of its result is not the service's
        self.flush_tokens()
        if self.stopping:
            self.log("a result came after the attempt was cancelled; it is not used", "warning")
            self._post_cancelled()
            return
        if response.usage:
            add(self.meter.own.usage, response.usage)
        evaluated: list[ev.Event] = []
        if failure is None and (self._spec.expect or self._spec.output is not None):
            failure, evaluated = self._judged(response)
        if failure is None:
            self._post_completed(response, evaluated)
        else:
            self._post_failure(failure, response, evaluated)

    def _stalled(self, idle: float) -> None:
        """Nothing was heard for `idle` seconds; of one that is being cancelled nothing needs to be."""
        if not self.stopping and not self._runner.parked:
            fact = ev.AttemptStalled(task=self.task, attempt=self.attempt, idle=round(idle, 3))
            self.time.stall(partial(self._runner.post, fact))

    def _judged(self, response: AgentResponse) -> tuple[Failure | None, list[ev.Event]]:
        """Hold the raw result against `expect`, then shape it with `output`."""
        spec = self._spec
        scope = {**self._runner.scope, "result": response.result, "meta": response.meta}
        evaluated: list[ev.Event] = []
        try:
            for expression in spec.expect:
                value, seen = evaluate(expression, scope), saw(expression, scope)
                evaluated.append(self._evaluated("expect", bool(value), expression, seen))
                if not value:
                    return _unexpected(expression, seen), evaluated
            if spec.output is not None:
                evaluated.append(self._evaluated("output", plain(render(spec.output, scope))))
        except TemplateError as error:
            return template_failure(error), evaluated
        except AgentError as error:
            return error.failure, evaluated
        return None, evaluated

    def _evaluated(
        self, role: Literal["expect", "output"], value: Any, why: str = "", seen: dict[str, Any] | None = None
    ) -> ev.Event:
        return ev.ExpressionEvaluated(
            role=role, task=self.task, attempt=self.attempt, value=value, why=why, saw=seen or {}
        )

    # what became of it

    def give_up(self) -> None:
        """Count a call that ignores its cancellation as cancelled: its answer, if any, comes too late."""
        self._post_cancelled()

    def _post_completed(self, response: AgentResponse, evaluated: list[ev.Event]) -> None:
        self._post_end(
            *evaluated,
            ev.AttemptCompleted(
                task=self.task, attempt=self.attempt, result=response.result, meta=response.meta,
                duration=self.time.seconds, usage=self._used(),
            ),
        )  # fmt: skip

    def _post_end(self, *facts: ev.Event) -> None:
        """The last facts of an attempt, with what other agents used meanwhile."""
        if self.bill is not None:
            self.bill.close()
            facts = (*self.bill.untold_of_others(), *facts)
        self._runner.post(*facts)

    def _used(self) -> dict[str, float]:
        return self.meter.total if self.bill is not None else {}

    def _post_failure(
        self,
        failure: Failure,
        response: AgentResponse | None = None,
        evaluated: list[ev.Event] | None = None,
    ) -> None:
        decision = self._runner.judge(
            failure, self.order, self._member.guard, goes_on=self.would_go_on, open_calls=self.is_open
        )
        self._post_end(
            *(evaluated or ()),
            ev.AttemptFailed(
                task=self.task, attempt=self.attempt, failure=failure, retry_in=decision.delay,
                why=decision.why, duration=self.time.seconds,
                result=response.result if response is not None else None,
                meta=response.meta if response is not None else {},
                usage=self._used(),
            ),
        )  # fmt: skip

    def _post_cancelled(self) -> None:
        duration, usage = self.time.seconds, self._used()
        if self.stopping == "deadline":
            self._post_end(
                ev.AttemptFailed(
                    task=self.task, attempt=self.attempt, failure=self._runner.task_timeout(self.task),
                    duration=duration, usage=usage,
                )
            )  # fmt: skip
        elif self.stopping:
            self._post_end(
                ev.TaskCancelled(
                    task=self.task, why="cancelled while running", duration=duration, usage=usage
                )
            )
        elif not self._runner.parked:  # nobody of ours did it
            failure = Failure(Category.AGENT, "the agent cancelled its own call", code="raised")
            self._post_failure(failure)


_LATER = Failure(Category.SYSTEM, "the attempt starts later", code="later")


def _unexpected(expression: str, seen: dict[str, Any]) -> Failure:
    values = ", ".join(f"{path} was {value!r}" for path, value in seen.items())
    message = f"expected {expression}" + (f", but {values}" if values else "")
    return Failure(Category.VALIDATION, message, code="expect")


def template_failure(error: TemplateError) -> Failure:
    code = "undefined" if error.path else "template"
    return Failure(Category.VALIDATION, str(error), code=code)
