"""The first line of a screen that is not a run's: the program, the place, and what is to be said of it."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from lead_tui.tui.look import Tone
from lead_tui.tui.prose.cells import fit_path
from lead_tui.tui.themes import Palette

_BRAND = " leadtui  "


class TitleLine(Widget):
    """` leadtui  place            note`; the place is cut first."""

    DEFAULT_CSS = """
    TitleLine { height: 1; dock: top; background: $panel; }
    """

    def __init__(self, place: str = "") -> None:
        super().__init__()
        self._place = place
        self._note = ""
        self._tone: Tone = "muted"

    def show(self, place: str | None = None, note: str = "", tone: Tone = "muted") -> None:
        """`place` None: as it was."""
        self._place = self._place if place is None else place
        self._note, self._tone = note, tone
        self.refresh()

    def render_line(self, y: int) -> Strip:
        palette, width = Palette.of(self.app), self.size.width
        note = f"  {self._note} " if self._note else ""
        room = max(width - len(_BRAND) - cell_len(note), 0)
        segments = [
            Segment(_BRAND, palette.bold["accent"]),
            Segment(fit_path(self._place, room), palette["text"]),
            Segment(note, palette[self._tone]),
        ]
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)
