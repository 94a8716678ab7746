"""What stands round one call, in this order: Retry-After, breaker, rate limit; and what a call's end teaches.

The breaker comes before the limit, so a call that waits for a probe takes nobody's place in the window. State
is per process, shared by its runs. Waits are timers of the running loop; a cancelled waiter leaves no trace.

A breaker that opens makes callers wait for one probe. If that fails they all get `circuit_open`, and so does
at once who comes before the next probe is due: a dead service costs one recovery time, not one per task.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal

from lead_tui.clock import Clock
from lead_tui.errors import Category, Failure, Outcome
from lead_tui.flow.models import RateLimit
from lead_tui.flow.resolve import AgentSettings
from lead_tui.resilience.breaker import Breaker
from lead_tui.resilience.budget import RetryBudget
from lead_tui.resilience.rate_limit import RateLimiter
from lead_tui.resilience.retry import retry_after

Reason = Literal["rate_limit", "breaker", "retry_after"]


class Endpoint:
    """What all agents of one breaker key share."""

    def __init__(self, settings: AgentSettings, clock: Clock) -> None:
        self.name = settings.breaker_key.partition("|")[2].rpartition("|")[0] or settings.breaker_key
        self.clock = clock
        self.breaker = Breaker(settings.breaker, clock)
        self.budget = RetryBudget(self.name) if settings.retry_budget else None
        self.away_until = 0.0

    def stay_away(self, seconds: float) -> None:
        self.away_until = max(self.away_until, self.clock.monotonic() + seconds)

    def away(self) -> float:
        """Seconds that Retry-After still keeps everyone away."""
        return max(0.0, self.away_until - self.clock.monotonic()) if self.away_until else 0.0


class Hold(ABC):
    """A call may not go yet. `seconds`: the wait as far as it is known, None for as long as a probe takes.

    `failure` is set if there is nothing to wait for: `wait` returns it at once.
    """

    failure: Failure | None = None

    def __init__(self, reason: Reason, seconds: float | None, why: str) -> None:
        self.reason = reason
        self.seconds = seconds
        self.why = why

    @abstractmethod
    async def wait(self) -> Failure | None:
        """None: ask `admit` again. A failure: the call must not be made."""
        ...


class AwayHold(Hold):
    """Retry-After keeps everyone away; another answer may have prolonged it meanwhile."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        super().__init__("retry_after", endpoint.away(), "the service asked to stay away (Retry-After)")

    async def wait(self) -> Failure | None:
        await _until(self._endpoint.away)
        return None


class LimitHold(Hold):
    """A place in the window is reserved; a cancelled wait gives it back."""

    def __init__(self, ticket: str, limiter: RateLimiter) -> None:
        self._ticket = ticket
        self._limiter = limiter
        limit = limiter.limit
        why = f"rate limit of {limit.requests} per {limit.per:g} s"
        super().__init__("rate_limit", limiter.remaining(ticket), why)

    async def wait(self) -> Failure | None:
        try:
            await _until(lambda: self._limiter.remaining(self._ticket))
        except asyncio.CancelledError:
            self._limiter.cancel(self._ticket)
            raise
        return None


class BreakerHold(Hold):
    def __init__(self, ticket: str, endpoint: Endpoint) -> None:
        self._ticket = ticket
        self._breaker = endpoint.breaker
        self._name = endpoint.name
        self._failed_probes = endpoint.breaker.failed_probes
        change = endpoint.breaker.change
        seconds = endpoint.breaker.seconds() if change.state == "open" else None
        super().__init__("breaker", seconds, f"the breaker of {self._name} is {change.state}: {change.why}")
        if change.state == "open" and endpoint.breaker.proven:
            self.seconds, self.failure = 0.0, self._circuit_open()

    async def wait(self) -> Failure | None:
        while self.failure is None:
            if self._breaker.failed_probes != self._failed_probes:
                return self._circuit_open()
            if self._breaker.admit(self._ticket):
                return None
            await _changed(self._breaker)
        return self.failure

    def _circuit_open(self) -> Failure:
        why = self._breaker.change.why
        return Failure(
            Category.RESOURCE, f"the breaker of {self._name} is open: {why}", Outcome.SAFE, "circuit_open"
        )


async def _until(remaining: Callable[[], float]) -> None:
    """Sleep until nothing remains: the instant may have moved meanwhile."""
    seconds = remaining()
    while seconds > 0:
        await asyncio.sleep(seconds)
        seconds = remaining()


async def _changed(breaker: Breaker) -> None:
    """Wait until the breaker may answer otherwise."""
    loop = asyncio.get_running_loop()
    woken = loop.create_future()

    def wake() -> None:
        if not woken.done():
            woken.set_result(None)

    def wake_from_anywhere() -> None:
        loop.call_soon_threadsafe(wake)  # another run's loop may be the one that changes it

    unwatch = breaker.watch(wake_from_anywhere)
    seconds = breaker.seconds()
    timer = None if seconds is None else loop.call_later(seconds, wake)
    try:
        await woken
    finally:
        unwatch()
        if timer is not None:
            timer.cancel()


class Guard:
    """Ask `admit` before a call, tell `settle` after it. A ticket names one call, from its first `admit`."""

    def __init__(self, endpoint: Endpoint, limiter: RateLimiter | None) -> None:
        self.endpoint = endpoint
        self.breaker = endpoint.breaker
        self.budget = endpoint.budget
        self._limiter = limiter

    def admit(self, ticket: str) -> Hold | None:
        """None: go now."""
        if self.endpoint.away_until and self.endpoint.away() > 0:
            return AwayHold(self.endpoint)
        if self.breaker.state != "closed" and not self.breaker.admit(ticket):
            return BreakerHold(ticket, self.endpoint)
        if self._limiter is not None and self._limiter.reserve(ticket) > 0:
            return LimitHold(ticket, self._limiter)
        return None

    async def take_turn(self, ticket: str) -> None:
        """Wait for the rate limit before a further request of a call that was let go."""
        while self._limiter is not None and self._limiter.reserve(ticket) > 0:
            await LimitHold(ticket, self._limiter).wait()

    def settle(self, ticket: str, failure: Failure | None, cancelled: bool = False) -> None:
        """The call ended: well, with this failure, or cancelled, which says nothing about the service."""
        if cancelled:
            self.breaker.release(ticket)
            return
        if self.budget is not None:
            self.budget.call_ended()
        if failure is not None and (seconds := retry_after(failure)):
            self.endpoint.stay_away(seconds)
        self.breaker.settle(ticket, failure)

    def forget(self, ticket: str) -> None:
        """The call will not be made after all."""
        if self._limiter is not None:
            self._limiter.cancel(ticket)
        self.breaker.release(ticket)


class Guards:
    """The guards of this process. Equal settings share one breaker, one limiter, one budget."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._endpoints: dict[str, Endpoint] = {}
        self._guards: dict[tuple[str, RateLimit | None], Guard] = {}

    def of(self, settings: AgentSettings) -> Guard:
        key = (settings.breaker_key, settings.rate_limit)
        guard = self._guards.get(key)
        if guard is None:
            endpoint = self._endpoints.setdefault(settings.breaker_key, Endpoint(settings, self._clock))
            limiter = RateLimiter(settings.rate_limit, self._clock) if settings.rate_limit else None
            guard = self._guards[key] = Guard(endpoint, limiter)
        return guard
