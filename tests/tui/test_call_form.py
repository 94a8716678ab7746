"""The form of a call: what was typed stays, whatever comes in meanwhile."""

from typing import Any

from textual.app import App, ComposeResult
from textual.widgets import Input

from lead_tui.tui import themes
from lead_tui.tui.calls.offers import Offer
from lead_tui.tui.widgets.call_form import CallForm
from lead_tui.tui.widgets.offer_list import OfferList
from tests.tui.stage import text_of

SCHEMA = {"type": "object", "properties": {"uri": {"type": "string"}}}
READ, PING = Offer("read", "one of them", SCHEMA), Offer("ping", "is it there?", {"type": "object"})
ECHO = Offer("echo", "gives back", SCHEMA)


class Forms(App[None]):
    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__()
        self.form = CallForm()

    def compose(self) -> ComposeResult:
        yield self.form

    def on_mount(self) -> None:
        themes.install(self)


def start(action: str) -> dict[str, Any]:
    return {"uri": f"of {action}"} if action != "ping" else {}


async def test_what_was_chosen_stays_when_the_list_grows() -> None:
    """With what was typed; nothing chosen gives way to what is usual, and so does what is gone."""
    app = Forms()
    async with app.run_test(size=(60, 20)) as pilot:
        form = app.form
        await form.show_offers([PING, READ], "ping", start, "not known yet", anew=True)
        await pilot.pause()
        assert (form.call(), "not known yet" in text_of(app)) == (("ping", {}), True)
        await form.show_offers([ECHO, PING, READ], "echo", start, "", anew=False)
        assert form.call() == ("echo", {"uri": "of echo"})
        app.query_one(OfferList).focus()
        await pilot.press("down", "down")
        await pilot.pause()
        assert form.call() == ("read", {"uri": "of read"})
        app.query_one(Input).value = "typed"
        await form.show_offers([READ, ECHO, PING], "echo", start, "", anew=False)
        assert form.call() == ("read", {"uri": "typed"})
        await form.show_offers([ECHO, PING], "echo", start, "", anew=False)
        assert form.call() == ("echo", {"uri": "of echo"})


async def test_nothing_is_offered() -> None:
    """There is nothing to fill in, to turn or to call by mistake."""
    app = Forms()
    async with app.run_test(size=(60, 20)) as pilot:
        await app.form.show_offers([], "", start, "none is granted", anew=True)
        await pilot.pause()
        assert not app.form.can_turn
        await app.form.turn()
        assert app.form.call() == ("", {})
        assert "none is granted" in text_of(app)
