"""The agent `tool`, and what stands between an agent and its tools: grants, approvals, rate limits."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from lead_tui.agents.tool import ToolAgent, ToolConfig
from lead_tui.agents.tool_calls import ToolCalls
from lead_tui.core.commands import Approve, Reject
from lead_tui.core.events import ApprovalRequested
from lead_tui.core.views import open_gates
from lead_tui.errors import AgentError, Category, InvalidFlow, Outcome
from lead_tui.runner.engine import load_dict
from lead_tui.testing import approval, rejection, run_flow
from lead_tui.testing.clock import VirtualClock
from lead_tui.testing.loop import run_virtual
from lead_tui.tools import registry
from lead_tui.tools.context import ToolContext
from lead_tui.tools.tool import tool


@pytest.fixture
def tools(monkeypatch):
    """Register tools for one test."""
    monkeypatch.setattr(registry, "_registered", {})

    def register(**settings):
        def mark(function):
            registry.register_tool(tool(**settings)(function))
            return function

        return mark

    return register


def agent(**settings):
    return ToolAgent(ToolConfig.model_validate({"name": "t", "type": "tool", **settings}))


async def failure(call):
    with pytest.raises(AgentError) as caught:
        await call
    return caught.value.failure


async def test_a_public_tool_needs_no_declaration(context):
    """Undeclared, all public tools are there, and no restricted one."""
    response = await agent().execute("calculate_metrics", {"data": [1, 3]}, context())
    assert response.success
    assert response.result["mean"] == 2
    told = await failure(agent().execute("read_file", {"path": "x"}, context()))
    assert (told.category, told.code) == (Category.PERMISSION, "not_granted")


async def test_only_what_is_granted(context):
    """A list of tools is all there is, with the folders of the flow."""
    (context().folder / "data").mkdir()
    files = agent(tools=["write_file", "read_file"], roots=["data"])
    await files.execute("write_file", {"path": "data/a", "content": "hi"}, context())
    response = await files.execute("read_file", {"path": "data/a"}, context())
    assert response.result["content"] == "hi"
    assert (await failure(files.execute("json_parse", {"text": "1"}, context()))).code == "not_granted"
    assert (await failure(files.execute("read_file", {"path": "b"}, context()))).code == "outside_roots"


async def test_what_a_tool_says_is_the_tasks(context, tools):
    """What it prints and logs, in a thread or on the loop, becomes log lines of the attempt."""

    @tools(name="loud")
    def loud(context: ToolContext) -> None:
        print("printed")
        context.log("logged")
        context.conceal("hush")

    @tools(name="async_loud")
    async def async_loud(context: ToolContext) -> None:
        print("printed")
        context.log("logged")

    for name in ("loud", "async_loud"):
        using = context()
        await agent().execute(name, {}, using)
        assert sorted(using.lines()) == ["logged", "printed"]
    using = context()
    await agent().execute("loud", {}, using)
    assert using.concealed == ["hush"]


async def test_a_tool_that_fails(context, tools):
    """What it raises is a permanent tool_error."""

    @tools(name="broken")
    def broken() -> None:
        raise LookupError("nothing there")

    told = await failure(agent().execute("broken", {}, context()))
    assert (told.category, told.outcome) == (Category.TOOL, Outcome.PERMANENT)
    assert told.message == "broken: LookupError: nothing there"


# --- approvals ------------------------------------------------------------------------------------------


def approving(when, name="json_parse"):
    return agent(tools=[{"name": name, "approval": when}])


async def test_always_asks_each_time(context):
    """The question shows tool and arguments; the answer is bound to them."""
    using = context(answers=[approval(), approval(), approval()])
    asking = approving("always")
    for text in ("1", "1", "2"):
        await asking.execute("json_parse", {"text": text}, using)
    assert len(using.gates) == 3
    assert using.gates[0].show == {"tool": "json_parse", "arguments": {"text": "1"}}
    assert "json_parse" in using.gates[0].message
    first, second, third = using.bound
    assert first == second != third


async def test_first_asks_once_a_run(context):
    """Each agent and each tool asks for itself; a rejection is no approval of the next call."""
    shared = {}
    using = context(answers=[rejection(by="bob"), approval(), approval(), approval()], shared=shared)
    asking = agent(
        tools=[{"name": "json_parse", "approval": "first"}, {"name": "json_stringify", "approval": "first"}]
    )
    assert (await failure(asking.execute("json_parse", {"text": "1"}, using))).code == "rejected"
    for text in ("1", "2", "3"):
        await asking.execute("json_parse", {"text": text}, using)
    assert len(using.gates) == 2
    await asking.execute("json_stringify", {"data": 1}, using)
    assert len(using.gates) == 3
    other = agent(name="other", tools=[{"name": "json_parse", "approval": "first"}])
    await other.execute("json_parse", {"text": "1"}, using)
    assert len(using.gates) == 4


async def test_never_asks_nobody(context):
    """Without a scripted answer a question would raise."""
    using = context()
    await approving("never").execute("json_parse", {"text": "1"}, using)
    assert using.gates == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (rejection(by="bob", why="not today"), "rejected by bob: not today"),
        (rejection(by="bob"), "rejected by bob"),
        (rejection(by=""), "was rejected"),
    ],
)
async def test_a_rejected_call_is_not_made(context, tools, answer, message):
    """permission_error, permanent, with who and why."""
    called = []

    @tools(name="act")
    def act() -> None:
        called.append(1)

    told = await failure(approving("always", "act").execute("act", {}, context(answers=[answer])))
    assert (told.category, told.code, told.outcome) == (Category.PERMISSION, "rejected", Outcome.PERMANENT)
    assert told.message.endswith(message)
    assert called == []


async def test_nobody_is_asked_for_what_cannot_be_called(context):
    """Arguments that do not fit are told before anybody is asked."""
    using = context()
    told = await failure(approving("always").execute("json_parse", {"txt": "1"}, using))
    assert told.category is Category.VALIDATION
    assert using.gates == []


async def test_what_an_approval_is_bound_to(context):
    """The call's name, the tool, the agent and the arguments, whatever the order of their names."""
    using = context(answers=[approval()] * 6)
    calls = ToolCalls("t", agent().config)
    other = ToolCalls("u", agent().config)
    await calls.approve("a", "always", {"x": 1, "y": {"p": 1, "q": 2}}, using, "1")
    await calls.approve("a", "always", {"y": {"q": 2, "p": 1}, "x": 1}, using, "1")
    await calls.approve("a", "always", {"x": 1, "y": {"p": 1, "q": 2}}, using, "2")
    await calls.approve("b", "always", {"x": 1, "y": {"p": 1, "q": 2}}, using, "1")
    await calls.approve("a", "always", {"x": 2, "y": {"p": 1, "q": 2}}, using, "1")
    await other.approve("a", "always", {"x": 1, "y": {"p": 1, "q": 2}}, using, "1")
    assert using.bound[0] == using.bound[1]
    assert len(set(using.bound)) == 5


async def test_each_call_has_an_idempotency_key(context, tools):
    """The same for the same call, another for each other call of the attempt."""

    @tools(name="key")
    async def key(context: ToolContext) -> str:
        return context.idempotency_key

    calls = ToolCalls("t", agent().config)
    keys = [await calls.call("key", {}, context(), call) for call in ("1", "1", "2", "")]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert keys[3] == "key-1"


# --- rate limits ----------------------------------------------------------------------------------------


def test_calls_above_the_limit_wait(context, tools):
    """The tool's own limit, or the grant's instead; each agent has its own window."""

    @tools(name="slow", rate_limit={"requests": 2, "per": 10})
    async def slow() -> None: ...

    async def play():
        clock = VirtualClock()
        config = agent(tools=["slow"]).config
        calls, others = ToolCalls("t", config, clock), ToolCalls("u", config, clock)
        mine = agent(tools=[{"name": "slow", "rate_limit": {"requests": 9}}]).config
        begun = clock.monotonic()
        await asyncio.gather(*(calls.call("slow", {}, context()) for _ in range(5)))
        ended = clock.monotonic()
        await others.call("slow", {}, context())
        await asyncio.gather(*(ToolCalls("v", mine, clock).call("slow", {}, context()) for _ in range(9)))
        return ended - begun, clock.monotonic() - ended

    five, rest = run_virtual(play())
    assert five == pytest.approx(20)
    assert rest == 0


def test_a_cancelled_wait_gives_its_place_back(context, tools):
    """Whoever comes next takes it."""

    @tools(name="slow", rate_limit={"requests": 1, "per": 10})
    async def slow() -> None: ...

    async def play():
        clock = VirtualClock()
        begun, calls = clock.monotonic(), ToolCalls("t", agent().config, clock)
        await calls.call("slow", {}, context())
        waiting = asyncio.create_task(calls.call("slow", {}, context()))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await calls.call("slow", {}, context())
        return clock.monotonic() - begun

    assert run_virtual(play()) == pytest.approx(10)


# --- in a flow ------------------------------------------------------------------------------------------


def task(action, agent_name="tool", **parameters):
    return {"name": "a", "agent_name": agent_name, "action": action, "parameters": parameters}


def problems(*tasks, agents=()):
    with pytest.raises(InvalidFlow) as caught:
        load_dict({"name": "f", "agents": list(agents), "tasks": list(tasks)}, Path(), {})
    return [each.message + (f" ({each.hint})" if each.hint else "") for each in caught.value.diagnostics]


def test_a_flow_calls_a_tool():
    """A task names the tool as its action; templates give arguments of their own type."""
    story = run_flow(
        {
            "name": "f",
            "inputs": {"numbers": [1, 2, 3]},
            "tasks": [task("calculate_metrics", data="{{ inputs.numbers }}")],
        }
    )
    assert story.result.results["a"]["sum"] == 6


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (task("calculate_metric", data=[1]), "did you mean 'calculate_metrics'"),
        (task("calculate_metrics", data=3), "must be a list"),
        (task("calculate_metrics", dat=[1]), "unknown key 'dat' (did you mean 'data'?)"),
        (task("calculate_metrics"), "the key 'data' is missing"),
        (task("json_stringify", data="{{ inputs }}", indent=99), "must be at most 8"),
        (task("read_file", path="x"), "'tool' does not do 'read_file': it is not granted"),
        (task("time.now"), "name the agent 'time' and the action 'now'"),
    ],
)
def test_mistakes_are_load_errors(bad, complaint):
    """Unknown tools, wrong arguments and tools that are not granted are told before anything starts."""
    assert any(complaint in each for each in problems(bad)), problems(bad)


def test_grants_are_checked_at_load():
    """What a declared agent is not granted, and grants of what there is not."""
    mine = {"name": "mine", "type": "tool", "tools": ["json_parse"]}
    (told,) = problems(task("json_stringify", "mine", data=1), agents=[mine])
    assert "'mine' does not do 'json_stringify'" in told
    told = problems(task("json_parse", "mine", text="1"), agents=[{**mine, "tools": ["json_pars"]}])
    assert any("did you mean 'json_parse'" in each for each in told)


def test_a_wrong_argument_of_a_template_fails_the_task():
    """What shows only when it is rendered is a permanent validation_error."""
    story = run_flow(
        {"name": "f", "inputs": {"n": "x"}, "tasks": [task("calculate_metrics", data="{{ inputs.n }}")]}
    )
    failed = story.result.errors["a"]
    assert (failed.category, failed.code) == (Category.VALIDATION, "bad_arguments")


def test_the_shape_of_parameters_is_the_tools():
    """Of a tool that there is not nothing is known."""
    assert ToolConfig.parameters_model("json_parse").model_validate({"text": "1"})
    assert ToolConfig.parameters_model("nonsense") is None


def test_idempotence_is_the_tools():
    """A crash repeats only what may be repeated."""
    config = agent().config
    assert config.is_idempotent("write_file", {})
    assert config.is_idempotent("http_request", {"method": "GET"})
    assert not config.is_idempotent("http_request", {"method": "POST"})


@pytest.mark.parametrize(("command", "status"), [(Approve, "completed"), (Reject, "failed")])
def test_a_person_answers_in_a_run(command, status):
    """The run waits for the answer; a rejection fails the task."""
    flow = {
        "name": "f",
        "agents": [{"name": "mine", "type": "tool", "tools": [{"name": "json_parse", "approval": "always"}]}],
        "tasks": [task("json_parse", "mine", text="[1]")],
    }

    async def answer(run):
        async with aclosing(run.events()) as batches:
            async for batch in batches:
                if any(isinstance(item, ApprovalRequested) for item in batch):
                    break
        (gate,) = open_gates(run.state)
        assert gate.request.show == {"tool": "json_parse", "arguments": {"text": "[1]"}}
        await run.send(command(gate=gate.request.gate))

    story = run_flow(flow, meanwhile=answer, park_when_waiting=False)
    assert story.result.status == status
    if status == "completed":
        assert story.result.results["a"] == [1]
    else:
        assert story.result.errors["a"].code == "rejected"
