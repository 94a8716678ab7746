"""The run screen in the app: views, cursor, filter, steering, questions, replay, what is kept."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from lead_tui.core import events as ev
from lead_tui.core.commands import Pause
from lead_tui.core.state import RUN_ENDED, RunStatus, TaskStatus
from lead_tui.errors import JournalError
from lead_tui.runner.engine import load_dict
from lead_tui.tui.app import Cockpit
from lead_tui.tui.commands import commands
from lead_tui.tui.feed import Feed
from lead_tui.tui.model import RunModel
from lead_tui.tui.opening import Watch
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.approvals import ApprovalsScreen
from lead_tui.tui.screens.confirm import Confirm
from lead_tui.tui.screens.help import HelpScreen
from lead_tui.tui.screens.home import HomeScreen
from lead_tui.tui.screens.run import RunScreen
from lead_tui.tui.screens.task import TaskScreen
from lead_tui.tui.session import Session
from tests.tui.stage import Stage, ended, new_runs, started, text_of, until

AGENTS = [
    {"name": "good", "type": "mock"},
    {"name": "slow", "type": "mock", "latency": 60},
    {"name": "bad", "type": "mock", "fail": {"x": {"category": "agent_error", "message": "not today"}}},
    {
        "name": "shy",
        "type": "mock",
        "fail": {"x": {"category": "network_error", "message": "not today"}},
        "circuit_breaker": {"failure_threshold": 1, "recovery_timeout": 600},
    },
]


def flow(**tasks: Any) -> dict[str, Any]:
    """Tasks by name: the agent, or all of the task."""
    specs = [
        {"name": name, "action": "x", **({"agent_name": spec} if isinstance(spec, str) else spec)}
        for name, spec in tasks.items()
    ]
    return {"name": "flow", "parallel_execution": True, "agents": AGENTS, "tasks": specs}


FAILING = flow(
    a="good", b={"agent_name": "bad", "depends_on": ["a"]}, c={"agent_name": "good", "depends_on": ["b"]}
)
ASKING = flow(ask={"agent_name": "human", "action": "approve", "parameters": {"message": "go on?"}})
SLOW = flow(long="slow", short="good")


@asynccontextmanager
async def watching(
    spec: dict[str, Any],
    *,
    size: tuple[int, int] = (80, 24),
    park: bool = False,
    session: Session | None = None,
) -> AsyncIterator[tuple[Pilot[Any], RunScreen, Runs]]:
    """The cockpit on a run that this process drives, or that was left if it is parked."""
    runs = new_runs()
    if park:
        run_id = await ended(runs, spec)
    else:
        run_id = await runs.start(load_dict(spec, Path(), {}), {}, {})
    app = Cockpit(runs, Watch(run_id), session)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.model.state.seq > 0)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        yield pilot, screen, runs
        await runs.park(runs.at_work())


def told(screen: RunScreen) -> list[str]:
    return [each.message for each in screen.app._notifications]


async def test_numbers_choose_views_and_escape_leads_back() -> None:
    """1 to 5 show a view each; escape goes back to the tasks."""
    async with watching(FAILING) as (pilot, screen, _):
        for key, view in zip("2345", ("graph", "time", "log", "health"), strict=True):
            await pilot.press(key)
            assert screen.panes.view == view
            assert [pane.id for pane in screen.panes.children if pane.display] == [view]
        await pilot.press("escape")
        assert screen.panes.view == "tasks"
        assert [pane.id for pane in screen.panes.children if pane.display] == ["tasks", "log"]


async def test_a_wide_screen_shows_four_panes_and_zoom_shows_one() -> None:
    """Tasks, log, graph and health side by side; z keeps the focused one alone, z brings all back."""
    async with watching(FAILING, size=(120, 40)) as (pilot, screen, _):
        await until(pilot, lambda: len(screen.panes.children) > 2)
        four = ["tasks", "log", "graph", "health"]
        assert [pane.id for pane in screen.panes.children if pane.display] == four
        await pilot.press("tab", "z")
        assert [pane.id for pane in screen.panes.children if pane.display] == ["log"]
        await pilot.press("z")
        assert [pane.id for pane in screen.panes.children if pane.display] == four


async def test_when_the_run_ends_the_cursor_is_on_what_failed() -> None:
    """The screen stays, the first failed task is chosen, and its log tells the cause."""
    async with watching(FAILING) as (pilot, screen, _):
        await until(pilot, lambda: screen.model.ended)
        await until(pilot, lambda: screen.panes.tasks.selected == "b")
        await until(pilot, lambda: "not today" in text_of(screen.app))
        assert "FAILED" in text_of(screen.app)


async def test_enter_opens_the_task_and_escape_closes_it() -> None:
    """One key from the failed task to all of it."""
    async with watching(FAILING) as (pilot, screen, _):
        await until(pilot, lambda: screen.panes.tasks.selected == "b" and screen.model.ended)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.app.screen, TaskScreen))
        assert "not today" in text_of(screen.app)
        await pilot.press("escape")
        assert screen.app.screen is screen


async def test_retry_runs_again_what_failed() -> None:
    """r on a failed run takes it up here and runs the failed tasks once more."""
    async with watching(FAILING) as (pilot, screen, runs):
        await until(pilot, lambda: screen.model.ended)
        await pilot.press("r")
        await until(pilot, lambda: screen.model.state.tasks["b"].generation == 2)
        await until(pilot, lambda: screen.model.ended)
        assert runs.row(screen.model.run_id).status == "failed"


async def test_a_breaker_is_seen_and_reset() -> None:
    """5 shows it open, R closes it; while a run is driven."""
    spec = flow(bad={"agent_name": "shy", "continue_on_failure": True}, long="slow")
    async with watching(spec) as (pilot, screen, _):
        await until(pilot, lambda: screen.model.state.breakers.get("shy") is not None)
        await pilot.press("5")
        assert "open" in text_of(screen.app)
        await pilot.press("R")
        await until(pilot, lambda: screen.model.state.breakers["shy"].state == "closed")


async def test_pause_and_go_on() -> None:
    """Space holds the run and lets it go again; the hint says which it would do."""
    async with watching(SLOW) as (pilot, screen, _):
        await until(pilot, lambda: screen.model.state.status is RunStatus.RUNNING)
        await pilot.press("space")
        await until(pilot, lambda: screen.model.state.status is RunStatus.PAUSED)
        await pilot.press("space")
        await until(pilot, lambda: screen.model.state.status is RunStatus.RUNNING)


async def test_a_paused_run_that_nobody_drives_offers_to_go_on() -> None:
    """The key that cannot pause such a run takes it up again."""
    async with watching(SLOW) as (pilot, screen, runs):
        await until(pilot, lambda: screen.model.state.status is RunStatus.RUNNING)
        await pilot.press("space")
        await until(pilot, lambda: screen.model.state.status is RunStatus.PAUSED)
        await runs.park(runs.at_work())
        await until(pilot, lambda: screen.model.interrupted)
        assert "spc go on" in text_of(screen.app)
        await pilot.press("space")
        await until(pilot, lambda: screen.model.alive and screen.model.state.status is RunStatus.RUNNING)


async def test_cancel_asks_and_no_lets_it_run() -> None:
    """c asks; `no` changes nothing, `cancel` ends the run."""
    async with watching(SLOW) as (pilot, screen, runs):
        await until(pilot, lambda: screen.model.state.status is RunStatus.RUNNING)
        await pilot.press("c", "n")
        assert runs.at_work()
        await pilot.press("c", "c")
        await until(pilot, lambda: screen.model.state.status in RUN_ENDED)
        assert screen.model.state.status is RunStatus.CANCELLED


async def test_one_task_can_be_cancelled() -> None:
    """x ends the task under the cursor and no other."""
    async with watching(SLOW) as (pilot, screen, _):
        tasks = screen.model.state.tasks
        await until(pilot, lambda: tasks["long"].status is TaskStatus.RUNNING)
        screen.panes.tasks.select("long")
        await pilot.press("x")
        await until(pilot, lambda: tasks["long"].status is TaskStatus.CANCELLED)
        assert tasks["short"].status is TaskStatus.COMPLETED


async def test_an_interrupted_task_is_skipped_on_its_row() -> None:
    """The bar names the key, which is offered where it works and settles the task under the cursor."""
    spec = flow(long={"agent_name": "slow", "idempotent": False}, other="slow")
    async with watching(spec) as (pilot, screen, runs):

        def status(task: str) -> TaskStatus:
            return screen.model.state.tasks[task].status

        await until(pilot, lambda: screen.model.state.tasks["long"].attempt)
        await runs.park(runs.at_work())
        await runs.take_up(screen.model.run_id)
        await until(pilot, lambda: status("long") is TaskStatus.INTERRUPTED)
        screen.panes.tasks.select("other")
        await until(pilot, lambda: "S on its row skips" in text_of(screen.app))
        assert "S skip task" not in text_of(screen.app)
        await pilot.press("S")
        screen.panes.tasks.select("long")
        await until(pilot, lambda: "S skip task" in text_of(screen.app))
        await pilot.press("S")
        await until(pilot, lambda: status("long") is TaskStatus.SKIPPED)
        assert status("other") is TaskStatus.RUNNING


@asynccontextmanager
async def left(spec: dict[str, Any], task: str) -> AsyncIterator[tuple[Pilot[Any], RunScreen, Runs]]:
    """The screen of a run that was parked while this task was under way, with the cursor on it."""
    async with watching(spec) as (pilot, screen, runs):
        await until(pilot, lambda: screen.model.state.tasks[task].attempt)
        await runs.park(runs.at_work())
        await until(pilot, lambda: screen.model.interrupted)
        screen.panes.tasks.select(task)
        yield pilot, screen, runs


def names_in_palette(screen: RunScreen) -> list[str]:
    app = screen.app
    assert isinstance(app, Cockpit)
    return [command.title for command in commands(app, screen)]


async def test_a_run_that_nobody_drives_cannot_be_paused() -> None:
    """Neither the hints nor the palette offer it, and no pause takes the run up."""
    async with left(SLOW, "long") as (pilot, screen, runs):
        run_id = screen.model.run_id
        stored = runs.row(run_id).last_seq
        await until(pilot, lambda: "pause" not in text_of(screen.app))
        assert "Pause" not in names_in_palette(screen)
        await pilot.press("space")
        receipt = await runs.send(run_id, Pause())
        assert not receipt.accepted
        assert "nobody drives run" in receipt.why
        assert runs.row(run_id).last_seq == stored
        assert not runs.is_driven(run_id)
        await pilot.press("r")
        await until(pilot, lambda: "Pause" in names_in_palette(screen))


@pytest.mark.parametrize("key", ["n", "enter", "escape", "t"])
async def test_a_cancel_that_takes_a_run_up_asks_first(key: str) -> None:
    """It tells how much goes on with it; only a yes takes the run up."""
    async with left(
        flow(long="slow", other="slow", last={"agent_name": "good", "depends_on": ["other"]}), "long"
    ) as (
        pilot,
        screen,
        runs,
    ):
        run_id = screen.model.run_id
        stored = runs.row(run_id).last_seq
        await pilot.press("x")
        await until(pilot, lambda: isinstance(screen.app.screen, Confirm))
        words = " ".join(text_of(screen.app).replace("│", " ").split())
        assert "Nobody drives this run. Cancelling long takes it up here: 2 tasks go on." in words
        await pilot.press(key)
        await until(pilot, lambda: screen.app.screen is screen)
        if key == "t":
            await until(pilot, lambda: screen.model.state.tasks["long"].status is TaskStatus.CANCELLED)
            assert runs.is_driven(run_id)
        else:
            await pilot.pause()
            assert runs.row(run_id).last_seq == stored
            assert not runs.is_driven(run_id)


async def test_a_cancel_with_which_nothing_goes_on_asks_nothing() -> None:
    """Where the task is all that is left, ending it is all that happens."""
    async with left(flow(long="slow"), "long") as (pilot, screen, _):
        await pilot.press("x")
        await until(pilot, lambda: screen.model.ended)
        assert screen.app.screen is screen


async def test_a_run_that_was_let_go_is_parked_and_nothing_of_it_runs() -> None:
    """Header, table and graph say so; its time stands where it was let go."""
    async with left(flow(long="slow", other="slow"), "long") as (pilot, screen, runs):
        await until(pilot, lambda: "‖ PARKED" in text_of(screen.app))
        head = text_of(screen.app).splitlines()[0]
        assert "‖2" in head
        assert text_of(screen.app).count("cut off") == 2
        await pilot.press("2")
        await until(pilot, lambda: screen.panes.view == "graph")
        assert "▶" not in text_of(screen.app)
        assert screen.model.now == runs.row(screen.model.run_id).heartbeat


async def test_a_question_is_a_bar_and_a_leads_to_it() -> None:
    """The focus stays with the tasks; a opens the question; answered, the run goes on and ends."""
    async with watching(ASKING) as (pilot, screen, _):
        await until(pilot, lambda: bool(screen.model.state.gates))
        await until(pilot, lambda: "ask needs you" in text_of(screen.app))
        assert screen.focused is screen.panes.tasks
        await pilot.press("a")
        await until(pilot, lambda: isinstance(screen.app.screen, ApprovalsScreen))
        await until(pilot, lambda: "go on?" in text_of(screen.app))
        await pilot.press("ctrl+y")
        await until(pilot, lambda: screen.model.state.status is RunStatus.COMPLETED)


async def test_an_answer_to_a_parked_run_takes_it_up_here() -> None:
    """Nobody drives the run: the answer makes this process its owner."""
    async with watching(ASKING, park=True) as (pilot, screen, runs):
        assert not runs.is_driven(screen.model.run_id)
        await pilot.press("a")
        await until(pilot, lambda: "go on?" in text_of(screen.app))
        await pilot.press("ctrl+y")
        await until(pilot, lambda: screen.model.state.status is RunStatus.COMPLETED)
        assert screen.model.run_id in runs.driven


async def test_filter_keeps_what_matches_until_it_is_dropped() -> None:
    """/ filters by name, enter keeps it, escape shows all again."""
    async with watching(FAILING) as (pilot, screen, _):
        await pilot.press("slash", "b", "enter")
        assert list(screen.panes.tasks.names) == ["b"]
        await pilot.press("escape")
        assert len(screen.panes.tasks.names) == 3


async def test_replay_goes_through_the_same_screen() -> None:
    """v shows the beginning; steps go on and back; its end is the run's end; nothing can be steered."""
    async with watching(FAILING) as (pilot, screen, _):
        await until(pilot, lambda: screen.model.ended)
        await pilot.press("v")
        await until(pilot, lambda: screen.app.screen is not screen)
        again = screen.app.screen
        assert isinstance(again, RunScreen)
        await until(pilot, lambda: "REPLAY" in text_of(again.app))
        assert again.model.state.seq == 0
        await pilot.press("full_stop", "full_stop")
        await until(pilot, lambda: again.model.state.seq == 2)
        await pilot.press("comma")
        await until(pilot, lambda: again.model.state.seq == 1)
        await pilot.press("9")
        await until(pilot, lambda: again.model.state.seq == screen.model.state.seq)
        assert again.model.ended
        assert again.check_action("go_on", ()) is False
        await pilot.press("0")
        await until(pilot, lambda: again.model.state.seq == 0)
        await pilot.press("escape")
        assert screen.app.screen is screen


async def test_playing_reaches_the_end_by_itself() -> None:
    """Space plays; a run of no time is over at once."""
    async with watching(FAILING) as (pilot, screen, _):
        await until(pilot, lambda: screen.model.ended)
        await pilot.press("v")
        await until(pilot, lambda: screen.app.screen is not screen)
        again = screen.app.screen
        assert isinstance(again, RunScreen)
        await pilot.press("plus", "plus", "plus", "plus", "plus", "plus", "space")
        await until(pilot, lambda: again.model.ended)
        assert again.feed.replay is not None
        assert not again.feed.replay.playing


async def test_the_log_of_all_and_of_one() -> None:
    """A shows what every task says, once more what the chosen one does."""
    async with watching(FAILING) as (pilot, screen, _):
        await until(pilot, lambda: screen.model.ended)
        await pilot.press("A")
        assert screen.panes.log_view.task_name == ""
        await pilot.press("k")
        assert screen.panes.log_view.task_name == ""
        await pilot.press("A")
        assert screen.panes.log_view.task_name == screen.panes.tasks.selected


async def test_view_filter_and_wrap_are_kept() -> None:
    """The next run of the same flow opens where this one was left; another flow without its filter."""
    session = Session()
    async with watching(FAILING, session=session) as (pilot, screen, _):
        screen.panes.tasks.filter = "b"
        await pilot.press("w", "2")
        screen.app.exit()
    assert (session.screen, session.flow, session.filter, session.wrap) == ("graph", "flow", "b", False)
    async with watching(FAILING, session=session) as (pilot, screen, _):
        await until(pilot, lambda: screen.panes.view == "graph")
        assert screen.panes.tasks.filter == "b"
    async with watching(FAILING | {"name": "other"}, session=session) as (pilot, screen, _):
        assert screen.panes.tasks.filter == ""


async def test_help_names_every_key_and_home_is_one_key_away() -> None:
    """? lists bindings with their names; h goes home, enter comes back to the run."""
    async with watching(SLOW, size=(100, 70)) as (pilot, screen, _):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(screen.app.screen, HelpScreen))
        shown = text_of(screen.app)
        assert "Focus" not in shown
        for name in (
            "run.cancel",
            "run.replay",
            "tasks.failed_first",
            "app.quit",
            "retrying",
            "to the next pane",
        ):
            assert name in shown
        await pilot.press("escape", "h")
        await until(pilot, lambda: isinstance(screen.app.screen, HomeScreen))


async def test_every_action_is_in_the_palette() -> None:
    """What a key does has a name there, and a theme can be chosen."""
    async with watching(FAILING) as (_, screen, __):
        titles = {command.title for command in screen.app.get_system_commands(screen)}
        assert {"Zoom", "Replay", "Help", "Quit", "Log of all tasks", "Theme leadtui-light"} <= titles


async def test_other_keys_and_their_conflicts() -> None:
    """A key of one's own works; what loses its key by that, and a name that there is not, are told."""
    session = Session(keys={"run.zoom": "f", "run.nonsense": "x"})
    async with watching(FAILING, session=session) as (pilot, screen, _):
        await pilot.press("f")
        assert screen.panes.zoomed
        await until(pilot, lambda: any("run.nonsense" in text for text in told(screen)))
        assert any("run.follow has lost it" in text for text in told(screen)), told(screen)


async def test_a_run_that_cannot_be_read_shows_what_is_known_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One note that nobody can read hides the events, not how the run ended, nor why there is no more."""
    runs = new_runs()
    run_id = await ended(runs, FAILING)

    def notes(run_id: str, after: int = 0, task: str | None = None) -> Iterator[ev.Note]:
        raise JournalError("the journal holds something that no release wrote")

    monkeypatch.setattr(runs.engine.journal, "notes", notes)
    app = Cockpit(runs, Watch(run_id))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "the journal holds" in text_of(app))
        head = text_of(app).splitlines()[0]
        assert f"run {run_id[:6]}  ✖ FAILED  the journal holds" in head
        assert "QUEUED" not in text_of(app)


async def test_it_bears_any_size() -> None:
    """From one cell to a wall: nothing crashes, and what matters comes back."""
    async with watching(FAILING) as (pilot, screen, _):
        for size in ((20, 5), (1, 1), (59, 14), (200, 60), (80, 24)):
            await pilot.resize_terminal(*size)
            for key in "2345":
                await pilot.press(key)
            await pilot.press("1")
        assert "flow" in text_of(screen.app)


async def test_a_run_that_could_not_be_stored_says_so_as_long_as_it_is_looked_at() -> None:
    """Whatever it came to: the journal does not know it."""
    runs = new_runs()
    run = await started(runs, ASKING)
    runs.adopt(run)
    await run.wait()
    runs.errors[run.run_id] = JournalError("the disk is full")
    feed = Feed(RunModel(runs.record(run.run_id).plan, run.run_id), runs, lambda: None)
    stage = Stage(RunScreen(feed, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "NOT STORED" in text_of(stage))


async def test_what_went_well_is_told_shortly_and_covers_little() -> None:
    """One line over the tabs, at the right, as wide as its words; what went wrong stays longer."""
    runs = new_runs()
    app = Cockpit(runs, Watch(await ended(runs, FAILING)))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.tell("running again what failed")
        app.tell("that did not work", bad=True)
        await until(pilot, lambda: len(app.screen.query(Toast)) == 2)
        good, bad = app._notifications
        assert (good.timeout, bad.timeout) == (2, app.NOTIFICATION_TIMEOUT)
        place = app.screen.query(Toast).first().region
        assert (place.y, place.height, place.right) == (1, 1, 78)
        assert place.width < 32
