"""The terminal as it was before the full screen, whatever became of the app that changed it.

Textual puts it back by itself where it ends in order. This is for all other ends: a crash in the middle, or a
process that a signal ends while an agent blocks its loop. No textual here, and nothing that needs a loop.
"""

import os
import signal
from contextlib import suppress
from typing import Any

from lead_tui.cli.screen_guard_program import LEAVE_FULL_SCREEN
from lead_tui.tui.screen.descriptors import Descriptors

RESTORING_SECONDS = 0.25
"""For a terminal that may be held."""


class TerminalState:
    """How the terminal is set now. `restore` may be called from any thread, again and again."""

    def __init__(self, descriptors: Descriptors) -> None:
        self.descriptors = descriptors
        self.settings = settings_of(descriptors.keys)
        """What termios says; None where there is no terminal."""

    def restore(self, *, leave_full_screen: bool) -> None:
        """`leave_full_screen`: also what was asked of the terminal itself; one that is held is waited for."""
        self.descriptors.give_back(restored=False)
        if self.settings is not None:
            _set(self.descriptors.keys, self.settings)
        if leave_full_screen:
            self.descriptors.end_with(LEAVE_FULL_SCREEN)
            self.descriptors.watcher(False)

    @property
    def gone(self) -> bool:
        """Was it a terminal, and is there none any more?"""
        return self.settings is not None and not os.isatty(self.descriptors.keys)


def settings_of(number: int) -> list[Any] | None:
    with suppress(ImportError):
        import termios

        with suppress(termios.error):
            return termios.tcgetattr(number)
    return None


def _set(number: int, settings: list[Any]) -> None:
    """Also from the background, where the terminal would else stop us for it."""
    import termios

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with suppress(termios.error, OSError):
            termios.tcsetattr(number, termios.TCSANOW, settings)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
