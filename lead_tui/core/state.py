"""A run as the fold of its events: what is known of it and of each task. `apply.py` is the only writer.

Task:  pending → ready → running → completed | failed | skipped | cancelled | interrupted
with `waiting` between two tries, before a limit or breaker, and at a gate.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from lead_tui.core import events as ev
from lead_tui.core.plan import Plan, PlannedTask
from lead_tui.errors import Failure
from lead_tui.flow.models import Limited


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


class Costs(msgspec.Struct):
    """What the attempts of a task used, for those that tell it or that a budget covers."""

    usage: dict[str, float] = msgspec.field(default_factory=dict)
    """Of all attempts, as they told it."""
    told: dict[str, float] = msgspec.field(default_factory=dict)
    """Of it, what the current attempt told."""
    accounts: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)
    """What of the current attempt counts in budgets: "" for all of it, by name what other agents used."""


_NO_COSTS = Costs()
"""Of every task that has none: most have none. Nobody writes it."""


class TaskState(msgspec.Struct):
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
    """While waiting: `retry`, `rate_limit`, `retry_after`, `breaker`, `person` or `budget`."""
    until: datetime | None = None
    gate: str = ""
    stopping: str = ""
    """A cancel of this task (`cancelled`) or its timeout (`deadline`) is under way."""
    resumes: bool = False
    """The current attempt has not run, or waits at a gate or a budget: the next start keeps its number."""
    begun: bool = False
    """The call of the attempt that waits is under way: it stands still at a gate or a budget."""
    short_of: str = ""
    """While it waits for a budget: the agent whose, empty for the flow's."""
    calling: dict[str, str] | None = None
    """Tools that the current attempt has called and that have not returned, by call."""
    waiting_calls: frozenset[str] = frozenset()
    """Those of these calls that stand still with the attempt."""
    saved: list[Any] | None = None
    """What the next attempt goes on with, until one completes or a person begins anew."""
    costs: Costs = msgspec.field(default_factory=lambda: _NO_COSTS)
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

    @property
    def usage(self) -> Mapping[str, float]:
        """What all its attempts used, as they told it."""
        return self.costs.usage

    @property
    def accounts(self) -> Mapping[str, Mapping[str, float]]:
        """What of the current attempt counts in budgets: "" for all of it, by name what others used."""
        return self.costs.accounts

    def own_costs(self) -> Costs:
        """To be written."""
        if self.costs is _NO_COSTS:
            self.costs = Costs()
        return self.costs

    @property
    def has_calls_in_flight(self) -> bool:
        """Is a tool call under way that waits for nobody?"""
        return not (self.calling or {}).keys() <= self.waiting_calls

    @property
    def repeatable(self) -> bool:
        """May an attempt whose outcome nobody knows be made again, without doing anything twice?"""
        return self.plan.idempotent or goes_on(bool(self.saved), open_calls=bool(self.calling))


def goes_on(has_saved: bool, *, open_calls: bool) -> bool:
    """Would the next attempt go on where this one was? Then it is harmless whatever the task does.

    It has saved something to go on with, and no tool call is open, whose outcome nobody would know.
    """
    return has_saved and not open_calls


class GateState(msgspec.Struct):
    """A question to a person and, once it came, the answer."""

    request: ev.ApprovalRequested
    answer: ev.ApprovalGranted | ev.ApprovalRejected | None = None
    void: bool = False


class BreakerState(msgspec.Struct):
    state: str = "closed"
    until: datetime | None = None
    failures: int = 0


class BudgetState(msgspec.Struct):
    """A budget of the flow or of an agent: its limits now, and which of them were reached."""

    limits: dict[Limited, float]
    enforce: bool = True
    warned: set[Limited] = msgspec.field(default_factory=set)
    exceeded: set[Limited] = msgspec.field(default_factory=set)
    uncounted: set[tuple[Limited, str]] = msgspec.field(default_factory=set)
    """Limits and agents whose calls they cannot count, as far as that is told."""

    @property
    def holds(self) -> bool:
        """Does nothing that it covers start?"""
        return self.enforce and bool(self.exceeded)


class RunState(msgspec.Struct):
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
    inputs: dict[str, Any] = msgspec.field(default_factory=dict)
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
    gates: dict[str, GateState] = msgspec.field(default_factory=dict)
    breakers: dict[str, BreakerState] = msgspec.field(default_factory=dict)
    budgets: dict[str, BudgetState] = msgspec.field(default_factory=dict)
    """By agent, "" for the flow's."""
    spent: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)
    """What attempts used, as budgets count it (`spending.py`): by agent, "" for all together."""
    counts: dict[TaskStatus, int] = msgspec.field(default_factory=dict)
    open_tasks: int = 0
    """Main tasks that have not ended."""
    open_cleanup: int = 0
    deciding: int = 0
    """Tasks whose `when` is being asked."""
    parked: int = 0
    """Tasks that wait for a person at a gate."""
    unpaid: int = 0
    """Tasks that wait for a budget."""
    calling: int = 0
    """Tasks with tool calls under way."""
    waits_for: str = ""
    """While the run is waiting: `gate`, `interrupted` or `budget`."""
    calls: dict[str, int] = msgspec.field(default_factory=dict)
    """Attempts in flight by agent, for the agents that have a limit."""
    ready: dict[str, list[tuple[int, int, str]]] = msgspec.field(default_factory=dict)
    """Heaps of `(-priority, file order, name)`: one for each agent with a limit or a budget, "" for all
    others."""
    holder: str = ""
    """In a sequential run: the task that has started and not ended."""
    unhandled: dict[str, Failure] = msgspec.field(default_factory=dict)
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
    budgets = _budgets(plan)
    return RunState(
        plan=plan,
        tasks=tasks,
        dependents=dependents,
        watched=frozenset(watched),
        counts=dict.fromkeys(TaskStatus, 0) | {PENDING: len(tasks)},
        open_tasks=len(tasks) - cleanup,
        open_cleanup=cleanup,
        ready={agent: [] for agent in ("", *plan.limits, *(each for each in budgets if each))},
        budgets=budgets,
        calls=dict.fromkeys(plan.limits, 0),
    )


def _budgets(plan: Plan) -> dict[str, BudgetState]:
    planned = {"": plan.budget, **{name: agent.budget for name, agent in plan.agents.items()}}
    return {
        scope: BudgetState(dict(budget.limits), budget.enforce)
        for scope, budget in planned.items()
        if budget is not None
    }


def is_asked(run: RunState, task: TaskState) -> bool:
    """Is only the answer of `when` missing? A task that no plain dependency fulfilled is skipped unasked."""
    if not task.plan.when or task.open or task.unmet or task.status is not PENDING or is_idle(task):
        return False
    return run.cleaning if task.plan.cleanup else run.started_at is not None


def is_idle(task: TaskState) -> bool:
    """Has plain dependencies, all of them skipped by condition?"""
    return not task.fulfilled and any(need.on is None for need in task.plan.needs)


def outcome_of(task: TaskState) -> str:
    """What dependents of an ended task see: completed, failed, cancelled, condition or upstream."""
    if task.status is SKIPPED:
        return task.cause
    if task.status is FAILED and task.plan.continue_on_failure:
        return "completed"
    return str(task.status)
