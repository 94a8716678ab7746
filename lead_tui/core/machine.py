"""`Machine.handle(fact) -> Step(events, effects)`: the fact, what follows from it, and what is to be done.

The machine owns the state of one run. It stamps events (`seq`, `ts`, `run_id`), applies each at once, and
goes on until nothing follows. Facts may come late: one that no longer fits what happened meanwhile (an answer
of an attempt that was given up, a timer of a task that ended) gives an empty step.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.core.apply import apply
from lead_tui.core.follow import FOLLOWS, Rule
from lead_tui.core.plan import Plan
from lead_tui.core.recovery import recover
from lead_tui.core.refusal import refusal
from lead_tui.core.settle import settle
from lead_tui.core.state import (
    INTERRUPTED,
    RUN_ENDED,
    RUNNING,
    TASK_ENDED,
    WAITING,
    RunState,
    RunStatus,
    TaskState,
    is_asked,
    new_run,
)
from lead_tui.core.task_changes import TRANSITIONS


class Step(msgspec.Struct, frozen=True):
    """`events` are applied and in order: store them before any of the `effects` is performed."""

    events: list[ev.Event]
    effects: list[fx.Effect]


class Machine:
    def __init__(self, plan: Plan, run_id: str, history: Iterable[ev.Event] = ()) -> None:
        """Fold `history`, if the run has one. Raises IllegalTransition if it is not the log of such a run."""
        self.run: RunState = new_run(plan)
        self.run.run_id = run_id
        self.fold(history)

    def fold(self, history: Iterable[ev.Event]) -> None:
        """Follow a log that somebody else wrote, without deciding anything."""
        for event in history:
            apply(self.run, event)

    def handle(self, *facts: ev.Event, now: datetime) -> Step:
        """Apply facts in the order they came, each with all that follows from it; then let tasks start."""
        turn = _Turn(self.run, now)
        for fact in facts:
            if not is_late(self.run, fact, now):
                turn.take(fact)
                turn.follow()
        turn.settle()
        return turn.step

    def command(self, wish: ev.CommandReceived, now: datetime) -> Step | str:
        """Carry out a person's wish, or say why not."""
        return refusal(self.run, wish.command) or self.handle(wish, now=now)

    def take_up(
        self, now: datetime, wishes: Sequence[ev.CommandReceived] = (), opening: Sequence[ev.Event] = ()
    ) -> tuple[Step, list[str]]:
        """Go on with a run that another process left: parked at a gate, paused, or in the middle of its work.

        `opening`: the first facts, for a run of which nothing was stored but its plan. `wishes` came while
        nobody drove it; gives for each why it was refused, or "". A pause ends: somebody wants it to go on.
        """
        turn = _Turn(self.run, now)
        if self.run.seq == 0:
            for fact in opening:
                turn.take(fact)
        elif self.run.status not in RUN_ENDED:
            turn.take(_taken_up(self.run))
            turn.take_all(recover(self.run, now))
        refusals = []
        for wish in wishes:
            turn.follow()
            refusals.append(refusal(self.run, wish.command))
            if not refusals[-1]:
                turn.take(wish)
        turn.follow()
        if self.run.status is RunStatus.PAUSED:
            turn.take(ev.RunResumed(why="taken up again"))
        turn.settle()
        return turn.step, refusals


def _taken_up(run: RunState) -> ev.Event:
    if run.status is RunStatus.WAITING:
        return ev.RunResumed(why="taken up again")
    return ev.RunInterrupted(why="the process before ended without finishing the run")


class _Turn:
    """One step in the making: each event is applied as it comes, its consequences come in turn."""

    def __init__(self, run: RunState, now: datetime) -> None:
        self.step = Step([], [])
        self._run = run
        self._now = now
        self._unfollowed: deque[tuple[Rule, ev.Event]] = deque()
        self._asked: set[fx.Effect] = set()

    def take(self, event: ev.Event) -> None:
        run = self._run
        stamped = msgspec.structs.replace(event, seq=run.seq + 1, ts=self._now, run_id=run.run_id)
        apply(run, stamped)
        self.step.events.append(stamped)
        rule = FOLLOWS.get(type(event))
        if rule is not None:
            self._unfollowed.append((rule, stamped))

    def take_all(self, outs: Iterable[ev.Event | fx.Effect]) -> bool:
        """Apply events and note effects as they come; says whether there was an event."""
        before = len(self.step.events)
        for out in outs:
            if isinstance(out, ev.Event):
                self.take(out)
            elif not isinstance(out, fx.Evaluate):
                self.step.effects.append(out)
            elif out not in self._asked:
                self._asked.add(out)
                self.step.effects.append(out)
        return len(self.step.events) > before

    def follow(self) -> None:
        while self._unfollowed:
            rule, event = self._unfollowed.popleft()
            if outs := rule(self._run, event):
                self.take_all(outs)

    def settle(self) -> None:
        """Follow every event, then let the run take steps of its own until it has to wait."""
        moved = True
        while moved:
            self.follow()
            outs = settle(self._run, self._now)
            moved = bool(outs) and self.take_all(outs)


def is_late(run: RunState, fact: ev.Event, now: datetime) -> bool:
    """Has the run gone on without this fact?"""
    match fact:
        case ev.CommandReceived() | ev.RunQueued():
            return False
        case _ if run.status in RUN_ENDED:
            return True
        case ev.AttemptCompleted() | ev.AttemptFailed() | ev.AttemptStalled():
            return not _is_alive(run.tasks[fact.task], fact)
        case ev.ToolCalled() | ev.ToolReturned() | ev.ToolsWaiting() | ev.AttemptSaved() | ev.AttemptSpent():
            return not _is_alive(run.tasks[fact.task], fact)
        case ev.AttemptEvent() | ev.ApprovalRequested():
            task = run.tasks[fact.task]
            return task.status is not RUNNING or task.attempt != fact.attempt
        case ev.TaskReady():
            task = run.tasks[fact.task]
            early = task.wait == "retry" and task.until is not None and now < task.until
            return task.status is not WAITING or task.wait == "person" or early
        case ev.TaskEvent():
            return run.tasks[fact.task].status not in TRANSITIONS[type(fact)][0]
        case ev.ExpressionEvaluated():
            return _is_late_answer(run, fact)
        case ev.BudgetExceeded():
            budget = run.budgets.get(fact.agent)
            return (
                budget is None or fact.what in budget.exceeded or fact.limit != budget.limits.get(fact.what)
            )
        case ev.DeadlinePassed():
            return _is_late_deadline(run, fact, now)
        case _:
            return False


def _is_alive(task: TaskState, fact: ev.AttemptEvent) -> bool:
    """Could the attempt be under way, perhaps standing still at a gate or a budget?"""
    return task.attempt == fact.attempt and (task.status is RUNNING or task.begun)


def _is_late_answer(run: RunState, fact: ev.ExpressionEvaluated) -> bool:
    if fact.role == "outputs":
        return run.outputs is not None
    task = run.tasks[fact.task]
    if fact.role == "when":
        return not is_asked(run, task)
    return task.status is not RUNNING or task.attempt != fact.attempt


def _is_late_deadline(run: RunState, fact: ev.DeadlinePassed, now: datetime) -> bool:
    if fact.scope == "run":
        return run.stopping is not None or run.cleaning or run.deadline is None or now < run.deadline
    if fact.scope == "cleanup":
        return not run.cleaning or run.cleanup_deadline is None or now < run.cleanup_deadline
    task = run.tasks[fact.task]
    gone = task.status in TASK_ENDED or task.status is INTERRUPTED or bool(task.stopping)
    return gone or task.deadline is None or now < task.deadline
