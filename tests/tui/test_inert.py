"""Text fields with hostile values: seen, not obeyed."""

import pytest
from textual.app import App, ComposeResult

from lead_tui.tui.widgets.inert import InertInput, InertTextArea

HOSTILE = "a\x1b[31m\x1b]52;c;UFdO\x07\x9b2J\u202eb\x00\u200b[/x]"


class FieldApp(App[None]):
    def compose(self) -> ComposeResult:
        yield InertInput(HOSTILE, compact=True)
        yield InertTextArea(HOSTILE)


async def test_nothing_of_a_value_is_obeyed_and_nothing_of_it_is_lost() -> None:
    """Every control of the value is drawn as a sign; the value itself is what it was."""
    app = FieldApp()
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.press("tab")
        for strips in (app.screen._compositor.render_strips(),):
            drawn = "".join(segment.text for line in strips for segment in line)
        for sign in "\x1b\x07\x9b\x00\u202e\u200b":
            assert sign not in drawn
        assert "␛" in drawn
        assert "[/x]" in drawn
        assert app.query_one(InertInput).value == HOSTILE
        assert app.query_one(InertTextArea).text == HOSTILE


@pytest.mark.parametrize("key", ["x", "end", "home", "right", "delete", "backspace"])
async def test_editing_goes_on_as_ever(key: str) -> None:
    """Moving and deleting in such a value does not crash, and what is typed arrives."""
    app = FieldApp()
    async with app.run_test(size=(30, 12)) as pilot:
        await pilot.press(key, "y")
        assert "y" in app.query_one(InertInput).value
