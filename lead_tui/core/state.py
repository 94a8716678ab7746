"""A run as the fold of its events. `apply` is the only writer; an event that does not fit changes nothing.

Task:  pending → ready → running → completed | failed | skipped | cancelled | interrupted
with `waiting` between two tries, before a limit or breaker, and at a gate. `TRANSITIONS` is the whole law.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from lead_tui.core import commands
from lead_tui.core import events as ev
from lead_tui.core.plan import Plan, PlannedTask
from lead_tui.errors import Failure, IllegalTransition


class TaskStatus(StrEnum):
    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


PENDING, READY, RUNNING, WAITING = (
    TaskStatus.PENDING,
    TaskStatus.READY,
    TaskStatus.RUNNING,
    TaskStatus.WAITING,
)
COMPLETED, FAILED, SKIPPED, CANCELLED, INTERRUPTED = (
    TaskStatus.COMPLETED,
    TaskStatus.FAILED,
    TaskStatus.SKIPPED,
    TaskStatus.CANCELLED,
    TaskStatus.INTERRUPTED,
)
TASK_ENDED = frozenset({COMPLETED, FAILED, SKIPPED, CANCELLED})
RUN_ENDED = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED})

Law = tuple[frozenset[TaskStatus], TaskStatus | None]

# event: (statuses of the task in which it may come, status after it, None for the same)
TRANSITIONS: dict[type[ev.Event], Law] = {
    ev.TaskReady: (frozenset({PENDING, WAITING, RUNNING}), READY),
    ev.TaskStarted: (frozenset({READY}), None),
    ev.AttemptStarted: (frozenset({READY}), RUNNING),
    ev.AttemptCompleted: (frozenset({RUNNING}), None),
    ev.AttemptFailed: (frozenset({RUNNING}), None),
    ev.ApprovalRequested: (frozenset({RUNNING}), None),
    ev.TaskWaiting: (frozenset({RUNNING}), WAITING),
    ev.RetryScheduled: (frozenset({RUNNING}), WAITING),
    ev.ApprovalGranted: (frozenset({WAITING}), None),
    ev.ApprovalRejected: (frozenset({WAITING}), None),
    ev.TaskCompleted: (frozenset({RUNNING}), COMPLETED),
    ev.TaskFailed: (frozenset({PENDING, READY, RUNNING, WAITING}), FAILED),
    ev.TaskSkipped: (frozenset({PENDING, READY, WAITING, INTERRUPTED}), SKIPPED),
    ev.TaskCancelled: (frozenset({PENDING, READY, RUNNING, WAITING, INTERRUPTED}), CANCELLED),
    ev.TaskInterrupted: (frozenset({RUNNING, WAITING}), INTERRUPTED),
}


@dataclass(slots=True)
class TaskState:
    """One task. `attempt` counts all tries ever, `tries` the failed ones of this `generation`."""

    name: str
    plan: PlannedTask
    index: int
    """Place in the file."""
    status: TaskStatus = PENDING
    generation: int = 1
    attempt: int = 0
    tries: int = 0
    result: Any = None
    meta: dict[str, Any] | None = None
    failure: Failure | None = None
    handled: bool = False
    cause: str = ""
    why: str = ""
    saw: dict[str, Any] | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deadline: datetime | None = None
    wait: str = ""
    """While waiting: `retry`, `rate_limit`, `retry_after`, `breaker` or `person`."""
    until: datetime | None = None
    gate: str = ""
    stopping: str = ""
    """A cancel of this task (`cancelled`) or its timeout (`deadline`) is under way."""
    resumes: bool = False
    """The current attempt has not run or waits at a gate: the next start keeps its number."""
    shaped: bool = False
    """`result` already holds what the `output` template made of the current attempt."""
    open: int = 0
    """Dependencies that have not ended."""
    fulfilled: int = 0
    """Plain dependencies that completed."""
    unmet: Literal["", "condition", "upstream"] = ""
    """`condition` or `upstream` once a dependency can no longer hold; `why` says which."""

    @property
    def duration(self) -> float:
        """Seconds from start to end, 0 before the end."""
        if self.started_at is None or self.ended_at is None:
            return 0.0
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(slots=True)
class GateState:
    """A question to a person and, once it came, the answer."""

    request: ev.ApprovalRequested
    answer: ev.ApprovalGranted | ev.ApprovalRejected | None = None
    void: bool = False


@dataclass(slots=True)
class BreakerState:
    state: str = "closed"
    until: datetime | None = None
    failures: int = 0


@dataclass(slots=True)
class RunState:
    """Everything known of a run. Front ends read it; `apply` writes it."""

    plan: Plan
    tasks: dict[str, TaskState]
    dependents: dict[str, list[tuple[str, str | None]]]
    """Task: those that need it, with the `on` of the need."""
    watched: frozenset[str]
    """Tasks whose failure another task waits for."""
    run_id: str = ""
    status: RunStatus = RunStatus.QUEUED
    seq: int = 0
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] | None = None
    failure: Failure | None = None
    partial: bool = False
    stopping: ev.RunStopping | None = None
    cleaning: bool = False
    skip_cleanup: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    last_at: datetime | None = None
    """When the last event happened."""
    deadline: datetime | None = None
    cleanup_deadline: datetime | None = None
    gates: dict[str, GateState] = field(default_factory=dict)
    breakers: dict[str, BreakerState] = field(default_factory=dict)
    counts: dict[TaskStatus, int] = field(default_factory=dict)
    open_tasks: int = 0
    """Main tasks that have not ended."""
    open_cleanup: int = 0
    deciding: int = 0
    """Tasks whose `when` is being asked."""
    parked: int = 0
    """Tasks that wait for a person at a gate."""
    calls: dict[str, int] = field(default_factory=dict)
    """Attempts in flight by agent, for the agents that have a limit."""
    ready: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    """Heaps of `(-priority, file order, name)`: one for each limited agent, "" for all others."""
    holder: str = ""
    """In a sequential run: the task that has started and not ended."""
    unhandled: dict[str, Failure] = field(default_factory=dict)
    """Failures that nothing handles, in order."""


def new_run(plan: Plan) -> RunState:
    """The state before the first event."""
    tasks = {
        task.name: TaskState(task.name, task, index, open=len(task.needs))
        for index, task in enumerate(plan.tasks)
    }
    dependents: dict[str, list[tuple[str, str | None]]] = {}
    watched = set()
    for task in plan.tasks:
        for need in task.needs:
            dependents.setdefault(need.task, []).append((task.name, need.on))
            if need.on == "failed":
                watched.add(need.task)
    cleanup = sum(task.cleanup for task in plan.tasks)
    return RunState(
        plan=plan,
        tasks=tasks,
        dependents=dependents,
        watched=frozenset(watched),
        counts=dict.fromkeys(TaskStatus, 0) | {PENDING: len(tasks)},
        open_tasks=len(tasks) - cleanup,
        open_cleanup=cleanup,
        ready={agent: [] for agent in ("", *plan.limits)},
        calls=dict.fromkeys(plan.limits, 0),
    )


def apply(run: RunState, event: ev.Event) -> None:
    """Fold one event. Raises IllegalTransition, and changes nothing, if it does not fit."""
    if event.seq != run.seq + 1:
        raise IllegalTransition(f"event {event.seq} ({event.type}) does not follow {run.seq}")
    kind = type(event)
    rule = _TASK_RULES.get(kind)
    if rule is not None:
        _apply_to_task(run, event, *rule)
    elif (change := _RUN_CHANGES.get(kind)) is not None:
        change(run, event)
    else:
        raise IllegalTransition(f"no rule for the event {event.type}")
    run.seq, run.last_at = event.seq, event.ts


# --- tasks ----------------------------------------------------------------------------------------


def _apply_to_task(
    run: RunState, event: Any, legal: frozenset[TaskStatus], after: TaskStatus | None, change: "TaskChange"
) -> None:
    task = run.tasks.get(event.task)
    if task is None or task.status not in legal:
        status = task.status if task is not None else "unknown"
        raise IllegalTransition(f"{event.type} does not fit task {event.task!r}, which is {status}")
    change(run, task, event)
    if after is not None:
        _move(run, task, after)


def _move(run: RunState, task: TaskState, status: TaskStatus) -> None:
    was, task.status = task.status, status
    counts = run.counts
    counts[was] -= 1
    counts[status] += 1
    agent = task.plan.agent if task.plan.agent in run.plan.limits else ""
    if agent and (was is RUNNING or status is RUNNING):
        run.calls[agent] += 1 if status is RUNNING else -1
    if was is WAITING:
        run.parked -= task.wait == "person"
        task.wait, task.until = "", None
    if status is READY:
        heapq.heappush(run.ready[agent], (-task.plan.priority, task.index, task.name))
    elif was is READY:
        heap = run.ready[agent]
        while heap and run.tasks[heap[0][2]].status is not READY:
            heapq.heappop(heap)


def _ready(run: RunState, task: TaskState, event: ev.TaskReady) -> None:
    run.deciding -= is_asked(run, task)
    task.why = event.why


def _started(run: RunState, task: TaskState, event: ev.TaskStarted) -> None:
    task.started_at, task.deadline = event.ts, event.deadline
    if not run.plan.parallel:
        run.holder = task.name


def _attempt_started(run: RunState, task: TaskState, event: ev.AttemptStarted) -> None:
    task.attempt = event.attempt
    task.resumes = task.shaped = False


def _attempt_completed(run: RunState, task: TaskState, event: ev.AttemptCompleted) -> None:
    if not task.shaped:
        task.result = event.result
    task.meta = event.meta or None
    task.failure = None


def _attempt_failed(run: RunState, task: TaskState, event: ev.AttemptFailed) -> None:
    task.tries += 1
    task.failure = event.failure
    task.meta = event.meta or None


def _waiting(run: RunState, task: TaskState, event: ev.TaskWaiting) -> None:
    task.wait, task.until, task.why = event.reason, event.until, event.why
    task.resumes = True
    run.parked += event.reason == "person"


def _retry_scheduled(run: RunState, task: TaskState, event: ev.RetryScheduled) -> None:
    task.wait, task.until, task.why = "retry", event.at, event.why


def _gate_opened(run: RunState, task: TaskState, event: ev.ApprovalRequested) -> None:
    run.gates[event.gate] = GateState(event)
    task.gate = event.gate


def _gate_answered(run: RunState, task: TaskState, event: ev.ApprovalGranted | ev.ApprovalRejected) -> None:
    gate = run.gates.get(event.gate)
    if gate is None or gate.answer is not None:
        raise IllegalTransition(f"gate {event.gate!r} is not open")
    gate.answer = event
    task.gate = ""


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
    _end(run, task, event, "cancelled")


def _interrupted(run: RunState, task: TaskState, event: ev.TaskInterrupted) -> None:
    task.why = event.why
    task.resumes = False
    _void_gate(run, task)
    if run.holder == task.name:
        run.holder = ""


def _end(run: RunState, task: TaskState, event: ev.TaskEvent, outcome: str) -> None:
    run.deciding -= is_asked(run, task)
    task.ended_at = event.ts
    task.stopping = ""
    _void_gate(run, task)
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


def _void_gate(run: RunState, task: TaskState) -> None:
    if task.gate:
        run.gates[task.gate].void = True
        task.gate = ""


def is_asked(run: RunState, task: TaskState) -> bool:
    """Is only the answer of `when` missing? A task that no plain dependency fulfilled is skipped unasked."""
    if not task.plan.when or task.open or task.unmet or task.status is not PENDING or is_idle(task):
        return False
    return run.cleaning if task.plan.cleanup else run.started_at is not None


def _count_asked(run: RunState) -> int:
    return sum(is_asked(run, task) for task in run.tasks.values())


def is_idle(task: TaskState) -> bool:
    """Has plain dependencies, all of them skipped by condition?"""
    return not task.fulfilled and any(need.on is None for need in task.plan.needs)


def _resolve_need(task: TaskState, needed: TaskState, on: str | None, outcome: str) -> None:
    task.open -= 1
    if on is None and outcome == "completed":
        task.fulfilled += 1
        return
    holds = outcome in {"condition", "upstream"} if on == "skipped" else on in {"any", outcome}
    if holds or (on is None and outcome == "condition") or task.unmet:
        return
    task.unmet = "upstream" if outcome in {"failed", "cancelled", "upstream"} else "condition"
    task.why = _unmet_because(needed.name, on, outcome)


def _unmet_because(needed: str, on: str | None, outcome: str) -> str:
    said = {"condition": "was skipped", "upstream": "was skipped because of a failure"}.get(
        outcome, "was cancelled" if outcome == "cancelled" else outcome
    )
    return f"{needed} {said}" if on is None else f"{needed} {said}, and this waits for it with on: {on}"


# --- the run --------------------------------------------------------------------------------------


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
    run.status = RunStatus.WAITING


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
        _move(run, task, PENDING)
        _clear(task)
    for task in reset:
        for name, _ in run.dependents.get(task.name, ()):
            if run.tasks[name].status is PENDING:
                _recount(run, run.tasks[name])
        _recount(run, task)
    run.status, run.stopping, run.cleaning, run.skip_cleanup = RunStatus.RUNNING, None, False, False
    run.ended_at = run.outputs = run.failure = run.cleanup_deadline = None
    run.partial, run.deadline = False, event.deadline
    run.deciding = _count_asked(run)


def _clear(task: TaskState) -> None:
    task.generation += 1
    task.tries = 0
    task.result = task.meta = task.failure = task.saw = None
    task.started_at = task.ended_at = task.deadline = None
    task.cause = task.why = ""
    task.handled = task.resumes = task.shaped = False


def _recount(run: RunState, task: TaskState) -> None:
    task.open, task.fulfilled, task.unmet = len(task.plan.needs), 0, ""
    for need in task.plan.needs:
        needed = run.tasks[need.task]
        if needed.status in TASK_ENDED:
            _resolve_need(task, needed, need.on, outcome_of(needed))


def outcome_of(task: TaskState) -> str:
    """What dependents of an ended task see: completed, failed, cancelled, condition or upstream."""
    if task.status is SKIPPED:
        return task.cause
    if task.status is FAILED and task.plan.continue_on_failure:
        return "completed"
    return str(task.status)


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


def _breaker_opened(run: RunState, event: ev.BreakerOpened) -> None:
    run.breakers[event.agent] = BreakerState("open", event.until, event.failures)


def _breaker_half_opened(run: RunState, event: ev.BreakerHalfOpened) -> None:
    run.breakers[event.agent] = BreakerState("half_open")


def _breaker_closed(run: RunState, event: ev.BreakerClosed) -> None:
    run.breakers[event.agent] = BreakerState()


TaskChange = Callable[[RunState, TaskState, Any], None]

_TASK_CHANGES: dict[type[ev.Event], TaskChange] = {
    ev.TaskReady: _ready,
    ev.TaskStarted: _started,
    ev.AttemptStarted: _attempt_started,
    ev.AttemptCompleted: _attempt_completed,
    ev.AttemptFailed: _attempt_failed,
    ev.TaskWaiting: _waiting,
    ev.RetryScheduled: _retry_scheduled,
    ev.ApprovalRequested: _gate_opened,
    ev.ApprovalGranted: _gate_answered,
    ev.ApprovalRejected: _gate_answered,
    ev.TaskCompleted: _completed,
    ev.TaskFailed: _failed,
    ev.TaskSkipped: _skipped,
    ev.TaskCancelled: _cancelled,
    ev.TaskInterrupted: _interrupted,
}

_TASK_RULES = {kind: (*TRANSITIONS[kind], change) for kind, change in _TASK_CHANGES.items()}

_RUN_CHANGES: dict[type[ev.Event], Callable[[RunState, Any], None]] = {
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
    ev.BreakerOpened: _breaker_opened,
    ev.BreakerHalfOpened: _breaker_half_opened,
    ev.BreakerClosed: _breaker_closed,
}
