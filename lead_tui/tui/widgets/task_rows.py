"""The base of lists with a row for each task of a run, drawn along one axis of time.

The owner calls `set_model` once and `show` once a frame. A row is drawn anew when its task changed or, while
something of it is under way, when time has moved on by what can be seen. The axis grows in steps, since each
step draws every row.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.segment import Segment

from lead_tui.core.state import TaskState, TaskStatus
from lead_tui.tui.look import ASCII, Tone
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.tasks.looks import cut_off
from lead_tui.tui.tasks.outline import OutlineRow
from lead_tui.tui.tasks.waterfall import Cells, axis_seconds, draw, spans
from lead_tui.tui.widgets.rows import Rows

GROWING = frozenset({TaskStatus.READY, TaskStatus.RUNNING, TaskStatus.WAITING})
"""What is drawn longer as time goes on."""


_fit = lru_cache(maxsize=10_000)(fit)
"""Rows repeat most of what stands in them."""


class Axis(NamedTuple):
    """Seconds from the epoch at the left edge, seconds from edge to edge."""

    start: float
    length: float

    @classmethod
    def of(cls, model: RunModel) -> "Axis":
        """A run that has ended fills it; one that goes on has some room ahead."""
        started, seconds = model.state.started_at, model.seconds
        start = started.timestamp() if started is not None else 0.0
        return cls(start, max(seconds, 0.001) if model.ended else axis_seconds(seconds))


class TaskRows(Rows):
    """`selected` is the name of the task under the cursor. The order is the outline's at first."""

    CURSOR_STAYS = True
    SIZED_BY_CONTENT = False

    def __init__(
        self,
        *,
        header: int = 1,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(header=header, id=id, classes=classes)
        self.model: RunModel | None = None
        self.axis = Axis(0.0, 1.0)
        self.outline: dict[str, OutlineRow] = {}
        self.names: Sequence[str] = ()
        """The tasks that are shown, in the order of the rows."""
        self._place: dict[str, int] = {}
        self._drawn: dict[str, tuple[object, list[Segment]]] = {}
        self._step = 1.0
        """Seconds that can be told apart on the screen."""
        self._moment = 0
        """How many of them have passed."""

    # for owners

    def set_model(self, model: RunModel) -> None:
        """Show this run."""
        self.model, self.outline = model, model.outline
        self._drawn.clear()
        self._measure(model)
        self.set_order(list(self.outline))

    def show(self, changes: Changes) -> None:
        """Draw what changed, as far as it is on the screen."""
        if self.model is None:
            return
        if changes.again or self._measure(self.model):
            self.redraw()
            return
        state, names = self.model.state, self.names
        moved = self._time_moved(self.model)
        for index in self.visible_rows:
            name = names[index]
            if name in changes.tasks or (moved and state.tasks[name].status in GROWING):
                self.refresh_row(index)

    @property
    def selected(self) -> str:
        return self.task_at(self.cursor)

    def task_at(self, index: int) -> str:
        """The name of a row's task, "" if there is no such row."""
        return self.names[index] if 0 <= index < len(self.names) else ""

    def select(self, task: str) -> bool:
        """Put the cursor on this task; false if it is not shown."""
        place = self._place.get(task)
        if place is None:
            return False
        self.cursor = place
        return True

    def go_to_failed(self) -> None:
        """Put the cursor on the first row whose task failed, rather one that nothing handles."""
        if self.model is None:
            return
        failed = [name for name in self.model.failed if name in self._place]
        tasks = self.model.state.tasks
        worst = [name for name in failed if not tasks[name].handled] or failed
        self.cursor = min((self._place[name] for name in worst), default=self.cursor)

    # for subclasses

    def draw_row(self, row: OutlineRow, task: TaskState, model: RunModel, width: int) -> list[Segment]:
        """Draw what stands behind the cursor's mark, in `width` cells."""
        raise NotImplementedError

    def row_key(self, task: TaskState, model: RunModel) -> object:
        """What a row shows besides its history and the time."""
        return None

    def set_order(self, names: Sequence[str]) -> None:
        """Show these tasks in this order; the cursor stays with its task."""
        before, count = self.selected, len(names)
        self.names = names
        self._place = {name: index for index, name in enumerate(names)}
        place = self._place.get(before, min(max(self.cursor, 0), count - 1))
        stands = place == self.cursor
        if count < self.count:
            self.cursor = place
        self.set_count(count)
        self.cursor = place
        if stands and self.selected != before:
            self.post_message(self.Moved(self, place))

    def redraw(self) -> None:
        """Draw every row again."""
        self._drawn.clear()
        self.refresh()

    def waterfall_of(self, task: str, model: RunModel, width: int) -> Cells:
        is_cut_off = cut_off(model, model.state.tasks[task])
        life = spans(model.history.get(task, ()), model.now, cut_off=is_cut_off)
        start, length = self.axis
        return draw(life, start, start + length, width, ascii_only=self.ascii_only)

    def segments(self, cells: Cells) -> list[Segment]:
        palette = self.palette
        return [Segment(text, palette[tone]) for text, tone in cells]

    def fit(self, text: str, width: int, tone: Tone, *, right: bool = False) -> Segment:
        """Text in a column: exactly `width` cells, made safe, cut with `…`."""
        cells = _fit(text, width, "right" if right else "left")
        return Segment(cells.translate(ASCII) if self.ascii_only else cells, self.palette[tone])

    # drawing

    def render_row(self, index: int, width: int) -> list[Segment]:
        model = self.model
        if model is None:
            return []
        name = self.names[index]
        task = model.state.tasks[name]
        moment = self._moment if task.status in GROWING else 0
        history = len(model.history.get(name, ()))
        known_by = (cut_off(model, task), self.row_key(task, model))
        key = (history, task.status, task.generation, width, moment, *known_by)
        known = self._drawn.get(name)
        if known is None or known[0] != key:
            known = (key, self.draw_row(self.outline[name], task, model, max(width - 1, 0)))
            self._drawn[name] = known
        mark = Segment(">" if index == self.cursor else " ", self.palette["accent"])
        return [mark, *known[1]]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()

    def _measure(self, model: RunModel) -> bool:
        """Lay the axis anew; true if it changed."""
        axis, before = Axis.of(model), self.axis
        self.axis = axis
        self._step = min(max(axis.length / (4 * max(self.size.width, 1)), 0.1), 1.0)
        return axis != before

    def _time_moved(self, model: RunModel) -> bool:
        moment, before = int(model.seconds / self._step), self._moment
        self._moment = moment
        return moment != before
