"""How many retries an endpoint may see: N first calls earn at most 0.2 N + 10 of them.

A token bucket that starts full and never holds more, so the bound holds for every stretch of time: an outage
after a thousand good calls is met with no more retries than one at the start.
"""

CAPACITY = 10.0
EARNED_PER_CALL = 0.2


class RetryBudget:
    """`name` is the endpoint as people know it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tokens = CAPACITY
        self._retries_out = 0

    def call_ended(self) -> None:
        """Count a call that went out. One that a retry was granted for earns nothing."""
        if self._retries_out:
            self._retries_out -= 1
        elif self.tokens < CAPACITY:
            self.tokens = min(CAPACITY, self.tokens + EARNED_PER_CALL)

    def take(self) -> bool:
        """Take the token of one retry, if there is one."""
        # a fifth added five times is a hair below one
        if self.tokens < 1.0 - 1e-9:
            return False
        self.tokens = max(0.0, self.tokens - 1.0)
        self._retries_out += 1
        return True
