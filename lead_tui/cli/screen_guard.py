"""A program beside this one that gives the terminal back if this one dies under the screen.

An agent in this process can end it at any moment: `os._exit`, a fault in C, the kernel that needs the memory.
"""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from lead_tui.cli import screen_guard_program as program
from lead_tui.cli.leaving import in_time
from lead_tui.cli.screen_restore import RESTORING_SECONDS, TerminalState, settings_of

PATIENCE = 0.5


class ScreenGuard:
    """Nothing to guard is no mistake: where there is no terminal it does nothing."""

    def __init__(self, terminal: TerminalState) -> None:
        self._terminal = terminal
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = os.getpid()
        self._exit = os._exit

    def start(self) -> None:
        """About a millisecond. Without a process to spare there is no guard."""
        descriptors = self._terminal.descriptors
        settings = self._terminal.settings, settings_of(descriptors.keys)
        if None in settings or self._process is not None:
            return
        numbers = descriptors.keys, descriptors.screen, descriptors.file
        words = [*map(str, numbers), repr(settings)]
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
        descriptors.watcher = self.tell
        self.tell(descriptors.taken)
        os._exit = self._end

    def tell(self, is_open: bool) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                os.write(self._process.stdin.fileno(), program.OPEN if is_open else program.CLOSED)

    def _end(self, status: int) -> NoReturn:
        """An agent leaves. The shell that waits for us looks at the terminal at once, and a guard would often
        come too late.
        """
        if os.getpid() == self._pid and self._terminal.descriptors.taken:
            in_time(self._give_back, RESTORING_SECONDS)
        self._exit(status)

    def _give_back(self) -> None:
        self._terminal.restore(leave_full_screen=True)
        descriptors = self._terminal.descriptors
        descriptors.end_with(program.last_words(descriptors.file))

    def stop(self) -> None:
        """All is in order. A guard that waits for a terminal that is held gives it back later."""
        if self._process is not None and self._process.stdin is not None:
            self._terminal.descriptors.watcher = lambda is_open: None
            os._exit = self._exit
            self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)
