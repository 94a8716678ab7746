"""`leadtui init [DIR]`: a flow that runs, with what belongs beside it. Never overwrites."""

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from lead_tui.cli.terminal import out
from lead_tui.errors import UsageError

EXAMPLES = ("leadtui init", "leadtui init my-project")
FILES = {"flow.yaml": "flow.yaml", "env.example": ".env.example", "gitignore": ".gitignore"}


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where; it is made if missing.", show_default=False)
    ] = Path(),
) -> None:
    """Lay out a new flow: flow.yaml, .env.example and .gitignore.

    Files that are there stay as they are.
    """
    scaffold = resources.files("lead_tui.cli") / "scaffold" / "project"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, target in FILES.items():
            _write(folder / target, (scaffold / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    out(f"next: leadtui run {folder / 'flow.yaml'}")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        out(f"kept   {path}")
    else:
        out(f"wrote  {path}")
