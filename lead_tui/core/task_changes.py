"""What each event of a task changes. `TRANSITIONS` is the whole law of what may come when."""

import heapq
from collections.abc import Callable
from typing import Any

from lead_tui.core import events as ev
from lead_tui.core.spending import tell
from lead_tui.core.state import (
    CANCELLED,
    COMPLETED,
    FAILED,
    INTERRUPTED,
    PENDING,
    READY,
    RUNNING,
    SKIPPED,
    TASK_ENDED,
    WAITING,
    GateState,
    RunState,
    TaskState,
    TaskStatus,
    is_asked,
    outcome_of,
)
from lead_tui.errors import IllegalTransition

Law = tuple[frozenset[TaskStatus], TaskStatus | None]
TaskChange = Callable[[RunState, TaskState, Any], None]

# event: (statuses of the task in which it may come, status after it, None for the same)
# an attempt that asked a person lives on while it waits, and while it is ready to go on: other calls that it
# makes meanwhile may return, and it may even end
TRANSITIONS: dict[type[ev.Event], Law] = {
    ev.TaskReady: (frozenset({PENDING, WAITING, RUNNING, INTERRUPTED}), READY),
    ev.TaskStarted: (frozenset({READY}), None),
    ev.AttemptStarted: (frozenset({READY}), RUNNING),
    ev.AttemptCompleted: (frozenset({RUNNING, WAITING, READY}), None),
    ev.AttemptFailed: (frozenset({RUNNING, WAITING, READY}), None),
    ev.AttemptStalled: (frozenset({RUNNING, WAITING, READY}), None),
    ev.ToolCalled: (frozenset({RUNNING, WAITING, READY}), None),
    ev.ToolReturned: (frozenset({RUNNING, WAITING, READY}), None),
    ev.ToolsWaiting: (frozenset({RUNNING, WAITING, READY}), None),
    ev.AttemptSaved: (frozenset({RUNNING, WAITING, READY}), None),
    ev.AttemptSpent: (frozenset({RUNNING, WAITING, READY}), None),
    ev.ApprovalRequested: (frozenset({RUNNING}), None),
    ev.TaskWaiting: (frozenset({RUNNING}), WAITING),
    ev.RetryScheduled: (frozenset({RUNNING}), WAITING),
    ev.ApprovalGranted: (frozenset({WAITING, INTERRUPTED}), None),
    ev.ApprovalRejected: (frozenset({WAITING, INTERRUPTED}), None),
    ev.TaskCompleted: (frozenset({RUNNING}), COMPLETED),
    ev.TaskFailed: (frozenset({PENDING, READY, RUNNING, WAITING}), FAILED),
    ev.TaskSkipped: (frozenset({PENDING, READY, WAITING, INTERRUPTED}), SKIPPED),
    ev.TaskCancelled: (frozenset({PENDING, READY, RUNNING, WAITING, INTERRUPTED}), CANCELLED),
    ev.TaskInterrupted: (frozenset({READY, RUNNING, WAITING}), INTERRUPTED),
}


def apply_to_task(
    run: RunState, event: Any, legal: frozenset[TaskStatus], after: TaskStatus | None, change: TaskChange
) -> None:
    task = run.tasks.get(event.task)
    if task is None or task.status not in legal:
        status = task.status if task is not None else "unknown"
        raise IllegalTransition(f"{event.type} does not fit task {event.task!r}, which is {status}")
    change(run, task, event)
    if after is not None:
        move(run, task, after)


def move(run: RunState, task: TaskState, status: TaskStatus) -> None:
    was, task.status = task.status, status
    counts = run.counts
    counts[was] -= 1
    counts[status] += 1
    agent = task.plan.agent if task.plan.agent in run.ready else ""
    if agent in run.calls and (was is RUNNING or status is RUNNING):
        run.calls[agent] += 1 if status is RUNNING else -1
    if was is WAITING:
        run.parked -= task.wait == "person"
        run.unpaid -= task.wait == "budget"
        task.wait, task.until, task.short_of = "", None, ""
    if status is READY:
        heapq.heappush(run.ready[agent], (-task.plan.priority, task.index, task.name))
    elif was is READY:
        heap = run.ready[agent]
        while heap and run.tasks[heap[0][2]].status is not READY:
            heapq.heappop(heap)


def _ready(run: RunState, task: TaskState, event: ev.TaskReady) -> None:
    run.deciding -= is_asked(run, task)
    task.why = event.why
    _count_lost(run, task)


def _count_lost(run: RunState, task: TaskState) -> None:
    """Count a call that was in flight when its process ended as a call, whatever else it has used."""
    if task.status is RUNNING:
        tell(run, task, task.costs.told, task.accounts.get("", {}).get("seconds", 0.0))


def _started(run: RunState, task: TaskState, event: ev.TaskStarted) -> None:
    task.started_at, task.deadline = event.ts, event.deadline
    if not run.plan.parallel:
        run.holder = task.name


def _attempt_started(run: RunState, task: TaskState, event: ev.AttemptStarted) -> None:
    if event.attempt != task.attempt:
        task.attempt = event.attempt
        _forget_calls(run, task)
        if task.costs.accounts or task.costs.told:
            task.costs.told, task.costs.accounts = {}, {}
    task.waiting_calls = frozenset()
    task.resumes = task.begun = task.shaped = False


def _attempt_completed(run: RunState, task: TaskState, event: ev.AttemptCompleted) -> None:
    _end_attempt(run, task, event)
    task.saved = None
    if not task.shaped:
        task.result = event.result
    task.meta = event.meta or None
    task.failure = None


def _end_attempt(run: RunState, task: TaskState, event: ev.AttemptCompleted | ev.AttemptFailed) -> None:
    """An attempt may end while it asks a person: then nobody needs to answer any more."""
    tell(run, task, event.usage, event.duration)
    _forget_calls(run, task)
    task.resumes = task.begun = False
    if task.status is not RUNNING:
        void_gate(run, task)
        move(run, task, RUNNING)


def _attempt_failed(run: RunState, task: TaskState, event: ev.AttemptFailed) -> None:
    _end_attempt(run, task, event)
    task.tries += 1
    task.failure = event.failure
    task.meta = event.meta or None


def _stalled(run: RunState, task: TaskState, event: ev.AttemptStalled) -> None:
    """It is still in flight: what changes is told by its end."""


def _waiting(run: RunState, task: TaskState, event: ev.TaskWaiting) -> None:
    task.wait, task.until, task.why = event.reason, event.until, event.why
    task.resumes = True
    task.begun = event.begun or event.reason == "person"
    task.short_of = event.agent
    run.parked += event.reason == "person"
    run.unpaid += event.reason == "budget"


def _retry_scheduled(run: RunState, task: TaskState, event: ev.RetryScheduled) -> None:
    task.wait, task.until, task.why = "retry", event.at, event.why


def _tool_called(run: RunState, task: TaskState, event: ev.ToolCalled) -> None:
    run.calling += not task.calling
    task.calling = {**(task.calling or {}), event.call: event.tool}


def _tool_returned(run: RunState, task: TaskState, event: ev.ToolReturned) -> None:
    if task.calling:
        task.calling.pop(event.call, None)
        run.calling -= not task.calling


def _tools_waiting(run: RunState, task: TaskState, event: ev.ToolsWaiting) -> None:
    task.waiting_calls = frozenset(event.calls)


def _forget_calls(run: RunState, task: TaskState) -> None:
    """Whether they return or not, nobody waits for them any more."""
    run.calling -= bool(task.calling)
    task.calling, task.waiting_calls = None, frozenset()


def _saved(run: RunState, task: TaskState, event: ev.AttemptSaved) -> None:
    task.saved = task.saved or []
    task.saved.append(event.piece)


def _spent(run: RunState, task: TaskState, event: ev.AttemptSpent) -> None:
    tell(run, task, event.usage, event.duration, event.agent)


def _gate_opened(run: RunState, task: TaskState, event: ev.ApprovalRequested) -> None:
    run.gates[event.gate] = GateState(event)
    task.gate = event.gate


def _gate_answered(run: RunState, task: TaskState, event: ev.ApprovalGranted | ev.ApprovalRejected) -> None:
    gate = run.gates.get(event.gate)
    if gate is None or gate.answer is not None:
        raise IllegalTransition(f"gate {event.gate!r} is not open")
    gate.answer = event
    task.gate = ""
    if task.status is INTERRUPTED:
        task.started_at = task.deadline = None  # it begins again, and so does its time


def _completed(run: RunState, task: TaskState, event: ev.TaskCompleted) -> None:
    _end(run, task, event, "completed")


def _failed(run: RunState, task: TaskState, event: ev.TaskFailed) -> None:
    task.failure, task.handled, task.why, task.result = event.failure, event.handled, event.why, None
    if not event.handled:
        run.unhandled[task.name] = event.failure
    _end(run, task, event, "completed" if task.plan.continue_on_failure else "failed")


def _skipped(run: RunState, task: TaskState, event: ev.TaskSkipped) -> None:
    task.cause, task.why, task.saw = event.cause, event.why, event.saw or None
    _end(run, task, event, event.cause)


def _cancelled(run: RunState, task: TaskState, event: ev.TaskCancelled) -> None:
    task.why, task.result = event.why, None
    if task.status is RUNNING:
        tell(run, task, event.usage, event.duration)
    _end(run, task, event, "cancelled")


def _interrupted(run: RunState, task: TaskState, event: ev.TaskInterrupted) -> None:
    task.why = event.why
    _count_lost(run, task)
    task.resumes = task.begun = False
    _forget_calls(run, task)
    if run.holder == task.name:
        run.holder = ""


def _end(run: RunState, task: TaskState, event: ev.TaskEvent, outcome: str) -> None:
    run.deciding -= is_asked(run, task)
    task.ended_at = event.ts
    task.stopping = ""
    task.resumes = task.begun = False
    _forget_calls(run, task)
    void_gate(run, task)
    if run.holder == task.name:
        run.holder = ""
    if task.plan.cleanup:
        run.open_cleanup -= 1
    else:
        run.open_tasks -= 1
    for name, on in run.dependents.get(task.name, ()):
        dependent = run.tasks[name]
        if dependent.status is PENDING:
            _resolve_need(dependent, task, on, outcome)
            run.deciding += is_asked(run, dependent)


def void_gate(run: RunState, task: TaskState) -> None:
    if task.gate:
        run.gates[task.gate].void = True
        task.gate = ""


def _resolve_need(task: TaskState, needed: TaskState, on: str | None, outcome: str) -> None:
    task.open -= 1
    if on is None and outcome == "completed":
        task.fulfilled += 1
        return
    holds = outcome in {"condition", "upstream"} if on == "skipped" else on in {"any", outcome}
    if holds or (on is None and outcome == "condition") or task.unmet:
        return
    task.unmet = "upstream" if outcome in {"failed", "cancelled", "upstream"} else "condition"
    task.why = _unmet_because(needed, on, outcome)


_SAID = {
    "condition": "was skipped",
    "upstream": "was skipped because of a failure",
    "cancelled": "was cancelled",
}


def _unmet_because(needed: TaskState, on: str | None, outcome: str) -> str:
    said = _SAID.get(outcome, outcome)
    if needed.failure is not None and outcome == "completed":
        said = "failed, which its continue_on_failure makes count as completed"
    return f"{needed.name} {said}" if on is None else f"{needed.name} {said}, and this waits with on: {on}"


def clear(task: TaskState) -> None:
    task.generation += 1
    task.tries = 0
    task.saved = task.calling = None
    task.result = task.meta = task.failure = task.saw = None
    task.started_at = task.ended_at = task.deadline = None
    task.cause = task.why = ""
    task.handled = task.resumes = task.begun = task.shaped = False


def recount(run: RunState, task: TaskState) -> None:
    task.open, task.fulfilled, task.unmet = len(task.plan.needs), 0, ""
    for need in task.plan.needs:
        needed = run.tasks[need.task]
        if needed.status in TASK_ENDED:
            _resolve_need(task, needed, need.on, outcome_of(needed))


_TASK_CHANGES: dict[type[ev.Event], TaskChange] = {
    ev.TaskReady: _ready,
    ev.TaskStarted: _started,
    ev.AttemptStarted: _attempt_started,
    ev.AttemptCompleted: _attempt_completed,
    ev.AttemptFailed: _attempt_failed,
    ev.AttemptStalled: _stalled,
    ev.TaskWaiting: _waiting,
    ev.RetryScheduled: _retry_scheduled,
    ev.ToolCalled: _tool_called,
    ev.ToolReturned: _tool_returned,
    ev.ToolsWaiting: _tools_waiting,
    ev.AttemptSaved: _saved,
    ev.AttemptSpent: _spent,
    ev.ApprovalRequested: _gate_opened,
    ev.ApprovalGranted: _gate_answered,
    ev.ApprovalRejected: _gate_answered,
    ev.TaskCompleted: _completed,
    ev.TaskFailed: _failed,
    ev.TaskSkipped: _skipped,
    ev.TaskCancelled: _cancelled,
    ev.TaskInterrupted: _interrupted,
}

TASK_RULES = {kind: (*TRANSITIONS[kind], change) for kind, change in _TASK_CHANGES.items()}
