"""`leadtui cancel RUN [TASK]`: ask its process, or take the run up, clean up and end it."""

from typing import Annotated

import typer

from lead_tui.cli import options, session
from lead_tui.cli.driving import Watching
from lead_tui.cli.steering import post, take_up
from lead_tui.core.commands import Cancel, CancelTask
from lead_tui.core.state import RUN_ENDED, RunState
from lead_tui.runner import left
from lead_tui.runner.engine import Engine
from lead_tui.runner.result import ExitCode

EXAMPLES = ("leadtui cancel last", "leadtui cancel 3f2a slow-task")


def command(
    run: options.Run,
    task: options.AnyTask = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Recorded with it.", show_default=False)] = "",
    skip_cleanup: Annotated[bool, typer.Option("--skip-cleanup", help="Run no `finally` tasks.")] = False,
    secrets: options.Secrets = None,
    env_file: options.EnvFile = None,
    db: options.Db = None,
    by: options.By = None,
) -> None:
    """End a run, or one task of it.

    What is in flight is cancelled and the `finally` tasks run. A run that nobody drives is cleaned up here.
    """
    texts = session.pairs(secrets)
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        if task is not None:
            post(engine, run_id, CancelTask(task=task), f"{task} is being cancelled", by=by, db=db)
            return
        command = Cancel(why=why, skip_cleanup=skip_cleanup)
        state, _ = engine.fold(run_id)
        if engine.journal.row(run_id).owner_alive or state.status in RUN_ENDED:
            post(engine, run_id, command, f"run {run_id} is being cancelled", by=by, db=db)
            return
        commands = [] if _is_asked_already(engine, run_id, state) and not skip_cleanup else [command]
        work = take_up(
            engine, run_id, commands, Watching(db=db, wanted=ExitCode.INT), texts=texts, env_file=env_file,
            by=by, needs_secrets=not left.calls_nothing(state, skip_cleanup=skip_cleanup),
        )  # fmt: skip
        raise typer.Exit(session.wait_for(work))


def _is_asked_already(engine: Engine, run_id: str, state: RunState) -> bool:
    """Its process died on the way to the end, or somebody left the wish for the next owner."""
    if state.stopping is not None and state.stopping.cause == "cancelled":
        return True
    return any(isinstance(row.command, Cancel) for row in engine.journal.inbox(run_id))
