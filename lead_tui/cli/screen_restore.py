"""The terminal as it was before the full screen, whatever became of the app that changed it.

Textual puts it back by itself where it ends in order. This is for all other ends: a crash in the middle, or a
process that a signal ends while an agent blocks its loop. No textual here, and nothing that needs a loop.
"""

import os
import signal
import sys
from contextlib import suppress
from typing import Any

LEAVE_FULL_SCREEN = (
    "\x1b[?2026l"  # what was held back for one frame
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    "\x1b[?2004l\x1b[?1004l\x1b[?2048l"  # pasted text, focus and size as messages
    "\x1b[<u"  # keys of the kitty protocol: before the alternate screen is left
    "\x1b[0m\x1b[?7h\x1b[?1049l\x1b[?25h"
)


class TerminalState:
    """How stdin's terminal is set now. `restore` may be called from any thread, again and again."""

    def __init__(self) -> None:
        self._number, self._settings = _settings()

    def restore(self, *, leave_full_screen: bool) -> None:
        """`leave_full_screen`: also what was asked of the terminal itself."""
        if leave_full_screen:
            _write(LEAVE_FULL_SCREEN)
        if self._settings is not None:
            _set(self._number, self._settings)

    @property
    def gone(self) -> bool:
        """Was it a terminal, and is there none any more?"""
        return self._settings is not None and not os.isatty(self._number)


def _settings() -> tuple[int, list[Any] | None]:
    with suppress(ImportError, OSError, ValueError):
        import termios

        number = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
        with suppress(termios.error):
            return number, termios.tcgetattr(number)
    return 0, None


def _set(number: int, settings: list[Any]) -> None:
    """Also from the background, where the terminal would else stop us for it."""
    import termios

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with suppress(termios.error, OSError):
            termios.tcsetattr(number, termios.TCSANOW, settings)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _write(text: str) -> None:
    """Past all buffers: what still stands in them is a screen that nobody sees any more."""
    with suppress(AttributeError, OSError, ValueError):
        os.write(sys.__stderr__.fileno(), text.encode())  # type: ignore[union-attr]
