"""The figures of a run, folded from its events: what `result.metrics` and the summary show."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from lead_tui.core import events as ev

MODEL_KEYS = ("input_tokens", "output_tokens", "usd", "unpriced_calls")
"""What only those tell that ask a model."""


class ResponseTimes(msgspec.Struct):
    """Seconds of the calls to one agent. Percentiles are taken from at most `KEPT` calls, the first ones."""

    KEPT = 10_000

    count: int = 0
    failed: int = 0
    total: float = 0.0
    longest: float = 0.0
    last: float = 0.0
    last_at: datetime = ev.UNSTAMPED
    """When the newest one ended, `last` is how long it took."""
    kept: list[float] = msgspec.field(default_factory=list)

    def add(self, seconds: float, *, failed: bool, at: datetime = ev.UNSTAMPED) -> None:
        self.count += 1
        self.failed += failed
        self.total += seconds
        self.last, self.last_at = seconds, at
        self.longest = max(self.longest, seconds)
        if len(self.kept) < self.KEPT:
            self.kept.append(seconds)

    def summary(self) -> dict[str, Any]:
        kept = sorted(self.kept)
        return {
            "calls": self.count,
            "failed": self.failed,
            "mean": self.total / self.count if self.count else 0.0,
            "p50": kept[len(kept) // 2] if kept else 0.0,
            "p95": kept[int(len(kept) * 0.95)] if kept else 0.0,
            "max": self.longest,
        }


class Metrics(msgspec.Struct):
    """Counts of all events seen; `execution_time` and what was spent are the result's business.

    `attempts` have started, whatever became of them; `retries` are those that the run made by itself.
    `model_calls` are the calls of attempts and agents that tell tokens or prices, by agent as in
    `core/spending.py`, "" for all together: calls of tools and of other agents are not among them.
    """

    agents: dict[str, ResponseTimes] = msgspec.field(default_factory=dict)
    attempts: int = 0
    retries: int = 0
    breaker_changes: int = 0
    model_calls: dict[str, float] = msgspec.field(default_factory=dict)
    calls: dict[str, str] = msgspec.field(default_factory=dict)
    """Agents of the attempts in flight, by task."""
    numbers: dict[str, int] = msgspec.field(default_factory=dict)
    """The last attempt of each task."""
    due: set[str] = msgspec.field(default_factory=set)
    """Tasks that wait for their next try."""
    told: dict[str, dict[str, tuple[float, float]]] = msgspec.field(default_factory=dict)
    """What the current attempt of a task told: its calls and how many of them go to a model, by agent."""

    def see(self, events: Iterable[ev.Event]) -> None:
        for event in events:
            if (rule := _RULES.get(type(event))) is not None:
                rule(self, event)

    def summary(self) -> dict[str, Any]:
        return {
            "attempts": self.attempts,
            "failed_attempts": sum(times.failed for times in self.agents.values()),
            "retries": self.retries,
            "breaker_changes": self.breaker_changes,
            "model_calls": self.model_calls.get("", 0),
            "response_times": {name: times.summary() for name, times in sorted(self.agents.items())},
        }

    def count_models(self, task: str, usage: Mapping[str, float], agent: str = "") -> None:
        """Count what an attempt told of itself, others included, or of an `agent` that it called."""
        told = self.told.setdefault(task, {})
        calls = usage.get("calls", 0)
        models = calls if any(name in usage for name in MODEL_KEYS) else 0
        if not agent:
            others = [each for name, each in told.items() if name]
            own = max(calls - sum(each[0] for each in others), 0)
            models = (own if models else 0) + sum(each[1] for each in others)
        before = told.get(agent, (0, 0))
        told[agent] = max(calls, before[0]), max(models, before[1])
        for scope in {agent} if agent else {"", self.calls.get(task, "")}:
            if growth := told[agent][1] - before[1]:
                self.model_calls[scope] = self.model_calls.get(scope, 0) + growth


def _call_began(metrics: Metrics, event: ev.AttemptStarted) -> None:
    metrics.calls[event.task] = event.agent
    if metrics.numbers.get(event.task) != event.attempt:
        metrics.numbers[event.task] = event.attempt
        metrics.told.pop(event.task, None)
        metrics.attempts += 1
    if event.task in metrics.due:
        metrics.due.remove(event.task)
        metrics.retries += 1


def _call_spent(metrics: Metrics, event: ev.AttemptSpent) -> None:
    metrics.count_models(event.task, event.usage, event.agent)


def _call_ended(metrics: Metrics, event: ev.AttemptCompleted | ev.AttemptFailed) -> None:
    if event.usage:
        metrics.count_models(event.task, event.usage)
    agent = metrics.calls.pop(event.task, "")
    times = metrics.agents.setdefault(agent, ResponseTimes())
    times.add(event.duration, failed=isinstance(event, ev.AttemptFailed), at=event.ts)


def _call_cancelled(metrics: Metrics, event: ev.TaskCancelled) -> None:
    if event.usage:
        metrics.count_models(event.task, event.usage)


def _retry_scheduled(metrics: Metrics, event: ev.RetryScheduled) -> None:
    metrics.due.add(event.task)


def _begun_anew(metrics: Metrics, event: ev.RunReopened) -> None:
    """By a person: what waited for its next try does not any more."""
    metrics.due.difference_update(event.tasks)


def _breaker_changed(metrics: Metrics, event: ev.Event) -> None:
    metrics.breaker_changes += 1


_RULES: dict[type[ev.Event], Callable[[Metrics, Any], None]] = {
    ev.AttemptStarted: _call_began,
    ev.AttemptSpent: _call_spent,
    ev.AttemptCompleted: _call_ended,
    ev.AttemptFailed: _call_ended,
    ev.TaskCancelled: _call_cancelled,
    ev.RetryScheduled: _retry_scheduled,
    ev.RunReopened: _begun_anew,
    ev.BreakerOpened: _breaker_changed,
    ev.BreakerHalfOpened: _breaker_changed,
    ev.BreakerClosed: _breaker_changed,
}
