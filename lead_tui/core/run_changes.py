"""What each event of a run as a whole changes."""

from collections.abc import Callable
from typing import Any

from lead_tui.core import commands
from lead_tui.core import events as ev
from lead_tui.core.state import PENDING, RUN_ENDED, TASK_ENDED, BreakerState, RunState, RunStatus, is_asked
from lead_tui.core.task_changes import clear, move, recount, void_gate
from lead_tui.errors import IllegalTransition


def _run_queued(run: RunState, event: ev.RunQueued) -> None:
    run.run_id, run.inputs = event.run_id, event.inputs


def _run_started(run: RunState, event: ev.RunStarted) -> None:
    run.status, run.started_at, run.deadline = RunStatus.RUNNING, event.ts, event.deadline
    run.deciding = _count_asked(run)


def _run_completed(run: RunState, event: ev.RunCompleted) -> None:
    run.partial = event.partial
    _run_ended(run, event, RunStatus.COMPLETED)


def _run_failed(run: RunState, event: ev.RunFailed) -> None:
    run.failure = event.failure
    _run_ended(run, event, RunStatus.FAILED)


def _run_cancelled(run: RunState, event: ev.RunCancelled) -> None:
    _run_ended(run, event, RunStatus.CANCELLED)


def _run_ended(
    run: RunState, event: ev.RunCompleted | ev.RunFailed | ev.RunCancelled, status: RunStatus
) -> None:
    if run.status in RUN_ENDED:
        raise IllegalTransition(f"{event.type}: the run has ended already, {run.status}")
    run.status, run.ended_at, run.outputs = status, event.ts, event.outputs


def _run_paused(run: RunState, event: ev.RunPaused) -> None:
    run.status = RunStatus.PAUSED


def _run_resumed(run: RunState, event: ev.RunResumed) -> None:
    run.status = RunStatus.RUNNING


def _run_waiting(run: RunState, event: ev.RunWaiting) -> None:
    run.status, run.waits_for = RunStatus.WAITING, event.why


def _run_stopping(run: RunState, event: ev.RunStopping) -> None:
    run.stopping = event
    run.status = RunStatus.RUNNING


def _cleanup_started(run: RunState, event: ev.CleanupStarted) -> None:
    run.cleaning, run.cleanup_deadline = True, event.deadline
    run.deciding = _count_asked(run)


def _run_interrupted(run: RunState, event: ev.RunInterrupted) -> None:
    if run.status is not RunStatus.PAUSED:
        run.status = RunStatus.RUNNING


def _run_reopened(run: RunState, event: ev.RunReopened) -> None:
    reset = [run.tasks[name] for name in event.tasks]
    for task in reset:
        if task.status in TASK_ENDED:
            run.open_cleanup += task.plan.cleanup
            run.open_tasks += not task.plan.cleanup
        run.unhandled.pop(task.name, None)
        void_gate(run, task)
        move(run, task, PENDING)
        clear(task)
    for task in reset:
        for name, _ in run.dependents.get(task.name, ()):
            if run.tasks[name].status is PENDING:
                recount(run, run.tasks[name])
        recount(run, task)
    run.status, run.stopping, run.cleaning, run.skip_cleanup = RunStatus.RUNNING, None, False, False
    run.ended_at = run.outputs = run.failure = run.cleanup_deadline = None
    run.partial, run.deadline = False, event.deadline
    run.deciding = _count_asked(run)


def _count_asked(run: RunState) -> int:
    return sum(is_asked(run, task) for task in run.tasks.values())


def _command_received(run: RunState, event: ev.CommandReceived) -> None:
    command = event.command
    if isinstance(command, commands.CancelTask):
        run.tasks[command.task].stopping = "cancelled"
    elif isinstance(command, commands.Cancel):
        run.skip_cleanup = run.skip_cleanup or command.skip_cleanup


def _deadline_passed(run: RunState, event: ev.DeadlinePassed) -> None:
    if event.scope == "task":
        run.tasks[event.task].stopping = "deadline"
    elif event.scope == "cleanup":
        run.skip_cleanup = True


def _expression_evaluated(run: RunState, event: ev.ExpressionEvaluated) -> None:
    if event.role == "output" and event.failure is None:
        task = run.tasks[event.task]
        task.result, task.shaped = event.value, True
    elif event.role == "outputs":
        run.outputs, run.failure = event.value or {}, event.failure


def _unknown(run: RunState, event: ev.UnknownEvent) -> None:
    """A newer release wrote it: the fold goes on without it."""


def _budget_warning(run: RunState, event: ev.BudgetWarning) -> None:
    if (budget := run.budgets.get(event.agent)) is not None:
        budget.warned.add(event.what)


def _budget_exceeded(run: RunState, event: ev.BudgetExceeded) -> None:
    if (budget := run.budgets.get(event.agent)) is not None:
        budget.exceeded.add(event.what)


def _budget_uncounted(run: RunState, event: ev.BudgetUncounted) -> None:
    if (budget := run.budgets.get(event.agent)) is not None:
        budget.uncounted.add((event.what, event.source))


def _budget_raised(run: RunState, event: ev.BudgetRaised) -> None:
    budget = run.budgets.get(event.agent)
    for what, limit in event.limits.items():
        if budget is not None and what in budget.limits:
            budget.limits[what] = limit
            budget.warned.discard(what)
            budget.exceeded.discard(what)


def _breaker_opened(run: RunState, event: ev.BreakerOpened) -> None:
    run.breakers[event.agent] = BreakerState("open", event.until, event.failures)


def _breaker_half_opened(run: RunState, event: ev.BreakerHalfOpened) -> None:
    run.breakers[event.agent] = BreakerState("half_open")


def _breaker_closed(run: RunState, event: ev.BreakerClosed) -> None:
    run.breakers[event.agent] = BreakerState()


RUN_CHANGES: dict[type[ev.Event], Callable[[RunState, Any], None]] = {
    ev.RunQueued: _run_queued,
    ev.RunStarted: _run_started,
    ev.RunCompleted: _run_completed,
    ev.RunFailed: _run_failed,
    ev.RunCancelled: _run_cancelled,
    ev.RunPaused: _run_paused,
    ev.RunResumed: _run_resumed,
    ev.RunWaiting: _run_waiting,
    ev.RunStopping: _run_stopping,
    ev.CleanupStarted: _cleanup_started,
    ev.RunInterrupted: _run_interrupted,
    ev.RunReopened: _run_reopened,
    ev.CommandReceived: _command_received,
    ev.DeadlinePassed: _deadline_passed,
    ev.ExpressionEvaluated: _expression_evaluated,
    ev.UnknownEvent: _unknown,
    ev.BudgetWarning: _budget_warning,
    ev.BudgetExceeded: _budget_exceeded,
    ev.BudgetUncounted: _budget_uncounted,
    ev.BudgetRaised: _budget_raised,
    ev.BreakerOpened: _breaker_opened,
    ev.BreakerHalfOpened: _breaker_half_opened,
    ev.BreakerClosed: _breaker_closed,
}
