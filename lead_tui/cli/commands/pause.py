"""`leadtui pause RUN`: no new attempts; what is in flight and all clocks go on."""

from lead_tui.cli import options, session
from lead_tui.cli.steering import post
from lead_tui.core.commands import Pause

EXAMPLES = ("leadtui pause last",)


def command(
    run: options.Run, as_json: options.Json = False, db: options.Db = None, by: options.By = None
) -> None:
    """Start nothing new until `leadtui resume`; what is in flight goes on."""
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        post(engine, run_id, Pause(), f"run {run_id} is paused", by=by, db=db, as_json=as_json)
