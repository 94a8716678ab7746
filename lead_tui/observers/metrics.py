"""The figures of a run, folded from its events: what `result.metrics` and the summary show."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from lead_tui.core import events as ev


@dataclass(slots=True)
class ResponseTimes:
    """Seconds of the calls to one agent. Percentiles are taken from at most `KEPT` calls, the first ones."""

    KEPT = 10_000

    count: int = 0
    failed: int = 0
    total: float = 0.0
    longest: float = 0.0
    last: float = 0.0
    kept: list[float] = field(default_factory=list)

    def add(self, seconds: float, *, failed: bool) -> None:
        self.count += 1
        self.failed += failed
        self.total += seconds
        self.last = seconds
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


@dataclass(slots=True)
class Metrics:
    """Counts since the first event seen; `execution_time` and what was spent are the result's business."""

    agents: dict[str, ResponseTimes] = field(default_factory=dict)
    retries: int = 0
    breaker_changes: int = 0
    calls: dict[str, str] = field(default_factory=dict)
    """Agents of the attempts in flight, by task."""

    def see(self, events: Iterable[ev.Event]) -> None:
        for event in events:
            if (rule := _RULES.get(type(event))) is not None:
                rule(self, event)

    def summary(self) -> dict[str, Any]:
        attempts = sum(times.count for times in self.agents.values())
        return {
            "attempts": attempts,
            "failed_attempts": sum(times.failed for times in self.agents.values()),
            "retries": self.retries,
            "breaker_changes": self.breaker_changes,
            "response_times": {name: times.summary() for name, times in sorted(self.agents.items())},
        }


def _call_began(metrics: Metrics, event: ev.AttemptStarted) -> None:
    metrics.calls[event.task] = event.agent


def _call_ended(metrics: Metrics, event: ev.AttemptCompleted | ev.AttemptFailed) -> None:
    agent = metrics.calls.pop(event.task, "")
    times = metrics.agents.setdefault(agent, ResponseTimes())
    times.add(event.duration, failed=isinstance(event, ev.AttemptFailed))


def _retry_scheduled(metrics: Metrics, event: ev.RetryScheduled) -> None:
    metrics.retries += 1


def _breaker_changed(metrics: Metrics, event: ev.Event) -> None:
    metrics.breaker_changes += 1


_RULES: dict[type[ev.Event], Callable[[Metrics, Any], None]] = {
    ev.AttemptStarted: _call_began,
    ev.AttemptCompleted: _call_ended,
    ev.AttemptFailed: _call_ended,
    ev.RetryScheduled: _retry_scheduled,
    ev.BreakerOpened: _breaker_changed,
    ev.BreakerHalfOpened: _breaker_changed,
    ev.BreakerClosed: _breaker_changed,
}
