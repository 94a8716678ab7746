"""`leadtui why RUN TASK`: a question to the state, never a guess."""

from lead_tui.cli import options, session
from lead_tui.cli.terminal import out, out_json
from lead_tui.core import views
from lead_tui.core.state import RunState
from lead_tui.errors import UsageError
from lead_tui.flow.diagnostics import did_you_mean
from lead_tui.journal.base import RunRow
from lead_tui.runner import left

EXAMPLES = ("leadtui why last deploy",)


def command(
    run: options.Run, task: options.Task, as_json: options.Json = False, db: options.Db = None
) -> None:
    """Tell why a task is where it is: why it waits, was skipped, failed or ran."""
    with session.existing(db, read_only=True) as engine:
        run_id = engine.journal.find(run)
        row = engine.journal.row(run_id)
        state, _ = engine.fold(run_id)
    if task not in state.tasks:
        hint = did_you_mean(task, state.tasks)
        raise UsageError(f"run {run_id} has no task {task!r}" + (f"; {hint}" if hint else ""))
    status, reasons = _told(row, state, task)
    if as_json:
        return out_json({"run_id": run_id, "task": task, "status": status, "why": reasons})
    return out("\n".join([f"{task} is {status}", *(f"  {reason}" for reason in reasons)]))


def _told(row: RunRow, state: RunState, name: str) -> tuple[str, list[str]]:
    task = state.tasks[name]
    if left.cut_off(row, state, task):
        return left.INTERRUPTED, [left.why_cut_off(state, task)]
    return str(task.status), views.why(state, name)
