"""`leadtui show RUN`: a run as its log tells it, live or past."""

from pathlib import Path
from typing import Any

import msgspec

from lead_tui.cli import options, session
from lead_tui.cli.terminal import moment, out, out_json, short, table
from lead_tui.core import views
from lead_tui.core.spending import amount
from lead_tui.core.state import BudgetState, RunState, TaskState
from lead_tui.journal.base import RunRow
from lead_tui.reporters.result_text import what_next, with_commands
from lead_tui.runner import left
from lead_tui.runner.result import Result, result_of
from lead_tui.text.words import (
    duration,
    failure_text,
    spending,
    spent_text,
    uncounted_text,
    whose_budget,
)

EXAMPLES = ("leadtui show last", "leadtui show 3f2a --json")


def command(run: options.Run, as_json: options.Json = False, db: options.Db = None) -> None:
    """Show one run: its tasks, errors and outputs."""
    with session.existing(db, read_only=True) as engine:
        run_id = engine.journal.find(run)
        row = engine.journal.row(run_id)
        state, metrics = engine.fold(run_id)
        given = left.NOTHING if row.owner_alive else left.given(engine.journal, run_id, state)
        secrets = left.secrets_again(engine.journal.record(run_id))
        files = engine.journal.files(run_id)
    result = result_of(state, metrics, driven=row.owner_alive)
    if as_json:
        waiting = [
            {**each, "answered_by": given.by(each)}
            for each in with_commands(run_id, result.waiting_for, db, secrets, given)
        ]
        place = str(files) if files.is_dir() else None
        return out_json(_data(row, state, result) | {"waiting_for": waiting, "files": place})
    further = what_next(result, db, secrets=secrets, given=given, driven=row.owner_alive)
    return out("\n".join(_text(row, state, result, files, further)))


def _data(row: RunRow, state: RunState, result: Result) -> dict[str, Any]:
    """The result as `run --output json` gives it, with the run's row and every task.

    `answered_by` of what it waits for: the answer, or the raised limit, is stored and counts when the run is
    taken up. `files`: the folder of those that its results refer to, None if there are none.
    """
    plain: dict[str, Any] = msgspec.to_builtins(result)
    return plain | {
        "status": row.status,
        "source": row.source,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
        "owner": row.owner if row.owner_alive else None,
        "inputs": state.inputs,
        "task_list": [_task(row, state, task) for task in state.tasks.values()],
    }


def _task(row: RunRow, state: RunState, task: TaskState) -> dict[str, Any]:
    return {
        "name": task.name,
        "agent": task.plan.agent,
        "action": task.plan.action,
        "status": left.INTERRUPTED if left.cut_off(row, state, task) else str(task.status),
        "attempts": task.attempt,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
        "duration": task.duration,
        "why": left.why_cut_off(state, task) if left.cut_off(row, state, task) else task.why,
        "cause": task.cause,
        "error": task.failure if task.status == "failed" else None,
        "handled": task.handled,
        "gate": task.gate,
        "usage": task.usage,
    }


def _text(row: RunRow, state: RunState, result: Result, files: Path, further: list[str]) -> list[str]:
    partial = ", partial" if result.partial else ""
    lines = [
        f"run {row.id}: {row.name}, {row.status}{partial}",
        f"started {moment(row.created_at)}, took {duration(result.execution_time)}",
    ]
    lines += [f"flow {row.source}"] if row.source else []
    lines += [f"files {files}"] if files.is_dir() else []
    if row.owner is not None and row.owner_alive:
        lines.append(f"driven by process {row.owner.pid} on {row.owner.host}")
    lines += [f"input {name} = {short(value)}" for name, value in state.inputs.items()]
    lines += [
        "",
        table(
            ("TASK", "STATUS", "TRIES", "TIME", ""),
            [_cells(row, state, task) for task in state.tasks.values()],
        ),
    ]
    lines += _spent(state, result)
    if result.outputs:
        lines += ["", *(f"{name}: {short(value, 2000)}" for name, value in result.outputs.items())]
    if result.failure is not None:
        lines += ["", f"failed: {result.failure}"]
    return [*lines, "", *further] if further else lines


def _spent(state: RunState, result: Result) -> list[str]:
    """What models cost in all, and each agent's part of it; the budgets."""
    whole = spending(result.metrics["usage"], result.metrics["model_calls"])
    parts = {
        agent: spending(account, account["model_calls"]) for agent, account in result.metrics["spent"].items()
    }
    lines = [f"spent: {whole}"] if whole else []
    lines += [f"  {agent}: {part}" for agent, part in parts.items() if part]
    lines += [_budget(state, agent, budget) for agent, budget in state.budgets.items()]
    return ["", *lines] if lines else []


def _budget(state: RunState, agent: str, budget: BudgetState) -> str:
    """Every limit with what counts in it; `calls` are all that the flow makes, not only those of models."""
    account = state.spent.get(agent, {})
    missing = {each.what: each.calls for each in views.uncounted(state) if each.agent == agent}
    limits = [
        spent_text(what, amount(account, what), limit, missing.get(what, 0))
        for what, limit in budget.limits.items()
    ]
    notes = [uncounted_text(what, calls) for what, calls in missing.items()]
    text = f"{whose_budget(agent)}: {', '.join(limits)}" + ("" if budget.enforce else " (audit)")
    return "; ".join([text, *notes])


def _cells(row: RunRow, state: RunState, task: TaskState) -> tuple[str, ...]:
    """What was in flight when the owner died does not run."""
    time = duration(task.duration) if task.ended_at and task.started_at else "-"
    tries = str(task.attempt or "-")
    if left.cut_off(row, state, task):
        return task.name, left.INTERRUPTED, tries, time, left.why_cut_off(state, task)
    return task.name, str(task.status), tries, time, short(_why(task))


def _why(task: TaskState) -> str:
    if task.status == "failed":
        failure = failure_text(task.failure) if task.failure else ""
        return f"{failure}, handled" if task.handled else failure
    if task.status == "completed":
        return short(task.result, 60) if task.result is not None else ""
    return task.why
