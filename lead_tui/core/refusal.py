"""Which wishes of people a run cannot carry out now, and why; and what a retry would run again."""

import math

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.core.spending import amount
from lead_tui.core.state import (
    CANCELLED,
    FAILED,
    INTERRUPTED,
    RUN_ENDED,
    RUNNING,
    SKIPPED,
    TASK_ENDED,
    RunState,
    RunStatus,
)
from lead_tui.flow.forms import validate_values


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
            return _gate_refusal(run, command) or _answer_refusal(run.gates[gate].request, command)
        case cmd.Reject():
            return _gate_refusal(run, command)
        case cmd.TripBreaker(agent=agent) | cmd.ResetBreaker(agent=agent) | cmd.RestartAgent(agent=agent):
            known = agent in run.plan.agents or any(task.agent == agent for task in run.plan.tasks)
            return "" if known else f"no task of this run uses an agent {agent!r}"
        case cmd.RaiseBudget():
            return _budget_refusal(run, command)
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


def _budget_refusal(run: RunState, command: cmd.RaiseBudget) -> str:
    whose = f"the agent {command.agent!r}" if command.agent else "the flow"
    budget = run.budgets.get(command.agent)
    if budget is None:
        others = " and of ".join(f"the agent {name!r}" if name else "the flow" for name in run.budgets)
        return f"{whose} has no budget" + (f"; there is one of {others}" if others else "")
    if not command.limits:
        return f"give a new limit: {', '.join(budget.limits)}"
    for what, limit in command.limits.items():
        if what not in budget.limits:
            return f"the budget of {whose} does not limit {what}: it limits {', '.join(budget.limits)}"
        floor = max(budget.limits[what], amount(run.spent.get(command.agent, {}), what))
        if not floor < limit < math.inf:
            return f"{limit:g} {what} must be more than the limit now and what is spent: {floor:g}"
    return ""


def _gate_refusal(run: RunState, command: cmd.Approve | cmd.Reject) -> str:
    gate, known = command.gate, run.gates.get(command.gate)
    if known is None:
        return f"the run has no gate {gate!r}"
    if known.answer is not None:
        return f"{gate} has been answered by {known.answer.by or 'somebody'}"
    if known.void:
        return f"{gate} is closed: its task has ended"
    task = known.request.task
    if run.tasks[task].status is INTERRUPTED and not command.again:
        return (
            f"the call that asks ended with its process: answer with --again to have it made again, "
            f"with all it did before it asked, or skip {task}"
        )
    return ""


def _answer_refusal(request: ev.ApprovalRequested, command: cmd.Approve) -> str:
    if command.answer not in (request.options or ["approve"]):
        options = f"choose one of {', '.join(request.options)}"
        return options if request.options else f"{request.gate} offers no options: approve or reject it"
    values = validate_values(request.form, command.values)
    return "; ".join(values) if isinstance(values, list) else ""


def retryable(run: RunState) -> list[str]:
    """Tasks that a retry runs again, in file order: those that failed unhandled, were cancelled or
    interrupted, with all that was skipped because of them; once the run has ended also every `finally` task.
    """
    if not any(run.counts[status] for status in (FAILED, CANCELLED, INTERRUPTED)):
        return []  # asked for each time a screen looks what can be done
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
