"""The tasks that are under way, with what they said last, and how many have ended."""

import math
from dataclasses import dataclass
from datetime import datetime

from lead_tui.core import events as ev
from lead_tui.observers.hub import Item
from lead_tui.text.safe import safe_line


@dataclass(slots=True)
class Activity:
    """One task under way; a `part` of 1 is done, None if the agent does not say."""

    since: datetime
    text: str = ""
    part: float | None = None


class Running:
    def __init__(self, total: int, ended: int = 0) -> None:
        self.total = total
        self.ended = ended
        self.tasks: dict[str, Activity] = {}

    def see(self, item: Item) -> None:
        match item:
            case ev.RunQueued():
                self.total = item.total_tasks
            case ev.RunReopened():
                self.ended = max(self.ended - len(item.tasks), 0)
            case ev.AttemptStarted():
                known = self.tasks.get(item.task)
                self.tasks[item.task] = Activity(item.ts if known is None else known.since)
            case ev.TaskWaiting():
                self._say(item.task, f"waits for {item.reason.replace('_', ' ')}")
            case ev.RetryScheduled():
                self._say(item.task, "waits for its next try")
            case ev.TaskCompleted() | ev.TaskFailed() | ev.TaskSkipped() | ev.TaskCancelled():
                self.tasks.pop(item.task, None)
                self.ended += 1
            case ev.TaskInterrupted():
                self.tasks.pop(item.task, None)
            case ev.Log():
                self._say(item.task, item.text)
            case ev.Progress():
                self._say(item.task, item.text)
                self._advance(item)

    def _say(self, task: str, text: object) -> None:
        if task in self.tasks and text:
            self.tasks[task].text = safe_line(str(text), 120)

    def _advance(self, note: ev.Progress) -> None:
        if note.task in self.tasks and (part := _part(note.done, note.total)) is not None:
            self.tasks[note.task].part = part


def _part(done: object, total: object) -> float | None:
    """Between 0 and 1; None for what is no number: an agent may say anything."""
    if not isinstance(done, int | float) or not isinstance(total, int | float) or not total:
        return None
    try:
        part = done / total
    except OverflowError:
        return None
    return None if math.isnan(part) else min(max(part, 0.0), 1.0)
