"""The screen that tests an agent, with models, servers and tools: streams, forms of tools, questions."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from lead_tui.testing import ModelServer, call, fail, say
from lead_tui.tui.screens.test_agent import TestAgentScreen
from lead_tui.tui.widgets.call_list import CallList
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.log_view import LogView
from lead_tui.tui.widgets.offer_list import OfferList
from lead_tui.tui.widgets.pick import Pick
from tests.agents.mcp.stage import ours
from tests.tui.stage import Stage, new_runs, text_of, until
from tests.tui.test_folder import write

ROOT = Path(__file__).parents[2]
SERVERS = ROOT / "tests" / "agents" / "mcp" / "servers"
FLOW = """\
name: desk
inputs:
  wish: {type: string, default: Two bags of coffee.}
agents:
  - name: writer
    type: ai_agent
    provider: openai
    model: gpt-4.1-mini
    max_steps: 4
    retry_config: {max_attempts: 2, initial_delay: 0.01, jitter: false}
    tools: [{name: json_parse, approval: always}]
  - name: slow
    type: mcp_server
    command: PYTHON
    args: [SERVERS/hangs_at_initialize.py]
    kill_after: 0.2
  - name: plain
    type: mcp_server
    command: PYTHON
    args: [SERVERS/plain.py]
    kill_after: 0.2
    retry_config: {max_attempts: 1}
  - name: deaf
    type: mcp_server
    command: PYTHON
    args: [-c, "raise SystemExit('no licence')"]
    retry_config: {max_attempts: 1}
  - name: people
    type: mcp_server
    command: PYTHON
    args: [SERVERS/asks_people.py]
    kill_after: 0.2
  - name: sums
    type: tool
    tools: [calculate_metrics, {name: json_parse, approval: always}]
tasks:
  - {name: ask, agent_name: writer, action: run, parameters: {prompt: "{{ inputs.wish }}"}}
  - {name: echo, agent_name: plain, action: echo, parameters: {text: Hello}}
  - {name: none, agent_name: deaf, action: echo}
  - {name: many, agent_name: people, action: show}
  - {name: sum, agent_name: sums, action: json_parse, parameters: {text: "[1]"}}
"""

Shown = Callable[..., AsyncIterator[tuple[Stage, Pilot[None]]]]


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    text = FLOW.replace("PYTHON", sys.executable).replace("SERVERS", str(SERVERS))
    return write(tmp_path / "desk.yaml", text)


def use(server: ModelServer, flow: Path) -> None:
    """The flow finds the server by the variables beside it."""
    lines = [f"{name}={value}\n" for name, value in server.environment.items()]
    (flow.parent / ".env").write_text("".join(lines))


def stage_of(flow: Path, agent: str) -> Stage:
    return Stage(TestAgentScreen(flow, new_runs(), agent))


def offers(stage: Stage) -> OfferList:
    return stage.screen.query_one(OfferList)


async def sees(pilot: Pilot[Any], stage: Stage, *texts: str) -> str:
    """What is on the screen, once all of this is."""
    try:
        await until(pilot, lambda: all(text in text_of(stage) for text in texts))
    except AssertionError:
        raise AssertionError(f"not all of {texts} is in\n{text_of(stage)}") from None
    return text_of(stage)


async def listed(pilot: Pilot[Any], stage: Stage) -> None:
    await sees(pilot, stage, "list_tools  ✔ works")
    await until(pilot, lambda: "not known yet" not in text_of(stage))


# models


async def test_an_answer_streams_and_then_stands(flow: Path) -> None:
    """Its course is followed while it comes; at the end the text alone, with its cost; c shows the course."""
    gate = asyncio.Event()
    reply = say("A word ", "and another ", "and ", "the last.").waiting(gate, after=3)
    async with ModelServer([reply.using(input=30, output=12)]) as server:
        use(server, flow)
        stage = stage_of(flow, "writer")
        async with stage.run_test(size=(120, 40)) as pilot:
            await sees(pilot, stage, "Two bags of coffee.")
            await pilot.press("ctrl+r")
            shown = await sees(pilot, stage, "A word and", "first token in")
            assert "the last" not in shown
            assert "▶ under way" in shown
            assert "Course" in shown
            gate.set()
            shown = await sees(pilot, stage, "writer run  ✔ works", "42 tokens")
            assert "Course" not in shown
            assert "A word and another and the last." in shown
            assert "first token in" in shown
            stage.screen.query_one(CallList).focus()
            await pilot.press("enter", "t")
            await sees(pilot, stage, "finish_reason")
            await pilot.press("c")
            await sees(pilot, stage, "Course", "llm", "and the last.")
            await pilot.press("c")
            await pilot.press("z")
            await pilot.pause()
            assert "prompt" not in text_of(stage)
    assert server.requests[0].prompt == "Two bags of coffee."


async def test_an_edited_prompt_and_its_companions_are_sent(flow: Path) -> None:
    """The prompt as it was typed, over several lines; the rest from the text below it."""
    async with ModelServer([say("Fine.")]) as server:
        use(server, flow)
        stage = stage_of(flow, "writer")
        async with stage.run_test(size=(100, 40)) as pilot:
            await sees(pilot, stage, "Two bags")
            prompt, rest = stage.screen.query(TextArea)
            prompt.text, rest.text = "How\nmuch?", "context: {left: 3}"
            await pilot.press("ctrl+s")
            await sees(pilot, stage, "✔ works")
    assert server.requests[0].prompt.endswith("How\nmuch?")
    assert '"left": 3' in server.requests[0].prompt


async def test_a_call_of_a_model_is_ended_by_x(flow: Path) -> None:
    """Where no text is typed; what it said until then stays to be read."""
    async with ModelServer([say("One ", "two ", "three ", "four ").hanging(after=3)]) as server:
        use(server, flow)
        stage = stage_of(flow, "writer")
        async with stage.run_test(size=(100, 40)) as pilot:
            await sees(pilot, stage, "Two bags")
            await pilot.press("ctrl+r")
            await sees(pilot, stage, "One")
            stage.screen.query_one(LogView).focus()
            await pilot.press("x")
            await sees(pilot, stage, "⊘ cancelled", "the call was ended")
            await pilot.press("c")
            await sees(pilot, stage, "Course", "One")
        await server.idle()


async def test_a_tool_waits_for_its_person(flow: Path) -> None:
    """The exact arguments are shown; approved it is called, rejected the model is told."""

    def model(request: Any) -> Any:
        if not request.results:
            return call("json_parse", text='{"a": {"b": [1, 2]}}')
        return say(f"It gave {request.results[0]}")

    async with ModelServer(model) as server:
        use(server, flow)
        stage = stage_of(flow, "writer")
        async with stage.run_test(size=(120, 40)) as pilot:
            await sees(pilot, stage, "Two bags")
            for key, end in (("ctrl+y", "It gave"), ("ctrl+n", "rejected")):
                await pilot.press("ctrl+r")
                shown = await sees(pilot, stage, "May writer call the tool json_parse?", "‖ needs you")
                assert 'text: \'{"a": {"b": [1, 2]}}\'' in shown
                await pilot.press(key)
                shown = await sees(pilot, stage, "writer run  ✔ works", end)
                assert "needs you" not in shown
                assert "May writer call" not in shown
                assert ("1 tool call" in shown) is (key == "ctrl+y")
            answers = [event.by for event in _answers(stage)]
            assert answers == ["ann", "ann"]


def _answers(stage: Stage) -> list[Any]:
    screen = stage.screen
    assert isinstance(screen, TestAgentScreen)
    models = [each.model for each in screen.calls if each.model is not None]
    return [gate.answer for model in models for gate in model.state.gates.values()]


async def test_a_retry_of_a_model_is_seen(flow: Path) -> None:
    """The failure with its time, then the answer."""
    async with ModelServer([fail("overloaded", retry_after=0), say("Here.")]) as server:
        use(server, flow)
        stage = stage_of(flow, "writer")
        async with stage.run_test(size=(120, 40)) as pilot:
            await sees(pilot, stage, "Two bags")
            await pilot.press("ctrl+r")
            await sees(pilot, stage, "✔ works", "2 tries", "attempt 1 failed: ", "Here.")


async def test_a_missing_key_says_what_to_set(flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that nothing was called."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    stage = stage_of(flow, "writer")
    async with stage.run_test(size=(120, 40)) as pilot:
        await sees(pilot, stage, "Two bags")
        await pilot.press("ctrl+r")
        await sees(pilot, stage, "✖ cannot be called", "set OPENAI_API_KEY")
        await pilot.press("Y")
        await pilot.pause()
        assert not stage.told


# servers


async def test_the_tools_of_a_server_are_listed_and_called(flow: Path) -> None:
    """It is asked by itself; a tool's form comes from its schema; the answer is shown as what it is."""
    stage = stage_of(flow, "plain")
    async with stage.run_test(size=(120, 40)) as pilot:
        await listed(pilot, stage)
        shown = text_of(stage)
        assert "TOOLS 9" in shown
        assert "Give back a text." in shown
        assert "text *  string" in shown
        await pilot.press("enter")
        assert stage.focused is offers(stage)
        await pilot.press("enter")
        field = stage.screen.query_one(Form).query_one(Input)
        assert (stage.focused, field.value) == (field, "Hello")
        field.value = "{{ x }}"
        await pilot.press("enter")
        await sees(pilot, stage, "plain echo  ✖ cannot be called", "undefined")
        field.value = "Good day"
        await pilot.press("enter")
        await sees(pilot, stage, "plain echo  ✔ works", "Good day")
        offers(stage).focus()
        await pilot.press("down")
        await sees(pilot, stage, "no parameters: enter calls it")
        await pilot.press("ctrl+t")
        area = stage.screen.query_one(Form).query_one(TextArea)
        area.text = "result: {structuredContent: {beans: 3}, content: []}"
        await pilot.press("ctrl+r")
        await sees(pilot, stage, "plain show  ✔ works", "beans")
        await pilot.press("ctrl+t")
        offers(stage).focus()
        await pilot.press("up")
        await sees(pilot, stage, "Good day")


async def test_an_error_of_a_tool_is_the_server_s_answer(flow: Path) -> None:
    """In its own words; parameters that do not fit its schema are not even sent."""
    stage = stage_of(flow, "plain")
    async with stage.run_test(size=(120, 40)) as pilot:
        await listed(pilot, stage)
        await pilot.press("ctrl+t")
        await sees(pilot, stage, "YAML or JSON")
        stage.screen.query_one(Form).query_one(TextArea).text = "text: 5"
        await pilot.press("ctrl+r")
        await sees(pilot, stage, "✖ cannot be called", "5 is not of type 'string'")
        offers(stage).focus()
        await pilot.press("down", "ctrl+t")
        text = "result: {isError: true, content: [{type: text, text: out of beans}]}"
        stage.screen.query_one(Form).query_one(TextArea).text = text
        await pilot.press("ctrl+r")
        await sees(pilot, stage, "plain show  ✖ answers with an error", "out of beans")


async def test_a_server_that_does_not_start_says_why(flow: Path) -> None:
    """What every server can do is still offered, to try it again."""
    stage = stage_of(flow, "deaf")
    async with stage.run_test(size=(120, 40)) as pilot:
        shown = await sees(pilot, stage, "deaf list_tools  ✖", "no licence")
        assert "TOOLS 6 not known yet" in shown
        assert "its tools, asked for again" in shown
        offers(stage).focus()
        await pilot.press("enter")
        await until(pilot, lambda: stage.screen.query_one(CallList).count == 2)


async def test_moving_on_ends_the_question_for_tools(flow: Path) -> None:
    """The server that was asked is not waited for, and its call is not kept."""
    stage = stage_of(flow, "slow")
    async with stage.run_test(size=(80, 24)) as pilot:
        await sees(pilot, stage, "slow list_tools  ▶ under way", "slow starting")
        stage.screen.query_one(Pick).focus()
        await pilot.press("left")
        await until(pilot, lambda: stage.screen.query_one(CallList).count == 0)
        await sees(pilot, stage, "● writer", "prompt *")
        await pilot.press("p")
        await listed(pilot, stage)


async def test_no_server_outlives_the_screen(flow: Path) -> None:
    """Not even one that still starts when everything ends."""
    before = ours()
    stage = stage_of(flow, "slow")
    async with stage.run_test(size=(80, 24)) as pilot:
        await sees(pilot, stage, "slow starting")
        await until(pilot, lambda: ours() != before)
    assert ours() == before


async def test_a_question_of_a_server_is_answered_with_its_form(flow: Path) -> None:
    """Each for itself; what does not fit is told under its field."""
    stage = stage_of(flow, "people")
    async with stage.run_test(size=(120, 40)) as pilot:
        await listed(pilot, stage)
        offers(stage).focus()
        await pilot.press("enter")
        await sees(pilot, stage, "how many?", "n *  integer")
        field = stage.screen.query_one("Question").query_one(Input)
        await until(pilot, lambda: stage.focused is field)
        await pilot.press("x", "ctrl+y")
        await sees(pilot, stage, "whole number")
        field.value = "7"
        await pilot.press("ctrl+y")
        await until(pilot, lambda: not field.is_attached or not field.value)
        await sees(pilot, stage, "how many?")
        stage.screen.query_one("Question").query_one(Input).value = "8"
        await pilot.press("enter")
        await sees(pilot, stage, "people show  ✔ works", '"n": 8')


# tools


async def test_granted_tools_are_called(flow: Path) -> None:
    """With a form each; one that needs a person asks."""
    stage = stage_of(flow, "sums")
    async with stage.run_test(size=(120, 40)) as pilot:
        shown = await sees(pilot, stage, "TOOLS 2", "calculate_metrics", "json_parse")
        assert "none yet" in shown
        await pilot.press("ctrl+r")
        await sees(pilot, stage, "May sums call the tool json_parse?", "text: '[1]'")
        await pilot.press("ctrl+y")
        await sees(pilot, stage, "sums json_parse  ✔ works")
        offers(stage).focus()
        await pilot.press("up")
        await sees(pilot, stage, "data *")
        await pilot.press("enter")
        area = stage.screen.query_one(Form).query_one(TextArea)
        area.text = "[1, 2, 3]"
        await pilot.press("ctrl+s")
        await sees(pilot, stage, "sums calculate_metrics  ✔ works", "mean")


@pytest.mark.parametrize(
    ("agent", "size"),
    [("plain", (200, 60)), ("sums", (60, 14)), ("writer", (20, 5)), ("sums", (20, 5)), ("sums", (1, 1))],
)
async def test_every_size_can_be_drawn(flow: Path, agent: str, size: tuple[int, int]) -> None:
    """With a question on the screen, if one is asked."""
    stage = stage_of(flow, agent)
    async with stage.run_test(size=size) as pilot:
        screen = stage.screen
        assert isinstance(screen, TestAgentScreen)
        await until(pilot, lambda: screen.query(Pick) or screen.calls)
        await pilot.press("ctrl+r", "z")
        await pilot.pause()
        assert len(text_of(stage).splitlines()) == size[1]
