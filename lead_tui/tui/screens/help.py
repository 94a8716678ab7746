"""The keys of what has the focus, then those of its screen and of the app: every binding with its name.

The name is what `cockpit.toml` takes to give a binding other keys. Keys that lead to two things are reported.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from lead_tui.tui.keymap import conflicts
from lead_tui.tui.look import BREAKERS, TASKS, Look
from lead_tui.tui.prose.cells import short_path
from lead_tui.tui.session import session_file
from lead_tui.tui.widgets.hints import Hints
from lead_tui.tui.widgets.rows import Rows


@dataclass(frozen=True, slots=True)
class HelpRow:
    """A heading if it has no keys."""

    keys: str
    text: str
    name: str = ""
    bad: bool = False


class HelpList(Rows):
    """Nothing in it opens: it is read."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "open"

    def __init__(self, rows: Iterable[HelpRow]) -> None:
        super().__init__()
        self._rows = list(rows)

    def on_mount(self) -> None:
        self.set_count(len(self._rows))

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        row, palette = self._rows[index], self.palette
        if not row.keys:
            rule = ("-" if self.ascii_only else "─") * max(width - cell_len(row.text) - 3, 0)
            return [Segment(f" {row.text} ", palette.bold["text"]), Segment(rule, palette["faint"])]
        keys = f"   {row.keys}".ljust(22)
        name_width = 22 if width >= 90 or (width >= 70 and row.name) else 0
        text = row.text[: max(width - len(keys) - name_width, 8)]
        segments = [
            Segment(keys, palette.bold["bad" if row.bad else "accent"]),
            Segment(text.ljust(max(width - len(keys) - name_width, 0)), palette["text"]),
        ]
        if name_width:
            segments.append(Segment(row.name[:name_width].ljust(name_width), palette["faint"]))
        return segments


class HelpScreen(Screen[None]):
    """`of` is the screen whose keys are told."""

    CSS = """
    HelpScreen {
        #title { height: 1; background: $panel; padding: 0 1; }
        #about { height: auto; padding: 0 1; color: $foreground; text-opacity: 70%; }
        HelpList { height: 1fr; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark", "close", "back", key_display="esc", id="help.back"),
    ]

    def __init__(self, of: Screen[Any]) -> None:
        super().__init__()
        self._rows = list(help_rows(of, of.app))

    def compose(self) -> ComposeResult:
        yield Static("Help: what the keys do here", id="title", markup=False)
        yield HelpList(self._rows)
        yield Static(
            f"ctrl+p finds every action by name. Other keys: [keys] in {short_path(session_file())}",
            id="about",
            markup=False,
        )
        yield Hints()

    def on_mount(self) -> None:
        self.query_one(HelpList).focus()

    def action_close(self) -> None:
        self.dismiss(None)


def help_rows(screen: Screen[Any], app: App[Any]) -> Iterable[HelpRow]:
    """What the active bindings do, by where they come from; then what the glyphs mean.

    What Textual binds besides, such as scrolling sideways, has no name of ours and is left out.
    """
    active = [
        each
        for each in screen.active_bindings.values()
        if each.binding.id or each.binding.action in _TEXTUALS
    ]
    clashing = conflicts(each.binding for each in active)
    for title, chosen in _groups(screen, active):
        if chosen:
            yield HelpRow("", title)
            yield from _merged(chosen, app, clashing)
    yield HelpRow("", "What the glyphs mean")
    for look in dict.fromkeys((*TASKS.values(), *_OTHERS)):
        yield HelpRow(f"{look.glyph}  ({look.ascii})", look.word)


_TEXTUALS = {"app.focus_next": "to the next pane or field", "app.focus_previous": "to the one before"}
"""What Textual binds by itself, in our words."""
_OTHERS: tuple[Look, ...] = (
    Look("↻", "~", "retrying, or waiting for its next try", "retry"),
    Look("‖", "=", "a person is asked, or the run is paused", "ask"),
    Look(BREAKERS["open"].glyph, BREAKERS["open"].ascii, "an open circuit breaker", "bad"),
)


def _groups(screen: Screen[Any], active: list[ActiveBinding]) -> list[tuple[str, list[ActiveBinding]]]:
    focus = [each for each in active if isinstance(each.node, Widget) and not isinstance(each.node, Screen)]
    own = [each for each in active if each.node is screen]
    rest = [each for each in active if isinstance(each.node, App)]
    name = type(screen.focused).__name__ if screen.focused is not None else "the focus"
    return [(f"Here ({_words(name)})", focus), ("On this screen", own), ("Everywhere", rest)]


def _words(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _merged(
    chosen: list[ActiveBinding], app: App[Any], clashing: dict[str, list[Binding]]
) -> Iterable[HelpRow]:
    """One row for each action, with all its keys."""
    by_action: dict[str, list[Binding]] = {}
    for each in chosen:
        by_action.setdefault(each.binding.action, []).append(each.binding)
    for bindings in by_action.values():
        keys = " ".join(dict.fromkeys(app.get_key_display(each) for each in bindings))
        bad = any(each.key in clashing for each in bindings)
        first = bindings[0]
        text = _TEXTUALS.get(first.action) or first.description or first.action
        yield HelpRow(keys, f"{text} (the key means two things)" if bad else text, first.id or "", bad)
