"""What follows from a fact that was just applied: `FOLLOWS` holds a rule for each kind of event.

A rule reads the state and never writes it. It gives events, which the machine applies at once, and effects,
which it hands to the runner.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from lead_tui.core import commands as cmd
from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.core.refusal import retryable
from lead_tui.core.spending import budget_events, is_spent
from lead_tui.core.state import PENDING, RUNNING, TASK_ENDED, WAITING, RunState, TaskState, is_idle
from lead_tui.errors import Category, Failure
from lead_tui.flow.forms import validate_values

Outs = Iterable[ev.Event | fx.Effect]
Rule = Callable[[RunState, Any], Outs]


def _task_started(run: RunState, event: ev.TaskStarted) -> Outs:
    if event.deadline is None:
        return ()
    return (fx.SetDeadline(scope="task", task=event.task, at=event.deadline),)


def _attempt_started(run: RunState, event: ev.AttemptStarted) -> Outs:
    task = run.tasks[event.task]
    return (
        fx.StartAttempt(task=event.task, attempt=event.attempt, generation=task.generation, tries=task.tries),
    )


def _resolve(run: RunState, task: TaskState, after: str = "") -> Outs:
    """What a pending task does now that a dependency ended, or that its phase of the run began."""
    if task.status is not PENDING:
        return ()
    if task.unmet:
        return (ev.TaskSkipped(task=task.name, cause=task.unmet, why=task.why),)
    if task.open:
        return ()
    if is_idle(task):
        return (ev.TaskSkipped(task=task.name, cause="condition", why="all it waits for was skipped"),)
    if task.plan.when:
        return (fx.Evaluate(role="when", task=task.name),)
    return (ev.TaskReady(task=task.name, why=after and f"after {after}"),)


def _begin(run: RunState, *, cleanup: bool) -> Iterator[ev.Event | fx.Effect]:
    for task in run.tasks.values():
        if task.plan.cleanup is cleanup:
            yield from _resolve(run, task)


def _run_started(run: RunState, event: ev.RunStarted) -> Iterator[ev.Event | fx.Effect]:
    if event.deadline is not None:
        yield fx.SetDeadline(scope="run", at=event.deadline)
    yield from _begin(run, cleanup=False)


def _cleanup_started(run: RunState, event: ev.CleanupStarted) -> Iterator[ev.Event | fx.Effect]:
    yield fx.SetDeadline(scope="cleanup", at=event.deadline)
    yield from _begin(run, cleanup=True)


def _task_ended(run: RunState, event: ev.TaskEvent) -> Outs:
    dependents = run.dependents.get(event.task)
    return _resolve_all(run, dependents, event.task) if dependents else ()


def _task_cancelled(run: RunState, event: ev.TaskCancelled) -> Outs:
    """The attempt that was cut off has spent something, too."""
    return (*budget_events(run), *_task_ended(run, event)) if run.budgets else _task_ended(run, event)


def _resolve_all(
    run: RunState, dependents: list[tuple[str, str | None]], after: str
) -> Iterator[ev.Event | fx.Effect]:
    for name, _ in dependents:
        yield from _resolve(run, run.tasks[name], after)


def _expression_evaluated(run: RunState, event: ev.ExpressionEvaluated) -> Outs:
    if event.role != "when":
        return ()
    if event.failure is not None:
        return (_task_failure(run, run.tasks[event.task], event.failure, event.ts),)
    if event.value:
        return (ev.TaskReady(task=event.task, why=event.why),)
    return (ev.TaskSkipped(task=event.task, cause="condition", why=event.why, saw=event.saw),)


def _attempt_completed(run: RunState, event: ev.AttemptCompleted) -> Outs:
    task = run.tasks[event.task]
    completed = ev.TaskCompleted(task=event.task, duration=_seconds_since_start(task, event.ts))
    return (*budget_events(run), completed) if run.budgets else (completed,)


def _attempt_failed(run: RunState, event: ev.AttemptFailed) -> Outs:
    after = _after_failure(run, event)
    return (*budget_events(run), *after) if run.budgets else after


def _after_failure(run: RunState, event: ev.AttemptFailed) -> Outs:
    task = run.tasks[event.task]
    if event.retry_in is None or is_stopping(run, task):
        return (_task_failure(run, task, event.failure, event.ts, event.why),)
    return (
        ev.RetryScheduled(
            task=event.task,
            attempt=event.attempt + 1,
            at=event.ts + timedelta(seconds=event.retry_in),
            delay=event.retry_in,
            why=event.why,
        ),
    )


def _retry_scheduled(run: RunState, event: ev.RetryScheduled) -> Outs:
    return (fx.Wake(task=event.task, at=event.at, why="the retry delay is over"),)


def _task_failure(
    run: RunState, task: TaskState, failure: Failure, now: datetime, why: str = ""
) -> ev.TaskFailed:
    if task.plan.continue_on_failure:
        handled, why = True, "continue_on_failure"
    else:
        handled = task.name in run.watched
        why = "another task waits for this failure" if handled else why
    return ev.TaskFailed(
        task=task.name, failure=failure, handled=handled, why=why, duration=_seconds_since_start(task, now)
    )


def _seconds_since_start(task: TaskState, now: datetime) -> float:
    return (now - task.started_at).total_seconds() if task.started_at is not None else 0.0


def is_stopping(run: RunState, task: TaskState) -> bool:
    if task.stopping:
        return True
    return run.skip_cleanup if task.plan.cleanup else run.stopping is not None


def _task_waiting(run: RunState, event: ev.TaskWaiting) -> Outs:
    """An attempt that begins to wait while it is being stopped has stopped."""
    task = run.tasks[event.task]
    if task.stopping == "deadline":
        return _time_out(run, task, event.ts)
    if is_stopping(run, task):
        return _cancel_task(task, "stopped before it ran")
    return _paid(run, (task,))


def _paid(run: RunState, tasks: Iterable[TaskState]) -> Outs:
    """Those that wait for a budget which is not spent any more are ready."""
    return [
        ev.TaskReady(task=task.name, why="the budget was raised")
        for task in tasks
        if task.wait == "budget" and not is_spent(run, task.short_of)
    ]


def _budget_raised(run: RunState, event: ev.BudgetRaised) -> Iterator[ev.Event | fx.Effect]:
    yield from budget_events(run)
    if run.unpaid:
        yield from _paid(run, run.tasks.values())


def _attempt_spent(run: RunState, event: ev.AttemptSpent) -> Outs:
    return tuple(budget_events(run)) if run.budgets else ()


def _approval_requested(run: RunState, event: ev.ApprovalRequested) -> Outs:
    why = event.message or "waits for a person"
    return (ev.TaskWaiting(task=event.task, attempt=event.attempt, reason="person", why=why),)


def _answered(run: RunState, event: ev.ApprovalGranted | ev.ApprovalRejected) -> Outs:
    word = "approved" if isinstance(event, ev.ApprovalGranted) else "rejected"
    return (ev.TaskReady(task=event.task, why=f"{word} by {event.by}" if event.by else word),)


def _command_received(run: RunState, event: ev.CommandReceived) -> Outs:
    command, by = event.command, event.by
    match command:
        case cmd.Cancel():
            return _cancel(run, command, by)
        case cmd.CancelTask(task=name):
            return _cancel_task(run.tasks[name], f"cancelled by {by}" if by else "cancelled")
        case cmd.Pause():
            return (ev.RunPaused(by=by),)
        case cmd.Resume():
            return (ev.RunResumed(why=f"by {by}" if by else ""),)
        case cmd.Retry():
            deadline = after(event.ts, run.plan.global_timeout)
            return (ev.RunReopened(tasks=retryable(run), by=by, deadline=deadline),)
        case cmd.Skip(task=name):
            return _skip(run, run.tasks[name], by)
        case cmd.Approve() | cmd.Reject():
            return (_answer(run, event, command),)
        case cmd.TripBreaker(agent=agent):
            return (fx.SteerBreaker(agent=agent, to="open"),)
        case cmd.ResetBreaker(agent=agent):
            return (fx.SteerBreaker(agent=agent, to="closed"),)
        case cmd.RestartAgent(agent=agent):
            return (fx.RestartAgent(agent=agent),)
        case cmd.RaiseBudget(agent=agent):
            return (ev.BudgetRaised(limits=command.limits, agent=agent, by=by),)
        case _:
            return ()  # a newer release wrote it


def _answer(
    run: RunState, event: ev.CommandReceived, command: cmd.Approve | cmd.Reject
) -> ev.ApprovalGranted | ev.ApprovalRejected:
    request = run.gates[command.gate].request
    if isinstance(command, cmd.Reject):
        return ev.ApprovalRejected(
            task=request.task, gate=command.gate, by=event.by, at=event.at, why=command.why
        )
    values = validate_values(request.form, command.values)
    return ev.ApprovalGranted(
        task=request.task,
        gate=command.gate,
        by=event.by,
        at=event.at,
        answer=command.answer,
        values=values if isinstance(values, dict) else {},
    )


def _skip(run: RunState, task: TaskState, by: str) -> Iterator[ev.Event | fx.Effect]:
    if task.status is WAITING or task.begun:
        yield fx.CancelAttempt(task=task.name, why="cancelled")
    yield ev.TaskSkipped(task=task.name, cause="upstream", why=f"skipped by {by}" if by else "skipped")


def _cancel(run: RunState, command: cmd.Cancel, by: str) -> Iterator[ev.Event | fx.Effect]:
    if run.stopping is None:
        yield ev.RunStopping(cause="cancelled", by=by, why=command.why)
    if command.skip_cleanup and run.cleaning:
        yield from stop(run, "cleanup was skipped", cleanup=True)


def _deadline_passed(run: RunState, event: ev.DeadlinePassed) -> Outs:
    if event.scope == "run":
        why = f"global_timeout of {run.plan.global_timeout:g} s passed"
        return (ev.RunStopping(cause="timeout", why=why),)
    if event.scope == "cleanup":
        return stop(run, "the time for cleanup is over", cleanup=True)
    return _time_out(run, run.tasks[event.task], event.ts)


def _time_out(run: RunState, task: TaskState, now: datetime) -> Iterator[ev.Event | fx.Effect]:
    if task.status in {RUNNING, WAITING} or task.begun:
        yield fx.CancelAttempt(task=task.name, why="deadline")
    if task.status is not RUNNING:
        yield _task_failure(run, task, task_timeout(task), now)


def task_timeout(task: TaskState) -> Failure:
    """The failure of a task whose `timeout` passed."""
    return Failure(
        Category.TIMEOUT, f"the task's timeout of {task.plan.timeout:g} s passed", code="task_timeout"
    )


def _run_stopping(run: RunState, event: ev.RunStopping) -> Outs:
    by = f" by {event.by}" if event.by else ""
    return stop(run, event.why or f"the run was {event.cause}{by}", cleanup=False)


def _run_reopened(run: RunState, event: ev.RunReopened) -> Iterator[ev.Event | fx.Effect]:
    if event.deadline is not None:
        yield fx.SetDeadline(scope="run", at=event.deadline)
    for name in event.tasks:
        if not run.tasks[name].plan.cleanup:
            yield from _resolve(run, run.tasks[name])


def stop(run: RunState, why: str, *, cleanup: bool) -> Iterator[ev.Event | fx.Effect]:
    for task in run.tasks.values():
        if task.plan.cleanup is cleanup and task.status not in TASK_ENDED:
            yield from _cancel_task(task, why)


def _cancel_task(task: TaskState, why: str) -> Iterator[ev.Event | fx.Effect]:
    if task.status in {RUNNING, WAITING} or task.begun:
        yield fx.CancelAttempt(task=task.name, why="cancelled")
    if task.status is not RUNNING:
        yield ev.TaskCancelled(task=task.name, why=why)


def after(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)


FOLLOWS: dict[type[ev.Event], Rule] = {
    ev.RunStarted: _run_started,
    ev.RunStopping: _run_stopping,
    ev.RunReopened: _run_reopened,
    ev.CleanupStarted: _cleanup_started,
    ev.TaskStarted: _task_started,
    ev.TaskCompleted: _task_ended,
    ev.TaskFailed: _task_ended,
    ev.TaskSkipped: _task_ended,
    ev.AttemptStarted: _attempt_started,
    ev.AttemptCompleted: _attempt_completed,
    ev.AttemptFailed: _attempt_failed,
    ev.AttemptSpent: _attempt_spent,
    ev.BudgetRaised: _budget_raised,
    ev.TaskCancelled: _task_cancelled,
    ev.RetryScheduled: _retry_scheduled,
    ev.TaskWaiting: _task_waiting,
    ev.ExpressionEvaluated: _expression_evaluated,
    ev.ApprovalRequested: _approval_requested,
    ev.ApprovalGranted: _answered,
    ev.ApprovalRejected: _answered,
    ev.CommandReceived: _command_received,
    ev.DeadlinePassed: _deadline_passed,
}
