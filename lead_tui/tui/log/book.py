"""What a run said, in order: of each task and of all, bounded. Pure; how an item reads is lines.py's."""

from collections.abc import Sequence

from lead_tui.core import events as ev
from lead_tui.observers.hub import Item
from lead_tui.tui.log.answer import Answer, AnswerEnd

STREAM = 20_000
"""Characters of streamed tokens that stand together before a new entry begins."""
KEPT_OF_TASK = 20_000
KEPT_OF_ALL = 100_000

SILENT = frozenset(
    {
        ev.TaskReady,
        ev.TaskStarted,
        ev.ExpressionEvaluated,
        ev.AttemptCompleted,
        ev.RunQueued,
        ev.RetryScheduled,
        ev.ToolsWaiting,
        ev.AttemptSaved,
        ev.AttemptSpent,
    }
)
"""Events that say nothing which another one does not say as well."""


class Channel:
    """Items with absolute numbers: the first `dropped` ones are gone, `end` is one past the last."""

    __slots__ = ("dropped", "items", "kept")

    def __init__(self, kept: int) -> None:
        self.items: list[Item] = []
        self.dropped = 0
        self.kept = kept

    @property
    def end(self) -> int:
        return self.dropped + len(self.items)

    def append(self, item: Item) -> None:
        self.items.append(item)
        if len(self.items) > self.kept:
            self._drop()

    def extend(self, items: Sequence[Item]) -> None:
        self.items.extend(items)
        if len(self.items) > self.kept:
            self._drop()

    def _drop(self) -> None:
        """In pieces, so that it is rare."""
        surplus = max(len(self.items) - self.kept, self.kept // 4)
        del self.items[:surplus]
        self.dropped += surplus

    def since(self, number: int) -> list[Item]:
        """Items from this absolute number on, as far as they are kept."""
        return self.items[max(number - self.dropped, 0) :]


class LogBook:
    def __init__(self, kept_of_task: int = KEPT_OF_TASK, kept_of_all: int = KEPT_OF_ALL) -> None:
        self.all = Channel(kept_of_all)
        self._tasks: dict[str, Channel] = {}
        self._kept_of_task = kept_of_task
        self._silence = Channel(kept_of_task)
        self._answers: dict[str, Answer] = {}
        """Those that tasks are giving now, and their sizes."""
        self._sizes: dict[str, int] = {}

    def extend(self, items: Sequence[Item], *, streams: bool = True) -> None:
        """An item without a task belongs to the run as a whole. `streams`: are there tokens among them?"""
        self.all.extend(self._gathered(items) if streams or self._answers else items)
        tasks = self._tasks
        for item in items:
            if task := getattr(item, "task", ""):
                channel = tasks.get(task)
                if channel is None:
                    channel = tasks[task] = Channel(self._kept_of_task)
                channel.append(item)

    def _gathered(self, items: Sequence[Item]) -> list[Item]:
        """The same for the log of all, in which tokens go into the answer of their task."""
        gathered: list[Item] = []
        for item in items:
            task: str = getattr(item, "task", "")
            answer = self._answers.get(task)
            if isinstance(item, ev.Tokens):
                if answer is not None and self._grow(answer, item):
                    continue
                gathered += [*self._end(task), self._begin(item)]
            else:
                gathered += [*self._end(task), item]
        return gathered

    def _begin(self, first: ev.Tokens) -> Answer:
        answer = self._answers[first.task] = Answer.of(first)
        self._sizes[first.task] = len(first.text)
        return answer

    def _grow(self, answer: Answer, more: ev.Tokens) -> bool:
        size = self._sizes[more.task]
        if answer.attempt != more.attempt or size >= STREAM:
            return False
        answer.pieces.append(more.text)
        self._sizes[more.task] = size + len(more.text)
        return True

    def _end(self, task: str) -> list[Item]:
        answer = self._answers.pop(task, None)
        if answer is None:
            return []
        answer.end()
        return [AnswerEnd(task=task, attempt=answer.attempt, ts=answer.ts, of=answer)]

    def of(self, task: str) -> Channel:
        """The channel of a task, or of all for ""; an empty one if it has said nothing yet."""
        return self._tasks.get(task, self._silence) if task else self.all
