"""A sliding window: at most `requests` calls within any `per` seconds. Calls wait, they do not fail."""

import heapq
from collections import deque

from lead_tui.clock import Clock
from lead_tui.flow.models import RateLimit


class RateLimiter:
    """Tickets stand in line: each has an instant from which it may go, far enough from those before it.

    The instant is a promise of order; the window is judged by when calls really went, because whoever comes
    late (the run was paused, no slot was free) would otherwise meet those after it in one window.
    """

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self.limit = limit
        self._clock = clock
        self._gone: deque[float] = deque(maxlen=limit.requests)
        self._promised: deque[float] = deque(maxlen=limit.requests)
        self._returned: list[float] = []
        self._waiting: dict[str, float] = {}

    def reserve(self, ticket: str) -> float:
        """Seconds to wait before asking again; 0 means go, and uses the reservation up."""
        now = self._clock.monotonic()
        instant = self._waiting.get(ticket)
        instant = max(self._promise(now) if instant is None else instant, self._opening())
        if instant > now:
            self._waiting[ticket] = instant
            return instant - now
        self._waiting.pop(ticket, None)
        self._gone.append(now)
        return 0.0

    def remaining(self, ticket: str) -> float:
        """Seconds until this reservation may be used; 0 also for a ticket that has none."""
        instant = self._waiting.get(ticket)
        return 0.0 if instant is None else max(0.0, max(instant, self._opening()) - self._clock.monotonic())

    def cancel(self, ticket: str) -> None:
        """Give a reservation back; whoever comes next takes it."""
        instant = self._waiting.pop(ticket, None)
        if instant is not None:
            heapq.heappush(self._returned, instant)

    def _opening(self) -> float:
        """The instant from which the calls that went leave room for one more."""
        return self._gone[0] + self.limit.per if len(self._gone) == self.limit.requests else 0.0

    def _promise(self, now: float) -> float:
        full = len(self._promised) == self.limit.requests
        instant = max(now, self._promised[0] + self.limit.per) if full else now
        if instant == now:
            self._returned.clear()  # nobody is promised a later one any more
        elif self._returned and self._returned[0] < instant:
            return max(now, heapq.heappop(self._returned))
        self._promised.append(instant)
        return instant
