"""Every action by name, for the palette: those of the focus and its screen first, then those of the app."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

from lead_tui.tui import themes

if TYPE_CHECKING:
    from lead_tui.tui.app import Cockpit


def commands(app: "Cockpit", screen: Screen[Any]) -> Iterable[SystemCommand]:
    seen = set()
    label_of: Callable[[str], str | None] = getattr(screen, "label_of", lambda action: None)
    for active in screen.active_bindings.values():
        binding = active.binding
        name = label_of(binding.action) or binding.description or binding.action
        if not active.enabled or not binding.id or binding.action in seen or binding.id == "app.palette":
            continue
        seen.add(binding.action)

        async def call(action: str = binding.action, node: Any = active.node) -> None:
            await app.run_action(action, node)

        yield SystemCommand(name.capitalize(), f"key {app.get_key_display(binding)}", call)
    for theme in themes.NAMES:

        def choose(name: str = theme) -> None:
            app.theme = name

        yield SystemCommand(f"Theme {theme}", "Colours of the cockpit", choose)
    yield SystemCommand("Glyphs or ASCII", "For a terminal without ✔ ✖ ▶", app.action_toggle_ascii)
