"""One of a few values, in one line: all of them side by side, or the chosen one where they do not fit."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from lead_tui.text.safe import safe_line
from lead_tui.tui import themes
from lead_tui.tui.themes import Palette


class Pick(Widget, can_focus=True):
    """`index` is the chosen one, -1 while none is."""

    DEFAULT_CSS = """
    Pick { height: 1; width: 1fr; background: $surface; padding: 0 1; }
    Pick:focus { background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "step(1)", "next choice", show=False, id="pick.next"),
        Binding("left", "step(-1)", "previous choice", show=False, id="pick.previous"),
        Binding("enter", "take", "take", show=False, id="pick.take"),
    ]

    index: reactive[int] = reactive(-1, init=False)

    class Changed(Message):
        def __init__(self, pick: "Pick") -> None:
            super().__init__()
            self.pick = pick

        @property
        def control(self) -> "Pick":
            return self.pick

    class Taken(Changed):
        """Enter: the choice stands."""

    def __init__(self, choices: Sequence[str], chosen: str | None = None) -> None:
        super().__init__()
        self.choices = tuple(choices)
        self._labels = tuple(safe_line(each or '""', 200) for each in choices)
        self._places: list[tuple[int, int]] = []
        self.set_reactive(Pick.index, self.choices.index(chosen) if chosen in self.choices else -1)

    @property
    def text(self) -> str | None:
        return self.choices[self.index] if self.index >= 0 else None

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        every = sum(cell_len(label) + 4 for label in self._labels)
        segments = self._side_by_side() if every <= width else self._one_alone()
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def _side_by_side(self) -> list[Segment]:
        palette = Palette.of(self.app)
        on, off = ("(o)", "( )") if themes.ascii_only(self.app) else ("●", "○")
        segments, x = [], 0
        self._places = []
        for index, label in enumerate(self._labels):
            chosen = index == self.index
            style = palette.bold["accent" if self.has_focus else "text"] if chosen else palette["muted"]
            text = f"{on if chosen else off} {label}"
            segments.append(Segment(f"{text}  ", style))
            self._places.append((x, x := x + cell_len(text) + 2))
        return segments

    def _one_alone(self) -> list[Segment]:
        palette = Palette.of(self.app)
        self._places = []
        label = self._labels[self.index] if self.index >= 0 else "choose"
        return [
            Segment("< ", palette["accent"]),
            Segment(label, palette.bold["text"] if self.index >= 0 else palette["muted"]),
            Segment(" >", palette["accent"]),
            Segment(f"  {self.index + 1}/{len(self.choices)}", palette["muted"]),
        ]

    def watch_index(self) -> None:
        self.refresh()
        self.post_message(self.Changed(self))

    def action_step(self, by: int) -> None:
        if self.index < 0:
            self.index = 0 if by > 0 else len(self.choices) - 1
        else:
            self.index = (self.index + by) % len(self.choices)

    def action_take(self) -> None:
        self.post_message(self.Taken(self))

    def on_key(self, event: events.Key) -> None:
        """A letter goes to the next choice that begins with it."""
        if event.character is None or not event.character.isalnum():
            return
        number = len(self.choices)
        for index in (each % number for each in range(self.index + 1, self.index + 1 + number)):
            if self._labels[index].lower().startswith(event.character.lower()):
                event.stop()
                self.index = index
                return

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            for index, (start, end) in enumerate(self._places):
                if start <= offset.x < end:
                    self.index = index
