"""What is asked of an agent: the fields of its sheet, or the list of its tools with the fields of one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from lead_tui.text.safe import safe_line
from lead_tui.tui.calls.offers import Offer
from lead_tui.tui.calls.sheet import Sheet, sheet_of_offer
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.offer_list import OfferList
from lead_tui.tui.widgets.rows import Rows

Start = Callable[[str], Mapping[str, Any]]
"""The parameters with which the form of an action begins."""


class CallForm(Vertical):
    """`call` gives what is filled in."""

    DEFAULT_CSS = """
    CallForm {
        height: auto;
        #offers, #about { display: none; }
        #about { height: auto; padding: 0 1; }
        #form { padding: 0 1; }
        &.-offers #offers, &.-offers #about { display: block; }
    }
    """

    class Submitted(Message):
        """It is filled in, and to be sent."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._sheet = Sheet(())
        self._start: Start = lambda action: {}
        self._action = ""
        self._chose = False
        """Did somebody choose the action? Else another may come with the list of the tools."""
        self._as_text = False
        # kept: the screen may be taken down while an answer still comes
        self._offers = OfferList(id="offers")
        self._about = Static(id="about", markup=False)
        self._form = Form(id="form")

    def compose(self) -> ComposeResult:
        yield self._offers
        yield self._about
        yield self._form

    # what it shows

    async def show_sheet(self, sheet: Sheet) -> None:
        """The fields of an agent without tools."""
        self.set_class(False, "-offers")
        self._sheet = sheet
        await self._form.set_fields(sheet.fields)

    async def show_offers(
        self, offers: Sequence[Offer], usual: str, start: Start, note: str, *, anew: bool
    ) -> None:
        """A list and the form of one of them: of the one that was chosen, else of the `usual` one.

        `anew`: of another agent, so that nothing was chosen yet.
        """
        before = None if anew else self._action
        self.set_class(True, "-offers")
        self._chose = self._chose and not anew
        if not self._chose or self._action not in [each.name for each in offers]:
            self._action = usual
        self._start = start
        self._offers.set_note(note)
        self._offers.show(offers, self._action)
        if self._action != before:  # else somebody may be typing
            self._as_text = False
            await self._show_offer(start(self._action))

    async def _show_offer(self, parameters: Mapping[str, Any]) -> None:
        offer, palette = self._offers.offer, Palette.of(self.app)
        if offer is None:
            self._sheet = Sheet(())
        else:
            self._sheet = sheet_of_offer(offer, parameters, as_text=self._as_text)
        text = Text(safe_line(offer.description, 500) if offer is not None else "", palette["muted"])
        if offer is not None and not self._sheet.fields:
            text.append("\nno parameters: enter calls it", palette["faint"])
        self._about.update(text)
        await self._form.set_fields(self._sheet.fields)

    @property
    def can_turn(self) -> bool:
        """Is there a form that could be a text, or the reverse?"""
        return self.has_class("-offers") and self._offers.offer is not None

    async def turn(self) -> None:
        """From a form to a text of YAML or JSON, and back; what was filled in stays."""
        call = self.call()
        if call is not None and self.can_turn:
            self._as_text = not self._as_text
            await self._show_offer(call[1])
            self._form.focus_first()

    # what is filled in

    def call(self) -> tuple[str, dict[str, Any]] | None:
        """Action and parameters; None if something is wrong, which is shown."""
        values = self._form.values()
        return None if values is None else self._sheet.call(values)

    def focus_first(self) -> None:
        """Go to the list, or to the first field."""
        if self.has_class("-offers"):
            self._offers.focus()
        else:
            self._form.focus_first()

    async def on_rows_moved(self, event: Rows.Moved) -> None:
        event.stop()
        offer = self._offers.offer
        if offer is not None and offer.name != self._action:
            self._action, self._chose, self._as_text = offer.name, True, False
            await self._show_offer(self._start(offer.name))

    def on_rows_opened(self, event: Rows.Opened) -> None:
        event.stop()
        if not self._form.focus_first():
            self.post_message(self.Submitted())

    def on_form_submitted(self, event: Form.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted())
