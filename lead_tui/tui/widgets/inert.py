"""Text fields in which text from outside cannot act: what a terminal would obey is drawn as a visible sign.

Textual draws a field's value as it is, and a default or an earlier answer may hold anything. The value itself
stays as it was.
"""

from rich.segment import Segment
from textual.strip import Strip
from textual.widgets import Input, TextArea

from lead_tui.text.safe import safe


def inert(strip: Strip) -> Strip:
    """The same cells, each sign that is not fit for a terminal replaced by one of one cell."""
    if all(safe(text, newline=False, tab=False) == text for text, _, _ in strip):
        return strip
    segments = [Segment("".join(map(_sign, text)), style) for text, style, _ in strip]
    return Strip(segments).adjust_cell_length(strip.cell_length)


def _sign(letter: str) -> str:
    shown = safe(letter, newline=False, tab=False)
    return shown if len(shown) == 1 else "\N{REPLACEMENT CHARACTER}"


class InertInput(Input):
    def render_line(self, y: int) -> Strip:
        return inert(super().render_line(y))


class InertTextArea(TextArea):
    def render_line(self, y: int) -> Strip:
        return inert(super().render_line(y))
