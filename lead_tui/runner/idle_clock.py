"""How long nothing has been heard of a call.

To hear something costs the store of a time. The timer looks when it is due, and is set again if something
was heard meanwhile.
"""

import asyncio
from collections.abc import Callable


class IdleClock:
    """Calls `stalled` once nothing was heard for `limit` seconds, with how long that really was."""

    def __init__(self, limit: float, stalled: Callable[[float], None]) -> None:
        self.limit = limit
        self._stalled = stalled
        self._loop = asyncio.get_running_loop()
        self._heard = self._seen = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def hear(self) -> None:
        """Something was heard. Any thread may say so."""
        self._heard = self._loop.time()

    def start(self) -> None:
        """Run, with the whole limit ahead."""
        self.stop()
        self.hear()
        self._watch()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self) -> None:
        self._seen = self._heard
        self._timer = self._loop.call_at(self._seen + self.limit, self._look)

    def _look(self) -> None:
        if self._heard != self._seen:
            self._watch()
        else:
            self._timer = None
            self._stalled(self._loop.time() - self._heard)
