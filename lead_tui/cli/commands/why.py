"""`leadtui why RUN TASK`: a question to the state, never a guess."""

from typing import Any

from lead_tui.cli import options, session
from lead_tui.cli.terminal import out, out_json
from lead_tui.core import views
from lead_tui.core.state import RunState, TaskState
from lead_tui.errors import UsageError
from lead_tui.flow.diagnostics import did_you_mean
from lead_tui.journal.base import RunRow
from lead_tui.reporters.result_text import asked, with_commands
from lead_tui.runner import left
from lead_tui.runner.result import budget_data, gate_data
from lead_tui.text.words import go_on

EXAMPLES = ("leadtui why last deploy",)


def command(
    run: options.Run, task: options.Task, as_json: options.Json = False, db: options.Db = None
) -> None:
    """Tell why a task is where it is: why it waits, was skipped, failed or ran."""
    with session.existing(db, read_only=True) as engine:
        run_id = engine.journal.find(run)
        row = engine.journal.row(run_id)
        state, _ = engine.fold(run_id)
        given = left.NOTHING if row.owner_alive else left.given(engine.journal, run_id, state)
        secrets = left.secrets_again(engine.journal.record(run_id))
    if task not in state.tasks:
        hint = did_you_mean(task, state.tasks)
        raise UsageError(f"run {run_id} has no task {task!r}" + (f"; {hint}" if hint else ""))
    status, reasons = _told(row, state, task)
    waiting = _waiting_for(state, state.tasks[task], driven=row.owner_alive)
    if waiting and all(given.by(each) is not None for each in waiting):
        further = go_on("resume", run_id, secrets, db)
        reasons = [f"what it waits for is given; it goes on with: {further}"]
    if as_json:
        told = {"run_id": run_id, "task": task, "status": status, "why": reasons}
        return out_json(told | {"waiting_for": with_commands(run_id, waiting, db, secrets, given)})
    lines = [line for each in waiting for line in asked(run_id, each, db, given)]
    return out("\n".join([f"{task} is {status}", *(f"  {reason}" for reason in reasons), *lines]))


def _waiting_for(state: RunState, task: TaskState, *, driven: bool) -> list[dict[str, Any]]:
    """The gate at which it stands, or the limits that hold it back."""
    gate = views.gate_of(state, task)
    asked = [] if gate is None else [gate_data(state, gate, driven=driven)]
    return [*asked, *map(budget_data, views.spent_for(state, task))]


def _told(row: RunRow, state: RunState, name: str) -> tuple[str, list[str]]:
    task = state.tasks[name]
    if left.cut_off(row, state, task):
        return left.INTERRUPTED, [left.why_cut_off(state, task)]
    return str(task.status), views.why(state, name)
