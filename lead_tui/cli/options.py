"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from lead_tui.cli import completion

Flow = Annotated[
    Path, typer.Argument(metavar="FLOW", help="The flow's YAML or JSON file.", show_default=False)
]
Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        autocompletion=completion.runs,
        help="Id, unique beginning, or `last`.",
        show_default=False,
    ),
]
Task = Annotated[
    str,
    typer.Argument(
        metavar="TASK", autocompletion=completion.tasks, help="The task's name.", show_default=False
    ),
]
AnyTask = Annotated[
    str | None,
    typer.Argument(
        metavar="TASK", autocompletion=completion.tasks, help="Only this task.", show_default=False
    ),
]
Gate = Annotated[
    str | None,
    typer.Argument(
        metavar="GATE",
        autocompletion=completion.gates,
        help="The gate; not needed if one is open.",
        show_default=False,
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("-i", "--input", metavar="NAME=VALUE", help="An input (repeatable).", show_default=False),
]
Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "-i", "--input", metavar="NAME=VALUE", help="A secret input again (repeatable).", show_default=False
    ),
]
InputsFile = Annotated[
    Path | None,
    typer.Option("--inputs", metavar="FILE", help="Inputs from a YAML or JSON file.", show_default=False),
]
EnvFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file", metavar="FILE", help="Variables from this file instead of .env.", show_default=False
    ),
]
Db = Annotated[
    str | None,
    typer.Option(
        "--db", metavar="URL", help="The journal: a path, or sqlite:////absolute/path.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who asks; you by default.", show_default=False)
]
Again = Annotated[bool, typer.Option("--again", help="Have the call that asks made again: it is gone.")]
Follow = Annotated[bool, typer.Option("-f", "--follow", help="Go on while the run does.")]

Output = Annotated[
    str,
    typer.Option("--output", "-o", metavar="text|json|jsonl|github", help="What to write while it runs."),
]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report", metavar="KIND=FILE", help="junit=FILE or html=FILE (repeatable).", show_default=False
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Strict = Annotated[bool, typer.Option("--strict", help="A partial completion exits with 4.")]
NoUi = Annotated[bool, typer.Option("--no-ui", help="Headless, also on a terminal.")]
