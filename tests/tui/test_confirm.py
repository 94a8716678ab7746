"""A question: every way to answer it, and none that answers by accident."""

import pytest
from textual.app import App

from lead_tui.tui import themes
from lead_tui.tui.screens.confirm import Choice, Confirm

CHOICES = [Choice("s", "save", "save them"), Choice("d", "discard"), Choice("e", "stay")]
UNANSWERED = object()


class Asking(App[None]):
    def __init__(self, question: Confirm) -> None:
        super().__init__()
        self.question = question
        self.answer: object = UNANSWERED

    def on_mount(self) -> None:
        themes.install(self)
        self.push_screen(self.question, self.take)

    def take(self, answer: str | None) -> None:
        self.answer = answer


async def answered(
    *keys: str, message: str = "Text is not saved.", size: tuple[int, int] = (80, 24)
) -> object:
    app = Asking(Confirm("Unsaved", message, CHOICES))
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        return app.answer


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], "save"),
        (["d"], "discard"),
        (["e"], "stay"),
        (["escape"], None),
        (["down", "enter"], "discard"),
        (["tab", "tab", "enter"], "stay"),
        (["tab", "tab", "tab", "enter"], "save"),
        (["shift+tab", "enter"], "stay"),
        (["right", "right", "left", "enter"], "discard"),
        (["up", "enter"], "stay"),
        (["x"], UNANSWERED),
        (["S"], UNANSWERED),
    ],
)
async def test_keys(keys: list[str], answer: object) -> None:
    """Letters, arrows, tab and enter answer; escape answers nothing; other keys do nothing."""
    assert await answered(*keys) == answer


async def test_the_mouse() -> None:
    """A click on a choice takes it."""
    app = Asking(Confirm("Unsaved", "x", CHOICES))
    async with app.run_test() as pilot:
        await pilot.click("OptionList", offset=(5, 1))
        await pilot.pause()
        assert app.answer == "discard"


async def test_what_comes_from_outside_is_only_text() -> None:
    """Markup is neither read nor obeyed, and no escape byte is drawn."""
    hostile = "[/x] [@click=app.quit]go[/] \x1b[31m\x9b2J"
    app = Asking(Confirm(hostile, hostile, [Choice("a", "a", hostile)]))
    async with app.run_test(size=(100, 24)):
        lines = [strip.text for strip in app.screen._compositor.render_strips()]
    text = "\n".join(lines)
    assert text.count("[/x] [@click=app.quit]go[/] ␛[31m\\x9b2J") == 3
    assert "\x1b" not in text


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (40, 10)])
async def test_small_terminals(size: tuple[int, int]) -> None:
    """However little room there is, letters answer."""
    assert await answered("d", size=size, message="many words " * 40) == "discard"
