"""`leadtui pause RUN`: no new attempts; what is in flight and all clocks go on."""

from lead_tui.cli import options, session
from lead_tui.cli.steering import post
from lead_tui.core.commands import Pause
from lead_tui.errors import CommandRefused

EXAMPLES = ("leadtui pause last",)


def command(
    run: options.Run, as_json: options.Json = False, db: options.Db = None, by: options.By = None
) -> None:
    """Start nothing new until `leadtui resume`; what is in flight goes on."""
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        row = engine.journal.row(run_id)
        if not row.owner_alive and row.ended_at is None:
            raise CommandRefused(f"nobody drives run {run_id}: nothing of it starts before it is resumed")
        post(engine, run_id, Pause(), f"run {run_id} is paused", by=by, db=db, as_json=as_json)
