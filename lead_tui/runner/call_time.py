"""The time of one call: it stands still while the call waits for a person, a budget or a limit."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class CallTime:
    """`seconds` of work so far, those of earlier starts of the same attempt (`before`) included."""

    timeout: asyncio.Timeout | None = None
    """What ends the call, while it is being made."""

    def __init__(self, before: float = 0.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._before = before
        self._since: float | None = None
        self._waits = 0
        self._left: float | None = None

    @property
    def seconds(self) -> float:
        return self._before + (self._loop.time() - self._since if self._since is not None else 0.0)

    def begin(self) -> None:
        self._since = self._loop.time()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Neither the seconds nor the timeout run; several waits at once are one."""
        self._waits += 1
        if self._waits == 1:
            self._stop()
        try:
            yield
        finally:
            self._waits -= 1
            if not self._waits:
                self._go_on()

    def _stop(self) -> None:
        self._before, self._since = self.seconds, None
        deadline = self.timeout.when() if self.timeout is not None else None
        if self.timeout is not None and deadline is not None:
            self._left = deadline - self._loop.time()
            self.timeout.reschedule(None)

    def _go_on(self) -> None:
        self.begin()
        left, self._left = self._left, None
        if self.timeout is not None and left is not None:
            self.timeout.reschedule(self._loop.time() + left)
