"""What a save would change, before it is saved. The result is True if it shall be."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from lead_tui.text.safe import safe_line
from lead_tui.tui.editing.check import DiffLine
from lead_tui.tui.look import Tone
from lead_tui.tui.screens.modal import Modal
from lead_tui.tui.widgets.rows import Rows

_LOOKS: dict[str, tuple[str, Tone]] = {
    "place": ("", "accent"), "same": ("  ", "muted"), "added": ("+ ", "ok"), "removed": ("- ", "bad"),
}  # fmt: skip


class DiffRows(Rows):
    """The lines of a difference; enter is left to the screen, `left` and `right` scroll long lines."""

    DEFAULT_CSS = """
    DiffRows { height: auto; max-height: 100%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "shift(8)", "right", show=False, id="diff.right"),
        Binding("left,h", "shift(-8)", "left", show=False, id="diff.left"),
    ]

    def __init__(self, lines: Sequence[DiffLine]) -> None:
        super().__init__()
        self._lines = lines
        self._left = 0

    def on_mount(self) -> None:
        self.set_count(len(self._lines))

    def get_content_height(self, *_: object) -> int:
        return len(self._lines)

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        line = self._lines[index]
        mark, tone = _LOOKS[line.kind]
        style = self.palette[tone]
        if line.kind == "place":
            yield Segment(f"── {line.text} ".ljust(width, "─"), style)
        else:
            yield Segment(mark, self.palette.bold[tone])
            yield Segment(safe_line(line.text[self._left :].expandtabs(2)), style)

    def action_shift(self, by: int) -> None:
        self._left = max(self._left + by, 0)
        self.refresh()


class DiffScreen(Modal[bool]):
    """`await app.push_screen_wait(DiffScreen(name, lines))`, in a worker."""

    DEFAULT_CSS = """
    DiffScreen {
        align: center middle;
        & > Vertical {
            width: 110; max-width: 100%; min-width: 20; height: auto; max-height: 100%;
            border: round $primary; border-title-color: $primary; border-title-style: bold;
            background: $surface; padding: 0 1;
        }
        .hint { height: 1; dock: bottom; color: $foreground; text-opacity: 60%; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y,ctrl+s", "answer(True)", "save", id="diff.save", priority=True),
        Binding("escape,q,n", "answer(False)", "back", id="diff.back"),
    ]

    def __init__(self, name: str, lines: Sequence[DiffLine]) -> None:
        super().__init__()
        self._file = name
        self._lines = lines

    def compose(self) -> ComposeResult:
        added = sum(line.kind == "added" for line in self._lines)
        removed = sum(line.kind == "removed" for line in self._lines)
        with Vertical() as box:
            box.border_title = Content(f"Save {safe_line(self._file, 60)}?  +{added} -{removed}")
            yield DiffRows(self._lines)
            yield Static("enter save   esc back   ↑↓←→ scroll", classes="hint", markup=False)

    def action_answer(self, save: bool) -> None:
        self.dismiss(save)
