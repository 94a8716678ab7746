"""The response times of agents; their percentiles cost a sort, so they are looked at once a second. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lead_tui.observers.metrics import ResponseTimes

EVERY = 1.0
"""Seconds between two looks at the percentiles of an agent."""


class AgentTimes:
    """The percentiles of each agent, looked at once a second."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, datetime, dict[str, Any]]] = {}

    def of(self, name: str, times: ResponseTimes, now: datetime) -> Mapping[str, Any]:
        known = self._known.get(name)
        if known is not None:
            count, at, summary = known
            if count == times.count or 0 <= (now - at).total_seconds() < EVERY:
                return {**summary, "calls": times.count, "failed": times.failed}
        summary = times.summary()
        self._known[name] = (times.count, now, summary)
        return summary
