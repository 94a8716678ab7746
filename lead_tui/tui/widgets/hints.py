"""The last line of a screen: the keys that matter now, as many as fit; help and quit stay."""

from collections.abc import Callable

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, TextArea

from lead_tui.tui.themes import Palette

_LAST = ("app.help", "app.palette", "app.quit")


class Hints(Widget):
    """Shows the active bindings of its screen that ask to be shown, those of the focus first."""

    DEFAULT_CSS = """
    Hints { height: 1; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._places: list[tuple[int, int, str]] = []
        self._known: list[tuple[str, str, str]] = []

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

    def _hints(self) -> list[tuple[str, str, str]]:
        """Key, label and action; each action once. Where text is typed a letter is no key."""
        types = isinstance(self.screen.focused, Input | TextArea)
        label_of: Callable[[str], str | None] = getattr(self.screen, "label_of", lambda action: None)
        found: dict[str, tuple[str, str, str, str]] = {}
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            shown = binding.show and active.enabled and binding.action not in found
            if shown and not (types and is_typed(key)):
                label = label_of(binding.action) or binding.description
                found[binding.action] = (_short(binding), label, binding.action, binding.id or "")
        last = [each for each in found.values() if each[3] in _LAST]
        last.sort(key=lambda each: _LAST.index(each[3]))
        first = [each for each in found.values() if each[3] not in _LAST]
        return [each[:3] for each in (*first, *last)]

    def _fitting(self, width: int) -> list[tuple[str, str, str]]:
        hints = list(self._known)
        keep = len([each for each in hints if each[2] in {"quit", "app.quit"}])
        while hints and sum(cell_len(key) + cell_len(label) + 3 for key, label, _ in hints) > width:
            place = len(hints) - 1 - keep
            if place < 0:
                return hints if len(hints) == 1 else hints[-1:]
            # what stands in the middle goes first: the focus' own keys and the way out stay
            del hints[max(place - 2, 0) if len(hints) > 3 else place]
        return hints

    def render_line(self, y: int) -> Strip:
        palette, width = Palette.of(self.app), self.size.width
        segments, x = [Segment(" ")], 1
        self._places = []
        for key, label, action in self._fitting(width - 1):
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


_NAMES = {"question_mark": "?", "slash": "/", "escape": "esc", "circumflex_accent": "^", "space": "spc"}


def is_typed(key: str) -> bool:
    """Does this key write something into a text field?"""
    return len(key) == 1 or key == "space" or key in _NAMES or "_" in key


def _short(binding: Binding) -> str:
    """`^p` for ctrl+p, words for the rest."""
    if binding.key_display and binding.key != "f1":
        return binding.key_display
    key = binding.key
    if key.startswith("ctrl+"):
        return f"^{key.removeprefix('ctrl+')}"
    return _NAMES.get(key, key)
