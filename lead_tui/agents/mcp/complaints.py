"""What a server writes to stderr: handed on line by line, its end kept for the message when it dies.

More than `MOST` bytes within `WINDOW` seconds is a flood. How many lines are handed on in a session is
bounded by `agents/output.py`.
"""

import time
from collections.abc import Callable

from lead_tui.agents.output import MAX_OUTPUT, MAX_TAIL, Lines, Mask, excerpt

MOST = MAX_OUTPUT
WINDOW = 10.0
LAST = 3


class Complaints:
    def __init__(
        self, on_line: Callable[[str], None], mask: Mask, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lines = Lines(on_line)
        self._mask = mask
        self._clock = clock
        self._tail = b""
        self._since = clock()
        self._size = 0

    def receive(self, data: bytes) -> bool:
        """False for a flood: nothing more should be read."""
        if (now := self._clock()) - self._since > WINDOW:
            self._since, self._size = now, 0
        self._size += len(data)
        if self._size > MOST:
            return False
        self._tail = (self._tail + data)[-MAX_TAIL:]
        self._lines.feed(data)
        return True

    def close(self) -> None:
        self._lines.close()

    def last(self) -> str:
        """The last lines that say something, masked, in one."""
        whole = self._mask(self._tail.decode("utf-8", "replace"), cut=len(self._tail) >= MAX_TAIL)
        lines = [line.strip() for line in whole.splitlines() if line.strip()]
        return " | ".join(excerpt(line, self._mask) for line in lines[-LAST:])
