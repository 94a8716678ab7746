"""Whether a failed attempt is made again, after how long, and why.

What surely was not executed is tried again, what may have been executed only if the task is idempotent, what
would fail the same way not at all; `never_retry_on`, then `retry_on`, say otherwise. tenacity's `retry`,
`stop` and `wait` callables decide over one call's state; the loop is the core's.
"""

import math
import random
from typing import TYPE_CHECKING

import msgspec

from lead_tui.errors import AgentError, Category, Failure, Outcome
from lead_tui.flow.resolve import Retry
from lead_tui.resilience.budget import RetryBudget

if TYPE_CHECKING:
    from tenacity import RetryCallState

LONGEST_RETRY_AFTER = 86_400.0


class RetryDecision(msgspec.Struct, frozen=True):
    """`delay` in seconds until the next try, None for no more; `why` is a sentence for people."""

    delay: float | None
    why: str


def decide(
    failure: Failure,
    retry: Retry,
    *,
    tries: int,
    idempotent: bool,
    draw: random.Random,
    started: float,
    now: float,
    deadline: float | None,
    budget: RetryBudget | None = None,
) -> RetryDecision:
    """Judge the failure of try number `tries` (from 1). `started`, `now` and `deadline` are of one clock.

    A yes takes a token of `budget`, so ask once per failure and obey the answer.
    """
    from tenacity import retry_if_exception, stop_after_attempt, stop_before_delay

    allowed, rule = _rule(failure, retry, idempotent)
    state = _call_state(failure, tries, started, now)
    if not retry_if_exception(lambda _error: allowed)(state):
        return RetryDecision(None, rule)
    if stop_after_attempt(retry.max_attempts)(state):
        return RetryDecision(None, f"no try left ({tries} of {retry.max_attempts})")
    state.upcoming_sleep = _delay(failure, retry, state, draw)
    if deadline is not None and stop_before_delay(deadline - started)(state):
        return RetryDecision(None, _too_late(failure, state.upcoming_sleep))
    if budget is not None and not budget.take():
        return RetryDecision(None, f"retry budget of {budget.name} is spent")
    return RetryDecision(state.upcoming_sleep, f"{rule}; try {tries + 1} of {retry.max_attempts}")


def retry_after(failure: Failure) -> float:
    """Seconds that the other side asked to stay away: 0 if it did not, a day at most whatever it sent."""
    asked = failure.retry_after
    if asked is None or math.isnan(asked):
        return 0.0
    return min(max(asked, 0.0), LONGEST_RETRY_AFTER)


def _rule(failure: Failure, retry: Retry, idempotent: bool) -> tuple[bool, str]:
    """Would a try left be used, and by which rule?"""
    what = _name(failure)
    if failure.code == "circuit_open":
        return False, "circuit_open is not retried: the call has already waited for a probe"
    if _listed(failure, retry.never_retry_on):
        return False, f"{what} is in never_retry_on"
    listed = _listed(failure, retry.retry_on)
    if failure.outcome is Outcome.PERMANENT and not listed:
        return False, f"{what} is permanent"
    if failure.outcome is Outcome.UNKNOWN and not idempotent:
        return False, f"{what}: may have been executed and the task is not idempotent"
    if failure.outcome is Outcome.UNKNOWN and not (retry.unknown or listed):
        return False, f"{what}: may have been executed; retry_config.max_attempts asks for more tries"
    return True, f"{what} is in retry_on" if listed else f"{what} is retried"


def _name(failure: Failure) -> str:
    if failure.status is not None:
        return f"HTTP {failure.status}"
    return f"{failure.category} ({failure.code})" if failure.code else str(failure.category)


def _listed(failure: Failure, entries: tuple[Category | int, ...]) -> bool:
    return failure.category in entries or (failure.status is not None and failure.status in entries)


def _call_state(failure: Failure, tries: int, started: float, now: float) -> "RetryCallState":
    from tenacity import Future, RetryCallState, Retrying

    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = tries
    state.start_time = started
    state.outcome = Future.construct(tries, AgentError(failure), has_exception=True)
    state.outcome_timestamp = now
    return state


def _delay(failure: Failure, retry: Retry, state: "RetryCallState", draw: random.Random) -> float:
    """Exponential up to the cap, full jitter; Retry-After is a minimum, even above the cap."""
    from tenacity import wait_exponential

    if not retry.initial_delay:  # tenacity's power overflows to the cap, also times 0
        return retry_after(failure)
    # tenacity's own jitter draws from the global generator, which no seed of a run reaches
    ceiling = wait_exponential(retry.initial_delay, retry.max_delay, retry.exponential_base)(state)
    backoff = draw.uniform(0.0, ceiling) if retry.jitter else ceiling
    return max(float(backoff), retry_after(failure))


def _too_late(failure: Failure, delay: float) -> str:
    if retry_after(failure) >= delay > 0:
        return f"Retry-After asks for {delay:g} s, which is past the deadline"
    return f"the next try in {delay:.3g} s would be past the deadline"
