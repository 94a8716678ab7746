"""`leadtui init [DIR]`: a flow that runs, with what belongs beside it. Never overwrites."""

from pathlib import Path
from typing import Annotated

import typer

from lead_tui import scaffold
from lead_tui.cli.terminal import out

EXAMPLES = ("leadtui init", "leadtui init my-project")


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where; it is made if missing.", show_default=False)
    ] = Path(),
) -> None:
    """Lay out a new flow: flow.yaml, .env.example and .gitignore.

    Files that are there stay as they are.
    """
    for each in scaffold.lay_out(folder):
        out(f"{'wrote ' if each.new else 'kept  '} {each.path}")
    out(f"next: leadtui run {folder / scaffold.FLOW}")
