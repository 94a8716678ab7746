"""What the runs of each flow came to. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from lead_tui.journal.base import RunRow

KEPT = 8


@dataclass(frozen=True, slots=True)
class PastRuns:
    """The newest run of a flow, and how long its last ones took, in seconds, oldest first."""

    last: RunRow
    durations: tuple[float, ...] = ()


def by_source(rows: Iterable[RunRow]) -> Mapping[str, PastRuns]:
    """`rows` newest first, as the journal lists them; runs without a file are left out."""
    last: dict[str, RunRow] = {}
    durations: dict[str, list[float]] = {}
    for row in rows:
        if not row.source:
            continue
        last.setdefault(row.source, row)
        taken = durations.setdefault(row.source, [])
        if row.ended_at is not None and len(taken) < KEPT:
            taken.append(seconds_of(row, row.ended_at))
    return {source: PastRuns(row, tuple(reversed(durations[source]))) for source, row in last.items()}


def is_living(row: RunRow) -> bool:
    """Does it go on at this moment?"""
    return row.ended_at is None and row.owner_alive


def seconds_of(row: RunRow, now: datetime) -> float:
    """How long it took, or has taken so far."""
    return max(((row.ended_at or now) - row.created_at).total_seconds(), 0.0)
