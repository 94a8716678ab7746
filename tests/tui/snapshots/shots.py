"""Pictures of screens: taken when a screen has come to rest, stored without what no person sees.

What differs from a stored one is told line by line, as text.
"""

import re
from collections.abc import Iterator
from difflib import unified_diff
from html import unescape
from typing import Any

from pytest_textual_snapshot import SVGImageExtension
from textual._compositor import LayoutUpdate
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input, TextArea

from lead_tui.tui.widgets.panes import VIEWS, Panes
from tests.pictures.stage import without_fonts
from tests.tui.stage import until

CELL = 12.2
"""Width of a cell in a picture."""
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_TEXT = re.compile(r'<text class="[^"]*-r\d+" x="([\d.]+)"[^>]*terminal-line-(\d+)\)">([^<]*)</text>')


class Pictures(SVGImageExtension):
    """One file for each picture, with no font of a server and no number that changes with everything."""

    def serialize(self, data: Any, **how: Any) -> Any:
        return _COMMENT.sub("", without_fonts(super().serialize(data, **how)))

    def diff_lines(self, serialized_data: Any, snapshot_data: Any) -> Iterator[str]:
        before, now = screen_of(str(snapshot_data)), screen_of(str(serialized_data))
        if before == now:
            yield "the same text, in other colours or styles"
        yield from unified_diff(before, now, "as it was", "as it is", lineterm="", n=1)


def screen_of(svg: str) -> list[str]:
    """The lines of text in a picture."""
    lines: dict[int, str] = {}
    for x, line, text in _TEXT.findall(svg):
        before = lines.get(int(line), "").ljust(round(float(x) / CELL))
        lines[int(line)] = before + unescape(text).replace("\xa0", " ")
    return [lines.get(number, "").rstrip() for number in range(max(lines, default=-1) + 1)]


async def at_rest(pilot: Pilot[Any], *words: str) -> None:
    """Until these words are there and two frames in a row are the same; no cursor blinks."""
    await _shown(pilot, *words)
    for each in pilot.app.screen.query("*"):
        if isinstance(each, Input | TextArea):
            each.cursor_blink = False
    before: list[list[Strip]] = []
    while before != (before := _cells(pilot)):
        await pilot.pause(0.05)


async def _shown(pilot: Pilot[Any], *words: str) -> None:
    """Until these words are on the screen, and all panes that it has."""

    def ready() -> bool:
        text = _text(pilot)
        return all(map(_is_complete, pilot.app.screen.query(Panes))) and all(word in text for word in words)

    try:
        await until(pilot, ready)
    except AssertionError:
        raise AssertionError(f"{words} never came:\n{_text(pilot)}") from None


def _is_complete(panes: Panes) -> bool:
    return len(panes.children) == len(VIEWS) and all(pane.is_mounted for pane in panes.children)


def _text(pilot: Pilot[Any]) -> str:
    return "\n".join("".join(strip.text for strip in line) for line in _cells(pilot))


def _cells(pilot: Pilot[Any]) -> list[list[Strip]]:
    """What is shown, with its styles. A screen that lets another shine through must be told which."""
    app = pilot.app
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(update, LayoutUpdate)
    return [list(line) for line in update.strips]
