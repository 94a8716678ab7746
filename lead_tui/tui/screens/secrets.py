"""Secret inputs, once more: they are stored nowhere, and this process is about to take the run up."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from lead_tui.text.safe import safe_line
from lead_tui.tui.screens.modal import Modal
from lead_tui.tui.widgets.inert import InertInput


class SecretsScreen(Modal[dict[str, str] | None]):
    """Gives the values by name, None if the person leaves."""

    DEFAULT_CSS = """
    SecretsScreen {
        align: center middle;
        & > VerticalScroll {
            width: 60; max-width: 100%; height: auto; max-height: 100%;
            border: round $primary; background: $surface; padding: 1 2;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", id="secrets.back"),
        Binding("ctrl+s", "give", "go on", id="secrets.give"),
    ]

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = tuple(names)

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = "Secret inputs again"
            yield Static("They are stored nowhere. Enter goes on, esc leaves.", markup=False)
            for number, name in enumerate(self._names):
                yield Static(safe_line(name), markup=False)
                yield InertInput(password=True, id=f"secret-{number}")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == f"secret-{len(self._names) - 1}":
            self.action_give()
        else:
            self.focus_next()

    def action_give(self) -> None:
        inputs = [self.query_one(f"#secret-{number}", Input).value for number in range(len(self._names))]
        self.dismiss(dict(zip(self._names, inputs, strict=True)))

    def action_leave(self) -> None:
        self.dismiss(None)
