"""`leadtui skip RUN TASK`: settle a task without running it."""

from lead_tui.cli import options, session
from lead_tui.cli.steering import post
from lead_tui.core.commands import Skip

EXAMPLES = ("leadtui skip last charge-card",)


def command(
    run: options.Run,
    task: options.Task,
    as_json: options.Json = False,
    db: options.Db = None,
    by: options.By = None,
) -> None:
    """Settle an interrupted or waiting task without running it.

    Tasks that need its result are skipped too.
    """
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        post(engine, run_id, Skip(task=task), f"{task} is skipped", by=by, db=db, as_json=as_json)
