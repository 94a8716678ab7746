"""`leadtui why RUN TASK`: a question to the state, never a guess."""

from lead_tui.cli import options, session
from lead_tui.cli.terminal import out, out_json
from lead_tui.core import views
from lead_tui.errors import UsageError
from lead_tui.flow.diagnostics import did_you_mean

EXAMPLES = ("leadtui why last deploy",)


def command(
    run: options.Run, task: options.Task, as_json: options.Json = False, db: options.Db = None
) -> None:
    """Tell why a task is where it is: why it waits, was skipped, failed or ran."""
    with session.existing(db, read_only=True) as engine:
        run_id = engine.journal.find(run)
        state, _ = engine.fold(run_id)
    if task not in state.tasks:
        hint = did_you_mean(task, state.tasks)
        raise UsageError(f"run {run_id} has no task {task!r}" + (f"; {hint}" if hint else ""))
    reasons = views.why(state, task)
    if as_json:
        return out_json({"run_id": run_id, "task": task, "status": state.tasks[task].status, "why": reasons})
    return out("\n".join([f"{task} is {state.tasks[task].status}", *(f"  {reason}" for reason in reasons)]))
