"""How a row of the log and its head line are drawn, as segments. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from lead_tui.text.safe import safe_line
from lead_tui.text.words import short_name
from lead_tui.tui.log.lines import minute, moment, task_of
from lead_tui.tui.log.search import Search
from lead_tui.tui.log.transcript import Block
from lead_tui.tui.look import ASCII, Tone
from lead_tui.tui.themes import Palette

_TEXT: dict[str, Tone] = {"bad": "bad", "faint": "muted", "skipped": "muted"}
"""Texts that do not have the tone of texts."""
_BADGES: dict[str, Tone] = {
    "PINNED": "ask", "ERRORS": "bad", "FOLLOW": "ok", "new": "retry", "WRAP": "muted", "search": "accent",
    "lines": "muted",
}  # fmt: skip
_IMPORTANCE = ("search", "new", "PINNED", "ERRORS", "FOLLOW", "lines", "WRAP")


LONG_TIME, SHORT_TIME = 9, 7
"""Cells for `02:12.9` and for `02:12`, with blanks round it."""


class Columns(NamedTuple):
    """Widths in cells: of what stands before the text, 0 if there is no room for it, and of the text."""

    time: int
    kind: int
    task: int
    text: int

    @property
    def indent(self) -> int:
        return self.time + self.kind + self.task

    @classmethod
    def of(cls, width: int, *, of_all: bool) -> "Columns":
        time = LONG_TIME if width >= 60 else SHORT_TIME if width >= 40 else 0
        kind = 8 if width >= 30 else 0
        task = max(min(width // 5, 24), 10) if of_all and width >= 40 else 0
        return cls(time, kind, task, max(width - time - kind - task, 2))


class LogPen(NamedTuple):
    """`left`: how many cells of a text that is not wrapped are out of sight on the left."""

    palette: Palette
    columns: Columns
    started_at: datetime | None
    left: int = 0
    ascii_only: bool = False

    def row(self, block: Block, row: int, search: Search | None, *, current: bool) -> list[Segment]:
        start, end = block.span(row)
        text = self._text(block, start, end, search, current=current)
        return [*self._before(block, is_first=row == block.start), *text]

    def selected(self, segments: Iterable[Segment], width: int) -> Iterable[Segment]:
        cursor = self.palette.cursor
        strip = Strip(segments).adjust_cell_length(width)
        return [Segment(text, style + cursor if style else cursor) for text, style, _ in strip]

    def _before(self, block: Block, *, is_first: bool) -> Iterable[Segment]:
        columns, palette = self.columns, self.palette
        if not is_first:
            yield Segment(" " * columns.indent)
            return
        if columns.time:
            told = moment if columns.time == LONG_TIME else minute
            yield Segment(f"{told(block.item.ts, self.started_at):>{columns.time - 1}} ", palette["faint"])
        if columns.kind:
            yield Segment(f"{block.said.kind:<7} ", palette[block.said.tone])
        if columns.task:
            name = set_cell_size(short_name(task_of(block.item), columns.task - 1), columns.task - 1)
            yield Segment(f"{name} ", palette["muted"])

    def _text(
        self, block: Block, start: int, end: int, search: Search | None, *, current: bool
    ) -> Iterable[Segment]:
        # what lies out of sight on the right is not even looked at: a line may be very long
        end = min(end, start + self.left + self.columns.text)
        style = self.palette[_TEXT.get(block.said.tone, "text")]
        if search is None:
            segments = [Segment(block.text[start:end], style)]
        else:
            mark = self.palette.bold["accent" if current else "retry"] + Style(reverse=True)
            segments = _marked(block.text, start, end, search.matches(block.text, start, end), style, mark)
        if self.ascii_only:
            segments = [Segment(text.translate(ASCII), style) for text, style, _ in segments]
        return Strip(segments).crop(self.left) if self.left else segments


def _marked(
    text: str, start: int, end: int, matches: Iterable[tuple[int, int]], style: Style, mark: Style
) -> list[Segment]:
    segments: list[Segment] = []
    for first, last in matches:
        if last > start and first < end:
            begin, stop = max(first, start), min(last, end)
            segments += (Segment(text[start:begin], style), Segment(text[begin:stop], mark))
            start = stop
    return [*segments, Segment(text[start:end], style)]


def head(
    width: int,
    title: str,
    badges: Sequence[tuple[str, str]],
    palette: Palette,
    *,
    active: bool,
    ascii_only: bool = False,
) -> list[Segment]:
    """The line above: a title, and at its right as many badges as there is room for."""
    line, rule = "-" if ascii_only else "─", palette["accent" if active else "faint"]
    shown = [(safe_line(text, 60), kind) for text, kind in badges]
    room = width - min(cell_len(title), 24) - 8
    while shown and sum(cell_len(text) + 2 for text, _ in shown) > room:
        shown.remove(max(shown, key=lambda badge: _IMPORTANCE.index(badge[1])))
    right = [Segment(f"  {text}", palette[_BADGES[kind]]) for text, kind in shown]
    used = sum(segment.cell_length for segment in right)
    name = short_name(title, max(width - used - 8, 3))
    fill = max(width - used - cell_len(name) - 6, 0)
    return [
        Segment(f"{line * 4} ", rule),
        Segment(name.translate(ASCII) if ascii_only else name, palette.title(active)),
        Segment(f" {line * fill}", rule),
        *right,
    ]
