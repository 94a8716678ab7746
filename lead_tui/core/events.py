"""The facts of a run. What is declared here is what the journal, JSON lines and every front end see.

Each class is one `type` on the wire (its name in snake case) with typed fields. `seq`, `ts` and `run_id` are
stamped by the machine; a fact that the runner hands in has none yet. Adding a field with a default or a
class is compatible: an older journal always opens. (msgspec structs rather than dataclasses: creating one
takes a tenth of the time, and the codec needs no code.)
"""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from lead_tui.core.commands import AnyCommand, snake_case
from lead_tui.errors import Failure
from lead_tui.flow.models import Limited

UNSTAMPED = datetime(1970, 1, 1, tzinfo=UTC)


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True, gc=False):
    """A fact. `seq` counts from 1 in its run without gaps; `ts` is UTC.

    Plain data holds no cycles, so the garbage collector need not look at it (`gc=False`).
    """

    seq: int = 0
    ts: datetime = UNSTAMPED
    run_id: str = ""

    @property
    def type(self) -> str:
        return str(self.__struct_config__.tag)


# --- the run --------------------------------------------------------------------------------------


class RunQueued(Event, frozen=True, tag=snake_case):
    """`inputs` are masked: the value of a secret input is `***`."""

    name: str
    inputs: dict[str, Any] = {}
    total_tasks: int = 0


class RunStarted(Event, frozen=True, tag=snake_case):
    deadline: datetime | None = None


class RunCompleted(Event, frozen=True, tag=snake_case):
    """`errors` names tasks that failed where that was handled, or all failures of a `partial` run."""

    partial: bool = False
    outputs: dict[str, Any] = {}
    errors: list[str] = []


class RunFailed(Event, frozen=True, tag=snake_case):
    failure: Failure
    outputs: dict[str, Any] = {}
    errors: list[str] = []


class RunCancelled(Event, frozen=True, tag=snake_case):
    by: str = ""
    why: str = ""
    outputs: dict[str, Any] = {}
    errors: list[str] = []


class RunPaused(Event, frozen=True, tag=snake_case):
    by: str = ""


class RunResumed(Event, frozen=True, tag=snake_case):
    """The end of a pause, or a new owner that takes up a parked or crashed run."""

    why: str = ""


class RunWaiting(Event, frozen=True, tag=snake_case):
    """Only a person can move the run now: `tasks` wait at a gate or were interrupted."""

    why: Literal["gate", "interrupted", "budget"]
    tasks: list[str] = []


class RunStopping(Event, frozen=True, tag=snake_case):
    """Nothing new starts from here; what is in flight is cancelled. `task`: whose failure did it."""

    cause: Literal["failure", "cancelled", "timeout"]
    task: str = ""
    by: str = ""
    why: str = ""


class CleanupStarted(Event, frozen=True, tag=snake_case):
    """Every task has ended; the `finally` tasks begin."""

    deadline: datetime


class RunReopened(Event, frozen=True, tag=snake_case):
    """An ended or waiting run goes on: `tasks` begin again, with a new generation."""

    tasks: list[str]
    by: str = ""
    deadline: datetime | None = None


class RunInterrupted(Event, frozen=True, tag=snake_case):
    """Recorded by the next owner: the one before went away. What was in flight has an unknown outcome."""

    why: str = ""


# --- tasks ----------------------------------------------------------------------------------------


class TaskEvent(Event, frozen=True):
    task: str


class TaskReady(TaskEvent, frozen=True, tag=snake_case):
    why: str = ""


class TaskStarted(TaskEvent, frozen=True, tag=snake_case):
    agent: str = ""
    deadline: datetime | None = None


class TaskCompleted(TaskEvent, frozen=True, tag=snake_case):
    """`duration` in seconds from `task_started`, waits included."""

    duration: float = 0.0


class TaskFailed(TaskEvent, frozen=True, tag=snake_case):
    """`handled`: nothing else stops because of it; `why` says what handles it."""

    failure: Failure
    handled: bool = False
    why: str = ""
    duration: float = 0.0


class TaskSkipped(TaskEvent, frozen=True, tag=snake_case):
    """`saw`: the values that a false `when` read."""

    cause: Literal["condition", "upstream"]
    why: str = ""
    saw: dict[str, Any] = {}


class TaskCancelled(TaskEvent, frozen=True, tag=snake_case):
    """`usage`: what the attempt that was cut off had used, as in its end."""

    why: str = ""
    duration: float = 0.0
    usage: dict[str, float] = {}


class TaskInterrupted(TaskEvent, frozen=True, tag=snake_case):
    """In flight at a crash and not idempotent: a person decides (retry or skip).

    `gate`: the question at which it stood. It stays open, and whoever answers it has decided, too.
    """

    attempt: int = 0
    why: str = ""
    gate: str = ""


# --- attempts -------------------------------------------------------------------------------------


class AttemptEvent(TaskEvent, frozen=True):
    attempt: int


class AttemptStarted(AttemptEvent, frozen=True, tag=snake_case):
    """The same `attempt` starts again after a `task_waiting` for a limit or a breaker: it had not run."""

    agent: str = ""
    why: str = ""


class AttemptCompleted(AttemptEvent, frozen=True, tag=snake_case):
    """`result` is the agent's raw answer, `meta` its rest (HTTP status and headers, exit code, stderr).

    `usage` is what the attempt used, what it used of other agents included; `duration` is its time in seconds
    without the waits for a person or a budget. Both count all starts of this attempt together.
    """

    result: Any = None
    meta: dict[str, Any] = {}
    duration: float = 0.0
    usage: dict[str, float] = {}


class AttemptFailed(AttemptEvent, frozen=True, tag=snake_case):
    """`retry_in`: seconds drawn before the next try, none if there is none; `why` says which rule decided."""

    failure: Failure
    retry_in: float | None = None
    why: str = ""
    result: Any = None
    meta: dict[str, Any] = {}
    duration: float = 0.0
    usage: dict[str, float] = {}


class AttemptStalled(AttemptEvent, frozen=True, tag=snake_case):
    """Nothing was heard of the call for `idle` seconds: it is cut off, and its end follows."""

    idle: float = 0.0


class RetryScheduled(AttemptEvent, frozen=True, tag=snake_case):
    """`attempt` is the next one, `at` the instant before which it does not start."""

    at: datetime
    delay: float
    why: str = ""


class TaskWaiting(AttemptEvent, frozen=True, tag=snake_case):
    """The attempt has not run yet, or waits for a person; in a parallel run it holds no slot meanwhile.

    `begun`: its call is under way and stands still at a spent budget; `agent`: whose budget, empty for the
    flow's.
    """

    reason: Literal["rate_limit", "breaker", "person", "retry_after", "budget"]
    until: datetime | None = None
    why: str = ""
    begun: bool = False
    agent: str = ""


class ExpressionEvaluated(Event, frozen=True, tag=snake_case):
    """What an expression gave. `saw` holds what it read; `failure` says why it could not be read."""

    role: Literal["when", "expect", "output", "outputs"]
    task: str = ""
    attempt: int = 0
    value: Any = None
    saw: dict[str, Any] = {}
    why: str = ""
    failure: Failure | None = None


# --- tools and money --------------------------------------------------------------------------------


class ToolCalled(AttemptEvent, frozen=True, tag=snake_case):
    """`call` is unique in the attempt; `arguments` are masked. Its outcome is unknown until it returned."""

    call: str
    tool: str
    arguments: Any = None


class ToolReturned(AttemptEvent, frozen=True, tag=snake_case):
    """`result` is a bounded picture of what the model got; `duration` in seconds."""

    call: str
    tool: str
    result: Any = None
    failure: Failure | None = None
    duration: float = 0.0


class ToolsWaiting(AttemptEvent, frozen=True, tag=snake_case):
    """`calls`: all open tool calls that stand still with the attempt now. They wait for what it waits for, a
    person or a budget, or for their turn to. Once it goes on, none does until the next such fact.
    """

    calls: list[str] = []


class AttemptSaved(AttemptEvent, frozen=True, tag=snake_case):
    """A piece of what the attempt needs to go on after a park, a crash or a retry (a model's message)."""

    piece: Any


class AttemptSpent(AttemptEvent, frozen=True, tag=snake_case):
    """What the attempt has used so far, told before it waits or saves: a park or a crash must not lose it.

    `usage` and `duration` are the sums since its first start, as its end will give them. With `agent` it is
    the part that this other agent used when the attempt called it.
    """

    usage: dict[str, float]
    duration: float = 0.0
    agent: str = ""


class BudgetWarning(Event, frozen=True, tag=snake_case):
    """`spent` has reached 80 % of `limit`. `agent` is empty for the budget of the flow."""

    what: Limited
    spent: float
    limit: float
    agent: str = ""


class BudgetExceeded(Event, frozen=True, tag=snake_case):
    """Under `enforce` nothing that this budget covers starts from here on; `audit` only tells."""

    what: Limited
    spent: float
    limit: float
    agent: str = ""
    mode: Literal["audit", "enforce"] = "enforce"


class BudgetUncounted(Event, frozen=True, tag=snake_case):
    """`calls` of `source` are in no sum that this limit holds against: their price is not known, or how many
    tokens they took. Told once for each source. `agent` is empty for the budget of the flow.
    """

    what: Limited
    source: str
    calls: float = 1
    agent: str = ""


class BudgetRaised(Event, frozen=True, tag=snake_case):
    """`limits` are the new ones, by what they limit."""

    limits: dict[Limited, float]
    agent: str = ""
    by: str = ""


# --- breakers -------------------------------------------------------------------------------------


class BreakerOpened(Event, frozen=True, tag=snake_case):
    """`agent` as this flow names it; `until` is when a probe may go."""

    agent: str
    failures: int = 0
    until: datetime | None = None
    why: str = ""


class BreakerHalfOpened(Event, frozen=True, tag=snake_case):
    agent: str


class BreakerClosed(Event, frozen=True, tag=snake_case):
    agent: str
    why: str = ""


# --- people ---------------------------------------------------------------------------------------


class ApprovalRequested(TaskEvent, frozen=True, tag=snake_case):
    """A gate: data that any client may answer once. `form` maps a field's name to its typed description."""

    gate: str
    attempt: int = 0
    action: str = "approve"
    message: str = ""
    show: Any = None
    options: list[str] = []
    form: dict[str, dict[str, Any]] = {}


class ApprovalGranted(TaskEvent, frozen=True, tag=snake_case):
    """`at`: when the person answered, if that was before the run's owner heard of it (`ts`)."""

    gate: str
    at: datetime | None = None
    by: str = ""
    answer: str = "approve"
    values: dict[str, Any] = {}


class ApprovalRejected(TaskEvent, frozen=True, tag=snake_case):
    gate: str
    at: datetime | None = None
    by: str = ""
    why: str = ""


class CommandReceived(Event, frozen=True, tag=snake_case):
    """`at` and `inbox`: when it was given and its row, if it came through the journal's inbox."""

    command: AnyCommand
    by: str = ""
    at: datetime | None = None
    inbox: int = 0


class DeadlinePassed(Event, frozen=True, tag=snake_case):
    """Time ran out for the run (`global_timeout`), a task (`timeout`) or the cleanup."""

    scope: Literal["run", "task", "cleanup"]
    task: str = ""


class UnknownEvent(Event, frozen=True, tag=snake_case):
    """A fact of a newer release: `name` is its type, `data` all of it. It says nothing to this one."""

    name: str
    data: dict[str, Any]

    @property
    def type(self) -> str:
        return self.name


AnyEvent = (
    RunQueued | RunStarted | RunCompleted | RunFailed | RunCancelled | RunPaused | RunResumed | RunWaiting
    | RunStopping | CleanupStarted | RunReopened | RunInterrupted
    | TaskReady | TaskStarted | TaskCompleted | TaskFailed | TaskSkipped | TaskCancelled | TaskInterrupted
    | ToolCalled | ToolReturned | ToolsWaiting | AttemptSaved | AttemptSpent
    | BudgetWarning | BudgetExceeded | BudgetRaised | BudgetUncounted
    | AttemptStarted | AttemptCompleted | AttemptFailed | AttemptStalled | RetryScheduled | TaskWaiting
    | ExpressionEvaluated
    | BreakerOpened | BreakerHalfOpened | BreakerClosed
    | ApprovalRequested | ApprovalGranted | ApprovalRejected | CommandReceived | DeadlinePassed
)  # fmt: skip


# --- notes ----------------------------------------------------------------------------------------


class Note(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """Seen at once, stored in batches, never folded. `after` is the last `seq`; `number` may have gaps."""

    after: int = 0
    number: int = 0
    ts: datetime = UNSTAMPED
    run_id: str = ""
    task: str = ""
    attempt: int = 0

    @property
    def type(self) -> str:
        return str(self.__struct_config__.tag)


class Log(Note, frozen=True, tag=snake_case):
    """One line. `stream` is stdout or stderr of a process, `log` for what an agent says of itself."""

    text: str
    level: Literal["debug", "info", "warning", "error"] = "info"
    stream: Literal["log", "stdout", "stderr"] = "log"


class Progress(Note, frozen=True, tag=snake_case):
    """`done` of `total` (None if unknown), in the agent's own unit."""

    done: float
    total: float | None = None
    text: str = ""


class Tokens(Note, frozen=True, tag=snake_case):
    text: str


class Metric(Note, frozen=True, tag=snake_case):
    name: str
    value: float


class Usage(Note, frozen=True, tag=snake_case):
    """What the attempt has used so far: only the live counter, the facts are in the attempt's end."""

    usage: dict[str, float]


class Service(Note, frozen=True, tag=snake_case):
    """What the server `name` behind an agent does now."""

    name: str
    state: Literal["starting", "ready", "failed", "closed"]
    tools: int = 0
    restarts: int = 0
    error: str = ""


class Message(Note, frozen=True, tag=snake_case):
    role: str
    text: str


AnyNote = Log | Progress | Tokens | Metric | Usage | Service | Message
