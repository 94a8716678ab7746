"""What a task went through, try by try, as its events tell it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from lead_tui.core import events as ev
from lead_tui.errors import Failure
from lead_tui.tui.tool_calls import OpenCalls, ToolCall

Outcome = Literal["waiting", "running", "completed", "failed", "cancelled", "interrupted", "skipped"]


@dataclass(slots=True)
class Wait:
    """Time in which an attempt could not go on. `until` is what was planned, `ended` what happened."""

    reason: str
    since: datetime
    until: datetime | None = None
    why: str = ""
    ended: datetime | None = None


@dataclass(slots=True)
class Attempt:
    """One try. `duration` in seconds is that of the call, without its waits; None while it is not over.

    `retry_in` and `why` are what was decided after a failure; `anew` marks the first try of a reopened run.
    """

    number: int
    agent: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    duration: float | None = None
    outcome: Outcome = "running"
    failure: Failure | None = None
    retry_in: float | None = None
    why: str = ""
    anew: bool = False
    waits: list[Wait] = field(default_factory=list)
    result: Any = None
    meta: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, float] = field(default_factory=dict)
    """What it used in all, as far as it told."""
    calls: list[ToolCall] = field(default_factory=list)
    """Of tools, in the order in which they were made."""

    @property
    def is_open(self) -> bool:
        return self.outcome in ("waiting", "running")

    def seconds(self, now: datetime) -> float:
        """Of the call: so far, if it is in flight."""
        if self.duration is not None:
            return self.duration
        if self.outcome != "running" or self.started is None:
            return 0.0
        return max((now - self.started).total_seconds(), 0.0)


_ENDS: dict[type[ev.Event], Outcome] = {
    ev.TaskFailed: "failed",
    ev.TaskSkipped: "skipped",
    ev.TaskCancelled: "cancelled",
    ev.TaskInterrupted: "interrupted",
}


def attempts(history: Iterable[ev.Event]) -> list[Attempt]:
    """The tries of one task, oldest first; `history` holds its events in order."""
    tries: list[Attempt] = []
    over = False
    """The task has ended: another try means that somebody reopened the run."""
    events = list(history)
    open_calls = OpenCalls()
    for event in events:
        match event:
            case ev.AttemptStarted():
                _start(_numbered(tries, event.attempt, anew=over), event)
                over = False
            case ev.TaskWaiting():
                _wait(_numbered(tries, event.attempt), event)
            case ev.AttemptCompleted() | ev.AttemptFailed():
                _end(_numbered(tries, event.attempt), event)
            case ev.AttemptSpent(agent=""):
                _numbered(tries, event.attempt).usage = event.usage
            case ev.ToolCalled():
                _numbered(tries, event.attempt).calls.append(open_calls.begin(event))
            case ev.ToolReturned():
                open_calls.end(event)
            case ev.RetryScheduled():
                wait = Wait("retry", event.ts, event.at, event.why)
                tries.append(Attempt(event.attempt, outcome="waiting", waits=[wait]))
            case ev.TaskFailed() | ev.TaskSkipped() | ev.TaskCancelled() | ev.TaskInterrupted():
                _cut_off(tries, event)
                over = True
            case ev.TaskCompleted():
                over = True
    for task in list(open_calls.open):
        open_calls.see(task, events)
    return tries


def _numbered(tries: list[Attempt], number: int, *, anew: bool = False) -> Attempt:
    if anew or not tries or tries[-1].number != number:
        tries.append(Attempt(number, anew=anew and bool(tries)))
    return tries[-1]


def _start(attempt: Attempt, event: ev.AttemptStarted) -> None:
    _end_wait(attempt, event)
    attempt.agent, attempt.started, attempt.outcome = event.agent, event.ts, "running"


def _wait(attempt: Attempt, event: ev.TaskWaiting) -> None:
    attempt.outcome = "waiting"
    attempt.waits.append(Wait(event.reason, event.ts, event.until, event.why))


def _end_wait(attempt: Attempt, event: ev.Event) -> None:
    if attempt.waits and attempt.waits[-1].ended is None:
        attempt.waits[-1].ended = event.ts


def _end(attempt: Attempt, event: ev.AttemptCompleted | ev.AttemptFailed) -> None:
    _end_wait(attempt, event)
    attempt.ended, attempt.duration = event.ts, event.duration
    attempt.result, attempt.meta = event.result, event.meta
    attempt.outcome, attempt.usage = "completed", event.usage or attempt.usage
    if isinstance(event, ev.AttemptFailed):
        attempt.outcome, attempt.failure = "failed", event.failure
        attempt.retry_in, attempt.why = event.retry_in, event.why


def _cut_off(
    tries: list[Attempt], event: ev.TaskFailed | ev.TaskSkipped | ev.TaskCancelled | ev.TaskInterrupted
) -> None:
    """A task that ends takes its open try with it."""
    if not tries or not tries[-1].is_open:
        return
    last = tries[-1]
    _end_wait(last, event)
    if last.outcome == "running" and last.started is not None:
        last.duration = max((event.ts - last.started).total_seconds(), 0.0)
    last.outcome, last.ended, last.why = _ENDS[type(event)], event.ts, event.why
    if isinstance(event, ev.TaskFailed):
        last.failure = event.failure
    elif isinstance(event, ev.TaskCancelled) and event.usage:
        last.usage = event.usage
