"""Answers that no API describes: each is a failure of the network that says what was odd, and no crash."""

import json
from typing import Any

import pytest

from lead_tui.core.events import ToolCalled
from lead_tui.errors import Category, Outcome
from lead_tui.testing import ModelServer, answer, call, raw, say
from tests.agents.ai.asked import at, chat, run, texts

BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
USED = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def chunk(delta: Any = None, finish: Any = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": finish}
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5.4-mini"}
    return {**head, "choices": [choice], **more}


def openai(*chunks: Any) -> Any:
    body = "".join(f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n" for each in chunks)
    return raw(f"{body}data: [DONE]\n\n", "text/event-stream")


def anthropic(*events: dict[str, Any]) -> Any:
    body = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)
    return raw(body, "text/event-stream")


USAGE = {"input_tokens": 3, "output_tokens": 1}
MESSAGE = {
    "id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "content": [],
    "stop_reason": None, "stop_sequence": None, "usage": USAGE,
}  # fmt: skip
START = {"type": "message_start", "message": MESSAGE}
TEXT = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
HI = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
CLOSED = {"type": "content_block_stop", "index": 0}
ENDED = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}
STOP = {"type": "message_stop"}


@pytest.mark.parametrize(
    "odd",
    [
        "null",
        "[]",
        "1",
        '"x"',
        {"choices": 5},
        {"choices": [5]},
        {"choices": [{"index": 0, "delta": "x"}]},
        chunk({"tool_calls": 3}),
        chunk({"tool_calls": [5]}),
        chunk(usage=[1]),
        chunk(usage={**USED, "prompt_tokens": 10**400}),
        chunk(usage={**USED, "prompt_tokens": 10**30}),
    ],
    ids=lambda value: str(value)[:60],
)
@pytest.mark.parametrize("first", [True, False])
async def test_an_odd_chunk_of_a_stream_is_a_bad_response(failure, contexts, odd, first):
    """Wherever it comes, a chunk that is not OpenAI's fails the attempt with an unknown outcome."""
    chunks = [odd] if first else [chunk({"content": "hi"}), odd]
    async with ModelServer([openai(*chunks, chunk({}, "stop"), chunk(usage=USED))]) as server:
        context = contexts()
        found = await failure(context=context, **at(server))
    assert (found.category, found.outcome, found.code) == (Category.NETWORK, Outcome.UNKNOWN, "bad_response")
    assert "127.0.0.1" in found.message
    assert len(found.message) < 1_000
    assert context.usage["calls"] == 1


@pytest.mark.parametrize(
    "events",
    [
        [TEXT, HI, CLOSED, ENDED, STOP],
        [{"type": "message_start", "message": 5}, STOP],
        [START, TEXT, HI, CLOSED, {**ENDED, "usage": None}, STOP],
        [
            {**START, "message": {**MESSAGE, "usage": {"input_tokens": 10**400}}},
            TEXT,
            HI,
            CLOSED,
            ENDED,
            STOP,
        ],
    ],
    ids=["no start", "a number as message", "no usage", "usage"],
)
async def test_odd_events_of_anthropic_are_a_bad_response(failure, events):
    """So does an event that is not Anthropic's."""
    async with ModelServer([anthropic(*events)]) as server:
        found = await failure(**at(server, "anthropic"))
    assert (found.category, found.outcome) == (Category.NETWORK, Outcome.UNKNOWN)
    assert found.code in ("bad_response", "truncated")
    assert "127.0.0.1" in found.message


@pytest.mark.parametrize("created", ["y", 1e20])
async def test_a_time_that_is_none_is_a_bad_response(failure, created):
    """The first chunk's time is read; nonsense there is told, too."""
    async with ModelServer([openai(chunk({"content": "x"}, created=created), chunk({}, "stop"))]) as server:
        found = await failure(**at(server))
    assert (found.outcome, found.code) == (Outcome.UNKNOWN, "bad_response")


@pytest.mark.parametrize(("reason", "told"), [("weird", "weird"), (7, "7"), ("stop", "stop")])
async def test_the_servers_own_reason_for_the_end_is_told(contexts, reason, told):
    """A reason that is none of the usual ones is not taken for one of them."""
    async with ModelServer(
        [openai(chunk({"content": "Hi"}), chunk({}, reason), chunk(usage=USED))]
    ) as server:
        result = await chat(contexts(), "Hi", **at(server))
    assert result["finish_reason"] == told


@pytest.mark.parametrize("together", [True, False])
async def test_only_the_first_choice_is_the_answer(contexts, together):
    """Another one is neither taken nor mixed in, wherever it stands."""
    both = [
        {"index": n, "delta": {"content": text}, "finish_reason": "stop"} for n, text in ((1, "B"), (0, "A"))
    ]
    head = chunk()
    apart = [{**head, "choices": [each]} for each in both]
    chunks = [{**head, "choices": both}] if together else apart
    async with ModelServer([openai(*chunks, chunk(usage=USED) | {"choices": []})]) as server:
        context = contexts()
        result = await chat(context, "Hi", **at(server))
    assert result["content"] == "".join(texts(context)) == "A"


# --- JSON where a stream was asked for --------------------------------------------------------------------

LOADING = "the model foo is loading"


@pytest.mark.parametrize(
    ("body", "category", "outcome"),
    [
        ({"error": {"message": LOADING}}, Category.NETWORK, Outcome.UNKNOWN),
        ({"error": LOADING}, Category.NETWORK, Outcome.UNKNOWN),
        ({"error": True, "message": LOADING}, Category.NETWORK, Outcome.UNKNOWN),
        ({"error": {"detail": LOADING}}, Category.NETWORK, Outcome.UNKNOWN),
        ({"error": {"message": LOADING, "code": 503}}, Category.NETWORK, Outcome.UNKNOWN),
        ({"error": {"message": LOADING, "code": 429}}, Category.RESOURCE, Outcome.SAFE),
        ({"error": {"message": LOADING, "code": 400}}, Category.VALIDATION, Outcome.PERMANENT),
    ],
    ids=json.dumps,
)
@BOTH
async def test_an_error_with_status_200_is_told(failure, provider, body, category, outcome):
    """What the server says in place of a stream is in the message, judged by the status that it names."""
    async with ModelServer([raw(f"\n {json.dumps(body)}")]) as server:
        found = await failure(**at(server, provider))
    assert (found.category, found.outcome) == (category, outcome)
    assert LOADING in found.message


@pytest.mark.parametrize(
    "body",
    [
        {"object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": "Hi"}}]},
        {**MESSAGE, "content": [{"type": "text", "text": "Hi"}]},
    ],
    ids=["openai", "anthropic"],
)
@BOTH
async def test_a_server_that_does_not_stream_is_told_so(failure, provider, body):
    """A whole answer as JSON is permanent: the next one would come the same way."""
    async with ModelServer([raw(json.dumps(body))]) as server:
        found = await failure(**at(server, provider))
    assert (found.category, found.outcome) == (Category.VALIDATION, Outcome.PERMANENT)
    assert found.code == "not_streaming"
    assert "does not stream" in found.message


@pytest.mark.parametrize("body", ["{}", '{"a": 1}', "{broken", "[1]", "null", "", "  "])
@BOTH
async def test_other_json_is_a_failure_of_the_network(failure, provider, body):
    """Neither answer nor error."""
    async with ModelServer([raw(body)]) as server:
        found = await failure(**at(server, provider))
    assert (found.category, found.outcome) == (Category.NETWORK, Outcome.UNKNOWN)


async def test_a_stream_under_the_name_of_json_is_a_stream(contexts):
    """Some servers send server-sent events as `application/json`: the words still come one by one."""
    events = openai(
        chunk({"content": "Hi "}), chunk({"content": "you"}), chunk({}, "stop"), chunk(usage=USED)
    )
    async with ModelServer([raw(events.body)]) as server:
        context = contexts()
        result = await chat(context, "Hi", **at(server))
    assert result["content"] == "Hi you"
    assert len(texts(context)) > 1


async def test_a_json_body_is_bounded(failure):
    """What comes in place of a stream is not read without limit."""
    body = json.dumps({"error": {"message": "x" * 100_000}})
    async with ModelServer([raw(body)]) as server:
        found = await failure(**at(server), max_response_bytes=50_000)
    assert found.code == "too_large"


NO_USAGE = [None, {}, *({**USED, "prompt_tokens": odd} for odd in (-1, 1.5, None))]


@pytest.mark.parametrize("usage", NO_USAGE, ids=str)
async def test_a_usage_that_counts_nothing_is_none(contexts, usage):
    """What a server tells wrongly is no zero: the call is unpriced and unmetered, and one line says so."""
    chunks = [chunk({"content": "Hi"}), chunk({}, "stop"), {**chunk(usage=usage), "choices": []}]
    async with ModelServer([openai(*chunks)]) as server:
        context = contexts()
        result = await chat(context, "Hi", prices={"input": 1, "output": 1}, **at(server))
    assert result["content"] == "Hi"
    assert context.usage == {"calls": 1, "unpriced_calls": 1, "unmetered_calls": 1}
    [line] = context.lines()
    assert line.endswith("told no usage that can be read")


async def test_a_usage_of_anthropic_that_counts_nothing_is_none(contexts):
    """The same for the other API."""
    events = [START, TEXT, HI, CLOSED, {**ENDED, "usage": {"output_tokens": -99}}, STOP]
    async with ModelServer([anthropic(*events)]) as server:
        context = contexts()
        await chat(context, "Hi", **at(server, "anthropic"))
    assert context.usage == {"calls": 1, "unpriced_calls": 1, "unmetered_calls": 1}
    assert len(context.lines()) == 1


async def test_a_usage_that_was_told_is_not_logged(contexts):
    """Where all is well there is no such line."""
    async with ModelServer([say("Hi")]) as server:
        context = contexts()
        await chat(context, "Hi", **at(server))
    assert context.lines() == []


# --- what calls of tools hold -----------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["NaN", "-Infinity", "1e999"])
@BOTH
async def test_a_number_that_is_none_is_told_to_the_model(contexts, provider, odd):
    """NaN in a call's arguments is told like other broken JSON; the call is made when it is right."""
    replies = [
        call("calculate_metrics", f'{{"data": [1, {odd}]}}'),
        call("calculate_metrics", data=[1, 2]),
        say("1.5"),
    ]
    async with ModelServer(replies) as server:
        context = contexts()
        result = await run(context, **at(server, provider), tools=["calculate_metrics"])
    assert result["content"] == "1.5"
    assert result["tool_calls"] == [{"name": "calculate_metrics", "arguments": {"data": [1, 2]}}]
    assert "INVALID_JSON" in json.dumps(server.requests[1].body)
    assert [fact.arguments for fact in context.tools if isinstance(fact, ToolCalled)] == [{"data": [1, 2]}]
    json.dumps(context.pieces, allow_nan=False)


@BOTH
async def test_a_number_that_is_none_is_no_answer(contexts, provider):
    """Nor does an answer with NaN fit any schema."""
    schema = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}
    async with ModelServer([say('{"n": NaN}'), answer({"n": 1})]) as server:
        result = await chat(contexts(), "Hi", **at(server, provider), output_schema=schema)
        assert len(server.requests) == 2
    assert result["content"] == {"n": 1}
