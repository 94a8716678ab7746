"""Is there a terminal that a full screen can be opened on, and what can it show? Imports nothing heavy."""

import os
import sys
from contextlib import suppress


def has_screen() -> bool:
    """May a full screen be opened here? Textual draws on stderr."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if not all(stream is not None and not stream.closed and stream.isatty() for stream in streams):
        return False
    return not os.environ.get("CI") and os.environ.get("TERM", "dumb") != "dumb" and _in_front()


def _in_front() -> bool:
    """A job in the background of a shell would be stopped for drawing."""
    if not hasattr(os, "tcgetpgrp"):
        return True
    with suppress(OSError, ValueError):
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    return True


def is_poor() -> bool:
    """Can the terminal not show what lies beyond ASCII?"""
    encoding = (getattr(sys.stderr, "encoding", None) or "ascii").lower()
    return os.environ.get("TERM") == "linux" or "utf" not in encoding


def need_screen(instead: str) -> None:
    """Raises UsageError, which names what to do `instead`."""
    if not has_screen():
        from lead_tui.errors import UsageError

        raise UsageError(f"this needs a terminal; {instead}")
