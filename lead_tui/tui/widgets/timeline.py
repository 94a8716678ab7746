"""The run's tasks along its time, at full width: what waited, and what decided the end."""

from rich.cells import cell_len
from rich.segment import Segment
from textual import events

from lead_tui.core.state import TaskState
from lead_tui.text.words import short_name, stopwatch
from lead_tui.tui.look import clock
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.tasks.critical_path import critical_path
from lead_tui.tui.tasks.looks import look_of
from lead_tui.tui.tasks.outline import OutlineRow, ascii_guides
from lead_tui.tui.tasks.totals import Totals
from lead_tui.tui.tasks.waterfall import ticks
from lead_tui.tui.widgets.task_rows import TaskRows

_GAP = 2


class Timeline(TaskRows):
    """The critical path is marked with `◆` and a colour. Nothing is computed while nobody looks."""

    class Moved(TaskRows.Moved):
        """The cursor stands on another task now: `selected` of the widget says which."""

    class Opened(TaskRows.Opened):
        """A task was opened."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(header=2, id=id, classes=classes)
        self.critical: frozenset[str] = frozenset()
        self._totals = Totals()
        self._longest = 0
        self._unseen: set[str] = set()
        """Tasks whose events are not counted yet."""
        self._tallied_at: object = None

    # for owners

    def set_model(self, model: RunModel) -> None:
        super().set_model(model)
        self._longest = max(
            (len(row.guides) + cell_len(row.task) for row in self.outline.values()), default=0
        )
        self._unseen, self._tallied_at = set(model.history), None
        self.call_after_refresh(self._catch_up)

    def show(self, changes: Changes) -> None:
        model = self.model
        if model is None:
            return
        self._unseen |= self.outline.keys() if changes.again else changes.tasks
        if changes.again:
            self._tallied_at = None
        if self.is_on_screen:
            self._tally(model)
            super().show(changes)

    def on_show(self, _: events.Show) -> None:
        self._catch_up()

    def _catch_up(self) -> None:
        """Draw what happened behind another pane."""
        if self.model is not None and self.is_on_screen:
            self._tallied_at = None
            self._measure(self.model)
            self._tally(self.model)
            self.redraw()

    def _tally(self, model: RunModel) -> None:
        """Bring totals and the critical path up to date: at most once in a step of the axis."""
        moment = (model.ended, int(model.seconds / self._step))
        if not self._unseen or moment == self._tallied_at:
            return
        self._tallied_at = moment
        for name in self._unseen:
            self._totals.see(name, model.history.get(name, ()))
        self._unseen.clear()
        critical = frozenset(critical_path(model.state))
        if critical != self.critical:
            self.critical = critical
            self.refresh()
        self.refresh_header()

    # drawing

    def row_key(self, task: TaskState, model: RunModel) -> object:
        return task.name in self.critical

    def render_header(self, line: int, width: int) -> list[Segment]:
        if line == 0:
            return [self.fit(f" {self._summary()}", width, "muted")]
        name, rest = self._widths(width)
        return [Segment(" " * (name + 5 + _GAP)), self.fit(ticks(self.axis.length, rest), rest, "muted")]

    def draw_row(self, row: OutlineRow, task: TaskState, model: RunModel, width: int) -> list[Segment]:
        name, rest = self._widths(width + 1)
        look, critical = look_of(model, task), task.name in self.critical
        glyph, mark, guides = (
            (look.ascii, "*", ascii_guides(row.guides)) if self.ascii_only else (look.glyph, "◆", row.guides)
        )
        cells = self.waterfall_of(task.name, model, rest)
        if critical:
            cells = [(text, "accent" if tone in {"ok", "busy"} else tone) for text, tone in cells]
        return [
            self.fit(f"{mark} " if critical else "", 2, "accent"),
            self.fit(f"{glyph} ", 2, look.tone),
            self.fit(guides, min(len(guides), name), "faint"),
            self.fit(row.task, max(name - len(guides), 0), "text" if task.started_at else "muted"),
            Segment(" " * _GAP),
            *self.segments(cells),
        ]

    def _widths(self, width: int) -> tuple[int, int]:
        """Of the name and of the waterfall, behind two marks, glyph and spaces."""
        room = max(width - 5 - _GAP, 0)
        name = min(self._longest, 40, room // 3 if width >= 60 else room // 2)
        return name, room - name

    def _summary(self) -> str:
        totals, mark = self._totals, "*" if self.ascii_only else "◆"
        name, seconds = totals.longest
        parts = [f"{mark} critical path {len(self.critical)}/{len(self.names)}"]
        parts += [f"longest {short_name(name)} {_time(seconds)}"] if name else []
        parts += [f"queued {_time(totals.queue)}", f"retries {_time(totals.wait)}"]
        return (" | " if self.ascii_only else " · ").join(parts)


def _time(seconds: float) -> str:
    return stopwatch(seconds) if seconds < 9.95 else clock(seconds)
