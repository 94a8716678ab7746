"""How the app is left: what asks, what is cancelled, parked or goes on, and what a crash leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from lead_tui.core.compile import compile_plan
from lead_tui.errors import JournalError, UsageError
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.runner.handle import LocalRun
from lead_tui.tui.app import Cockpit
from lead_tui.tui.opening import Launch
from lead_tui.tui.runs import Runs
from lead_tui.tui.screen.plain_stream import stream
from lead_tui.tui.session import Session, load


def flow(latency: str = "1h", cleanup: str = "0s") -> dict[str, Any]:
    agents = [{"name": each, "type": "mock", "latency": latency} for each in ("m",)]
    agents.append({"name": "broom", "type": "mock", "latency": cleanup})
    return {
        "name": "f",
        "agents": agents,
        "tasks": [{"name": "a", "agent_name": "m", "action": "x"}],
        "finally": [{"name": "clean", "agent_name": "broom", "action": "x"}],
    }


@asynccontextmanager
async def cockpit(document: dict[str, Any], **settings: Any) -> AsyncIterator[tuple[Cockpit, Pilot[Any]]]:
    """The app on a run that has begun."""
    engine = Engine(MemoryJournal())
    loaded = load_dict(document, Path(), {})

    async def start() -> LocalRun:
        return await engine.start(loaded, {}, environment={}, run_id="r1")

    plan = compile_plan(loaded.workflow, loaded.graph)
    app = Cockpit(Runs(engine, by="me"), Launch("r1", plan, "", start), **settings)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: "r1" in app.runs.driven)
        await until(lambda: app.runs.driven["r1"].state.started_at is not None)
        await pilot.pause()
        yield app, pilot
        for run in app.runs.at_work():
            await run.park()


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not seen():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


async def shown(app: Cockpit, name: str) -> None:
    await until(lambda: type(app.screen).__name__ == name)


async def test_it_asks_while_a_run_is_under_way():
    """Escape stays; nothing happens to the run."""
    async with cockpit(flow()) as (app, pilot):
        await pilot.press("q")
        await shown(app, "Leave")
        await pilot.press("escape")
        await shown(app, "RunScreen")
        assert app.runs.at_work()
        assert app.return_value is None


@pytest.mark.parametrize(
    ("key", "how", "status"),
    [("d", "detached", "running"), ("p", "quit", "running"), ("c", "quit", "cancelled")],
)
async def test_the_answers(key, how, status):
    """Detached it goes on, parked it is driven no more, cancelled it has cleaned up."""
    async with cockpit(flow()) as (app, pilot):
        await pilot.press("q")
        await shown(app, "Leave")
        await pilot.press(key)
        await until(lambda: app.return_value is not None)
        run = app.runs.driven["r1"]
        assert app.return_value.how == how
        assert app.return_value.runs == ((run,) if key == "d" else ())
        assert run.driving is (key == "d")
        assert run.state.status == status


async def test_it_does_not_ask_when_nothing_is_under_way():
    """A run that has ended needs nobody."""
    async with cockpit(flow("0s")) as (app, pilot):
        await until(lambda: not app.runs.at_work())
        await pilot.press("q")
        await until(lambda: app.return_value is not None)
        assert app.return_value.how == "quit"


async def test_whoever_insists():
    """The second wish cancels, the third skips the cleanup; it leaves as soon as all has ended."""
    async with cockpit(flow(cleanup="1h")) as (app, pilot):
        await pilot.press("q", "q")
        run = app.runs.driven["r1"]
        await until(lambda: run.state.cleaning)
        assert app.return_value is None
        await pilot.press("q")
        await until(lambda: app.return_value is not None)
        assert run.state.skip_cleanup
        assert run.state.status == "cancelled"


async def test_while_it_asks_the_key_is_an_answer():
    """Within two seconds of the question."""
    async with cockpit(flow()) as (app, pilot):
        await pilot.press("q")
        await shown(app, "Leave")
        await pilot.press("q")
        await until(lambda: app.return_value is not None)
        assert app.runs.driven["r1"].state.status == "cancelled"


async def test_the_fourth_wish_is_not_waited_for():
    """Whatever still runs is left to who called."""
    async with cockpit(flow(cleanup="1h")) as (app, pilot):
        run = app.runs.driven["r1"]

        async def deaf(*_: object, **__: object) -> None:
            """Nobody answers."""

        run.send = deaf  # type: ignore[method-assign]
        await pilot.press("q", "q")
        await pilot.press("q")
        await pilot.press("q")
        await until(lambda: app.return_value is not None)
        assert app.runs.at_work() == [run]


@pytest.mark.parametrize(("park", "driving"), [(True, False), (False, True)])
async def test_a_signal(park, driving):
    """HUP parks; with TERM the screen closes and the caller ends what runs."""
    async with cockpit(flow()) as (app, _):
        await app.leaving.for_signal(15, park=park)
        await until(lambda: app.return_value is not None)
        assert (app.return_value.how, app.return_value.signal) == ("signal", 15)
        assert app.runs.driven["r1"].driving is driving


async def test_a_run_that_cannot_begin_closes_the_screen():
    """With the error, for the caller to tell."""

    async def start() -> LocalRun:
        raise UsageError("run r1 is already in this journal")

    loaded = load_dict(flow(), Path(), {})
    app = Cockpit(
        Runs(Engine(MemoryJournal())), Launch("r1", compile_plan(loaded.workflow, loaded.graph), "", start)
    )
    async with app.run_test():
        await until(lambda: app.return_value is not None)
    assert app.return_value.how == "crashed"
    assert str(app.crash) == "run r1 is already in this journal"


async def test_a_journal_that_fails_under_the_screen():
    """The person is told; the error stays with the runs, for the exit code."""
    async with cockpit(flow()) as (app, _):
        app.runs.driven["r1"]._runner.fail(JournalError("the disk is full"))
        await until(lambda: "r1" in app.runs.errors)
        await until(lambda: any("the disk is full" in str(each.message) for each in app._notifications))


class Broken(Static):
    def render(self) -> str:
        raise RuntimeError("hunter2")


async def test_a_crash_is_kept_and_its_runs_go_on():
    """Textual's report, which shows values, is for tests alone; what runs is handed on."""
    with pytest.raises(RuntimeError):
        async with cockpit(flow()) as (app, pilot):
            await app.screen.mount(Broken())
            await pilot.pause()
    assert isinstance(app.crash, RuntimeError)


async def test_what_was_chosen_is_kept(tmp_path):
    """A theme that was chosen; one that was worn for this time alone is not."""
    path = tmp_path / "cockpit.toml"
    async with cockpit(flow(), session_file=path, theme="leadtui-light") as (app, pilot):
        await pilot.pause()
        assert app.theme == "leadtui-light"
    assert load(path)[0].theme == ""
    async with cockpit(flow(), session_file=path) as (app, pilot):
        app.theme = "leadtui-safe"
        await pilot.pause()
    assert load(path)[0].theme == "leadtui-safe"


async def test_a_poor_terminal_gets_ascii():
    """Without that being kept."""
    async with cockpit(flow(), session=Session(), poor_terminal=True) as (app, _):
        assert app.ascii_only
        assert not app.session.ascii
        assert not app.is_open
        assert not app.is_gone


async def test_plain_lines_need_a_terminal():
    """Where there is none, that is said."""
    async with cockpit(flow()) as (app, pilot):
        await stream(app, app.screen.model)
        await pilot.pause()
        assert any("nothing but the full screen" in str(each.message) for each in app._notifications)
