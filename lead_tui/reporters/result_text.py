"""What a run came to, for people: the outputs, or the tasks and their results; and the summary."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from lead_tui.runner.result import Result
from lead_tui.text.safe import safe, safe_line
from lead_tui.text.wire import json_text
from lead_tui.text.words import (
    duration,
    failure_text,
    gate_commands,
    go_on,
    limit_text,
    raise_budget,
    short_name,
    spending,
    whose_budget,
)

SHOWN = 20
"""Failures that a summary lists."""
NARROW = 60
"""Columns of a terminal below which lines take what there is."""
PARKED = {"running": "in flight when it was left"}
MARKS = {"completed": "✓", "failed": "✗", "cancelled": "■", "waiting": "?"}


def render_result(result: Result) -> str:
    """All of it: the summary first, then what it is about. Text is safe and ends without a newline."""
    told = "\n".join([*summary(result), *what_next(result)])
    return f"{told}\n\n{result_body(result)}".rstrip()


def result_body(result: Result, width: int = 200) -> str:
    """The outputs as YAML; for a flow without outputs a line of about `width` for each task."""
    if result.outputs:
        return safe(_yaml(result.outputs)).rstrip("\n")
    lines = [_row("✓", name, _brief(value), width) for name, value in result.results.items()]
    lines += [_row("✗", name, failure_text(failure), width) for name, failure in result.errors.items()]
    lines += [_row("–", name, f"not run: {why}", width) for name, why in result.not_run.items()]
    return "\n".join(lines)


def summary(result: Result, exit_code: int = 0) -> list[str]:
    """What happened in one line, then the failures."""
    status = "parked" if result.status == "interrupted" else result.status
    status = f"{status} in part" if result.partial else status
    facts = [
        f"{safe_line(result.name, 80)} {status} in {duration(result.execution_time)}",
        _counted(result, parked=status == "parked"),
        _retries(result.metrics),
        spending(result.metrics.get("usage", {})),
        f"exit {exit_code}" if exit_code else "",
        f"run {safe_line(result.run_id, 120)}",
    ]
    lines = [f"{MARKS.get(result.status, '…')} {' · '.join(fact for fact in facts if fact)}"]
    if result.failure is not None and result.failure not in result.errors.values():
        lines.append(f"  ✗ {safe_line(failure_text(result.failure))}")
    for name, failure in islice(result.errors.items(), SHOWN):
        lines.append(f"  ✗ {safe_line(name, 80)}: {safe_line(failure_text(failure))}")
    if len(result.errors) > SHOWN:
        lines.append(f"  … and {len(result.errors) - SHOWN:,} more failed")
    return lines


def what_next(
    result: Result,
    db: str | None = None,
    *,
    secrets: Sequence[str] = (),
    answers: Mapping[str, str] | None = None,
) -> list[str]:
    """What waits for whom, and the commands that go on; none for a run that completed.

    `secrets`: inputs to be given again. `answers`: gates whose answer is stored, and by whom.
    """
    lines = []
    for gate in result.waiting_for:
        asked = f"  ? {safe_line(gate['task'], 80)}: {safe_line(gate['message'] or gate['action'])}"
        if by := (answers or {}).get(gate["gate"]):
            lines.append(f"{asked} · answered by {safe_line(by, 80)}, waits for resume")
            continue
        lines.append(asked)
        commands = gate_commands(result.run_id, gate["gate"], gate["form"], gate["options"], db)
        lines += [f"      {command}" for command in commands]
    lines += [f"  ? {safe_line(name, 80)}: interrupted, perhaps executed" for name in result.interrupted]
    if result.status == "completed":
        return lines
    if result.spent_budgets:
        return [*lines, *_raised(result, secrets, db)]
    verb = "retry" if result.status in ("failed", "cancelled") or result.interrupted else "resume"
    return [*lines, f"  to go on: {go_on(verb, result.run_id, secrets, db)}"]


def _raised(result: Result, secrets: Sequence[str], db: str | None) -> list[str]:
    lines = [
        f"  ? {whose_budget(each['agent'])} is spent: "
        f"{limit_text(each['what'], each['spent'])} of {limit_text(each['what'], each['limit'])}"
        for each in result.spent_budgets
    ]
    raises = raise_budget(result.run_id, result.spent_budgets, db)
    return [*lines, f"  to go on: {'; '.join([*raises, go_on('resume', result.run_id, secrets, db)])}"]


def _counted(result: Result, *, parked: bool) -> str:
    words = {"completed": "done", "pending": "not started", **(PARKED if parked else {})}
    return ", ".join(f"{count:,} {words.get(status, status)}" for status, count in result.tasks.items())


def _retries(metrics: dict[str, Any]) -> str:
    retries = metrics.get("retries", 0)
    return f"{retries:,} {'retry' if retries == 1 else 'retries'}" if retries else ""


def _row(mark: str, name: str, text: str, width: int) -> str:
    """One line of about `width`; on a narrow terminal the name takes at most half of it."""
    head = f"{mark} {short_name(name, 60 if width >= NARROW else width // 2)}  "
    room = max(width - len(head), 20 if width >= NARROW else 1)
    return head + safe_line(text if len(text) <= room else f"{text[: room - 1]}…", room)


def _brief(value: Any) -> str:
    """A result in a line: the first one of a text."""
    if not isinstance(value, str):
        return "" if value is None else json_text(value)
    first, *rest = value.splitlines() or [""]
    return f"{first} … (+{len(rest)} lines)" if rest else first


def _yaml(value: Any) -> str:
    import yaml

    settings: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 100}
    try:
        return str(yaml.dump(value, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), **settings))
    except UnicodeEncodeError:  # libyaml takes UTF-8 alone: no lone surrogates
        return str(yaml.dump(value, Dumper=yaml.SafeDumper, **settings))
