"""Questions that a reader asks of a state. Nothing here guesses: every answer was recorded."""

import msgspec

from lead_tui.core.spending import UNCOUNTED, add, amount, is_held, is_spent
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
    GateState,
    RunState,
    RunStatus,
    TaskState,
)
from lead_tui.flow.models import Limited


def open_gates(run: RunState) -> list[GateState]:
    """Gates that a person can answer now, oldest first."""
    if run.status in RUN_ENDED:
        return []
    return [gate for gate in run.gates.values() if gate.answer is None and not gate.void]


def usage(run: RunState) -> dict[str, float]:
    """What all attempts told that they used."""
    total: dict[str, float] = {}
    for task in run.tasks.values():
        add(total, task.usage)
    return total


def gate_of(run: RunState, task: TaskState) -> GateState | None:
    """The gate at which the task waits, while a person can answer it."""
    gate = run.gates.get(task.gate) if run.status not in RUN_ENDED else None
    return None if gate is None or gate.answer is not None or gate.void else gate


def has_left(run: RunState, gate: GateState, *, driven: bool) -> bool:
    """Is the call that asks gone with its process, so that only a call made again can take the answer?"""
    task = run.tasks[gate.request.task]
    return task.status is INTERRUPTED or not (driven or task.repeatable)


class Spent(msgspec.Struct, frozen=True):
    """A limit that is reached. `agent` is empty for the budget of the flow."""

    agent: str
    what: Limited
    spent: float
    limit: float


def spent_budgets(run: RunState) -> list[Spent]:
    """The limits that hold something back until they are raised."""
    return [
        Spent(scope, what, amount(run.spent.get(scope, {}), what), limit)
        for scope, budget in run.budgets.items()
        for what, limit in budget.limits.items()
        if budget.enforce and what in budget.exceeded
    ]


def spent_for(run: RunState, task: TaskState) -> list[Spent]:
    """Those that hold this task back."""
    if task.wait == "budget":
        scopes = {task.short_of}
    else:
        scopes = {"", task.plan.agent} if task.status is READY and is_held(run, task) else set()
    return [each for each in spent_budgets(run) if each.agent in scopes]


class Uncounted(msgspec.Struct, frozen=True):
    """Calls that are in no sum of a limit: their price is not known, or how many tokens they took."""

    agent: str
    what: Limited
    calls: float


def uncounted(run: RunState) -> list[Uncounted]:
    """By budget, "" for the flow's."""
    return [
        Uncounted(scope, what, calls)
        for scope, budget in run.budgets.items()
        for what, held in UNCOUNTED.items()
        if what in budget.limits and (calls := run.spent.get(scope, {}).get(held, 0))
    ]


def going_on(run: RunState, *, without: str = "", paid: bool = False) -> list[str]:
    """Tasks of a run that nobody drives which go on, now or later, once somebody takes it up, in file order.

    Not what only a person can move, nor what needs that. `without`: a task that is ended first; `paid`: what
    a budget holds back goes on, too.
    """
    frontier = [name for name, task in run.tasks.items() if name != without and _is_stuck(run, task, paid)]
    held = {without, *frontier}
    while frontier:
        for name, _ in run.dependents.get(frontier.pop(), ()):
            if name not in held:
                held.add(name)
                frontier.append(name)
    stuck = len(held) > 1 and not run.cleaning
    return [
        name
        for name, task in run.tasks.items()
        if task.status not in TASK_ENDED
        and name not in held
        and not (stuck if task.plan.cleanup else run.stopping is not None)
    ]


def _is_stuck(run: RunState, task: TaskState, paid: bool) -> bool:
    """Will only a person move it, once the run is taken up?"""
    if task.status is RUNNING or task.begun:
        lost = not task.repeatable and run.stopping is None
    else:
        lost = task.status is INTERRUPTED
    waits = task.status is WAITING and (task.wait == "person" or (task.wait == "budget" and not paid))
    return lost or waits or (task.status is READY and not paid and is_held(run, task))


def progress(run: RunState) -> tuple[int, int]:
    """Tasks that have ended, and all; `finally` tasks count once they can run."""
    return sum(run.counts[status] for status in TASK_ENDED), len(run.tasks)


def why(run: RunState, name: str) -> list[str]:
    """Why this task is where it is: sentences, the most direct first. Raises KeyError for an unknown task."""
    task = run.tasks[name]
    match task.status:
        case status if status is PENDING:
            return _why_pending(run, task)
        case status if status is READY:
            return [_why_not_started(run, task)]
        case status if status is RUNNING:
            return [f"running: attempt {task.attempt} is in flight", *_because(task)]
        case status if status is WAITING:
            return [_why_waiting(task), *_because(task)]
        case status if status is COMPLETED:
            return [f"completed at attempt {task.attempt}", *_because(task)]
        case status if status is FAILED:
            return _why_failed(run, task)
        case status if status is SKIPPED:
            saw = [f"{path} was {value!r}" for path, value in (task.saw or {}).items()]
            return [f"skipped ({task.cause})", *_because(task), *saw]
        case status if status is INTERRUPTED:
            ways = "answer" if task.gate else "retry the run"
            return ["interrupted", *_because(task), f"{ways} or skip the task to go on"]
        case _:
            return ["cancelled", *_because(task)]


def _because(task: TaskState) -> list[str]:
    return [task.why] if task.why else []


def _why_pending(run: RunState, task: TaskState) -> list[str]:
    waits = [need for need in task.plan.needs if run.tasks[need.task].status not in TASK_ENDED]
    if waits:
        return [
            f"waits for {need.task} ({run.tasks[need.task].status}{f', on: {need.on}' if need.on else ''})"
            for need in waits
        ]
    if task.plan.cleanup and not run.cleaning:
        return ["a finally task: it runs when all tasks have ended"]
    if run.status is RunStatus.QUEUED:
        return ["the run has not started"]
    return ["its condition is being evaluated"]


def _why_not_started(run: RunState, task: TaskState) -> str:
    limit = run.plan.limits.get(task.plan.agent)
    if run.status is RunStatus.PAUSED:
        return "ready: the run is paused"
    if is_held(run, task):
        whose = "the flow" if is_spent(run, "") else task.plan.agent
        return f"ready: the budget of {whose} is spent; somebody has to raise it"
    if run.holder:
        return f"ready: tasks run one at a time, and {run.holder} is under way"
    if limit is not None and run.calls[task.plan.agent] >= limit:
        return f"ready: {task.plan.agent} has max_concurrency {limit}"
    return f"ready: waits for one of {run.plan.max_parallel if run.plan.parallel else 1} slots"


def _why_waiting(task: TaskState) -> str:
    until = f" until {task.until:%H:%M:%S}" if task.until is not None else ""
    whose = task.short_of or "the flow"
    what = {
        "person": f"a person, at the gate {task.gate}",
        "retry": "its next try",
        "budget": f"somebody to raise the budget of {whose}",
    }.get(task.wait, task.wait)
    return f"waits for {what}{until}"


def _why_failed(run: RunState, task: TaskState) -> list[str]:
    lines = [f"failed at attempt {task.attempt}: {task.failure}", *_because(task)]
    if run.stopping is not None and run.stopping.task == task.name:
        lines.append(run.stopping.why)
    return lines


def errors(run: RunState) -> dict[str, str]:
    """What each failed task died of."""
    return {task.name: str(task.failure) for task in run.tasks.values() if task.status is FAILED}


def interrupted(run: RunState) -> list[str]:
    """Tasks cut off that no answer moves: they have to be retried or skipped."""
    if not run.counts[INTERRUPTED]:
        return []
    return [task.name for task in run.tasks.values() if task.status is INTERRUPTED and not task.gate]


def not_run(run: RunState) -> dict[str, str]:
    """Tasks that were skipped because of a failure or cancelled, and why."""
    return {
        task.name: task.why
        for task in run.tasks.values()
        if task.status is CANCELLED or (task.status is SKIPPED and task.cause == "upstream")
    }
