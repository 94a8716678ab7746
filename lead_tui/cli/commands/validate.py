"""`leadtui validate FLOW...`: every problem of every file; starts nothing, opens no connection.

With `--connect` the MCP servers of each flow that is valid so far are started or connected to, asked for
their tools, and closed.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lead_tui.cli import options
from lead_tui.cli.terminal import out, out_json
from lead_tui.errors import InvalidFlow, UsageError
from lead_tui.flow.diagnostics import Diagnostic
from lead_tui.flow.loader import environment_for
from lead_tui.runner.engine import load_file
from lead_tui.runner.result import ExitCode

EXAMPLES = (
    "leadtui validate flow.yaml",
    "leadtui validate workflows/*.yaml --format github",
    "leadtui validate flow.yaml --connect",
)
UNREADABLE = "unreadable"
_IN_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def command(
    flows: Annotated[list[Path], typer.Argument(metavar="FLOW", help="Files to check.", show_default=False)],
    format_: Annotated[Format, typer.Option("--format", help="How to tell.")] = Format.TEXT,
    connect: Annotated[
        bool,
        typer.Option("--connect", help="Ask the MCP servers, too: are the tools there, do literals fit?"),
    ] = False,
    as_json: options.Json = False,
    env_file: options.EnvFile = None,
) -> None:
    """Check flows without starting anything (but MCP servers, with --connect).

    Prints `file:line:col code message (hint)` for each problem. Exits with 3 if one is an error, with 2 if a
    file cannot be read and the others are valid.
    """
    found = [each for path in flows for each in _problems(path, env_file, connect)]
    if as_json or format_ is Format.JSON:
        out_json(found)
    else:
        for each in found:
            out(_annotation(each) if format_ is Format.GITHUB else _line(each))
    errors = [each for each in found if each.severity == "error"]
    if format_ is Format.TEXT and not as_json and not errors:
        out(f"{len(flows)} {'flow is' if len(flows) == 1 else 'flows are'} valid")
    raise typer.Exit(_exit_code(errors))


def _exit_code(errors: list[Diagnostic]) -> ExitCode:
    """A flow that is invalid speaks before a file that is not there."""
    if any(each.code != UNREADABLE for each in errors):
        return ExitCode.INVALID
    return ExitCode.USAGE if errors else ExitCode.COMPLETED


def _problems(path: Path, env_file: Path | None, connect: bool) -> tuple[Diagnostic, ...]:
    environment = environment_for(path.resolve().parent, env_file)
    try:
        document = load_file(path, environment)
    except InvalidFlow as error:
        return tuple(each for each in error.diagnostics if isinstance(each, Diagnostic))
    except UsageError as error:  # it cannot be read; the other files can
        return (Diagnostic(str(path), None, None, UNREADABLE, str(error)),)
    if not connect:
        return document.warnings
    from lead_tui.cli.connecting import connected

    return (*document.warnings, *connected(path, document, environment))


def _line(each: Diagnostic) -> str:
    return f"{each}" if each.severity == "error" else f"{each} [warning]"


def _annotation(each: Diagnostic) -> str:
    """A workflow command of GitHub Actions: `::error file=...,line=...::message`."""
    place = {"file": each.file, "line": each.line, "col": each.col, "title": each.code}
    fields = ",".join(
        f"{key}={str(value).translate(_IN_PROPERTY)}"
        for key, value in place.items()
        if value not in (None, "")
    )
    text = each.message + (f" ({each.hint})" if each.hint else "")
    return f"::{each.severity} {fields}::{text.translate(_IN_TEXT)}"
