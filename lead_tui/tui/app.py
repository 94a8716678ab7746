"""The app: opens screens, acts on what people want, draws frames, leaves no run behind.

Screens and widgets say what a person wants by messages (intents.py); only the app acts on them. Runs belong
to `Runs`, not to a screen: closing a screen never touches one.
"""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen

from lead_tui.core.state import TaskStatus
from lead_tui.errors import LeadError
from lead_tui.text.safe import safe, safe_line
from lead_tui.tui import intents, themes
from lead_tui.tui.feed import Feed
from lead_tui.tui.feeds import Feeds
from lead_tui.tui.keymap import Keymap
from lead_tui.tui.leaving import Leaving, may_leave
from lead_tui.tui.opening import Edit, Home, Launch, Left, Opening, TryAgents, Watch
from lead_tui.tui.runs import Runs
from lead_tui.tui.screen.descriptors import Descriptors
from lead_tui.tui.screen.frames import Frames
from lead_tui.tui.screen.paint import paint
from lead_tui.tui.screens.run import RunScreen
from lead_tui.tui.session import Session, save
from lead_tui.tui.starting import Starting
from lead_tui.tui.steering import Steering

if TYPE_CHECKING:
    from lead_tui.tui.screens.editor import EditorScreen
    from lead_tui.tui.screens.home import HomeScreen
    from lead_tui.tui.screens.start import StartScreen


_PER_LETTER = 0.08
"""Seconds for which what went well is told."""


class Cockpit(App[Left]):
    """`opening` is what is shown first. `app.return_value` says how it was left; `crash` why it failed."""

    TITLE = "leadtui"
    ESCAPE_TO_MINIMIZE = False
    CSS = """
    Screen { layers: base; }
    .head { height: 1; }
    ToastRack { dock: top; align: right top; margin: 1 0 0 0; }
    Toast { width: auto; max-width: 60%; padding: 0 1; margin-top: 0; }
    """
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual's declaration
        (0, "-tiny"),
        (60, "-narrow"),
        (100, "-wide"),
        (160, "-huge"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (15, "-low"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "home", "home", show=False, id="app.home"),
        Binding("a", "approvals", "answer", show=False, id="app.approvals"),
        Binding("question_mark,f1", "help", "help", key_display="?", id="app.help"),
        Binding("ctrl+p", "command_palette", "commands", id="app.palette", priority=True),
        Binding("q,ctrl+c", "quit", "quit", key_display="q", id="app.quit"),
        Binding("ctrl+q", "quit", "quit", show=False, priority=True, id="app.quit_always"),
        Binding("ctrl+z", "suspend_process", "suspend", show=False, id="app.suspend"),
        Binding("ctrl+l", "redraw", "redraw", show=False, id="app.redraw"),
    ]

    def __init__(
        self,
        runs: Runs,
        opening: Opening,
        session: Session | None = None,
        *,
        session_file: Path | None = None,
        folder: Path | None = None,
        trouble: str = "",
        theme: str = "",
        poor_terminal: bool = False,
    ) -> None:
        """`trouble` is told once the first screen is there; without `session_file` nothing is kept.

        Whatever the session says, `theme` is worn this time, and a `poor_terminal` shows ASCII alone.
        """
        super().__init__()
        self.runs = runs
        self.session = session or Session()
        self.folder = folder or Path.cwd()
        self.crash: Exception | None = None
        self.leave_at_once: Callable[[], object] = lambda: None
        """Called in the reading thread when a person insists and the loop does not turn."""
        self.descriptors: Descriptors | None = None
        """The terminal's, if who opens the screen has them already."""
        self.on_first_frame: Callable[[], object] = lambda: None
        self._poor = poor_terminal
        self._theme_wanted = theme or self.session.theme
        self.frames = Frames(self._draw, self._tick)
        self.feeds = Feeds(runs, self.frames.wake)
        self.keys = Keymap(self.session.keys)
        self._opening = opening
        self._session_file = session_file
        self._trouble = trouble
        self._ticks = 0
        self.steering = Steering(self, runs)
        self.starting = Starting(self, runs)
        self.leaving = Leaving(self, runs)
        themes.install(self, self._theme_wanted or self._theme_that_fits())
        runs.on_begun = self.feeds.look
        runs.on_left = self._run_left

    @property
    def ascii_only(self) -> bool:
        return self.session.ascii or self._poor

    # the terminal

    def _theme_that_fits(self) -> str:
        """Sixteen colours are the terminal's own: ours would all look alike there."""
        return themes.TERMINAL.name if self.console.color_system == "standard" else ""

    def get_driver_class(self) -> type[Driver]:
        if sys.platform == "win32":
            return super().get_driver_class()
        from lead_tui.tui.screen.terminal import Terminal

        return Terminal

    @property
    def is_open(self) -> bool:
        """Is the terminal in the state that a full screen needs?"""
        return bool(getattr(self._driver, "is_open", False))

    @property
    def is_gone(self) -> bool:
        """Does the terminal take nothing more?"""
        return bool(getattr(self._driver, "gone", False))

    # beginning

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, lambda _: self._keep_theme())
        self.set_keymap(self.keys.wanted)
        self.frames.start()
        self._open()
        self.call_after_refresh(self._settle)

    def _open(self) -> None:
        match self._opening:
            case Launch() as launch:
                feed = self.feeds.begin(launch.plan, launch.run_id, launch.source)
                self.push_screen(RunScreen(feed, self.runs))
            case Watch(run_id=run_id) as watch:
                self.open_run(run_id)
                if watch.at is not None or watch.replay:
                    self.open_replay(run_id, at=watch.at or 0, speed=watch.speed)
            case Edit(path=path):
                self.on_edit_flow(intents.EditFlow(path))
            case TryAgents(path=path, agent=agent):
                self.on_test_agents(intents.TestAgents(path, agent))
            case Home():
                self.action_home()

    def _settle(self) -> None:
        """Once the first frame is there: collect what starting left, and begin the run."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        gc.enable()
        self.on_first_frame()
        self._check_keys()
        for problem in (self._trouble, *self.keys.problems):
            if problem:
                self.tell(problem, bad=True)
        if isinstance(self._opening, Launch):
            self._launch(self._opening)

    @work
    async def _launch(self, launch: Launch) -> None:
        try:
            self.runs.adopt(await launch.start())
        except LeadError as error:
            self.crash = error
            self.exit(Left("crashed"))

    # frames

    def _draw(self) -> None:
        for feed in {id(feed): feed for feed in (*self.feeds, *self._shown_feeds())}.values():
            feed.tell_time()
            changes = feed.model.changes()
            if changes:
                for screen in self.screen_stack:
                    if getattr(screen, "model", None) is feed.model:
                        screen.show(changes)  # type: ignore[attr-defined]
                        paint(screen)

    def _shown_feeds(self) -> list[Feed]:
        return [screen.feed for screen in self.screen_stack if isinstance(screen, RunScreen)]

    def _tick(self) -> None:
        self._ticks += 1
        self.feeds.release(getattr(screen, "model", None) for screen in self.screen_stack)
        for feed in (*self.feeds, *self._shown_feeds()):
            # where nothing runs, a second is soon enough
            if feed.moves and (self._ticks % 2 or feed.model.state.counts[TaskStatus.RUNNING]):
                feed.model.touch()
                self.frames.wake()

    # saying

    def tell(self, text: str, *, bad: bool = False) -> None:
        """A line for the person, for a few seconds; what went well no longer than it takes to read it."""
        seconds = None if bad else max(2.0, len(text) * _PER_LETTER)
        self.notify(safe(text), severity="error" if bad else "information", timeout=seconds, markup=False)

    def announce(self, text: str) -> None:
        """Ring once, and tell the terminal: it may show it elsewhere (OSC 9)."""
        self.bell()
        driver = self._driver
        if driver is not None and not self.is_headless:
            driver.write(f"\x1b]9;leadtui: {safe_line(text, 120)}\x07")

    def _check_keys(self) -> None:
        """What the keymap does besides. Loads every screen, so only where there is one."""
        if self.keys.wanted:
            from lead_tui.tui.keymap import every_binding

            self.keys.check(every_binding(type(self)))

    # opening screens

    def _show(self, screen: Screen[Any]) -> None:
        """On top of all. A key that was hit twice, the second time before it was there, shows it once."""
        top = self.screen
        if type(top) is not type(screen) or getattr(top, "feed", None) is not getattr(screen, "feed", None):
            self.push_screen(screen)

    def open_run(self, run_id: str) -> None:
        if (screen := self._run_screen(run_id)) is not None:
            self._show(screen)

    def _run_screen(self, run_id: str) -> RunScreen | None:
        """None if the journal cannot give the run, which is told."""
        try:
            return RunScreen(self.feeds.of(run_id), self.runs)
        except LeadError as error:
            self.tell(str(error), bad=True)
            return None

    @work(exclusive=True, group="replay")
    async def open_replay(self, run_id: str, *, at: int = 0, speed: float = 1.0) -> None:
        from lead_tui.runner.replay import replay

        asked_on = self.screen
        try:
            record = self.runs.record(run_id)
            past = await asyncio.to_thread(replay, self.runs.engine.journal, run_id, self.runs.engine.clock)
        except LeadError as error:
            self.tell(str(error), bad=True)
            return
        if self.screen is not asked_on:
            return  # the person has gone elsewhere meanwhile
        past.speed = speed
        past.seek(past.place_of(at))
        feed = self.feeds.replay(run_id, record.plan, record.source)
        feed.show_replay(past)
        self.push_screen(RunScreen(feed, self.runs))

    def action_home(self) -> None:
        from lead_tui.tui.screens.home import HomeScreen

        from_run = self.screen.model.run_id if isinstance(self.screen, RunScreen) else ""
        for screen in self.screen_stack:
            if isinstance(screen, HomeScreen):
                self._back_to(screen, from_run)
                return
        self.push_screen(HomeScreen(self.folder, self.runs, from_run))

    def action_home_instead(self) -> None:
        """In place of the screen that is left, where there is no other below it."""
        from lead_tui.tui.screens.home import HomeScreen

        self.switch_screen(HomeScreen(self.folder, self.runs, ""))

    @work(group="closing")
    async def _back_to(self, home: "HomeScreen", from_run: str) -> None:
        while self.screen is not home:
            if not await self._close_top(self.screen):
                return
        if from_run:
            home.look_from(from_run)

    async def _close_top(self, screen: Screen[Any]) -> bool:
        """Close this screen, and none that is on top by now. False if it is to stay."""
        if not await may_leave(screen):
            return False
        if self.screen is screen:
            self.pop_screen()
        return True

    def action_approvals(self) -> None:
        from lead_tui.tui.screens.approvals import ApprovalsScreen

        if not isinstance(self.screen, ApprovalsScreen):
            run_id = self.screen.model.run_id if isinstance(self.screen, RunScreen) else None
            self.push_screen(ApprovalsScreen(self.runs, run_id))

    def action_help(self) -> None:
        from lead_tui.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    async def action_back(self) -> None:
        """Close this screen; the last one stays."""
        if len(self.screen_stack) > 2:
            self.run_worker(self._close_top(self.screen), group="closing")
        else:
            self.action_home()

    def action_command_palette(self) -> None:
        from lead_tui.tui.screens.palette import Palette

        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            self.push_screen(Palette(id="--command-palette"))

    def action_redraw(self) -> None:
        self.refresh(layout=True)

    # intents

    def on_open_run(self, intent: intents.OpenRun) -> None:
        if intent.replay:
            self.open_replay(intent.run_id)
        else:
            self.open_run(intent.run_id)

    def on_open_task(self, intent: intents.OpenTask) -> None:
        from lead_tui.tui.screens.task import TaskScreen

        feed = self._feed_shown(intent.run_id)
        self._show(TaskScreen(feed.model, intent.task, self.runs, live=feed.replay is None))

    def _feed_shown(self, run_id: str) -> Feed:
        """The feed of the screen nearest to the eye: a replay's is not the run's own."""
        shown = (screen.feed for screen in reversed(self.screen_stack) if isinstance(screen, RunScreen))
        return next((feed for feed in shown if feed.model.run_id == run_id), None) or self.feeds.of(run_id)

    def on_prepare_flow(self, intent: intents.PrepareFlow) -> None:
        from lead_tui.tui.screens.start import StartScreen

        self._show(StartScreen(intent.path, self.runs))

    def on_start_screen_run(self, message: "StartScreen.Run") -> None:
        message.stop()
        self.starting.start(message)

    def on_start_screen_begun(self, message: "StartScreen.Begun") -> None:
        """The run in place of its form, unless the person has gone elsewhere meanwhile."""
        message.stop()
        if message.form.is_active and (screen := self._run_screen(message.run_id)) is not None:
            self.switch_screen(screen)

    def on_editor_screen_run_wanted(self, message: "EditorScreen.RunWanted") -> None:
        message.stop()
        self.on_prepare_flow(intents.PrepareFlow(message.path))

    def on_edit_flow(self, intent: intents.EditFlow) -> None:
        from lead_tui.tui.screens.editor import EditorScreen

        self._show(EditorScreen(intent.path))

    def on_test_agents(self, intent: intents.TestAgents) -> None:
        from lead_tui.tui.screens.test_agent import TestAgentScreen

        self._show(TestAgentScreen(intent.path, self.runs, intent.agent))

    def on_steer(self, intent: intents.Steer) -> None:
        self.steering.send(intent.run_id, intent.command, intent.done)

    def on_resume_run(self, intent: intents.ResumeRun) -> None:
        self.steering.resume(intent.run_id)

    def _run_left(self, run_id: str) -> None:
        error = self.runs.errors.get(run_id)
        if error is not None:
            self.tell(f"run {run_id}: {error}", bad=True)
            self.feeds.look(run_id)
        self.leaving.run_left()

    # leaving

    async def action_quit(self) -> None:
        self.leaving.quit()

    def action_detach(self) -> None:
        """Close the screen; the runs go on in this terminal."""
        self.leaving.detach()

    def exit(self, result: Left | None = None, return_code: int = 0, message: Any = None) -> None:
        if isinstance(self.screen, RunScreen):
            self.screen.remember()
        super().exit(result, return_code, message)

    async def on_unmount(self) -> None:
        self.frames.stop()
        self.feeds.close()
        if self._session_file is not None:
            save(self.session, self._session_file)

    def action_toggle_ascii(self) -> None:
        self.session.ascii = not self.session.ascii
        self.refresh(layout=True)

    def _keep_theme(self) -> None:
        """One that was worn for this time alone is not kept."""
        if self.theme != self._theme_wanted:
            self.session.theme, self._theme_wanted = self.theme, ""

    def _handle_exception(self, error: Exception) -> None:
        """A mistake of ours: the terminal is given back and the caller tells. Values stay out of the report,
        which Textual's own would show.
        """
        if self.crash is None:
            self.crash = error
        if self.is_headless:
            super()._handle_exception(error)
            return
        self._return_code = 70
        self._return_value = Left("crashed", tuple(self.runs.at_work()))
        self._close_messages_no_wait()

    # commands by name

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        from lead_tui.tui.commands import commands

        yield from commands(self, screen)
