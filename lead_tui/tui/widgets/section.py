"""A list under a heading of its own, one of several on a screen. The focused one stands out."""

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment

from lead_tui.tui.look import Look
from lead_tui.tui.widgets.rows import Rows


class Section(Rows):
    """`note` stands behind the number of rows: a filter, what is being read."""

    def __init__(self, title: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(header=1, id=id)
        self._title = title
        self._note = ""

    def set_note(self, note: str) -> None:
        if note != self._note:
            self._note = note
            self.refresh_header()

    def glyph(self, look: Look) -> str:
        return look.ascii if self.ascii_only else look.glyph

    def render_header(self, line: int, width: int) -> Iterable[Segment]:
        palette = self.palette
        title = f" {self._title} "
        number = f"{self.count} " if self.count else ""
        note = f"{self._note} " if self._note else ""
        rule = "-" if self.ascii_only else "─"
        rest = width - cell_len(title) - cell_len(number) - cell_len(note)
        yield Segment(title, palette.title(self.has_focus))
        yield Segment(number, palette["muted"])
        yield Segment(note, palette["accent"])
        yield Segment(rule * max(rest, 0), palette["faint"])
