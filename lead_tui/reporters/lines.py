"""A run as lines: what matters of each event, in a time, a glyph, a word, a task and a detail.

Everything that comes from outside is safe in a `Line`; a detail is one line of bounded length.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import singledispatchmethod
from typing import Any

from lead_tui.core import events as ev
from lead_tui.errors import Outcome
from lead_tui.observers.hub import Item
from lead_tui.resilience.breaker import in_a_row
from lead_tui.text.safe import safe_line
from lead_tui.text.wire import json_text
from lead_tui.text.words import (
    command_line,
    duration,
    failure_text,
    gate_commands,
    go_on,
    limit_text,
    preview,
    raise_budget,
    short_name,
    spent_text,
)

GLYPHS = {
    "run": ("▶", ">"), "done": ("✓", "+"), "failed": ("✗", "x"), "retry": ("↻", "~"), "skipped": ("–", "-"),
    "waiting": ("…", "."), "person": ("?", "?"), "stopped": ("■", "#"), "paused": ("‖", "="),
    "warning": ("!", "!"), "open": ("○", "o"), "closed": ("●", "*"), "note": ("·", "."), "log": (" ", " "),
}  # fmt: skip
STYLES = {
    "run": "bold", "done": "green", "failed": "bold red", "retry": "yellow", "skipped": "dim",
    "waiting": "dim", "person": "bold magenta", "stopped": "yellow", "paused": "yellow", "warning": "yellow",
    "open": "yellow", "closed": "green", "note": "dim", "log": "dim",
}  # fmt: skip


_MEANWHILE = "while this run goes on:"
LOG_LINES = 200
"""Lines of one task that are shown."""
LOG_WIDTH = 300
"""Characters of one such line."""


@dataclass(frozen=True, slots=True)
class Line:
    """`kind` is a key of GLYPHS and STYLES; `more` stands below, indented; a `loud` one is never left out."""

    at: float
    kind: str
    word: str
    task: str = ""
    detail: str = ""
    more: tuple[str, ...] = ()
    loud: bool = False


class Narrator:
    """Remembers just enough of a run to tell it: when it began, how often each task was tried and spoke."""

    def __init__(self, db: str | None = None, secrets: tuple[str, ...] = ()) -> None:
        """`db`: the journal that commands must name; `secrets`: the inputs that they must give again."""
        self._db = db
        self._secrets = secrets
        self._began: datetime | None = None
        self._tries: dict[str, int] = {}
        self._said: dict[str, int] = {}

    def tell(self, item: Item) -> Line | None:
        """Give the line of this event or note; None for what only says that all goes its way."""
        if self._began is None:
            self._began = item.ts
        if isinstance(item, ev.AttemptStarted):
            self._tries[item.task] = item.attempt
        return self._line_of(item)

    @singledispatchmethod
    def _line_of(self, _: Item) -> Line | None:
        return None

    def _line(self, item: Item, kind: str, word: str, detail: str = "", **rest: Any) -> Line:
        task = short_name(getattr(item, "task", ""))
        return Line(self._since(item), kind, word, task, safe_line(detail), **rest)

    def _since(self, item: Item) -> float:
        return max((item.ts - self._began).total_seconds(), 0.0) if self._began is not None else 0.0

    # the run

    @_line_of.register
    def _queued(self, event: ev.RunQueued) -> Line:
        tasks = f"{event.total_tasks} task{'' if event.total_tasks == 1 else 's'}"
        return self._line(event, "run", "run", f"{event.name} · {tasks} · {event.run_id}")

    @_line_of.register
    def _resumed(self, event: ev.RunResumed) -> Line:
        return self._line(event, "run", "goes on", event.why)

    @_line_of.register
    def _reopened(self, event: ev.RunReopened) -> Line:
        by = f" by {event.by}" if event.by else ""
        return self._line(event, "run", "reopened", f"again{by}: {', '.join(event.tasks)}")

    @_line_of.register
    def _owner_lost(self, event: ev.RunInterrupted) -> Line:
        return self._line(event, "warning", "taken up", event.why or "the process before this one went away")

    @_line_of.register
    def _paused(self, event: ev.RunPaused) -> Line:
        by = f"by {event.by}; " if event.by else ""
        again = go_on("resume", event.run_id, db=self._db)
        return self._line(event, "paused", "paused", f"{by}{again} goes on", loud=True)

    @_line_of.register
    def _stopping(self, event: ev.RunStopping) -> Line:
        by = f" by {event.by}" if event.by else ""
        what = {"failure": "after a failure", "cancelled": f"cancelled{by}", "timeout": "out of time"}
        detail = f"{what[event.cause]}: {event.why}" if event.why else what[event.cause]
        return Line(self._since(event), "stopped", "stopping", "", safe_line(detail), loud=True)

    @_line_of.register
    def _waits(self, event: ev.RunWaiting) -> Line:
        if event.why == "budget":
            held = ", ".join(event.tasks)
            return self._line(event, "person", "waiting", f"for a budget to be raised: {held}")
        return self._line(event, "person", "waiting", f"only a person can go on: {', '.join(event.tasks)}")

    @_line_of.register
    def _deadline(self, event: ev.DeadlinePassed) -> Line | None:
        if event.scope != "cleanup":
            return None
        return self._line(event, "warning", "out of time", "the rest of the cleanup is skipped", loud=True)

    # tasks

    @_line_of.register
    def _completed(self, event: ev.TaskCompleted) -> Line:
        return self._line(
            event,
            "done",
            "done",
            duration(event.duration) + self._tried(event.task) + self._unsaid(event.task),
        )

    @_line_of.register
    def _failed(self, event: ev.TaskFailed) -> Line:
        # that a permanent failure is not retried goes without saying
        told = event.handled or event.failure.outcome is not Outcome.PERMANENT
        because = f" · {event.why}" if event.why and told else ""
        detail = f"{failure_text(event.failure)}{self._tried(event.task)}{because}{self._unsaid(event.task)}"
        return self._line(event, "warning" if event.handled else "failed", "failed", detail, loud=True)

    def _tried(self, task: str) -> str:
        tries = self._tries.pop(task, 1)
        return f" · {tries} tries" if tries > 1 else ""

    def _unsaid(self, task: str) -> str:
        hidden = self._said.pop(task, 0) - LOG_LINES
        return f" · {hidden:,} log lines not shown" if hidden > 0 else ""

    @_line_of.register
    def _skipped(self, event: ev.TaskSkipped) -> Line:
        seen = "".join(f" · {path} was {json_text(value)}" for path, value in event.saw.items())
        return self._line(event, "skipped", "skipped", event.why + seen)

    @_line_of.register
    def _cancelled(self, event: ev.TaskCancelled) -> Line:
        self._tries.pop(event.task, None)
        return self._line(event, "stopped", "cancelled", event.why)

    @_line_of.register
    def _interrupted(self, event: ev.TaskInterrupted) -> Line:
        ways = (go_on("retry", event.run_id, self._secrets, self._db),
                command_line("skip", event.run_id, event.task, db=self._db))  # fmt: skip
        why = event.why or "in flight when the process went away, and not idempotent"
        if event.gate:  # perhaps answered already; else the gate is told at the end
            return self._line(event, "warning", "cut off", why)
        return self._line(event, "person", "needs you", why, more=ways, loud=True)

    @_line_of.register
    def _attempt_failed(self, event: ev.AttemptFailed) -> Line | None:
        if event.retry_in is None:
            return None  # the failure of the task follows and says the same
        again = f"try {event.attempt + 1} in {duration(event.retry_in)}"
        return self._line(event, "retry", "retry", f"{failure_text(event.failure)} · {again}")

    @_line_of.register
    def _stalled(self, event: ev.AttemptStalled) -> Line:
        return self._line(event, "warning", "stalled", f"nothing heard for {duration(event.idle)}")

    @_line_of.register
    def _waiting(self, event: ev.TaskWaiting) -> Line | None:
        if event.reason == "person":
            return None  # the gate has told it
        if event.reason == "budget":
            return self._line(event, "waiting", "waiting", event.why)
        what = event.reason.replace("_", " ").replace("retry after", "the time that the server asked for")
        until = f" until {event.until:%H:%M:%S} UTC" if event.until is not None else ""
        return self._line(event, "waiting", "waiting", f"for {what}{until}{_because(event.why)}")

    # tools and money

    @_line_of.register
    def _tool_called(self, event: ev.ToolCalled) -> Line:
        return self._line(event, "note", "tool", f"{event.tool} {json_text(event.arguments)}")

    @_line_of.register
    def _tool_returned(self, event: ev.ToolReturned) -> Line | None:
        if event.failure is None:
            return None  # what the task makes of it follows
        return self._line(event, "warning", "tool", f"{event.tool} failed: {failure_text(event.failure)}")

    @_line_of.register
    def _budget_warning(self, event: ev.BudgetWarning) -> Line:
        return self._budget(event, "warning", f"{_of_limit(event)} used")

    @_line_of.register
    def _budget_exceeded(self, event: ev.BudgetExceeded) -> Line:
        if event.mode != "enforce":
            return self._budget(event, "warning", f"used up, {_of_limit(event)}; mode: audit, so it goes on")
        then = "whatever else needs it waits until it is raised"  # perhaps nothing does
        spent = [{"agent": event.agent, "what": event.what}]
        raising = raise_budget(event.run_id, spent, self._db)
        return self._budget(event, "warning", f"used up, {_of_limit(event)}; {then}", *raising)

    @_line_of.register
    def _budget_uncounted(self, event: ev.BudgetUncounted) -> Line:
        lacks = "known price" if event.what == "usd" else "count of tokens"
        whose = f"calls of {safe_line(event.source, 80)}" if event.source != event.agent else "its calls"
        limit = "USD" if event.what == "usd" else event.what
        detail = f"{whose} come without a {lacks}: its limit of {limit} does not count them"
        return self._budget(event, "warning", detail)

    @_line_of.register
    def _budget_raised(self, event: ev.BudgetRaised) -> Line:
        limits = ", ".join(limit_text(what, limit) for what, limit in event.limits.items())
        return self._budget(event, "done", f"raised to {limits}" + (f" by {event.by}" if event.by else ""))

    def _budget(
        self,
        event: ev.BudgetWarning | ev.BudgetExceeded | ev.BudgetUncounted | ev.BudgetRaised,
        kind: str,
        detail: str,
        *more: str,
    ) -> Line:
        agent = short_name(event.agent)
        return Line(self._since(event), kind, "budget", agent, safe_line(detail), more=more, loud=True)

    # the breakers of agents

    @_line_of.register
    def _breaker_opened(self, event: ev.BreakerOpened) -> Line:
        probe = f"; a probe may go at {event.until:%H:%M:%S} UTC" if event.until is not None else ""
        why = event.why or in_a_row(event.failures)
        return self._breaker(event, "open", f"open: {why}{probe}", loud=True)

    @_line_of.register
    def _breaker_half_opened(self, event: ev.BreakerHalfOpened) -> Line:
        return self._breaker(event, "waiting", "half open: a probe goes")

    @_line_of.register
    def _breaker_closed(self, event: ev.BreakerClosed) -> Line:
        return self._breaker(event, "closed", f"closed again{_because(event.why)}")

    def _breaker(
        self,
        event: ev.BreakerOpened | ev.BreakerHalfOpened | ev.BreakerClosed,
        kind: str,
        detail: str,
        *,
        loud: bool = False,
    ) -> Line:
        agent = short_name(event.agent)
        return Line(self._since(event), kind, "breaker", agent, safe_line(detail), loud=loud)

    # people

    @_line_of.register
    def _asked(self, event: ev.ApprovalRequested) -> Line:
        shown = () if event.show is None else tuple(preview(event.show))
        ways = gate_commands(event.run_id, event.gate, event.form, event.options, self._db)
        asked = event.message or event.action
        # once the run is left, its last lines say what answers it: that may be another command
        return self._line(event, "person", "needs you", asked, more=(*shown, _MEANWHILE, *ways), loud=True)

    @_line_of.register
    def _granted(self, event: ev.ApprovalGranted) -> Line:
        by = [f"by {event.by}"] if event.by else []
        answer = [event.answer] if event.answer != "approve" else []
        return self._line(event, "done", "approved", " · ".join([*by, *answer]))

    @_line_of.register
    def _rejected(self, event: ev.ApprovalRejected) -> Line:
        by = [f"by {event.by}"] if event.by else []
        why = [event.why] if event.why else []
        return self._line(event, "stopped", "rejected", " · ".join([*by, *why]), loud=True)

    # notes

    @_line_of.register
    def _log(self, note: ev.Log) -> Line | None:
        if note.level == "debug":
            return None
        kind = {"warning": "warning", "error": "failed"}.get(note.level, "log")
        return self._say(note, kind, note.text)

    @_line_of.register
    def _message(self, note: ev.Message) -> Line | None:
        return self._say(note, "log", f"{note.role}: {note.text}")

    def _say(self, note: ev.Log | ev.Message, kind: str, text: str) -> Line | None:
        """A task that never stops talking is cut off; the journal has all of it."""
        count = self._said[note.task] = self._said.get(note.task, 0) + 1
        if count > LOG_LINES + 1:
            return None
        if count > LOG_LINES:
            words = [note.task] if note.task else []
            text = f"… more: {command_line('logs', note.run_id, *words, db=self._db)}"
            return self._line(note, "note", "", text)
        return self._line(note, kind, "", safe_line(text, LOG_WIDTH))


def _of_limit(event: ev.BudgetWarning | ev.BudgetExceeded) -> str:
    return spent_text(event.what, event.spent, event.limit)


def _because(why: str) -> str:
    return f": {why}" if why else ""
