"""`leadtui resume RUN`: end a pause, or take up a run that waits, was parked or crashed."""

import typer

from lead_tui.cli import cockpit, options, session
from lead_tui.cli.driving import Watching
from lead_tui.cli.steering import post, take_up
from lead_tui.core.commands import Resume
from lead_tui.core.state import RunStatus
from lead_tui.runner.engine import Engine

EXAMPLES = ("leadtui resume last", "leadtui resume 3f2a -i token=... --output json")


def command(
    run: options.Run,
    secrets: options.Secrets = None,
    output: options.Output = "text",
    report: options.Reports = None,
    env_file: options.EnvFile = None,
    db: options.Db = None,
    by: options.By = None,
    strict: options.Strict = False,
    no_ui: options.NoUi = False,
    quiet: options.Quiet = False,
) -> None:
    """End a pause, or take up a waiting or crashed run.

    What completed is kept; exits like `run`, and with 9 if another process drives the run.
    """
    texts = session.pairs(secrets)
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        row = engine.journal.row(run_id)
        if row.owner_alive and row.status == RunStatus.PAUSED:
            post(engine, run_id, Resume(), f"run {run_id} goes on", by=by, db=db)
            return
        watching = Watching(output=output, reports=tuple(report or ()), quiet=quiet, strict=strict, db=db)
        commands = [Resume()] if _was_paused(engine, run_id) else []
        screen = cockpit.opens(watching, no_ui=no_ui)
        raise typer.Exit(
            session.wait_for(
                take_up(
                    engine, run_id, commands, watching, texts=texts, env_file=env_file, by=by, screen=screen
                )
            )
        )


def _was_paused(engine: Engine, run_id: str) -> bool:
    """Its owner died in a pause: whoever takes it up wants it to go on."""
    return engine.fold(run_id)[0].status is RunStatus.PAUSED
