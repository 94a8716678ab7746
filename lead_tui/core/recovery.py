"""What a new owner does with a run that another process left in the middle."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.core.follow import is_stopping
from lead_tui.core.state import RUNNING, TASK_ENDED, WAITING, RunState, TaskState, is_asked
from lead_tui.errors import Category, Failure, Outcome


def recover(run: RunState, now: datetime) -> Iterator[ev.Event | fx.Effect]:
    """What a new owner does with what the one before left: timers are set again, calls that were in flight
    are made again if that is harmless and else left to a person. A cleanup gets its whole time again.

    Tool calls of an attempt that begins again are told to have ended: no one else will.
    """
    if run.deadline is not None and run.stopping is None and not run.cleaning:
        yield fx.SetDeadline(scope="run", at=run.deadline)
    if run.cleaning and not run.skip_cleanup:
        yield ev.CleanupStarted(deadline=now + timedelta(seconds=run.plan.cleanup_timeout))
    for task in list(run.tasks.values()):
        yield from _recover_task(run, task)


def _recover_task(run: RunState, task: TaskState) -> Iterator[ev.Event | fx.Effect]:
    if task.calling and task.repeatable:
        yield from _lost_calls(task)
    if task.status is RUNNING:
        yield _recover_call(run, task)
    elif task.status is WAITING and task.wait == "retry" and task.until is not None:
        yield fx.Wake(task=task.name, at=task.until, why="the retry delay is over")
    elif task.begun and not task.repeatable:
        yield _lost(task)
    elif task.status is WAITING and task.wait != "person":
        yield ev.TaskReady(task=task.name, why=f"its wait ({task.wait}) ended with the owner before")
    elif is_asked(run, task):
        yield fx.Evaluate(role="when", task=task.name)
    if task.deadline is not None and task.status not in TASK_ENDED:
        yield fx.SetDeadline(scope="task", task=task.name, at=task.deadline)


def _recover_call(run: RunState, task: TaskState) -> ev.Event:
    if is_stopping(run, task):
        return ev.TaskCancelled(task=task.name, why="in flight when the process before ended")
    if task.repeatable:
        how = "idempotent" if task.plan.idempotent else "goes on with what it saved"
        return ev.TaskReady(task=task.name, why=f"in flight when the process before ended; {how}")
    return _lost(task)


def _lost_calls(task: TaskState) -> Iterator[ev.Event]:
    why = "in flight when the process before ended: it may have been executed"
    failure = Failure(Category.TOOL, why, Outcome.UNKNOWN, "interrupted")
    for call, tool in list((task.calling or {}).items()):
        yield ev.ToolReturned(task=task.name, attempt=task.attempt, call=call, tool=tool, failure=failure)


def _lost(task: TaskState) -> ev.TaskInterrupted:
    return ev.TaskInterrupted(task=task.name, attempt=task.attempt, why=_why_lost(task), gate=task.gate)


def _why_lost(task: TaskState) -> str:
    then = "when the process before ended"
    if not task.calling:
        if task.gate:
            return f"asked a person {then}, and not idempotent: an answer makes the call again"
        return f"in flight {then}, and not idempotent: it may have been executed"
    call = f"its call of {', '.join(dict.fromkeys(task.calling.values()))}"
    if task.gate and not task.has_calls_in_flight:
        return f"{call} asked a person {then}: an answer makes it again"
    also = ", and an answer makes it again" if task.gate else ""
    return f"{call} was in flight {then}: it may have been executed{also}"
