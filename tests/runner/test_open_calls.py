"""A run that waits for a person or a budget is left once the calls in flight have returned."""

import asyncio
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from lead_tui.agents import registry
from lead_tui.agents.base import AgentResponse, Gate
from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.core.state import RUN_ENDED
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.flow.models import AgentConfig
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import load_dict
from lead_tui.runner.result import Result
from lead_tui.testing import Call, CallLog, VirtualClock, run_flow, run_virtual, scripted
from lead_tui.testing.flows import memory_engine
from tests.runner.flows import flow, ours


async def use(call: Call, name: str, seconds: float) -> None:
    """One tool call, unless an attempt before has made it."""
    context = call.context
    if name in context.saved:
        return
    context.tool_called(name, "tool", {})
    await context.stored()
    await asyncio.sleep(seconds)
    context.tool_returned(name, "tool", "ok")
    context.save(name)


class Headless:
    """Run a flow as a command line does: leave it when it waits, take it up with what a person says."""

    def __init__(self, data) -> None:
        self.document = load_dict(data, Path(), {})
        self.journal = MemoryJournal(VirtualClock())
        self.parks = 0

    async def play(self, raise_by: float = 1) -> Result:
        given_inputs = resolve_inputs(self.document.workflow, {})
        engine = memory_engine(self.journal)
        run = await engine.start(self.document, given_inputs, environment={}, park_when_waiting=True)
        while (result := await run.wait()).status not in RUN_ENDED and not result.interrupted:
            self.parks += 1
            assert not run.state.calling, "left with calls in flight"
            wish = _answer(result, raise_by)
            engine = memory_engine(self.journal)
            run = await engine.take_up(run.run_id, wish, by="ada", environment={}, park_when_waiting=True)
        self.run_id = run.run_id
        return result

    @property
    def log(self) -> list[ev.Event]:
        return [event for page in self.journal.read(self.run_id) for event in page]

    def calls(self, kind: type[ev.ToolCalled | ev.ToolReturned]) -> list[str]:
        return sorted(event.call for event in self.log if isinstance(event, kind))


def _answer(result: Result, raise_by: float) -> cmd.AnyCommand:
    if result.spent_budgets:
        return cmd.RaiseBudget(calls=result.spent_budgets[0]["limit"] + raise_by)
    return cmd.Approve(gate=next(each["gate"] for each in result.waiting_for if "gate" in each))


def test_a_gate_lets_the_calls_in_flight_end(agent):
    """The call beside the question returns before the run is left, and is not made again after it."""

    async def work(call: Call) -> str:
        call.context.save("begun")

        async def asks() -> None:
            await call.context.ask(Gate("may I?"), bound_to="x")
            await use(call, "asked", 1)

        await asyncio.gather(asks(), use(call, "free", 5))
        return "done"

    agent(work)
    headless = Headless(ours({"name": "a", "idempotent": False}))
    result = run_virtual(headless.play())
    assert (result.status, headless.parks) == ("completed", 1)
    types = [event.type for event in headless.log]
    assert types.index("task_waiting") < types.index("tool_returned") < types.index("run_waiting")
    assert headless.calls(ev.ToolCalled) == headless.calls(ev.ToolReturned) == ["asked", "free"]


def test_a_budget_lets_the_calls_in_flight_end(agent):
    """So does a call that is refused money while another one is made."""

    async def work(call: Call) -> str:
        call.context.save("begun")

        async def pays() -> None:
            for _ in range(2):
                await call.context.admit()
                call.context.spend({"calls": 1})

        await asyncio.gather(pays(), use(call, "free", 5))
        return "done"

    agent(work)
    headless = Headless(ours({"name": "a", "idempotent": False}, budget={"calls": 1}))
    result = run_virtual(headless.play(raise_by=9))
    assert (result.status, headless.parks) == ("completed", 1)
    assert headless.calls(ev.ToolCalled) == headless.calls(ev.ToolReturned) == ["free"]


def test_a_run_that_waits_is_not_left_when_a_call_begins_meanwhile(agent):
    """A call that was held up by something else begins while the run waits for a person, and ends first."""

    async def work(call: Call) -> str:
        async def later() -> None:
            await asyncio.sleep(5)
            await use(call, "late", 5)

        await asyncio.gather(call.context.ask(Gate("may I?")), later())
        return "done"

    agent(work)

    async def leave(run):
        await asyncio.sleep(7)
        assert run.state.status == "running"
        run.park_when_waiting()

    story = run_flow(ours({"name": "a"}), meanwhile=leave, park_when_waiting=False)
    assert story.result.status == "waiting"
    assert story.types()[-2:] == ["attempt_saved", "run_waiting"]
    assert story.types().count("run_waiting") == 2


def test_an_idempotent_attempt_forgets_the_calls_of_a_process_that_died(agent):
    """They are told as returned, with an unknown outcome, so that nobody waits for them."""
    hang = True

    async def work(call: Call) -> str:
        async def asks() -> None:
            await call.context.ask(Gate("may I?"), bound_to="x")

        call.context.save("begun")
        await asyncio.gather(asks(), use(call, "slow", 1000 if hang else 1))
        return "done"

    agent(work)

    async def play():
        nonlocal hang
        headless = Headless(ours({"name": "a", "idempotent": True}))
        engine = memory_engine(headless.journal)
        run = await engine.start(headless.document, {}, environment={}, park_when_waiting=True)
        await asyncio.sleep(5)
        await run.park()
        hang = False
        again = await engine.take_up(run.run_id, environment={}, park_when_waiting=True)
        assert (await again.wait()).status == "waiting"
        approve = cmd.Approve(gate=again.result.waiting_for[0]["gate"])
        again = await engine.take_up(run.run_id, approve, environment={}, park_when_waiting=True)
        headless.run_id = run.run_id
        return await again.wait(), headless.log

    result, log = run_virtual(play())
    assert result.status == "completed"
    [lost, made] = [event for event in log if isinstance(event, ev.ToolReturned)]
    assert (lost.failure.outcome, made.failure) == ("unknown", None)


STEPS = st.lists(
    st.tuples(st.sampled_from(["use", "ask", "pay"]), st.integers(0, 6), st.integers(1, 6)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(together=STEPS, limit=st.integers(1, 3))
def test_whatever_is_asked_meanwhile_each_call_is_made_once_and_returns(together, limit):
    """Calls, questions and payments side by side in any order: headless, step by step, the run completes."""
    made = []

    async def work(call: Call) -> str:
        async def step(number: int, kind: str, begin: int, seconds: int) -> None:
            name = f"{number}"
            await asyncio.sleep(begin)
            if name in call.context.saved:
                return
            if kind == "ask":
                await call.context.ask(Gate(f"{number}?"), bound_to=name)
            elif kind == "pay":
                await call.context.admit()
                call.context.spend({"calls": 1})
            made.append(name)
            await use(call, name, seconds)

        call.context.save("begun")
        await asyncio.gather(*(step(number, *each) for number, each in enumerate(together)))
        return "done"

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._registered, "test", scripted(work))
        headless = Headless(ours({"name": "a", "idempotent": False}, budget={"calls": limit}))
        result = run_virtual(headless.play())
    names = [f"{number}" for number in range(len(together))]
    assert result.status == "completed"
    assert sorted(made) == names
    assert headless.calls(ev.ToolCalled) == headless.calls(ev.ToolReturned) == names


# --- calls to other agents


def server(monkeypatch, respond=None, *, free: frozenset[str] = frozenset()) -> CallLog:
    """The agent type `server`, and the log of its calls; actions in `free` cost nothing."""
    calls = CallLog()
    cls = scripted(respond or (lambda call: AgentResponse(True, call.action)), calls)

    class Config(cls.config_model):
        def is_free(self, action: str) -> bool:
            return action in free

    monkeypatch.setattr(cls, "config_model", Config)
    monkeypatch.setitem(registry._registered, "server", cls)
    return calls


AGENTS = [{"name": "m", "type": "test"}, {"name": "s", "type": "server"}]


def called_with_begun(call: Call, action: str = "go"):
    async def begun() -> None:
        call.context.tool_called(action, f"s.{action}", {})
        await call.context.stored()

    return call.context.call("s", action, {}, begun)


def test_a_call_that_waits_for_money_has_not_begun(agent, monkeypatch):
    """It is recorded right before it is made: parked and taken up, the attempt makes it once."""
    calls = server(monkeypatch)

    async def work(call: Call) -> str:
        call.context.save("begun")
        await called_with_begun(call)
        call.context.tool_returned("go", "s.go", "ok")
        return "done"

    agent(work)
    headless = Headless(flow({"name": "a", "idempotent": False}, agents=AGENTS, budget={"calls": 1}))
    result = run_virtual(headless.play(raise_by=1))
    assert (result.status, headless.parks, len(calls)) == ("completed", 1, 1)
    types = [event.type for event in headless.log]
    assert types.index("budget_raised") < types.index("tool_called")


def test_what_is_spent_is_told_when_a_call_waits_for_it(agent, monkeypatch):
    """That the attempt is a call itself stands in the account on which it waits."""
    server(monkeypatch)
    agent(lambda call: call.context.call("s", "go", {}))
    story = run_flow(flow({"name": "a"}, agents=AGENTS, budget={"calls": 1}))
    assert [(each["spent"], each["limit"]) for each in story.result.spent_budgets] == [(1, 1)]


def test_a_call_that_a_limit_holds_up_has_not_begun(agent, monkeypatch):
    """Nor has one that the breaker refuses, which never begins."""
    begun: list[float] = []
    calls = server(monkeypatch, lambda call: AgentResponse.fail("network_error", "down", "safe"))

    async def work(call: Call) -> list[str]:
        async def now() -> None:
            begun.append(asyncio.get_running_loop().time() - start)

        start = asyncio.get_running_loop().time()
        gave = [await call.context.call("s", "go", {}, now) for _ in range(3)]
        return [each.error.code for each in gave]

    agent(work)
    limits = {"rate_limit": {"requests": 1, "per": 10}}
    run_flow(flow({"name": "a"}, agents=[AGENTS[0], AGENTS[1] | limits]))
    assert begun == [0, 10, 20]
    assert len(calls) == 3

    begun.clear()
    breaker = {"circuit_breaker": {"failure_threshold": 1, "recovery_timeout": 30}}
    story = run_flow(flow({"name": "a"}, agents=[AGENTS[0], AGENTS[1] | breaker]))
    assert begun == [0, 30]
    assert story.result.results["a"][2] == "circuit_open"


def test_a_call_whose_beginning_fails_is_not_made(agent, monkeypatch):
    """What the caller cannot record does not happen."""
    calls = server(monkeypatch)

    async def work(call: Call) -> str:
        async def broken() -> None:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            await call.context.call("s", "go", {}, broken)
        return "done"

    agent(work)
    assert run_flow(flow({"name": "a"}, agents=AGENTS)).result.status == "completed"
    assert len(calls) == 0


def test_looking_up_what_a_server_has_is_free(agent, monkeypatch):
    """From within and as a task: it is not counted, and takes no time of a budget."""

    async def respond(call: Call) -> str:
        await asyncio.sleep(3)
        return call.action

    calls = server(monkeypatch, respond, free=frozenset({"list_tools"}))

    async def work(call: Call) -> str:
        for _ in range(3):
            await call.context.call("s", "list_tools", {})
        await call.context.call("s", "go", {})
        return "done"

    agent(work)
    look = {"name": "look", "agent_name": "s", "action": "list_tools"}
    story = run_flow(flow(look, {"name": "a"}, agents=AGENTS, budget={"calls": 3, "seconds": 100}))
    assert story.result.status == "completed"
    assert len(calls) == 5
    assert story.state.spent[""] == {"calls": 2, "seconds": pytest.approx(12)}
    assert story.state.spent["s"] == {"calls": 1, "seconds": pytest.approx(3)}


def test_only_what_looks_is_free():
    """Of a server its fixed actions, of people all; nothing else."""
    human, mcp = registry.config_model("human"), registry.config_model("mcp_server")
    assert human(name="h", type="human").is_free("approve")
    config = mcp(name="s", type="mcp_server", command="x")
    assert config.is_free("list_tools")
    assert not config.is_free("find_beans")
    assert (config.worst_case("ping", {}), config.worst_case("find", {})) == ({}, {"calls": 1})
    assert not AgentConfig(name="m", type="mock").is_free("go")


# --- requests of one call


def test_each_request_of_a_call_waits_for_the_rate_limit(agent, monkeypatch):
    """Of the task's own agent and of one that is called; no timeout and no seconds run meanwhile."""
    made: list[float] = []

    async def ask(call: Call) -> str:
        for _ in range(3):
            await call.context.admit()
            made.append(asyncio.get_running_loop().time())
            call.context.spend({"calls": 1})
        return "done"

    agent(ask)
    story = run_flow(ours({"name": "a"}, agent={"rate_limit": {"requests": 1, "per": 3}, "timeout": 1}))
    assert [at - made[0] for at in made] == [0, 3, 6]
    assert story.of(ev.AttemptCompleted)[0].duration == 0

    made.clear()
    server(monkeypatch, ask)
    agent(lambda call: call.context.call("s", "go", {}))
    inner = AGENTS[1] | {"rate_limit": {"requests": 2, "per": 5}}
    story = run_flow(flow({"name": "a"}, agents=[AGENTS[0], inner]))
    assert [at - made[0] for at in made] == [0, 0, 5]
    assert story.state.spent["s"]["calls"] == 3


# --- libraries


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A module that notes in `order` when it is imported."""
    order: list[str] = []
    monkeypatch.setattr(registry, "_order", order, raising=False)
    (tmp_path / "slow_library.py").write_text(
        "from lead_tui.agents import registry\nregistry._order.append('loaded')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return order


@pytest.mark.parametrize("inner", [False, True])
def test_libraries_are_loaded_before_the_time_of_a_call(agent, library, monkeypatch, inner):
    """Once per process, also where one is missing; for the agent of a task and for one that it calls."""
    from lead_tui.runner.call_time import CallTime

    began = CallTime.begin
    monkeypatch.setattr(CallTime, "begin", lambda self: (library.append("time"), began(self))[1])
    monkeypatch.delitem(__import__("sys").modules, "slow_library", raising=False)
    cls = scripted(lambda call: library.append("called"))
    cls.libraries = ("no_such_library", "slow_library")
    kinds = {"test": scripted(lambda call: call.context.call("s", "go", {})), "server": cls}
    for name, kind in kinds.items():
        monkeypatch.setitem(registry._registered, name, kind if inner else cls)
    story = run_flow(flow({"name": "a"}, {"name": "b", "depends_on": ["a"]}, agents=AGENTS))
    assert story.result.status == "completed"
    assert library.count("loaded") == 1
    first = [each for each in library if each != "time"].index("called")
    assert [each for each in library if each != "time"][:first] == ["loaded"]
    if not inner:
        assert library[:3] == ["loaded", "time", "called"]
