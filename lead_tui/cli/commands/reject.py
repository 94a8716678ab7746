"""`leadtui reject RUN [GATE]`: answer a gate with no, once."""

from typing import Annotated

import typer

from lead_tui.cli import options, session
from lead_tui.cli.gates import open_gate
from lead_tui.cli.steering import post
from lead_tui.core.commands import Reject

EXAMPLES = ("leadtui reject last --why 'not before Monday'",)


def command(
    run: options.Run,
    gate: options.Gate = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Recorded with it.", show_default=False)] = "",
    again: options.Again = False,
    as_json: options.Json = False,
    db: options.Db = None,
    by: options.By = None,
) -> None:
    """Answer a gate with no: its task fails."""
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        request = open_gate(engine, run_id, gate)
        command = Reject(gate=request.gate, why=why, again=again)
        done = f"{request.gate} is rejected"
        post(engine, run_id, command, done, by=by, db=db, as_json=as_json)
