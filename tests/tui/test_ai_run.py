"""Runs that ask models, in the app: tools, servers, money and budgets by keys."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from lead_tui.core import events as ev
from lead_tui.core.commands import Approve, RaiseBudget, RestartAgent
from lead_tui.journal.open import open_journal
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.testing.model_server import ModelServer, call, say
from lead_tui.tui.app import Cockpit
from lead_tui.tui.opening import Home, Watch
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.budget import BudgetScreen
from lead_tui.tui.screens.confirm import Confirm
from lead_tui.tui.screens.run import RunScreen
from lead_tui.tui.screens.task import TaskScreen
from lead_tui.tui.widgets.gate_bar import GateBar
from lead_tui.tui.widgets.health import Health
from lead_tui.tui.widgets.needs_list import NeedsList
from lead_tui.tui.widgets.result_view import ResultView
from lead_tui.tui.widgets.run_list import RunList
from tests.tui.stage import ended, new_runs, text_of, until

FOREVER = {"wait": 3600}


def flow(*scripts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A task for each script, one after the other."""
    model = {"name": "model", "type": "custom", "class": "tests.tui.snapshots.models:Scripted"}
    tasks: list[dict[str, Any]] = []
    for number, script in enumerate(scripts):
        before = [f"t{number - 1}"] if number else []
        parameters = {"script": script, "answer": "done"}
        tasks.append({"name": f"t{number}", "agent_name": "model", "action": "run", "parameters": parameters})
        tasks[-1]["depends_on"] = before
    return {"name": "flow", "agents": [model], "tasks": tasks, **more}


SPENT = flow([{"spend": {"calls": 1, "usd": 2.5}}], [], budget={"usd": 2, "calls": 50})
READING = flow([
    {"service": {"name": "library", "state": "ready", "tools": 4}},
    {"tool": "library.search", "arguments": {"query": "tea", "secret": "***"}, "result": {"found": [1, 2]}},
    {"tool": "library.read", "arguments": {"n": 1}, "fail": "no such book"},
    {"spend": {"calls": 2, "input_tokens": 4200, "usd": 0.0123}},
    {"tokens": "Two books "},
    {"tool": "library.cite", "arguments": {"n": 2}, **FOREVER},
])  # fmt: skip


@asynccontextmanager
async def cockpit(
    runs: Runs, run_id: str = "", *, size: tuple[int, int] = (100, 30), **more: Any
) -> AsyncIterator[tuple[Pilot[Any], Cockpit]]:
    app = Cockpit(runs, Watch(run_id) if run_id else Home(), **more)
    async with app.run_test(size=size) as pilot:
        if run_id:
            await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.model.state.seq > 0)
        yield pilot, app
        await runs.park(runs.at_work())


async def begun(runs: Runs, spec: dict[str, Any]) -> str:
    return await runs.start(load_dict(spec, Path(), {}), {}, {})


async def shows(pilot: Pilot[Any], *words: str) -> None:
    try:
        await until(pilot, lambda: all(word in text_of(pilot.app) for word in words))
    except AssertionError:
        raise AssertionError(f"{words} never came:\n{text_of(pilot.app)}") from None


def commands(runs: Runs, run_id: str) -> list[Any]:
    events = [event for page in runs.engine.journal.read(run_id) for event in page]
    return [event.command for event in events if isinstance(event, ev.CommandReceived)]


async def type_limit(pilot: Pilot[Any], text: str) -> None:
    field = pilot.app.screen.query(Input).first()
    field.value = text
    await pilot.press("ctrl+s")


# budgets


@pytest.mark.parametrize("parked", [False, True], ids=["driven", "parked"])
async def test_b_raises_a_spent_budget_and_the_run_goes_on(parked: bool) -> None:
    """The bar says what to do, the form has a field for each limit; a parked run is taken up by it."""
    runs = new_runs()
    run_id = await ended(runs, SPENT) if parked else await begun(runs, SPENT)
    async with cockpit(runs, run_id) as (pilot, app):
        await shows(
            pilot, "‖ WAITING: BUDGET", "the budget of $2 is spent:   b raises it", "125% of $2", "t1   "
        )
        assert "budget" in next(line for line in text_of(app).splitlines() if "t1 " in line)
        await pilot.press("b")
        await shows(pilot, "Raise the budget", "$2.50 spent, 125%", "1 call spent, 2%")
        assert [field.value for field in app.screen.query(Input)] == ["2", "50"]
        assert ("taken up here" in text_of(app)) is parked
        await type_limit(pilot, "2.2")
        await shows(pilot, "it must be more than $2.50")
        await type_limit(pilot, "five")
        await shows(pilot, "a number is needed")
        await type_limit(pilot, "2")
        await shows(pilot, "nothing is raised yet")
        await type_limit(pilot, "$5")
        await shows(pilot, "✔ COMPLETED", "50% of $5")
        assert "is spent:" not in text_of(app)
        assert RaiseBudget(usd=5.0) in commands(runs, run_id)
        assert [each.message for each in app._notifications] == ["the budget is raised to $5"]


async def test_b_can_be_left_and_is_offered_only_where_there_is_a_budget() -> None:
    """Escape sends nothing; a run that has ended, or has no budget, has nothing to raise."""
    runs = new_runs()
    run_id = await begun(runs, flow([FOREVER], budget={"usd": 2}))
    async with cockpit(runs, run_id) as (pilot, app):
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BudgetScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert commands(runs, run_id) == []
    free = await begun(runs, flow([FOREVER]))
    async with cockpit(runs, free) as (pilot, app):
        await pilot.press("b")
        assert isinstance(app.screen, RunScreen)


async def test_what_the_run_would_refuse_is_told_in_the_form() -> None:
    """More was spent while the form was open: it stays, with the reason."""
    runs = new_runs()
    gate = {"name": "t", "agent_name": "human", "action": "approve", "parameters": {"message": "?"}}
    run_id = await begun(runs, flow([FOREVER], budget={"usd": 2}) | {"finally": [gate]})
    async with cockpit(runs, run_id) as (pilot, app):
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BudgetScreen))
        runs.driven[run_id].state.budgets[""].limits["usd"] = 4
        await type_limit(pilot, "3")
        await shows(pilot, "must be more than the limit now")


async def test_the_budget_under_the_cursor_is_the_one_that_b_raises() -> None:
    """In Health each has its line; elsewhere the most pressing one is meant."""
    spec = flow([{"spend": {"calls": 1}}, FOREVER], budget={"usd": 2})
    spec["agents"][0]["budget"] = {"calls": 2}
    runs = new_runs()
    async with cockpit(runs, await begun(runs, spec)) as (pilot, app):
        await shows(pilot, "50% of 2 calls")
        await pilot.press("b")
        await shows(pilot, "Raise the budget of model")
        await pilot.press("escape", "5")
        health = app.screen.query_one(Health)
        while health.budget != "":
            await pilot.press("down")
        await pilot.press("b")
        await shows(pilot, "Raise the budget ──")


async def test_home_lists_spent_budgets_and_leads_to_their_run(tmp_path: Path) -> None:
    """With the key that raises it, also where the cursor is on the run; once somebody has raised it, it only
    waits to be taken up.
    """
    runs = new_runs()
    run_id = await ended(runs, SPENT)
    async with cockpit(runs, folder=tmp_path) as (pilot, app):
        await shows(pilot, "‖ budget", "$2 spent: enter, b raises it", "budget spent")
        app.screen.query_one(RunList).focus()
        await until(pilot, lambda: text_of(app).count("enter, b raises it") == 2)
        assert "needs you" not in text_of(app)
        app.screen.query_one(NeedsList).focus()
        await pilot.press("enter")
        await shows(pilot, "b raises it")
        await pilot.press("h")
        await runs.engine.send(run_id, RaiseBudget(usd=5), "bob")
        await shows(pilot, "its budget is raised by bob: resume goes on", "needs you")
        app.screen.query_one(NeedsList).focus()
        await pilot.press("r")
        await until(pilot, lambda: runs.row(run_id).status == "completed")


async def test_a_raise_that_is_stored_is_told_with_the_key_that_takes_it_up() -> None:
    """Nobody is asked to raise it again, in the line on top, the bar and the health; `r` goes on with it."""
    runs = new_runs()
    run_id = await ended(runs, SPENT)
    async with cockpit(runs, run_id) as (pilot, app):
        await shows(pilot, "‖ WAITING: BUDGET", "b raises it")
        await runs.engine.send(run_id, RaiseBudget(usd=5), "bob")
        await shows(pilot, "‖ WAITS FOR RESUME", "the budget raised by bob: it waits for resume  r resumes")
        assert "b raises it" not in text_of(app)
        await pilot.press("5")
        await shows(pilot, "raised to $5 by bob, r resumes")
        await pilot.press("r")
        await shows(pilot, "✔ COMPLETED")
        assert "resumes" not in text_of(app)


async def test_an_answer_that_is_stored_is_told_with_the_key_that_takes_it_up() -> None:
    """The bar, and the screen of answers, say who answered and what goes on; `r` does."""
    gate = {"name": "ask", "agent_name": "human", "action": "approve", "parameters": {"message": "go on?"}}
    runs = new_runs()
    run_id = await ended(runs, {"name": "flow", "tasks": [gate]})
    await runs.engine.send(run_id, Approve(gate="ask"), "ada")
    async with cockpit(runs, run_id) as (pilot, app):
        await shows(pilot, "‖ WAITS FOR RESUME", "ask answered by ada: it waits for resume  r resumes")
        await shows(pilot, "‖ ask", "answered")
        assert "need you" not in text_of(app)
        assert "needs you" not in text_of(app)
        await pilot.press("a")
        await shows(pilot, "answered by ada: resume goes on with it (esc, then r)")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await pilot.click(GateBar)
        await shows(pilot, "✔ COMPLETED")


async def test_of_two_questions_the_one_that_is_open_is_asked() -> None:
    """An answer to the other one is stored already."""
    ask = {"agent_name": "human", "action": "approve", "parameters": {"message": "go on?"}}
    tasks = [{"name": name, **ask} for name in ("one", "two")]
    runs = new_runs()
    run_id = await ended(runs, {"name": "flow", "parallel_execution": True, "tasks": tasks})
    await runs.engine.send(run_id, Approve(gate="one"), "ada")
    async with cockpit(runs, run_id) as (pilot, _):
        await shows(pilot, "‖ NEEDS YOU", "two needs you:", "a answers", "1 step needs you")


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (80, 12)])
async def test_the_form_can_be_drawn_at_every_size(size: tuple[int, int]) -> None:
    """Also where there is next to no place."""
    runs = new_runs()
    async with cockpit(runs, await ended(runs, SPENT), size=size) as (pilot, app):
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BudgetScreen))
        await pilot.press("escape")


async def test_a_click_on_the_bar_opens_the_form() -> None:
    """What it says can be done there, too."""
    runs = new_runs()
    async with cockpit(runs, await ended(runs, SPENT)) as (pilot, app):
        await shows(pilot, "b raises it")
        await pilot.click(GateBar)
        await until(pilot, lambda: isinstance(app.screen, BudgetScreen))


async def test_a_question_goes_before_a_spent_budget() -> None:
    """The bar tells both keys."""
    gate = {"name": "ask", "agent_name": "human", "action": "approve", "parameters": {"message": "go on?"}}
    spec = SPENT | {"parallel_execution": True, "tasks": [*SPENT["tasks"], gate]}
    runs = new_runs()
    async with cockpit(runs, await ended(runs, spec)) as (pilot, _):
        await shows(pilot, "ask needs you:", "go on?", "a answers  b raises the budget", "‖1")


# tools and servers


async def test_calls_of_tools_are_lines_of_the_log() -> None:
    """With arguments and result once they have returned, and money in the line on top."""
    runs = new_runs()
    async with cockpit(runs, await begun(runs, READING)) as (pilot, _):
        await pilot.press("4")
        await shows(
            pilot, 'library.search(query="tea", secret="***") -> 2 found, ', "library.cite(n=2) …",
            "failed: tool_error: no such book", "Two books", "$0.0123  4.2k tok",
        )  # fmt: skip


async def test_a_call_opens_with_all_that_it_got_and_gave() -> None:
    """In the task's attempts; enter shows it as a value, escape leads back to the list."""
    runs = new_runs()
    async with cockpit(runs, await begun(runs, READING), size=(80, 24)) as (pilot, app):
        await shows(pilot, "library.cite(n=2) …")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TaskScreen))
        await pilot.press("2")
        await shows(pilot, "2 calls, 4.2k in, $0.0123", "library.search(")
        await pilot.press("down", "down", "enter")
        await shows(pilot, "call 1 of attempt 1", "query: tea", "secret: ***", "found: [2 items]")
        assert app.screen.query_one("#result", ResultView).mode == "tree"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.section == "attempts")  # type: ignore[attr-defined]
        await pilot.press("down", "enter")
        await shows(pilot, "call 2 of attempt 1", "no such book")
        await pilot.press("escape")
        await pilot.press("end", "enter")
        await shows(pilot, "call 3 of attempt 1", "result: not yet")


async def test_r_restarts_a_server_after_a_question() -> None:
    """On its line in Health; the command names the agent behind it."""
    runs = new_runs()
    run_id = await begun(runs, READING)
    async with cockpit(runs, run_id) as (pilot, app):
        await pilot.press("5")
        await shows(pilot, "● ready", "library", "4 tools", "2 calls", "1 failed")
        health = app.screen.query_one(Health)
        for _ in range(20):
            if "R restart server" in text_of(app):
                break
            await pilot.press("down")
        assert not health.check_action("reset", ())
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        assert commands(runs, run_id) == []
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("r")
        await until(pilot, lambda: commands(runs, run_id) == [RestartAgent(agent="model")])


async def test_a_run_of_another_process_shows_the_same(tmp_path: Path) -> None:
    """Tools, servers, money and the open call, read from the journal alone; `b` reaches it by the inbox."""
    spec = READING | {"budget": {"usd": 2}}
    owner = Runs(Engine(open_journal(tmp_path / "runs.db")), by="ann")
    watcher = Runs(Engine(open_journal(tmp_path / "runs.db")), by="bob")
    run_id = await begun(owner, spec)
    async with cockpit(watcher, run_id) as (pilot, app):
        await pilot.press("4")
        await shows(pilot, '"***") -> 2 found, ', "library.cite(n=2) …", "$0.0123", "1% of $2")
        await pilot.press("5")
        await shows(pilot, "● ready", "library")
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BudgetScreen))
        await type_limit(pilot, "3")
        await until(pilot, lambda: RaiseBudget(usd=3.0) in commands(watcher, run_id))
        await shows(pilot, "of $3")
        await owner.park(owner.at_work())
    for runs in (owner, watcher):
        runs.engine.journal.close()


# a model


async def test_a_model_streams_uses_a_tool_and_its_answer_is_text() -> None:
    """The real agent against a scripted model: stream, call, usage, and the answer as prose."""
    agent = {
        "name": "model", "type": "ai_agent", "provider": "openai", "model": "gpt-4.1-mini",
        "tools": ["json_parse"],
    }  # fmt: skip
    task = {"name": "ask", "agent_name": "model", "action": "run", "parameters": {"prompt": "Parse it."}}
    go_on = asyncio.Event()
    replies = [
        call("json_parse", text='{"a": [1, 2]}').using(1000, 50),
        say("There are **two**", " of them.").using(1200, 30).waiting(go_on, after=1),
    ]
    runs = new_runs()
    async with ModelServer(replies) as server:
        document = load_dict({"name": "flow", "agents": [agent], "tasks": [task]}, Path(), server.environment)
        run_id = await runs.start(document, {}, server.environment)
        async with cockpit(runs, run_id) as (pilot, app):
            await shows(pilot, "There", "json_parse(text=", "-> 2 a", " 1.1k tok")
            assert "of them" not in text_of(app)
            go_on.set()
            await pilot.press("4")
            await shows(pilot, "✔ COMPLETED", "There are **two** of them.", "2.3k tok")
            await pilot.press("1", "enter")
            await until(pilot, lambda: isinstance(app.screen, TaskScreen))
            view = app.screen.query_one("#result", ResultView)
            await until(pilot, lambda: view.mode == "prose")
            assert "There are **two** of them." in text_of(app)
            await pilot.press("t")
            await shows(pilot, "finish_reason", "gpt-4.1-mini")
            await pilot.press("t")
            await until(pilot, lambda: view.mode == "prose")
