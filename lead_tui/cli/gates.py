"""Which gate a person means, and what it asks."""

from typing import Any

from lead_tui.cli.terminal import short
from lead_tui.core import views
from lead_tui.core.events import ApprovalRequested
from lead_tui.errors import CommandRefused, UsageError
from lead_tui.reporters.result_text import SHOWN_LINES, SHOWN_WIDTH
from lead_tui.runner.engine import Engine
from lead_tui.text.words import preview


def open_gate(engine: Engine, run_id: str, name: str | None) -> ApprovalRequested:
    """By its id or its task; without a name the only open one. Raises CommandRefused or UsageError."""
    state, _ = engine.fold(run_id)
    requests = [gate.request for gate in views.open_gates(state)]
    if name is not None:
        found = [each for each in requests if name in (each.gate, each.task)]
        if not found:
            known = state.gates.get(name)
            raise CommandRefused(
                _closed(name, known.answer.by) if known and known.answer else _none(name, requests)
            )
        return found[0]
    if not requests:
        raise CommandRefused(f"run {run_id} asks nobody: it is {state.status}")
    if len(requests) > 1:
        raise UsageError(
            f"more than one gate is open: name one of {', '.join(each.gate for each in requests)}"
        )
    return requests[0]


def question(request: ApprovalRequested) -> str:
    """What is asked, for the person who answers."""
    lines = [f"{request.gate}: {request.message}"]
    if request.show is not None:
        lines += [f"  {line}" for line in preview(request.show, SHOWN_LINES, SHOWN_WIDTH)]
    if request.options:
        lines.append(f"  options: {', '.join(request.options)}")
    lines += [f"  {name}: {_field(field)}" for name, field in request.form.items()]
    return "\n".join(lines)


def _field(field: dict[str, Any]) -> str:
    words = [str(field.get("type", "string"))]
    words += [f"one of {', '.join(map(str, field['choices']))}"] if field.get("choices") else []
    words += [f"default {short(field['default'])}"] if "default" in field else []
    words += [str(field["description"])] if field.get("description") else []
    return ", ".join(words)


def _closed(name: str, by: str) -> str:
    return f"{name} has been answered by {by or 'somebody'}"


def _none(name: str, requests: list[ApprovalRequested]) -> str:
    names = ", ".join(each.gate for each in requests)
    return f"there is no open gate {name!r}" + (f"; open: {names}" if names else "")
