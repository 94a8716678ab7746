"""Questions to people as gates of a run: checked, and named so that an attempt finds its own again."""

import hashlib

import msgspec

from lead_tui.agents.base import Answer, Gate
from lead_tui.core import events as ev
from lead_tui.errors import Category, failed
from lead_tui.flow.forms import form_problem
from lead_tui.runner.plain import plain


def checked_gate(gate: Gate) -> Gate:
    """The gate as it can be stored and shown. Raises AgentError for one that nobody could answer."""
    try:
        problem = form_problem(gate.form)
        checked = msgspec.convert(plain(msgspec.structs.asdict(gate)), Gate)
    except (TypeError, msgspec.MsgspecError) as error:
        problem = str(error)
    if problem:
        raise failed(Category.VALIDATION, f"the question to a person is malformed: {problem}", code="gate")
    return checked


def requested(gate: Gate, name: str, task: str, attempt: int) -> ev.ApprovalRequested:
    return ev.ApprovalRequested(
        task=task, attempt=attempt, gate=name, action=gate.action, message=gate.message, show=gate.show,
        options=list(gate.options), form=gate.form,
    )  # fmt: skip


def answered(said: ev.ApprovalGranted | ev.ApprovalRejected) -> Answer:
    at = said.at or said.ts
    if isinstance(said, ev.ApprovalGranted):
        return Answer(True, said.by, at, said.answer, said.values)
    return Answer(False, said.by, at, said.why)


def gate_name(task: str, generation: int, number: int) -> str:
    """The task's name for its first gate: short enough to type. A person's retry makes a new gate."""
    again = f"@{generation}" if generation > 1 else ""
    return f"{task}{again}" if number == 1 else f"{task}{again}.{number}"


def bound_gate_name(task: str, generation: int, bound_to: str) -> str:
    """The same for the same text, however often and in whatever order it is asked for."""
    again = f"@{generation}" if generation > 1 else ""
    return f"{task}{again}.{hashlib.sha256(bound_to.encode()).hexdigest()[:8]}"
