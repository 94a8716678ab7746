"""The screen that tests an agent: calls, retries and the breaker as they happen, history, curl."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from lead_tui.agents import registry
from lead_tui.agents.base import AgentResponse
from lead_tui.errors import AgentError, Category, Failure, Outcome
from lead_tui.testing import Call, CallLog, scripted
from lead_tui.tui.intents import EditFlow
from lead_tui.tui.screens.confirm import Confirm
from lead_tui.tui.screens.test_agent import TestAgentScreen
from lead_tui.tui.widgets.call_list import CallList
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.pick import Pick
from tests.tui.stage import Stage, new_runs, text_of, until
from tests.tui.test_folder import BAD, GOOD, write

FLOW = """\
name: shop
agents:
  - name: orders
    type: testable
    retry_config: {max_attempts: 2, initial_delay: 0.01, jitter: false}
    circuit_breaker: {failure_threshold: 4, recovery_timeout: 3600}
  - name: web
    type: http_api
    endpoint: http://localhost:1
    authentication: {type: bearer, token: "${LEADTUI_TEST_T:-sesame}"}
  - {name: shell, type: shell}
  - {name: person, type: human}
tasks:
  - {name: a, agent_name: orders, action: list, parameters: {day: today}}
  - {name: b, agent_name: orders, action: other}
  - {name: c, agent_name: web, action: get, parameters: {endpoint: "/{{ tasks.a.result }}"}}
"""


class Service:
    """What the agent `testable` talks to: `answer` decides, `calls` remembers."""

    def __init__(self) -> None:
        self.calls = CallLog()
        self.fail_first = 0
        self.hangs = False

    async def answer(self, call: Call) -> Any:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fail_first:
            self.fail_first -= 1
            raise AgentError(Failure(Category.NETWORK, "it is down", Outcome.SAFE))
        return AgentResponse(
            success=True,
            result={"day": call.parameters.get("day")},
            meta={"status": 200, "headers": {"x-by": "me"}},
        )


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    made = Service()
    monkeypatch.setattr(registry, "_registered", {})
    registry.register_agent_type("testable", scripted(made.answer, made.calls))
    yield made


@pytest.fixture
def flow(tmp_path: Path, service: Service) -> Path:
    return write(tmp_path / "shop.yaml", FLOW)


def calls(stage: Stage) -> CallList:
    return stage.screen.query_one(CallList)


async def ready(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: pilot.app.screen.query(TextArea))


async def has_ended(pilot: Pilot[Any], stage: Stage, number: int = 1) -> None:
    await until(pilot, lambda: calls(stage).count == number and "under way" not in text_of(stage))


async def test_a_call_is_sent_as_the_flow_asks_for_it(flow: Path, service: Service) -> None:
    """Action and parameters stand there; the answer is shown with status, time and breaker."""
    stage = Stage(TestAgentScreen(flow, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        shown = text_of(stage)
        assert "● orders" in shown
        assert "person" not in shown
        assert "day: today" in shown
        assert "none yet" in shown
        await pilot.press("ctrl+r")
        await has_ended(pilot, stage)
        shown = text_of(stage)
        assert "orders list  ✔ works  HTTP 200" in shown
        assert "breaker closed" in shown
        assert [(each.action, each.parameters) for each in service.calls] == [("list", {"day": "today"})]


async def test_edited_parameters_are_sent(flow: Path, service: Service) -> None:
    """As YAML; what cannot be read is told and not sent."""
    stage = Stage(TestAgentScreen(flow, new_runs(), "orders"))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        area = stage.screen.query_one(TextArea)
        area.text = "day: [1"
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert calls(stage).count == 0
        area.text = "day: tomorrow"
        area.focus()
        await pilot.press("ctrl+s")
        await has_ended(pilot, stage)
        assert service.calls[0].parameters == {"day": "tomorrow"}


async def test_retries_and_the_breaker_are_seen(flow: Path, service: Service) -> None:
    """Each try with its failure; the breaker opens over several calls, and can be reset."""
    service.fail_first = 4
    stage = Stage(TestAgentScreen(flow, new_runs()))
    async with stage.run_test(size=(100, 40)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+r")
        await has_ended(pilot, stage)
        shown = text_of(stage)
        assert "attempt 1 failed: network_error: it is down; again in" in shown
        assert "attempt 2 failed after" in shown
        assert "does not answer" in shown
        assert "2 tries" in shown
        await pilot.press("ctrl+r")
        await has_ended(pilot, stage, 2)
        assert "breaker open, probe in 3" in text_of(stage)
        await pilot.press("ctrl+b")
        await pilot.pause()
        assert "breaker closed" in text_of(stage)
        await pilot.press("ctrl+r")
        await has_ended(pilot, stage, 3)
        assert "✔ works" in text_of(stage)


async def test_a_call_can_be_cancelled(flow: Path, service: Service) -> None:
    """By ctrl+x or escape; the agent is not called on behind the back, and another call may follow."""
    service.hangs = True
    stage = Stage(TestAgentScreen(flow, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for number, key in enumerate(("ctrl+x", "escape"), 1):
            await pilot.press("ctrl+r")
            await until(pilot, lambda: "under way" in text_of(stage))
            await pilot.press("ctrl+r")
            await until(pilot, lambda number=number: len(service.calls) == number)
            await pilot.press(key)
            await has_ended(pilot, stage, number)
            assert "⊘ cancelled" in text_of(stage)
        assert stage.backs == 0
        await pilot.press("escape")
        await pilot.pause()
        assert stage.backs == 1


async def test_leaving_ends_a_call(flow: Path, service: Service) -> None:
    """The screen closes while a call hangs, and nothing is left of it."""
    service.hangs = True
    stage = Stage(TestAgentScreen(flow, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: service.calls)
        stage.pop_screen()
        await pilot.pause()
    assert len(service.calls) == 1


async def test_former_calls_can_be_seen_again(flow: Path, service: Service) -> None:
    """The cursor shows them, enter goes into the answer, m shows what came with it, z makes room."""
    stage = Stage(TestAgentScreen(flow, new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+r")
        await has_ended(pilot, stage)
        stage.screen.query_one(TextArea).text = "day: tomorrow"
        await pilot.press("ctrl+r")
        await has_ended(pilot, stage, 2)
        calls(stage).focus()
        await pilot.press("down")
        await pilot.pause()
        assert "day: today" in text_of(stage)
        await pilot.press("m")
        await pilot.pause()
        assert "x-by" in text_of(stage)
        await pilot.press("m", "z")
        await pilot.pause()
        assert "CALLS" not in text_of(stage)
        await pilot.press("escape")
        await pilot.pause()
        assert stage.focused is calls(stage)
        await pilot.press("enter")
        await pilot.pause()
        assert stage.focused is not calls(stage)


async def test_another_agent_brings_its_own_form(flow: Path, service: Service) -> None:
    """With its usual action; a template in it is warned of; one agent's known actions are a choice."""
    stage = Stage(TestAgentScreen(flow, new_runs()))
    async with stage.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("right")
        await until(pilot, lambda: "no other task runs here" in text_of(stage))
        await pilot.press("right", "enter")
        await until(pilot, lambda: "● run" in text_of(stage))
        assert stage.focused in [edit.editor for edit in stage.screen.query_one(Form).edits]


async def test_a_result_tells_whose_it_is(flow: Path, service: Service) -> None:
    """Another agent is chosen: the failure still names its own agent, and the breaker its own."""
    service.fail_first = 4
    stage = Stage(TestAgentScreen(flow, new_runs()))
    async with stage.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+r")
        await has_ended(pilot, stage)
        await pilot.press("ctrl+r")
        await has_ended(pilot, stage, 2)
        assert "orders list  ✖ does not answer" in text_of(stage)
        assert "breaker open, probe" in text_of(stage)
        await pilot.press("right")
        await until(pilot, lambda: "breaker of web closed" in text_of(stage))
        assert "orders list  ✖ does not answer" in text_of(stage)


async def test_a_call_is_copied_as_curl(flow: Path, service: Service) -> None:
    """From the form before one is made, from the history later; the secret stays a name."""
    stage = Stage(TestAgentScreen(flow, new_runs(), "web"))
    async with stage.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        stage.screen.query_one(TextArea).text = "endpoint: /x"
        await pilot.press("Y")
        await pilot.pause()
        assert stage.clipboard == "curl http://localhost:1/x -H 'authorization: Bearer '\"${LEADTUI_TEST_T}\""
        assert "copied as curl" in stage.told[0]
        stage.screen.query_one(TextArea).text = "method: GET\nendpoint: ${LEADTUI_TEST_GONE}"
        await pilot.press("ctrl+r")
        await has_ended(pilot, stage)
        assert "cannot be called" in text_of(stage)
        assert "LEADTUI_TEST_GONE is not set" in text_of(stage)
        stage.screen.query_one(TextArea).text = "endpoint: /other"
        await pilot.press("Y")
        await pilot.pause()
        assert "/other" not in stage.clipboard
        assert "sesame" not in stage.clipboard


async def test_a_broken_flow_says_what_to_do(tmp_path: Path) -> None:
    """e opens the editor; coming back reads it again, and an agent that is gone is another one's turn."""
    path = write(tmp_path / "a.yaml", BAD)
    stage = Stage(TestAgentScreen(path, new_runs(), "nobody"))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "cannot run here" in text_of(stage))
        await pilot.press("ctrl+r", "e")
        await pilot.pause()
        assert [type(each) for each in stage.wanted] == [EditFlow]
        path.write_text(GOOD)
        stage.push_screen(Confirm("t", "m", ()))
        await pilot.pause()
        stage.pop_screen()
        await until(pilot, lambda: stage.screen.query(Pick))
        assert "● shell" in text_of(stage)


async def test_a_flow_without_agents_has_nothing_to_call(tmp_path: Path) -> None:
    """It is said, and no key does anything."""
    text = "name: x\ntasks: [{name: a, agent_name: human, action: approve, parameters: {message: go?}}]\n"
    stage = Stage(TestAgentScreen(write(tmp_path / "a.yaml", text), new_runs()))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "no agent that can be called" in text_of(stage))
        await pilot.press("ctrl+r", "ctrl+b", "Y", "m")
        await pilot.pause()
        assert calls(stage).count == 0


@pytest.mark.parametrize("size", [(200, 60), (120, 40), (20, 5), (1, 1)])
async def test_every_size_can_be_drawn(flow: Path, service: Service, size: tuple[int, int]) -> None:
    """With an answer on the screen."""
    stage = Stage(TestAgentScreen(flow, new_runs()))
    async with stage.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: service.calls)
        await pilot.pause()
        assert len(text_of(stage).splitlines()) == size[1]
