"""A question with a few answers, over whatever is on the screen. Escape answers nothing: the result is None.

The first choice is the one that enter takes, so it should lose nothing. Every choice has a letter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lead_tui.text.safe import safe, safe_line
from lead_tui.tui.screens.modal import Modal
from lead_tui.tui.themes import Palette


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer: the letter that gives it, what the caller gets, and what the reader sees (else the id)."""

    key: str
    id: str
    label: str = ""


class Confirm(Modal[str | None]):
    """`await app.push_screen_wait(Confirm(...))`, in a worker, gives the id of a choice or None."""

    DEFAULT_CSS = """
    Confirm {
        align: center middle;
        & > Vertical {
            width: 60; max-width: 100%; min-width: 20; height: auto; max-height: 100%;
            border: round $primary; border-title-color: $primary; border-title-style: bold;
            background: $surface; padding: 1 2 0 2;
        }
        VerticalScroll {
            height: auto; max-height: 12;
            scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        }
        OptionList, OptionList:focus {
            height: auto; border: none; padding: 0; background: transparent;
        }
        OptionList > .option-list--option-highlighted, OptionList:focus > .option-list--option-highlighted {
            background: $primary 25%; color: $foreground; text-style: bold;
            &:ansi { background: transparent; text-style: bold reverse; }
        }
        .hint { height: 1; color: $foreground; text-opacity: 60%; margin-top: 1; }
    }
    Confirm.-short > Vertical { padding: 0 1; }
    Confirm.-short .hint, Confirm.-short VerticalScroll { margin: 0; }
    """

    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]  # noqa: RUF012 - an instance variable of Textual

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer_nothing", "back", id="confirm.back"),
        Binding("tab,right", "move(1)", "next", show=False, id="confirm.next"),
        Binding("shift+tab,left", "move(-1)", "previous", show=False, id="confirm.previous"),
    ]

    def __init__(self, title: str, message: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._title = title
        self._message = message
        self._choices = tuple(choices)

    def compose(self) -> ComposeResult:
        palette = Palette.of(self.app)
        with Vertical() as box:
            box.border_title = Text(safe_line(self._title))
            with VerticalScroll(can_focus=False):
                yield Static(safe(self._message), markup=False)
            yield OptionList(*(Option(self._prompt(each, palette), id=each.id) for each in self._choices))
            yield Static("↑↓ choose   enter take   esc back", classes="hint", markup=False)

    def _prompt(self, choice: Choice, palette: Palette) -> Text:
        label = safe_line(choice.label or choice.id)
        return Text.assemble((f" {choice.key} ", palette.bold["accent"]), (f" {label}", palette["text"]))

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def on_key(self, event: events.Key) -> None:
        for choice in self._choices:
            if choice.key in (event.key, event.character):
                event.stop()
                self.dismiss(choice.id)
                return

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)

    def action_answer_nothing(self) -> None:
        self.dismiss(None)

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.highlighted = ((options.highlighted or 0) + by) % len(self._choices)
