"""`leadtui edit FLOW`: the editor, with the flow's mistakes and its graph as they are typed."""

import typer

from lead_tui.cli import cockpit, options, session
from lead_tui.cli.driving import Watching
from lead_tui.cli.screen import need_screen

EXAMPLES = ("leadtui edit flow.yaml",)


def command(flow: options.Flow, env_file: options.EnvFile = None, db: options.Db = None) -> None:
    """Edit a flow: mistakes with line and column while you type, its graph beside it.

    A file that is not there is made when you save. What is not saved is never lost without a question.
    """
    need_screen("`leadtui validate` checks the file that another editor wrote")
    from lead_tui.tui.opening import Edit

    with session.engine(db) as engine:
        look = cockpit.look(engine, Edit(flow), Watching(db=db), env_file=env_file)
        raise typer.Exit(session.wait_for(look))
