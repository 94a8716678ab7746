"""The views of a run by number, the one that is shown in brackets; what needs a person stands at its end."""

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from lead_tui.tui.themes import Palette


class TabLine(Widget):
    """`names` are the labels, counted from 1."""

    DEFAULT_CSS = """
    TabLine { height: 1; }
    """

    active: reactive[int] = reactive(0)
    remark: reactive[str] = reactive("")

    class Chosen(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = tuple(names)

    def _labels(self) -> list[str]:
        narrow = self.size.width < sum(len(name) + 5 for name in self._names)
        labels = []
        for index, name in enumerate(self._names):
            text = str(index + 1) if narrow and index != self.active else f"{index + 1} {name}"
            labels.append(f"[{text}]" if index == self.active else f" {text} ")
        return labels

    def render_line(self, y: int) -> Strip:
        palette, width = Palette.of(self.app), self.size.width
        segments = [Segment(" ")]
        for index, label in enumerate(self._labels()):
            style = palette.bold["accent"] if index == self.active else palette["muted"]
            segments += [Segment(label, style), Segment(" ")]
        used = sum(segment.cell_length for segment in segments)
        if self.remark and used + len(self.remark) + 2 <= width:
            segments.append(Segment(" " * (width - used - len(self.remark) - 1)))
            segments.append(Segment(self.remark, palette.bold["ask"]))
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def on_click(self, event: events.Click) -> None:
        x = event.x - 1
        for index, label in enumerate(self._labels()):
            if 0 <= x < len(label):
                self.post_message(self.Chosen(index))
                return
            x -= len(label) + 1
