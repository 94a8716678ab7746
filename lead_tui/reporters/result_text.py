"""What a run came to, for people: the outputs, or the tasks and their results; and the summary."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from lead_tui.runner.left import NOTHING, Given
from lead_tui.runner.result import Result
from lead_tui.text.safe import safe, safe_line
from lead_tui.text.wire import json_text, yaml_text
from lead_tui.text.words import (
    CALL_IS_GONE,
    command_line,
    counted,
    duration,
    failure_text,
    gate_commands,
    go_on,
    preview,
    raise_budget,
    short_name,
    spending,
    uncounted_text,
    whose_budget,
)

SHOWN = 20
"""Failures that a summary lists."""
NARROW = 60
"""Columns of a terminal below which lines take what there is."""
SHOWN_LINES = 40
"""Of what a gate shows; the gate in full is in `leadtui show RUN --json`."""
SHOWN_WIDTH = 2_000
"""Characters of such a line."""
BELOW = " " * 6
"""Before each line of what stands below a question: what it shows and the commands that answer it."""
PARKED = {"running": "in flight when it was left"}
MARKS = {"completed": "✓", "failed": "✗", "cancelled": "■", "waiting": "?"}


def render_result(result: Result) -> str:
    """All of it: the summary first, then what it is about. Text is safe and ends without a newline."""
    told = "\n".join([*summary(result), *what_next(result)])
    return f"{told}\n\n{result_body(result)}".rstrip()


def result_body(result: Result, width: int = 200) -> str:
    """The outputs as YAML; for a flow without outputs a line of about `width` for each task."""
    if result.outputs:
        return safe(yaml_text(result.outputs)).rstrip("\n")
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
        spending(result.metrics.get("usage", {}), result.metrics.get("model_calls")),
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
    return [*lines, *(f"  ! {each}" for each in uncounted(result))]


def uncounted(result: Result) -> list[str]:
    """Calls that a budget cannot count."""
    return [
        f"{whose_budget(each['agent'])}: {uncounted_text(each['what'], each['calls'])}"
        for each in result.uncounted
    ]


def what_next(
    result: Result,
    db: str | None = None,
    *,
    secrets: Sequence[str] = (),
    given: Given = NOTHING,
    driven: bool = False,
) -> list[str]:
    """What waits for whom, and the commands that go on; none for a run that completed.

    `secrets`: inputs to be given again. `given`: answers and raised budgets that are stored already.
    `driven`: a process drives the run, so that an answer or a raised budget alone lets it go on.
    """
    lines = [line for each in result.waiting_for for line in asked(result.run_id, each, db, given)]
    lines += [f"  ? {safe_line(name, 80)}: interrupted, perhaps executed" for name in result.interrupted]
    if result.status == "completed":
        return lines
    spent = [each for each in result.waiting_for if each["reason"] == "budget"]
    further = raise_budget(result.run_id, [each for each in spent if given.by(each) is None], db)
    if not driven:
        again = result.status in ("failed", "cancelled") or result.interrupted
        further.append(go_on("retry" if again and not spent else "resume", result.run_id, secrets, db))
    return [*lines, f"  to go on: {'; '.join(further)}"] if further else lines


def with_commands(
    run_id: str,
    waiting_for: list[dict[str, Any]],
    db: str | None = None,
    secrets: Sequence[str] = (),
    given: Given = NOTHING,
) -> list[dict[str, Any]]:
    """The same for programs: `next` are the commands that answer, the first of them with a yes.

    Of what is given already, `next` is only what takes the run up.
    """
    return [{**each, "next": _next(run_id, each, db, secrets, given)} for each in waiting_for]


def _next(
    run_id: str, waiting: dict[str, Any], db: str | None, secrets: Sequence[str], given: Given
) -> list[str]:
    if given.by(waiting) is not None:
        return [go_on("resume", run_id, secrets, db)]
    return _commands(run_id, waiting, db, secrets)


def _commands(run_id: str, waiting: dict[str, Any], db: str | None, secrets: Sequence[str]) -> list[str]:
    if waiting["reason"] == "budget":
        return [*raise_budget(run_id, [waiting], db), go_on("resume", run_id, secrets, db)]
    again = waiting["again"]
    answers = gate_commands(run_id, waiting["gate"], waiting["form"], waiting["options"], db, again=again)
    skip = f"{command_line('skip', run_id, waiting['task'], db=db)}  # it is not made again"
    return [*answers, skip] if again else [*answers]


def asked(run_id: str, waiting: dict[str, Any], db: str | None = None, given: Given = NOTHING) -> list[str]:
    """One entry of `waiting_for`: what is asked, what the person is to look at, what to type."""
    if waiting["reason"] == "budget":
        head = f"  ? {safe_line(waiting['message'])}"
    else:
        head = f"  ? {safe_line(waiting['task'], 80)}: {safe_line(waiting['message'] or waiting['action'])}"
    if told := given.told(waiting):
        return [f"{head} · {safe_line(told, 120)}, waits for resume"]
    if waiting["reason"] == "budget":
        return [head]
    shown = [] if waiting["show"] is None else preview(waiting["show"], SHOWN_LINES, SHOWN_WIDTH)
    gone = [CALL_IS_GONE] if waiting["again"] else []
    return [head, *(f"{BELOW}{line}" for line in (*shown, *gone, *_commands(run_id, waiting, db, ())))]


def _counted(result: Result, *, parked: bool) -> str:
    words = {"completed": "done", "pending": "not started", **(PARKED if parked else {})}
    return ", ".join(f"{count:,} {words.get(status, status)}" for status, count in result.tasks.items())


def _retries(metrics: dict[str, Any]) -> str:
    retries = metrics.get("retries", 0)
    return counted(retries, "retry", "retries") if retries else ""


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
