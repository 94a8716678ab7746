"""Home: flows, runs and needs; what each key asks for; what a newcomer sees."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from lead_tui.core.commands import Cancel
from lead_tui.core.events import AttemptStarted
from lead_tui.runner.engine import load_file
from lead_tui.testing.clock import VirtualClock
from lead_tui.tui.flows.welcome import EXAMPLE
from lead_tui.tui.intents import EditFlow, OpenRun, PrepareFlow, ResumeRun, Steer, TestAgents
from lead_tui.tui.screens.approvals import ApprovalsScreen
from lead_tui.tui.screens.confirm import Confirm
from lead_tui.tui.screens.home import HomeScreen
from lead_tui.tui.widgets.flow_list import FlowList
from lead_tui.tui.widgets.needs_list import NeedsList
from lead_tui.tui.widgets.run_list import RunList
from tests.tui.stage import Stage, ended, new_runs, started, text_of, until, until_event
from tests.tui.test_folder import BAD, GOOD, write
from tests.tui.test_needs import ASKS, BROKEN, SPENT, STUCK

OK: dict[str, Any] = {
    "name": "fine",
    "agents": [{"name": "m", "type": "mock"}],
    "tasks": [{"name": "a", "agent_name": "m", "action": "x"}],
}
FAILS: dict[str, Any] = {
    "name": "sad",
    "agents": [{"name": "m", "type": "mock", "fail": {"x": {"category": "agent_error", "message": "no"}}}],
    "tasks": [{"name": "a", "agent_name": "m", "action": "x"}],
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lead_tui.tui.screens.looking.EVERY", 0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "a.yaml", GOOD)
    write(tmp_path / "b.yaml", BAD)
    return tmp_path


def home(stage: Stage) -> HomeScreen:
    screen = stage.screen
    assert isinstance(screen, HomeScreen)
    return screen


async def settled(pilot: Pilot[Any]) -> None:
    """The folder was read, and the runs once."""
    app = pilot.app
    await until(pilot, lambda: "looking" not in text_of(app) and "RECENT RUNS" in text_of(app))


async def test_flows_stand_with_what_their_runs_came_to(folder: Path) -> None:
    """Outcome in glyph and word, tasks, bars; the invalid one with its first problem and their number."""
    runs = new_runs()
    for _ in range(2):
        await ended(runs, OK, source=(folder / "a.yaml").resolve())
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "completed    just now" in text_of(stage))
        lines = text_of(stage).splitlines()
        good = next(line for line in lines if "a.yaml" in line)
        bad = next(line for line in lines if "b.yaml" in line)
        assert good.strip().startswith("✔ a.yaml")
        assert "1 task" in good
        assert "▇" in good
        assert "completed" in good
        assert bad.strip().startswith("✖ b.yaml")
        assert "problems: " in bad


async def test_a_run_that_waits_for_a_budget_says_so(folder: Path) -> None:
    """With its flow and among the runs, in place of a person who is asked; below, what raises it."""
    runs = new_runs()
    await ended(runs, SPENT, source=(folder / "a.yaml").resolve())
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(100, 24)) as pilot:
        await until(pilot, lambda: text_of(stage).count("budget spent") == 2)
        assert "needs you" not in text_of(stage)
        home(stage).query_one(RunList).focus()
        await until(pilot, lambda: text_of(stage).count("1 call spent: enter, b raises it") == 2)


async def test_keys_on_a_flow(folder: Path) -> None:
    """Enter starts it, e edits it, t tests its agents; an invalid one is edited by enter, and not tested."""
    stage = Stage(HomeScreen(folder, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter", "e", "t", "down", "enter", "t")
        await pilot.pause()
        assert [type(each) for each in stage.wanted] == [PrepareFlow, EditFlow, TestAgents, EditFlow]
        assert [each.path.name for each in stage.wanted] == ["a.yaml", "a.yaml", "a.yaml", "b.yaml"]


async def test_an_invalid_flow_tells_its_problems_below(folder: Path) -> None:
    """With place and message, as soon as the cursor stands on it; a valid one its name and words."""
    stage = Stage(HomeScreen(folder, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "does it" in text_of(stage)
        await pilot.press("down")
        await pilot.pause()
        assert "3:27 task 'a': there is no agent 'nobody'" in text_of(stage)


async def test_keys_on_a_run(folder: Path) -> None:
    """Enter shows it, p replays it; one that has ended can be neither resumed nor cancelled."""
    runs = new_runs()
    run_id = await ended(runs, OK)
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: home(stage).query_one(RunList).count == 1)
        await pilot.press("tab", "enter", "p", "r", "c")
        await pilot.pause()
        assert isinstance(stage.focused, RunList)
        assert [(type(each), each.run_id, each.replay) for each in stage.wanted] == [
            (OpenRun, run_id, False),
            (OpenRun, run_id, True),
        ]
        assert "from Python" in text_of(stage)


async def test_a_run_that_nobody_drives_can_be_resumed_and_cancelled(folder: Path) -> None:
    """It stands as parked; cancelling asks first, and taking that back cancels nothing."""
    runs = new_runs()
    run = await started(runs, STUCK)
    await until_event(run, AttemptStarted, 5)
    await run.park()
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: home(stage).has_class("-needy"))
        screen = home(stage)
        assert text_of(stage).count("parked") == 1
        screen.query_one(RunList).focus()
        await pilot.press("r", "c")
        await until(pilot, lambda: isinstance(stage.screen, Confirm))
        await pilot.press("n")
        await until(pilot, lambda: stage.screen is screen)
        assert [type(each) for each in stage.wanted] == [ResumeRun]
        await pilot.press("c")
        await until(pilot, lambda: isinstance(stage.screen, Confirm))
        await pilot.press("c")
        await until(pilot, lambda: len(stage.wanted) == 2)
        steer = stage.wanted[1]
        assert isinstance(steer, Steer)
        assert (steer.run_id, steer.command) == (run.run_id, Cancel())


async def test_needs_lead_to_where_they_can_be_met(folder: Path) -> None:
    """A question opens the approvals at it; an interrupted run opens, and r resumes it."""
    runs = new_runs()
    run = await started(runs, STUCK)
    await until_event(run, AttemptStarted, 5)
    await run.park()
    await ended(runs, ASKS)
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: home(stage).query_one(NeedsList).count == 3)
        needs = home(stage).query_one(NeedsList)
        needs.focus()
        await pilot.press("r", "end", "enter", "r")
        await pilot.pause()
        assert [type(each) for each in stage.wanted] == [OpenRun, ResumeRun]
        assert "nobody drives it" in text_of(stage)
        await pilot.press("home", "down", "enter")
        await until(pilot, lambda: isinstance(stage.screen, ApprovalsScreen))
        await until(pilot, lambda: "two of asks" in text_of(stage))


async def test_an_open_breaker_needs_somebody(folder: Path) -> None:
    """It stands among the needs with its agent, and enter opens the run."""
    runs = new_runs()
    run = await started(runs, BROKEN, park=False)
    runs.adopt(run)
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: home(stage).query_one(NeedsList).count == 2)
        home(stage).query_one(NeedsList).focus()
        await pilot.press("end")
        await pilot.pause()
        assert "the breaker of shop is open" in text_of(stage)
        await pilot.press("enter")
        await pilot.pause()
        assert [type(each) for each in stage.wanted] == [OpenRun]
    await run.park()


async def test_the_last_need_goes_and_takes_its_list_along(folder: Path) -> None:
    """The focus moves on to the flows."""
    runs = new_runs()
    run_id = await ended(runs, ASKS)
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: home(stage).has_class("-needy"))
        home(stage).query_one(NeedsList).focus()
        await runs.send(run_id, Cancel())
        await runs.driven[run_id].wait()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: not home(stage).has_class("-needy"))
        assert isinstance(stage.focused, FlowList)


async def test_runs_of_others_appear_by_themselves(folder: Path) -> None:
    """Within the second in which Home looks again; the cursor stays on the run where it was put."""
    runs = new_runs()
    first = await ended(runs, OK)
    second = await ended(runs, FAILS)
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        listed = home(stage).query_one(RunList)
        await until(pilot, lambda: listed.count == 2)
        listed.focus()
        await pilot.press("down")
        assert listed.row is not None
        assert listed.row.id == first
        third = await ended(runs, FAILS)
        await until(pilot, lambda: listed.count == 3)
        assert listed.row.id == first
        assert {third[:6], second[:6], first[:6]} <= set(text_of(stage).split())


async def test_the_filter_is_that_of_the_focused_list(folder: Path) -> None:
    """What is typed hides the others at once; enter keeps it, escape shows all again."""
    stage = Stage(HomeScreen(folder, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        flows = home(stage).query_one(FlowList)
        await pilot.press("slash", "b", ".", "y")
        await until(pilot, lambda: flows.count == 1)
        assert flows.flow is not None
        assert flows.flow.path.name == "b.yaml"
        await pilot.press("enter")
        await pilot.pause()
        assert stage.focused is flows
        assert "/b.y" in text_of(stage)
        await pilot.press("escape")
        await pilot.pause()
        assert flows.count == 2
        await pilot.press("slash", "x", "x", "escape")
        await until(pilot, lambda: flows.count == 2)
        assert stage.focused is flows


async def test_the_filter_of_runs_knows_id_flow_and_status(folder: Path) -> None:
    """Filtering another list forgets the filter of the first."""
    runs = new_runs()
    await ended(runs, OK)
    await ended(runs, FAILS)
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        listed = home(stage).query_one(RunList)
        await until(pilot, lambda: listed.count == 2)
        await pilot.press("slash", "q", "q", "enter", "tab", "slash", *"failed", "enter")
        await until(pilot, lambda: listed.count == 1)
        assert home(stage).query_one(FlowList).count == 2
        await pilot.press("slash", "z", "enter")
        await until(pilot, lambda: "no run matches" in text_of(stage))


async def test_an_empty_home_tells_a_newcomer_what_to_do(tmp_path: Path) -> None:
    """With keys: i lays out a flow, which can then be started; D opens the demo."""
    stage = Stage(HomeScreen(tmp_path, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "There is no flow under this folder yet." in text_of(stage))
        assert "nothing has run yet" in text_of(stage)
        await pilot.press("enter", "e", "t")
        assert stage.wanted == []
        await pilot.press("D")
        await pilot.pause()
        assert stage.wanted[0].path.name == "demo.yaml"
        await pilot.press("i")
        await until(pilot, lambda: home(stage).query_one(FlowList).count == 1)
        assert (tmp_path / "flow.yaml").is_file()
        assert "wrote flow.yaml, .env.example, .gitignore" in stage.told[0]
        await pilot.press("D", "i", "enter")
        await pilot.pause()
        assert [each.path.name for each in stage.wanted] == ["demo.yaml", "demo.yaml", "flow.yaml"]


async def test_an_empty_home_shows_what_a_flow_is(tmp_path: Path) -> None:
    """All of a small one can be read in a small terminal, below the keys; it is one that runs."""
    write(tmp_path / "greeting.txt", EXAMPLE)
    document = load_file(tmp_path / "greeting.txt", {})
    assert [task.name for task in document.workflow.tasks] == ["who", "greet"]
    stage = Stage(HomeScreen(tmp_path, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "There is no flow" in text_of(stage))
        lines = [line.strip() for line in text_of(stage).splitlines()]
        first = lines.index("name: greeting")
        assert lines[first : first + 6] == [line.strip() for line in EXAMPLE.splitlines()]
        assert "nothing has run yet" in lines


async def test_the_demo_is_hinted_at_until_something_ran(folder: Path) -> None:
    """Its key and its entry in the palette stay; who has flows and runs needs no hint."""
    runs = new_runs()
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert stage.screen.active_bindings["D"].binding.show
        await ended(runs, OK)
        await until(pilot, lambda: home(stage).query_one(RunList).count == 1)
        offered = stage.screen.active_bindings["D"]
        assert (offered.enabled, offered.binding.show) == (True, False)
        await pilot.press("D")
        await pilot.pause()
        assert [each.path.name for each in stage.wanted] == ["demo.yaml"]


async def test_the_demo_has_one_key_whatever_was_seen(folder: Path) -> None:
    """Who gives it another one presses that before and after the first run; the old one does nothing."""
    runs = new_runs()
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        stage.set_keymap({"home.demo": "x"})
        await pilot.press("x", "D")
        await ended(runs, OK)
        await until(pilot, lambda: home(stage).query_one(RunList).count == 1)
        await pilot.press("x", "D")
        await pilot.pause()
        assert [each.path.name for each in stage.wanted] == ["demo.yaml", "demo.yaml"]


async def test_who_comes_from_a_run_stands_on_another(folder: Path) -> None:
    """On the newest one, at once: enter shows it, and home that is come back to does the same."""
    runs = new_runs()
    oldest, middle, newest = [await ended(runs, OK) for _ in range(3)]
    stage = Stage(HomeScreen(folder, runs, newest))
    async with stage.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "p")
        home(stage).look_from(oldest)
        await pilot.press("enter")
        latest = await ended(runs, OK)
        home(stage).look_from(newest)
        await pilot.press("p")
        await pilot.pause()
        assert [each.run_id for each in stage.wanted] == [middle, middle, newest, latest]


async def test_who_comes_from_a_run_stands_on_one_that_goes_on(folder: Path) -> None:
    """It comes before newer ones that have ended."""
    runs = new_runs()
    living = await started(runs, STUCK)
    await until_event(living, AttemptStarted, 5)
    last = [await ended(runs, OK) for _ in range(2)][-1]
    stage = Stage(HomeScreen(folder, runs, last))
    async with stage.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert [each.run_id for each in stage.wanted] == [living.run_id]
    await living.park()


async def test_who_comes_from_the_only_run_stands_on_the_flows(folder: Path) -> None:
    """There is no other one."""
    runs = new_runs()
    only = await ended(runs, OK)
    stage = Stage(HomeScreen(folder, runs, only))
    async with stage.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert isinstance(stage.focused, FlowList)


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Laying out fails in words, not with a crash."""
    (tmp_path / "flow.yaml").mkdir()
    (tmp_path / ".env.example").mkdir()
    gone = tmp_path / "file"
    gone.write_text("")
    stage = Stage(HomeScreen(gone, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "There is no flow" in text_of(stage))
        await pilot.press("i")
        await until(pilot, lambda: stage.told)
        assert "File exists" in stage.told[0]


async def test_coming_back_looks_at_the_folder_again(folder: Path) -> None:
    """A flow that was written meanwhile is there; ctrl+r asks for the same by hand."""
    stage = Stage(HomeScreen(folder, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        screen = home(stage)
        flows = screen.query_one(FlowList)
        await pilot.press("down")
        stage.push_screen(Confirm("t", "m", ()))
        await pilot.pause()
        write(folder / "0.yaml", GOOD)
        stage.pop_screen()
        await until(pilot, lambda: flows.count == 3)
        assert flows.flow is not None
        assert flows.flow.path.name == "b.yaml"
        (folder / "0.yaml").unlink()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: flows.count == 2)


async def test_a_journal_that_cannot_be_read_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first line, in words; the flows are there all the same."""
    from lead_tui.errors import JournalError

    runs = new_runs()

    def fail(**_: object) -> None:
        raise JournalError("the journal is gone")

    monkeypatch.setattr(runs.engine.journal, "runs", fail)
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "the journal is gone" in text_of(stage))
        await until(pilot, lambda: home(stage).query_one(FlowList).count == 2)


async def test_names_from_outside_neither_act_nor_break(tmp_path: Path) -> None:
    """Markup, escapes and right-to-left marks in names of files, flows and runs stand there as text."""
    name = "[bold]x[/x] [@click=app.quit]q[/]\x1b[2J\u202e"
    write(tmp_path / "[red].yaml", GOOD.replace("good", '"[/x][@click=app.quit]"'))
    runs = new_runs()
    await ended(runs, {**OK, "name": name})
    stage = Stage(HomeScreen(tmp_path, runs))
    async with stage.run_test(size=(160, 30)) as pilot:
        await until(pilot, lambda: home(stage).query_one(RunList).count == 1)
        await settled(pilot)
        shown = text_of(stage)
        assert "[red].yaml" in shown
        assert "[/x][@click=app.quit]" in shown
        assert "[bold]x[/x]" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown


@pytest.mark.parametrize("size", [(200, 60), (120, 40), (80, 24), (40, 10), (20, 5), (1, 1)])
async def test_every_size_can_be_drawn(folder: Path, size: tuple[int, int]) -> None:
    """With all three lists filled, and each of them focused."""
    runs = new_runs(VirtualClock())
    await ended(runs, OK, source=(folder / "a.yaml").resolve())
    await ended(runs, ASKS)
    stage = Stage(HomeScreen(folder, runs))
    async with stage.run_test(size=size) as pilot:
        await until(pilot, lambda: home(stage).has_class("-needy"))
        await pilot.press("tab", "tab", "tab")
        await pilot.pause()
        assert len(text_of(stage).splitlines()) == size[1]
