"""Who is followed: what a screen shows, and what is driven here; all else is let go of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from lead_tui.tui.app import Cockpit
from lead_tui.tui.feeds import Feeds
from lead_tui.tui.intents import OpenTask
from lead_tui.tui.opening import Home
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.run import RunScreen
from lead_tui.tui.screens.task import TaskScreen

from .stage import ended, new_runs, started, until

FLOW = {
    "name": "f",
    "agents": [{"name": "m", "type": "mock", "latency": "1h"}],
    "tasks": [{"name": "a", "agent_name": "m", "action": "x"}],
}
QUICK = {**FLOW, "agents": [{"name": "m", "type": "mock"}]}


@asynccontextmanager
async def cockpit(runs: Runs, tmp_path: Any) -> AsyncIterator[tuple[Cockpit, Pilot[Any]]]:
    app = Cockpit(runs, Home(), folder=tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        yield app, pilot


async def test_a_run_that_no_screen_shows_is_let_go_of(tmp_path):
    """Also one that another process drives; shown again it is followed again, from its first event on."""
    runs = new_runs()
    others = await started(runs, FLOW)
    async with cockpit(runs, tmp_path) as (app, pilot):
        app.open_run(others.run_id)
        (feed,) = app.feeds
        await until(pilot, lambda: feed.model.state.started_at)
        await pilot.press("escape")
        await until(pilot, lambda: not list(app.feeds))
        assert feed._following.cancelled()
        app.open_run(others.run_id)
        (again,) = app.feeds
        await until(pilot, lambda: again.model.state.started_at)
        assert isinstance(app.screen, RunScreen)
    await others.park()


async def test_what_lies_below_another_screen_is_still_shown(tmp_path):
    """So is the run of a task's own screen, which has no run screen below it."""
    runs = new_runs()
    run_id = await ended(runs, QUICK)
    async with cockpit(runs, tmp_path) as (app, pilot):
        app.on_open_task(OpenTask(run_id, "a"))
        (feed,) = app.feeds
        await until(pilot, lambda: isinstance(app.screen, TaskScreen))
        app.action_help()
        await pilot.pause()
        app._tick()
        assert list(app.feeds) == [feed]
        assert not feed._following.done()


@pytest.mark.parametrize("driven", [True, False])
async def test_what_is_driven_here_is_followed(driven):
    """Until it has ended, whatever is shown."""
    runs = new_runs()
    run = await started(runs, FLOW)
    if driven:
        runs.adopt(run)
    feeds = Feeds(runs, lambda: None)
    feed = feeds.of(run.run_id)
    feeds.release([None])
    assert list(feeds) == ([feed] if driven else [])
    await run.park()
    await asyncio.sleep(0)
    feeds.release([feed.model])
    assert list(feeds) == ([feed] if driven else [])
    feeds.release([])
    assert list(feeds) == []
