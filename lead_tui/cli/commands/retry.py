"""`leadtui retry RUN`: run again what failed, was cancelled or interrupted, and what was skipped for it."""

import typer

from lead_tui.cli import cockpit, options, session
from lead_tui.cli.driving import Watching
from lead_tui.cli.steering import post, take_up
from lead_tui.core.commands import Retry

EXAMPLES = ("leadtui retry last",)


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
    """Run again what failed, was cancelled or interrupted.

    What completed is kept. A run that nobody drives is taken up here, and this exits like `run`.
    """
    texts = session.pairs(secrets)
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        if engine.journal.row(run_id).owner_alive:
            post(engine, run_id, Retry(), f"run {run_id} tries again", by=by, db=db)
            return
        watching = Watching(output=output, reports=tuple(report or ()), quiet=quiet, strict=strict, db=db)
        screen = cockpit.opens(watching, no_ui=no_ui)
        raise typer.Exit(
            session.wait_for(
                take_up(
                    engine, run_id, [Retry()], watching, texts=texts, env_file=env_file, by=by, screen=screen
                )
            )
        )
