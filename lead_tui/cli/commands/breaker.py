"""`leadtui breaker RUN AGENT trip|reset`: an operator's hand on a circuit breaker."""

from enum import StrEnum
from typing import Annotated

import typer

from lead_tui.cli import completion, options, session
from lead_tui.cli.steering import post
from lead_tui.core.commands import ResetBreaker, TripBreaker

EXAMPLES = ("leadtui breaker last api trip", "leadtui breaker last api reset")


class To(StrEnum):
    TRIP = "trip"
    RESET = "reset"


def command(
    run: options.Run,
    agent: Annotated[
        str,
        typer.Argument(
            metavar="AGENT",
            autocompletion=completion.agents_of_run,
            help="An agent of the run.",
            show_default=False,
        ),
    ],
    to: Annotated[To, typer.Argument(help="Open it, or close it.", show_default=False)],
    as_json: options.Json = False,
    db: options.Db = None,
    by: options.By = None,
) -> None:
    """Open the circuit breaker of an agent so that nothing calls it, or close it again."""
    command = TripBreaker(agent=agent) if to is To.TRIP else ResetBreaker(agent=agent)
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        done = f"the breaker of {agent} is {'open' if to is To.TRIP else 'closed'}"
        post(engine, run_id, command, done, by=by, db=db, as_json=as_json)
