"""`leadtui validate FLOW...`: every problem of every file; starts nothing, opens no connection."""

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

EXAMPLES = ("leadtui validate flow.yaml", "leadtui validate workflows/*.yaml --format github")
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
    as_json: options.Json = False,
    env_file: options.EnvFile = None,
) -> None:
    """Check flows without starting anything.

    Prints `file:line:col code message (hint)` for each problem. Exits with 3 if one is an error, with 2 if a
    file cannot be read and the others are valid.
    """
    found = [each for path in flows for each in _problems(path, env_file)]
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


def _problems(path: Path, env_file: Path | None) -> tuple[Diagnostic, ...]:
    environment = environment_for(path.resolve().parent, env_file)
    try:
        return load_file(path, environment).warnings
    except InvalidFlow as error:
        return tuple(each for each in error.diagnostics if isinstance(each, Diagnostic))
    except UsageError as error:  # it cannot be read; the other files can
        return (Diagnostic(str(path), None, None, UNREADABLE, str(error)),)


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
