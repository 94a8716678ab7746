"""What a run came to: completed, partly completed, failed and of what, or cancelled."""

from lead_tui.core import events as ev
from lead_tui.core.state import CANCELLED, COMPLETED, FAILED, RunState
from lead_tui.errors import Category, Failure
from lead_tui.flow.models import FailureStrategy


def is_partial(run: RunState) -> bool:
    return _broken(run) and run.plan.strategy is FailureStrategy.PARTIAL


def _broken(run: RunState) -> bool:
    """Did a main task fail unhandled, or was one cancelled by a person?"""
    return any(
        not task.plan.cleanup and (task.status is CANCELLED or task.name in run.unhandled)
        for task in run.tasks.values()
    )


def failure_of(run: RunState) -> Failure | None:
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
    if is_partial(run) and completed:
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


def end_of(run: RunState) -> ev.Event:
    outputs = run.outputs or {}
    errors = [task.name for task in run.tasks.values() if task.status is FAILED]
    if run.stopping is not None and run.stopping.cause == "cancelled":
        return ev.RunCancelled(by=run.stopping.by, why=run.stopping.why, outputs=outputs, errors=errors)
    failure = failure_of(run)
    if failure is not None:
        return ev.RunFailed(failure=failure, outputs=outputs, errors=errors)
    return ev.RunCompleted(partial=is_partial(run), outputs=outputs, errors=errors)
