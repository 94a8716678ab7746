"""One agent calls another: within its limits, breaker and timeout, under the task of the call."""

import asyncio
from pathlib import Path

import pytest

from lead_tui.agents import registry
from lead_tui.agents.base import AgentResponse, Gate
from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure, Outcome, UsageError
from lead_tui.flow.models import AgentConfig
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.call_time import CallTime
from lead_tui.runner.engine import load_dict
from lead_tui.runner.trial import try_agent
from lead_tui.testing import Call, CallLog, VirtualClock, run_flow, run_virtual, scripted
from lead_tui.testing.flows import memory_engine
from tests.runner.flows import flow


class ServerConfig(AgentConfig):
    actions = frozenset({"go", "slow", "ask", "back", "spend", "tools"})


@pytest.fixture
def team(monkeypatch):
    """Agents `m`, which runs a function, and `server`, which runs another; gives the calls of the server."""

    def register(caller, server=lambda call: call.parameters, **settings):
        calls = CallLog()
        monkeypatch.setitem(registry._registered, "caller", scripted(caller))
        monkeypatch.setitem(registry._registered, "server", scripted(server, calls, ServerConfig))
        agents = [{"name": "m", "type": "caller", **settings.pop("caller_settings", {})}]
        agents.append({"name": "server", "type": "server", **settings.pop("server_settings", {})})
        agents.append({"name": "idle", "type": "mock"})
        tasks = settings.pop("tasks", [{"name": "a"}])
        return flow(*tasks, agents=agents, **settings), calls

    return register


def test_a_call_to_another_agent_stands_under_the_task(team):
    """Its notes are the task's, its result comes back, and what it saves is nobody's."""

    def serve(call: Call):
        call.context.log(f"asked by {call.context.task}")
        call.context.tokens("to")
        call.context.progress(1, 2)
        call.context.service("server", "ready", tools=3)
        call.context.save("piece")
        call.context.conceal("hunter22")
        assert not call.context.saved
        return {**call.parameters, "masked": call.context.mask("hunter22")}

    async def ask(call: Call):
        response = await call.context.call("server", "go", {"n": (1, 2)})
        return [response.success, response.result]

    data, _ = team(ask, serve)
    story = run_flow(data)
    assert story.result.results == {"a": [True, {"n": [1, 2], "masked": "***"}]}
    assert [(type(note).__name__, note.task) for note in story.notes] == [
        ("Log", "a"), ("Tokens", "a"), ("Progress", "a"), ("Service", "a"),
    ]  # fmt: skip
    assert not story.of(ev.AttemptSaved)
    assert story.state.tasks["a"].usage == {"calls": 1}


def test_what_goes_wrong_is_in_the_response(team):
    """A failure of the other agent, parameters that cannot be sent, an action that it does not have."""

    def serve(call: Call):
        if call.action == "slow":
            raise ValueError("broken")
        return AgentResponse(success=False, error=Failure(Category.TOOL, "no"))

    async def ask(call: Call):
        context = call.context
        asked = [
            await context.call("server", "go", {}),
            await context.call("server", "slow", {}),
            await context.call("server", "go", {"x": object()}),
            await context.call("server", "goo", {}),
            await context.call("code", "no module", {}),
        ]
        return [[each.error.category, each.error.code, each.error.message] for each in asked]

    data, calls = team(ask, serve)
    data["agents"].append({"name": "code", "type": "python"})
    found = run_flow(data).result.results["a"]
    assert found[0] == ["tool_error", "", "no"]
    assert found[1] == ["agent_error", "raised", "ValueError: broken"]
    assert found[2][:2] == ["agent_error", "not_plain"]
    assert found[3][:2] == ["validation_error", "unknown_action"]
    assert "did you mean 'go'" in found[3][2]
    assert found[4][:2] == ["validation_error", "unknown_action"]
    assert "'no module' cannot be an action of 'code'" in found[4][2]
    assert len(calls) == 2


def test_an_agent_that_the_flow_does_not_declare_ends_the_attempt(team):
    """The message says which one was probably meant."""
    data, _ = team(lambda call: call.context.call("servr", "go", {}))
    failure = run_flow(data).result.errors["a"]
    assert (failure.category, failure.code) == ("validation_error", "unknown_agent")
    assert "server" in failure.message


def test_an_agent_that_cannot_be_made_is_a_failure_in_the_response(team, monkeypatch):
    """Its task is not the one that fails."""

    class Broken(scripted(lambda call: 1)):
        def __init__(self, config):
            raise RuntimeError("no library")

    async def ask(call: Call):
        return (await call.context.call("broken", "go", {})).error.message

    data, _ = team(ask)
    monkeypatch.setitem(registry._registered, "broken", Broken)
    data["agents"].append({"name": "broken", "type": "broken"})
    assert run_flow(data).result.results["a"] == "broken cannot be used: no library"


def test_agents_do_not_call_each_other_in_a_circle(team):
    """Neither themselves nor one that waits for them."""

    async def ask(call: Call):
        own = await call.context.call("m", "go", {})
        other = await call.context.call("server", "back", {})
        return [own.error.message, other.result]

    async def serve(call: Call):
        response = await call.context.call("m", "go", {})
        return [response.error.category, response.error.code, response.error.message]

    data, _ = team(ask, serve)
    own, back = run_flow(data).result.results["a"]
    assert own == "agents would call each other in a circle: m → m"
    assert back[:2] == ["validation_error", "circle"]
    assert back[2].endswith("m → server → m")


def test_the_other_agents_timeout_holds(team):
    """As a failure of unknown outcome; the caller goes on."""

    async def ask(call: Call):
        failure = (await call.context.call("server", "slow", {})).error
        return [failure.code, failure.outcome]

    data, _ = team(ask, lambda call: asyncio.sleep(100), server_settings={"timeout": 5})
    story = run_flow(data)
    assert story.result.results["a"] == ["attempt_timeout", "unknown"]
    assert story.result.execution_time == 5


def test_the_callers_timeout_ends_the_call(team):
    """What it waits for is cut off."""
    cut = []

    async def serve(call: Call):
        try:
            await asyncio.sleep(100)
        finally:
            cut.append(call.action)

    data, _ = team(
        lambda call: call.context.call("server", "slow", {}), serve, caller_settings={"timeout": 3}
    )
    story = run_flow(data)
    assert story.result.errors["a"].code == "attempt_timeout"
    assert cut == ["slow"]
    assert story.state.spent["server"] == {"calls": 1, "seconds": 3.0}


def test_a_rate_limit_is_waited_for_within_the_call(team):
    """The caller's time stands still meanwhile."""

    async def ask(call: Call):
        for _ in range(3):
            assert (await call.context.call("server", "go", {})).success
        return "done"

    limit = {"rate_limit": {"requests": 1, "per": 10}}
    data, calls = team(ask, caller_settings={"timeout": 5}, server_settings=limit)
    story = run_flow(data)
    assert story.result.results == {"a": "done"}
    assert story.result.execution_time == 20
    assert len(calls) == 3


def test_a_cancelled_wait_gives_its_place_back(team):
    """The next caller does not wait for a call that is never made."""

    async def ask(call: Call):
        await call.context.call("server", "go", {})
        await call.context.call("server", "go", {"second": True})

    limit = {"rate_limit": {"requests": 1, "per": 100}}
    data, calls = team(ask, server_settings=limit)

    async def cancel(run):
        await asyncio.sleep(1)
        await run.send(cmd.Cancel())

    story = run_flow(data, meanwhile=cancel)
    assert story.result.status == "cancelled"
    assert len(calls) == 1


def test_an_open_breaker_refuses_the_call(team):
    """With `circuit_open`, once the probe has failed."""

    async def ask(call: Call):
        return [(await call.context.call("server", "go", {})).error.code for _ in range(3)]

    def serve(call: Call):
        return AgentResponse.fail(Category.NETWORK, "down", Outcome.UNKNOWN, code="down")

    breaker = {"circuit_breaker": {"failure_threshold": 1, "recovery_timeout": 30}}
    data, calls = team(ask, serve, server_settings=breaker)
    story = run_flow(data)
    assert story.result.results["a"] == ["down", "down", "circuit_open"]
    assert len(calls) == 2
    assert story.result.execution_time == 30


def test_as_many_calls_at_once_as_the_other_agent_takes(team):
    """The others wait for a place."""
    together = []

    async def serve(call: Call):
        together.append(1)
        most.append(len(together))
        await asyncio.sleep(1)
        together.pop()

    most: list[int] = []

    async def ask(call: Call):
        await asyncio.gather(*(call.context.call("server", "slow", {"n": n}) for n in range(6)))

    data, _ = team(ask, serve, server_settings={"max_concurrency": 2})
    story = run_flow(data)
    assert max(most) == 2
    assert story.result.execution_time == 3


def test_a_question_within_a_call_is_the_tasks(team):
    """Nobody's timeout runs while a person thinks."""

    async def serve(call: Call):
        await asyncio.sleep(3)
        answer = await call.context.ask(Gate("may I?"), bound_to="x")
        await asyncio.sleep(3)
        return answer.by

    async def ask(call: Call):
        return (await call.context.call("server", "ask", {})).result

    async def approve(run):
        await asyncio.sleep(1000)
        await run.send(cmd.Approve(gate=next(iter(run.state.gates))), "ada")

    settings = {"caller_settings": {"timeout": 7}, "server_settings": {"timeout": 7}}
    data, _ = team(ask, serve, **settings)
    story = run_flow(data, meanwhile=approve, park_when_waiting=False)
    assert story.result.results == {"a": "ada"}
    assert story.state.spent["server"]["seconds"] == 6.0
    assert story.of(ev.AttemptCompleted)[0].duration == 6.0


def test_tool_calls_within_a_call_have_names_of_their_own(team):
    """Two agents may number theirs alike; calls of calls work, too."""

    async def serve(call: Call):
        call.context.tool_called("1", "x", {})
        await call.context.stored()
        call.context.tool_returned("1", "x")
        return (await call.context.call("idle", "go", {"deep": True})).result

    async def ask(call: Call):
        call.context.tool_called("1", "server.tools", {})
        response = await call.context.call("server", "tools", {})
        call.context.tool_returned("1", "server.tools", response.result)
        return response.result

    data, _ = team(ask, serve)
    story = run_flow(data)
    assert [each.call for each in story.of(ev.ToolCalled)] == ["1", "server/1"]
    assert story.result.results == {"a": {"deep": True}}
    assert story.state.spent[""]["calls"] == 3
    assert story.state.spent["idle"]["calls"] == 1


def test_the_idempotency_keys_of_calls(team):
    """The same call of a later attempt has the same key, a second one like it another."""

    async def ask(call: Call):
        for parameters in ({"n": 1}, {"n": 1}, {"n": 2}):
            await call.context.call("server", "go", parameters)
        if call.attempt == 1:
            raise ValueError
        return call.context.idempotency_key

    data, calls = team(
        ask, caller_settings={"retry_config": {"max_attempts": 2, "retry_on": ["agent_error"]}}
    )
    story = run_flow(data)
    keys = [call.context.idempotency_key for call in calls]
    assert keys[:3] == keys[3:]
    assert len({*keys, story.result.results["a"]}) == 4


def test_several_waits_at_once_stop_the_time_once():
    """It goes on when the last one is over, with what was left."""

    async def play():
        time = CallTime(before=1.0)
        time.begin()
        async with asyncio.timeout(5) as time.timeout:
            await asyncio.sleep(2)
            with time.standing_still():
                with time.standing_still():
                    await asyncio.sleep(100)
                await asyncio.sleep(100)
                assert time.seconds == 3.0
            await asyncio.sleep(2)
        assert not time.timeout.expired()
        return time.seconds

    assert run_virtual(play()) == 5.0


def test_an_agent_is_restarted_by_a_persons_wish(team, monkeypatch):
    """What goes wrong is a line of the log; one that was never used has nothing to begin anew."""
    restarted = []

    class Server(scripted(lambda call: call.parameters, CallLog(), ServerConfig)):
        async def restart(self):
            restarted.append(self.config.name)
            if len(restarted) > 1:
                raise RuntimeError("gone")

    async def ask(call: Call):
        await asyncio.sleep(10)
        await call.context.call("server", "go", {})
        await asyncio.sleep(100)

    async def wish(run):
        for _ in range(3):
            await asyncio.sleep(7)
            assert (await run.send(cmd.RestartAgent(agent="server"))).accepted

    data, _ = team(ask)
    monkeypatch.setitem(registry._registered, "server", Server)
    story = run_flow(data, meanwhile=wish)
    assert restarted == ["server", "server"]
    assert [(note.text, note.level) for note in story.notes if isinstance(note, ev.Log)] == [
        ("server could not be restarted: RuntimeError: gone", "error")
    ]
    assert story.result.status == "completed"


def test_a_test_call_reaches_the_agents_that_the_agent_calls(team):
    """The flow's other agents are there; its budget holds, and says so where it is too small."""
    data, calls = team(lambda call: call.context.call("server", "go", {"n": 1}), budget={"calls": 2})

    async def attempt(data):
        document = load_dict(data, Path(), {})
        engine = memory_engine(MemoryJournal(VirtualClock()))
        return await try_agent(engine, document, "m", "go", environment={})

    assert run_virtual(attempt(data)).result == {"n": 1}
    assert len(calls) == 1
    with pytest.raises(UsageError, match="budget of m or of the flow is too small"):
        run_virtual(attempt({**data, "budget": {"calls": 1}}))
