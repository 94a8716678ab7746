"""The async shell round the core of one run: fact -> core -> journal -> observers -> perform.

What gathers while one step is being stored goes into the next. Nothing that depends on a fact starts before
the fact is in the journal. If the journal fails, the run stops with that error: the machine is disposable.
"""

import asyncio
import random
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from lead_tui.clock import Clock
from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.core.follow import task_timeout
from lead_tui.core.machine import Machine, Step
from lead_tui.core.state import RUN_ENDED, RUNNING, RunState, RunStatus
from lead_tui.errors import AgentError, Category, Failure, Outcome, TemplateError
from lead_tui.flow.loader import Document
from lead_tui.flow.models import Workflow
from lead_tui.journal.base import Journal
from lead_tui.observers.hub import Hub
from lead_tui.observers.metrics import Metrics
from lead_tui.raised import we_are_cancelled
from lead_tui.resilience.guard import Guard, Guards
from lead_tui.resilience.retry import RetryDecision, decide
from lead_tui.runner.attempt import Attempt, template_failure
from lead_tui.runner.crew import Crew
from lead_tui.runner.ledger import Ledger
from lead_tui.runner.notes import NoteBook
from lead_tui.runner.plain import plain, storable
from lead_tui.runner.scope import run_scope
from lead_tui.runner.secrets import Concealer
from lead_tui.runner.timers import Timers
from lead_tui.templating.environment import evaluate, render
from lead_tui.templating.references import saw

RESTART_SECONDS = 60.0
CANCEL_GRACE = 10.0
"""Seconds after which an attempt that ignores its cancellation is given up."""


class Runner:
    """Drives one run that this process owns."""

    def __init__(
        self,
        *,
        machine: Machine,
        document: Document,
        workflow: Workflow,
        inputs: Mapping[str, Any],
        environment: Mapping[str, str],
        secrets: frozenset[str],
        journal: Journal,
        fence: int,
        guards: Guards,
        clock: Clock,
        draw: random.Random,
        ledger: Ledger,
    ) -> None:
        self.run: RunState = machine.run
        self.ledger = ledger
        self.document = document
        self.environment = environment
        self.clock = clock
        self.concealer = Concealer(secrets)
        self.hub = Hub()
        self.metrics = Metrics()
        self.crew = Crew(workflow, guards, self.post)
        self.scope = run_scope(self.run, inputs)
        self.begun = asyncio.Event()
        """The first step is stored."""
        self.verdicts: dict[str, Failure] = {}
        """What a wait before a call ended with, by ticket, until the attempt starts again."""
        self._workflow = workflow
        self.held: dict[str, Guard] = {}
        """Tickets whose wait is over: the places they hold are given back if their attempt never begins."""
        self._machine = machine
        self._journal = journal
        self._fence = fence
        self._draw = draw
        self._timers = Timers(clock, self.post)
        self.notes = NoteBook(self.run, journal, self.hub, clock)
        self._facts: list[ev.Event] = []
        self._posted = self._stored = 0
        self._storing: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._restarts: set[asyncio.Task[None]] = set()
        self._wishes: deque[tuple[ev.CommandReceived, asyncio.Future[str]]] = deque()
        self._arrived = asyncio.Event()
        self._attempts: dict[str, tuple[Attempt, asyncio.Task[None]]] = {}
        self._parked = False
        self._patient = True
        """Drive on although only a person can move the run: somebody looks on."""
        self._crash: BaseException | None = None

    # the outside

    def post(self, *facts: ev.Event) -> None:
        """Hand in facts that happened together. This is the one door, so secrets are masked here."""
        if self.concealer:
            facts = tuple(self.concealer.struct(fact) for fact in facts)
        self._facts += facts
        self._posted += len(facts)
        self._arrived.set()

    async def stored(self) -> None:
        """Until every fact that was handed in so far is in the journal."""
        if self._stored < self._posted:
            kept = asyncio.get_running_loop().create_future()
            self._storing.append((self._posted, kept))
            await kept

    def note(self, note: ev.Note, task: str = "", attempt: int = 0) -> None:
        self.notes.write(self.concealer.struct(note), task, attempt)

    async def command(self, wish: ev.CommandReceived) -> str:
        """Carry out a person's wish; gives the reason if it is refused. Returns once it is stored.

        Raises JournalError if it could not be stored.
        """
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if self._parked or self.run.status in RUN_ENDED:
            return "the run is not being driven here any more"
        self._wishes.append((self.concealer.struct(wish), answer))
        self._arrived.set()
        return await answer

    @property
    def files(self) -> Path:
        """Where files of this run belong."""
        return self._journal.files(self.run.run_id)

    @property
    def parked(self) -> bool:
        """Is the run being left, so that what is cancelled stays as it is stored?"""
        return self._parked

    def park(self) -> None:
        """Leave the run as it is stored now: a later owner takes it up."""
        self._parked = True
        self._arrived.set()

    def park_when_waiting(self) -> None:
        """Leave the run, now or later, once only a person can move it."""
        self._patient = False
        self._arrived.set()

    def fail(self, error: BaseException) -> None:
        """Stop driving with this error: a bug of ours, or the run belongs to somebody else now."""
        self._crash = self._crash or error
        self._arrived.set()

    def judge(
        self, failure: Failure, order: fx.StartAttempt, guard: Guard, *, goes_on: bool, open_calls: bool
    ) -> RetryDecision:
        """`goes_on`: the next attempt would not begin anew; `open_calls`: tools were called that have not
        returned, so the attempt did something, whatever it failed of.
        """
        task = self.run.tasks[order.task]
        if open_calls and not task.plan.idempotent:
            failure = msgspec.structs.replace(failure, outcome=Outcome.UNKNOWN)
        now = self.clock.now()
        end = self.run.cleanup_deadline if task.plan.cleanup else self.run.deadline
        deadlines = [each for each in (task.deadline, end) if each is not None]
        return decide(
            failure,
            self.crew.retry(order.task),
            tries=order.tries + 1,
            idempotent=task.plan.idempotent or goes_on,
            draw=self._draw,
            started=0.0,
            now=0.0,
            deadline=(min(deadlines) - now).total_seconds() if deadlines else None,
            budget=guard.budget,
        )

    def ticket(self, task: str) -> str:
        """What the guards know the task's next call by."""
        return f"{self.run.run_id}/{task}"

    def task_timeout(self, task: str) -> Failure:
        return task_timeout(self.run.tasks[task])

    # the loop

    async def drive(self, first: Step, *, park_when_waiting: bool) -> None:
        """Until the run has ended, is parked, or (if so wished) only a person can move it.

        Raises JournalError when a step cannot be stored.
        """
        self._patient = self._patient and not park_when_waiting
        try:
            await self._carry_out(first)
            self.begun.set()
            while not self._is_over():
                await self._arrived.wait()
                self._arrived.clear()
                if self._crash is not None:
                    raise self._crash
                posted = self._posted
                await self._carry_out(self._step())
                self._say_stored(posted)
                await self._grant()
        finally:
            await self._close()

    def _is_over(self) -> bool:
        idle = not self._facts and not self._wishes
        waiting = not self._patient and self.run.status is RunStatus.WAITING and idle
        return self._parked or self.run.status in RUN_ENDED or waiting

    def _say_stored(self, posted: int) -> None:
        self._stored = posted
        while self._storing and self._storing[0][0] <= posted:
            _, kept = self._storing.popleft()
            if not kept.done():
                kept.set_result(None)

    def _step(self) -> Step:
        facts, self._facts = self._facts, []
        return self._machine.handle(*facts, now=self.clock.now())

    async def _grant(self) -> None:
        """Answer the commands that came, each once what follows from it is stored."""
        while self._wishes:
            wish, answer = self._wishes.popleft()
            step = self._machine.command(wish, self.clock.now())
            try:
                if not isinstance(step, str):
                    await self._carry_out(step)
            except BaseException as error:
                if not answer.done():
                    answer.set_exception(error)
                raise
            if not answer.done():
                answer.set_result(step if isinstance(step, str) else "")

    async def _carry_out(self, step: Step) -> None:
        """Store, then publish, then perform."""
        events = step.events
        if events:
            await self._journal.append(self.run.run_id, self._fence, events, self._new_status(events))
            self._look_at(events)
            self.hub.publish(events)
        for effect in step.effects:
            self._perform(effect)

    def _look_at(self, events: Sequence[ev.Event]) -> None:
        self.metrics.see(events)
        if not self._timers and not self.held:
            return
        for event in events:
            if isinstance(event, _TASK_ENDS):
                self._timers.cancel(("task", event.task))
                self._timers.cancel(("wake", event.task))
                self.let_go(event.task)

    def let_go(self, task: str) -> None:
        """Give back the place that a wait before the task's next call has got."""
        ticket = self.ticket(task)
        self.verdicts.pop(ticket, None)
        if (guard := self.held.pop(ticket, None)) is not None:
            guard.forget(ticket)

    def _new_status(self, events: Sequence[ev.Event]) -> str | None:
        changed = any(type(event) in _STATUS_CHANGES for event in events)
        return str(self.run.status) if changed else None

    # effects

    def _perform(self, effect: fx.Effect) -> None:
        match effect:
            case fx.StartAttempt():
                self._start(effect)
            case fx.Evaluate(role="when", task=task):
                self.post(self._evaluate_when(task))
            case fx.Evaluate():
                self.post(self._evaluate_outputs(effect.lenient))
            case fx.CancelAttempt(task=task, why=why):
                self._cancel(task, why)
            case fx.Wake(task=task, at=at, why=why):
                self._timers.set(("wake", task), at, ev.TaskReady(task=task, why=why))
            case fx.SetDeadline(scope=scope, task=task, at=at):
                self._timers.set((scope, task), at, ev.DeadlinePassed(scope=scope, task=task))
            case fx.SteerBreaker(agent=agent, to=to):
                breaker = self.crew.member(agent).guard.breaker
                if to == "open":
                    breaker.trip()
                else:
                    breaker.reset()
            case fx.RestartAgent(agent=agent):
                restart = asyncio.create_task(self._restart(agent))
                self._restarts.add(restart)
                restart.add_done_callback(self._restarts.discard)

    async def _restart(self, agent: str) -> None:
        """One that has not been used yet has nothing to begin anew."""
        member = self.crew.known(agent)
        if member is None:
            return
        try:
            async with asyncio.timeout(RESTART_SECONDS):
                await member.agent.restart()
        except BaseException as error:  # foreign code: what it raises is told, and its tasks go on
            if we_are_cancelled(error):
                raise
            problem = f"{agent} could not be restarted: {type(error).__name__}: {error}"
            self.note(ev.Log(text=storable(problem), level="error"))

    def _start(self, order: fx.StartAttempt) -> None:
        alive = self._attempts.get(order.task)
        if alive is not None and alive[0].attempt == order.attempt and alive[0].answered():
            return
        spec = self.crew.spec(order.task)
        try:
            member = self.crew.member(spec.agent_name)
        except Exception as error:  # noqa: BLE001 - foreign code: an agent that cannot be made fails its task
            failure = Failure(Category.AGENT, f"{spec.agent_name} cannot be used: {error}", code="setup")
            self.post(ev.AttemptFailed(task=order.task, attempt=order.attempt, failure=failure))
            return
        attempt = Attempt(self, order, spec, member)
        coroutine = attempt.loop.create_task(attempt.run())
        coroutine.add_done_callback(partial(self._attempt_over, attempt))
        self._attempts[order.task] = (attempt, coroutine)

    def _attempt_over(self, attempt: Attempt, coroutine: asyncio.Task[None]) -> None:
        current = self._attempts.get(attempt.task)
        if current is not None and current[0] is attempt:
            del self._attempts[attempt.task]
        if not attempt.begun:
            attempt.give_up()  # cancelled before its first step: the coroutine never ran to say so
        if not coroutine.cancelled() and (error := coroutine.exception()) is not None:
            self.fail(error)

    def _cancel(self, task: str, why: Literal["cancelled", "deadline"]) -> None:
        alive = self._attempts.get(task)
        if alive is None:
            if self.run.tasks[task].status is RUNNING:
                self.post(ev.TaskCancelled(task=task, why="cancelled"))
            return
        attempt, coroutine = alive
        attempt.stopping = why
        coroutine.cancel()
        asyncio.get_running_loop().call_later(CANCEL_GRACE, self._give_up, attempt, coroutine)

    def _give_up(self, attempt: Attempt, coroutine: asyncio.Task[None]) -> None:
        if not coroutine.done() and not self._parked:
            attempt.log("the agent ignores its cancellation; it is left to itself", "warning")
            attempt.give_up()

    def _evaluate_when(self, task: str) -> ev.Event:
        condition = self.crew.spec(task).when
        if not isinstance(condition, str):
            return ev.ExpressionEvaluated(role="when", task=task, value=condition, why=f"when: {condition}")
        try:
            value = bool(evaluate(condition, self.scope))
        except TemplateError as error:
            failure = template_failure(error)
            return ev.ExpressionEvaluated(role="when", task=task, why=condition, failure=failure)
        seen = saw(condition, self.scope)
        return ev.ExpressionEvaluated(role="when", task=task, value=value, saw=seen, why=f"when: {condition}")

    def _evaluate_outputs(self, lenient: bool) -> ev.Event:
        outputs, problem = {}, None
        for name, template in self._workflow.outputs.items():
            try:
                outputs[name] = plain(render(template, self.scope))
            except (TemplateError, AgentError) as error:
                failure = error.failure if isinstance(error, AgentError) else template_failure(error)
                message = f"outputs.{name}: {failure.message}"
                problem = problem or Failure(Category.VALIDATION, message, code=failure.code)
        return ev.ExpressionEvaluated(role="outputs", value=outputs, failure=None if lenient else problem)

    # the end

    async def _close(self) -> None:
        self._parked = True
        for _, answer in self._wishes:
            if not answer.done():
                answer.set_result("the run has ended or was left meanwhile")
        self._timers.close()
        coroutines = [coroutine for _, coroutine in self._attempts.values()]
        coroutines += self._restarts
        for coroutine in coroutines:
            coroutine.cancel()
        if coroutines:
            await asyncio.wait(coroutines, timeout=CANCEL_GRACE)
        for ticket, guard in self.held.items():
            guard.forget(ticket)
        await self.crew.close()
        await self.notes.close()


_TASK_ENDS = (ev.TaskCompleted, ev.TaskFailed, ev.TaskSkipped, ev.TaskCancelled, ev.TaskInterrupted)
_STATUS_CHANGES = frozenset(
    {
        ev.RunQueued,
        ev.RunStarted,
        ev.RunCompleted,
        ev.RunFailed,
        ev.RunCancelled,
        ev.RunPaused,
        ev.RunResumed,
        ev.RunWaiting,
        ev.RunStopping,
        ev.RunInterrupted,
        ev.RunReopened,
    }
)
