"""What has changed is painted at once, in one go."""

import pytest
from textual.app import App
from textual.screen import Screen
from textual.widgets import Static

from lead_tui.tui.screen.paint import paint


class Two(App[None]):
    def compose(self):
        yield Static("a", id="first")
        yield Static("b", id="second")


@pytest.fixture
def painted(monkeypatch):
    """Sets of lines, one for each time that something was painted."""
    found = []
    refresh = Screen._compositor_refresh

    def watch(screen):
        found.append({region.y for region in screen._compositor._dirty_regions})
        refresh(screen)

    monkeypatch.setattr(Screen, "_compositor_refresh", watch)
    return found


async def test_everything_at_once(painted):
    """Two widgets that changed just now are one painting, before the loop turns again."""
    app = Two()
    async with app.run_test() as pilot:
        await pilot.pause()
        painted.clear()
        app.query_one("#first").refresh()
        app.query_one("#second").refresh()
        paint(app.screen)
        assert painted == [{0, 1}]
        await pilot.pause()
        assert not any(painted[1:])


async def test_a_screen_that_was_left(painted):
    """A frame that comes late for it draws nothing over the one that is seen now."""
    app = Two()
    async with app.run_test() as pilot:
        left = Screen()
        await app.push_screen(left)
        await app.pop_screen()
        await pilot.pause()
        painted.clear()
        paint(left)
        assert painted == []
