"""A program beside this one that gives the terminal back if this one dies under the screen.

It can die at any moment: a fault of an agent in C, the kernel that needs the memory.
"""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from lead_tui.cli import screen_guard_program as program
from lead_tui.cli.screen_restore import TerminalState, settings_of

PATIENCE = 0.5


class ScreenGuard:
    """Nothing to guard is no mistake: where there is no terminal it does nothing."""

    def __init__(self, terminal: TerminalState) -> None:
        self._terminal = terminal
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """About a millisecond. Without a process to spare there is no guard."""
        descriptors = self._terminal.descriptors
        before, under = self._terminal.settings, settings_of(descriptors.keys)
        if before is None or under is None or self._process is not None:
            return
        from lead_tui.tui.screen.plain_stream import unechoed

        numbers = descriptors.keys, descriptors.screen, descriptors.file
        words = [*map(str, numbers), repr((before, under, unechoed(before)))]
        with suppress(OSError):
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-I", "-S", str(Path(program.__file__)), *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=numbers,
                cwd="/",
                start_new_session=True,  # what ends our terminal or job must not end the guard
            )
        descriptors.watcher = self._hear
        self._hear(descriptors.taken)

    def dismiss(self) -> None:
        """The process leaves, and says so itself. A terminal that is held is still given back later."""
        self._terminal.descriptors.watcher = lambda is_open: None
        self._tell(program.ORDERLY)

    def stop(self) -> None:
        """The same, and the process goes on."""
        if self._process is not None and self._process.stdin is not None:
            self.dismiss()
            self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)

    def _hear(self, is_open: bool) -> None:
        self._tell(program.OPEN if is_open else program.CLOSED)

    def _tell(self, word: bytes) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError, ValueError):  # dead, or stopped
                os.write(self._process.stdin.fileno(), word)
