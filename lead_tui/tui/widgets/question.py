"""A question of a call under way, with exactly what the answer is for, and the form that it may have."""

from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from lead_tui.core.commands import Approve
from lead_tui.core.events import ApprovalRequested
from lead_tui.flow.forms import validate_values
from lead_tui.text.safe import safe
from lead_tui.tui import themes
from lead_tui.tui.calls.schema_fields import yaml_text
from lead_tui.tui.flows.fields import of_form
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.pick import Pick

MOST_SHOWN = 20_000
"""Characters of what the answer is for."""


class Question(Vertical):
    """Hidden while nothing is asked."""

    DEFAULT_CSS = """
    Question {
        display: none; height: auto; max-height: 70%; background: $boost;
        & > #message { height: auto; max-height: 3; padding: 0 1; }
        & > #show { height: auto; max-height: 10; padding: 0 1 0 3; scrollbar-size-vertical: 1; }
        & > #show > Static { height: auto; }
        & > Form { max-height: 8; padding: 0 1 0 2; }
        & > Form FieldEdit:last-child { margin-bottom: 0; }
        & > #options { height: 1; margin: 0 2; }
        & > #keys { height: 1; padding: 0 3; }
    }
    Question.-asks { display: block; }
    """

    class Answered(Message):
        """Somebody approves it, with what is filled in and chosen."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._asked: ApprovalRequested | None = None
        self._message = Static(id="message", markup=False)
        self._show = Static(markup=False)
        self._shown = VerticalScroll(self._show, id="show")
        self._form = Form()
        self._options: Pick | None = None
        self._keys = Static(id="keys", markup=False)

    def compose(self) -> ComposeResult:
        yield self._message
        yield self._shown
        yield self._form
        yield self._keys

    async def ask(self, asked: ApprovalRequested | None) -> None:
        """Show this question, or none; the same one stays as it is, with what was typed."""
        if asked is self._asked or (asked and self._asked and asked.gate == self._asked.gate):
            return
        self._asked = asked
        self.set_class(asked is not None, "-asks")
        if asked is None:
            return
        palette = Palette.of(self.app)
        mark = "=" if themes.ascii_only(self.app) else "‖"
        message = safe(asked.message) or "(no message)"
        self._message.update(
            Text.assemble((f"{mark} ", palette.bold["ask"]), (message, palette.bold["text"]))
        )
        self._shown.display = asked.show is not None
        self._show.update(Text(_in_full(asked.show), palette["text"]))
        self._form.display = bool(asked.form)
        await self._form.set_fields(of_form(asked.form))
        await self._offer(asked.options)
        keys = ("ctrl+y", palette.bold["accent"]), (" approves   ", palette["muted"])
        self._keys.update(
            Text.assemble(*keys, ("ctrl+n", palette.bold["accent"]), (" rejects", palette["muted"]))
        )
        if asked.form:
            self._form.focus_first()

    async def _offer(self, options: list[str]) -> None:
        if self._options is not None:
            await self._options.remove()
            self._options = None
        if len(options) > 1:
            self._options = Pick(options, options[0])
            self._options.id = "options"
            await self.mount(self._options, before=self._keys)

    def on_form_submitted(self, event: Form.Submitted) -> None:
        event.stop()
        self.post_message(self.Answered())

    def on_pick_changed(self, event: Pick.Changed) -> None:
        event.stop()

    def on_pick_taken(self, event: Pick.Taken) -> None:
        event.stop()
        self.post_message(self.Answered())

    def approval(self) -> Approve | None:
        """What approves it; None if something in the form is wrong, which is shown."""
        asked, values = self._asked, self._values()
        if asked is None or values is None:
            return None
        chosen = self._options.text if self._options is not None else None
        answer = chosen or (asked.options[0] if asked.options else "approve")
        return Approve(gate=asked.gate, answer=answer, values=values)

    def _values(self) -> dict[str, Any] | None:
        if self._asked is None or not self._asked.form:
            return {}
        given = self._form.values()
        if given is None:
            return None
        found = validate_values(self._asked.form, given)
        if isinstance(found, list):
            self._form.show_problems(dict(problem.split(": ", 1) for problem in found))
            return None
        return found


def _in_full(shown: Any) -> str:
    """Nothing of it is folded: the answer is for all of it."""
    text = shown if isinstance(shown, str) else yaml_text(shown)
    cut = f"\n… {len(text) - MOST_SHOWN:,} more characters" if len(text) > MOST_SHOWN else ""
    return safe(text[:MOST_SHOWN]) + cut
