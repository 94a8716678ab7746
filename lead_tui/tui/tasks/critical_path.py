"""The chain of tasks that decided when a run ended. Pure.

From the task that ended last, back to the one of its needs that ended last, and so on: had any of them been
quicker, the run could have been shorter. In a run that goes on, what is under way counts as ending now.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from lead_tui.core.state import RunState, TaskState

_FUTURE = datetime.max.replace(tzinfo=UTC)


def critical_path(run: RunState) -> list[str]:
    """Names, the first task first. Tasks that never began are passed through and left out."""
    chain: list[str] = []
    task = _last_of(run, run.tasks.values())
    while task is not None:
        if task.started_at is not None:
            chain.append(task.name)
        task = _before(run, task)
    return chain[::-1]


def _last_of(run: RunState, tasks: Iterable[TaskState]) -> TaskState | None:
    """The one that began and ended last; of several that ended at the same instant, one that ends a chain."""
    began = [task for task in tasks if task.started_at is not None]
    if not began:
        return None
    last = max(began, key=_end)
    while (later := _same_end_after(run, last)) is not None:
        last = later
    return last


def _same_end_after(run: RunState, task: TaskState) -> TaskState | None:
    for name, _ in run.dependents.get(task.name, ()):
        dependent = run.tasks[name]
        if dependent.started_at is not None and _end(dependent) == _end(task):
            return dependent
    return None


def _before(run: RunState, task: TaskState) -> TaskState | None:
    """What this one waited for longest; a `finally` task that needs none waited for all the others."""
    needs = [run.tasks[need.task] for need in task.plan.needs]
    ended = [each for each in needs if each.ended_at is not None]
    if ended:
        return max(ended, key=_end)
    if task.plan.cleanup and not needs:
        return _last_of(run, (each for each in run.tasks.values() if not each.plan.cleanup))
    return None


def _end(task: TaskState) -> datetime:
    return task.ended_at or _FUTURE
