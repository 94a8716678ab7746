"""The wall clock of a loop with virtual time."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2030, 1, 1, tzinfo=UTC)


class VirtualClock:
    """`lead_tui.clock.Clock` over a loop's time: it is `start` when the loop's time is 0.

    Without a `loop` it follows whichever loop is running.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None, start: datetime = START) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (self._loop or asyncio.get_running_loop()).time()
