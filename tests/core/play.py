"""A run of the core as a conversation: say what happens, see what it answers.

Every step checks what must always hold: counters equal what they count, slots and limits are kept, nothing
runs before what it needs, and the log so far folds to the same state.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
from pytest import approx

from lead_tui.core import commands as cmd
from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.core.machine import Machine, Step
from lead_tui.core.plan import Need, Plan, PlannedTask
from lead_tui.core.state import (
    RUN_ENDED,
    TASK_ENDED,
    RunState,
    RunStatus,
    TaskState,
    TaskStatus,
    is_asked,
    outcome_of,
)
from lead_tui.errors import Category, Failure, Outcome

DAWN = datetime(2026, 1, 1, tzinfo=UTC)


def task(name: str, *needs: str | tuple[str, str], **settings) -> PlannedTask:
    """`task("b", "a", ("c", "failed"))` needs a, and the failure of c."""
    pairs = tuple(Need(each) if isinstance(each, str) else Need(*each) for each in needs)
    return PlannedTask(name=name, agent=settings.pop("agent", "m"), needs=pairs, **settings)


def in_flight(each: TaskState) -> set[str]:
    """Its tool calls that wait for nobody."""
    return set(each.calling or ()) - set(each.waiting_calls)


def failure(category: Category = Category.NETWORK, message: str = "broken") -> Failure:
    return Failure(category, message, Outcome.SAFE)


class Play:
    def __init__(self, *tasks: PlannedTask, run_id: str = "r", **plan) -> None:
        self.plan = Plan(name="play", tasks=tasks, **({"parallel": True} | plan))
        self.machine = Machine(self.plan, run_id)
        self.now = DAWN
        self.log: list[ev.Event] = []
        self.calls: dict[str, fx.StartAttempt] = {}
        self.timers: list[fx.Wake | fx.SetDeadline] = []
        self.questions: list[fx.Evaluate] = []
        self.cancelling: dict[str, str] = {}
        self.steered: list[fx.SteerBreaker] = []
        self.restarted: list[str] = []
        self.held: set[tuple[str, str]] = set()
        self.used: dict[tuple[str, int], float] = {}

    # what happens

    def start(self) -> "Play":
        deadline = None if self.plan.global_timeout is None else self.later(self.plan.global_timeout)
        self.take(ev.RunQueued(name="play"), ev.RunStarted(deadline=deadline))
        return self

    def complete(self, *names: str, result: object = "done", **end) -> "Play":
        """`end`: `usage` and `duration` of the attempt."""
        for name in names:
            order = self.calls.pop(name)
            self.take(ev.AttemptCompleted(task=name, attempt=order.attempt, result=result, **end))
        return self

    def spend(self, name: str, agent: str = "", duration: float = 0.0, **usage: float) -> "Play":
        """What the call in flight tells that it has used so far."""
        attempt = self.run.tasks[name].attempt
        self.take(ev.AttemptSpent(task=name, attempt=attempt, usage=usage, duration=duration, agent=agent))
        return self

    def save(self, name: str, piece: object = "piece") -> "Play":
        self.take(ev.AttemptSaved(task=name, attempt=self.run.tasks[name].attempt, piece=piece))
        return self

    def stall(self, name: str) -> "Play":
        """Nothing is heard of the call in flight: its end will follow."""
        self.take(ev.AttemptStalled(task=name, attempt=self.run.tasks[name].attempt, idle=1.0))
        return self

    def use_tool(self, name: str, call: str = "1", tool: str = "mail.send") -> "Play":
        self.take(ev.ToolCalled(task=name, attempt=self.run.tasks[name].attempt, call=call, tool=tool))
        return self

    def tool_returns(self, name: str, call: str = "1", tool: str = "mail.send") -> "Play":
        self.take(ev.ToolReturned(task=name, attempt=self.run.tasks[name].attempt, call=call, tool=tool))
        return self

    def let_wait(self, name: str, *calls: str) -> "Play":
        """These of its open tool calls wait with it from now on, and no others."""
        attempt = self.run.tasks[name].attempt
        self.take(ev.ToolsWaiting(task=name, attempt=attempt, calls=list(calls)))
        return self

    def stand_at_budget(self, name: str, agent: str = "", begun: bool = True) -> "Play":
        """The call in flight is refused a further one."""
        order = self.calls.pop(name)
        waits = ev.TaskWaiting(task=name, attempt=order.attempt, reason="budget", begun=begun, agent=agent)
        self.take(waits)
        return self

    def fail(self, name: str, retry_in: float | None = None, why: str = "", **end) -> "Play":
        order = self.calls.pop(name)
        ended = ev.AttemptFailed(
            task=name, attempt=order.attempt, failure=failure(), retry_in=retry_in, why=why, **end
        )
        self.take(ended)
        return self

    def wait(self, name: str, reason: str = "rate_limit") -> "Play":
        order = self.calls.pop(name)
        self.take(ev.TaskWaiting(task=name, attempt=order.attempt, reason=reason))
        return self

    def ask_person(self, name: str, **request) -> "Play":
        order = self.calls.pop(name)
        self.take(ev.ApprovalRequested(task=name, attempt=order.attempt, gate=name, **request))
        return self

    def answer(self, *values: object, failed: bool = False) -> "Play":
        """Answer the oldest questions, one value each."""
        for value in values:
            question = self.questions.pop(0)
            problem = failure(Category.VALIDATION, "unreadable") if failed else None
            self.take(
                ev.ExpressionEvaluated(
                    role=question.role, task=question.task, value=value, failure=problem, why="when: x"
                )
            )
        return self

    def cancelled(self, name: str, **end) -> "Play":
        self.calls.pop(name, None)
        self.take(ev.TaskCancelled(task=name, why="cancelled while running", **end))
        return self

    def command(self, command: cmd.AnyCommand, by: str = "ada") -> str:
        step = self.machine.command(ev.CommandReceived(command=command, by=by), self.now)
        if isinstance(step, str):
            return step
        self._see(step)
        return ""

    def pass_time(self, seconds: float) -> "Play":
        """Fire every timer that is due by then, in order."""
        self.now = self.later(seconds)
        due = sorted((each for each in self.timers if each.at <= self.now), key=lambda each: each.at)
        for timer in due:
            self.timers.remove(timer)
            if isinstance(timer, fx.Wake):
                self.take(ev.TaskReady(task=timer.task, why=timer.why))
            else:
                self.take(ev.DeadlinePassed(scope=timer.scope, task=timer.task))
        return self

    def take(self, *facts: ev.Event) -> Step:
        step = self.machine.handle(*facts, now=self.now)
        self._see(step)
        return step

    def crash(self, *wishes: tuple[cmd.AnyCommand, str]) -> "Play":
        """The process dies; another one folds the log and takes the run up."""
        self.machine = Machine(self.plan, self.run.run_id, self.log)
        self.calls, self.timers, self.questions, self.cancelling = {}, [], [], {}
        asked = [ev.CommandReceived(command=command, by=by) for command, by in wishes]
        opening = (ev.RunQueued(name="play"), ev.RunStarted())
        step, self.refusals = self.machine.take_up(self.now, asked, opening)
        self._see(step)
        assert not self.run.calling, "nobody will return the calls of a process that died"
        return self

    def later(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)

    # what one sees

    @property
    def run(self) -> RunState:
        return self.machine.run

    @property
    def running(self) -> list[str]:
        return [name for name, task in self.run.tasks.items() if task.status is TaskStatus.RUNNING]

    def statuses(self) -> dict[str, str]:
        return {name: str(task.status) for name, task in self.run.tasks.items()}

    def types(self, after: int = 0) -> list[str]:
        return [event.type for event in self.log[after:]]

    def last(self, kind: type[ev.Event]) -> ev.Event:
        return next(event for event in reversed(self.log) if isinstance(event, kind))

    # what must always hold

    def _see(self, step: Step) -> None:
        self.log += step.events
        for effect in step.effects:
            match effect:
                case fx.StartAttempt():
                    assert effect.task not in self.calls, f"{effect.task} is called twice at once"
                    self.calls[effect.task] = effect
                case fx.CancelAttempt():
                    self.cancelling[effect.task] = effect.why
                case fx.Wake() | fx.SetDeadline():
                    self.timers.append(effect)
                case fx.Evaluate():
                    self.questions.append(effect)
                case fx.SteerBreaker():
                    self.steered.append(effect)
                case fx.RestartAgent(agent=agent):
                    self.restarted.append(agent)
        for event in step.events:
            self._follow_money(event)
        self.check()

    def _follow_money(self, event: ev.Event) -> None:
        """Count by hand: what is spent, and which budgets hold."""
        match event:
            case ev.BudgetExceeded(mode="enforce"):
                assert (event.agent, event.what) not in self.held, "exceeded twice"
                self.held.add((event.agent, event.what))
            case ev.BudgetRaised():
                self.held -= {(event.agent, what) for what in event.limits}
            case ev.AttemptStarted():
                scopes = {agent for agent, _ in self.held}
                assert self.run.tasks[event.task].plan.cleanup or not scopes & {"", event.agent}
            case ev.AttemptSpent(agent="") | ev.AttemptCompleted() | ev.AttemptFailed():
                self._count(event.task, event.attempt, event.usage)
            case ev.TaskCancelled(usage=usage) if usage:
                self._count(event.task, self.run.tasks[event.task].attempt, usage)

    def _count(self, task: str, attempt: int, usage: dict[str, float]) -> None:
        before = self.used.get((task, attempt), 0.0)
        self.used[task, attempt] = max(before, usage.get("usd", 0.0))

    def check(self) -> None:
        run, plan = self.run, self.plan
        tasks = run.tasks.values()
        seen = Counter(task.status for task in tasks)
        assert {status: count for status, count in run.counts.items() if count} == seen
        assert run.open_tasks == sum(t.status not in TASK_ENDED for t in tasks if not t.plan.cleanup)
        assert run.open_cleanup == sum(t.status not in TASK_ENDED for t in tasks if t.plan.cleanup)
        assert run.deciding == sum(is_asked(run, task) for task in tasks)
        assert run.parked == sum(task.wait == "person" for task in tasks)
        assert run.unpaid == sum(task.wait == "budget" for task in tasks)
        assert run.calling == sum(bool(task.calling) for task in tasks)
        if run.status is RunStatus.WAITING:
            assert not any(in_flight(task) for task in tasks), "it would be left with calls in flight"
        spent = run.spent.get("", {}).get("usd", 0.0)
        assert spent == approx(sum(self.used.values()))
        assert spent == approx(sum(task.usage.get("usd", 0.0) for task in tasks))
        assert seen[TaskStatus.RUNNING] <= (plan.max_parallel if plan.parallel else 1)
        for agent, limit in plan.limits.items():
            busy = sum(t.status is TaskStatus.RUNNING for t in tasks if t.plan.agent == agent)
            assert busy == run.calls[agent] <= limit
        for each in tasks:
            if each.status is TaskStatus.PENDING:
                assert each.open == sum(run.tasks[n.task].status not in TASK_ENDED for n in each.plan.needs)
            if each.status is TaskStatus.RUNNING:
                self._check_needs(each)
        if run.status in RUN_ENDED:
            assert not run.open_tasks
            assert not run.open_cleanup
        known = [event for event in self.log if not isinstance(event, ev.UnknownEvent)]
        if known == self.log:
            wire = msgspec.json.decode(msgspec.json.encode(self.log), type=list[ev.AnyEvent])
            assert wire == self.log, "an event does not come back from the wire as it went"
        assert Machine(plan, run.run_id, self.log).run == run, "the log does not fold to the same state"

    def _check_needs(self, each) -> None:
        plain = [need for need in each.plan.needs if need.on is None]
        outcomes = [outcome_of(self.run.tasks[need.task]) for need in plain]
        assert all(outcome in {"completed", "condition"} for outcome in outcomes)
        assert not plain or "completed" in outcomes
