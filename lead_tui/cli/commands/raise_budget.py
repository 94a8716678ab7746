"""`leadtui raise-budget RUN`: new limits for a budget, so that what it holds back goes on."""

from typing import Annotated

import typer

from lead_tui.cli import completion, options, session
from lead_tui.cli.steering import post
from lead_tui.core.commands import RaiseBudget
from lead_tui.errors import UsageError
from lead_tui.text.words import limit_text, whose_budget

EXAMPLES = ("leadtui raise-budget last --usd 5", "leadtui raise-budget 3f2a --agent writer --calls 40")


def command(
    run: options.Run,
    agent: Annotated[
        str,
        typer.Option(
            "--agent",
            metavar="AGENT",
            autocompletion=completion.agents_of_run,
            help="The budget of this agent; that of the flow by default.",
            show_default=False,
        ),
    ] = "",
    usd: Annotated[float | None, typer.Option(help="Dollars in all.", show_default=False)] = None,
    tokens: Annotated[
        int | None, typer.Option(help="Input and output tokens in all.", show_default=False)
    ] = None,
    calls: Annotated[int | None, typer.Option(help="Calls in all.", show_default=False)] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Seconds of all attempts together.", show_default=False)
    ] = None,
    as_json: options.Json = False,
    db: options.Db = None,
    by: options.By = None,
) -> None:
    """Raise the limits of a budget; each is the new total, not what is added.

    A run that somebody drives goes on at once, another one with `leadtui resume`.
    """
    command = RaiseBudget(agent=agent, usd=usd, tokens=tokens, calls=calls, seconds=seconds)
    if not command.limits:
        raise UsageError("say what to raise: --usd, --tokens, --calls or --seconds")
    limits = ", ".join(limit_text(what, limit) for what, limit in command.limits.items())
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        done = f"{whose_budget(agent)} is raised to {limits}"
        post(engine, run_id, command, done, by=by, db=db, as_json=as_json)
