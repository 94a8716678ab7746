"""Writing to the terminal in a thread: one that is held, slow or gone never holds app and engine. Pure.

A terminal that does not read (a stalled SSH, a stopped multiplexer) costs frames: what is too much is dropped
whole, and once the rest is through, everything is drawn again. One that is gone takes nothing, quietly.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

MOST = 1_000_000
"""Characters that wait for a terminal that does not read."""


class Outlet:
    """`caught_up` is called in the thread when something was dropped and the terminal reads again."""

    def __init__(self, file: TextIO, caught_up: Callable[[], object]) -> None:
        self.gone = False
        """The terminal takes nothing more."""
        self._file = file
        self._caught_up = caught_up
        self._waiting: deque[str] = deque()
        self._size = 0
        self._dropped = False
        self._closed = False
        self._turn = threading.Condition()
        self._thread = threading.Thread(target=self._write, name="terminal", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        with self._turn:
            if self._size > MOST:
                self._dropped = True
                return
            self._waiting.append(text)
            self._size += len(text)
            self._turn.notify()

    def hurry(self) -> None:
        """What waits is not needed any more: the screen is about to be left."""
        with self._turn:
            if self._size > MOST // 10:
                self._waiting.clear()
                self._size = 0

    def close(self, patience: float) -> bool:
        """Write the rest, if that takes no longer than so many seconds. Is all written?"""
        with self._turn:
            self._closed = True
            self._turn.notify()
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _write(self) -> None:
        while True:
            with self._turn:
                while not self._waiting and not self._closed:
                    self._turn.wait()
                if not self._waiting:
                    return
                text = "".join(self._waiting)
                self._waiting.clear()
            self._put(text)
            with self._turn:
                self._size = sum(map(len, self._waiting))
                through = self._dropped and not self._waiting
                self._dropped = self._dropped and not through
            if through:
                self._caught_up()

    def _put(self, text: str) -> None:
        if self.gone:
            return
        try:
            self._file.write(text)
            self._file.flush()
        except (OSError, ValueError):
            self.gone = True
