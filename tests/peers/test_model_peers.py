"""What every OpenAI-compatible server does: the same assertions for ours and for the LiteLLM proxy."""

import json

import pytest

from lead_tui.agents.ai import AiAgent
from lead_tui.core.events import Tokens
from lead_tui.errors import AgentError, Category, Outcome
from lead_tui.testing import FakeContext
from tests.peers.models import ANSWER, BUSY, CLAUDE, OK, TOOL, chunks

# on the wire ------------------------------------------------------------------------------------------------


def check_error(answer, *statuses):
    """An error of these statuses in OpenAI's shape, which has nothing of an answer in it."""
    assert answer.status_code in statuses
    body = answer.json()
    error = body["error"]
    assert {"message", "type", "param", "code"} <= error.keys()
    assert error["message"]
    assert isinstance(error["message"], str)
    assert "choices" not in body


async def test_a_wrong_key_gets_nothing(peer):
    """Refused, in the shape of an error."""
    check_error(await peer.chat(key="sk-wrong-0123456789"), 400, 401)


async def test_no_key_gets_nothing(peer):
    """Refused. (The proxy without a database fails over it, in plain text.)"""
    answer = await peer.chat(key="")
    assert answer.status_code in (401, 500)
    assert ANSWER not in answer.text


async def test_a_plain_answer(peer):
    """One choice with the text, its end and the tokens."""
    answer = await peer.chat()
    assert answer.status_code == 200
    body = answer.json()
    assert (body["object"], body["model"]) == ("chat.completion", OK)
    assert body["id"].startswith("chatcmpl-")
    assert isinstance(body["created"], int)
    (choice,) = body["choices"]
    assert (choice["index"], choice["finish_reason"]) == (0, "stop")
    assert (choice["message"]["role"], choice["message"]["content"]) == ("assistant", ANSWER)
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0


async def test_a_stream(peer):
    """Pieces of one message that join to the answer: the role first, the end last, each once."""
    found = chunks(await peer.chat(stream=True))
    assert {each["object"] for each in found} == {"chat.completion.chunk"}
    assert len({each["id"] for each in found}) == 1
    choices = [choice for each in found for choice in each["choices"]]
    deltas = [choice["delta"] for choice in choices]
    assert "".join(delta.get("content") or "" for delta in deltas) == ANSWER
    assert sum(bool(delta.get("content")) for delta in deltas) > 1
    assert [delta["role"] for delta in deltas if delta.get("role")] == ["assistant"]
    assert deltas[0]["role"] == "assistant"
    assert [choice["finish_reason"] for choice in choices if choice.get("finish_reason")] == ["stop"]


async def test_the_tokens_of_a_stream(peer):
    """In the last chunk of who asks, nowhere else."""
    *before, last = chunks(await peer.chat(stream=True, stream_options={"include_usage": True}))
    assert (
        last["usage"]["total_tokens"]
        == last["usage"]["prompt_tokens"] + last["usage"]["completion_tokens"]
        > 0
    )
    unasked = chunks(await peer.chat(stream=True))
    assert not any(each.get("usage") for each in (*before, *unasked))


async def test_a_model_that_is_not_there(peer):
    """Refused with its name, plain and streaming."""
    for streams in (False, True):
        answer = await peer.chat("no-such-model", stream=streams)
        check_error(answer, 400, 404)
        assert "no-such-model" in answer.json()["error"]["message"]


async def test_a_model_that_is_busy(peer):
    """429 with a reason, also where a stream was asked for."""
    for streams in (False, True):
        check_error(await peer.chat(BUSY, stream=streams), 429)


async def test_a_request_without_messages(peer):
    """400 that names what is missing."""
    answer = await peer.chat(messages=None)
    check_error(answer, 400)
    assert "messages" in answer.json()["error"]["message"]


async def test_a_call_of_a_tool(peer):
    """The name, and the arguments as a text of JSON."""
    weather = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    (choice,) = (await peer.chat(TOOL, tools=[weather])).json()["choices"]
    (made,) = choice["message"]["tool_calls"]
    assert (made["type"], made["function"]["name"]) == ("function", "weather")
    assert made["id"].startswith("call_")
    assert json.loads(made["function"]["arguments"]) == {"city": "Paris"}


async def test_the_models_that_there_are(peer):
    """All, by name."""
    assert set(await peer.models()) == {OK, CLAUDE, BUSY, TOOL}


async def test_a_message_in_anthropics_language(peer):
    """One block of text, the end and the tokens."""
    body = (await peer.message()).json()
    assert (body["type"], body["role"], body["stop_reason"]) == ("message", "assistant", "end_turn")
    assert [(each["type"], each["text"]) for each in body["content"]] == [("text", ANSWER)]
    assert body["usage"]["input_tokens"] > 0
    assert body["usage"]["output_tokens"] > 0


async def test_errors_in_anthropics_language(peer):
    """A model that is not there; a wrong key, which the proxy answers in OpenAI's shape."""
    answer = await peer.message("no-such-model")
    assert answer.status_code in (400, 404)
    body = answer.json()
    assert body["type"] == "error"
    assert body["error"]["type"] in ("invalid_request_error", "not_found_error")
    assert "no-such-model" in body["error"]["message"]
    refused = await peer.message(key="sk-wrong-0123456789")
    assert refused.status_code in (400, 401)
    assert refused.json()["error"]["message"]


# through an agent -------------------------------------------------------------------------------------------


def agent(peer, model=OK, *, key=None, **settings):
    config = {
        "name": "writer", "type": "ai_agent", "provider": "openai", "model": model,
        "endpoint": f"{peer.url}/v1", "authentication": {"type": "bearer", "token": key or peer.key},
    }  # fmt: skip
    return AiAgent(AiAgent.config_model.model_validate({**config, **settings}))


async def execute(of, action="chat_completion", **parameters):
    """The response, and the context in which it came."""
    context = FakeContext(environment={})
    try:
        return await of.execute(action, {"prompt": "Hello?", **parameters}, context), context
    finally:
        await of.close()
        await context.aclose()


async def failure(of):
    with pytest.raises(AgentError) as caught:
        await execute(of)
    return caught.value.failure


async def test_an_agent_gets_its_answer(peer):
    """The text, as it streamed; the model's name; what it used."""
    response, context = await execute(agent(peer))
    assert response.success
    assert (response.result["content"], response.result["finish_reason"]) == (ANSWER, "stop")
    assert "".join(note.text for note in context.notes if isinstance(note, Tokens)) == ANSWER
    assert context.usage["calls"] == 1
    assert context.usage["input_tokens"] > 0
    assert context.usage["output_tokens"] > 0


async def test_an_agent_in_anthropics_language(peer):
    """The same answer by the other API. (The proxy's scripted models do not stream there.)"""
    if peer.name == "litellm":
        pytest.skip("its scripted models answer a stream of Anthropic's with a plain message")
    response, _ = await execute(agent(peer, CLAUDE, provider="anthropic", endpoint=peer.url))
    assert response.result["content"] == ANSWER


async def test_an_agent_with_a_wrong_key(peer):
    """Permanent, and the key is not in the message."""
    found = await failure(agent(peer, key="sk-wrong-0123456789"))
    assert (found.outcome, found.status in (400, 401)) == (Outcome.PERMANENT, True)
    assert "sk-wrong-0123456789" not in found.message


async def test_an_agent_with_a_model_that_is_not_there(peer):
    """Permanent, with the server's reason."""
    found = await failure(agent(peer, "no-such-model"))
    assert (found.category, found.outcome) == (Category.VALIDATION, Outcome.PERMANENT)
    assert "no-such-model" in found.message


async def test_an_agent_whose_model_is_busy(peer):
    """Surely not executed: may be tried again."""
    found = await failure(agent(peer, BUSY))
    assert (found.category, found.outcome, found.status) == (Category.RESOURCE, Outcome.SAFE, 429)
