"""What an exception means on the command line: a message on stderr and an exit code, never a traceback of a
user's mistake. A bug of ours exits with 70 and leaves its traceback, without any values, in a file.
"""

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import typer

from lead_tui.errors import IllegalTransition, InvalidFlow, LeadError

ISSUES = "https://github.com/leadtui/leadtui/issues"
BUG = 70


@contextmanager
def explained() -> Iterator[None]:
    """Within it every exception becomes an exit."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        leave_pipe()
    except IllegalTransition as error:
        raise typer.Exit(report_bug(error)) from None
    except LeadError as error:
        tell(error)
        raise typer.Exit(error.exit_code) from None
    except Exception as error:
        if _is_of_typer(error):
            raise
        raise typer.Exit(report_bug(error)) from None


def tell(error: LeadError) -> None:
    """What is wrong, one line each, then what the error was told to add."""
    from lead_tui.cli.terminal import say

    if isinstance(error, InvalidFlow):
        for each in error.diagnostics:
            say(str(each))
    else:
        say(f"error: {error}")
    for note in getattr(error, "__notes__", ()):
        say(note)


def report_bug(error: BaseException) -> int:
    from lead_tui.cli.terminal import say

    text = without_values(error)
    say(f"leadtui failed by a mistake of its own ({type(error).__name__}). Please report it: {ISSUES}")
    if os.environ.get("LEADTUI_DEBUG"):
        say(text)
    else:
        with suppress(OSError):
            say(f"where it happened is in {_keep(text)}; LEADTUI_DEBUG=1 shows it here")
    return BUG


def without_values(error: BaseException) -> str:
    """The traceback, places and types only: a message may hold what an agent answered, or a secret."""
    lines = ["leadtui: a bug\n"]
    chain: BaseException | None = error
    while chain is not None:
        lines += traceback.format_tb(chain.__traceback__)
        lines.append(f"{type(chain).__module__}.{type(chain).__qualname__}\n")
        chain = chain.__cause__ or chain.__context__
    return "".join(lines)


def leave_pipe() -> None:
    """Nobody reads any more: end quietly, also when the interpreter flushes at its exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(0)


def _keep(text: str) -> str:
    number, path = tempfile.mkstemp(prefix="leadtui-bug-", suffix=".txt")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _is_of_typer(error: Exception) -> bool:
    """A wrong flag, `--help`, an exit: typer deals with its own."""
    return isinstance(error, typer.Exit | typer.Abort) or hasattr(error, "exit_code")
