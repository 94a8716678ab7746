"""The figures of a run, folded from its events: what `result.metrics` and the summary show."""

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
    kept: list[float] = field(default_factory=list)

    def add(self, seconds: float, *, failed: bool) -> None:
        self.count += 1
        self.failed += failed
        self.total += seconds
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
    """Counts since the first event seen; `execution_time` is the result's business."""

    agents: dict[str, ResponseTimes] = field(default_factory=dict)
    retries: int = 0
    breaker_changes: int = 0
    usage: dict[str, float] = field(default_factory=dict)
    _calls: dict[str, str] = field(default_factory=dict)

    def see(self, event: ev.Event) -> None:
        match event:
            case ev.AttemptStarted():
                self._calls[event.task] = event.agent
            case ev.AttemptCompleted() | ev.AttemptFailed():
                agent = self._calls.pop(event.task, "")
                times = self.agents.setdefault(agent, ResponseTimes())
                times.add(event.duration, failed=isinstance(event, ev.AttemptFailed))
                for name, amount in event.usage.items():
                    self.usage[name] = self.usage.get(name, 0) + amount
            case ev.RetryScheduled():
                self.retries += 1
            case ev.BreakerOpened() | ev.BreakerHalfOpened() | ev.BreakerClosed():
                self.breaker_changes += 1

    def summary(self) -> dict[str, Any]:
        attempts = sum(times.count for times in self.agents.values())
        return {
            "attempts": attempts,
            "failed_attempts": sum(times.failed for times in self.agents.values()),
            "retries": self.retries,
            "breaker_changes": self.breaker_changes,
            "response_times": {name: times.summary() for name, times in sorted(self.agents.items())},
            "usage": self.usage,
        }
