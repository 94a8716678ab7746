"""The line on top of a run."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from lead_tui.tui import themes
from lead_tui.tui.headline import Piece, headline, unread
from lead_tui.tui.model import RunModel
from lead_tui.tui.themes import Palette


class StatusLine(Widget):
    DEFAULT_CSS = """
    StatusLine { height: 1; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._model: RunModel | None = None
        self._notes: Sequence[Piece] = ()
        self._unread = ("", "")
        self._shown: list[Piece] = []

    def set_model(self, model: RunModel) -> None:
        self._model = model
        self.refresh()

    def show(self, notes: Sequence[Piece] = (), unread: tuple[str, str] = ("", "")) -> None:
        """Draw it again if it reads otherwise now. `unread`: the run's status, and why it has no events."""
        self._notes, self._unread = notes, unread
        if self._pieces() != self._shown:
            self.refresh()

    def _pieces(self) -> list[Piece]:
        if self._model is None:
            return []
        ascii_only, width = themes.ascii_only(self.app), max(self.size.width - 1, 0)
        if all(self._unread):
            return unread(self._model, *self._unread, width, ascii=ascii_only)
        return headline(self._model, width, ascii=ascii_only, notes=self._notes)

    def render_line(self, y: int) -> Strip:
        palette = Palette.of(self.app)
        self._shown = self._pieces()
        segments = [Segment(" ")]
        for text, tone, bold in self._shown:
            segments += [Segment(text, palette.bold[tone] if bold else palette[tone]), Segment("  ")]
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)
