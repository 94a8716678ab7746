"""One line in which a text to search or to filter for is typed. Its owner mounts it, and removes it again."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from lead_tui.tui.widgets.inert import InertInput


class SearchLine(Horizontal):
    """Enter keeps what was typed, escape drops it. It takes the focus when it is mounted."""

    DEFAULT_CSS = """
    SearchLine { height: 1; background: $surface; }
    SearchLine > Static { width: auto; color: $accent; text-style: bold; padding: 0 1; }
    SearchLine > Input { width: 1fr; background: transparent; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", "drop", id="search.drop"),
    ]

    class Changed(Message):
        """So far, this was typed."""

        def __init__(self, line: "SearchLine", text: str) -> None:
            super().__init__()
            self.line = line
            self.text = text

        @property
        def control(self) -> "SearchLine":
            return self.line

    class Done(Changed):
        """The text is to be kept; an empty one asks for nothing."""

    class Dropped(Message):
        def __init__(self, line: "SearchLine") -> None:
            super().__init__()
            self.line = line

        @property
        def control(self) -> "SearchLine":
            return self.line

    def __init__(
        self,
        prompt: str,
        value: str = "",
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._prompt = prompt
        self._input = InertInput(value, compact=True)

    def compose(self) -> ComposeResult:
        yield Static(self._prompt, markup=False)
        yield self._input

    def on_mount(self) -> None:
        self._input.focus()

    def focus(self, scroll_visible: bool = True) -> "SearchLine":
        self._input.focus(scroll_visible)
        return self

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Done(self, event.value))

    def action_drop(self) -> None:
        self.post_message(self.Dropped(self))
