"""The decision to try again: rules, delays, deadline, budget."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.errors import Category, Failure, Outcome
from lead_tui.flow.resolve import Retry
from lead_tui.resilience.budget import RetryBudget
from lead_tui.resilience.retry import RetryDecision, decide, retry_after

DOWN = Failure(Category.NETWORK, "down", Outcome.UNKNOWN, "http_502", 502)
LIMITED = Failure(Category.RESOURCE, "slow down", Outcome.SAFE, "http_429", 429, 7.0)
UNSURE = "HTTP 502: may have been executed and the task is not idempotent"
MISSING = Failure(Category.VALIDATION, "none", Outcome.PERMANENT, "http_404", 404)
REFUSED = Failure(Category.NETWORK, "refused", Outcome.SAFE, "refused")
EXPECT = Failure(Category.VALIDATION, "expect")


def ask(
    failure: Failure,
    tries: int = 1,
    idempotent: bool = True,
    deadline=None,
    budget=None,
    seed=1,
    now=0.0,
    **retry,
):
    return decide(
        failure,
        Retry(**{"max_attempts": 3, "jitter": False} | retry),
        tries=tries,
        idempotent=idempotent,
        draw=random.Random(seed),
        started=0.0,
        now=now,
        deadline=deadline,
        budget=budget,
    )


@pytest.mark.parametrize(
    ("failure", "options", "delay", "why"),
    [
        (DOWN, {}, 1.0, "HTTP 502 is retried; try 2 of 3"),
        (DOWN, {"tries": 2}, 2.0, "HTTP 502 is retried; try 3 of 3"),
        (DOWN, {"tries": 3}, None, "no try left (3 of 3)"),
        (DOWN, {"max_attempts": 1}, None, "no try left (1 of 1)"),
        (DOWN, {"idempotent": False}, None, UNSURE),
        (REFUSED, {"idempotent": False}, 1.0, "network_error (refused) is retried; try 2 of 3"),
        (MISSING, {}, None, "HTTP 404 is permanent"),
        (MISSING, {"retry_on": (404,)}, 1.0, "HTTP 404 is in retry_on; try 2 of 3"),
        (EXPECT, {"retry_on": (Category.VALIDATION,)}, 1.0, "validation_error is in retry_on; try 2 of 3"),
        (DOWN, {"retry_on": (502,), "idempotent": False}, None,
         UNSURE),
        (DOWN, {"never_retry_on": (502,), "retry_on": (502,)}, None, "HTTP 502 is in never_retry_on"),
        (DOWN, {"never_retry_on": (Category.NETWORK,)}, None, "HTTP 502 is in never_retry_on"),
        (DOWN, {"never_retry_on": (503,)}, 1.0, "HTTP 502 is retried; try 2 of 3"),
        (LIMITED, {}, 7.0, "HTTP 429 is retried; try 2 of 3"),
        (LIMITED, {"max_delay": 2.0}, 7.0, "HTTP 429 is retried; try 2 of 3"),
        (LIMITED, {"deadline": 7.0}, None, "Retry-After asks for 7 s, which is past the deadline"),
        (LIMITED, {"deadline": 7.5}, 7.0, "HTTP 429 is retried; try 2 of 3"),
        (DOWN, {"deadline": 5.0, "now": 4.5}, None, "the next try in 1 s would be past the deadline"),
        (DOWN, {"tries": 2, "max_delay": 1.5}, 1.5, "HTTP 502 is retried; try 3 of 3"),
        (DOWN, {"initial_delay": 0.0}, 0.0, "HTTP 502 is retried; try 2 of 3"),
    ],
)  # fmt: skip
def test_the_rules(failure, options, delay, why):
    """Each rule decides as the page says, and names itself."""
    assert ask(failure, **options) == RetryDecision(delay, why)


def test_circuit_open_is_never_retried():
    """Whoever waited for a probe in vain does not wait again, whatever the flow lists."""
    failure = Failure(Category.RESOURCE, "open", Outcome.SAFE, "circuit_open")
    decision = ask(failure, retry_on=(Category.RESOURCE,))
    assert decision.delay is None
    assert "circuit_open" in decision.why


def test_a_spent_budget_is_the_last_word():
    """No token, no retry; a try that would not happen anyway takes none."""
    budget = RetryBudget("http://h")
    for _ in range(10):
        assert ask(DOWN, budget=budget).delay == 1.0
    assert ask(DOWN, budget=budget) == RetryDecision(None, "retry budget of http://h is spent")
    full = RetryBudget("x")
    ask(MISSING, budget=full)
    ask(DOWN, tries=3, budget=full)
    assert full.tokens == 10


@given(
    tries=st.integers(1, 999),
    initial=st.floats(0, 100),
    cap=st.floats(0, 1000),
    base=st.floats(1, 10),
    seed=st.integers(),
    asked=st.none() | st.floats(),
)
def test_delays_are_bounded(tries, initial, cap, base, seed, asked):
    """Between what was asked for and the larger of that and the cap; the same seed draws the same delay."""
    failure = Failure(Category.RESOURCE, "x", Outcome.SAFE, "http_429", 429, asked)
    options = {
        "max_attempts": 1000,
        "initial_delay": initial,
        "max_delay": cap,
        "exponential_base": base,
        "jitter": True,
    }
    first = ask(failure, tries, seed=seed, **options)
    assert first == ask(failure, tries, seed=seed, **options)
    ceiling = (
        cap
        if initial and math.log(initial) + (tries - 1) * math.log(base) > 700
        else min(cap, initial and math.exp(math.log(initial) + (tries - 1) * math.log(base)))
    )
    minimum = retry_after(failure)
    assert minimum <= first.delay <= max(ceiling * (1 + 1e-9), minimum)
    assert 0 <= minimum <= 86_400


def test_jitter_spreads_over_the_whole_range():
    """Full jitter: draws lie all over 0 to the cap."""
    draws = [ask(DOWN, tries=2, jitter=True, seed=seed).delay for seed in range(200)]
    assert min(draws) < 0.2
    assert max(draws) > 1.8


@given(st.lists(st.sampled_from(["call", "retry"]), max_size=300))
def test_the_budget_holds_at_every_moment(steps):
    """After n first calls at most 0.2 n + 10 retries were granted, whatever the order."""
    budget = RetryBudget("x")
    first = granted = 0
    for step in steps:
        if step == "call":
            budget.call_ended()
            first += 1
        elif budget.take():
            granted += 1
            budget.call_ended()
        assert granted <= 0.2 * first + 10 + 1e-6


def test_an_outage_earns_a_fifth():
    """100 calls that all fail: about 10 + 100 / 5 retries, and not fewer than 25."""
    budget = RetryBudget("x")
    granted = 0
    for _ in range(100):
        budget.call_ended()
        while budget.take():
            granted += 1
            budget.call_ended()
    assert 25 <= granted <= 30
