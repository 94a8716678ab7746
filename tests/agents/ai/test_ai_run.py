"""`run` of an ai_agent: the loop of model and tools, who is asked before, how it goes on after a break."""

import asyncio
import json

import pytest

from lead_tui.agents.base import AgentResponse
from lead_tui.core.events import ToolCalled, ToolReturned
from lead_tui.errors import Category, Outcome
from lead_tui.testing import ModelServer, answer, approval, call, fail, rejection, say, scripted, together
from lead_tui.tools import registry
from lead_tui.tools.registry import register_tool
from lead_tui.tools.tool import tool
from tests.agents.ai.asked import Listener, at, done, run

BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])


@tool(idempotent=True)
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


@tool
def broken(text: str) -> str:
    """Fail."""
    raise ValueError(f"cannot do {text}")


@pytest.fixture(autouse=True)
def tools(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    register_tool(double)
    register_tool(broken)


@BOTH
async def test_a_run_uses_tools_until_it_answers(contexts, provider):
    """The model gets the tool's result, the result of the run its last words, the sums and the calls."""
    replies = [together(say("Let me see. "), call("double", number=21)), say("It is 42.")]
    async with ModelServer(replies) as server:
        context = contexts()
        result = await run(context, "What is twice 21?", **at(server, provider), tools=["double"])
    assert result["content"] == "It is 42."
    assert result["tool_calls"] == [{"name": "double", "arguments": {"number": 21}}]
    assert result["usage"] == {"input_tokens": 20, "output_tokens": 40}
    assert (context.admitted, context.usage["calls"]) == (2, 2)
    assert server.requests[0].tools == ["double"]
    assert server.requests[1].results == ["42"]
    called, returned = context.tools
    assert isinstance(called, ToolCalled)
    assert isinstance(returned, ToolReturned)
    assert called.call == returned.call
    assert (called.tool, called.arguments, returned.result) == ("double", {"number": 21}, "42")


async def test_context_is_data_before_the_prompt(contexts):
    """`context` arrives as it is: nothing in it is rendered, whatever it looks like."""
    data = {"note": "{{ 7 * 7 }} ${HOME}", "list": [1]}
    async with ModelServer([say("ok"), say("ok")]) as server:
        await done("run", {"prompt": "Go", "context": data}, contexts(), **at(server))
        await done("run", {"prompt": "Go", "context": "plain"}, contexts(), **at(server))
    first, second = server.requests
    assert first.prompt.endswith("</context>\n\nGo")
    assert json.loads(first.prompt.split("<context>\n")[1].split("\n</context>")[0]) == data
    assert "plain" in second.prompt


@BOTH
async def test_tools_of_one_answer_run_side_by_side(contexts, provider):
    """Calls that the model makes together are in flight together, and each result goes to its call."""
    meeting = asyncio.Barrier(3)

    @tool
    async def wait(name: str) -> str:
        """Wait for the others."""
        async with asyncio.timeout(10):
            await meeting.wait()
        return f"{name} was here"

    register_tool(wait)
    calls = together(*(call("wait", name=name) for name in "abc"))
    async with ModelServer([calls, say("All met.")]) as server:
        context = contexts()
        result = await run(context, **at(server, provider), tools=["wait"])
    assert result["content"] == "All met."
    assert sorted(server.requests[1].results) == ["a was here", "b was here", "c was here"]
    assert len({fact.call for fact in context.tools}) == 3


async def test_a_tools_failure_is_told_to_the_model(contexts):
    """What a tool raises does not fail the attempt: the model reads it and goes on."""
    async with ModelServer([call("broken", text="x"), say("Then not.")]) as server:
        context = contexts()
        result = await run(context, **at(server), tools=["broken"])
    assert result["content"] == "Then not."
    assert server.requests[1].results == ["The call failed: broken: ValueError: cannot do x"]
    assert context.tools[1].failure.category == Category.TOOL


@BOTH
async def test_arguments_that_do_not_fit_are_sent_back(contexts, provider):
    """Wrong and unreadable arguments are told to the model, without a call being made."""
    replies = [
        call("double", number="many"),
        call("double", "{not json"),
        call("double", "[1]"),
        call("double", number=1),
        say("2"),
    ]
    async with ModelServer(replies) as server:
        context = contexts()
        result = await run(context, **at(server, provider), tools=["double"])
    assert result["content"] == "2"
    assert "$.number: 'many' is not of type 'integer'" in json.dumps(server.requests[1].body)
    assert [fact.arguments for fact in context.tools if isinstance(fact, ToolCalled)] == [{"number": 1}]


async def test_wrong_arguments_are_not_sent_back_for_ever(failure, contexts):
    """A model that never sends what fits ends the attempt as malformed."""
    async with ModelServer([call("double", number="many")] * 9) as server:
        context = contexts()
        found = await failure("run", {"prompt": "Go"}, context, **at(server), tools=["double"])
        assert len(server.requests) == 4
    assert (found.category, found.code) == (Category.AGENT, "malformed")
    assert context.tools == []


async def test_a_long_result_is_cut_and_says_so(contexts):
    """The model gets the beginning of what is too long for it, and a note of what is missing."""

    @tool
    def long() -> str:
        """Much text."""
        return "x" * 200_000

    register_tool(long)
    async with ModelServer([call("long"), say("ok")]) as server:
        await run(contexts(), **at(server), tools=["long"])
    [result] = server.requests[1].results
    assert len(result) < 110_000
    assert result.endswith("[cut: the first 102400 of 200000 characters]")


async def test_max_steps_ends_a_run(failure, contexts):
    """A model that never answers is stopped, permanently, and the limit says its name."""
    async with ModelServer([call("double", number=1)] * 9) as server:
        context = contexts()
        found = await failure("run", {"prompt": "Go"}, context, **at(server), tools=["double"], max_steps=3)
        assert len(server.requests) == 3
    assert (found.category, found.outcome, found.code) == (Category.RESOURCE, Outcome.PERMANENT, "max_steps")
    assert "3 steps" in found.message
    assert "`max_steps`" in found.message


async def test_a_run_can_answer_with_data(contexts):
    """Tools first, then an answer that fits the schema."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    async with ModelServer([call("double", number=4), say("eight"), answer({"n": 8})]) as server:
        result = await run(contexts(), **at(server), tools=["double"], output_schema=schema)
    assert result["content"] == {"n": 8}
    assert [each["name"] for each in result["tool_calls"]] == ["double"]


async def test_what_breaks_in_us_fails_the_attempt(failure, contexts):
    """A system_error of a tool's call is not for the model to argue with."""
    from lead_tui.errors import failed

    @tool
    def disk() -> str:
        """Need a disk."""
        raise failed(Category.SYSTEM, "the disk is full", code="disk")

    register_tool(disk)
    async with ModelServer([call("disk")]) as server:
        found = await failure("run", {"prompt": "Go"}, **at(server), tools=["disk"])
    assert (found.category, found.code) == (Category.SYSTEM, "disk")


# --- people -----------------------------------------------------------------------------------------------


async def test_a_person_approves_each_call_with_its_arguments(contexts):
    """With `approval: always` each call asks; what is approved is made, the rest is told as refused."""
    calls = together(call("double", number=1), call("double", number=2))
    async with ModelServer([calls, say("Done.")]) as server:
        context = contexts(answers=[approval(by="ann"), rejection(by="bob", why="too much")])
        grant = {"name": "double", "approval": "always"}
        result = await run(context, **at(server), tools=[grant])
    assert result["content"] == "Done."
    assert [gate.show for gate in context.gates] == [
        {"tool": "double", "arguments": {"number": 1}},
        {"tool": "double", "arguments": {"number": 2}},
    ]
    assert len(set(context.bound)) == 2
    made, refused = server.requests[1].results
    assert made == "2"
    assert refused.startswith("Refused by a person: ")
    assert "rejected by bob: too much" in refused
    assert [fact.arguments for fact in context.tools if isinstance(fact, ToolCalled)] == [{"number": 1}]


async def test_questions_to_people_come_one_at_a_time(contexts):
    """Of two calls at once the second question waits for the first one's answer."""
    asked, now, answered = [], asyncio.Event(), asyncio.Event()

    class Patient(Listener):
        async def ask(self, gate, bound_to=""):
            asked.append(gate.show["arguments"])
            now.set()
            await answered.wait()
            return approval()

    context = Patient(environment={}, shared=contexts().shared)
    calls = together(call("double", number=1), call("double", number=2))
    grant = {"name": "double", "approval": "always"}
    async with ModelServer([calls, say("Done.")]) as server:
        running = asyncio.create_task(run(context, **at(server), tools=[grant]))
        async with asyncio.timeout(10):
            await now.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(asked) == 1
        answered.set()
        await running
    assert len(asked) == 2


async def test_a_question_holds_up_its_own_call_only(contexts):
    """While a person is asked about one call, another that needs nobody is made."""
    answered = asyncio.Event()

    class Patient(Listener):
        async def ask(self, gate, bound_to=""):
            await answered.wait()
            return approval()

    @tool
    def free() -> str:
        """Set the person free."""
        loop.call_soon_threadsafe(answered.set)
        return "free"

    loop = asyncio.get_running_loop()
    register_tool(free)
    context = Patient(environment={}, shared=contexts().shared)
    calls = together(call("double", number=1), call("free"))
    grants = [{"name": "double", "approval": "always"}, "free"]
    async with ModelServer([calls, say("Done.")]) as server, asyncio.timeout(10):
        await run(context, **at(server), tools=grants)
    assert server.requests[1].results == ["2", "free"]


async def test_first_asks_once_in_a_run(contexts):
    """With `approval: first` the tool is free after its first approval."""
    replies = [call("double", number=1), call("double", number=2), say("Done.")]
    async with ModelServer(replies) as server:
        context = contexts(answers=[approval()])
        await run(context, **at(server), tools=[{"name": "double", "approval": "first"}])
    assert len(context.gates) == 1


# --- MCP servers --------------------------------------------------------------------------------------------

LISTED = [
    {"name": "now", "description": "The time", "input_schema": {"type": "object"}},
    {"name": "zone.list", "description": "Zones", "input_schema": {"type": "object"}},
]


def clock_server(respond=None):
    """An agent that answers as an `mcp_server` does."""

    def act(action, parameters):
        if action == "list_tools":
            return LISTED
        return respond(action, parameters) if respond else {"time": "noon"}

    cls = scripted(lambda asked: act(asked.action, asked.parameters))
    return cls(cls.config_model(name="time", type="mock"))


@BOTH
async def test_the_tools_of_an_mcp_server_are_granted_by_its_name(contexts, provider):
    """`mcp_servers` grants all, under names that the provider takes; facts and result use `server.tool`."""
    async with ModelServer([call("time__now"), say("Noon.")]) as server:
        context = contexts(agents={"time": clock_server()})
        result = await run(context, **at(server, provider), mcp_servers=["time"])
    assert server.requests[0].tools == ["time__now", "time__zone_list"]
    assert server.requests[1].results == ['{"time":"noon"}']
    assert result["tool_calls"] == [{"name": "time.now", "arguments": {}}]
    assert [fact.tool for fact in context.tools] == ["time.now", "time.now"]


async def test_single_tools_of_an_mcp_server_can_be_granted(contexts, failure):
    """`server.tool` under `tools` grants that one, with its approval; a name that is wrong is told."""
    async with ModelServer([call("time__now"), say("Noon."), say("Hi")]) as server:
        context = contexts(agents={"time": clock_server()}, answers=[approval()])
        await run(context, **at(server), tools=[{"name": "time.now", "approval": "always"}])
        assert server.requests[0].tools == ["time__now"]
        assert len(context.gates) == 1
        await run(context, **at(server), tools=["time.*"])
        assert server.requests[2].tools == ["time__now", "time__zone_list"]
        found = await failure("run", {"prompt": "x"}, context, **at(server), tools=["time.then"])
    assert (found.category, found.code) == (Category.VALIDATION, "unknown_tool")
    assert "it has now, zone.list" in found.message


async def test_a_failing_tool_of_a_server_is_told_to_the_model(contexts):
    """`isError` of a server is text for the model."""

    def respond(action, parameters):
        return AgentResponse.fail(Category.TOOL, "no such zone", code="is_error")

    async with ModelServer([call("time__now"), say("Pity.")]) as server:
        context = contexts(agents={"time": clock_server(respond)})
        result = await run(context, **at(server), mcp_servers=["time"])
    assert result["content"] == "Pity."
    assert server.requests[1].results == ["The call failed: no such zone"]


async def test_a_server_that_cannot_be_asked_fails_the_attempt(failure, contexts):
    """Without its tools the agent does not begin."""
    cls = scripted(lambda asked: AgentResponse.fail(Category.NETWORK, "it did not start", Outcome.SAFE))
    context = contexts(agents={"time": cls(cls.config_model(name="time", type="mock"))})
    async with ModelServer() as server:
        found = await failure("run", {"prompt": "x"}, context, **at(server), mcp_servers=["time"])
        unknown = await failure("run", {"prompt": "x"}, context, **at(server), mcp_servers=["tine"])
        assert server.requests == []
    assert (found.message, found.outcome) == ("it did not start", Outcome.SAFE)
    assert unknown.code == "unknown_agent"


# --- going on -----------------------------------------------------------------------------------------------


async def test_an_attempt_goes_on_where_the_last_one_failed(contexts, failure):
    """After a failure in the middle the next attempt repeats no step: the model sees all that was done."""
    settings = {"tools": ["double"]}
    async with ModelServer([call("double", number=21), fail(500), say("42.")]) as server:
        first = contexts()
        await failure("run", {"prompt": "Twice 21?"}, first, **at(server), **settings)
        second = contexts(attempt=2, saved=json.loads(json.dumps(first.pieces)))
        result = await run(second, "Twice 21?", **at(server), **settings)
    assert result["content"] == "42."
    assert second.tools == []
    assert server.requests[1].body["messages"] == server.requests[2].body["messages"]
    assert result["usage"] == {"input_tokens": 20, "output_tokens": 40}
    assert result["tool_calls"] == [{"name": "double", "arguments": {"number": 21}}]
    assert second.usage["calls"] == 1
    assert server.requests[1].headers["idempotency-key"] == server.requests[2].headers["idempotency-key"]
    assert server.requests[0].headers["idempotency-key"] != server.requests[1].headers["idempotency-key"]


@BOTH
@pytest.mark.parametrize("kept", range(8))
async def test_an_attempt_goes_on_from_any_piece(contexts, provider, kept):
    """However many pieces were kept before a crash, the run ends the same, and no kept call is made again."""
    made = []

    @tool
    def note(text: str) -> str:
        """Note it."""
        made.append(text)
        return f"noted {text}"

    def model(request):
        if not request.results:
            return together(call("note", text="a"), call("note", text="b"))
        return say("Two notes.") if len(request.results) == 2 else fail(400)

    register_tool(note)
    async with ModelServer(model) as server:
        whole = contexts()
        expected = await run(whole, **at(server, provider), tools=["note"])
        assert made == ["a", "b"]
        assert len(whole.pieces) == 7
        saved = whole.pieces[:kept]
        made.clear()
        again = contexts(saved=saved)
        result = await run(again, **at(server, provider), tools=["note"])
    returned = sum("returned" in piece for piece in saved)
    assert result["content"] == expected["content"]
    assert result["tool_calls"] == expected["tool_calls"]
    assert len(made) == 2 - returned
    together_kept = [*saved, *again.pieces]
    third = contexts(saved=together_kept[:-1])
    async with ModelServer(model) as server:
        assert (await run(third, **at(server, provider), tools=["note"]))["content"] == "Two notes."


async def test_a_call_that_was_kept_without_its_secret_is_not_made(contexts):
    """The model is asked to make it again: `***` is no argument."""
    made: list[str] = []

    @tool
    def log_in(password: str) -> str:
        """Log in."""
        made.append(password)
        return "welcome"

    register_tool(log_in)
    replies = [call("log_in", password="hunter22"), say("in")]
    async with ModelServer(replies) as server:
        whole = contexts()
        await run(whole, **at(server), tools=["log_in"])
    kept = json.loads(json.dumps(whole.pieces[:3]).replace("hunter22", "***"))
    made.clear()
    async with ModelServer(replies) as server:
        result = await run(contexts(saved=kept), **at(server), tools=["log_in"])
    assert result["content"] == "in"
    assert made == ["hunter22"]
    assert "Make the call again" in server.requests[0].results[0]


async def test_a_result_is_kept_once(contexts):
    """The text of a tool's result is in one piece only."""

    @tool
    def long() -> str:
        """Much text."""
        return "0123456789" * 1_000

    register_tool(long)
    async with ModelServer([call("long"), say("ok")]) as server:
        context = contexts()
        await run(context, **at(server), tools=["long"])
    assert json.dumps(context.pieces).count("0123456789" * 1_000) == 1


async def test_an_approval_is_asked_for_the_same_thing_after_a_park(contexts):
    """The question of a call is bound to the same text when the attempt comes back to it."""

    class Parked(Listener):
        async def ask(self, gate, bound_to=""):
            self.bound.append(bound_to)
            raise asyncio.CancelledError

    parked = Parked(environment={}, shared=contexts().shared)
    grant = {"name": "double", "approval": "always"}
    async with ModelServer([call("double", number=3), say("6")]) as server:
        with pytest.raises(asyncio.CancelledError):
            await run(parked, **at(server), tools=[grant])
        back = contexts(saved=parked.pieces, answers=[approval()])
        assert (await run(back, **at(server), tools=[grant]))["content"] == "6"
    assert parked.tools == []
    assert parked.bound == back.bound
    assert len(server.requests) == 2


async def test_steps_of_earlier_attempts_count(contexts, failure):
    """`max_steps` limits the whole conversation, however many attempts it took."""
    async with ModelServer([call("double", number=1), fail(500), call("double", number=2)]) as server:
        first = contexts()
        await failure("run", {"prompt": "x"}, first, **at(server), tools=["double"], max_steps=2)
        second = contexts(saved=first.pieces)
        found = await failure("run", {"prompt": "x"}, second, **at(server), tools=["double"], max_steps=2)
        assert len(server.requests) == 3
    assert found.code == "max_steps"


async def test_an_answer_that_was_not_taken_is_asked_for_again(contexts, failure):
    """A malformed last answer is not gone on from."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    settings = {"output_schema": schema, "output_retries": 0, "instructions": "Count."}
    async with ModelServer([say("many"), answer({"n": 8})]) as server:
        first = contexts()
        await failure("run", {"prompt": "x"}, first, **at(server), **settings)
        result = await run(contexts(saved=first.pieces, attempt=2), "x", **at(server), **settings)
    assert result["content"] == {"n": 8}
    assert server.requests[1].body["messages"] == server.requests[0].body["messages"]


async def test_a_cancelled_call_of_a_tool_stays_open(contexts):
    """Of a call that was cut off nobody knows what it did: it has no return, and is not kept."""
    begun = asyncio.Event()

    @tool
    async def slow() -> str:
        """Take long."""
        begun.set()
        await asyncio.Event().wait()
        return ""

    register_tool(slow)
    async with ModelServer([call("slow")]) as server:
        context = contexts()
        running = asyncio.create_task(run(context, **at(server), tools=["slow"]))
        async with asyncio.timeout(10):
            await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert [type(fact) for fact in context.tools] == [ToolCalled]
    assert not any("returned" in piece for piece in context.pieces)


async def test_names_of_tools_never_clash(contexts):
    """Two tools whose names differ only in what providers do not take are both there."""
    listed = [
        {"name": name, "description": "", "input_schema": {"type": "object"}} for name in ("a.b", "a_b")
    ]
    cls = scripted(lambda asked: listed if asked.action == "list_tools" else asked.action)
    context = contexts(agents={"s": cls(cls.config_model(name="s", type="mock"))})
    async with ModelServer([call("s__a_b_2"), say("ok")]) as server:
        result = await run(context, **at(server), mcp_servers=["s"])
    assert server.requests[0].tools == ["s__a_b", "s__a_b_2"]
    assert server.requests[1].results == ["a_b"]
    assert result["tool_calls"] == [{"name": "s.a_b", "arguments": {}}]


async def test_a_schema_of_a_server_that_makes_no_sense_stops_nothing(contexts):
    """Arguments that cannot be checked go to the server, which checks them itself."""
    odd = {"type": "object", "properties": {"x": {"$ref": "http://127.0.0.1:9/never.json"}}}
    listed = [{"name": "odd", "input_schema": odd}]
    cls = scripted(lambda asked: listed if asked.action == "list_tools" else "called")
    context = contexts(agents={"s": cls(cls.config_model(name="s", type="mock"))})
    async with ModelServer([call("s__odd", x=1), say("ok")]) as server:
        await run(context, **at(server), mcp_servers=["s"])
    assert server.requests[1].results == ["called"]


async def test_a_call_is_in_the_journal_before_it_is_made(contexts):
    """Told, stored, made: after a crash nobody needs to guess whether a tool was called."""
    order = []

    class Careful(Listener):
        def tool_called(self, call, tool, arguments):
            order.append("told")

        async def stored(self):
            order.append("stored")

    @tool
    def act() -> str:
        """Act."""
        order.append("made")
        return ""

    register_tool(act)
    context = Careful(environment={}, shared=contexts().shared)
    async with ModelServer([call("act"), say("Done.")]) as server:
        await run(context, **at(server), tools=["act"])
    assert order == ["told", "stored", "made"]


async def test_a_run_keeps_that_it_has_begun(contexts):
    """Before it asks anything, and once: an attempt that only waited for what it may ask goes on."""

    class Poor(Listener):
        async def call(self, agent, action, parameters, begun=None, call=""):
            raise asyncio.CancelledError

    poor = Poor(environment={}, shared=contexts().shared)
    async with ModelServer([say("Hi")]) as server:
        with pytest.raises(asyncio.CancelledError):
            await run(poor, **at(server), mcp_servers=["time"])
        assert poor.pieces == [{"begun": True}]
        again = contexts(saved=poor.pieces, agents={"time": clock_server()})
        assert (await run(again, **at(server), mcp_servers=["time"]))["content"] == "Hi"
    assert {"begun": True} not in again.pieces


async def test_a_call_that_is_held_up_has_not_been_called(contexts):
    """A call to a server is recorded when it is let through; one that is refused is told and not recorded."""

    class Strict(Listener):
        async def call(self, agent, action, parameters, begun=None, call=""):
            if action == "list_tools":
                return await super().call(agent, action, parameters)
            assert self.tools == []
            return AgentResponse.fail(Category.RESOURCE, "the breaker is open", code="circuit_open")

    context = Strict(environment={}, shared=contexts().shared, agents={"time": clock_server()})
    async with ModelServer([call("time__now"), say("Pity.")]) as server:
        result = await run(context, **at(server), mcp_servers=["time"])
    assert server.requests[1].results == ["The call failed: the breaker is open"]
    assert (context.tools, result["tool_calls"]) == ([], [])
