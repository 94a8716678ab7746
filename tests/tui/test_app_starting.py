"""Runs that are begun from a form, and keys that are hit twice: what is started, shown and left as it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from lead_tui.errors import JournalError
from lead_tui.runner import replay as replaying
from lead_tui.runner.replay import ReplayRun
from lead_tui.tui.app import Cockpit
from lead_tui.tui.intents import EditFlow
from lead_tui.tui.opening import Edit, Home, Opening, Watch
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.approvals import ApprovalsScreen
from lead_tui.tui.screens.confirm import Confirm
from lead_tui.tui.screens.editor import EditorScreen
from lead_tui.tui.screens.home import HomeScreen
from lead_tui.tui.screens.leave import Leave
from lead_tui.tui.screens.run import RunScreen
from lead_tui.tui.screens.start import StartScreen
from lead_tui.tui.screens.task import TaskScreen
from lead_tui.tui.widgets.plan_list import PlanList
from tests.tui.stage import ended, new_runs, started, text_of, until
from tests.tui.test_folder import GOOD, write

SLOW: dict[str, Any] = {
    "name": "slow",
    "agents": [{"name": "m", "type": "mock", "latency": "1h"}],
    "tasks": [{"name": "a", "agent_name": "m", "action": "x", "idempotent": True}],
}
HANGING = """\
name: hanging
agents: [{name: m, type: mock, latency: 1h}]
tasks: [{name: a, agent_name: m, action: x}]
"""


class Held(Runs):
    """Starts wait until they are let go."""

    def __init__(self, runs: Runs) -> None:
        super().__init__(runs.engine, by=runs.by)
        self.asked = 0
        self.go = asyncio.Event()
        self.refuses = False

    async def start(self, *flow: Any) -> str:
        self.asked += 1
        await self.go.wait()
        if self.refuses:
            raise JournalError("the journal is full")
        return await super().start(*flow)

    @property
    def count(self) -> int:
        return len(self.engine.journal.runs())


@asynccontextmanager
async def cockpit(runs: Runs, opening: Opening, folder: Path) -> AsyncIterator[tuple[Cockpit, Pilot[Any]]]:
    app = Cockpit(runs, opening, folder=folder)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        yield app, pilot
        await runs.park(runs.at_work())


@asynccontextmanager
async def at_the_form(folder: Path, flow: str = GOOD) -> AsyncIterator[tuple[Cockpit, Pilot[Any], Held]]:
    """The start form of a flow, over Home."""
    write(folder / "a.yaml", flow)
    runs = Held(new_runs())
    async with cockpit(runs, Home(), folder) as (app, pilot):
        await until(pilot, lambda: "enter start" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: shows(app, StartScreen) and app.screen.query_one(PlanList).count)
        yield app, pilot, runs
        runs.go.set()


def shows(app: Cockpit, kind: type[Any]) -> bool:
    return isinstance(app.screen, kind)


def is_editing(app: Cockpit) -> bool:
    """Is the text there?"""
    screen = app.screen
    return isinstance(screen, EditorScreen) and screen._file is not None and app.focused is screen.area


def screens(app: Cockpit) -> list[type[Any]]:
    """Those that are open, without the blank one at the bottom."""
    return [type(screen) for screen in app.screen_stack[1:]]


def told(app: Cockpit, words: str) -> bool:
    return any(words in str(each.message) for each in app._notifications)


def hit(app: Cockpit, *keys: str) -> None:
    """All at once, as a terminal hands over what was typed while the app was busy."""
    for key in keys:
        character = "\r" if key == "enter" else key if len(key) == 1 else None
        app.post_message(events.Key(key, character))


async def test_a_form_that_is_sent_twice_starts_one_run(tmp_path: Path) -> None:
    """It says that the run is being started, and gives way to it once it is there."""
    async with at_the_form(tmp_path) as (app, pilot, runs):
        hit(app, "enter", "enter")
        await until(pilot, lambda: runs.asked)
        await pilot.press("enter", "ctrl+r")
        assert "starting …" in text_of(app)
        assert "run" not in text_of(app).splitlines()[-1].split()
        runs.go.set()
        await until(pilot, lambda: shows(app, RunScreen))
        assert (runs.asked, runs.count) == (1, 1)
        assert screens(app) == [HomeScreen, RunScreen]


async def test_who_leaves_the_form_is_told_of_the_run(tmp_path: Path) -> None:
    """What the person looks at by then stays."""
    async with at_the_form(tmp_path) as (app, pilot, runs):
        await pilot.press("enter", "escape")
        await until(pilot, lambda: shows(app, HomeScreen))
        runs.go.set()
        await until(pilot, lambda: told(app, "home (h) lists it"))
        assert screens(app) == [HomeScreen]
        assert runs.count == 1


async def test_a_late_start_leaves_an_unsaved_text_alone(tmp_path: Path) -> None:
    """The editor stays on top with what was typed; the form below gives way once it is on top again."""
    async with at_the_form(tmp_path) as (app, pilot, runs):
        await pilot.press("enter", "e")
        await until(pilot, lambda: is_editing(app))
        editor = app.screen
        assert isinstance(editor, EditorScreen)
        await pilot.press(*"# mine")
        runs.go.set()
        await until(pilot, lambda: told(app, "home (h) lists it"))
        assert app.screen is editor
        assert editor.area.text.startswith("# mine")
        await pilot.press("escape")
        await until(pilot, lambda: shows(app, Confirm))
        await pilot.press("d")
        await until(pilot, lambda: shows(app, RunScreen))
        assert screens(app) == [HomeScreen, RunScreen]


async def test_a_start_that_is_refused_can_be_sent_again(tmp_path: Path) -> None:
    """The reason is told, the form stays as it was."""
    async with at_the_form(tmp_path) as (app, pilot, runs):
        runs.refuses = True
        runs.go.set()
        await pilot.press("enter")
        await until(pilot, lambda: told(app, "the journal is full"))
        assert "starting" not in text_of(app).splitlines()[0]
        runs.refuses = False
        await pilot.press("enter")
        await until(pilot, lambda: shows(app, RunScreen))
        assert runs.count == 1


async def test_a_refusal_after_the_form_was_left(tmp_path: Path) -> None:
    """It is told wherever the person is."""
    async with at_the_form(tmp_path) as (app, pilot, runs):
        runs.refuses = True
        await pilot.press("enter", "escape")
        await until(pilot, lambda: shows(app, HomeScreen))
        runs.go.set()
        await until(pilot, lambda: told(app, "the journal is full"))


async def test_who_quits_while_a_run_is_being_started_is_asked(tmp_path: Path) -> None:
    """The run that comes of it is not left behind unsaid."""
    async with at_the_form(tmp_path, HANGING) as (app, pilot, runs):
        await pilot.press("enter")
        await until(pilot, lambda: runs.asked)
        await pilot.press("q")
        assert app.return_value is None
        runs.go.set()
        await until(pilot, lambda: shows(app, Leave))


async def test_a_wish_to_quit_is_asked_about_once(tmp_path: Path) -> None:
    """However often it comes while the question is on the screen; `stay` then leaves nothing on top."""
    runs = new_runs()
    runs.adopt(await started(runs, SLOW))
    async with cockpit(runs, Home(), tmp_path) as (app, pilot):
        await pilot.press("q")
        await until(pilot, lambda: shows(app, Leave))
        app.leaving._asked_at = float("-inf")  # long ago
        await pilot.press("ctrl+q")
        await pilot.press("s")
        await until(pilot, lambda: screens(app) == [HomeScreen])


async def test_a_key_that_is_hit_twice_opens_one_screen(tmp_path: Path) -> None:
    """A flow's form, a run, a task, the replay, the editor."""
    write(tmp_path / "a.yaml", GOOD)
    runs = new_runs()
    run_id = await ended(runs, SLOW | {"agents": [{"name": "m", "type": "mock"}]}, source=tmp_path / "a.yaml")
    async with cockpit(runs, Home(), tmp_path) as (app, pilot):
        await until(pilot, lambda: "enter start" in text_of(app))
        for key, kind in (("enter", StartScreen), ("e", EditorScreen)):
            hit(app, key, key)
            await until(pilot, lambda kind=kind: shows(app, kind))
            await pilot.pause()
            assert screens(app) == [HomeScreen, kind]
            await pilot.press("escape")
            await until(pilot, lambda: shows(app, HomeScreen))
        app.open_run(run_id)
        app.open_run(run_id)
        await until(pilot, lambda: shows(app, RunScreen) and app.screen.model.state.seq)
        hit(app, "enter", "enter")
        await until(pilot, lambda: shows(app, TaskScreen))
        await pilot.pause()
        assert screens(app) == [HomeScreen, RunScreen, TaskScreen]
        await pilot.press("escape")
        await until(pilot, lambda: shows(app, RunScreen))
        hit(app, "v", "v")
        await until(pilot, lambda: app.screen.feed.replay is not None)
        await pilot.pause()
        assert screens(app) == [HomeScreen, RunScreen, RunScreen]


async def test_a_replay_that_comes_late_covers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who went elsewhere while the journal was read stays there."""
    runs = new_runs()
    run_id = await ended(runs, SLOW | {"agents": [{"name": "m", "type": "mock"}]})
    go, read, real = asyncio.Event(), asyncio.Event(), replaying.replay

    async def in_time(call: Any, *given: Any) -> ReplayRun:
        await go.wait()
        read.set()
        return real(*given)

    async with cockpit(runs, Watch(run_id), tmp_path) as (app, pilot):
        await until(pilot, lambda: shows(app, RunScreen) and app.screen.model.ended)
        with monkeypatch.context() as patch:
            patch.setattr("lead_tui.tui.app.asyncio.to_thread", in_time)
            await pilot.press("v")
            app.action_approvals()
            await pilot.pause()
            go.set()
            await until(pilot, read.is_set)
        assert screens(app) == [RunScreen, ApprovalsScreen]


async def test_going_home_asks_about_unsaved_text(tmp_path: Path) -> None:
    """From whatever is on top of it: who stays is in the editor, who discards it is at home."""
    path = write(tmp_path / "a.yaml", GOOD)
    async with cockpit(new_runs(), Home(), tmp_path) as (app, pilot):
        app.on_edit_flow(EditFlow(path))
        await until(pilot, lambda: is_editing(app))
        await pilot.press(*"# mine")
        app.action_approvals()
        for answer, left in (("e", [HomeScreen, EditorScreen]), ("d", [HomeScreen])):
            app.action_home()
            await until(pilot, lambda: shows(app, Confirm))
            await pilot.press(answer)
            await until(pilot, lambda left=left: screens(app) == left)


async def test_going_back_twice_at_once_asks_about_unsaved_text(tmp_path: Path) -> None:
    """The second time is the editor's below, which is not closed like that."""
    path = write(tmp_path / "a.yaml", GOOD)
    async with cockpit(new_runs(), Home(), tmp_path) as (app, pilot):
        app.on_edit_flow(EditFlow(path))
        await until(pilot, lambda: is_editing(app))
        await pilot.press(*"# mine")
        app.action_approvals()
        await until(pilot, lambda: shows(app, ApprovalsScreen))
        await app.action_back()
        await app.action_back()
        await until(pilot, lambda: shows(app, EditorScreen))
        await app.action_back()
        await until(pilot, lambda: shows(app, Confirm))
        await pilot.press("e")
        await until(pilot, lambda: screens(app) == [HomeScreen, EditorScreen])


async def test_leaving_the_editor_twice_at_once_leaves_it_alone(tmp_path: Path) -> None:
    """The screen below stays."""
    path = write(tmp_path / "a.yaml", GOOD)
    async with cockpit(new_runs(), Home(), tmp_path) as (app, pilot):
        app.on_edit_flow(EditFlow(path))
        await until(pilot, lambda: is_editing(app))
        hit(app, "escape", "escape")
        await until(pilot, lambda: shows(app, HomeScreen))
        await pilot.pause()
        assert screens(app) == [HomeScreen]


async def test_a_question_is_answered_once(tmp_path: Path) -> None:
    """Keys that come while it closes are not answers, and close nothing else."""
    runs = new_runs()
    run = await started(runs, SLOW)
    runs.adopt(run)
    async with cockpit(runs, Watch(run.run_id), tmp_path) as (app, pilot):
        await until(pilot, lambda: shows(app, RunScreen) and app.screen.model.state.seq)
        for keys in (("n", "n"), ("down", "enter", "enter")):
            await pilot.press("c")
            await until(pilot, lambda: shows(app, Confirm) and app.screen.is_mounted)
            hit(app, *keys)
            await until(pilot, lambda: not shows(app, Confirm))
            await pilot.pause()
            assert screens(app)[0] is RunScreen
        assert run.state.stopping is None


async def test_leaving_the_editor_that_was_opened_alone_shows_home(tmp_path: Path) -> None:
    """There is nothing below it, and nobody is left before an empty screen."""
    path = write(tmp_path / "a.yaml", GOOD)
    async with cockpit(new_runs(), Edit(path), tmp_path) as (app, pilot):
        await until(pilot, lambda: is_editing(app))
        await pilot.press("escape")
        await until(pilot, lambda: screens(app) == [HomeScreen])
        await until(pilot, lambda: "a.yaml" in text_of(app))
