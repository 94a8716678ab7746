"""The figures of a run, folded from its events."""

from datetime import UTC, datetime

import pytest

from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure
from lead_tui.observers.metrics import Metrics, ResponseTimes

DOWN = Failure(Category.NETWORK, "down")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_run_without_calls_has_figures_of_zero():
    """Nothing is divided by nothing."""
    assert Metrics().summary() == {
        "attempts": 0, "failed_attempts": 0, "retries": 0, "breaker_changes": 0,
        "response_times": {},
    }  # fmt: skip
    assert ResponseTimes().summary()["mean"] == 0.0


def test_attempts_count_for_the_agent_that_made_them():
    """Success and failure, retries, breaker changes."""
    metrics = Metrics()
    for event in (
        ev.AttemptStarted(task="a", attempt=1, agent="api"),
        ev.AttemptFailed(task="a", attempt=1, failure=DOWN, duration=3.0),
        ev.RetryScheduled(task="a", attempt=2, at=NOON, delay=1),
        ev.AttemptStarted(task="a", attempt=2, agent="api"),
        ev.AttemptCompleted(task="a", attempt=2, duration=1.0),
        ev.BreakerOpened(agent="api"),
        ev.BreakerHalfOpened(agent="api"),
        ev.BreakerClosed(agent="api"),
        ev.TaskCompleted(task="a"),
    ):
        metrics.see([event])
    told = metrics.summary()
    assert (told["attempts"], told["failed_attempts"], told["retries"], told["breaker_changes"]) == (
        2,
        1,
        1,
        3,
    )
    assert told["response_times"] == {
        "api": {"calls": 2, "failed": 1, "mean": 2.0, "p50": 3.0, "p95": 3.0, "max": 3.0}
    }


def test_percentiles_come_from_the_first_calls_and_the_rest_is_exact(monkeypatch: pytest.MonkeyPatch):
    """Memory is bounded: count, mean and maximum are of all calls, percentiles of those that are kept."""
    monkeypatch.setattr(ResponseTimes, "KEPT", 100)
    times = ResponseTimes()
    for second in range(1, 201):
        times.add(float(second), failed=False)
    assert times.summary() == {
        "calls": 200,
        "failed": 0,
        "mean": 100.5,
        "p50": 51.0,
        "p95": 96.0,
        "max": 200.0,
    }
