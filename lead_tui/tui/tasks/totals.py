"""Where the time of a run's tasks went: in a queue, waiting for a next try, at work. Pure.

Only what has ended counts, so a task is looked at again only when something happened to it.
"""

from collections.abc import Sequence

from lead_tui.core.events import Event
from lead_tui.tui.tasks.waterfall import spans


class Totals:
    """Seconds over all tasks; tasks work side by side, so a sum may exceed the run's own time."""

    def __init__(self) -> None:
        self.queue = 0.0
        self.wait = 0.0
        self._tasks: dict[str, tuple[float, float, float]] = {}
        self._seen: dict[str, int] = {}

    def see(self, task: str, events: Sequence[Event]) -> None:
        """Count this task's events in place of what was known of it."""
        if self._seen.get(task, 0) == len(events):
            return
        self._seen[task] = len(events)
        queue, wait, _ = self._tasks.get(task, (0.0, 0.0, 0.0))
        now = self._tasks[task] = _parts(events)
        self.queue += now[0] - queue
        self.wait += now[1] - wait

    @property
    def longest(self) -> tuple[str, float]:
        """The task that worked most, its tries together, and for how long; no name while none has."""
        name = max(self._tasks, key=lambda task: self._tasks[task][2], default="")
        return (name, self._tasks[name][2]) if name and self._tasks[name][2] > 0 else ("", 0.0)


def _parts(events: Sequence[Event]) -> tuple[float, float, float]:
    queue = wait = work = 0.0
    for kind, start, end in spans(events, events[-1].ts) if events else ():
        if kind == "queue":
            queue += end - start
        elif kind == "wait":
            wait += end - start
        elif kind != "person":
            work += end - start
    return queue, wait, work
