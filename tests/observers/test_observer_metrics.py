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
        "model_calls": 0, "response_times": {},
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


def test_attempts_and_retries_are_those_that_were_made():
    """One that waited for a limit and starts again is one; a retry that was only scheduled is none."""
    metrics = Metrics()
    metrics.see(
        [
            ev.AttemptStarted(task="a", attempt=1, agent="api"),
            ev.TaskWaiting(task="a", attempt=1, reason="budget"),
            ev.AttemptStarted(task="a", attempt=1, agent="api"),
            ev.AttemptFailed(task="a", attempt=1, failure=DOWN, retry_in=1),
            ev.RetryScheduled(task="a", attempt=2, at=NOON, delay=1),
        ]
    )
    assert (metrics.attempts, metrics.retries) == (1, 0)
    metrics.see([ev.RunReopened(tasks=["a"]), ev.AttemptStarted(task="a", attempt=2, agent="api")])
    assert (metrics.attempts, metrics.retries) == (2, 0), "a person began it anew"


def test_calls_of_models_are_told_apart_from_those_they_make():
    """Of five calls three went to tools of a server; a server that asks a model counts for both."""
    metrics = Metrics()
    metrics.see(
        [
            ev.AttemptStarted(task="a", attempt=1, agent="writer"),
            ev.AttemptSpent(task="a", attempt=1, agent="server", usage={"calls": 3}),
            ev.AttemptSpent(task="a", attempt=1, usage={"calls": 4, "input_tokens": 5}),
        ]
    )
    assert metrics.model_calls == {"": 1, "writer": 1}, "told before it waits"
    metrics.see(
        [
            ev.AttemptCompleted(task="a", attempt=1, usage={"calls": 5, "input_tokens": 9}),
            ev.AttemptStarted(task="b", attempt=1, agent="server"),
            ev.AttemptSpent(task="b", attempt=1, agent="writer", usage={"calls": 1, "unpriced_calls": 1}),
            ev.TaskCancelled(task="b", usage={"calls": 1, "unpriced_calls": 1}),
            ev.AttemptStarted(task="c", attempt=1, agent="shell"),
            ev.AttemptCompleted(task="c", attempt=1),
        ]
    )
    assert metrics.model_calls == {"": 3, "writer": 3, "server": 1}
    assert metrics.summary()["model_calls"] == 3


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
