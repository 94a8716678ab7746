"""How states look: a glyph, a word and a tone for each, never a colour alone. Pure.

A tone is a name (`ok`, `bad`, ...) that a theme gives a colour; see themes.py.
"""

from typing import Literal

import msgspec

from lead_tui.core.state import RunState, RunStatus, TaskState, TaskStatus
from lead_tui.runner.left import INTERRUPTED

Tone = Literal["text", "muted", "faint", "accent", "ok", "bad", "busy", "retry", "ask", "skipped"]
TONES: tuple[Tone, ...] = (
    "text", "muted", "faint", "accent", "ok", "bad", "busy", "retry", "ask", "skipped",
)  # fmt: skip


class Look(msgspec.Struct, frozen=True):
    glyph: str
    ascii: str
    word: str
    tone: Tone


ASCII = str.maketrans("·─…", "|-~")
"""For `str.translate`: what joins and cuts texts, where there is only ASCII. Each takes one cell."""

_PENDING = Look("·", ".", "pending", "faint")
_READY = Look("·", ".", "ready", "muted")
_RUNNING = Look("▶", ">", "running", "busy")
_RETRYING = Look("↻", "~", "retrying", "retry")
_HELD = Look("●", "o", "waiting", "retry")
_ASKING = Look("‖", "=", "needs you", "ask")
_COMPLETED = Look("✔", "+", "completed", "ok")
_FAILED = Look("✖", "x", "failed", "bad")
_HANDLED = Look("✖", "x", "failed, handled", "retry")
_SKIPPED = Look("⊘", "-", "skipped", "skipped")
_CANCELLED = Look("⊘", "-", "cancelled", "skipped")
_INTERRUPTED = Look("‖", "=", "interrupted", "ask")
_PARKED = Look("‖", "=", "parked", "ask")
_PAUSED = Look("‖", "=", "paused", "ask")
_QUEUED = Look("·", ".", "queued", "muted")
_PARTIAL = Look("✔", "+", "completed in part", "retry")

TASKS = {
    TaskStatus.PENDING: _PENDING,
    TaskStatus.READY: _READY,
    TaskStatus.RUNNING: _RUNNING,
    TaskStatus.WAITING: _HELD,
    TaskStatus.COMPLETED: _COMPLETED,
    TaskStatus.FAILED: _FAILED,
    TaskStatus.SKIPPED: _SKIPPED,
    TaskStatus.CANCELLED: _CANCELLED,
    TaskStatus.INTERRUPTED: _INTERRUPTED,
}
RUNS = {
    str(RunStatus.QUEUED): _QUEUED,
    str(RunStatus.RUNNING): _RUNNING,
    str(RunStatus.PAUSED): _PAUSED,
    str(RunStatus.WAITING): _ASKING,
    str(RunStatus.COMPLETED): _COMPLETED,
    str(RunStatus.FAILED): _FAILED,
    str(RunStatus.CANCELLED): _CANCELLED,
    INTERRUPTED: _INTERRUPTED,
}
_SHORT = Look("‖", "=", "waits for budget", "ask")
_WAITING_FOR_BUDGET = Look("‖", "=", "waiting: budget", "ask")
_WAITS = {"retry": _RETRYING, "retry_after": _RETRYING, "person": _ASKING, "budget": _SHORT}
_UNPAID = Look("‖", "=", "budget spent", "ask")
BREAKERS = {
    "closed": Look("●", "o", "closed", "ok"),
    "half_open": Look("●", "o", "half open", "retry"),
    "open": Look("✖", "x", "open", "bad"),
}


def task_look(task: TaskState) -> Look:
    """A task by what it does now: between two tries, at a gate, failed and handled."""
    status = task.status
    if status is TaskStatus.WAITING:
        return _WAITS.get(task.wait, _HELD)
    if status is TaskStatus.RUNNING and task.tries:
        return _RETRYING
    if status is TaskStatus.FAILED and task.handled:
        return _HANDLED
    return TASKS[status]


def run_look(run: RunState, *, interrupted: bool = False, parked: bool = False) -> Look:
    """A run by its status; `interrupted` if nobody drives it although it has not ended, `parked` if it was
    let go on purpose.
    """
    if run.status is RunStatus.COMPLETED and run.partial:
        return _PARTIAL
    if interrupted and run.status is not RunStatus.WAITING:
        return _PARKED if parked else _INTERRUPTED
    if run.status is RunStatus.WAITING and run.waits_for == "budget":
        return _WAITING_FOR_BUDGET
    return RUNS[run.status]


def status_look(status: str, *, unpaid: bool = False, parked: bool = False) -> Look:
    """A run by the status that the journal shows; `unpaid`: what it waits for, if it does, is a budget;
    `parked`: nobody drives it since it was let go on purpose.
    """
    if parked:
        return _PARKED
    if unpaid and status == RunStatus.WAITING:
        return _UNPAID
    return RUNS.get(status, _QUEUED)


def clock(seconds: float) -> str:
    """`0:09`, `2:14`, `1:02:14`: a stopwatch for columns and headers."""
    whole = max(int(seconds), 0)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
