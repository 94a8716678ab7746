"""What a run came to, for people: the outputs, or the tasks and their results; and the summary."""

from typing import Any

from lead_tui.reporters.safe import safe, safe_line
from lead_tui.reporters.wire import json_text
from lead_tui.reporters.words import duration, failure_text, gate_commands
from lead_tui.runner.result import Result

SHOWN = 20
"""Failures, or tasks that did not run, that a summary lists."""
MARKS = {"completed": "✓", "failed": "✗", "cancelled": "■", "waiting": "?"}


def render_result(result: Result) -> str:
    """All of it: the summary first, then what it is about. Text is safe and ends without a newline."""
    return "\n".join(["\n".join(summary(result)), "", result_body(result)]).rstrip()


def result_body(result: Result) -> str:
    """The outputs as YAML; for a flow without outputs a line for each task."""
    if result.outputs:
        return safe(_yaml(result.outputs)).rstrip("\n")
    lines = [_row("✓", name, _brief(value)) for name, value in result.results.items()]
    lines += [_row("✗", name, failure_text(failure)) for name, failure in result.errors.items()]
    lines += [_row("–", name, f"not run: {why}") for name, why in result.not_run.items()]
    return "\n".join(lines)


def summary(result: Result, exit_code: int = 0) -> list[str]:
    """Lines: what happened in one, the failures, what waits for whom, and last the run with what goes on."""
    status = f"{result.status} in part" if result.partial else result.status
    ended = f"exit {exit_code}" if exit_code else ""
    facts = [f"{safe_line(result.name, 80)} {status} in {duration(result.execution_time)}",
             _counted(result), *_effort(result.metrics), ended]  # fmt: skip
    lines = [f"{MARKS.get(result.status, '…')} {' · '.join(fact for fact in facts if fact)}"]
    lines += _troubles(result)
    run = safe_line(result.run_id, 120)
    return [*lines, f"  run {run} · {continuation(result)}"]


def continuation(result: Result) -> str:
    """Give the command that a reader most likely needs next."""
    run = safe_line(result.run_id, 120)
    if result.status == "waiting" and result.interrupted:
        return f"leadtui retry {run}"
    if result.status in ("waiting", "paused", "running", "queued"):
        answer = "answer, then " if result.waiting_for else ""
        return f"{answer}leadtui resume {run}"
    if result.status in ("failed", "cancelled") or result.partial:
        return f"leadtui retry {run}"
    return f"leadtui show {run}"


def _troubles(result: Result) -> list[str]:
    lines = []
    if result.failure is not None and str(result.failure) not in map(str, result.errors.values()):
        lines.append(f"  ✗ {safe_line(failure_text(result.failure))}")
    lines += [f"  ✗ {safe_line(name, 80)}: {safe_line(failure_text(failure))}"
              for name, failure in list(result.errors.items())[:SHOWN]]  # fmt: skip
    if len(result.errors) > SHOWN:
        lines.append(f"  … and {len(result.errors) - SHOWN:,} more failed")
    for gate in result.waiting_for:
        lines.append(f"  ? {safe_line(gate['task'], 80)}: {safe_line(gate['message'] or gate['action'])}")
        commands = gate_commands(result.run_id, gate["gate"], gate["form"], gate["options"])
        lines += [f"      {command}" for command in commands]
    lines += [
        f"  ? {safe_line(name, 80)}: interrupted, its outcome is unknown" for name in result.interrupted
    ]
    return lines


def _counted(result: Result) -> str:
    words = {"completed": "done", "pending": "not started"}
    return ", ".join(f"{count:,} {words.get(status, status)}" for status, count in result.tasks.items())


def _effort(metrics: dict[str, Any]) -> list[str]:
    retries = metrics.get("retries", 0)
    return [f"{retries:,} {'retry' if retries == 1 else 'retries'}"] if retries else []


def _row(mark: str, name: str, text: str) -> str:
    return f"{mark} {safe_line(name, 80)}  {safe_line(text, 200)}"


def _brief(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json_text(value)


def _yaml(value: Any) -> str:
    import yaml

    return yaml.dump(
        value, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False, allow_unicode=True,
        width=100,
    )  # fmt: skip
