"""What a report file tells of each task, folded from the events that its reporter has seen.

A reporter has no plan: a task is known from its first event on, or from the result. Log lines are kept by
their end, `KEPT` lines a task.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from lead_tui.core import events as ev
from lead_tui.errors import Failure
from lead_tui.observers.hub import Item
from lead_tui.runner.result import Result
from lead_tui.text.safe import safe_line

KEPT = 200


@dataclass(slots=True)
class TaskStory:
    """`status` is the task's, `running` as long as it is under way; `why` the reason for where it is."""

    name: str
    status: str = "running"
    agent: str = ""
    why: str = ""
    failure: Failure | None = None
    handled: bool = False
    attempts: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    duration: float = 0.0
    lines: int = 0
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))

    def log(self) -> str:
        """The kept lines, safe, and how many are not among them."""
        missing = self.lines - len(self.tail)
        head = [f"… {missing:,} lines before these"] if missing else []
        return "\n".join([*head, *self.tail])


class Chronicle:
    """All tasks in the order in which they were first heard of."""

    def __init__(self) -> None:
        self.tasks: dict[str, TaskStory] = {}
        self.started: datetime | None = None
        self.last: datetime | None = None

    def see(self, item: Item) -> None:
        if isinstance(item, ev.Event):
            self.started = self.started or item.ts
            self.last = item.ts
        if isinstance(item, ev.Log):
            self._see_line(item)
        elif isinstance(item, ev.TaskEvent):
            self._see_task(self._story(item.task), item)
        elif isinstance(item, ev.RunReopened):
            for name in item.tasks:
                old = self._story(name)
                self.tasks[name] = TaskStory(name, "pending", lines=old.lines, tail=old.tail)

    def complete(self, result: Result) -> None:
        """Add what happened before this reporter looked on, or to tasks that had no event of their own."""
        for name in result.results:
            self._end_unseen(name, "completed")
        for name, failure in result.errors.items():
            self._end_unseen(name, "failed").failure = failure
        for name, why in result.not_run.items():
            self._end_unseen(name, "skipped").why = why
        for name in result.interrupted:
            self._end_unseen(name, "interrupted")
        for waiting in result.waiting_for:
            if waiting["reason"] == "gate":
                story = self._end_unseen(waiting["task"], "waiting")
                story.why = story.why or waiting["message"]

    def _story(self, name: str) -> TaskStory:
        if name not in self.tasks:
            self.tasks[name] = TaskStory(name)
        return self.tasks[name]

    def _end_unseen(self, name: str, status: str) -> TaskStory:
        if name not in self.tasks:
            self.tasks[name] = TaskStory(name, status)
        return self.tasks[name]

    def _see_line(self, note: ev.Log) -> None:
        story = self._story(note.task)
        story.lines += 1
        story.tail.append(safe_line(note.text))

    def _see_task(self, story: TaskStory, event: ev.TaskEvent) -> None:
        match event:
            case ev.TaskStarted():
                story.status, story.agent, story.started = "running", event.agent, event.ts
            case ev.AttemptStarted():
                story.status, story.attempts, story.agent = "running", event.attempt, event.agent
            case ev.TaskWaiting() | ev.RetryScheduled():
                story.status, story.why = "waiting", event.why
            case ev.TaskCompleted():
                self._end(story, event, "completed", duration=event.duration)
            case ev.TaskFailed():
                story.failure, story.handled = event.failure, event.handled
                self._end(story, event, "failed", event.why, event.duration)
            case ev.TaskSkipped():
                self._end(story, event, "skipped", event.why)
            case ev.TaskCancelled():
                self._end(story, event, "cancelled", event.why, event.duration)
            case ev.TaskInterrupted():
                self._end(story, event, "interrupted", event.why)

    def _end(
        self, story: TaskStory, event: ev.TaskEvent, status: str, why: str = "", duration: float = 0.0
    ) -> None:
        story.status, story.why, story.ended, story.duration = status, why, event.ts, duration
