"""What an exception means on the command line: a message on stderr and an exit code, never a traceback of a
user's mistake. A bug of ours exits with 70 and leaves its traceback, without any values, in a file.
"""

import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import typer

from lead_tui.cli.leaving import give_up

if TYPE_CHECKING:
    from lead_tui.errors import LeadError

BUG = 70
_PARSERS = ("typer", "click")
_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", 0), errno.EFBIG, errno.EIO, errno.EBADF})
"""What a full disk, a lost terminal or a stream that is not for writing says."""


@contextmanager
def explained() -> Iterator[None]:
    """Within it every exception becomes an exit. Costs no import while nothing goes wrong."""
    try:
        yield
        _flush()
    except BrokenPipeError:
        give_up(sys.stdout)  # nobody reads any more: end quietly
        raise typer.Exit(0) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] in _PARSERS:
            if _flushed() or getattr(error, "exit_code", False):
                raise  # a wrong flag, `--help`, an exit: typer deals with its own
            raise typer.Exit(1) from None
        raise typer.Exit(_explain(error)) from None


def _explain(error: Exception) -> int:
    from lead_tui.errors import IllegalTransition, LeadError

    if isinstance(error, LeadError) and not isinstance(error, IllegalTransition):
        tell(error)
        return error.exit_code
    if isinstance(error, OSError) and error.errno in _FULL:
        return unwritable(error)
    return report_bug(error)


def tell(error: "LeadError") -> None:
    """What is wrong, one line each, then what the error was told to add."""
    from lead_tui.cli.terminal import say
    from lead_tui.errors import InvalidFlow

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
    say(f"leadtui failed by a mistake of its own ({type(error).__name__}). Please report it{_where()}")
    if os.environ.get("LEADTUI_DEBUG"):
        say(text)
    else:
        with suppress(OSError):
            say(f"where it happened is in {_keep(text)}; LEADTUI_DEBUG=1 shows it here")
    for note in getattr(error, "__notes__", ()):
        say(note)
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


def unwritable(error: OSError) -> int:
    """What was asked for cannot be printed: a full disk, a lost terminal."""
    from lead_tui.cli.terminal import say

    give_up(sys.stdout)
    say(f"error: the output cannot be written: {error.strerror or error}")
    return 1


def _flushed() -> bool:
    """Has all that was printed found its place? A reader that left is no reason to say no."""
    try:
        _flush()
    except BrokenPipeError:
        give_up(sys.stdout)
    except OSError as error:
        unwritable(error)
        return False
    return True


def _flush() -> None:
    """Nothing to do for a stdout that an agent took away or closed."""
    with suppress(ValueError):
        if sys.stdout is not None:
            sys.stdout.flush()


def _where() -> str:
    """The address for it, as the package names it."""
    from importlib.metadata import metadata

    urls = (line.partition(", ") for line in metadata("leadtui").get_all("Project-URL") or ())
    return next((f": {url}" for name, _, url in urls if name.lower() == "issues"), "")


def _keep(text: str) -> str:
    number, path = tempfile.mkstemp(prefix="leadtui-bug-", suffix=".txt")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    return path
