"""A run that nobody drives: what was in flight, who answered its gates, what must be given again to go on."""

from typing import Any

from lead_tui.core import views
from lead_tui.core.commands import Approve, Reject
from lead_tui.core.state import RUN_ENDED, RUNNING, TASK_ENDED, RunState, TaskState
from lead_tui.errors import UsageError
from lead_tui.flow.inputs import parse_text
from lead_tui.journal.base import Journal, RunRecord, RunRow
from lead_tui.runner.secrets import MASK

INTERRUPTED = "interrupted"
"""What a run or task is called that was under way when its process ended."""


def cut_off(row: RunRow, state: RunState, task: TaskState) -> bool:
    """Was it in flight when its process ended? The log cannot say so before somebody takes the run up."""
    return not row.owner_alive and state.status not in RUN_ENDED and task.status is RUNNING


def why_cut_off(state: RunState, task: TaskState) -> str:
    if state.stopping is not None and not task.plan.cleanup:
        then = "ends it"
    else:
        then = "runs it again" if task.repeatable else "asks whether it is to run again"
    return f"was in flight when its process ended; `leadtui resume` goes on ({then})"


def answers(journal: Journal, run_id: str, state: RunState) -> dict[str, str]:
    """Gates that are answered already, and by whom; the answer counts when the run is taken up."""
    return {
        row.command.gate: row.by or "somebody"
        for row in journal.inbox(run_id)
        if isinstance(row.command, Approve | Reject) and _counts(state, row.command)
    }


def _counts(state: RunState, command: Approve | Reject) -> bool:
    """Not if it was meant for a call that has ended since with its process."""
    gate = state.gates.get(command.gate)
    return command.again or gate is None or not views.has_left(state, gate, driven=False)


def secrets_again(record: RunRecord) -> tuple[str, ...]:
    """Inputs that are stored nowhere and have no default: whoever goes on gives them again."""
    specs = record.document.get("inputs") or {}
    return tuple(
        name
        for name, value in record.inputs.items()
        if MASK in str(value) and not _has_default(specs.get(name))
    )


def read_secret(record: RunRecord, name: str, text: str) -> Any:
    """Text as the type of this input. Raises UsageError."""
    spec = (record.document.get("inputs") or {}).get(name)
    kind = spec.get("type", "string") if isinstance(spec, dict) else "string"
    try:
        return parse_text(str(kind), text)
    except ValueError as error:
        raise UsageError(f"the input {name!r} {error}") from None


def _has_default(spec: Any) -> bool:
    return spec is not None and (not isinstance(spec, dict) or spec.get("default") is not None)


def calls_nothing(state: RunState, *, skip_cleanup: bool) -> bool:
    """Will a cancellation end this run without calling an agent? Then it needs no secrets."""
    if skip_cleanup:
        return True
    return all(task.status in TASK_ENDED for task in state.tasks.values() if task.plan.cleanup)
