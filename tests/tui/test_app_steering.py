"""Wishes of a screen, sent to runs: what is told, who takes a run up, which secrets are asked for again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from lead_tui.core.commands import Cancel, Pause
from lead_tui.tui.app import Cockpit
from lead_tui.tui.intents import ResumeRun, Steer
from lead_tui.tui.opening import Home
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.secrets import SecretsScreen

from .stage import new_runs, started, until

HANGING = {
    "name": "f",
    "agents": [{"name": "m", "type": "mock", "latency": "1h"}],
    "tasks": [{"name": "a", "agent_name": "m", "action": "x", "idempotent": True}],
}
SECRET = {**HANGING, "inputs": {"token": {"type": "string", "secret": True, "required": True}}}


@asynccontextmanager
async def cockpit(runs: Runs, tmp_path: Any) -> AsyncIterator[tuple[Cockpit, Pilot[Any]]]:
    app = Cockpit(runs, Home(), folder=tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        yield app, pilot
        for run in runs.at_work():
            await run.park()


def told(app: Cockpit, words: str) -> bool:
    return any(words in str(each.message) for each in app._notifications)


def steers(app: Cockpit) -> bool:
    return any(worker.group == "steering" and not worker.is_finished for worker in app.workers)


async def test_a_command_is_sent_and_its_receipt_told(tmp_path):
    """What was accepted, in the words of who wished it; what was refused, with the reason."""
    runs = new_runs()
    run = await started(runs, HANGING)
    runs.adopt(run)
    async with cockpit(runs, tmp_path) as (app, pilot):
        app.on_steer(Steer(run.run_id, Pause(), "paused: nothing new starts"))
        await until(pilot, lambda: told(app, "nothing new starts"))
        assert run.state.status == "paused"
        app.on_resume_run(ResumeRun(run.run_id))
        await until(pilot, lambda: told(app, "goes on"))
        assert run.state.status == "running"
        app.on_steer(Steer(run.run_id, Cancel(), "cancelling"))
        await until(pilot, lambda: run.state.status == "cancelled")
        app.on_steer(Steer(run.run_id, Pause(), "paused again"))
        await until(pilot, lambda: told(app, "ended"))
        assert not told(app, "paused again")


async def test_a_run_that_is_not_there(tmp_path):
    """The person is told, and nothing else happens."""
    async with cockpit(new_runs(), tmp_path) as (app, pilot):
        app.on_steer(Steer("nowhere", Pause(), "paused"))
        await until(pilot, lambda: told(app, "nowhere"))
        app.on_resume_run(ResumeRun("nothing"))
        await until(pilot, lambda: told(app, "nothing"))


async def test_a_run_that_nobody_drives_is_taken_up(tmp_path):
    """Here, at the wish to go on."""
    runs = new_runs()
    run = await started(runs, HANGING)
    await run.park()
    async with cockpit(runs, tmp_path) as (app, pilot):
        app.on_resume_run(ResumeRun(run.run_id))
        await until(pilot, lambda: told(app, "taken up here"))
        assert runs.is_driven(run.run_id)


async def test_secrets_are_asked_for_again(tmp_path):
    """They are stored nowhere; whoever leaves the question has wished nothing."""
    runs = new_runs()
    run = await started(runs, SECRET, {"token": "hunter2"})
    await run.park()
    async with cockpit(runs, tmp_path) as (app, pilot):
        for wish in (app.on_resume_run, lambda it: app.on_steer(Steer(it.run_id, Pause(), "paused"))):
            wish(ResumeRun(run.run_id))
            await until(pilot, lambda: isinstance(app.screen, SecretsScreen))
            app.screen.dismiss(None)
            await until(pilot, lambda: not isinstance(app.screen, SecretsScreen))
            assert not runs.is_driven(run.run_id)
        app.on_resume_run(ResumeRun(run.run_id))
        await until(pilot, lambda: isinstance(app.screen, SecretsScreen))
        app.screen.dismiss({"token": "hunter2"})
        await until(pilot, lambda: told(app, "taken up here"))
        assert runs.is_driven(run.run_id)


async def test_a_wish_that_comes_twice_at_once_is_one(tmp_path):
    """The run is taken up once, and nothing is told of the second wish."""
    runs = new_runs()
    run = await started(runs, HANGING)
    await run.park()
    async with cockpit(runs, tmp_path) as (app, pilot):
        app.on_resume_run(ResumeRun(run.run_id))
        app.on_resume_run(ResumeRun(run.run_id))
        await until(pilot, lambda: app._notifications and not steers(app))
        assert told(app, "taken up here")
        assert len(app._notifications) == 1
        for done in ("paused", "paused again"):
            app.on_steer(Steer(run.run_id, Pause(), done))
        await until(pilot, lambda: not steers(app))
        assert len(app._notifications) == 2


async def test_secrets_are_asked_for_once(tmp_path):
    """Of two different wishes the second waits until the run is taken up for the first."""
    runs = new_runs()
    run = await started(runs, SECRET, {"token": "hunter2"})
    await run.park()
    async with cockpit(runs, tmp_path) as (app, pilot):
        app.on_resume_run(ResumeRun(run.run_id))
        app.on_steer(Steer(run.run_id, Cancel(), "cancelling"))
        await until(pilot, lambda: isinstance(app.screen, SecretsScreen))
        assert [type(screen) for screen in app.screen_stack].count(SecretsScreen) == 1
        app.screen.dismiss({"token": "hunter2"})
        await until(pilot, lambda: told(app, "cancelling"))
        assert told(app, "taken up here")
        assert not isinstance(app.screen, SecretsScreen)


async def test_an_owner_that_does_not_answer(tmp_path, monkeypatch):
    """The wish is stored, and that is said."""
    monkeypatch.setattr("lead_tui.runner.handle.RECEIPT_SECONDS", 0)
    runs = new_runs()
    run = await started(runs, HANGING)  # driven, but not through these runs
    async with cockpit(runs, tmp_path) as (app, pilot):
        app.on_steer(Steer(run.run_id, Pause(), "paused"))
        await until(pilot, lambda: told(app, "paused: stored, its owner has not answered yet"))
    await run.park()
