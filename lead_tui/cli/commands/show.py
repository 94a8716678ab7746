"""`leadtui show RUN`: a run as its log tells it, live or past."""

from typing import Any

import msgspec

from lead_tui.cli import options, session
from lead_tui.cli.terminal import moment, out, out_json, short, table
from lead_tui.core.state import RunState, TaskState
from lead_tui.journal.base import RunRow
from lead_tui.reporters.result_text import what_next
from lead_tui.reporters.words import duration, failure_text
from lead_tui.runner.result import Result, result_of

EXAMPLES = ("leadtui show last", "leadtui show 3f2a --json")


def command(run: options.Run, as_json: options.Json = False, db: options.Db = None) -> None:
    """Show one run: its tasks, errors and outputs."""
    with session.existing(db, read_only=True) as engine:
        run_id = engine.journal.find(run)
        row = engine.journal.row(run_id)
        state, metrics = engine.fold(run_id)
    result = result_of(state, metrics)
    if as_json:
        return out_json(_data(row, state, result))
    return out("\n".join(_text(row, state, result, db)))


def _data(row: RunRow, state: RunState, result: Result) -> dict[str, Any]:
    """The result as `run --output json` gives it, with the run's row and every task."""
    plain: dict[str, Any] = msgspec.to_builtins(result)
    return plain | {
        "status": row.status,
        "source": row.source,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
        "owner": row.owner if row.owner_alive else None,
        "inputs": state.inputs,
        "task_list": [_task(task) for task in state.tasks.values()],
    }


def _task(task: TaskState) -> dict[str, Any]:
    return {
        "name": task.name,
        "agent": task.plan.agent,
        "action": task.plan.action,
        "status": str(task.status),
        "attempts": task.attempt,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
        "duration": task.duration,
        "why": task.why,
        "cause": task.cause,
        "error": task.failure if task.status == "failed" else None,
        "handled": task.handled,
        "gate": task.gate,
    }


def _text(row: RunRow, state: RunState, result: Result, db: str | None) -> list[str]:
    partial = ", partial" if result.partial else ""
    lines = [
        f"run {row.id}: {row.name}, {row.status}{partial}",
        f"started {moment(row.created_at)}, took {duration(result.execution_time)}",
    ]
    lines += [f"flow {row.source}"] if row.source else []
    if row.owner is not None and row.owner_alive:
        lines.append(f"driven by process {row.owner.pid} on {row.owner.host}")
    lines += [f"input {name} = {short(value)}" for name, value in state.inputs.items()]
    lines += [
        "",
        table(("TASK", "STATUS", "TRIES", "TIME", ""), [_cells(row, task) for task in state.tasks.values()]),
    ]
    if result.outputs:
        lines += ["", *(f"{name}: {short(value, 2000)}" for name, value in result.outputs.items())]
    if result.failure is not None:
        lines += ["", f"failed: {result.failure}"]
    if not row.owner_alive and (further := what_next(result, db)):
        lines += ["", *further]
    return lines


def _cells(row: RunRow, task: TaskState) -> tuple[str, ...]:
    """What was in flight when the owner died does not run."""
    time = duration(task.duration) if task.ended_at and task.started_at else "-"
    cut_off = row.status == "interrupted" and task.status == "running"
    status = "interrupted" if cut_off else str(task.status)
    return task.name, status, str(task.attempt or "-"), time, short(_why(task))


def _why(task: TaskState) -> str:
    if task.status == "failed":
        failure = failure_text(task.failure) if task.failure else ""
        return f"{failure}, handled" if task.handled else failure
    if task.status == "completed":
        return short(task.result, 60) if task.result is not None else ""
    return task.why
