"""Approvals: every open question of every run, or of one; what it shows, its form, and the answers."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lead_tui.core.commands import Approve, Reject
from lead_tui.core.events import ApprovalGranted
from lead_tui.flow.forms import validate_values
from lead_tui.journal.base import RunRow
from lead_tui.text.safe import safe, safe_line
from lead_tui.text.words import CALL_IS_GONE
from lead_tui.tui import themes
from lead_tui.tui.flows.fields import of_form
from lead_tui.tui.flows.needs import OpenGate, Watch
from lead_tui.tui.intents import Steer
from lead_tui.tui.look import Tone
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.looking import keep_looking
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.gate_list import GateList
from lead_tui.tui.widgets.hints import Hints
from lead_tui.tui.widgets.inert import InertInput
from lead_tui.tui.widgets.result_view import ResultView
from lead_tui.tui.widgets.rows import Rows
from lead_tui.tui.widgets.title_line import TitleLine

LOOKED_AT = 100
_REJECT = "reject"
_AGAIN = ", and make the call again"


class ApprovalsScreen(Screen[None]):
    """`run_id`: only the questions of this run; `gate`: begin with this one."""

    DEFAULT_CSS = """
    ApprovalsScreen {
        #gates { max-height: 6; }
        #gate { height: 1fr; }
        #message { height: auto; max-height: 6; padding: 0 1; scrollbar-size-vertical: 1; margin-top: 1; }
        #show { height: 1fr; min-height: 2; margin-top: 1; }
        #form { max-height: 40%; }
        #form FieldEdit:last-child { margin-bottom: 0; }
        &.-bare #form { max-height: 60%; margin-top: 1; }
        #bottom { height: auto; padding-top: 1; background: $background; }
        #answers {
            height: auto; max-height: 6; border: none; padding: 0;
            background: transparent; scrollbar-size-vertical: 1;
        }
        #answers:blur > .option-list--option-highlighted { background: transparent; text-style: none; }
        #why { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
        #why.-asked { display: block; }
        &.-nothing #gate { display: none; }
        &.-nothing #gates { height: 1fr; max-height: 100%; }
        &.-two #body { layout: horizontal; }
        &.-two #gates { width: 2fr; height: 100%; max-height: 100%; }
        &.-two #gate { width: 3fr; height: 100%; }
        &.-flat #gates { max-height: 2; }
        &.-flat #message { margin-top: 0; max-height: 2; }
        &.-flat #bottom, &.-low #bottom { dock: bottom; padding-top: 0; }
        &.-middle #gates, &.-middle #answers { max-height: 4; }
        &.-low #message, &.-middle #message { max-height: 3; }
        &.-middle #bottom { padding-top: 0; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (110, "-two")]  # noqa: RUF012 - an instance variable of Textual
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (15, "-low"), (24, "-middle"), (30, "-tall")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+y", "approve", "approve", priority=True, id="approvals.approve"),
        Binding("ctrl+n", "reject", "reject", priority=True, id="approvals.reject"),
        Binding("y", "approve", "approve", show=False, id="approvals.yes"),
        Binding("n", "reject", "reject", show=False, id="approvals.no"),
        Binding("tab", "app.focus_next", "next", id="approvals.next"),
        Binding("escape", "back", "back", id="approvals.back"),
    ]

    def __init__(self, runs: Runs, run_id: str | None = None, gate: str | None = None) -> None:
        super().__init__()
        self._runs = runs
        self._run_id = run_id
        self._wanted = (run_id, gate) if run_id is not None and gate is not None else None
        self._watch = Watch(runs)
        self._gates: list[OpenGate] | None = None
        self._shown: OpenGate | None = None
        self._sent: set[tuple[str, str]] = set()
        self._news = asyncio.Event()
        # kept: a worker may still come to them while the screen is being taken down
        self._title = TitleLine("approvals" if run_id is None else f"approvals of run {run_id}")
        self._list = GateList(id="gates")
        self._asked = Static(id="asked", markup=False)
        self._show = ResultView(shrinks=True, unfolded=True, id="show")
        self._form = Form(id="form")
        self._answers = OptionList(id="answers", compact=True, markup=False)
        self._why = InertInput(placeholder="why? enter rejects, esc does not", compact=True, id="why")

    def compose(self) -> ComposeResult:
        yield self._title
        with Container(id="body"):
            yield self._list
            with Vertical(id="gate"):
                with VerticalScroll(id="message", can_focus=False):
                    yield self._asked
                yield self._show
                yield self._form
                with Vertical(id="bottom"):
                    yield self._answers
                    yield self._why
        yield Hints()

    def on_mount(self) -> None:
        self._list.focus()
        self._follow()

    # what is asked

    @work(group="gates")
    async def _follow(self) -> None:
        await keep_looking(self, self._refresh_gates, self._title, self._news)

    async def _refresh_gates(self) -> None:
        recent = self._runs.engine.journal.runs(limit=LOOKED_AT)
        gates = [each for each in await self._watch.gates(recent) if self._run_id in (None, each.run_id)]
        if gates == self._gates:
            return
        gone = [each for each in self._gates or () if each.key not in {gate.key for gate in gates}]
        for each in gone:
            await self._tell_gone(each)
        if not gates and gone and self._run_id is not None:
            await self.app.run_action("back", self.app)
        self._gates = gates
        listed = self._list
        listed.show(gates, self._runs.engine.clock.now(), self._wanted)
        self._wanted = None
        listed.styles.height = len(gates) + 1
        self.set_class(not gates, "-nothing")
        listed.set_note("" if gates else await self._nothing_asked(recent))
        await self._show_gate(listed.gate)

    async def _nothing_asked(self, recent: Sequence[RunRow]) -> str:
        """Of one run it may be that all was given that it asked for."""
        if self._run_id is None:
            return "no run asks you anything"
        needs = [each for each in await self._watch.look(recent) if each.run_id == self._run_id]
        given = next((each.what for each in needs if each.kind == "answered"), "")
        return f"{given} (esc, then r)" if given else "this run asks you nothing"

    async def _tell_gone(self, gate: OpenGate) -> None:
        """Somebody else answered it, or its run went on without."""
        if gate.key in self._sent:
            return
        state = await self._watch.state(self._runs.row(gate.run_id))
        known = state.gates.get(gate.request.gate) if state is not None else None
        if known is not None and known.answer is not None:
            verb = "approved" if isinstance(known.answer, ApprovalGranted) else "rejected"
            what = f"was {verb} by {known.answer.by or 'somebody'}"
        else:
            what = "is not asked any more"
        self.notify(safe_line(f"{gate.request.task} {what}"), markup=False)

    async def on_rows_moved(self, event: Rows.Moved) -> None:
        if isinstance(event.rows, GateList):
            event.stop()
            await self._show_gate(event.rows.gate)

    def on_rows_opened(self, event: Rows.Opened) -> None:
        if isinstance(event.rows, GateList):
            event.stop()
            self._enter()

    async def _show_gate(self, gate: OpenGate | None) -> None:
        """Another gate; the same one stays as it is, with what was typed."""
        before, self._shown = self._shown, gate
        if gate is None or gate == before:
            return
        request, show, form = gate.request, self._show, self._form
        self._asked.update(self._question(gate))
        show.display = request.show is not None
        self.set_class(request.show is None, "-bare")
        if request.show is not None:
            show.set_value(request.show)
        form.display = bool(request.form)
        await form.set_fields(of_form(request.form))
        self._show_answers(gate)
        self._ask_why(False)

    def _question(self, gate: OpenGate) -> Text:
        palette, request = Palette.of(self.app), gate.request
        where = f"\n{safe_line(request.task)} of {safe_line(gate.flow)}, run {gate.run_id}"
        text = Text.assemble((safe(request.message) or "(no message)", palette.bold["text"]))
        if gate.again:
            text.append(f"\n{CALL_IS_GONE}.", palette["ask"])
        text.append(where, palette["muted"])
        if not gate.driven:
            text.append("\nNobody drives this run now: your answer takes it up here.", palette["ask"])
        return text

    def _show_answers(self, gate: OpenGate) -> None:
        answers = self._answers
        answers.clear_options()
        answers.add_options(map(Option, self._answer_lines(gate)))
        answers.highlighted = 0

    def _answer_lines(self, gate: OpenGate) -> list[Text]:
        """The one under the cursor wears the cursor's colour alone: others are hard to read there."""
        palette, answers = Palette.of(self.app), self._answers
        ok, bad = ("+", "x") if themes.ascii_only(self.app) else ("✔", "✖")
        marked: list[tuple[str, Tone, str]] = [
            (ok, "ok", safe_line(each, 200)) for each in gate.request.options or ["approve"]
        ]
        again = _AGAIN if gate.again else ""
        lines = []
        for index, (mark, tone, text) in enumerate([*marked, (bad, "bad", _REJECT)]):
            lit = answers.has_focus and index == answers.highlighted
            ends = ("", "") if lit else (palette[tone], palette["ask"])
            lines.append(Text.assemble((f" {mark} ", ends[0]), text, (again, ends[1])))
        return lines

    def _draw_answers(self) -> None:
        answers = self._answers
        if self._shown is not None:
            for index, line in zip(
                range(answers.option_count), self._answer_lines(self._shown), strict=False
            ):
                answers.replace_option_prompt_at_index(index, line)

    def on_option_list_option_highlighted(self) -> None:
        self._draw_answers()

    def on_descendant_focus(self) -> None:
        self._draw_answers()

    def on_descendant_blur(self) -> None:
        self._draw_answers()

    def _enter(self) -> None:
        """From the list to what is to be filled in or chosen."""
        if self._shown is not None and not (self._shown.request.form and self._form.focus_first()):
            self._answers.focus()

    # the answer

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._shown is not None if action in ("approve", "reject") else True

    def action_approve(self) -> None:
        gate = self._shown
        if gate is None:
            return
        if len(gate.request.options) > 1:
            self._answers.focus()
            self.notify("choose one of its options", markup=False)
        else:
            self._approve(gate, gate.request.options[0] if gate.request.options else "approve")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        gate = self._shown
        if gate is None:
            return
        granted = gate.request.options or ["approve"]
        if event.option_index < len(granted):
            self._approve(gate, granted[event.option_index])
        else:
            self.action_reject()

    def on_form_submitted(self, event: Form.Submitted) -> None:
        event.stop()
        self.action_approve()

    def _approve(self, gate: OpenGate, answer: str) -> None:
        values = self._values(gate)
        if values is not None:
            command = Approve(gate=gate.request.gate, answer=answer, values=values, again=gate.again)
            self._send(gate, command, "approved")

    def _values(self, gate: OpenGate) -> dict[str, Any] | None:
        """What the form gives, checked as the run will; None if something is wrong, which is shown."""
        if not gate.request.form:
            return {}
        form = self._form
        given = form.values()
        if given is None:
            return None
        found = validate_values(gate.request.form, given)
        if isinstance(found, list):
            form.show_problems(dict(problem.split(": ", 1) for problem in found))
            return None
        return found

    def action_reject(self) -> None:
        self._ask_why(True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        gate = self._shown
        if event.input.id == "why" and gate is not None:
            event.stop()
            command = Reject(gate=gate.request.gate, why=event.value, again=gate.again)
            self._send(gate, command, "rejected")
            self._ask_why(False)

    def _ask_why(self, asked: bool) -> None:
        why = self._why
        had_focus = why.has_focus
        why.set_class(asked, "-asked")
        why.value = ""
        if asked:
            why.focus()
        elif had_focus:
            self._list.focus()

    def _send(self, gate: OpenGate, command: Approve | Reject, verb: str) -> None:
        self._sent.add(gate.key)
        self.post_message(Steer(gate.run_id, command, f"{gate.request.task} is {verb}"))
        self.set_timer(0.2, self._news.set)

    async def action_back(self) -> None:
        """Out of the question why, of the form, of the screen."""
        if self._why.has_class("-asked"):
            self._ask_why(False)
        elif not isinstance(self.focused, GateList) and self._gates:
            self._list.focus()
        else:
            await self.app.run_action("back", self.app)
