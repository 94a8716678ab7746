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
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
