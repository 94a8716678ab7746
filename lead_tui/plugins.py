"""Loading what an entry point names, which runs foreign code."""

import sys
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint
from typing import Any

from lead_tui.raised import told


class CannotLoad(Exception):
    """The message says what the code raised."""


def load(point: EntryPoint) -> Any:
    """What the entry point names. Whatever its code raises is a CannotLoad, SystemExit and KeyboardInterrupt
    too: a plugin does not end us. What it prints goes to stderr: stdout is for results.
    """
    try:
        with redirect_stdout(sys.stderr):
            return point.load()
    except BaseException as error:  # foreign code
        raise CannotLoad(told(error)) from error


def source(point: EntryPoint) -> str:
    """The distribution that brings it, with its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
