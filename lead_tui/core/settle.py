"""What a run does next when nothing is left to follow: start a task, wait for a person, clean up, end."""

from datetime import datetime, timedelta
from typing import Literal

from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.core.follow import Outs, after, stop
from lead_tui.core.spending import is_held
from lead_tui.core.state import (
    INTERRUPTED,
    READY,
    RUN_ENDED,
    RUNNING,
    WAITING,
    RunState,
    RunStatus,
    TaskState,
)
from lead_tui.core.verdict import end_of, failure_of, is_partial
from lead_tui.flow.models import FailureStrategy


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


def _next_task(run: RunState) -> TaskState | None:
    """Pick the ready task of the highest priority, in file order, that slots, limits and budgets allow."""
    if run.status is not RunStatus.RUNNING or (run.cleaning and run.skip_cleanup):
        return None
    if run.stopping is not None and not run.cleaning:
        return None
    return _startable(run)


def _startable(run: RunState) -> TaskState | None:
    if run.holder:
        holder = run.tasks[run.holder]
        return holder if holder.status is READY and not is_held(run, holder) else None
    if run.counts[RUNNING] >= (run.plan.max_parallel if run.plan.parallel else 1):
        return None
    if len(run.ready) == 1 and not run.budgets:
        heap = run.ready[""]
        return run.tasks[heap[0][2]] if heap else None
    heads = [
        heap[0]
        for agent, heap in run.ready.items()
        if heap
        and (agent not in run.calls or run.calls[agent] < run.plan.limits[agent])
        and not is_held(run, run.tasks[heap[0][2]])
    ]
    return run.tasks[min(heads)[2]] if heads else None


def _start(task: TaskState, now: datetime) -> Outs:
    agent = task.plan.agent
    number = task.attempt if task.resumes else task.attempt + 1
    attempt = ev.AttemptStarted(task=task.name, attempt=number, agent=agent, why=task.why)
    if task.started_at is not None:
        return (attempt,)
    return (ev.TaskStarted(task=task.name, agent=agent, deadline=after(now, task.plan.timeout)), attempt)


def _conclude(run: RunState, now: datetime) -> Outs:
    """Nothing can start: wait for what is in flight, for a person, or go to the next phase."""
    if run.counts[RUNNING] or run.deciding:
        return ()
    if run.open_tasks or (run.cleaning and run.open_cleanup):
        return _wait_for_somebody(run)
    if run.open_cleanup:
        if run.status is not RunStatus.RUNNING:
            return ()
        if run.skip_cleanup:
            return stop(run, "cleanup was skipped", cleanup=True)
        return (ev.CleanupStarted(deadline=now + timedelta(seconds=run.plan.cleanup_timeout)),)
    if run.plan.outputs and run.outputs is None:
        return (fx.Evaluate(role="outputs", lenient=failure_of(run) is not None or is_partial(run)),)
    return (end_of(run),)


def _is_stuck(run: RunState) -> bool:
    """Can only a person move the run: nothing in flight, no timer, nothing that could start?

    While a task stands at a gate or a budget, tool calls of its attempt that wait for neither may still be in
    flight: whether they are is looked at last.
    """
    counts = run.counts
    if counts[RUNNING] or run.deciding or counts[WAITING] > run.parked + run.unpaid:
        return False
    if not (run.parked or run.unpaid or counts[INTERRUPTED] or (run.budgets and counts[READY])):
        return False
    if counts[READY] and _startable(run) is not None:
        return False
    return not (run.calling and any(task.has_calls_in_flight for task in run.tasks.values()))


def _wait_for_somebody(run: RunState) -> Outs:
    """For the budget first: it may hold back more than the tasks that stand at it now."""
    if run.status is not RunStatus.RUNNING or not _is_stuck(run):
        return ()
    unpaid = [task.name for task in run.tasks.values() if _is_unpaid(run, task)]
    asked = [
        task.name
        for task in run.tasks.values()
        if task.status is INTERRUPTED or (task.status is WAITING and task.wait == "person")
    ]
    why: Literal["budget", "gate", "interrupted"] = "gate" if run.parked else "interrupted"
    return (ev.RunWaiting(why="budget" if unpaid else why, tasks=[*unpaid, *asked]),)


def _is_unpaid(run: RunState, task: TaskState) -> bool:
    return task.wait == "budget" or (task.status is READY and is_held(run, task))
