"""A run as lines: what matters of each event, in a time, a glyph, a word, a task and a detail.

Everything that comes from outside is safe in a `Line`; a detail is one line of bounded length.
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lead_tui.core import events as ev
from lead_tui.errors import Failure
from lead_tui.observers.hub import Item
from lead_tui.reporters.safe import safe_line
from lead_tui.reporters.wire import json_text

GLYPHS = {
    "run": ("▶", ">"), "done": ("✓", "+"), "failed": ("✗", "x"), "retry": ("↻", "~"), "skipped": ("–", "-"),
    "waiting": ("…", "."), "person": ("?", "?"), "stopped": ("■", "#"), "paused": ("‖", "="),
    "warning": ("!", "!"), "open": ("○", "o"), "closed": ("●", "*"), "note": ("·", "."), "log": (" ", " "),
}  # fmt: skip
STYLES = {
    "run": "bold", "done": "green", "failed": "bold red", "retry": "yellow", "skipped": "dim", "waiting": "dim",
    "person": "bold magenta", "stopped": "yellow", "paused": "yellow", "warning": "yellow", "open": "yellow",
    "closed": "green", "note": "dim", "log": "dim",
}  # fmt: skip


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
    """Remembers just enough of a run to tell it: when it began and how often each task was tried."""

    def __init__(self) -> None:
        self._began: datetime | None = None
        self._tries: dict[str, int] = {}

    def tell(self, item: Item) -> Line | None:
        """Give the line of this event or note; None for what only says that all goes its way."""
        rule = _RULES.get(type(item))
        if self._began is None:
            self._began = item.ts
        if isinstance(item, ev.AttemptStarted):
            self._tries[item.task] = item.attempt
        return rule(self, item) if rule is not None else None

    def _line(self, item: Item, kind: str, word: str, detail: str = "", **rest: Any) -> Line:
        task = safe_line(getattr(item, "task", ""), 80)
        return Line(self._since(item), kind, word, task, safe_line(detail), **rest)

    def _since(self, item: Item) -> float:
        return max((item.ts - self._began).total_seconds(), 0.0) if self._began is not None else 0.0

    # the run

    def _queued(self, event: ev.RunQueued) -> Line:
        tasks = f"{event.total_tasks} task{'' if event.total_tasks == 1 else 's'}"
        return self._line(event, "run", "run", f"{event.name} · {tasks} · {event.run_id}")

    def _resumed(self, event: ev.RunResumed) -> Line:
        return self._line(event, "run", "goes on", event.why)

    def _reopened(self, event: ev.RunReopened) -> Line:
        by = f" by {event.by}" if event.by else ""
        return self._line(event, "run", "reopened", f"again{by}: {', '.join(event.tasks)}")

    def _owner_lost(self, event: ev.RunInterrupted) -> Line:
        return self._line(event, "warning", "taken up", event.why or "the process before this one went away")

    def _paused(self, event: ev.RunPaused) -> Line:
        by = f"by {event.by}; " if event.by else ""
        again = _command("resume", event.run_id)
        return self._line(event, "paused", "paused", f"{by}{again} goes on", loud=True)

    def _stopping(self, event: ev.RunStopping) -> Line:
        by = f" by {event.by}" if event.by else ""
        what = {"failure": "after a failure", "cancelled": f"cancelled{by}", "timeout": "out of time"}
        detail = f"{what[event.cause]}: {event.why}" if event.why else what[event.cause]
        return Line(self._since(event), "stopped", "stopping", "", safe_line(detail), loud=True)

    def _waits(self, event: ev.RunWaiting) -> Line:
        return self._line(event, "person", "waiting", f"only a person can go on: {', '.join(event.tasks)}")

    def _deadline(self, event: ev.DeadlinePassed) -> Line | None:
        if event.scope != "cleanup":
            return None
        return self._line(event, "warning", "out of time", "the rest of the cleanup is skipped", loud=True)

    # tasks

    def _completed(self, event: ev.TaskCompleted) -> Line:
        return self._line(event, "done", "done", duration(event.duration) + self._tried(event.task))

    def _failed(self, event: ev.TaskFailed) -> Line:
        because = f" · {event.why}" if event.why else ""
        detail = f"{failure_text(event.failure)}{self._tried(event.task)}{because}"
        return self._line(event, "warning" if event.handled else "failed", "failed", detail, loud=True)

    def _tried(self, task: str) -> str:
        tries = self._tries.pop(task, 1)
        return f" · {tries} tries" if tries > 1 else ""

    def _skipped(self, event: ev.TaskSkipped) -> Line:
        seen = "".join(f" · {path} was {json_text(value)}" for path, value in event.saw.items())
        return self._line(event, "skipped", "skipped", event.why + seen)

    def _cancelled(self, event: ev.TaskCancelled) -> Line:
        self._tries.pop(event.task, None)
        return self._line(event, "stopped", "cancelled", event.why)

    def _interrupted(self, event: ev.TaskInterrupted) -> Line:
        ways = (_command("retry", event.run_id), _command("skip", event.run_id, event.task))
        why = event.why or "in flight when the process went away, and not idempotent"
        return self._line(event, "person", "needs you", why, more=ways, loud=True)

    def _attempt_failed(self, event: ev.AttemptFailed) -> Line | None:
        if event.retry_in is None:
            return None  # the failure of the task follows and says the same
        again = f"try {event.attempt + 1} in {duration(event.retry_in)}"
        return self._line(event, "retry", "retry", f"{failure_text(event.failure)} · {again}")

    def _waiting(self, event: ev.TaskWaiting) -> Line | None:
        if event.reason == "person":
            return None  # the gate has told it
        what = event.reason.replace("_", " ").replace("retry after", "the time that the server asked for")
        until = f" until {event.until:%H:%M:%S} UTC" if event.until is not None else ""
        return self._line(event, "waiting", "waiting", f"for {what}{until}{_because(event.why)}")

    # breakers

    def _breaker_opened(self, event: ev.BreakerOpened) -> Line:
        probe = f"; a probe may go at {event.until:%H:%M:%S} UTC" if event.until is not None else ""
        why = event.why or f"{event.failures} failures in a row"
        return self._breaker(event, "open", f"open: {why}{probe}", loud=True)

    def _breaker_half_opened(self, event: ev.BreakerHalfOpened) -> Line:
        return self._breaker(event, "waiting", "half open: a probe goes")

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
        agent = safe_line(event.agent, 80)
        return Line(self._since(event), kind, "breaker", agent, safe_line(detail), loud=loud)

    # people

    def _asked(self, event: ev.ApprovalRequested) -> Line:
        shown = () if event.show is None else tuple(_preview(event.show))
        return self._line(
            event, "person", "needs you", event.message or event.action,
            more=(*shown, *gate_commands(event.run_id, event.gate, event.form, event.options)), loud=True,
        )  # fmt: skip

    def _granted(self, event: ev.ApprovalGranted) -> Line:
        answer = "" if event.answer == "approve" else f": {event.answer}"
        return self._line(event, "done", "approved", (f"by {event.by}" if event.by else "") + answer)

    def _rejected(self, event: ev.ApprovalRejected) -> Line:
        by = f"by {event.by}" if event.by else ""
        return self._line(event, "stopped", "rejected", by + _because(event.why), loud=True)

    # notes

    def _log(self, note: ev.Log) -> Line | None:
        if note.level == "debug":
            return None
        kind = {"warning": "warning", "error": "failed"}.get(note.level, "log")
        return self._line(note, kind, "", note.text)

    def _message(self, note: ev.Message) -> Line:
        return self._line(note, "log", "", f"{note.role}: {note.text}")


_RULES: dict[type[Item], Callable[[Narrator, Any], Line | None]] = {
    ev.RunQueued: Narrator._queued,
    ev.RunResumed: Narrator._resumed,
    ev.RunReopened: Narrator._reopened,
    ev.RunInterrupted: Narrator._owner_lost,
    ev.RunPaused: Narrator._paused,
    ev.RunStopping: Narrator._stopping,
    ev.RunWaiting: Narrator._waits,
    ev.DeadlinePassed: Narrator._deadline,
    ev.TaskCompleted: Narrator._completed,
    ev.TaskFailed: Narrator._failed,
    ev.TaskSkipped: Narrator._skipped,
    ev.TaskCancelled: Narrator._cancelled,
    ev.TaskInterrupted: Narrator._interrupted,
    ev.AttemptFailed: Narrator._attempt_failed,
    ev.TaskWaiting: Narrator._waiting,
    ev.BreakerOpened: Narrator._breaker_opened,
    ev.BreakerHalfOpened: Narrator._breaker_half_opened,
    ev.BreakerClosed: Narrator._breaker_closed,
    ev.ApprovalRequested: Narrator._asked,
    ev.ApprovalGranted: Narrator._granted,
    ev.ApprovalRejected: Narrator._rejected,
    ev.Log: Narrator._log,
    ev.Message: Narrator._message,
}


def duration(seconds: float) -> str:
    """`0.05s`, `3.2s`, `2m05s`, `1h02m`: never more than six characters below ten hours."""
    if seconds < 59.95:
        return f"{seconds:.2f}s" if seconds < 0.095 else f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{minutes}m{rest:02}s" if not hours else f"{hours}h{minutes_left:02}m"


def failure_text(failure: Failure) -> str:
    """The category, the message and the code where it says more."""
    code = f" ({failure.code})" if failure.code and failure.code not in failure.message else ""
    return f"{failure}{code}"


def gate_commands(
    run_id: str, gate: str, form: dict[str, dict[str, Any]], options: list[str]
) -> tuple[str, ...]:
    """What to type to answer a gate: as it is for an approval, with `...` for each field of a form."""
    needed = [name for name, field in form.items() if "default" not in field]
    fields = "".join(f" -i {shlex.quote(safe_line(name, 80))}=..." for name in needed)
    offered = f"   answers: {', '.join(safe_line(each, 80) for each in options)}" if options else ""
    return (_command("approve", run_id, gate) + fields + offered, _command("reject", run_id, gate))


def _command(verb: str, *words: str) -> str:
    return " ".join(["leadtui", verb, *(shlex.quote(safe_line(word, 120)) for word in words)])


def _because(why: str) -> str:
    return f": {why}" if why else ""


def _preview(shown: Any, lines: int = 12) -> list[str]:
    text = shown if isinstance(shown, str) else json_text(shown, indent=2)
    every = text[: 200 * lines].splitlines() or [""]
    more = [f"… {len(every) - lines} more lines"] if len(every) > lines else []
    return [safe_line(each, 200) for each in every[:lines]] + more
