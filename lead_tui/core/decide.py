"""What follows from a fact, and what a run does next. Reads the state, never writes it.

`FOLLOWS` holds for each kind of event the rule that gives the consequences of one that was just applied;
`settle` gives the next step of a run in which nothing is left to follow: start a task, wait for a person,
clean up, end. Both give events, which the machine applies at once, and effects, which it hands to the runner.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from lead_tui.core import commands as cmd
from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.core.state import (
    CANCELLED,
    COMPLETED,
    FAILED,
    INTERRUPTED,
    PENDING,
    READY,
    RUN_ENDED,
    RUNNING,
    SKIPPED,
    TASK_ENDED,
    WAITING,
    RunState,
    RunStatus,
    TaskState,
    is_asked,
    is_idle,
)
from lead_tui.errors import Category, Failure
from lead_tui.flow.forms import validate_values
from lead_tui.flow.models import FailureStrategy

Outs = Iterable[ev.Event | fx.Effect]
Rule = Callable[[RunState, Any], Outs]


def settle(run: RunState, now: datetime) -> Outs:
    """Give the next step of a run in which no event is left to follow; empty when it has to wait."""
    if run.status in RUN_ENDED or run.status is RunStatus.QUEUED:
        return ()
    if run.unhandled and run.stopping is None and run.plan.strategy is FailureStrategy.STOP:
        failed = next((name for name in run.unhandled if not run.tasks[name].plan.cleanup), None)
        if failed is not None:
            why = f"{failed} failed and the strategy is {run.plan.strategy}"
            return (ev.RunStopping(cause="failure", task=failed, why=why),)
    if run.status is RunStatus.WAITING:
        return () if _is_stuck(run) else (ev.RunResumed(why="it waits for nobody any more"),)
    task = _next_task(run)
    return _start(task, now) if task is not None else _conclude(run, now)


# --- tasks begin ----------------------------------------------------------------------------------


def _next_task(run: RunState) -> TaskState | None:
    """Pick the ready task of the highest priority, in file order, that a slot and its agent's limit allow."""
    if run.status is not RunStatus.RUNNING or (run.cleaning and run.skip_cleanup):
        return None
    if run.stopping is not None and not run.cleaning:
        return None
    if run.holder:
        holder = run.tasks[run.holder]
        return holder if holder.status is READY else None
    if run.counts[RUNNING] >= (run.plan.max_parallel if run.plan.parallel else 1):
        return None
    if not run.plan.limits:
        heap = run.ready[""]
        return run.tasks[heap[0][2]] if heap else None
    heads = [
        heap[0]
        for agent, heap in run.ready.items()
        if heap and (not agent or run.calls[agent] < run.plan.limits[agent])
    ]
    return run.tasks[min(heads)[2]] if heads else None


def _start(task: TaskState, now: datetime) -> Outs:
    agent = task.plan.agent
    number = task.attempt if task.resumes else task.attempt + 1
    attempt = ev.AttemptStarted(task=task.name, attempt=number, agent=agent, why=task.why)
    if task.started_at is not None:
        return (attempt,)
    return (ev.TaskStarted(task=task.name, agent=agent, deadline=_after(now, task.plan.timeout)), attempt)


def _task_started(run: RunState, event: ev.TaskStarted) -> Outs:
    if event.deadline is None:
        return ()
    return (fx.SetDeadline(scope="task", task=event.task, at=event.deadline),)


def _attempt_started(run: RunState, event: ev.AttemptStarted) -> Outs:
    task = run.tasks[event.task]
    return (
        fx.StartAttempt(task=event.task, attempt=event.attempt, generation=task.generation, tries=task.tries),
    )


# --- tasks become ready or are skipped ------------------------------------------------------------


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


# --- attempts end ---------------------------------------------------------------------------------


def _attempt_completed(run: RunState, event: ev.AttemptCompleted) -> Outs:
    task = run.tasks[event.task]
    return (ev.TaskCompleted(task=event.task, duration=_seconds_since_start(task, event.ts)),)


def _attempt_failed(run: RunState, event: ev.AttemptFailed) -> Outs:
    task = run.tasks[event.task]
    if event.retry_in is None or _is_stopping(run, task):
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


def _is_stopping(run: RunState, task: TaskState) -> bool:
    if task.stopping:
        return True
    return run.skip_cleanup if task.plan.cleanup else run.stopping is not None


def _task_waiting(run: RunState, event: ev.TaskWaiting) -> Outs:
    """An attempt that begins to wait while it is being stopped has stopped."""
    task = run.tasks[event.task]
    if task.stopping == "deadline":
        return _time_out(run, task, event.ts)
    return _cancel_task(task, "stopped before it ran") if _is_stopping(run, task) else ()


# --- people ---------------------------------------------------------------------------------------


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
            deadline = _after(event.ts, run.plan.global_timeout)
            return (ev.RunReopened(tasks=retryable(run), by=by, deadline=deadline),)
        case cmd.Skip(task=name):
            return _skip(run, run.tasks[name], by)
        case cmd.Approve(gate=gate):
            request = run.gates[gate].request
            values = validate_values(request.form, command.values)
            return (
                ev.ApprovalGranted(
                    task=request.task,
                    gate=gate,
                    by=by,
                    answer=command.answer,
                    values=values if isinstance(values, dict) else {},
                ),
            )
        case cmd.Reject(gate=gate):
            return (
                ev.ApprovalRejected(task=run.gates[gate].request.task, gate=gate, by=by, why=command.why),
            )
        case cmd.TripBreaker(agent=agent):
            return (fx.SteerBreaker(agent=agent, to="open"),)
        case cmd.ResetBreaker(agent=agent):
            return (fx.SteerBreaker(agent=agent, to="closed"),)
        case _:
            return ()  # a newer release wrote it


def _skip(run: RunState, task: TaskState, by: str) -> Iterator[ev.Event | fx.Effect]:
    if task.status is WAITING:
        yield fx.CancelAttempt(task=task.name, why="cancelled")
    yield ev.TaskSkipped(task=task.name, cause="upstream", why=f"skipped by {by}" if by else "skipped")


def refusal(run: RunState, command: cmd.AnyCommand) -> str:
    """Why this command cannot be accepted now; empty if it can."""
    ended = run.status in RUN_ENDED
    match command:
        case cmd.Retry():
            if not ended and (run.stopping is not None or run.cleaning):
                return "the run is ending: retry when it has ended"
            return "" if retryable(run) else "nothing failed, was cancelled or interrupted"
        case _ if ended:
            return f"the run has ended: {run.status}"
        case cmd.Cancel():
            again = run.stopping is not None and run.stopping.cause == "cancelled"
            return "the run is being cancelled already" if again and not command.skip_cleanup else ""
        case cmd.Pause():
            able = run.status is RunStatus.RUNNING and run.stopping is None
            return "" if able else f"only a running run can be paused, this one is {run.status}"
        case cmd.Resume():
            able = run.status is RunStatus.PAUSED
            return "" if able else f"only a paused run can go on, this one is {run.status}"
        case cmd.CancelTask(task=name) | cmd.Skip(task=name):
            return _task_refusal(run, command, name)
        case cmd.Approve(gate=gate):
            return _gate_refusal(run, gate) or _answer_refusal(run.gates[gate].request, command)
        case cmd.Reject(gate=gate):
            return _gate_refusal(run, gate)
        case cmd.TripBreaker(agent=agent) | cmd.ResetBreaker(agent=agent):
            known = any(task.agent == agent for task in run.plan.tasks)
            return "" if known else f"no task of this run uses an agent {agent!r}"
        case _:
            return f"this release does not know the command {command.name!r}"


def _task_refusal(run: RunState, command: cmd.CancelTask | cmd.Skip, name: str) -> str:
    task = run.tasks.get(name)
    if task is None:
        return f"the run has no task {name!r}"
    if task.status in TASK_ENDED:
        return f"{name} has ended: {task.status}"
    if isinstance(command, cmd.Skip) and task.status is RUNNING:
        return f"{name} is running: cancel it instead"
    return ""


def _gate_refusal(run: RunState, gate: str) -> str:
    known = run.gates.get(gate)
    if known is None:
        return f"the run has no gate {gate!r}"
    if known.answer is not None:
        return f"{gate} has been answered by {known.answer.by or 'somebody'}"
    return f"{gate} is closed: its task has ended" if known.void else ""


def _answer_refusal(request: ev.ApprovalRequested, command: cmd.Approve) -> str:
    if request.options and command.answer not in request.options:
        return f"choose one of {', '.join(request.options)}"
    values = validate_values(request.form, command.values)
    return "; ".join(values) if isinstance(values, list) else ""


def retryable(run: RunState) -> list[str]:
    """Tasks that a retry runs again, in file order: those that failed unhandled, were cancelled or
    interrupted, with all that was skipped because of them; once the run has ended also every `finally` task.
    """
    again = {
        task.name
        for task in run.tasks.values()
        if not task.plan.cleanup
        and (task.status in {CANCELLED, INTERRUPTED} or (task.status is FAILED and not task.handled))
    }
    cleanup_failed = any(
        task.plan.cleanup and task.status in {FAILED, CANCELLED} for task in run.tasks.values()
    )
    frontier = list(again)
    while frontier:
        for name, _ in run.dependents.get(frontier.pop(), ()):
            task = run.tasks[name]
            if name not in again and task.status is SKIPPED and task.cause == "upstream":
                again.add(name)
                frontier.append(name)
    if run.status in RUN_ENDED and (again or cleanup_failed):
        again |= {task.name for task in run.tasks.values() if task.plan.cleanup}
    return [name for name in run.tasks if name in again]


# --- stopping -------------------------------------------------------------------------------------


def _cancel(run: RunState, command: cmd.Cancel, by: str) -> Iterator[ev.Event | fx.Effect]:
    if run.stopping is None:
        yield ev.RunStopping(cause="cancelled", by=by, why=command.why)
    if command.skip_cleanup and run.cleaning:
        yield from _stop(run, "cleanup was skipped", cleanup=True)


def _deadline_passed(run: RunState, event: ev.DeadlinePassed) -> Outs:
    if event.scope == "run":
        why = f"global_timeout of {run.plan.global_timeout:g} s passed"
        return (ev.RunStopping(cause="timeout", why=why),)
    if event.scope == "cleanup":
        return _stop(run, "the time for cleanup is over", cleanup=True)
    return _time_out(run, run.tasks[event.task], event.ts)


def _time_out(run: RunState, task: TaskState, now: datetime) -> Iterator[ev.Event | fx.Effect]:
    if task.status in {RUNNING, WAITING}:
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
    return _stop(run, event.why or f"the run was {event.cause}{by}", cleanup=False)


def _run_reopened(run: RunState, event: ev.RunReopened) -> Iterator[ev.Event | fx.Effect]:
    if event.deadline is not None:
        yield fx.SetDeadline(scope="run", at=event.deadline)
    for name in event.tasks:
        if not run.tasks[name].plan.cleanup:
            yield from _resolve(run, run.tasks[name])


def _stop(run: RunState, why: str, *, cleanup: bool) -> Iterator[ev.Event | fx.Effect]:
    for task in run.tasks.values():
        if task.plan.cleanup is cleanup and task.status not in TASK_ENDED:
            yield from _cancel_task(task, why)


def _cancel_task(task: TaskState, why: str) -> Iterator[ev.Event | fx.Effect]:
    if task.status in {RUNNING, WAITING}:
        yield fx.CancelAttempt(task=task.name, why="cancelled")
    if task.status is not RUNNING:
        yield ev.TaskCancelled(task=task.name, why=why)


# --- the end --------------------------------------------------------------------------------------


def _conclude(run: RunState, now: datetime) -> Outs:
    """Nothing can start: wait for what is in flight, for a person, or go to the next phase."""
    if run.counts[RUNNING] or run.deciding:
        return ()
    if run.open_tasks or (run.cleaning and run.open_cleanup):
        return _wait_for_person(run)
    if run.open_cleanup:
        if run.status is not RunStatus.RUNNING:
            return ()
        if run.skip_cleanup:
            return _stop(run, "cleanup was skipped", cleanup=True)
        return (ev.CleanupStarted(deadline=now + timedelta(seconds=run.plan.cleanup_timeout)),)
    if run.plan.outputs and run.outputs is None:
        return (fx.Evaluate(role="outputs", lenient=_failure(run) is not None or _is_partial(run)),)
    return (_end(run),)


def _is_stuck(run: RunState) -> bool:
    """Can only a person move the run: nothing in flight, no timer, nothing that could start?"""
    counts = run.counts
    if (
        counts[RUNNING]
        or run.deciding
        or counts[WAITING] > run.parked
        or not (run.parked or counts[INTERRUPTED])
    ):
        return False
    return not counts[READY] or (bool(run.holder) and run.tasks[run.holder].status is not READY)


def _wait_for_person(run: RunState) -> Outs:
    if run.status is not RunStatus.RUNNING or not _is_stuck(run):
        return ()
    waits = [
        task.name
        for task in run.tasks.values()
        if task.status is INTERRUPTED or (task.status is WAITING and task.wait == "person")
    ]
    return (ev.RunWaiting(why="gate" if run.parked else "interrupted", tasks=waits),)


def _is_partial(run: RunState) -> bool:
    return _broken(run) and run.plan.strategy is FailureStrategy.PARTIAL


def _broken(run: RunState) -> bool:
    """Did a main task fail unhandled, or was one cancelled by a person?"""
    return any(
        not task.plan.cleanup and (task.status is CANCELLED or task.name in run.unhandled)
        for task in run.tasks.values()
    )


def _failure(run: RunState) -> Failure | None:
    """Why the run ends `failed`, or None."""
    if run.stopping is not None:
        if run.stopping.cause == "timeout":
            return Failure(Category.TIMEOUT, run.stopping.why, code="global_timeout")
        return run.unhandled.get(run.stopping.task)
    if run.failure is not None:
        return run.failure
    cleanup = [task for task in run.tasks.values() if task.plan.cleanup]
    for task in cleanup:
        if task.name in run.unhandled:
            return run.unhandled[task.name]
        if task.status is CANCELLED:
            return Failure(Category.TIMEOUT, f"{task.name}: {task.why}", code="cleanup")
    if not _broken(run):
        return None
    completed = any(task.status is COMPLETED and not task.plan.cleanup for task in run.tasks.values())
    if _is_partial(run) and completed:
        return None
    return _summary(run)


def _summary(run: RunState) -> Failure:
    failed = [name for name in run.unhandled if not run.tasks[name].plan.cleanup]
    cancelled = [task.name for task in run.tasks.values() if task.status is CANCELLED]
    names = failed or cancelled
    some = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    category = run.unhandled[failed[0]].category if failed else Category.AGENT
    word = "failed" if failed else "were cancelled"
    return Failure(category, f"{len(names)} of {len(run.tasks)} tasks {word}: {some}", code="tasks_failed")


def _end(run: RunState) -> ev.Event:
    outputs = run.outputs or {}
    errors = [task.name for task in run.tasks.values() if task.status is FAILED]
    if run.stopping is not None and run.stopping.cause == "cancelled":
        return ev.RunCancelled(by=run.stopping.by, why=run.stopping.why, outputs=outputs, errors=errors)
    failure = _failure(run)
    if failure is not None:
        return ev.RunFailed(failure=failure, outputs=outputs, errors=errors)
    return ev.RunCompleted(partial=_is_partial(run), outputs=outputs, errors=errors)


# --- a new owner ----------------------------------------------------------------------------------


def recover(run: RunState) -> Iterator[ev.Event | fx.Effect]:
    """What a new owner does with what the one before left: timers are set again, calls that were in flight
    are made again if that is harmless and else left to a person.
    """
    if run.deadline is not None and run.stopping is None and not run.cleaning:
        yield fx.SetDeadline(scope="run", at=run.deadline)
    if run.cleanup_deadline is not None:
        yield fx.SetDeadline(scope="cleanup", at=run.cleanup_deadline)
    for task in list(run.tasks.values()):
        yield from _recover_task(run, task)


def _recover_task(run: RunState, task: TaskState) -> Iterator[ev.Event | fx.Effect]:
    if task.status is RUNNING:
        yield _recover_call(run, task)
    elif task.status is WAITING and task.wait == "retry" and task.until is not None:
        yield fx.Wake(task=task.name, at=task.until, why="the retry delay is over")
    elif task.status is WAITING and task.wait != "person":
        yield ev.TaskReady(task=task.name, why=f"its wait ({task.wait}) ended with the owner before")
    elif task.status is WAITING and not task.plan.idempotent:
        yield _lost(task)
    elif is_asked(run, task):
        yield fx.Evaluate(role="when", task=task.name)
    if task.deadline is not None and task.status not in TASK_ENDED:
        yield fx.SetDeadline(scope="task", task=task.name, at=task.deadline)


def _recover_call(run: RunState, task: TaskState) -> ev.Event:
    if _is_stopping(run, task):
        return ev.TaskCancelled(task=task.name, why="in flight when the process before ended")
    if task.plan.idempotent:
        return ev.TaskReady(task=task.name, why="in flight when the process before ended; idempotent")
    return _lost(task)


def _lost(task: TaskState) -> ev.TaskInterrupted:
    why = "in flight when the process before ended, and not idempotent: it may have been executed"
    return ev.TaskInterrupted(task=task.name, attempt=task.attempt, why=why)


def _after(now: datetime, seconds: float | None) -> datetime | None:
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
    ev.TaskCancelled: _task_ended,
    ev.AttemptStarted: _attempt_started,
    ev.AttemptCompleted: _attempt_completed,
    ev.AttemptFailed: _attempt_failed,
    ev.RetryScheduled: _retry_scheduled,
    ev.TaskWaiting: _task_waiting,
    ev.ExpressionEvaluated: _expression_evaluated,
    ev.ApprovalRequested: _approval_requested,
    ev.ApprovalGranted: _answered,
    ev.ApprovalRejected: _answered,
    ev.CommandReceived: _command_received,
    ev.DeadlinePassed: _deadline_passed,
}
