"""The panes of a run on one model: tasks, graph, timeline, log, health. The cursor of the tasks leads all.

One view fills the place; `tasks` shows several panes where there is room. What the first frame does not need
is loaded right after it.
"""

from typing import TYPE_CHECKING, Protocol, cast

from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.screen.paint import paint
from lead_tui.tui.widgets.log_view import LogView
from lead_tui.tui.widgets.tasks_table import TasksTable

if TYPE_CHECKING:
    from lead_tui.tui.widgets.graph_view import GraphView
    from lead_tui.tui.widgets.timeline import Timeline

VIEWS = ("tasks", "graph", "time", "log", "health")
NAMES = ("Tasks", "Graph", "Time", "Log", "Health")
SOON = 0.04
"""Seconds after which the first frame is on the screen."""


class Pane(Protocol):
    """What each of them can do."""

    def set_model(self, model: RunModel) -> None: ...

    def show(self, changes: Changes) -> None: ...


class Panes(Container):
    """`view` is one of VIEWS; `zoomed`: of the panes that it shows, the one with the focus alone."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    Panes { height: 1fr; }
    Panes > * { display: none; height: 1fr; }
    Panes.-view-tasks > #tasks { display: block; height: 3fr; }
    Panes.-view-tasks > #log { display: block; height: 2fr; }
    Panes.-view-graph > #graph { display: block; }
    Panes.-view-time > #time { display: block; }
    Panes.-view-log > #log { display: block; }
    Panes.-view-health > #health { display: block; }

    .-wide.-tall Panes.-view-tasks, .-huge.-tall Panes.-view-tasks {
        layout: grid; grid-size: 2 2; grid-columns: 3fr 2fr; grid-rows: 3fr 2fr;
        & > * { height: 100%; }
        & > #graph, & > #health { display: block; }
        & > #log, & > #health { border-left: vkey $border-blurred; }
        & > #graph { border-top: solid $border-blurred; border-title-color: $foreground; }
        & > #graph:focus { border-title-color: $accent; border-title-style: bold; }
        & > #graph:focus:nocolor { border-title-style: bold underline; }
    }
    .-wide.-low Panes.-view-tasks, .-huge.-low Panes.-view-tasks {
        layout: grid; grid-size: 2 1; grid-columns: 3fr 2fr;
        & > * { height: 100%; }
        & > #log { border-left: vkey $border-blurred; }
    }
    .-tiny Panes.-view-tasks > #log, .-flat Panes.-view-tasks > #log { display: none; }

    Screen Panes.-view-tasks.-zoomed {
        layout: vertical;
        & > * { display: none !important; border: none !important; }
        & > .-zoom { display: block !important; height: 1fr !important; }
    }
    """

    view: reactive[str] = reactive("tasks", init=False)

    class Selected(Message):
        """The cursor stands on another task now."""

        def __init__(self, task: str) -> None:
            super().__init__()
            self.task = task

    class Opened(Selected):
        """A task was opened."""

    class Turned(Message):
        """Another view is shown."""

    def __init__(self, model: RunModel) -> None:
        super().__init__(classes="-view-tasks")
        self._model = model
        self._fed: set[Widget] = set()
        """Panes that have the model; one that was not seen yet needs none."""
        self.loop_lag = 0.0

    def compose(self) -> ComposeResult:
        yield TasksTable(id="tasks")
        yield LogView(id="log")

    def on_mount(self) -> None:
        self._feed()
        self.tasks.focus()
        self.call_after_refresh(self.set_timer, SOON, self.complete)

    def complete(self) -> None:
        """Bring the panes that the first frame could do without."""
        if len(self.children) > 2:
            return
        from lead_tui.tui.widgets.graph_view import GraphView
        from lead_tui.tui.widgets.health import Health
        from lead_tui.tui.widgets.timeline import Timeline

        graph, health, timeline = GraphView(id="graph"), Health(id="health"), Timeline(id="time")
        graph.border_title = " Graph "
        self.mount_all((graph, health, timeline))
        self.call_after_refresh(self._catch_up)

    @property
    def tasks(self) -> TasksTable:
        return self.query_one(TasksTable)

    @property
    def log_view(self) -> LogView:
        return self.query_one(LogView)

    def show(self, changes: Changes) -> None:
        """Once a frame."""
        if changes.again:
            self._fed.clear()
        for pane in self._feed():
            if hasattr(pane, "loop_lag"):
                pane.loop_lag = self.loop_lag
            pane.show(changes)

    def _feed(self) -> list[Pane]:
        """The panes that are seen, each with the model."""
        seen = [child for child in self.children if child.display]
        for child in seen:
            if child not in self._fed:
                self._fed.add(child)
                cast("Pane", child).set_model(self._model)
                if child.id == "graph":
                    cast("GraphView", child).select(self.tasks.selected)
        return [cast("Pane", child) for child in seen]

    # the cursor leads

    def on_tasks_table_moved(self, event: TasksTable.Moved) -> None:
        event.stop()
        task = self.tasks.selected
        if not self.log_view.pinned:
            self.log_view.show_task(task)
        for graph in self.query("#graph"):
            cast("GraphView", graph).select(task)
        paint(self.screen)
        self.post_message(self.Selected(task))

    def toggle_all(self) -> None:
        """The log of all tasks, or again that of the one under the cursor."""
        log = self.log_view
        if log.pinned and not log.task_name:
            log.pinned = False
        else:
            log.show_task("")
            log.pinned = True

    def on_log_view_pinned(self, event: LogView.Pinned) -> None:
        if not event.pinned:
            self.log_view.show_task(self.tasks.selected)

    def on_graph_view_moved(self, event: "GraphView.Moved") -> None:
        event.stop()
        self.tasks.select(event.task)

    def on_timeline_moved(self, event: "Timeline.Moved") -> None:
        event.stop()
        if self.view == "time":
            self.tasks.select(self._timeline.selected)

    def on_tasks_table_opened(self, event: TasksTable.Opened) -> None:
        event.stop()
        self._open(self.tasks.selected)

    def on_timeline_opened(self, event: "Timeline.Opened") -> None:
        event.stop()
        self._open(self._timeline.selected)

    def on_graph_view_opened(self, event: "GraphView.Opened") -> None:
        event.stop()
        self._open(event.task)

    def _open(self, task: str) -> None:
        if task:
            self.post_message(self.Opened(task))

    @property
    def _timeline(self) -> "Timeline":
        return cast("Timeline", self.query_one("#time"))

    # views

    def watch_view(self, before: str, view: str) -> None:
        self.complete()
        self.remove_class(f"-view-{before}")
        self.add_class(f"-view-{view}")
        self.unzoom()
        self._feed()
        if view == "time":
            self._timeline.select(self.tasks.selected)
        self.query_one(f"#{view}").focus()
        self.call_after_refresh(self._catch_up)
        self.post_message(self.Turned())

    @property
    def zoomed(self) -> bool:
        return self.has_class("-zoomed")

    def zoom(self) -> None:
        """The pane with the focus alone, or all again."""
        focused = self.screen.focused
        if self.zoomed:
            self.unzoom()
        elif focused is not None and focused.parent is self:
            focused.add_class("-zoom")
            self.add_class("-zoomed")
        self.call_after_refresh(self._catch_up)

    def unzoom(self) -> None:
        self.remove_class("-zoomed")
        for pane in self.children:
            pane.remove_class("-zoom")

    def _catch_up(self) -> None:
        """A pane that was hidden has missed what changed."""
        for pane in self._feed():
            pane.show(Changes(again=True, said=True, run=True, time=True))
