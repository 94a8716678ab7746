"""Test agent: one real call to an agent of a flow, with its retries, limits and breaker, as often as wanted.

The calls run on an engine of their own, on a journal in memory: nothing of them is stored. The breaker is the
same from one call to the next.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.widgets import Static

from lead_tui.core.events import Event
from lead_tui.errors import LeadError
from lead_tui.flow.loader import Document, environment_for
from lead_tui.flow.models import AgentConfig
from lead_tui.flow.resolve import agent_settings
from lead_tui.journal.memory import MemoryJournal
from lead_tui.observers.hub import Observer
from lead_tui.resilience.breaker import Breaker
from lead_tui.resilience.guard import Guards
from lead_tui.runner.engine import Engine, load_file
from lead_tui.runner.trial import try_agent
from lead_tui.tui import themes
from lead_tui.tui.calls.curl import curl
from lead_tui.tui.calls.outcome import OutcomePen
from lead_tui.tui.calls.trials import (
    Call,
    as_text,
    callable_agents,
    filled_in,
    from_text,
    raw_agent,
    usual,
)
from lead_tui.tui.editing.problem_text import broken_text
from lead_tui.tui.flows.fields import Field
from lead_tui.tui.intents import EditFlow
from lead_tui.tui.prose.cells import short_path
from lead_tui.tui.runs import Runs
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.call_list import CallList
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.hints import Hints
from lead_tui.tui.widgets.pick import Pick
from lead_tui.tui.widgets.result_view import ResultView
from lead_tui.tui.widgets.rows import Rows
from lead_tui.tui.widgets.title_line import TitleLine

TICK = 0.5


class TestAgentScreen(Screen[None]):
    """`agent`: begin with this one; else with the flow's first."""

    __test__ = False  # no test, whatever its name says to a collector

    DEFAULT_CSS = """
    TestAgentScreen {
        #agents { height: 1; padding: 0 1; }
        #asking { height: auto; }
        #form { max-height: 8; padding: 0 1; }
        #calls { height: 3; }
        #answer { height: 1fr; }
        #outcome { height: auto; max-height: 6; padding: 0 1; }
        #result { height: 1fr; min-height: 2; margin-left: 1; }
        #broken { display: none; padding: 1; height: 1fr; overflow-y: auto; }
        &.-broken #broken { display: block; }
        &.-broken #body { display: none; }
        &.-two #body { layout: horizontal; }
        &.-two #asking { width: 2fr; height: 100%; max-height: 100%; }
        &.-two #answer { width: 3fr; height: 100%; }
        &.-two #agents { height: 3; padding: 1; }
        &.-two #form { height: auto; max-height: 60%; }
        &.-two #calls { height: 1fr; }
        &.-zoomed #asking { display: none; }
        &.-flat #calls, &.-flat #form { display: none; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (110, "-two")]  # noqa: RUF012 - an instance variable of Textual
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (15, "-low")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r,ctrl+s", "send", "send", id="test.send"),
        Binding("ctrl+x", "cancel", "cancel call", priority=True, id="test.cancel"),
        Binding("ctrl+b", "reset_breaker", "reset breaker", id="test.reset_breaker"),
        Binding("Y", "curl", "copy as curl", id="test.curl"),
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
        self._calls: list[Call] = []
        self._meta = False
        # kept: a call may still end while the screen is being taken down
        self._form = Form(id="form")
        self._call_list = CallList(id="calls")
        self._outcome = Static(id="outcome", markup=False)
        self._result = ResultView(empty="no answer yet", id="result")

    def compose(self) -> ComposeResult:
        yield TitleLine(f"test agents of {short_path(self._path)}")
        yield Static(id="broken", markup=False)
        with Container(id="body"):
            with Vertical(id="asking"):
                yield Container(id="agents")
                yield self._form
                yield self._call_list
            with Vertical(id="answer"):
                yield self._outcome
                yield self._result
        yield Hints()

    def on_mount(self) -> None:
        self._load()
        self.set_interval(TICK, self._tick)

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
            await self._show_form()
            pick.focus()
        else:
            await agents.mount(Static("This flow has no agent that can be called.", markup=False))

    async def _show_form(self) -> None:
        config = self._config
        if self._document is None or config is None:
            return
        action, parameters = usual(self._document, config.name)
        known = tuple(sorted(config.actions)) if config.actions else ()
        text = as_text(parameters)
        note = "values in place of {{ ... }}: no other task runs here" if "{{" in text else ""
        await self._form.set_fields(
            [
                Field("action", config.type, str, action, required=True, choices=known),
                Field("parameters", "object", from_text, text, "YAML or JSON", note=note),
            ]
        )

    @property
    def _config(self) -> AgentConfig | None:
        agents = callable_agents(self._document) if self._document is not None else []
        return next((each for each in agents if each.name == self._agent), None)

    @property
    def _breaker(self) -> Breaker | None:
        """The agent's, as it stands between the calls."""
        if self._document is None or self._config is None:
            return None
        return self._guards.of(agent_settings(self._document.workflow, self._config)).breaker

    async def on_pick_changed(self, event: Pick.Changed) -> None:
        event.stop()
        self._agent = event.pick.text or ""
        await self._show_form()
        self._show_call()
        self.refresh_bindings()

    def on_pick_taken(self, event: Pick.Taken) -> None:
        event.stop()
        self._form.focus_first()

    # a call

    @property
    def _under_way(self) -> Call | None:
        newest = self._calls[0] if self._calls else None
        waits = newest is not None and newest.trial is None and not newest.problem and not newest.cancelled
        return newest if waits else None

    def on_form_submitted(self, event: Form.Submitted) -> None:
        event.stop()
        self.action_send()

    def action_send(self) -> None:
        values = self._form.values()
        if values is None or self._document is None or self._under_way is not None:
            return
        now = self._engine.clock.now()
        call = Call(len(self._calls) + 1, now, self._agent, values["action"], values.get("parameters", {}))
        self._calls.insert(0, call)
        calls = self._call_list
        calls.show(self._calls, now)
        calls.cursor = 0
        self._show_call()
        self._send(call, self._document)

    @work(exclusive=True, group="call")
    async def _send(self, call: Call, document: Document) -> None:
        try:
            document, parameters = filled_in(document, call.agent, call.parameters, self._environment)
            call.trial = await try_agent(
                self._engine,
                document,
                call.agent,
                call.action,
                parameters,
                environment=self._environment,
                observers=[_Ear(partial(self._hear, call))],
            )
        except LeadError as error:
            call.problem = str(error)
        except asyncio.CancelledError:
            call.cancelled = True
            raise
        finally:
            if self.is_attached:
                self._show_call()
                self.refresh_bindings()

    def _hear(self, call: Call, event: Event) -> None:
        if call.hear(event) and self.is_attached:
            self._show_call()

    def action_cancel(self) -> None:
        self.workers.cancel_group(self, "call")

    def action_reset_breaker(self) -> None:
        if (breaker := self._breaker) is not None:
            breaker.reset()
            self._show_call()
            self.refresh_bindings()

    # what came of it

    def on_rows_moved(self, event: Rows.Moved) -> None:
        if isinstance(event.rows, CallList):
            event.stop()
            self._show_call()
            self.refresh_bindings()

    def on_rows_opened(self, event: Rows.Opened) -> None:
        if isinstance(event.rows, CallList):
            event.stop()
            self._result.focus_content()

    def _tick(self) -> None:
        """Time passes for a call under way and for an open breaker."""
        breaker = self._breaker
        if self._under_way is not None or (breaker is not None and breaker.state != "closed"):
            self._show_call()

    def _show_call(self) -> None:
        calls = self._call_list
        calls.show(self._calls, self._engine.clock.now())
        call = calls.call
        pen = OutcomePen(Palette.of(self.app), self._outcome.content_size.width, themes.ascii_only(self.app))
        self._outcome.update(pen.told(call, self._agent, self._breaker, self._engine.clock.now()))
        result = self._result
        if call is None or call.trial is None:
            result.set_value(None)
        elif self._meta:
            result.set_value(call.trial.meta, ("meta",))
        elif call.trial.error is not None:
            result.set_failure(call.trial.error)
        else:
            result.set_value(call.trial.result, ("result",))

    # what is wanted

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        call = self._call_list.call
        breaker = self._breaker
        able = {
            "send": self._config is not None and self._under_way is None,
            "cancel": self._under_way is not None,
            "reset_breaker": breaker is not None and breaker.state != "closed",
            "curl": self._config is not None and self._config.type == "http_api",
            "meta": call is not None and call.trial is not None and bool(call.trial.meta),
            "zoom": self._document is not None,
        }
        return able.get(action, True)

    def action_meta(self) -> None:
        """The answer, or what came with it: status, headers, exit code."""
        self._meta = not self._meta
        self._show_call()

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")
        if self.has_class("-zoomed"):
            self._result.focus_content()

    def action_curl(self) -> None:
        """The call under the cursor, or what stands in the form."""
        call = self._call_list.call
        values = None if call is not None else self._form.values()
        parameters = call.parameters if call is not None else (values or {}).get("parameters", {})
        if self._document is not None:
            agent = call.agent if call is not None else self._agent
            self.app.copy_to_clipboard(curl(raw_agent(self._document, agent), parameters))
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


class _Ear(Observer):
    """Hands each event to a function."""

    def __init__(self, hear: Callable[[Event], None]) -> None:
        self._hear = hear

    async def on_event(self, event: Event) -> None:
        self._hear(event)
