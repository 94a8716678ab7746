"""A question of a call: what it shows, what may be chosen, and what the answer then is."""

from typing import Any

from textual.app import App, ComposeResult

from lead_tui.core.commands import Approve
from lead_tui.core.events import ApprovalRequested
from lead_tui.tui import themes
from lead_tui.tui.widgets.pick import Pick
from lead_tui.tui.widgets.question import MOST_SHOWN, Question
from tests.tui.stage import text_of


class Asking(App[None]):
    """`answered` counts the messages that came up."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__()
        self.question = Question()
        self.answered = 0

    def compose(self) -> ComposeResult:
        yield self.question

    def on_mount(self) -> None:
        themes.install(self)

    def on_question_answered(self) -> None:
        self.answered += 1

    def on_pick_changed(self) -> None:
        raise AssertionError("a choice of the question is nobody else's")


def asked(gate: str = "g", **more: Any) -> ApprovalRequested:
    return ApprovalRequested(task="test", gate=gate, **{"message": "May I?", **more})


async def test_one_of_its_options_is_chosen() -> None:
    """The first one stands until another is; the same question keeps what was chosen."""
    app = Asking()
    async with app.run_test(size=(60, 20)) as pilot:
        request = asked(options=["canary", "everywhere"])
        await app.question.ask(request)
        assert app.question.approval() == Approve(gate="g", answer="canary", values={})
        app.query_one(Pick).focus()
        await pilot.press("right")
        await app.question.ask(request)
        assert app.question.approval() == Approve(gate="g", answer="everywhere", values={})
        await pilot.press("enter")
        await pilot.pause()
        assert app.answered == 1
        await app.question.ask(asked("h", options=["ship"]))
        assert not app.query(Pick)
        assert app.question.approval() == Approve(gate="h", answer="ship", values={})
        await app.question.ask(None)
        await pilot.pause()
        assert app.question.approval() is None
        assert "May I?" not in text_of(app)


async def test_a_form_is_checked_as_the_run_will_check_it() -> None:
    """What only the whole form shows to be wrong is told under its field."""
    form = {"percent": {"type": "integer"}, "word": {"type": "string", "pattern": "[a-z]+"}}
    app = Asking()
    async with app.run_test(size=(60, 24)) as pilot:
        await app.question.ask(asked(form=form))
        await pilot.pause()
        await pilot.press("5", "enter", "A")
        assert app.question.approval() is None
        await pilot.press("backspace", "a", "enter")
        await pilot.pause()
        assert app.answered == 1
        assert app.question.approval() == Approve(
            gate="g", answer="approve", values={"percent": 5, "word": "a"}
        )


async def test_what_it_is_for_is_shown_in_full() -> None:
    """Nothing is folded or obeyed; only what no person reads is cut, and that is said."""
    app = Asking()
    async with app.run_test(size=(60, 24)) as pilot:
        await app.question.ask(asked(show={"tool": "rm", "arguments": {"deep": {"er": [1, "\x1b[2J"]}}}))
        await pilot.pause()
        shown = text_of(app)
        assert "er:" in shown
        assert "\x1b" not in shown
        await app.question.ask(asked("h", show="line\n" * MOST_SHOWN, message=""))
        await pilot.pause()
        shown = text_of(app)
        assert "(no message)" in shown
        assert str(app.question._show.content).endswith("80,000 more characters")
