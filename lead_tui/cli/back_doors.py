"""The ways out of this process that ask nobody: shut for foreign code as long as the program runs.

    os._exit   what the end leaves behind is told, and the exit code is that of a failure, whatever was asked:
               a run that is left in the middle must not look like one that completed, or that waits
    os.exec*   refused: another program in our place would end our runs, and its exit code would be theirs

A fork of this process keeps the real ones (multiprocessing leaves by them); `subprocess` needs none of them.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, ParamSpec

P = ParamSpec("P")
FAILED = 1
NO_EXEC = "an agent may not replace the process that runs it: start the program with subprocess"


class BackDoors:
    """One for the process: `doors`."""

    def __init__(self) -> None:
        self._answer: Callable[[int], object] = _say
        self._exit: Callable[[int], NoReturn] | None = None
        self._pid = 0

    @contextmanager
    def shut(self) -> Iterator[None]:
        before = os._exit, os.execv, os.execve
        self._exit, self._pid = os._exit, os.getpid()
        os._exit = self._knock
        os.execv, os.execve = self._refused(os.execv), self._refused(os.execve)  # all other exec* call these
        try:
            yield
        finally:
            os._exit, os.execv, os.execve = before
            self._exit = None

    @contextmanager
    def answered(self, answer: Callable[[int], object]) -> Iterator[None]:
        """Within it, this hears the status of `os._exit`, tells what is left, and may end the process."""
        before, self._answer = self._answer, answer
        try:
            yield
        finally:
            self._answer = before

    def leave(self, code: int) -> NoReturn:
        """Our own way out, at once."""
        (self._exit or os._exit)(code)

    def _knock(self, status: int) -> NoReturn:
        if os.getpid() != self._pid:
            self.leave(status)
        try:
            self._answer(status)
        finally:
            self.leave(FAILED)

    def _refused(self, execute: Callable[P, NoReturn]) -> Callable[P, NoReturn]:
        def ask(*args: P.args, **named: P.kwargs) -> NoReturn:
            if os.getpid() == self._pid:
                raise RuntimeError(NO_EXEC)
            execute(*args, **named)

        return ask


def ended(status: int) -> str:
    """The line that says who ended the process."""
    return f"error: an agent ended this process (status {status})"


def _say(status: int) -> None:
    """Where no run is driven."""
    from lead_tui.cli.terminal import say_soon

    say_soon(ended(status))


doors = BackDoors()
