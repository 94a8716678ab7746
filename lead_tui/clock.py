"""Time comes in by argument: whoever needs it takes a `Clock`.

Waiting is not the clock's business: every wait goes through the running asyncio loop, so a test that
brings a loop with virtual time (`lead_tui.testing`) moves timers, timeouts and this clock together.
"""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The wall clock, UTC, for what people read and for instants that survive a restart."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for durations."""
        ...


class SystemClock:
    """The wall clock that never goes back: one set back, by hand or by NTP, neither makes an hour of a
    second's delay nor turns durations negative. After a jump ahead (the machine slept) it follows at once.
    """

    def __init__(self) -> None:
        self._ahead = time.time() - time.monotonic()

    def now(self) -> datetime:
        self._ahead = max(self._ahead, time.time() - time.monotonic())
        return datetime.fromtimestamp(self._ahead + time.monotonic(), UTC)

    def monotonic(self) -> float:
        return time.monotonic()
