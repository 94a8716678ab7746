"""A flow as a graph: each task with its state, and the edges that lead to it and from it.

A flow of up to 60 tasks is drawn whole, of a larger one what stands around the selected task. The layout is
made anew when the plan, the pane or the direction changes; when a state changes, its box is drawn again.
"""

from collections.abc import Collection
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lead_tui.core.plan import Plan
from lead_tui.text.words import short_name
from lead_tui.tui import themes
from lead_tui.tui.dag.fit import fitted
from lead_tui.tui.dag.nearby import Nearby
from lead_tui.tui.dag.planned import PlanGraph
from lead_tui.tui.dag.walk import Direction, edges_through, next_box
from lead_tui.tui.look import Look
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.tasks.looks import look_of
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.graph_labels import Label, legend, stub_label, task_label
from lead_tui.tui.widgets.graph_lines import GraphLines

_PLANNED = Look("·", ".", "planned", "text")
_FAULTY = Look("✖", "x", "faulty", "bad")
_SHORTEST, _LONGEST = 10, 28
"""Cells of a name."""


class GraphView(ScrollView, can_focus=True):
    """Shows a run (`set_model`, then `show` once a frame) or a flow that does not run (`set_plan`)."""

    DEFAULT_CSS = """
    GraphView {
        overflow: auto auto; scrollbar-size: 1 1; background: transparent; padding: 0;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go('up')", "up", show=False, id="graph.up"),
        Binding("down,j", "go('down')", "down", show=False, id="graph.down"),
        Binding("left,h", "go('left')", "left", show=False, id="graph.left"),
        Binding("right,l", "go('right')", "right", show=False, id="graph.right"),
        Binding("home,g", "first", "first", show=False, id="graph.first"),
        Binding("end,G", "last", "last", show=False, id="graph.last"),
        Binding("enter", "open", "open", id="graph.open"),
        Binding("o", "turn", "turn", id="graph.turn"),
    ]

    class Moved(Message):
        """A person selected another task."""

        def __init__(self, graph: "GraphView", task: str) -> None:
            super().__init__()
            self.graph = graph
            self.task = task

        @property
        def control(self) -> "GraphView":
            return self.graph

    class Opened(Moved):
        """A task was opened: enter, or a double click."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._model: RunModel | None = None
        self._graph = PlanGraph(None)
        self._faulty: Collection[str] = ()
        self._selected = ""
        self._across: bool | None = None
        """The direction that a person chose."""
        self._nearby: Nearby | None = None
        self._lines: GraphLines | None = None
        self._palette: Palette | None = None
        self._limit = _LONGEST
        self._origin = Offset()

    # for owners

    @property
    def selected(self) -> str:
        """The selected task, "" if there is none."""
        return self._selected

    def set_model(self, model: RunModel) -> None:
        """Show a run."""
        self._model, self._faulty = model, ()
        self._take(model.plan)

    def set_plan(self, plan: Plan | None, faulty: Collection[str] = ()) -> None:
        """Show a flow as it is written, with the tasks in which something is wrong."""
        self._model, self._faulty = None, frozenset(faulty)
        self._take(plan)

    def select(self, task: str) -> None:
        """Move to this task, if there is one of that name. Says nothing: the owner knows."""
        if task in self._graph.names and task != self._selected:
            self._selected = task
            if self._graph.is_whole:
                self._light_up()
            else:
                self._lay_out()
            self._show_selected()

    def show(self, changes: Changes) -> None:
        """Draw again what has changed since the last frame."""
        if changes.again:
            self._draw_again()
        elif self._lines is not None:
            for task in self._lines.drawing.boxes.keys() & changes.tasks:
                box = self._lines.drawing.boxes[task]
                self._lines.forget(range(box.y, box.y + box.height))
                self.refresh(self._region(self._lines, task).translate(-self.scroll_offset))

    # layout

    def _take(self, plan: Plan | None) -> None:
        graph = PlanGraph(plan)
        if graph.shape != self._graph.shape:
            self._graph = graph
            if self._selected not in graph.names:
                self._selected = graph.names[0] if graph.names else ""
            self._lay_out()
            self._show_selected()
        self._draw_again()

    @property
    def _room(self) -> Size:
        """The pane with what scrollbars take of it, without the legend."""
        return Size(self.size.width, max(self.size.height - self._has_legend, 0))

    @property
    def _window(self) -> Size:
        """What is seen of the drawing."""
        size = self.scrollable_content_region.size
        return Size(size.width, max(size.height - self._has_legend, 0))

    @property
    def _has_legend(self) -> bool:
        return bool(self._graph.conditions) or not self._graph.is_whole

    def _lay_out(self) -> None:
        """Choose how to draw, and where in the pane it stands."""
        room = self._room
        if not room.area or not self._graph.names:
            self._lines = None
            self.virtual_size = Size(0, 0)
            self.refresh()
            return
        self._limit = max(_SHORTEST, min(_LONGEST, room.width // 4))
        if self._graph.is_whole:
            graph, self._nearby = self._graph.whole, None
        else:
            graph, self._nearby = self._graph.around(self._selected)
        layout = fitted(graph, self._width_of, (room.width, room.height), across=self._across)
        drawing = layout.painted(ascii_only=themes.ascii_only(self.app))
        self._lines = GraphLines(drawing, self._label, ascii_only=themes.ascii_only(self.app))
        self._origin = Offset(
            max(room.width - drawing.width, 0) // 2, max(room.height - drawing.height, 0) // 2
        )
        self.virtual_size = Size(drawing.width, drawing.height + self._has_legend)
        self._light_up()

    def _light_up(self) -> None:
        """Make the ways to the selected task and from it bright."""
        if self._lines is not None:
            drawing = self._lines.drawing
            through = edges_through(drawing.routes, self._selected)
            self._lines.selected = self._selected
            self._lines.bright = frozenset(point for edge in through for point in drawing.seen(edge))
        self._draw_again()

    def _draw_again(self) -> None:
        if self._lines is not None:
            self._lines.forget()
        self.refresh()

    def _region(self, lines: GraphLines, name: str) -> Region:
        """Where a box lies, seen from the upper left corner of all that can be scrolled."""
        box = lines.drawing.boxes[name]
        return Region(box.x, box.y, box.width, box.height).translate(self._origin)

    def _show_selected(self) -> None:
        """In the middle, as far as there is something on both sides of it."""
        if self._lines is not None:
            middle = self._region(self._lines, self._selected).center
            x, y = (round(at - room / 2) for at, room in zip(middle, self._window, strict=True))
            self.scroll_to(x=x, y=y, animate=False, force=True)

    # looks

    def _width_of(self, name: str) -> int:
        return self._label(name).width

    def _label(self, name: str) -> Label:
        near, palette = self._nearby, self.palette
        if near is not None and name in near.stubs:
            return stub_label(near.stubs[name], palette)
        return task_label(
            short_name(name, self._limit) + (" …" if near is not None and name in near.leads_on else ""),
            self._look(name),
            palette,
            selected=name == self._selected,
            ascii_only=themes.ascii_only(self.app),
        )

    def _look(self, name: str) -> Look:
        if self._model is not None:
            return look_of(self._model, self._model.state.tasks[name])
        return _FAULTY if name in self._faulty else _PLANNED

    @property
    def palette(self) -> Palette:
        if self._palette is None:
            self._palette = Palette.of(self.app)
        return self._palette

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None
        self._draw_again()

    # drawing

    def _legend(self) -> str:
        plain = themes.ascii_only(self.app)
        return legend(self._graph, self._selected, self._limit, ascii_only=plain)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._has_legend and y == self._window.height:
            strip = Strip(
                [
                    Segment(
                        f" {self._legend()}"[:width],
                        self.palette["muted"],
                    )
                ]
            )
        elif self._lines is None:
            empty = y == 0 and not self._graph.names
            strip = Strip([Segment(" no tasks"[:width] if empty else "", self.palette["muted"])])
        else:
            strip = self._drawn(self._lines, y + round(self.scroll_y) - self._origin.y)
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def _drawn(self, lines: GraphLines, line: int) -> Strip:
        lines.near, lines.far = self.palette.bold["accent"], self.palette["faint"]
        lines.cursor = Style(reverse=True) if self.has_focus else self.palette.cursor
        left, width = round(self.scroll_x) - self._origin.x, self._window.width
        strip = Strip.join([Strip.blank(self._origin.x), lines.line(line)])
        seen = strip.crop(round(self.scroll_x)).adjust_cell_length(width)
        before, behind = lines.is_cut(line, left, left + width)
        if before:
            seen = Strip.join([self._sign("‹<"), seen.crop(1)])
        if behind:
            seen = Strip.join([seen.crop(0, width - 1), self._sign("›>")])
        return seen

    def _sign(self, glyphs: str) -> Strip:
        """That there are more tasks on this line, out of sight."""
        return Strip([Segment(glyphs[themes.ascii_only(self.app)], self.palette.bold["accent"])], 1)

    # moving

    def _move(self, task: str) -> None:
        """As a person: to a task, or through a stub to the nearest task that it stands for."""
        if self._nearby is not None and task in self._nearby.stubs:
            task = self._nearby.stubs[task].nearest
        if task != self._selected:
            self.select(task)
            self.post_message(self.Moved(self, task))

    def action_go(self, direction: Direction) -> None:
        if self._lines is not None:
            self._move(next_box(self._lines.drawing, self._selected, direction))

    def action_first(self) -> None:
        if self._graph.names:
            self._move(self._graph.names[0])

    def action_last(self) -> None:
        if self._graph.names:
            self._move(self._graph.names[-1])

    def action_open(self) -> None:
        if self._selected:
            self.post_message(self.Opened(self, self._selected))

    def action_turn(self) -> None:
        """Draw from top to bottom what went from left to right, and back."""
        if self._lines is not None:
            self._across = not self._lines.drawing.across
            self._lay_out()
            self._show_selected()

    def on_click(self, event: events.Click) -> None:
        if self._lines is None:
            return
        x, y = event.offset + self.scroll_offset - self._origin
        for box in self._lines.drawing.boxes.values():
            if box.contains(x, y):
                self._move(box.name)
                if event.chain == 2:
                    self.action_open()
                return

    def on_resize(self) -> None:
        self._lay_out()
        self._show_selected()

    def on_focus(self) -> None:
        self._draw_again()

    def on_blur(self) -> None:
        self._draw_again()
