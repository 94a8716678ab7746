"""One attempt: wait if a guard says so, render, call, check, and say in facts what became of it."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from lead_tui.agents.base import AgentResponse, Answer, Gate
from lead_tui.agents.output import MAX_LINE
from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.errors import AgentError, Category, Failure, Outcome, TemplateError
from lead_tui.flow.models import TaskSpec
from lead_tui.resilience.guard import Hold
from lead_tui.runner.crew import Member
from lead_tui.runner.plain import plain, storable
from lead_tui.runner.secrets import ConcealedStream
from lead_tui.templating.environment import evaluate, render
from lead_tui.templating.references import saw

if TYPE_CHECKING:
    from lead_tui.runner.runner import Runner

Level = Literal["debug", "info", "warning", "error"]
Stream = Literal["log", "stdout", "stderr"]
NOTE_LENGTH = 64 * 1024


class Attempt:
    """The context that an agent gets, and the coroutine that calls it."""

    stopping: Literal["", "cancelled", "deadline"] = ""
    begun = False
    _asked = 0
    _answer: asyncio.Future[None] | None = None
    _timeout: asyncio.Timeout | None = None
    _tokens: ConcealedStream | None = None

    def __init__(self, runner: "Runner", order: fx.StartAttempt, spec: TaskSpec, member: Member) -> None:
        self.run_id = runner.run.run_id
        self.task = order.task
        self.attempt = order.attempt
        self.folder: Path = runner.document.folder
        self.environment: Mapping[str, str] = runner.environment
        self.shared: dict[str, Any] = runner.crew.shared
        self.order = order
        self._runner = runner
        self._spec = spec
        self._member = member
        self.loop = asyncio.get_running_loop()
        self._began = self.loop.time()
        self._cut: set[Stream] = set()
        self._ticket = f"{self.run_id}/{order.task}"

    # what the agent may use

    @property
    def idempotency_key(self) -> str:
        text = f"{self.run_id}/{self.task}/{self.order.generation}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def log(self, text: str, level: Level = "info", stream: Stream = "log") -> None:
        text = _bounded(self._masked(storable(text), stream))
        self._note(ev.Log(text=text, level=level, stream=stream))

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        self._note(ev.Progress(done=done, total=total, text=storable(text)))

    def tokens(self, text: str) -> None:
        if self._tokens is None:
            self._tokens = ConcealedStream(self._runner.concealer)
        if safe := self._tokens.feed(storable(text)):
            self._note(ev.Tokens(text=safe))

    def conceal(self, value: str) -> None:
        self._runner.concealer.add(value)

    async def ask(self, gate: Gate) -> Answer:
        self._asked += 1
        name = gate_name(self.task, self.order.generation, self._asked)
        known = self._runner.run.gates.get(name)
        if known is None or known.answer is None:
            await self._wait_for_person(name, gate)
        answer = self._runner.run.gates[name].answer
        if isinstance(answer, ev.ApprovalGranted):
            return Answer(True, answer.by, answer.ts, answer.answer, answer.values)
        assert answer is not None  # noqa: S101 - the attempt is only started again once the answer is there
        return Answer(False, answer.by, answer.ts, answer.why)

    async def _wait_for_person(self, name: str, gate: Gate) -> None:
        self._answer = asyncio.get_running_loop().create_future()
        deadline = self._timeout.when() if self._timeout is not None else None
        asked = self._now()
        if self._timeout is not None:
            self._timeout.reschedule(None)  # a person's time is not the call's
        self._runner.post(
            ev.ApprovalRequested(
                task=self.task, attempt=self.attempt, gate=name, action=gate.action,
                message=storable(gate.message), show=plain(gate.show), options=list(gate.options),
                form=gate.form,
            )
        )  # fmt: skip
        await self._answer
        if self._timeout is not None and deadline is not None:
            self._timeout.reschedule(deadline + self._now() - asked)

    def answered(self) -> bool:
        """Go on with the agent, if it waits for a person; False if it is not here any more."""
        if self._answer is None or self._answer.done():
            return False
        self._answer.set_result(None)
        return True

    def give_up(self) -> None:
        """Count a call that ignores its cancellation as cancelled: its answer, if any, comes too late."""
        self._post_cancelled()

    # the call

    async def run(self) -> None:
        """Ends with facts posted to the runner, whatever happens, unless the run is being parked."""
        self.begun = True
        guard = self._member.guard
        hold = guard.admit(self._ticket)
        if hold is not None or self._runner.verdicts:
            failure = await self._held(hold)
            if failure is not None:
                if failure is not _LATER:
                    self._post_failure(failure, 0.0)
                return
        self._began = self._now()
        try:
            response, evaluated = await self._call()
        except asyncio.CancelledError:
            guard.settle(self._ticket, None, cancelled=True)
            self._post_cancelled()
            return
        except AgentError as error:
            response, evaluated = AgentResponse(success=False, error=error.failure), []
        failure = _failure_of(response)
        guard.settle(self._ticket, failure)
        self._flush_tokens()
        duration = self._now() - self._began
        if self.stopping:
            self.log("a result came after the attempt was cancelled; it is not used", "warning")
            self._post_cancelled()
        elif failure is None:
            self._runner.post(
                *evaluated,
                ev.AttemptCompleted(
                    task=self.task, attempt=self.attempt, result=response.result, meta=response.meta,
                    duration=duration, usage=response.usage,
                ),
            )  # fmt: skip
        else:
            self._post_failure(failure, duration, response, evaluated)

    async def _held(self, hold: Hold | None) -> Failure | None:
        """None: go. `_LATER`: the task waits, and will be started again."""
        known = self._runner.verdicts.pop(self._ticket, None)
        if known is not None:
            self._member.guard.forget(self._ticket)
            return known
        if hold is None:
            return None
        if hold.failure is not None:
            return hold.failure
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
        if failure is not None:
            self._runner.verdicts[self._ticket] = failure
        self._runner.post(ev.TaskReady(task=self.task, why=f"waited: {hold.why}"))
        return _LATER

    async def _call(self) -> tuple[AgentResponse, list[ev.Event]]:
        spec, scope = self._spec, self._runner.scope
        try:
            parameters = render(spec.parameters, scope) if spec.parameters else {}
        except TemplateError as error:
            return AgentResponse(success=False, error=template_failure(error)), []
        response = await self._execute(spec.action, parameters)
        if not response.success or (not spec.expect and spec.output is None):
            return response, []
        return self._judged(response)

    async def _execute(self, action: str, parameters: dict[str, Any]) -> AgentResponse:
        seconds = self._member.attempt_timeout
        try:
            if seconds is None:
                response = await self._member.agent.execute(action, parameters, self)
            else:
                async with asyncio.timeout(seconds) as self._timeout:
                    response = await self._member.agent.execute(action, parameters, self)
        except AgentError:
            raise
        except TimeoutError:
            if self._timeout is None or not self._timeout.expired():
                return AgentResponse.fail(Category.TIMEOUT, "the agent gave up: timeout", Outcome.UNKNOWN)
            message = f"no answer within the attempt's timeout of {seconds:g} s"
            return AgentResponse.fail(Category.TIMEOUT, message, Outcome.UNKNOWN, code="attempt_timeout")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code: all it raises is a failure
            return AgentResponse.fail(Category.AGENT, f"{type(error).__name__}: {error}", code="raised")
        finally:
            self._timeout = None
        result, meta = plain(response.result), plain(response.meta)
        return AgentResponse(response.success, result, response.error, meta, response.usage)

    def _judged(self, response: AgentResponse) -> tuple[AgentResponse, list[ev.Event]]:
        """Hold the raw result against `expect`, then shape it with `output`."""
        spec = self._spec
        scope = {**self._runner.scope, "result": response.result, "meta": response.meta}
        evaluated: list[ev.Event] = []
        try:
            for expression in spec.expect:
                value, seen = evaluate(expression, scope), saw(expression, scope)
                evaluated.append(self._evaluated("expect", bool(value), expression, seen))
                if not value:
                    return _unexpected(response, expression, seen), evaluated
            if spec.output is not None:
                evaluated.append(self._evaluated("output", plain(render(spec.output, scope))))
        except TemplateError as error:
            failed = AgentResponse(False, response.result, template_failure(error), response.meta)
            return failed, evaluated
        return response, evaluated

    def _evaluated(
        self, role: Literal["expect", "output"], value: Any, why: str = "", seen: dict[str, Any] | None = None
    ) -> ev.Event:
        return ev.ExpressionEvaluated(
            role=role, task=self.task, attempt=self.attempt, value=value, why=why, saw=seen or {}
        )

    # what became of it

    def _post_failure(
        self,
        failure: Failure,
        duration: float,
        response: AgentResponse | None = None,
        evaluated: list[ev.Event] | None = None,
    ) -> None:
        decision = self._runner.judge(failure, self.order, self._member.guard)
        self._runner.post(
            *(evaluated or ()),
            ev.AttemptFailed(
                task=self.task, attempt=self.attempt, failure=failure, retry_in=decision.delay,
                why=decision.why, duration=duration,
                result=response.result if response is not None else None,
                meta=response.meta if response is not None else {},
                usage=response.usage if response is not None else {},
            ),
        )  # fmt: skip

    def _post_cancelled(self) -> None:
        duration = self._now() - self._began
        if self.stopping == "deadline":
            self._runner.post(
                ev.AttemptFailed(
                    task=self.task, attempt=self.attempt, failure=self._runner.task_timeout(self.task),
                    duration=duration,
                )
            )  # fmt: skip
        elif self.stopping:
            self._runner.post(
                ev.TaskCancelled(task=self.task, why="cancelled while running", duration=duration)
            )

    def _masked(self, text: str, stream: Stream) -> str:
        """A line of 8 KiB is a piece of a longer one, and so is the one after it (`agents/output.py`)."""
        concealer = self._runner.concealer
        follows, goes_on = stream in self._cut, stream != "log" and len(text) >= MAX_LINE
        if goes_on:
            self._cut.add(stream)
        elif follows:
            self._cut.discard(stream)
        return concealer.piece(text) if follows or goes_on else concealer.text(text)

    def _flush_tokens(self) -> None:
        if self._tokens is not None and (rest := self._tokens.flush()):
            self._note(ev.Tokens(text=rest))

    def _note(self, note: ev.Note) -> None:
        self._runner.note(note, self.task, self.attempt)

    def _now(self) -> float:
        return self.loop.time()


_LATER = Failure(Category.SYSTEM, "the attempt starts later", Outcome.SAFE, "later")


def gate_name(task: str, generation: int, number: int) -> str:
    """The task's name for its first gate: short enough to type. A person's retry makes a new gate."""
    again = f"@{generation}" if generation > 1 else ""
    return f"{task}{again}" if number == 1 else f"{task}{again}.{number}"


def _failure_of(response: AgentResponse) -> Failure | None:
    if response.success:
        return None
    error = response.error or "the agent reported a failure without a reason"
    failure = error if isinstance(error, Failure) else Failure(Category.AGENT, str(error))
    return msgspec.structs.replace(failure, message=storable(failure.message))


def _unexpected(response: AgentResponse, expression: str, seen: dict[str, Any]) -> AgentResponse:
    values = ", ".join(f"{path} was {value!r}" for path, value in seen.items())
    message = f"expected {expression}" + (f", but {values}" if values else "")
    failure = Failure(Category.VALIDATION, message, code="expect")
    return AgentResponse(False, response.result, failure, response.meta, response.usage)


def template_failure(error: TemplateError) -> Failure:
    code = "undefined" if error.path else "template"
    return Failure(Category.VALIDATION, str(error), code=code)


def _bounded(text: str) -> str:
    return text if len(text) <= NOTE_LENGTH else f"{text[:NOTE_LENGTH]}… ({len(text)} characters)"
