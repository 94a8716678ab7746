"""The commands that continue a run, word for word as they can be typed."""

import shlex
from typing import Any

from lead_tui.runner.result import Result

_STATES = {"failed": "failed", "cancelled": "was cancelled", "waiting": "waits for a person"}


def continuing(result: Result, db: str | None) -> list[str]:
    """What to say at the end of a run that did not complete; the last line names the run and the command."""
    if result.status == "completed":
        return []
    state = _STATES.get(result.status, "was left")
    if db in ("memory:", ":memory:"):
        return [f"run {result.run_id} {state}"]
    lines = _gates(result, db) + _interrupted(result, db)
    verb = "retry" if result.status in ("failed", "cancelled") or result.interrupted else "resume"
    return [*lines, f"run {result.run_id} {state}: {_command(verb, result.run_id, db=db)}"]


def resume_command(run_id: str, db: str | None) -> str:
    return _command("resume", run_id, db=db)


def _gates(result: Result, db: str | None) -> list[str]:
    lines = []
    for gate in result.waiting_for:
        lines.append(f"{gate['gate']} asks: {gate['message']}")
        answers = [_command("approve", result.run_id, gate["gate"], *_answer(gate), db=db),
                   _command("reject", result.run_id, gate["gate"], db=db)]  # fmt: skip
        lines += [f"  {answer}" for answer in answers]
    return lines


def _answer(gate: dict[str, Any]) -> list[str]:
    options = ["--answer", "|".join(gate["options"])] if gate["options"] else []
    for name, field in gate["form"].items():
        options += ["-i", f"{name}={str(field.get('type', 'string')).upper()}"]
    return options


def _interrupted(result: Result, db: str | None) -> list[str]:
    if not result.interrupted:
        return []
    names = ", ".join(result.interrupted)
    skip = _command("skip", result.run_id, result.interrupted[0], db=db)
    return [f"interrupted, and perhaps executed: {names}", f"  {skip}", "  or run it again:"]


def _command(verb: str, *words: str, db: str | None) -> str:
    place = ("--db", db) if db is not None else ()
    return f"leadtui {verb} {shlex.join((*words, *place))}"
