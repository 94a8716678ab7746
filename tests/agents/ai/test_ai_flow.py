"""ai_agent in whole flows, through the engine: retries, deadlines, budgets, people, and no key anywhere."""

import asyncio
import json
import sys
from typing import Any

import pytest

from lead_tui import LeadAgent, Observer
from lead_tui.core import events as ev
from lead_tui.errors import InvalidFlow, MissingSecret
from lead_tui.testing import ModelServer, answer, call, fail, raw, say
from lead_tui.tools import registry
from lead_tui.tools.tool import tool
from tests.agents.ai.asked import MODELS

KEY = "sk-canary-7d1e55"


class Witness(Observer):
    """Everything that left the runs."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    async def on_event(self, event: ev.Event) -> None:
        self.items.append(event)

    async def on_note(self, note: ev.Note) -> None:
        self.items.append(note)

    def of(self, kind: type) -> list[Any]:
        return [each for each in self.items if isinstance(each, kind)]


def flow(
    agent: dict[str, Any] | None = None, task: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    writer = {
        "name": "writer", "type": "ai_agent", "provider": "openai", "model": MODELS["openai"],
        "retry_config": {"initial_delay": 0}, **(agent or {}),
    }  # fmt: skip
    asked = {"name": "ask", "agent_name": "writer", "action": "chat_completion",
             "parameters": {"prompt": "Hi"}, **(task or {})}  # fmt: skip
    return {"name": "flow", "agents": [writer], "tasks": [asked], **more}


@pytest.fixture
def witness():
    return Witness()


@pytest.fixture
async def lead(witness):
    """Run a flow against a server, with its key in the environment."""
    agents = []

    async def execute(document, server, **options):
        agent = LeadAgent("memory:", environment=server.environment, observers=[witness])
        agents.append(agent)
        async with asyncio.timeout(20):
            return await agent.execute(document, **options)

    yield execute
    for agent in agents:
        agent.close()


async def test_a_flow_asks_a_model(lead, witness):
    """Result, tokens and cost of a call are in the run's facts, and the text in its notes."""
    priced = {"prices": {"input": 1_000_000, "output": 0}}
    async with ModelServer([say("Hello ", "you").using(input=2, output=3)]) as server:
        result = await lead(flow(priced), server)
    assert result.status == "completed"
    assert result.results["ask"]["content"] == "Hello you"
    [done] = witness.of(ev.AttemptCompleted)
    assert done.usage == {"calls": 1, "input_tokens": 2, "output_tokens": 3, "usd": 2.0}
    assert "".join(note.text for note in witness.of(ev.Tokens)) == "Hello you"


@pytest.mark.parametrize("problem", ["rate_limit", "server_error", "overloaded"])
async def test_the_engine_alone_tries_again(lead, witness, problem):
    """Two failures and an answer are three requests: the SDK's own retries are off."""
    async with ModelServer([fail(problem), fail(problem), say("ok")]) as server:
        result = await lead(flow(), server)
        assert len(server.requests) == 3
    assert result.status == "completed"
    assert len(witness.of(ev.AttemptFailed)) == 2


async def test_three_attempts_are_made_and_no_more(lead, witness):
    """An ai_agent has three attempts unless the flow says otherwise; what failed is told with its usage."""
    async with ModelServer([say("one ", "two").using(input=9).cut(after=1)] * 5) as server:
        result = await lead(flow({"provider": "anthropic", "model": MODELS["anthropic"]}), server)
        assert len(server.requests) == 3
    assert result.status == "failed"
    failures = witness.of(ev.AttemptFailed)
    assert [each.usage["input_tokens"] for each in failures] == [9, 9, 9]
    assert {each.usage["unpriced_calls"] for each in failures} == {1}


async def test_no_money_is_not_tried_again(lead):
    """An empty account is permanent."""
    async with ModelServer([fail("no_money"), say("ok")]) as server:
        result = await lead(flow(), server)
        assert len(server.requests) == 1
    assert result.status == "failed"


async def test_retry_after_is_obeyed(lead, witness):
    """The delay before the next try is at least what the provider asked for."""
    async with ModelServer([fail("rate_limit", retry_after=0.2), say("ok")]) as server:
        await lead(flow(), server)
    [failed] = witness.of(ev.AttemptFailed)
    assert failed.failure.retry_after == pytest.approx(0.2)
    assert failed.retry_in >= 0.2


async def test_a_malformed_answer_gets_one_more_try(lead):
    """Of three attempts a malformed answer uses two."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    agent = {"output_schema": schema, "output_retries": 0}
    async with ModelServer([say("many")] * 4) as server:
        result = await lead(flow(agent), server)
        assert len(server.requests) == 2
    assert result.status == "failed"
    async with ModelServer([say("many"), answer({"n": 1})]) as server:
        result = await lead(flow(agent), server)
    assert result.results["ask"]["content"] == {"n": 1}


async def test_a_slow_drip_ends_at_the_attempts_deadline(lead, witness):
    """A model that says a word now and then does not outlive the timeout, and its connection is closed."""
    async with ModelServer([say("one ", "two ", "three").hanging(after=2)]) as server:
        result = await lead(flow({"timeout": 0.4, "retry_config": {"max_attempts": 1}}), server)
        async with asyncio.timeout(10):
            await server.idle()
    assert result.status == "failed"
    [failed] = witness.of(ev.AttemptFailed)
    assert (failed.failure.category, failed.failure.code) == ("timeout_error", "attempt_timeout")
    assert failed.usage["calls"] == 1


async def test_a_run_goes_on_after_a_failed_attempt(lead, witness, monkeypatch):
    """A tool that is not idempotent is called once, though the attempt after it failed and was made again."""
    made = []

    @tool
    def order(thing: str) -> str:
        """Order a thing."""
        made.append(thing)
        return "ordered"

    monkeypatch.setattr(registry, "_registered", {})
    registry.register_tool(order)
    task = {"action": "run", "parameters": {"prompt": "Order tea"}}
    async with ModelServer([call("order", thing="tea"), fail(500), say("Done.")]) as server:
        result = await lead(flow({"tools": ["order"]}, task), server)
    assert result.status == "completed"
    assert made == ["tea"]
    assert result.results["ask"]["tool_calls"] == [{"name": "order", "arguments": {"thing": "tea"}}]
    assert len(witness.of(ev.AttemptFailed)) == 1
    assert len(witness.of(ev.ToolCalled)) == len(witness.of(ev.ToolReturned)) == 1


async def test_a_budget_is_asked_before_every_request(lead, witness, monkeypatch):
    """With two calls left the third request of a loop is not sent: the run waits for a raise."""

    @tool
    def look() -> str:
        """Look."""
        return "nothing"

    monkeypatch.setattr(registry, "_registered", {})
    registry.register_tool(look)
    task = {"action": "run", "parameters": {"prompt": "Look"}}
    document = flow({"tools": ["look"]}, task, budget={"calls": 2})
    async with ModelServer([call("look"), call("look"), say("Done.")]) as server:
        result = await lead(document, server)
        assert len(server.requests) == 2
    assert result.status == "waiting"
    assert witness.of(ev.BudgetExceeded)


async def test_a_person_is_asked_before_a_tool(witness, monkeypatch):
    """A call with `approval: always` waits at a gate; approved, the run goes on in the same attempt."""

    @tool
    def wire(amount: int) -> str:
        """Send money."""
        return f"sent {amount}"

    monkeypatch.setattr(registry, "_registered", {})
    registry.register_tool(wire)
    task = {"action": "run", "parameters": {"prompt": "Pay"}}
    document = flow({"tools": [{"name": "wire", "approval": "always"}]}, task)
    async with (
        asyncio.timeout(20),
        ModelServer([call("wire", amount=5), say("Paid.")]) as server,
        LeadAgent("memory:", environment=server.environment, observers=[witness]) as agent,
    ):
        waiting = await agent.execute(document)
        assert waiting.status == "waiting"
        assert witness.of(ev.ToolCalled) == []
        [gate] = witness.of(ev.ApprovalRequested)
        assert gate.show == {"tool": "wire", "arguments": {"amount": 5}}
        await agent.approve(waiting.run_id, gate.gate)
        result = await agent.resume(waiting.run_id)
    assert result.status == "completed"
    assert result.results["ask"]["content"] == "Paid."
    assert len(server.requests) == 2
    assert len(witness.of(ev.ToolCalled)) == 1


@pytest.fixture
def log_in(monkeypatch):
    """A tool that takes a secret, and what it was called with."""
    made = []

    @tool
    def log_in(password: str) -> str:
        """Log in."""
        made.append(password)
        return "welcome"

    monkeypatch.setattr(registry, "_registered", {})
    registry.register_tool(log_in)
    return made


SECRET = "hunter2-and-more"
LOG_IN = flow(
    {"tools": [{"name": "log_in", "approval": "always"}]},
    {"action": "run", "parameters": {"prompt": "Log in with {{ inputs.password }}"}},
    inputs={"password": {"type": "string", "secret": True}},
)


async def test_a_call_that_holds_a_secret_cannot_be_approved_between_two_processes(witness, log_in):
    """What a person approves is not kept: the second time the task fails, and no model is asked for ever."""
    async with (
        asyncio.timeout(20),
        ModelServer(lambda _: call("log_in", password=SECRET)) as server,
        LeadAgent("memory:", environment=server.environment, observers=[witness]) as agent,
    ):
        result = await agent.execute(LOG_IN, inputs={"password": SECRET})
        for number in (1, 2):
            assert result.status == "waiting"
            assert len(server.requests) == number
            await agent.approve(result.run_id, witness.of(ev.ApprovalRequested)[-1].gate)
            result = await agent.resume(result.run_id, secrets={"password": SECRET})
        assert len(server.requests) == 2
    assert result.status == "failed"
    failure = result.errors["ask"]
    assert (failure.category, failure.code) == ("permission_error", "secret_not_kept")
    assert "approve it while the run is driven" in failure.message
    assert log_in == []
    assert SECRET not in repr(witness.items)


async def test_a_call_that_holds_a_secret_can_be_approved_while_the_run_is_driven(witness, log_in):
    """With somebody there the approval holds for that very call, and the tool gets the secret."""
    async with (
        asyncio.timeout(20),
        ModelServer([call("log_in", password=SECRET), say("in")]) as server,
        LeadAgent("memory:", environment=server.environment, observers=[witness]) as agent,
    ):
        run = await agent.start(LOG_IN, inputs={"password": SECRET})
        async for batch in run.events():
            for event in batch:
                if isinstance(event, ev.ApprovalRequested):
                    await agent.approve(run.run_id, event.gate)
        result = await run.wait()
    assert result.status == "completed"
    assert log_in == [SECRET]
    assert SECRET not in repr(witness.items)


@pytest.mark.parametrize("source", ["environment", "bearer", "api_key", "header"])
async def test_no_key_is_in_anything_that_leaves_a_run(lead, witness, source):
    """Whatever form the key has and however the call ends, no event, note, log or result holds it."""
    forms = {
        "bearer": {"type": "bearer", "token": KEY},
        "api_key": {"type": "api_key", "key": KEY},
        "header": {"type": "api_key", "key": KEY, "header": "x-api-key"},
    }
    agent = {"authentication": forms[source]} if source in forms else {}
    replies = [fail(400, message=f"bad key {KEY}"), say(f"Your key is {KEY}"), fail(500, message=KEY)]
    seen = []
    async with ModelServer(replies, key=KEY) as server:
        for _ in replies:
            document = flow({**agent, "retry_config": {"max_attempts": 1}})
            seen.append(repr(await lead(document, server)))
        assert len(server.requests) == 3
    everything = "".join([*seen, *map(repr, witness.items)])
    assert "***" in everything
    assert KEY not in everything
    assert KEY not in json.dumps(everything)


async def test_tasks_at_the_same_time_stream_apart(lead, witness):
    """Parallel tasks of one agent keep their words and results apart."""
    tasks = [
        {
            "name": f"t{n}",
            "agent_name": "writer",
            "action": "chat_completion",
            "parameters": {"prompt": str(n)},
        }
        for n in range(6)
    ]
    document = flow() | {"tasks": tasks, "parallel_execution": True}
    async with ModelServer(lambda request: say(f"answer {request.prompt}")) as server:
        result = await lead(document, server)
    assert {name: each["content"] for name, each in result.results.items()} == {
        f"t{n}": f"answer {n}" for n in range(6)
    }
    for n in range(6):
        words = [note.text for note in witness.of(ev.Tokens) if note.task == f"t{n}"]
        assert "".join(words) == f"answer {n}"


async def test_an_answer_that_looks_like_a_template_is_text(lead):
    """What a model says reaches the next prompt as it is."""
    trap = "{{ inputs }} {% raw %} ${HOME}"
    second = {"name": "next", "agent_name": "writer", "action": "chat_completion",
              "parameters": {"prompt": "Repeat: {{ tasks.ask.result.content }}"}}  # fmt: skip
    document = flow()
    document["tasks"].append(second)
    async with ModelServer([say(trap), say("ok")]) as server:
        result = await lead(document, server)
    assert result.status == "completed"
    assert server.requests[1].prompt == f"Repeat: {trap}"


async def test_a_missing_key_starts_nothing(witness):
    """It says what to set, and no run is stored."""
    async with LeadAgent("memory:", environment={}, observers=[witness]) as agent:
        with pytest.raises(MissingSecret, match="agent 'writer': no key for openai: set OPENAI_API_KEY"):
            await agent.execute(flow())
        assert agent.runs() == []
    assert witness.items == []


async def test_a_key_that_cannot_be_sent_starts_nothing():
    """Nor does a URL of the environment that is none; neither is repeated."""
    async with LeadAgent("memory:", environment={"OPENAI_API_KEY": f"{KEY}\u00e9"}) as agent:
        with pytest.raises(MissingSecret, match="OPENAI_API_KEY: only printable ASCII") as told:
            await agent.execute(flow())
        assert KEY not in str(told.value)
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://[secret-host"}
    async with LeadAgent("memory:", environment=environment) as agent:
        with pytest.raises(MissingSecret, match="OPENAI_BASE_URL is not a URL") as told:
            await agent.execute(flow())
        assert "secret-host" not in str(told.value)


async def test_a_run_goes_on_only_with_its_key(tmp_path):
    """Where somebody takes it up without one it stays as it is; with one it goes on."""
    gate = {"name": "gate", "agent_name": "human", "action": "approve", "parameters": {"message": "ok?"}}
    document, journal = flow({}, {"depends_on": ["gate"]}), tmp_path / "journal.db"
    document["tasks"].append(gate)
    async with ModelServer([say("Hello")]) as server, asyncio.timeout(20):
        async with LeadAgent(journal, environment=server.environment) as agent:
            run_id = (await agent.execute(document)).run_id
            await agent.approve(run_id, "gate")
        async with LeadAgent(journal, environment={}) as agent:
            [before] = agent.runs()
            with pytest.raises(MissingSecret, match="set OPENAI_API_KEY"):
                await agent.resume(run_id)
            [after] = agent.runs()
            assert (after.status, after.last_seq, after.owner_alive) == ("waiting", before.last_seq, False)
        async with LeadAgent(journal, environment=server.environment) as agent:
            assert (await agent.resume(run_id)).results["ask"]["content"] == "Hello"


async def test_wrong_parameters_are_load_errors():
    """Unknown actions and keys are found before anything starts."""
    async with LeadAgent("memory:", environment={}) as agent:
        for task in (
            {"action": "dance"},
            {"parameters": {"promt": "x"}},
            {"parameters": {}},
            {"action": "run", "parameters": {}},
        ):
            with pytest.raises(InvalidFlow):
                await agent.execute(flow({}, task))


async def test_the_tools_of_a_real_mcp_server(lead, witness):
    """A model calls a tool of an MCP server that is an agent of the flow; a wrong call is told to it."""
    pytest.importorskip("mcp_server_time")
    where = {"source_timezone": "UTC", "target_timezone": "Asia/Tokyo"}
    replies = [
        call("clock__convert_time", time="12:00", **where),
        call("clock__convert_time", time="noon", **where),
        say("21:00"),
    ]
    document = flow({"mcp_servers": ["clock"]}, {"action": "run", "parameters": {"prompt": "Noon in Tokyo?"}})
    arguments = ["-m", "mcp_server_time", "--local-timezone", "UTC"]
    clock = {"name": "clock", "type": "mcp_server", "command": sys.executable, "args": arguments}
    document["agents"].append(clock)
    async with ModelServer(replies) as server:
        result = await lead(document, server)
    assert result.status == "completed", result.errors
    assert "clock__convert_time" in server.requests[0].tools
    assert "21:00:00" in server.requests[1].results[0]
    assert server.requests[2].results[0].startswith("The call failed: ")
    assert [each["name"] for each in result.results["ask"]["tool_calls"]] == ["clock.convert_time"] * 2
    assert [fact.tool for fact in witness.of(ev.ToolCalled)] == ["clock.convert_time"] * 2


async def test_a_secret_of_the_prompt_is_kept_nowhere_and_sent_each_time(lead, witness):
    """What an attempt keeps holds no secret, and the next attempt's prompt has it all the same."""
    task = {"action": "run", "parameters": {"prompt": "The password is {{ inputs.password }}"}}
    document = flow({"tools": ["json_parse"]}, task, inputs={"password": {"type": "string", "secret": True}})
    replies = [call("json_parse", text="[1]"), fail(500), say("Thanks.")]
    async with ModelServer(replies) as server:
        result = await lead(document, server, inputs={"password": "hunter2-and-more"})
    assert result.status == "completed"
    assert {request.prompt for request in server.requests} == {"The password is hunter2-and-more"}
    assert server.requests[1].body["messages"] == server.requests[2].body["messages"]
    assert "hunter2" not in repr(witness.items)


async def test_thoughts_are_not_shown_as_the_answer(lead, witness):
    """Reasoning that a server streams beside its answer, or in tags, is neither shown nor returned."""
    deltas = [
        {"reasoning_content": "secretly I wonder"},
        *({"content": text} for text in ("<think>", "more doubts", "</think>")),
        {"content": "Yes."},
    ]
    chunks = [{"delta": delta, "finish_reason": None, "index": 0} for delta in deltas]
    chunks.append({"delta": {}, "finish_reason": "stop", "index": 0})
    head = {"id": "1", "created": 1, "model": "m", "object": "chat.completion.chunk"}
    body = "".join(f"data: {json.dumps(head | {'choices': [chunk]})}\n\n" for chunk in chunks)
    async with ModelServer([raw(body + "data: [DONE]\n\n", "text/event-stream")]) as server:
        result = await lead(flow(), server)
    assert result.results["ask"]["content"] == "Yes."
    assert "".join(note.text for note in witness.of(ev.Tokens)) == "Yes."
