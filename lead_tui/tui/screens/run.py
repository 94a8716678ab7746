"""A run, live, foreign or replayed: tasks, log, graph, timeline, health on one model.

The panes know the model and show what changed once a frame; the cursor of the tasks leads log and graph.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from lead_tui.core import views
from lead_tui.core.commands import (
    AnyCommand,
    Cancel,
    CancelTask,
    Pause,
    RaiseBudget,
    RestartAgent,
    Resume,
    Retry,
    Skip,
)
from lead_tui.core.refusal import refusal
from lead_tui.core.state import RunStatus, TaskStatus
from lead_tui.errors import LeadError
from lead_tui.tui import themes
from lead_tui.tui.feed import Feed
from lead_tui.tui.headline import Piece
from lead_tui.tui.intents import EditFlow, OpenRun, OpenTask, ResumeRun, Steer, TestAgents
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.prose.amounts import amount_text, whose
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.confirm import Choice, Confirm
from lead_tui.tui.session import Session
from lead_tui.tui.taking_up import how_many, steer
from lead_tui.tui.tape import Tape
from lead_tui.tui.vitals.given import asking, given_text
from lead_tui.tui.vitals.spending import Limit, holding, limits
from lead_tui.tui.widgets.gate_bar import GateBar
from lead_tui.tui.widgets.hints import Hints
from lead_tui.tui.widgets.panes import NAMES, VIEWS, Panes
from lead_tui.tui.widgets.scrubber import REPLAY_KEYS, Scrubber
from lead_tui.tui.widgets.search_line import SearchLine
from lead_tui.tui.widgets.status_line import StatusLine
from lead_tui.tui.widgets.tab_line import TabLine

if TYPE_CHECKING:
    from lead_tui.tui.widgets.health import Health

SLOW_LOOP = 0.1
"""Seconds of delay from which on the header tells it."""


class RunScreen(Screen[None]):
    """Panes between the lines that tell how the run stands and what can be done."""

    CSS = """
    RunScreen.-tiny, RunScreen.-flat {
        TabLine, Hints { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *REPLAY_KEYS,
        Binding("r", "go_on", "retry", id="run.go_on"),
        Binding("S", "skip_task", "skip task", id="run.skip_task"),
        Binding("slash", "search", "filter", key_display="/", id="run.filter"),
        Binding("f", "pane('follow')", "follow", show=False, id="run.follow"),
        Binding("w", "pane('wrap')", "wrap", show=False, id="run.wrap"),
        Binding("A", "all", "log of all tasks", show=False, id="run.log_all"),
        Binding("space", "hold", "pause", id="run.hold"),
        Binding("c", "cancel", "cancel", id="run.cancel"),
        Binding("x", "cancel_task", "cancel task", id="run.cancel_task"),
        Binding("b", "budget", "raise budget", show=False, id="run.budget"),
        Binding("z", "zoom", "zoom", id="run.zoom"),
        Binding("v", "replay", "replay", show=False, id="run.replay"),
        Binding("e", "edit", "edit", show=False, id="run.edit"),
        Binding("t", "test_agents", "test agent", show=False, id="run.test"),
        Binding("s", "plain", "plain lines", show=False, id="run.plain"),
        Binding("d", "detach", "detach", show=False, id="run.detach"),
        Binding("P", "park", "park", show=False, id="run.park"),
        Binding("escape", "back", "back", show=False, id="run.back"),
        *(
            Binding(str(number + 1), f"view({name!r})", NAMES[number], show=False, id=f"run.view_{name}")
            for number, name in enumerate(VIEWS)
        ),
    ]

    def __init__(self, feed: Feed, runs: Runs) -> None:
        super().__init__()
        self.feed = feed
        self._tape = Tape(feed, self._show_tape)
        self._runs = runs
        self._search: SearchLine | None = None
        self._was: tuple[bool, int] | None = None
        """Whether it had ended, and how many gates and spent budgets held it, when last looked at."""
        self._offered: tuple[object, ...] = ()
        """What decides which keys are offered, when last looked at."""

    @property
    def model(self) -> RunModel:
        return self.feed.model

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield TabLine(NAMES)
        yield Panes(self.model)
        yield GateBar()
        yield Scrubber()
        yield Hints()

    def on_mount(self) -> None:
        self.query_one(StatusLine).set_model(self.model)
        self.query_one(Scrubber).show(self.feed.replay)
        self._show_run()
        self._go_where_it_was()
        # what happened while this was being mounted, no frame has shown
        self.call_after_refresh(self.show, Changes(again=True, said=True, run=True, time=True))

    def _go_where_it_was(self) -> None:
        """The view of the last time, and the filter if it was on the same flow."""
        session = self._session
        if session is None:
            return
        self.panes.log_view.wrapped = session.wrap
        if session.flow == self.model.plan.name:
            self.panes.tasks.filter = session.filter
        if session.screen in VIEWS:
            self.panes.view = session.screen

    def remember(self) -> None:
        """Keep for the next time what is looked at now."""
        session = self._session
        if session is not None:
            session.screen, session.flow = self.panes.view, self.model.plan.name
            session.filter = self.panes.tasks.filter
            session.wrap = self.panes.log_view.wrapped

    @property
    def _session(self) -> Session | None:
        return getattr(self.app, "session", None)

    @property
    def panes(self) -> Panes:
        return self.query_one(Panes)

    # frames

    def show(self, changes: Changes) -> None:
        """Once a frame: what changed since the one before."""
        if not self.is_mounted:
            return
        self.panes.loop_lag = self._lag
        self.panes.show(changes)
        if changes.run or changes.again or changes.time:
            self._show_run()
        if self.feed.replay is not None:
            self.query_one(Scrubber).refresh()

    def _show_run(self) -> None:
        gates = asking(self.model)
        spent = holding(self.model)
        self.query_one(StatusLine).show(self._notes(), self._unread())
        live = self.feed.replay is None
        if live:
            self.query_one(GateBar).show(gates, self._interrupted(), spent, given_text(self.model))
        else:
            self.query_one(GateBar).show((), ())
        self.query_one(TabLine).remark = _remark(len(gates), self.app) if live else ""
        state = self.model.state
        task = state.tasks.get(self.panes.tasks.selected)
        offered = (
            state.status,
            self.model.alive,
            state.stopping is None,
            bool(gates),
            task and (task.status, task.stopping),
        )
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()
        now = (self.model.ended, len(gates) + len(spent))
        if live and now != self._was:
            self._changed_over(*(self._was or (False, now[1])), *now, heard=self._was is not None)
        if self.model.state.seq:
            self._was = now

    def _unread(self) -> tuple[str, str]:
        """Of a run of which no event can be read: its status all the same, and why."""
        if not self.feed.problem or self.model.state.seq:
            return "", ""
        try:
            return self._runs.row(self.model.run_id).status, self.feed.problem
        except LeadError:
            return "", ""

    def _notes(self) -> list[Piece]:
        notes: list[Piece] = []
        if self.feed.replay is not None:
            notes.append(("REPLAY", "accent", True))
        if self.feed.replay is None and self.model.run_id in self._runs.errors:
            notes.append(("NOT STORED", "bad", True))  # whatever the rest of the screen says
        if self.model.damage or self.feed.problem:
            notes.append((self.model.damage or self.feed.problem, "bad", True))
        lag = self._lag
        if lag > SLOW_LOOP:
            notes.append((f"loop {lag * 1000:.0f} ms late", "retry", False))
        return notes

    @property
    def _lag(self) -> float:
        return float(getattr(getattr(self.app, "frames", None), "lag", 0.0))

    def _interrupted(self) -> list[str]:
        return [] if self.model.ended else views.interrupted(self.model.state)

    def _changed_over(
        self, had_ended: bool, had_gates: int, has_ended: bool, gates: int, *, heard: bool
    ) -> None:
        """A transition: `heard` says whether somebody who looks elsewhere wants to hear of it."""
        if has_ended and not had_ended:
            if heard:
                self._announce(f"{self.model.plan.name} {self.model.state.status}")
            self.panes.tasks.go_to_failed()
        elif gates > had_gates:
            self._announce(f"{self.model.plan.name} needs you")

    def _announce(self, text: str) -> None:
        announce = getattr(self.app, "announce", None)
        if announce is not None:
            announce(text)

    # panes

    def on_panes_selected(self) -> None:
        self.refresh_bindings()

    def on_panes_opened(self, event: Panes.Opened) -> None:
        self.post_message(OpenTask(self.model.run_id, event.task))

    def on_panes_turned(self) -> None:
        self.query_one(TabLine).active = VIEWS.index(self.panes.view)

    def on_tab_line_chosen(self, event: TabLine.Chosen) -> None:
        self.panes.view = VIEWS[event.index]

    def action_view(self, view: str) -> None:
        """Show a view; the log, if it is shown already, of all tasks or of one."""
        if view == self.panes.view == "log":
            self.panes.toggle_all()
        self.panes.view = view

    def action_all(self) -> None:
        self.panes.toggle_all()

    def action_zoom(self) -> None:
        self.panes.zoom()

    def action_pane(self, action: str) -> None:
        getattr(self.panes.log_view, f"action_{action}")()

    def action_search(self) -> None:
        """Filter the tasks, or search in the log if that has the focus."""
        tasks = self.panes.tasks
        if self._search is None:
            self._search = SearchLine("filter tasks", value=tasks.filter)
            self.mount(self._search, after=self.panes)
        self._search.focus()

    def on_search_line_changed(self, event: SearchLine.Changed) -> None:
        if event.control is self._search:
            event.stop()
            self.panes.tasks.filter = event.text

    def on_search_line_done(self, event: SearchLine.Done) -> None:
        if event.control is self._search:
            event.stop()
            self._close_search()

    def on_search_line_dropped(self, event: SearchLine.Dropped) -> None:
        if event.control is self._search:
            event.stop()
            self.panes.tasks.filter = ""
            self._close_search()

    def _close_search(self) -> None:
        if self._search is not None:
            self._search.remove()
            self._search = None
            self.panes.tasks.focus()

    def action_back(self) -> None:
        """One step back: from the zoom, the filter, another view, this screen."""
        tasks = self.panes.tasks
        if self.panes.zoomed:
            self.panes.zoom()
        elif tasks.filter:
            tasks.filter = ""
        elif self.panes.view != "tasks":
            self.panes.view = "tasks"
        else:
            self.call_later(self.app.run_action, "back")

    # steering

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that could do nothing now are not offered."""
        replays = self.feed.replay is not None
        if action.startswith("replay_"):
            return replays
        match action:
            case "cancel":
                return not replays and not self.model.ended and self.model.state.seq > 0
            case "hold":
                return not replays and self._can_hold()
            case "go_on":
                return not replays and self._can_go_on()
            case "cancel_task":
                task = self.panes.tasks.selected if self.is_mounted else ""
                return not replays and bool(task) and not self._refused(CancelTask(task=task))
            case "skip_task":
                return not replays and self._can_skip()
            case "budget":
                return not replays and not self.model.ended and bool(self.model.state.budgets)
            case "edit" | "test_agents":
                return bool(self.model.source)
            case "detach" | "park":
                return self._runs.is_driven(self.model.run_id) and not replays
        return True

    def label_of(self, action: str) -> str | None:
        """What a key does now, where that depends."""
        match action:
            case "hold" if self.model.state.status is RunStatus.PAUSED:
                return "go on"
            case "go_on" if self.model.interrupted and self._refused(Retry()):
                return "resume"
            case "replay" if self.feed.replay is not None:
                return "leave the replay"
        return None

    def _refused(self, command: AnyCommand) -> str:
        if self.model.ended and not isinstance(command, Retry):
            return "the run has ended"
        return refusal(self.model.state, command)

    def _hold_command(self) -> AnyCommand:
        return Resume() if self.model.state.status is RunStatus.PAUSED else Pause()

    def _can_hold(self) -> bool:
        """Where nobody drives it there is nothing to pause."""
        command = self._hold_command()
        at_rest = isinstance(command, Pause) and self.model.interrupted
        return not at_rest and not self._refused(command)

    def _can_go_on(self) -> bool:
        return self.model.interrupted or not self._refused(Retry())

    def _can_skip(self) -> bool:
        """Skipping is for what may have happened; the rest is cancelled."""
        task = self.model.state.tasks.get(self.panes.tasks.selected) if self.is_mounted else None
        interrupted = task is not None and task.status is TaskStatus.INTERRUPTED
        return task is not None and interrupted and not self._refused(Skip(task=task.name))

    def action_go_on(self) -> None:
        """Take up a run that nobody drives; else run again what failed."""
        run_id = self.model.run_id
        if self.model.interrupted and self._refused(Retry()):
            self.post_message(ResumeRun(run_id))
        else:
            self.post_message(Steer(run_id, Retry(), "running again what failed"))

    def action_hold(self) -> None:
        command = self._hold_command()
        done = "paused: nothing new starts" if isinstance(command, Pause) else "goes on"
        self.post_message(Steer(self.model.run_id, command, done))

    def action_cancel(self) -> None:
        """Asked once more while it cleans up, skip the cleanup."""
        if self.model.state.stopping is not None:
            self.post_message(Steer(self.model.run_id, Cancel(skip_cleanup=True), "skipping the cleanup"))
            return

        def answered(choice: str | None) -> None:
            if choice == "cancel":
                self.post_message(Steer(self.model.run_id, Cancel(), "cancelling, cleanup runs"))

        self.app.push_screen(
            Confirm(
                "Cancel the run?",
                "What is in flight is stopped, then `finally` tasks clean up.",
                [Choice("c", "cancel", "cancel the run"), Choice("n", "no", "let it run")],
            ),
            answered,
        )

    def action_cancel_task(self) -> None:
        task = self.panes.tasks.selected
        steer(self, self.model, CancelTask(task=task), f"cancelling {task}")

    def action_skip_task(self) -> None:
        task = self.panes.tasks.selected
        steer(self, self.model, Skip(task=task), f"skipped {task}")

    def action_budget(self) -> None:
        """Raise the budget under the cursor of the health, else the one that presses most."""
        from lead_tui.tui.screens.budget import BudgetScreen

        agent = self._budget_meant()
        mine = [limit for limit in limits(self.model) if limit.agent == agent]

        def answered(command: RaiseBudget | None) -> None:
            if command is not None:
                self.post_message(Steer(self.model.run_id, command, _raised(agent, command)))

        self.app.push_screen(BudgetScreen(agent, mine, self._refused, then=self._once_raised()), answered)

    def _once_raised(self) -> str:
        if self.model.alive:
            return "What it holds back goes on."
        tasks = len(views.going_on(self.model.state, paid=True))
        return f"Nobody drives this run: it is taken up here, and {how_many(tasks)}."

    def _budget_meant(self) -> str:
        for health in self.query("#health"):
            chosen: str | None = cast("Health", health).budget if health.has_focus else None
            if chosen is not None:
                return chosen
        pressing: list[Limit] = holding(self.model) or limits(self.model)
        return pressing[0].agent

    def on_health_restart_asked(self, event: "Health.RestartAsked") -> None:
        def answered(choice: str | None) -> None:
            if choice == "restart":
                command = RestartAgent(agent=event.agent)
                self.post_message(Steer(self.model.run_id, command, f"restarting {event.server}"))

        question = Confirm(
            f"Restart {event.server}?",
            "It begins anew with its connection or its process; calls in flight may fail of it.",
            [Choice("r", "restart", "restart it"), Choice("n", "no", "leave it")],
        )
        self.app.push_screen(question, answered)

    def action_edit(self) -> None:
        self.post_message(EditFlow(Path(self.model.source)))

    def action_test_agents(self) -> None:
        task = self.model.state.tasks.get(self.panes.tasks.selected)
        self.post_message(TestAgents(Path(self.model.source), task.plan.agent if task else ""))

    def action_plain(self) -> None:
        from lead_tui.tui.screen.plain_stream import stream

        self.app.run_worker(stream(self.app, self.model), group="plain", exclusive=True)

    def action_detach(self) -> None:
        self.call_later(self.app.run_action, "detach")

    async def action_park(self) -> None:
        """Stop driving it; it can be taken up again, here or elsewhere."""
        await self._runs.park([run for run in self._runs.at_work() if run.run_id == self.model.run_id])

    # replay

    def action_replay(self) -> None:
        """Replay this run, or leave the replay for the run as it is."""
        if self.feed.replay is None:
            self.post_message(OpenRun(self.model.run_id, replay=True))
        else:
            self.call_later(self.app.run_action, "back")

    def action_replay_play(self) -> None:
        self._tape.play()

    def action_replay_step(self, events: int) -> None:
        self._tape.step(events)

    def action_replay_speed(self, by: int) -> None:
        self._tape.speed(by)

    def action_replay_to(self, part: float) -> None:
        self._tape.go_to(part)

    def on_scrubber_moved(self, event: Scrubber.Moved) -> None:
        self._tape.go_to(event.part)

    def _show_tape(self) -> None:
        self.model.touch()
        self.query_one(Scrubber).refresh()
        self.refresh_bindings()

    def on_screen_suspend(self) -> None:
        self.remember()

    def on_unmount(self) -> None:
        if self.feed.replay is not None:
            self.feed.stop()


def _remark(gates: int, app: App[Any]) -> str:
    if not gates:
        return ""
    mark = "=" if themes.ascii_only(app) else "‖"
    return f"{mark} {gates} step{'s' if gates > 1 else ''} need{'s' if gates == 1 else ''} you"


def _raised(agent: str, command: RaiseBudget) -> str:
    limits = ", ".join(amount_text(what, limit) for what, limit in command.limits.items())
    return f"{whose(agent)} is raised to {limits}"
