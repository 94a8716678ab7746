"""`leadtui approve RUN [GATE]`: answer a gate, once, from any terminal."""

import sys
from typing import Annotated

import typer

from lead_tui.cli import options, session
from lead_tui.cli.gates import open_gate, question
from lead_tui.cli.steering import post
from lead_tui.cli.terminal import say
from lead_tui.core.commands import Approve

EXAMPLES = (
    "leadtui approve last",
    "leadtui approve 3f2a deploy --answer canary --by alice",
    "leadtui approve 3f2a address -i city=Paris -i days=3",
)


def command(
    run: options.Run,
    gate: options.Gate = None,
    values: Annotated[
        list[str] | None,
        typer.Option("-i", "--input", metavar="NAME=VALUE", help="A field of its form.", show_default=False),
    ] = None,
    answer: Annotated[
        str | None, typer.Option(metavar="OPTION", help="One of the gate's options.", show_default=False)
    ] = None,
    again: options.Again = False,
    as_json: options.Json = False,
    db: options.Db = None,
    by: options.By = None,
) -> None:
    """Answer a gate with yes, or fill in its form.

    The first answer counts. If nobody drives the run it is stored, and `leadtui resume` goes on with it. A
    call that asked and ended with its process takes the answer only if it is made --again.
    """
    given = session.pairs(values)
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        request = open_gate(engine, run_id, gate)
        if sys.stderr.isatty():
            say(question(request))
        only = request.options[0] if len(request.options) == 1 else "approve"
        command = Approve(gate=request.gate, values=dict(given), answer=answer or only, again=again)
        done = f"{request.gate} is approved"
        post(engine, run_id, command, done, by=by, db=db, as_json=as_json)
