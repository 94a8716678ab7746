"""One line to ask for a text to find, or for the number of a line."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from lead_tui.tui.widgets.inert import InertInput


class FindBar(Horizontal):
    """Hidden until `ask`. What is typed goes out as `Wanted`, enter and the arrows as `Moved`."""

    DEFAULT_CSS = """
    FindBar {
        height: 1; display: none;
        &.-open { display: block; }
        & > Static { width: auto; padding: 0 1; color: $primary; }
        & > Input, & > Input:focus { border: none; padding: 0; height: 1; width: 1fr; background: $surface; }
        & > .found { color: $foreground; text-opacity: 70%; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "go(1)", "next", id="find.next"),
        Binding("up", "go(-1)", "previous", id="find.previous"),
    ]

    class Wanted(Message):
        """The text in the line; `for_line`: it is to be the number of one."""

        def __init__(self, text: str, *, for_line: bool) -> None:
            super().__init__()
            self.text = text
            self.for_line = for_line

    class Moved(Message):
        """To the next (1) or the previous (-1) place."""

        def __init__(self, by: int, *, for_line: bool) -> None:
            super().__init__()
            self.by = by
            self.for_line = for_line

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._for_line = False

    def compose(self) -> ComposeResult:
        yield Static("find", classes="what", markup=False)
        yield InertInput(compact=True)
        yield Static("", classes="found", markup=False)

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    @property
    def text(self) -> str:
        return self.query_one(Input).value

    def ask(self, *, for_line: bool) -> None:
        self._for_line = for_line
        self.add_class("-open")
        self.query_one(".what", Static).update("go to line" if for_line else "find")
        field = self.query_one(Input)
        if for_line:
            field.value = ""
        self.tell("")
        field.focus()
        field.select_all()

    def close(self) -> None:
        self.remove_class("-open")

    def tell(self, found: str) -> None:
        """`3/12`, or that there is nothing."""
        self.query_one(".found", Static).update(found)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Wanted(event.value, for_line=self._for_line))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_go(1)

    def action_go(self, by: int) -> None:
        self.post_message(self.Moved(by, for_line=self._for_line))
