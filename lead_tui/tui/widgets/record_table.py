"""Records as a table: a header that stays, columns that scroll, a cursor in a row and a column."""

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message

from lead_tui.tui.prose.cells import fit
from lead_tui.tui.values.found import Found
from lead_tui.tui.values.records import GAP, Column, Records, first_shown, fitting
from lead_tui.tui.widgets.rows import Rows

_UNDERLINE = Style(underline=True)


class RecordTable(Rows):
    """`Opened` says that the record under the cursor is wanted as a whole."""

    MARGIN = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "column(-1)", "column left", show=False, id="table.left"),
        Binding("right,l", "column(1)", "column right", show=False, id="table.right"),
        Binding("s", "sort", "sort", id="table.sort"),
        Binding("slash", "search", "search", key_display="/", id="table.search"),
        Binding("n", "next(1)", "next", show=False, id="table.next"),
        Binding("N", "next(-1)", "previous", show=False, id="table.previous"),
    ]

    class SearchAsked(Message):
        """Somebody wants to type what is to be searched."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(header=1, id=id, classes=classes)
        self._records = Records([], [])
        self._column = 0
        self._first = 0
        self._found = Found[int]()
        """Numbers of records."""

    def set_records(self, records: Records) -> None:
        self._records = records
        self._column = self._first = 0
        self._found = Found()
        self.cursor = -1
        self.set_count(len(records))
        self.scroll_to(y=0, animate=False)

    @property
    def record(self) -> int:
        """The number, in the list, of the record under the cursor; -1 if there is none."""
        return self._records.order[self.cursor] if self.cursor >= 0 else -1

    @property
    def column(self) -> str:
        """The name of the column under the cursor."""
        return self._records.columns[self._column].name if self._records.columns else ""

    # drawing

    @property
    def _numbers_width(self) -> int:
        return len(str(max(len(self._records) - 1, 0)))

    def _seen(self, width: int) -> list[tuple[int, int]]:
        return fitting(self._records.columns, self._first, self._room(width))

    def _room(self, width: int) -> int:
        """Cells for columns, beside the numbers and the mark that there are more columns."""
        return width - self._numbers_width - GAP - 2

    def render_header(self, line: int, width: int) -> Iterable[Segment]:
        palette, records = self.palette, self._records
        more_left = "‹" if self._first else " "
        yield Segment(f"{more_left:>{self._numbers_width}}  ", palette["faint"])
        seen = self._seen(width)
        for number, room in seen:
            column = records.columns[number]
            style = palette.bold["accent" if number == self._column else "muted"]
            if number == self._column and self.has_focus:
                style += _UNDERLINE
            mark = ("▼" if records.descending else "▲") if column.name == records.sorted_by else ""
            name = fit(column.name, room - 2).rstrip() + f" {mark}" if mark else column.name
            yield from _cell(name, column, room, style)
        if seen and seen[-1][0] + 1 < len(records.columns):
            yield Segment("›", palette["faint"])

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        palette, records = self.palette, self._records
        yield Segment(f"{records.order[index]:>{self._numbers_width}}  ", palette["faint"])
        for number, room in self._seen(width):
            text, tone = records.cell(index, records.columns[number])
            found = records.order[index] in self._found and self._found.needle.casefold() in text.casefold()
            style = palette.bold["ask"] if found else palette[tone]
            yield from _cell(text, records.columns[number], room, style)

    # moving and sorting

    def action_column(self, by: int) -> None:
        last = len(self._records.columns) - 1
        self._column = max(min(self._column + by, last), 0)
        room = self._room(self.row_width)
        self._first = first_shown(self._records.columns, self._first, self._column, room)
        self.refresh()

    def action_sort(self) -> None:
        """Up, down, as it came; the cursor stays on its record."""
        if self.cursor < 0:
            return
        record = self.record
        self._records.sort(self.column)
        self.cursor = self._records.order.index(record)
        self.refresh()

    # searching

    def action_search(self) -> None:
        self.post_message(self.SearchAsked())

    def search(self, text: str) -> None:
        """Find the records that hold this text, in the order in which they stand, and go to the first one."""
        self._found = Found(text, self._records.find(text))
        if text and not self._found:
            self.notify("not found", markup=False, timeout=2)
        self.refresh()
        self.action_next(0)

    def action_next(self, by: int) -> None:
        if self._found:
            self.cursor = self._records.order.index(self._found.move(by))


def _cell(text: str, column: Column, room: int, style: Style) -> Iterable[Segment]:
    yield Segment(fit(text, room, "right" if column.right else "left"), style)
    yield Segment(" " * GAP)
