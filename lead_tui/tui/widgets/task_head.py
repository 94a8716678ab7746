"""The lines above a task: its state, its name, its agent, its times."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from lead_tui.text.safe import safe_line
from lead_tui.tui.prose.paragraphs import Span
from lead_tui.tui.themes import Palette


class TaskHead(Widget):
    """Two lines, one where the screen is flat."""

    DEFAULT_CSS = """
    TaskHead { height: 2; background: $panel; }
    .-flat TaskHead { height: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[Sequence[Span]] = ((), ())

    def show(self, lines: Sequence[Sequence[Span]]) -> None:
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        palette = Palette.of(self.app)
        segments = [Segment(" ")]
        for text, tone, bold in self._lines[y]:
            segments.append(Segment(safe_line(text), palette.bold[tone] if bold else palette[tone]))
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)
