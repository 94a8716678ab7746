"""Instants at which a fact is due. Timers are monotonic, instants are wall-clock: a timer that fires before
its instant (the clock was set back, the machine slept) is set again.
"""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from datetime import datetime

from lead_tui.clock import Clock
from lead_tui.core.events import Event


class Timers:
    """One timer for each key; a new one takes the place of the old."""

    def __init__(self, clock: Clock, post: Callable[[Event], None]) -> None:
        self._clock = clock
        self._post = post
        self._handles: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._context = copy_context()  # one for all: asyncio would copy it for each of 10,000 retries

    def __bool__(self) -> bool:
        return bool(self._handles)

    def set(self, key: tuple[str, str], at: datetime, fact: Event) -> None:
        self.cancel(key)
        seconds = max(0.0, (at - self._clock.now()).total_seconds())
        loop = asyncio.get_running_loop()
        self._handles[key] = loop.call_later(seconds, self._fire, key, at, fact, context=self._context)

    def cancel(self, key: tuple[str, str]) -> None:
        if (handle := self._handles.pop(key, None)) is not None:
            handle.cancel()

    def close(self) -> None:
        for key in list(self._handles):
            self.cancel(key)

    def _fire(self, key: tuple[str, str], at: datetime, fact: Event) -> None:
        del self._handles[key]
        if self._clock.now() < at:
            self.set(key, at, fact)
        else:
            self._post(fact)
