"""The base of every list: rows of one line, of which only those that are seen are drawn.

A subclass says how many rows there are and draws one as segments. A row that changed is marked with
`refresh_row`; nothing else is drawn again.
"""

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from lead_tui.tui import themes
from lead_tui.tui.themes import Palette


class Rows(ScrollView, can_focus=True):
    """`header` lines stay on top. The cursor is a row's number, -1 while there are none.

    Only the list that has the focus shows its cursor: it is clear where a key goes.
    """

    DEFAULT_CSS = """
    Rows { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; background: transparent; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="list.up"),
        Binding("down,j", "move(1)", "down", show=False, id="list.down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="list.page_up"),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False, id="list.page_down"),
        Binding("home,g", "first", "first", show=False, id="list.first"),
        Binding("end,G", "last", "last", show=False, id="list.last"),
        Binding("enter", "open", "open", id="list.open"),
    ]

    MARGIN: ClassVar[int] = 0
    """Blank cells before each line that is drawn."""
    CURSOR_STAYS: ClassVar[bool] = False
    """Is the cursor shown without the focus, too, since others follow it?"""

    SIZED_BY_CONTENT: ClassVar[bool] = True
    """May its place on the screen depend on how many rows there are?"""

    cursor: reactive[int] = reactive(-1, init=False)

    class Moved(Message):
        """The cursor stands on another row now."""

        def __init__(self, rows: "Rows", index: int) -> None:
            super().__init__()
            self.rows = rows
            self.index = index

        @property
        def control(self) -> "Rows":
            return self.rows

    class Opened(Moved):
        """A row was opened: enter, or a double click."""

    def __init__(
        self,
        *,
        header: int = 0,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.header = header
        self._count = 0
        self._palette: Palette | None = None
        self._own_style: Style | None = None

    # for subclasses

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        """Draw a row: at least `width` cells or less, it is cut and padded. The cursor's colour is added."""
        raise NotImplementedError

    def render_header(self, line: int, width: int) -> Iterable[Segment]:
        """Draw one of the `header` lines."""
        return ()

    def render_empty(self, line: int, width: int) -> Iterable[Segment]:
        """Draw a line of a list without rows."""
        return ()

    # for owners

    @property
    def count(self) -> int:
        return self._count

    @property
    def palette(self) -> Palette:
        if self._palette is None:
            self._palette = Palette.of(self.app)
        return self._palette

    @property
    def ascii_only(self) -> bool:
        return themes.ascii_only(self.app)

    @property
    def row_width(self) -> int:
        """Cells for what a line says."""
        return max(self.scrollable_content_region.width - self.MARGIN, 0)

    @property
    def visible_rows(self) -> range:
        """The numbers of the rows that are on the screen."""
        top = round(self.scroll_y)
        return range(top, min(top + max(self.size.height - self.header, 0), self._count))

    def set_count(self, count: int) -> None:
        """There are this many rows now; all are drawn again."""
        self._count = count
        self.set_lines(count + self.header)
        if not count:
            self.cursor = -1
        elif self.cursor < 0:
            self.cursor = 0
        elif self.cursor >= count:
            self.cursor = count - 1
        self.refresh()

    def set_lines(self, lines: int) -> None:
        """Scroll over so many lines. Who sets `virtual_size` itself has the whole screen laid out anew."""
        size = Size(0, lines)
        if self.SIZED_BY_CONTENT:
            self.virtual_size = size
        elif size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)

    def refresh_row(self, index: int) -> None:
        """Draw this row again, if it is on the screen."""
        line = index - round(self.scroll_y) + self.header
        if self.header <= line < self.size.height:
            self.refresh(Region(0, line, self.size.width, 1))

    def refresh_header(self) -> None:
        if self.header:
            self.refresh(Region(0, 0, self.size.width, self.header))

    def show_row(self, index: int) -> None:
        """Scroll as little as needed to have this row on the screen."""
        height = max(self.size.height - self.header, 1)
        top = round(self.scroll_y)
        if index < top:
            self.scroll_to(y=index, animate=False)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False)

    # drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        self._own_style = self.rich_style  # once a frame: finding it out takes longer than drawing a line
        strips = super().render_lines(crop)
        self._own_style = None
        return strips

    def render_line(self, y: int) -> Strip:
        width = self.row_width
        style = self._own_style or self.rich_style
        index = y - self.header + round(self.scroll_y)
        segments: Iterable[Segment] = ()
        if y < self.header:
            segments = self.render_header(y, width)
        elif index < self._count:
            segments = self.render_row(index, width)
        elif not self._count:
            segments = self.render_empty(y - self.header, width)
        strip = Strip(segments).adjust_cell_length(width)
        if self.MARGIN:
            strip = Strip([Segment(" " * self.MARGIN), *strip], width + self.MARGIN)
        if y >= self.header and index == self.cursor:
            strip = self._under_cursor(strip)
        return strip.apply_style(style)

    def _under_cursor(self, strip: Strip) -> Strip:
        cursor = self.palette.cursor
        if not self.has_focus:
            if not self.CURSOR_STAYS:
                return strip
            cursor += Style(bold=False)
        # the cursor's colours stand behind the row's own
        return Strip(
            [Segment(text, style + cursor if style else cursor) for text, style, _ in strip],
            strip.cell_length,
        )

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None

    # moving

    def validate_cursor(self, cursor: int) -> int:
        return max(min(cursor, self._count - 1), 0 if self._count else -1)

    def watch_cursor(self, before: int, cursor: int) -> None:
        self.refresh_row(before)
        if cursor >= 0:
            self.refresh_row(cursor)
            self.show_row(cursor)
            self.post_message(self.Moved(self, cursor))

    def action_move(self, by: int) -> None:
        self.cursor += by

    def action_page(self, by: int) -> None:
        self.cursor += by * max(self.size.height - self.header - 1, 1)

    def action_first(self) -> None:
        self.cursor = 0

    def action_last(self) -> None:
        self.cursor = self._count - 1

    def action_open(self) -> None:
        if self.cursor >= 0:
            self.post_message(self.Opened(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        index = event.y - self.header + round(self.scroll_y)
        if event.y >= self.header and index < self._count:
            self.cursor = index
            if event.chain == 2:
                self.action_open()

    def on_resize(self) -> None:
        if self.cursor >= 0:
            self.show_row(self.cursor)

    def on_focus(self) -> None:
        self.refresh_row(self.cursor)
        self.refresh_header()

    def on_blur(self) -> None:
        self.refresh_row(self.cursor)
        self.refresh_header()
