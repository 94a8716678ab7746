"""The time of one call: it stands still while the call waits for a person, a budget or a limit."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lead_tui.runner.idle_clock import IdleClock


class CallTime:
    """`seconds` of work so far, those of earlier starts of the same attempt (`before`) included."""

    timeout: asyncio.Timeout | None = None
    """What ends the call, while it is being made."""
    idle: IdleClock | None = None
    """Runs while the call does, if the call may not be silent as long as it likes."""
    stalled = False
    """Does the timeout pass because nothing was heard?"""

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
        if self.idle is not None:
            self.idle.start()

    def end(self) -> None:
        """The call is over: nothing limits it any more."""
        self.timeout = None
        if self.idle is not None:
            self.idle.stop()

    def stall(self, tell: Callable[[], None]) -> None:
        """Nothing was heard for too long: the timeout passes now, and `tell` is called once it has.

        Neither happens if it has passed before, or if the call ends in the same moment.
        """
        timeout = self._movable
        if timeout is not None:
            self.stalled = True
            timeout.reschedule(self._loop.time())
            self._loop.call_soon(lambda: tell() if timeout.expired() else None)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Neither the seconds nor what limits them run; several waits at once are one."""
        self._waits += 1
        if self._waits == 1:
            self._stop()
        try:
            yield
        finally:
            self._waits -= 1
            if not self._waits:
                self._go_on()

    @property
    def _movable(self) -> asyncio.Timeout | None:
        """The timeout, as long as it may still pass at another time."""
        timeout = self.timeout
        return None if timeout is None or self.stalled or timeout.expired() else timeout

    def _stop(self) -> None:
        self._before, self._since = self.seconds, None
        if self.idle is not None:
            self.idle.stop()
        timeout = self._movable
        if timeout is not None and (deadline := timeout.when()) is not None:
            self._left = deadline - self._loop.time()
            timeout.reschedule(None)

    def _go_on(self) -> None:
        self.begin()
        left, self._left = self._left, None
        timeout = self._movable
        if timeout is not None and left is not None:
            timeout.reschedule(self._loop.time() + left)
