"""What a run said, in order: of each task and of all, bounded. Pure; how an item reads is log_lines.py's."""

from collections.abc import Sequence

from lead_tui.core import events as ev
from lead_tui.observers.hub import Item

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

    def extend(self, items: Sequence[Item]) -> None:
        """An item without a task belongs to the run as a whole."""
        self.all.extend(items)
        tasks = self._tasks
        for item in items:
            if task := getattr(item, "task", ""):
                channel = tasks.get(task)
                if channel is None:
                    channel = tasks[task] = Channel(self._kept_of_task)
                channel.append(item)

    def of(self, task: str) -> Channel:
        """The channel of a task, or of all for ""; an empty one if it has said nothing yet."""
        return self._tasks.get(task, self._silence) if task else self.all
