"""What widgets want drawn anew is put on the screen at once.

Left to itself, Textual asks each widget when that has nothing else to do, and paints at ticks of its own.
Under an engine that keeps the loop busy, one frame becomes two paintings, the second of them 30 ms later.
"""

from typing import Any

from textual.screen import Screen


def paint(screen: Screen[Any]) -> None:
    """Everything on this screen that has changed, in one go."""
    if not screen.is_current:
        return
    visible = screen._compositor.visible_widgets  # noqa: SLF001 - Textual has no public way to do it now
    screen._dirty_widgets.update(widget for widget in visible if widget._repaint_regions)  # noqa: SLF001
    screen._on_timer_update()  # noqa: SLF001
