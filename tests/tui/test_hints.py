"""The last line of a screen: which keys it names where there is no room for all."""

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Button, Input

from lead_tui.tui import themes
from lead_tui.tui.widgets.hints import Hint, Hints, fitting, is_typed
from tests.tui.stage import text_of

EVERYWHERE = [
    Hint("esc", "back", "back", "list.back"),
    Hint("?", "help", "help", "app.help"),
    Hint("^p", "commands", "command_palette", "app.palette"),
    Hint("q", "quit", "quit", "app.quit"),
]
HINTS = [
    Hint("enter", "open", "open"),
    Hint("s", "sort", "sort"),
    Hint("/", "search", "search"),
    Hint("t", "table/tree", "table"),
    Hint("tab", "next list", "app.focus_next"),
    *EVERYWHERE,
]


def keys(width: int) -> str:
    return " ".join(hint.key for hint in fitting(HINTS, width))


def test_what_matters_least_goes_first() -> None:
    """The ways out and the focus' own key stay longest, the way to the next list longer than the palette."""
    assert keys(120) == "enter s / t tab esc ? ^p q"
    assert keys(90) == "enter s / tab esc ? ^p q"
    assert keys(76) == "enter s / tab esc ? q"
    assert keys(56) == "enter tab esc ? q"
    assert keys(38) == "enter esc ? q"
    assert keys(30) == "enter esc q"
    assert keys(18) == "esc q"
    assert keys(8) == "q"
    assert keys(3) == ""


@given(st.lists(st.sampled_from(HINTS), unique=True), st.integers(0, 130))
def test_hints_keep_their_order_and_their_room(hints: list[Hint], width: int) -> None:
    """Nothing overflows, nothing changes places, and all are there where there is room."""
    shown = fitting(hints, width)
    assert sum(hint.width for hint in shown) <= width
    assert shown == [hint for hint in hints if hint in shown]
    if sum(hint.width for hint in hints) <= width:
        assert shown == hints


def test_keys_that_write_something() -> None:
    """Letters, signs and the blank by whatever name; not the keys that lead out of a field."""
    assert all(map(is_typed, ("a", "G", "space", "slash", "question_mark", "left_square_bracket", "minus")))
    assert not any(map(is_typed, ("escape", "tab", "enter", "up", "f1", "ctrl+r", "backspace", "home")))


class Typing(App[None]):
    BINDINGS = [  # noqa: RUF012 - Textual's declaration
        Binding("escape", "back", "back", id="list.back"),
        Binding("s", "sort", "sort", id="list.sort"),
    ]

    def compose(self) -> ComposeResult:
        yield Input()
        yield Button("on")
        yield Hints()

    def on_mount(self) -> None:
        themes.install(self)

    def action_back(self) -> None: ...

    def action_sort(self) -> None: ...


async def test_where_text_is_typed_the_way_out_is_still_named() -> None:
    """A letter is no key there; escape is one everywhere."""
    app = Typing()
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        assert "esc back" in text_of(app)
        assert "s sort" not in text_of(app)
        await pilot.press("tab")
        await pilot.pause()
        assert "s sort" in text_of(app)
