"""`leadtui watch RUN`: the cockpit on a run that somebody drives, that waits, or that is long over."""

from typing import Annotated

import typer

from lead_tui.cli import cockpit, options, session
from lead_tui.cli.driving import Watching
from lead_tui.cli.screen import need_screen
from lead_tui.runner import left
from lead_tui.text.words import command_line

EXAMPLES = ("leadtui watch last", "leadtui watch 3f2a --at 120 --speed 10")


def command(
    run: options.Run,
    at: Annotated[
        int | None,
        typer.Option(min=1, metavar="SEQ", help="Replay it from this event on.", show_default=False),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            min=1, max=100, metavar="N", help="Replay it so many times as fast.", show_default=False
        ),
    ] = None,
    env_file: options.EnvFile = None,
    db: options.Db = None,
) -> None:
    """Open the cockpit on any run, live or past.

    Whoever drives it goes on to do so; what you do here reaches them. Exits with 0, and like `run` if you
    take the run up here.
    """
    with session.existing(db) as engine:
        run_id = engine.journal.find(run)
        events = command_line("events", "-f", run_id, db=db)
        need_screen(f"`{events}` and `{command_line('logs', '-f', run_id, db=db)}` tell the run as text")
        from lead_tui.tui.opening import Watch

        opening = Watch(run_id, at=at, speed=speed or 1.0, replay=at is not None or speed is not None)
        watching = Watching(db=db, secrets=left.secrets_again(engine.journal.record(run_id)))
        look = cockpit.look(engine, opening, watching, run_id, env_file=env_file)
        raise typer.Exit(session.wait_for(look))
