"""The run's default view: one table in which each task stands once, tree, table and Gantt chart in one."""

from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.reactive import reactive

from lead_tui.core.spending import is_held
from lead_tui.core.state import TaskState, TaskStatus
from lead_tui.text.words import stopwatch
from lead_tui.tui.look import Tone, clock
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.tasks.looks import cut_off, given_look, look_of
from lead_tui.tui.tasks.outline import OutlineRow, ascii_guides
from lead_tui.tui.tasks.sayings import saying
from lead_tui.tui.tasks.waterfall import axis_line
from lead_tui.tui.widgets.task_rows import TaskRows

_TRY, _TIME, _GAP = 5, 6, 2
_WAITS = {
    "retry": "retries",
    "retry_after": "retries",
    "rate_limit": "rate limit",
    "breaker": "breaker",
    "person": "needs you",
    "budget": "budget",
}


LEAST_WATERFALL = 20


class Columns(NamedTuple):
    """Widths behind the cursor's mark, the state's glyph and a space; 0 leaves a column out."""

    name: int
    agent: int = 0
    tries: int = 0
    waterfall: int = 0
    says: int = 0


def columns(width: int, name: int, agent: int, tries: int = _TRY) -> Columns:
    """What fits into `width` cells; `name` and `agent` are what the longest of each would like to have."""
    room = width - 3 - 1 - _TIME
    if width < 60:
        return Columns(name=max(room, 0))
    agent = max(min(agent, 8 if width < 120 else 14), 5)
    room -= agent + 1 + tries + _GAP
    says = (room - 40) // 2 if width >= 140 else 0
    room -= says + _GAP if says else 0
    name = min(name + 1, 48, max(room - LEAST_WATERFALL, room // 2))
    return Columns(name, agent, tries, room - name, says)


class TasksTable(TaskRows):
    """`filter` keeps tasks by name, agent or status word; `failed_first` puts failed ones on top."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("F", "failed_first", "failed first", show=False, id="tasks.failed_first"),
    ]

    filter: reactive[str] = reactive("", init=False)
    failed_first: reactive[bool] = reactive(False, init=False)

    class Moved(TaskRows.Moved):
        """The cursor stands on another task now: `selected` of the widget says which."""

    class Opened(TaskRows.Opened):
        """A task was opened."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._longest = (0, 0, _TRY)
        self._wanted = ""
        self._known_as: dict[str, str] = {}
        self._shut: object = None
        """What keeps tasks from starting, when last looked at."""
        self._hoisted: frozenset[str] = frozenset()

    # for owners

    def set_model(self, model: RunModel) -> None:
        self._shut = _shut(model)
        super().set_model(model)
        name = max(map(_name_width, self.outline.values()), default=0)
        agent = max((cell_len(task.agent) for task in model.plan.tasks), default=0)
        most = max((task.tries for task in model.plan.tasks), default=0)
        self._longest = (name, agent, max(len(f"{most}/{most}") + 1, _TRY))
        self._known_as = {task.name: f"{task.name}\n{task.agent}".casefold() for task in model.plan.tasks}
        self._sort(model)

    def show(self, changes: Changes) -> None:
        model = self.model
        if model is None:
            return
        if changes.again or self._order_changed(changes, model):
            self._sort(model)
        if changes.run and (shut := _shut(model)) != self._shut:
            self._shut = shut
            self.redraw()
        super().show(changes)

    def action_failed_first(self) -> None:
        self.failed_first = not self.failed_first
        if self.failed_first:
            self.go_to_failed()

    # order

    def watch_filter(self) -> None:
        self._wanted = self.filter.casefold()
        if self.model is not None:
            self._sort(self.model)

    def watch_failed_first(self) -> None:
        if self.model is not None:
            self._sort(self.model)

    def _sort(self, model: RunModel) -> None:
        names = [name for name in self.outline if not self.filter or self._matches(name, model)]
        self._hoisted = frozenset(model.failed if self.failed_first else ())
        names.sort(key=lambda name: name not in self._hoisted)
        self._drawn.clear()
        self.set_order(names)

    def _matches(self, name: str, model: RunModel) -> bool:
        look = look_of(model, model.state.tasks[name])
        return self._wanted in self._known_as[name] or self._wanted in look.word

    def _order_changed(self, changes: Changes, model: RunModel) -> bool:
        """Has one of the changed tasks to come, to go or to move?"""
        if self.filter and any((name in self._place) != self._matches(name, model) for name in changes.tasks):
            return True
        if not self.failed_first:
            return False
        return any((name in self._hoisted) != (name in model.failed) for name in changes.tasks)

    # drawing

    def _columns(self, width: int) -> Columns:
        return columns(width, *self._longest)

    def row_key(self, task: TaskState, model: RunModel) -> object:
        note = model.progress.get(task.name)
        return note.number if note is not None else None

    def render_header(self, line: int, width: int) -> list[Segment]:
        layout = self._columns(width)
        cells = [*self._title(layout.name + 3)]
        if layout.agent:
            cells.append(self.fit(" AGENT", layout.agent + 1, "muted"))
            cells.append(self.fit("TRY", layout.tries, "muted", right=True))
        cells.append(self.fit(" TIME", _TIME + 1, "muted", right=True))
        if layout.waterfall:
            axis = axis_line(self.axis.length, layout.waterfall, ascii_only=self.ascii_only)
            cells.append(self.fit(" " * _GAP + axis, layout.waterfall + _GAP, "muted"))
        if layout.says:
            cells.append(self.fit("  SAYS", layout.says + _GAP, "muted"))
        return cells

    def _title(self, width: int) -> list[Segment]:
        """`TASK`, or what is filtered and how many of all are left."""
        if not self.filter:
            title = fit("TASK", min(width - 3, 4))
            return [
                Segment("   "),
                Segment(title, self.palette.title(self.has_focus)),
                Segment(" " * (width - 3 - len(title))),
            ]
        return [self.fit(f"   /{self.filter}  {self.count} of {len(self.outline)}", width, "accent")]

    def render_empty(self, line: int, width: int) -> list[Segment]:
        if line:
            return []
        text = f"   no task matches {self.filter!r}" if self.filter else "   no tasks"
        return [self.fit(text, width, "muted")]

    def draw_row(self, row: OutlineRow, task: TaskState, model: RunModel, width: int) -> list[Segment]:
        layout = self._columns(width + 1)
        look = look_of(model, task)
        glyph = look.ascii if self.ascii_only else look.glyph
        cells = [self.fit(f"{glyph} ", 2, look.tone), *self._name_cells(row, task, model, layout.name)]
        if layout.agent:
            cells.append(self.fit(f" {task.plan.agent}", layout.agent + 1, "muted"))
            cells.append(self.fit(self._try(task), layout.tries, "muted", right=True))
        cells.append(
            self.fit(time_text(task, model), _TIME + 1, "text" if task.started_at else "faint", right=True)
        )
        if layout.waterfall:
            cells.append(Segment(" " * _GAP))
            cells += self.segments(self.waterfall_of(task.name, model, layout.waterfall))
        if layout.says:
            tone: Tone = "bad" if task.status is TaskStatus.FAILED else "muted"
            cells.append(self.fit("  " + saying(task, model), layout.says + _GAP, tone))
        return cells

    def _name_cells(self, row: OutlineRow, task: TaskState, model: RunModel, width: int) -> list[Segment]:
        """Guides and name at the left, the badge at the right, where both have room."""
        guides = "" if self.filter or self.failed_first else row.guides
        if self.ascii_only:
            guides = ascii_guides(guides)
        badge, tone = badge_of(row, task, model)
        room = width - len(guides)
        badge_width = len(badge) + 1 if badge and room - len(badge) - 1 >= min(cell_len(row.task), 8) else 0
        name_tone: Tone = "muted" if task.status in _QUIET else "text"
        if task.status is TaskStatus.FAILED and not task.handled:
            name_tone = "bad"
        cells = [self.fit(guides, min(len(guides), width), "faint")] if guides else []
        cells.append(self.fit(row.task, max(room - badge_width, 0), name_tone))
        if badge_width:
            cells.append(self.fit(f" {badge}", badge_width, tone))
        return cells

    def _try(self, task: TaskState) -> str:
        """Which try it is at, or how many it took; `2/3` where the most is known."""
        if task.started_at is None:
            return "-"
        number = max(task.tries + (task.status is not TaskStatus.FAILED), 1)
        return f"{number}/{task.plan.tries}" if task.plan.tries else str(number)


_QUIET = frozenset({TaskStatus.PENDING, TaskStatus.SKIPPED, TaskStatus.CANCELLED})


def badge_of(row: OutlineRow, task: TaskState, model: RunModel) -> tuple[str, Tone]:
    """What keeps the task, how far it is, or else what it needs."""
    look = look_of(model, task)
    match task.status:
        case TaskStatus.WAITING if given_look(model, task) is not None:
            return look.word, look.tone
        case TaskStatus.WAITING:
            return _WAITS.get(task.wait, task.wait), look.tone
        case TaskStatus.SKIPPED | TaskStatus.CANCELLED | TaskStatus.INTERRUPTED:
            return look.word, look.tone
        case TaskStatus.RUNNING if cut_off(model, task):
            return "cut off", look.tone
        case TaskStatus.FAILED if task.handled:
            return "handled", look.tone
        case TaskStatus.FAILED | TaskStatus.READY if task.plan.agent in open_breakers(model):
            return "breaker", "bad"
        case TaskStatus.READY if model.state.budgets and is_held(model.state, task):
            return "budget", "ask"
        case TaskStatus.RUNNING if (note := model.progress.get(task.name)) is not None:
            total = f"/{note.total:g}" if note.total is not None else ""
            return f"{note.done:g}{total}", look.tone
        case _:
            return row.badge, "faint"


def open_breakers(model: RunModel) -> frozenset[str]:
    """Agents whose breaker lets no call through now."""
    return frozenset(name for name, breaker in model.state.breakers.items() if breaker.state == "open")


def _shut(model: RunModel) -> tuple[frozenset[str], frozenset[str]]:
    """Open breakers and spent budgets."""
    budgets = model.state.budgets
    return open_breakers(model), frozenset(name for name, budget in budgets.items() if budget.holds)


def time_text(task: TaskState, model: RunModel) -> str:
    """`3.2s` or `2:14` from start to end, whole seconds up to now, `-` before the start."""
    if task.started_at is None:
        return "-"
    if task.ended_at is None:
        return clock((model.now - task.started_at).total_seconds())
    return stopwatch(task.duration) if task.duration < 9.95 else clock(task.duration)


def _name_width(row: OutlineRow) -> int:
    return len(row.guides) + cell_len(row.task) + max(len(row.badge) + 1, 10)
