"""How quickly a run spends its money: what its last minutes cost, by the hour. Pure."""

from collections import deque
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=10)
LEAST = timedelta(seconds=5)
"""Less says nothing."""
KEPT = 1_000


class Burn:
    """Between two sums that were seen the money is taken as spent evenly."""

    def __init__(self) -> None:
        self._sums: deque[tuple[datetime, float]] = deque(maxlen=KEPT)

    def see(self, at: datetime, usd: float) -> None:
        """All that was spent up to now."""
        sums = self._sums
        if not sums or (usd > sums[-1][1] and at > sums[-1][0]):
            sums.append((at, usd))
            while len(sums) > 2 and sums[1][0] <= at - WINDOW:
                sums.popleft()

    def per_hour(self, now: datetime, usd: float) -> float | None:
        """Dollars; None as long as there is nothing to tell. `usd` is spent now."""
        if not self._sums or usd <= 0:
            return None
        start = max(now - WINDOW, self._sums[0][0])
        if now - start < LEAST:
            return None
        return (usd - self._at(start)) / ((now - start) / timedelta(hours=1))

    def _at(self, moment: datetime) -> float:
        before_at, before = self._sums[0]
        for at, usd in self._sums:
            if at > moment:
                return before + (usd - before) * ((moment - before_at) / (at - before_at))
            before_at, before = at, usd
        return before
