"""The last line of a screen: the keys that matter now, as many as fit; the ways out and on stay longest."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, key_to_character
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, TextArea

from lead_tui.tui.themes import Palette

_EVERYWHERE = ("app.help", "app.palette", "app.quit")
_LAST = ("back", "help", "palette", "quit")


class Hint(NamedTuple):
    key: str
    label: str
    action: str
    binding: str = ""
    """The id of its binding."""

    @property
    def width(self) -> int:
        """Its cells, with a space in it and two behind it."""
        return cell_len(self.key) + cell_len(self.label) + 3


def fitting(hints: Sequence[Hint], width: int) -> list[Hint]:
    """What fits, in the order given. Worth most: the ways out, the focus' own key, help, the next pane."""
    roles = {_role(hint): hint for hint in hints}
    own = [hint for hint in hints if not _role(hint)]
    of = roles.get
    by_worth = [of("quit"), of("back"), *own[:1], of("help"), of("next"), *own[1:3], of("palette"), *own[3:]]
    kept: set[Hint] = set()
    for hint in by_worth:
        if hint is not None and hint.width <= width:
            width -= hint.width
            kept.add(hint)
    return [hint for hint in hints if hint in kept]


def _role(hint: Hint) -> str:
    """Of a key that every screen has; none of what a screen has for itself."""
    if hint.binding in _EVERYWHERE:
        return hint.binding.removeprefix("app.")
    return {"esc": "back", "tab": "next"}.get(hint.key, "quit" if hint.action == "quit" else "")


def _place(hint: Hint) -> int:
    """The ways out stand at the end; the others as they come, those of the focus first."""
    role = _role(hint)
    return _LAST.index(role) if role in _LAST else -1


class Hints(Widget):
    """Shows the active bindings of its screen that ask to be shown, those of the focus first."""

    DEFAULT_CSS = """
    Hints { height: 1; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._places: list[tuple[int, int, str]] = []
        self._known: list[Hint] = []

    def on_mount(self) -> None:
        screen: Screen[object] = self.screen
        screen.bindings_updated_signal.subscribe(self, lambda _: self._look())
        self._look()

    def _look(self) -> None:
        """What can be done now: asked once, not for each line that is drawn."""
        known = self._hints()
        if known != self._known:
            self._known = known
            self.refresh()

    def _hints(self) -> list[Hint]:
        """Each action once. Where text is typed a letter is no key."""
        types = isinstance(self.screen.focused, Input | TextArea)
        label_of: Callable[[str], str | None] = getattr(self.screen, "label_of", lambda action: None)
        found: dict[str, Hint] = {}
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            shown = binding.show and active.enabled and binding.action not in found
            if shown and not (types and is_typed(key)):
                label = label_of(binding.action) or binding.description
                found[binding.action] = Hint(_short(binding), label, binding.action, binding.id or "")
        return sorted(found.values(), key=_place)

    def render_line(self, y: int) -> Strip:
        palette, width = Palette.of(self.app), self.size.width
        segments, x = [Segment(" ")], 1
        self._places = []
        # behind the last one no space is needed
        for key, label, action, _ in fitting(self._known, width + 1):
            segments += [
                Segment(key, palette.bold["accent"]),
                Segment(f" {label}", palette["muted"]),
                Segment("  "),
            ]
            end = x + cell_len(key) + cell_len(label) + 1
            self._places.append((x, end, action))
            x = end + 2
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    async def on_click(self, event: events.Click) -> None:
        for start, end, action in self._places:
            if start <= event.x < end:
                await self.run_action_of_screen(action)
                return

    async def run_action_of_screen(self, action: str) -> None:
        """As if its key was pressed: the action may be the focus', the screen's or the app's."""
        for active in self.screen.active_bindings.values():
            if active.binding.action == action:
                await self.app.run_action(action, active.node)
                return


_PLAIN_NAMES = frozenset(KEY_NAME_REPLACEMENTS.values())
"""Of keys that write something: names which Unicode does not know."""
_NAMES = {"question_mark": "?", "slash": "/", "escape": "esc", "circumflex_accent": "^", "space": "spc"}


def is_typed(key: str) -> bool:
    """Does this key write something into a text field?"""
    character = key_to_character(key)
    return key in _PLAIN_NAMES or (character is not None and character.isprintable())


def _short(binding: Binding) -> str:
    """`^p` for ctrl+p, words for the rest."""
    if binding.key_display and binding.key != "f1":
        return binding.key_display
    key = binding.key
    if key.startswith("ctrl+"):
        return f"^{key.removeprefix('ctrl+')}"
    return _NAMES.get(key, key)
