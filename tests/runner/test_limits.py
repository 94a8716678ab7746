"""Waiting for a limit does not count: neither an attempt's timeout nor its `idle_timeout` runs meanwhile."""

import asyncio

import pytest

from lead_tui.agents import registry
from lead_tui.agents.tool_calls import ToolCalls
from lead_tui.core import events as ev
from lead_tui.flow.models import AgentConfig
from lead_tui.testing import VirtualClock, run_flow, scripted
from lead_tui.tools import registry as tools
from lead_tui.tools.grants import ToolGrants
from lead_tui.tools.tool import tool
from tests.runner.flows import flow

IMPATIENT = {"timeout": 5}


class Granting(ToolGrants, AgentConfig):
    """An agent that may call tools."""


@pytest.fixture
def use(monkeypatch):
    """Call a tool so many times that may be called once in 100 seconds."""

    @tool(rate_limit={"requests": 1, "per": 100})
    async def slow() -> None: ...

    monkeypatch.setattr(tools, "_registered", {})
    tools.register_tool(slow)
    config = Granting.model_validate({"name": "m", "type": "x", "tools": ["slow"]})

    async def call_it(call, times=3):
        calls = ToolCalls("m", config, VirtualClock())
        for _ in range(times):
            await calls.call("slow", {}, call.context)
        return "done"

    return call_it


@pytest.fixture
def team(monkeypatch):
    """A flow of tasks whose agent `m` runs one function and calls the agent `server`, which runs another."""

    def register(caller, server, *tasks, of_server=IMPATIENT, **task):
        monkeypatch.setitem(registry._registered, "caller", scripted(caller))
        monkeypatch.setitem(registry._registered, "server", scripted(server))
        agents = [
            {"name": "m", "type": "caller", **IMPATIENT},
            {"name": "server", "type": "server", **of_server},
        ]
        return flow(*({"name": name, "idle_timeout": 4, **task} for name in tasks or "a"), agents=agents)

    return register


def go(call):
    return call.context.call("server", "go", {})


def test_nobodys_time_runs_while_a_tools_limit_is_waited_for(team, use):
    """Neither that of the attempt, nor its idle time, nor its seconds."""
    story = run_flow(team(use, go))
    assert story.result.results == {"a": "done"}
    assert story.result.execution_time == pytest.approx(200)
    assert story.of(ev.AttemptCompleted)[0].duration == 0


def test_nor_that_of_those_who_wait_for_the_call(team, use):
    """A called agent that waits for the limit of its tool stands still with whoever called it."""
    story = run_flow(team(go, use))
    assert story.result.results == {"a": "done"}
    assert story.result.execution_time == pytest.approx(200)


def test_the_time_goes_on_after_the_limit(team, use):
    """What an agent does afterwards has the time that was left, and the whole idle time."""

    async def work(call):
        await asyncio.sleep(2)
        await use(call, 2)
        await asyncio.sleep(1000)

    story = run_flow(team(work, go, idle_timeout=100))
    assert story.result.errors["a"].code == "attempt_timeout"
    assert story.result.execution_time == pytest.approx(105)
    story = run_flow(team(work, go, idle_timeout=2.5))
    assert story.result.errors["a"].code == "idle_timeout"
    assert story.result.execution_time == pytest.approx(104.5)


ONE_AT_A_TIME = {"max_concurrency": 1, "timeout": 60}


async def busy(call):
    """Be there for long, and say so."""
    for _ in range(10):
        await asyncio.sleep(2)
        call.context.heartbeat()
    return "done"


def test_nobodys_time_runs_while_a_place_is_waited_for(team):
    """Of three that call an agent which takes one call at a time, the last waits for as long as two calls."""
    data = team(go, busy, "a", "b", "c", of_server=ONE_AT_A_TIME)
    data["agents"][0]["timeout"] = 25
    story = run_flow(data)
    assert story.result.results == dict.fromkeys("abc", "done")
    assert story.result.execution_time == pytest.approx(60)
    assert [each.duration for each in story.of(ev.AttemptCompleted)] == pytest.approx([20, 20, 20])


def test_a_wait_for_a_place_that_is_given_up_ends_the_standstill(team):
    """Whoever does not wait any more has the time that was left; the place is not taken."""

    async def work(call):
        if call.task == "b":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(10):
                    await go(call)
            await asyncio.sleep(1000)
        if call.task == "c":
            await asyncio.sleep(3)
        return (await go(call)).result

    data = team(work, busy, "a", "b", "c", of_server=ONE_AT_A_TIME, idle_timeout=30)
    data["agents"][0]["timeout"] = 25
    data["failure_strategy"] = "continue_on_failure"
    story = run_flow(data)
    assert story.result.results == {"a": "done", "c": "done"}
    assert story.result.errors["b"].code == "attempt_timeout"
    failed = story.of(ev.AttemptFailed)[0]
    assert (failed.ts - story.events[0].ts).total_seconds() == pytest.approx(35)
    assert story.result.execution_time == pytest.approx(40)


def test_a_place_that_was_waited_for_is_given_back(team):
    """Also when the call that got it fails, or is refused before it is made."""

    def server(call):
        raise ValueError("broken")

    async def work(call):
        return [(await go(call)).success for _ in range(3)]

    story = run_flow(team(work, server, "a", "b", of_server={"max_concurrency": 1}))
    assert story.result.results == {"a": [False] * 3, "b": [False] * 3}
