"""What needs a person, docked above the hints: a bar, not a dialog, so that it never takes the focus."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from lead_tui.core.state import GateState
from lead_tui.text.safe import safe_line
from lead_tui.tui import themes
from lead_tui.tui.look import ASCII
from lead_tui.tui.prose.amounts import whose
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.themes import Palette
from lead_tui.tui.vitals.spending import Limit


class GateBar(Widget):
    """Hidden while nobody is asked anything."""

    DEFAULT_CSS = """
    GateBar { height: 1; display: none; background: $boost; }
    GateBar.-asks { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = ("", "", "")
        self._leads_to = "app.approvals"

    def show(
        self,
        gates: Sequence[GateState],
        interrupted: Sequence[str],
        spent: Sequence[Limit] = (),
        given: str = "",
    ) -> None:
        """`spent`: limits of budgets that let nothing more start; `given`: what was answered or raised, and
        waits for somebody who takes the run up.
        """
        self._leads_to = _leads_to(gates, interrupted, spent, given)
        text = _text(gates, interrupted, spent, given)
        if text != self._text:
            self._text = text
            self.set_class(bool(text[0]), "-asks")
            self.refresh()

    def render_line(self, y: int) -> Strip:
        palette = Palette.of(self.app)
        mark = "=" if themes.ascii_only(self.app) else "‖"
        head, message, keys = self._text
        lead, tail = f" {mark} {head} ", f"  {keys} "
        room = self.size.width - cell_len(lead) - cell_len(tail)
        message = fit(message, min(cell_len(message), max(room, 0)))
        if themes.ascii_only(self.app):
            message = message.translate(ASCII)
        segments = [
            Segment(lead, palette.bold["ask"]),
            Segment(message, palette["text"]),
            Segment(tail, palette.bold["accent"]),
        ]
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    async def on_click(self, event: events.Click) -> None:
        await self.app.run_action(self._leads_to, self.screen)


def _leads_to(
    gates: Sequence[GateState], interrupted: Sequence[str], spent: Sequence[Limit], given: str
) -> str:
    """The action of a click: that of the first key that is named."""
    if gates:
        return "app.approvals"
    if spent:
        return "screen.budget"
    return "screen.go_on" if given and not interrupted else "app.approvals"


def _text(
    gates: Sequence[GateState], interrupted: Sequence[str], spent: Sequence[Limit], given: str
) -> tuple[str, str, str]:
    """Who asks, what, and the keys that answer."""
    if gates:
        first = gates[0].request
        more = f" and {len(gates) - 1} more" if len(gates) > 1 else ""
        return (
            f"{first.task} needs you{more}:",
            safe_line(first.message, 300),
            f"a answers{_AND_BUDGET if spent else ''}",
        )
    if spent:
        return spent_text(spent), "", "b raises it"
    if interrupted:
        names = ", ".join(interrupted[:3]) + (" ..." if len(interrupted) > 3 else "")
        keys = "r runs again  S on its row skips"
        return "interrupted:", safe_line(f"{names} may have happened", 300), keys
    if given:
        return f"{given}:", "it waits for resume", "r resumes"
    return "", "", ""


_AND_BUDGET = "  b raises the budget"


def spent_text(spent: Sequence[Limit]) -> str:
    """`the budget of $2 is spent:`."""
    first = spent[0]
    name = f"{whose(first.agent)}, {first.most_text}," if first.agent else f"the budget of {first.most_text}"
    others = len({limit.agent for limit in spent}) - 1
    return f"{name} is spent{f' and {others} more' if others else ''}:"
