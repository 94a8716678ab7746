"""Test agent: one real call to an agent of a flow, with its retries, limits and breaker, as often as wanted.

The calls run on an engine of their own, on a journal in memory: nothing of them is stored. The breaker is the
same from one call to the next; all else begins anew with each, a server that an agent starts as well.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.widgets import Static

from lead_tui.core.commands import AnyCommand, Reject
from lead_tui.errors import LeadError
from lead_tui.flow.loader import Document, environment_for
from lead_tui.flow.models import AgentConfig
from lead_tui.flow.resolve import agent_settings
from lead_tui.journal.memory import MemoryJournal
from lead_tui.observers.hub import Item
from lead_tui.resilience.breaker import Breaker
from lead_tui.resilience.guard import Guards
from lead_tui.runner.engine import Engine, load_file
from lead_tui.runner.trial import TrialRun, begin_trial
from lead_tui.threads import in_thread
from lead_tui.tui.calls.curl import curl
from lead_tui.tui.calls.offers import LISTING, Offer, has_offers, is_server, offers_of
from lead_tui.tui.calls.sheet import sheet_of
from lead_tui.tui.calls.trials import (
    Call,
    asked_of,
    begun,
    callable_agents,
    filled_in,
    raw_agent,
    usual,
)
from lead_tui.tui.editing.problem_text import broken_text
from lead_tui.tui.intents import EditFlow
from lead_tui.tui.model import RunModel
from lead_tui.tui.prose.cells import short_path
from lead_tui.tui.runs import Runs
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.call_form import CallForm
from lead_tui.tui.widgets.call_list import CallList
from lead_tui.tui.widgets.call_pane import CallPane, Part
from lead_tui.tui.widgets.hints import Hints
from lead_tui.tui.widgets.pick import Pick
from lead_tui.tui.widgets.question import Question
from lead_tui.tui.widgets.rows import Rows
from lead_tui.tui.widgets.title_line import TitleLine

TICK = 0.5
FRAME = 1 / 30
PATIENCE = 4.0
"""Seconds for a call to end when the screen goes; Textual itself waits five."""


class TestAgentScreen(Screen[None]):
    """`agent`: begin with this one; else with the flow's first."""

    __test__ = False  # no test, whatever its name says to a collector

    DEFAULT_CSS = """
    TestAgentScreen {
        #agents { height: 1; padding: 0 1; }
        #asking { height: auto; }
        #offers { max-height: 5; }
        #about { max-height: 2; }
        #form { max-height: 8; }
        #calls { height: 3; }
        #answer { height: 1fr; }
        #broken { display: none; padding: 1; height: 1fr; overflow-y: auto; }
        &.-broken #broken { display: block; }
        &.-broken #body { display: none; }
        &.-two #body { layout: horizontal; }
        &.-two #asking { width: 2fr; height: 100%; max-height: 100%; padding-right: 1; }
        &.-two #answer { width: 3fr; height: 100%; padding-top: 1; }
        &.-two #agents { height: 3; padding: 1; }
        &.-two #offers { max-height: 35vh; }
        &.-two #about { max-height: 5; padding: 1; }
        &.-two #form { max-height: 60vh; }
        &.-two CallForm.-offers #form { max-height: 45vh; }
        &.-two #calls { height: 1fr; }
        &.-one CallForm.-offers #form { max-height: 6; }
        &.-one.-offers #calls { height: 2; }
        &.-zoomed #asking { display: none; }
        &.-flat #calls, &.-flat CallForm { display: none; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (110, "-two")]  # noqa: RUF012 - an instance variable of Textual
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (15, "-low")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+y", "approve", "approve", priority=True, id="test.approve"),
        Binding("ctrl+n", "reject", "reject", priority=True, id="test.reject"),
        Binding("ctrl+r,ctrl+s", "send", "send", id="test.send"),
        Binding("ctrl+x", "cancel", "cancel call", priority=True, id="test.cancel"),
        Binding("x", "cancel", "cancel call", show=False, id="test.end"),
        Binding("ctrl+b", "reset_breaker", "reset breaker", id="test.reset_breaker"),
        Binding("ctrl+t", "as_text", "form/text", id="test.as_text"),
        Binding("Y", "curl", "copy as curl", id="test.curl"),
        Binding("c", "course", "course", id="test.course"),
        Binding("m", "meta", "headers", id="test.meta"),
        Binding("z", "zoom", "zoom", id="test.zoom"),
        Binding("e", "edit", "edit", show=False, id="test.edit"),
        Binding("escape", "back", "back", id="test.back"),
    ]

    def __init__(self, path: Path, runs: Runs, agent: str = "") -> None:
        super().__init__()
        self._path = path
        self._runs = runs
        clock = runs.engine.clock
        self._guards = Guards(clock)
        self._engine = Engine(MemoryJournal(clock), clock=clock, guards=self._guards)
        self._environment: Mapping[str, str] = os.environ
        self._document: Document | None = None
        self._agent = agent
        self._listed: dict[str, object] = {}
        """What servers gave as their tools, by agent."""
        self._sent: dict[tuple[str, str], dict[str, object]] = {}
        """The parameters with which an offer was last called."""
        self.calls: list[Call] = []
        """Newest first."""
        self._trial: TrialRun | None = None
        self._news = False
        """Did more happen than that somebody spoke on?"""
        self._gone = False
        # kept: a call may still end while the screen is being taken down
        self._form = CallForm()
        self._call_list = CallList(id="calls")
        self._pane = CallPane(id="answer")

    def compose(self) -> ComposeResult:
        yield TitleLine(f"test agents of {short_path(self._path)}")
        yield Static(id="broken", markup=False)
        with Container(id="body"):
            with Vertical(id="asking"):
                yield Container(id="agents")
                yield self._form
                yield self._call_list
            yield self._pane
        yield Hints()

    def on_mount(self) -> None:
        self._load()
        self.set_interval(TICK, self._tick)
        self._frames = self.set_interval(FRAME, self._draw, pause=True)

    async def on_unmount(self) -> None:
        """End a call under way before the app is gone: what its agent started must not outlive it."""
        self._gone = True
        if self._trial is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._trial.end()

    def on_screen_resume(self) -> None:
        """Back from the editor: the flow may be another, or well now."""
        if self._document is not None or self.has_class("-broken"):
            self._load()

    # the flow and its agents

    @work(exclusive=True, group="load")
    async def _load(self) -> None:
        try:
            document = await asyncio.to_thread(self._read)
        except LeadError as error:
            self._document = None
            self._show_broken(error)
        else:
            known, self._document = self._document, document
            self.remove_class("-broken")
            names = [agent.name for agent in callable_agents(document)]
            if known is None or self._agent not in names:
                await self._show_agents(names)
        self._show_call()
        self.refresh_bindings()

    def _read(self) -> Document:
        self._environment = environment_for(self._path.resolve().parent, self._runs.env_file)
        return load_file(self._path, self._environment)

    def _show_broken(self, error: LeadError) -> None:
        text = broken_text(error, self._path, Palette.of(self.app), "e opens the editor.")
        self.query_one("#broken", Static).update(text)
        self.add_class("-broken")
        self.set_focus(None)

    async def _show_agents(self, names: list[str]) -> None:
        if self._agent not in names:
            self._agent = names[0] if names else ""
        agents = self.query_one("#agents")
        await agents.remove_children()
        if names:
            pick = Pick(names, self._agent)
            await agents.mount(pick)
            await self._take_agent()
            pick.focus()
        else:
            await agents.mount(Static("This flow has no agent that can be called.", markup=False))

    @property
    def _config(self) -> AgentConfig | None:
        return self._config_of(self._agent)

    def _config_of(self, agent: str) -> AgentConfig | None:
        agents = callable_agents(self._document) if self._document is not None else []
        return next((each for each in agents if each.name == agent), None)

    @property
    def _breaker(self) -> Breaker | None:
        """The agent's, as it stands between the calls."""
        if self._document is None or self._config is None:
            return None
        return self._guards.of(agent_settings(self._document.workflow, self._config)).breaker

    async def on_pick_changed(self, event: Pick.Changed) -> None:
        event.stop()
        self._agent = event.pick.text or ""
        await self._take_agent()
        self._show_call()
        self.refresh_bindings()

    def on_pick_taken(self, event: Pick.Taken) -> None:
        event.stop()
        self._form.focus_first()

    # what the agent can be asked

    async def _take_agent(self) -> None:
        config, document = self._config, self._document
        if config is None or document is None:
            return
        self.set_class(has_offers(config), "-offers")
        if (call := self._under_way) is not None and call.by_itself:
            self.action_cancel()  # the list of a server that nobody looks at any more
        if not has_offers(config):
            action, known = usual(document, config.name)
            await self._form.show_sheet(sheet_of(config, action, begun(document, known)))
            return
        await self._show_offers(config, anew=True)
        if is_server(config) and config.name not in self._listed and self._under_way is None:
            self._ask(LISTING, {}, by_itself=True)

    async def _show_offers(self, config: AgentConfig, *, anew: bool) -> None:
        offers = await in_thread(partial(offers_of, config, self._listed.get(config.name, ())))
        if config.name != self._agent:
            return
        waits = is_server(config) and config.name not in self._listed
        note = "not known yet" if waits else "" if offers else "none is granted"
        await self._form.show_offers(offers, self._usual_offer(offers), self._start, note, anew=anew)

    def _usual_offer(self, offers: Sequence[Offer]) -> str:
        """The first tool that the flow calls, else the first one that there is."""
        asked = asked_of(self._document, self._agent) if self._document is not None else []
        names = [each.name for each in offers if each.is_tool] or [each.name for each in offers]
        return next((each for each in asked if each in names), names[0] if names else "")

    def _start(self, action: str) -> Mapping[str, object]:
        """Parameters as they were sent last, else as the flow has them."""
        if self._document is None:
            return {}
        known = usual(self._document, self._agent, action)[1]
        return self._sent.get((self._agent, action)) or begun(self._document, known)

    async def action_as_text(self) -> None:
        """The parameters as a form, or as a text of YAML or JSON."""
        await self._form.turn()

    # a call

    @property
    def _under_way(self) -> Call | None:
        return next((call for call in self.calls[:1] if call.under_way), None)

    def on_call_form_submitted(self, event: CallForm.Submitted) -> None:
        event.stop()
        self.action_send()

    def action_send(self) -> None:
        asked = self._form.call()
        if asked is not None and asked[0] and self._under_way is None:
            action, parameters = asked
            self._sent[self._agent, action] = parameters
            self._ask(action, parameters)

    def _ask(self, action: str, parameters: dict[str, object], *, by_itself: bool = False) -> None:
        document = self._document
        if document is None:
            return
        now, number = self._engine.clock.now(), len(self.calls) + 1
        call = Call(number, now, self._agent, action, parameters, by_itself=by_itself)
        self.calls.insert(0, call)
        self._pane.part = "answer"
        calls = self._call_list
        calls.show(self.calls, now)
        calls.cursor = 0
        self._show_call()
        self._send(call, document)

    @work(exclusive=True, group="call")
    async def _send(self, call: Call, document: Document) -> None:
        try:
            document, parameters = filled_in(document, call, self._environment)
            self._trial = await begin_trial(
                self._engine,
                document,
                call.agent,
                call.action,
                parameters,
                environment=self._environment,
                attended=True,
            )
            run = self._trial.run
            call.model = RunModel(self._engine.journal.record(run.run_id).plan, run.run_id)
            call.model.follow(run.state, run.metrics)
            self._frames.resume()
            call.trial = await self._trial.follow(partial(self._hear, call))
        except LeadError as error:
            call.problem = str(error)
        except asyncio.CancelledError:
            call.cancelled = True
            raise
        finally:
            await self._end(call)

    async def _end(self, call: Call) -> None:
        self._trial = None
        if self._gone or not self.is_attached:
            return
        self._frames.pause()
        if call.by_itself and call.cancelled:
            self.calls.remove(call)
        self._show_call()
        self.refresh_bindings()
        config = self._config
        if call.action == LISTING and call.trial is not None and call.trial.success:
            self._listed[call.agent] = call.trial.result
            if config is not None and config.name == call.agent and has_offers(config):
                await self._show_offers(config, anew=False)

    def _hear(self, call: Call, batch: Sequence[Item]) -> None:
        if call.take(batch):
            self._news = True

    def _draw(self) -> None:
        """A frame of a call under way: what streams in; and all of it, if something else happened."""
        if self._news:
            self._news = False
            self._show_call()
            self.refresh_bindings()
        else:
            self._pane.show_course()

    def action_cancel(self) -> None:
        self.workers.cancel_group(self, "call")

    def action_reset_breaker(self) -> None:
        if (breaker := self._breaker) is not None:
            breaker.reset()
            self._show_call()
            self.refresh_bindings()

    # what it asks a person

    def action_approve(self) -> None:
        if (approval := self._pane.approval()) is not None:
            self._answer(approval)

    def on_question_answered(self, event: Question.Answered) -> None:
        event.stop()
        self.action_approve()

    def action_reject(self) -> None:
        if (call := self._under_way) is not None and call.asked is not None:
            self._answer(Reject(gate=call.asked.gate))

    @work(group="answer")
    async def _answer(self, command: AnyCommand) -> None:
        if self._trial is not None:
            receipt = await self._trial.run.send(command, self._runs.by)
            if not receipt.accepted:
                self.notify(receipt.why, markup=False, severity="warning")

    # what came of it

    def on_rows_moved(self, event: Rows.Moved) -> None:
        if isinstance(event.rows, CallList):
            event.stop()
            self._show_call()
            self.refresh_bindings()

    def on_rows_opened(self, event: Rows.Opened) -> None:
        if isinstance(event.rows, CallList):
            event.stop()
            self._pane.focus_content()

    def _tick(self) -> None:
        """Time passes for a call under way and for an open breaker."""
        breaker = self._breaker
        if self._under_way is not None or (breaker is not None and breaker.state != "closed"):
            self._show_call()

    def _show_call(self) -> None:
        calls, now = self._call_list, self._engine.clock.now()
        calls.show(self.calls, now)
        self._pane.show(calls.call, self._agent, self._breaker, now)

    # what is wanted

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        call, under_way, breaker = self._call_list.call, self._under_way, self._breaker
        config = self._config_of(call.agent if call is not None else self._agent)
        able = {
            "approve": under_way is not None and under_way.asked is not None,
            "reject": under_way is not None and under_way.asked is not None,
            "send": self._config is not None and under_way is None,
            "cancel": under_way is not None,
            "reset_breaker": breaker is not None and breaker.state != "closed",
            "as_text": self._form.can_turn,
            "curl": config is not None and config.type == "http_api",
            "course": call is not None and call.talks and not call.under_way,
            "meta": call is not None and call.trial is not None and bool(call.trial.meta),
            "zoom": self._document is not None,
        }
        return able.get(action, True)

    def action_meta(self) -> None:
        """The answer, or what came with it: status, headers, exit code."""
        self._show_part("meta")

    def action_course(self) -> None:
        """The answer, or all that happened before it."""
        self._show_part("course")

    def _show_part(self, part: Part) -> None:
        self._pane.part = "answer" if self._pane.part == part else part
        self._show_call()

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")
        if self.has_class("-zoomed"):
            self._pane.focus_content()

    def action_curl(self) -> None:
        """The call under the cursor, or what stands in the form."""
        call = self._call_list.call
        asked = (call.action, call.parameters) if call is not None else self._form.call()
        if self._document is not None and asked is not None:
            agent = call.agent if call is not None else self._agent
            self.app.copy_to_clipboard(curl(raw_agent(self._document, agent), asked[1]))
            self.notify("copied as curl; secrets are left as ${NAME} or ***", markup=False)

    def action_edit(self) -> None:
        self.post_message(EditFlow(self._path))

    async def action_back(self) -> None:
        """End the call under way, the zoom, this screen."""
        if self._under_way is not None:
            self.action_cancel()
        elif self.has_class("-zoomed"):
            self.action_zoom()
            self._call_list.focus()
        else:
            await self.app.run_action("back", self.app)
