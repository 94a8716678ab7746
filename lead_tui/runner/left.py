"""A run that nobody drives: what was in flight, what people gave it since, what must be given again."""

from collections.abc import Mapping
from typing import Any

import msgspec

from lead_tui.core import views
from lead_tui.core.commands import Approve, RaiseBudget, Reject
from lead_tui.core.refusal import refusal
from lead_tui.core.state import RUN_ENDED, RUNNING, TASK_ENDED, RunState, TaskState
from lead_tui.errors import UsageError
from lead_tui.flow.inputs import parse_text
from lead_tui.journal.base import Journal, RunRecord, RunRow
from lead_tui.runner.secrets import MASK
from lead_tui.text.words import limit_text

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


class Raise(msgspec.Struct, frozen=True):
    """A new limit, and who gave it."""

    limit: float
    by: str


class Given(msgspec.Struct, frozen=True):
    """What is stored for a run that nobody drives, and counts once it is taken up.

    `answers`: by gate, who answered it; `raises`: by agent ("": the flow's budget) and limit.
    """

    answers: Mapping[str, str] = {}
    raises: Mapping[tuple[str, str], Raise] = {}

    def __bool__(self) -> bool:
        return bool(self.answers or self.raises)

    def by(self, waiting: Mapping[str, Any]) -> str | None:
        """Who gave what this entry of `waiting_for` asks for; None if nobody did."""
        if waiting["reason"] == "gate":
            return self.answers.get(waiting["gate"])
        raised = self.raises.get((waiting["agent"], waiting["what"]))
        return None if raised is None else raised.by

    def told(self, waiting: Mapping[str, Any]) -> str:
        """The same in words: `answered by ada`, `raised to 5 USD by ada`; empty if nobody did."""
        by = self.by(waiting)
        if by is None:
            return ""
        if waiting["reason"] == "gate":
            return f"answered by {by}"
        limit = self.raises[waiting["agent"], waiting["what"]].limit
        return f"raised to {limit_text(waiting['what'], limit)} by {by}"


NOTHING = Given()


def given(journal: Journal, run_id: str, state: RunState) -> Given:
    """What the inbox holds of it; a budget that was raised twice has the higher limit."""
    if state.status in RUN_ENDED:
        return NOTHING
    answers: dict[str, str] = {}
    raises: dict[tuple[str, str], Raise] = {}
    for row in journal.inbox(run_id):
        command, by = row.command, row.by or "somebody"
        if isinstance(command, Approve | Reject) and _counts(state, command):
            answers[command.gate] = by
        elif isinstance(command, RaiseBudget) and not refusal(state, command):
            for what, limit in command.limits.items():
                scope = command.agent, what
                if scope not in raises or limit > raises[scope].limit:
                    raises[scope] = Raise(limit, by)
    return Given(answers, raises)


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
