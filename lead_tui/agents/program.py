"""A program as a flow names it: its variables, and why it cannot be started."""

import errno
from collections.abc import Mapping

from lead_tui.errors import AgentError, Category, Outcome, failed

Scalar = str | int | float | bool

_SHORT_OF = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})


def as_text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def variables(*maps: Mapping[str, Scalar | None]) -> dict[str, str]:
    """The environment of a child: later maps win, null removes a name."""
    merged = {name: value for each in maps for name, value in each.items()}
    return {name: as_text(value) for name, value in merged.items() if value is not None}


def cannot_start(program: str, error: OSError | ValueError) -> AgentError:
    if isinstance(error, OSError) and error.errno in _SHORT_OF:
        message = f"cannot start {program!r} now: {error.strerror}"
        return failed(Category.RESOURCE, message, Outcome.SAFE, code="cannot_start")
    match error:
        case FileNotFoundError():
            why = "no such program (or the interpreter that its first line names is missing)"
        case PermissionError():
            why = "it is not executable, or not by this user"
        case _:
            why = getattr(error, "strerror", None) or str(error)
    return failed(Category.SYSTEM, f"cannot start {program!r}: {why}", code="cannot_start")
