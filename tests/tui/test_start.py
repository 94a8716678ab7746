"""The start form: inputs, plan, worst case, and what keeps a flow from running."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from lead_tui.flow.inputs import resolve_inputs
from lead_tui.runner.engine import load_dict, load_file
from lead_tui.tui.flows.launch_plan import launch_plan
from lead_tui.tui.intents import EditFlow
from lead_tui.tui.screens.confirm import Confirm
from lead_tui.tui.screens.start import StartScreen
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.plan_list import PlanList
from tests.tui.stage import Stage, new_runs, text_of, until
from tests.tui.test_folder import BAD, GOOD, write

TRIP: dict[str, Any] = {
    "name": "trip",
    "description": "Plans a trip.",
    "inputs": {
        "city": {"type": "string", "description": "where to"},
        "days": {"type": "integer", "default": 3},
        "token": {"secret": True, "default": "hunter2"},
    },
    "agents": [{"name": "book", "type": "mock", "retry_config": {"max_attempts": 4}}],
    "tasks": [
        {"name": "find", "agent_name": "book", "action": "find"},
        {"name": "ask", "agent_name": "human", "action": "approve", "parameters": {"message": "go?"}},
        {
            "name": "pay",
            "agent_name": "book",
            "action": "pay",
            "depends_on": ["find", "ask"],
            "when": "inputs.days > 1",
        },
    ],
    "finally": [{"name": "tidy", "agent_name": "book", "action": "x", "retry_config": {"max_attempts": 1}}],
}
YAML = """\
name: trip
inputs: {city: {type: string}, days: 3, key: {secret: true, default: "${LEADTUI_TEST_KEY:-hunter2}"}}
agents: [{name: m, type: mock}]
tasks: [{name: a, agent_name: m, action: x}]
"""


async def ready(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: "PLAN" in text_of(pilot.app) and pilot.app.screen.query_one(PlanList).count)


def test_the_plan_counts_the_worst_case() -> None:
    """Every attempt of every task, without the questions; tasks in the order of their needs, cleanup last."""
    plan = launch_plan(load_dict(TRIP, Path(), {}))
    assert [(step.number, step.task, step.calls) for step in plan.steps] == [
        (1, "find", 4),
        (1, "ask", 0),
        (2, "pay", 4),
        (0, "tidy", 1),
    ]
    assert [step.task for step in plan.steps if step.conditional] == ["pay"]
    assert (plan.calls, plan.questions, plan.agents) == (9, 1, ("book", "human"))
    assert plan.summary() == "4 tasks, 2 agents, one at a time, at most 9 calls, asks you once"
    two = {**TRIP, "parallel_execution": True, "finally": [{**TRIP["tasks"][1], "name": "again"}]}
    assert (
        launch_plan(load_dict(two, Path(), {}))
        .summary()
        .endswith("up to 16 at a time, at most 8 calls, asks you 2 times")
    )


async def test_a_flow_is_started_with_typed_values() -> None:
    """What was typed, what was left, and the secret default, checked and complete."""
    stage = Stage(StartScreen(load_dict(TRIP, Path(), {}), new_runs(), environment={"A": "b"}))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        shown = text_of(stage)
        assert "at most 9 calls" in shown
        assert "city *" in shown
        assert "asks you" in shown
        assert "hunter2" not in shown
        await pilot.press(*"Rome", "tab", "backspace", "5", "ctrl+r")
        await until(pilot, lambda: stage.wanted)
        (run,) = stage.wanted
        assert isinstance(run, StartScreen.Run)
        assert run.values == {"city": "Rome", "days": 5, "token": "hunter2"}
        assert run.environment == {"A": "b"}
        assert run.document.workflow.name == "trip"


async def test_a_missing_input_starts_nothing() -> None:
    """It is told under its field, from wherever the run was asked for."""
    stage = Stage(StartScreen(load_dict(TRIP, Path(), {}), new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("tab", "tab", "tab")
        assert isinstance(stage.focused, PlanList)
        await pilot.press("enter")
        await pilot.pause()
        assert stage.wanted == []
        assert "✖ a value is needed" in text_of(stage)
        await pilot.press(*"Rome", "enter", "enter", "enter")
        await until(pilot, lambda: stage.wanted)


async def test_a_missing_key_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to set is told, and the form stays; once it is in `.env` the same key starts the run."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    asks = """\
        name: asks
        agents: [{name: writer, type: ai_agent, provider: openai, model: m}]
        tasks: [{name: a, agent_name: writer, action: run, parameters: {prompt: Hi}}]
        """
    stage = Stage(StartScreen(write(tmp_path / "a.yaml", asks), new_runs()))
    async with stage.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: any("set OPENAI_API_KEY" in str(n.message) for n in stage._notifications))
        assert stage.wanted == []
        write(tmp_path / ".env", "OPENAI_API_KEY=sk-1\n")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: stage.wanted)
        assert stage.wanted[0].environment["OPENAI_API_KEY"] == "sk-1"


async def test_a_flow_without_inputs_starts_with_enter(tmp_path: Path) -> None:
    """From its file; its environment holds the variables of the folder."""
    write(tmp_path / ".env", "LEADTUI_TEST_X=1\n")
    stage = Stage(StartScreen(write(tmp_path / "a.yaml", GOOD), new_runs()))
    async with stage.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: stage.wanted)
        assert stage.wanted[0].values == {}
        assert stage.wanted[0].environment["LEADTUI_TEST_X"] == "1"


async def test_the_values_of_last_time_are_there(tmp_path: Path) -> None:
    """Those of the newest run of this file, marked; its secret is not among them."""
    path = write(tmp_path / "trip.yaml", YAML)
    runs = new_runs()
    document = load_file(path, {"LEADTUI_TEST_KEY": "sesame"})
    values = resolve_inputs(document.workflow, {"city": "Oslo", "key": "sesame2"})
    await (await runs.engine.start(document, values, environment={})).wait()
    stage = Stage(StartScreen(path, runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        shown = text_of(stage)
        assert "Oslo" in shown
        assert shown.count("as last time") == 1
        assert "sesame" not in shown
        assert stage.screen.query_one(Form).values() == {"city": "Oslo", "days": 3}


async def test_a_broken_flow_says_what_to_do(tmp_path: Path) -> None:
    """Every problem with its place; e opens the editor; r, or coming back, reads it again."""
    path = write(tmp_path / "a.yaml", BAD)
    stage = Stage(StartScreen(path, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "cannot run here" in text_of(stage))
        assert "3:27 task 'a': there is no agent 'nobody'" in text_of(stage)
        await pilot.press("ctrl+r", "e")
        await pilot.pause()
        assert [type(each) for each in stage.wanted] == [EditFlow]
        path.write_text(GOOD.replace("does it", "${LEADTUI_TEST_GONE}"))
        await pilot.press("r")
        await until(pilot, lambda: "the variable LEADTUI_TEST_GONE is not set" in text_of(stage))
        assert "one problem" in text_of(stage)
        path.write_text(GOOD)
        stage.push_screen(Confirm("t", "m", ()))
        await pilot.pause()
        stage.pop_screen()
        await ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: len(stage.wanted) == 2)


async def test_many_problems_are_told_in_part(tmp_path: Path) -> None:
    """The first ones, and how many more there are."""
    tasks = "".join(f"  - {{name: t{number}, agent_name: no, action: x}}\n" for number in range(20))
    stage = Stage(StartScreen(write(tmp_path / "a.yaml", f"name: x\ntasks:\n{tasks}"), new_runs()))
    async with stage.run_test(size=(80, 30)) as pilot:
        await until(pilot, lambda: "and 8 more" in text_of(stage))


async def test_warnings_are_shown_and_stop_nothing(tmp_path: Path) -> None:
    """They stand above the form."""
    text = (
        GOOD
        + "agents:\n  - {name: m, type: http_api, endpoint: 'http://x.org', authentication: "
        + "{type: bearer, token: abcdef}}\n"
    )
    stage = Stage(StartScreen(write(tmp_path / "a.yaml", text), new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "holds a secret in plain text" in text_of(stage)
        assert "abcdef" not in text_of(stage)
        await pilot.press("enter")
        await until(pilot, lambda: stage.wanted)


async def test_what_only_the_whole_shows_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the flow refuses values that each field took, it says why, and nothing starts."""
    document = load_dict(TRIP, Path(), {})
    stage = Stage(StartScreen(document, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press(*"Rome")
        form = stage.screen.query_one(Form)
        monkeypatch.setattr(form, "values", lambda: {"nonsense": 1})
        await pilot.press("ctrl+r")
        await until(pilot, lambda: stage.told)
        assert "the flow has no input 'nonsense'" in stage.told[0]
        assert stage.wanted == []


async def test_escape_leaves_and_a_document_has_no_file_to_edit() -> None:
    """Escape goes back, also out of a field."""
    stage = Stage(StartScreen(load_dict(TRIP, Path(), {}), new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        stage.screen.query_one(PlanList).focus()
        await pilot.press("e", "r", "escape")
        await pilot.pause()
        assert stage.wanted == []
        assert stage.backs == 1


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5), (1, 1)])
async def test_every_size_can_be_drawn(size: tuple[int, int]) -> None:
    """With a form that is taller than most of them."""
    stage = Stage(StartScreen(load_dict(TRIP, Path(), {}), new_runs()))
    async with stage.run_test(size=size) as pilot:
        await until(pilot, lambda: stage.screen.query_one(PlanList).count)
        assert len(text_of(stage).splitlines()) == size[1]


MODELS: dict[str, Any] = {
    "name": "advice",
    "budget": {"tokens": 5000, "usd": 2},
    "agents": [
        {"name": "short", "type": "ai_agent", "provider": "openai", "model": "m", "max_tokens": 600},
        {"name": "long", "type": "ai_agent", "provider": "openai", "model": "m"},
    ],
    "tasks": [
        {"name": "a", "agent_name": "short", "action": "run", "parameters": {"prompt": "hi"}},
        {"name": "b", "agent_name": "long", "action": "chat_completion", "parameters": {"prompt": "hi"}},
    ],
}


def test_the_plan_of_models_tells_what_they_may_write() -> None:
    """Calls with all steps and attempts, tokens where they are limited, and how many are not."""
    plan = launch_plan(load_dict(MODELS, Path(), {}))
    assert [step.calls for step in plan.steps] == [60, 3]
    assert plan.summary().endswith("at most 63 calls, 3 of them of any length, 36k tokens of answers")


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (None, ("", False)),
        ({"usd": 2, "seconds": 90}, ("budget $2, 1m30s", False)),
        ({"tokens": 50_000}, ("budget 50k tokens", False)),
        (
            {"tokens": 5000, "calls": 10},
            (
                (
                    "budget 5k tokens, 10 calls: less than the 36k tokens and 63 calls that it may come to; "
                    "the run would wait for you there"
                ),
                True,
            ),
        ),
        (
            {"calls": 10, "mode": "audit"},
            ("budget 10 calls: less than the 63 calls that it may come to; audit: it only tells", True),
        ),
    ],
)
def test_a_budget_stands_beside_the_worst_case(budget: Any, told: tuple[str, bool]) -> None:
    """One that may not suffice says so, and what would happen."""
    flow = {key: value for key, value in MODELS.items() if key != "budget"}
    plan = launch_plan(load_dict(flow | ({"budget": budget} if budget else {}), Path(), {}))
    assert plan.spending() == told


async def test_the_form_shows_the_budget() -> None:
    """Under what the run will do."""
    app = Stage(StartScreen(load_dict(MODELS, Path(), {}), new_runs()))
    async with app.run_test(size=(100, 24)) as pilot:
        await ready(pilot)
        assert "budget $2, 5k tokens: less than the 36k tokens" in text_of(app)
