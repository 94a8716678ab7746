"""What needs a person, docked above the hints: a bar, not a dialog, so that it never takes the focus."""

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from lead_tui.core.state import GateState
from lead_tui.text.safe import safe_line
from lead_tui.tui import themes
from lead_tui.tui.themes import Palette


class GateBar(Widget):
    """Hidden while nobody is asked anything."""

    DEFAULT_CSS = """
    GateBar { height: 1; display: none; background: $boost; }
    GateBar.-asks { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._text: tuple[str, str] = ("", "")

    def show(self, gates: Sequence[GateState], interrupted: Sequence[str]) -> None:
        text = _text(gates, interrupted)
        if text != self._text:
            self._text = text
            self.set_class(bool(text[0]), "-asks")
            self.refresh()

    def render_line(self, y: int) -> Strip:
        palette = Palette.of(self.app)
        mark = "=" if themes.ascii_only(self.app) else "‖"
        head, message = self._text
        segments = [
            Segment(f" {mark} {head} ", palette.bold["ask"]),
            Segment(message, palette["text"]),
        ]
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    async def on_click(self, event: events.Click) -> None:
        await self.app.run_action("approvals", self.app)


def _text(gates: Sequence[GateState], interrupted: Sequence[str]) -> tuple[str, str]:
    if gates:
        first = gates[0].request
        more = f" and {len(gates) - 1} more" if len(gates) > 1 else ""
        return f"{first.task} needs you{more}:", safe_line(f"{first.message}   (a answers)", 300)
    if interrupted:
        names = ", ".join(interrupted[:3]) + (" ..." if len(interrupted) > 3 else "")
        return "interrupted:", safe_line(f"{names} may have happened: r runs it again, enter to skip it", 300)
    return "", ""
