"""Which calls of tools the result of a `run` lists: those that were made, with the arguments they had."""

from lead_tui.testing import ModelServer, approval, call, fail, rejection, say, together
from tests.agents.ai.asked import at, run

PARSE = {"name": "json_parse", "arguments": {"text": "[1]"}}
WRONG = [call("rm_rf", path="/"), call("json_parse", x=1), call("json_parse", "{")]


async def test_only_calls_that_were_made_are_listed(contexts):
    """No unknown tool, no arguments that do not fit or are no JSON, and none that a person refused."""
    asked = {"name": "json_stringify", "approval": "always"}
    both = together(call("json_stringify", data=1), call("json_stringify", data=2))
    replies = [*WRONG, call("json_parse", text="[1]"), both, say("Done.")]
    async with ModelServer(replies) as server:
        context = contexts(answers=[approval(), rejection()])
        result = await run(context, **at(server), tools=["json_parse", asked])
    assert result["tool_calls"] == [PARSE, {"name": "json_stringify", "arguments": {"data": 1}}]


async def test_calls_of_an_attempt_before_are_listed(contexts, failure):
    """Those that it made, and no others."""
    replies = [*WRONG, call("json_parse", text="[1]"), fail(500), say("Done.")]
    async with ModelServer(replies) as server:
        first = contexts()
        await failure("run", {"prompt": "Go"}, first, **at(server), tools=["json_parse"])
        result = await run(contexts(saved=first.pieces), **at(server), tools=["json_parse"])
    assert result["tool_calls"] == [PARSE]


async def test_calls_before_an_answer_that_was_not_taken_are_listed(contexts, failure):
    """An answer that is asked for again does not move what was made."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    settings = {"tools": ["json_parse"], "output_schema": schema, "output_retries": 0}
    replies = [call("json_parse", text="[1]"), say("many"), call("json_parse", text="[1]"), say('{"n": 1}')]
    async with ModelServer(replies) as server:
        first = contexts()
        await failure("run", {"prompt": "Go"}, first, **at(server), **settings)
        result = await run(contexts(saved=first.pieces), **at(server), **settings)
    assert result["content"] == {"n": 1}
    assert result["tool_calls"] == [PARSE, PARSE]
