"""The line above a part of a screen: a rule with a name in it, and a remark at its end."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from lead_tui.tui import themes
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.themes import Palette


class Heading(Widget):
    """`lit` while the part below has the focus."""

    DEFAULT_CSS = """
    Heading { height: 1; }
    """

    name_shown: reactive[str] = reactive("")
    remark: reactive[str] = reactive("")
    lit: reactive[bool] = reactive(False)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.set_reactive(Heading.name_shown, name)

    def render_line(self, y: int) -> Strip:
        palette, width = Palette.of(self.app), self.size.width
        rule = "-" if themes.ascii_only(self.app) else "─"
        remark = fit(self.remark, max(min(width - cell_len(self.name_shown) - 10, cell_len(self.remark)), 0))
        rest = width - 6 - cell_len(self.name_shown) - (cell_len(remark) + 1 if remark else 0)
        segments = [
            Segment(f"{rule * 4} ", palette["faint"]),
            Segment(self.name_shown, palette.title(self.lit)),
            Segment(f" {rule * max(rest, 0)}", palette["faint"]),
            Segment(f" {remark}" if remark else "", palette["muted"]),
        ]
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)
