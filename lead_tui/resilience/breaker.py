"""A circuit breaker: after `failure_threshold` failures in a row nobody calls until a probe has succeeded.

    closed --failures--> open --recovery_timeout, then the first who asks--> half_open
    half_open --success_threshold successes--> closed      half_open --one failure--> open

Pure state: no wait happens here (`guard.py` waits). A breaker that is not `enabled` counts nothing, but an
operator can trip it all the same.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from lead_tui.clock import Clock
from lead_tui.errors import Category, Failure, Outcome
from lead_tui.flow.models import BreakerConfig

State = Literal["closed", "open", "half_open"]


class BreakerChange(msgspec.Struct, frozen=True):
    """`failures` in a row; `until` is the instant from which a probe may go, while open."""

    state: State
    failures: int = 0
    until: datetime | None = None
    why: str = ""


def in_a_row(failures: int) -> str:
    """As people are told why it opened."""
    return f"{failures} failure{'' if failures == 1 else 's'} in a row"


def counts_as_failure(failure: Failure) -> bool:
    """Does this speak against the service: an unknown outcome, no connection, a timeout, 408 or 5xx?"""
    if failure.code == "circuit_open":
        return False
    if failure.status is not None and failure.status < 500 and failure.status != 408:
        return False
    return (
        failure.outcome is Outcome.UNKNOWN
        or failure.category in (Category.NETWORK, Category.TIMEOUT)
        or failure.status is not None
    )


def answered(failure: Failure | None) -> bool:
    """Did the service answer, be it with a refusal? What failed before anything was sent proves nothing."""
    if failure is None:
        return True
    by_itself = failure.category in (Category.AGENT, Category.TOOL)
    return not counts_as_failure(failure) and (failure.status is not None or by_itself)


class Breaker:
    """`failed_probes` counts how often a probe has failed; `proven` says that one has since it opened."""

    def __init__(self, config: BreakerConfig, clock: Clock) -> None:
        self.config = config
        self.state: State = "closed"
        self.failures = 0
        self.failed_probes = 0
        self.proven = False
        self._clock = clock
        self._until = 0.0
        self._successes = 0
        self._probes: dict[str, float] = {}
        self._why = ""
        self._wall_until: datetime | None = None
        self._listeners: list[Callable[[BreakerChange], None]] = []
        self._watchers: dict[Callable[[], None], None] = {}  # in order: who waits longest is told first

    # --- calls ------------------------------------------------------------------------------------------

    def admit(self, ticket: str) -> bool:
        """May this call go now? A yes while half open takes a probe's place, until `settle` or `release`."""
        if self.state == "closed" or ticket in self._probes:
            return True
        now = self._clock.monotonic()
        if self.state == "open":
            if now < self._until:
                return False
            self._enter("half_open", "recovery_timeout has passed: a probe may go")
        self._drop_stale(now)
        if len(self._probes) >= self.config.half_open_max_calls:
            return False
        self._probes[ticket] = now
        return True

    def settle(self, ticket: str, failure: Failure | None) -> None:
        """The call ended. Only probes have a say while half open, nobody while open."""
        if self.state == "closed":
            self._count(failure)
        elif self._probes.pop(ticket, None) is not None:
            self._judge(failure)

    def release(self, ticket: str) -> None:
        """The call was given up without an answer: a probe's place is free for another."""
        if self._probes.pop(ticket, None) is not None:
            self._notify_watchers()

    def seconds(self) -> float | None:
        """How long until `admit` may answer otherwise if nothing changes before; None if closed."""
        if self.state == "open":
            return max(0.0, self._until - self._clock.monotonic())
        if self.state == "half_open" and self._probes:
            oldest = min(self._probes.values())
            return max(0.0, oldest + self.config.recovery_timeout - self._clock.monotonic())
        return None

    # --- the operator -----------------------------------------------------------------------------------

    def trip(self, why: str = "tripped by an operator") -> None:
        self._open(why, proven=False)

    def reset(self, why: str = "reset by an operator") -> None:
        self.failures = 0
        if self.state != "closed":
            self._enter("closed", why)

    # --- who is told ------------------------------------------------------------------------------------

    @property
    def change(self) -> BreakerChange:
        """The state as the change that led to it."""
        return BreakerChange(self.state, self.failures, self._wall_until, self._why)

    def subscribe(self, callback: Callable[[BreakerChange], None]) -> Callable[[], None]:
        """Call back on every change of state; returns what ends that."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback) if callback in self._listeners else None

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back whenever `admit` may answer otherwise; returns what ends that."""
        self._watchers[callback] = None
        return lambda: self._watchers.pop(callback, None)

    # --- transitions ------------------------------------------------------------------------------------

    def _count(self, failure: Failure | None) -> None:
        if failure is not None and counts_as_failure(failure):
            if self.config.enabled:
                self.failures += 1
                if self.failures >= self.config.failure_threshold:
                    self._open(f"{in_a_row(self.failures)}, the last: {failure.message}", proven=False)
        elif self.failures and answered(failure):
            self.failures = 0

    def _judge(self, failure: Failure | None) -> None:
        if failure is not None and counts_as_failure(failure):
            self.failures += 1
            self.failed_probes += 1
            self._open(f"the probe failed: {failure.message}", proven=True)
            return
        if answered(failure):
            self._successes += 1
            if self._successes >= self.config.success_threshold:
                self.failures = 0
                self._enter("closed", "the probe succeeded")
                return
        self._notify_watchers()

    def _open(self, why: str, *, proven: bool) -> None:
        self.proven = proven
        wait = self.config.recovery_timeout
        self._until = self._clock.monotonic() + wait
        self._enter("open", why, self._clock.now() + timedelta(seconds=wait))

    def _enter(self, state: State, why: str, wall_until: datetime | None = None) -> None:
        self.state, self._why, self._wall_until = state, why, wall_until
        self._successes = 0
        self._probes.clear()
        change = self.change
        for callback in tuple(self._listeners):
            callback(change)
        self._notify_watchers()

    def _drop_stale(self, now: float) -> None:
        """A probe without an answer for a whole `recovery_timeout` (paused, hung) has had its turn."""
        for ticket, since in tuple(self._probes.items()):
            if now - since >= self.config.recovery_timeout:
                del self._probes[ticket]

    def _notify_watchers(self) -> None:
        for callback in tuple(self._watchers):
            callback()
