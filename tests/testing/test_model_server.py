"""The scripted model, asked by the providers' own clients, and what it says when it goes wrong."""

import asyncio
import contextlib
import json
from typing import ClassVar

import anthropic
import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.testing import ModelServer, answer, call, fail, raw, refuse, say, together
from lead_tui.testing.model_server import request as asked
from lead_tui.testing.model_server.frames import cut_up
from lead_tui.testing.model_server.replies import STATUSES, Problem

HELLO = [{"role": "user", "content": "Hello?"}]
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PROBLEMS: tuple[Problem, ...] = Problem.__args__


class OpenAIPeer:
    """OpenAI's client: one question, plain or streaming, to what was said and what it cost."""

    name = "openai"

    def __init__(self, server, key=None):
        self.client = openai.AsyncOpenAI(
            base_url=server.openai_url, api_key=key or server.key, max_retries=0, timeout=30
        )

    async def plain(self, messages=HELLO, **options):
        found = await self.client.chat.completions.create(model="m", messages=messages, **options)
        (choice,) = found.choices
        calls = [(each.function.name, each.function.arguments) for each in choice.message.tool_calls or ()]
        tokens = (found.usage.prompt_tokens, found.usage.completion_tokens)
        return choice.message.content or "", calls, choice.finish_reason, tokens

    async def streamed(self, messages=HELLO, **options):
        stream = await self.client.chat.completions.create(
            model="m", messages=messages, stream=True, stream_options={"include_usage": True}, **options
        )
        pieces, calls, finish, tokens = [], {}, None, None
        async for chunk in stream:
            for choice in chunk.choices:
                pieces += [choice.delta.content] if choice.delta.content else []
                for each in choice.delta.tool_calls or ():
                    known = calls.setdefault(each.index, [each.function.name, ""])
                    known[1] += each.function.arguments
                finish = choice.finish_reason or finish
            if chunk.usage is not None:
                tokens = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        return pieces, [tuple(each) for each in calls.values()], finish, tokens


class AnthropicPeer:
    """Anthropic's client, seen the same way."""

    name = "anthropic"
    finishes: ClassVar = {
        "end_turn": "stop",
        "tool_use": "tool_calls",
        "max_tokens": "length",
        "refusal": "content_filter",
    }

    def __init__(self, server, key=None):
        self.client = anthropic.AsyncAnthropic(
            base_url=server.anthropic_url, api_key=key or server.key, max_retries=0, timeout=30
        )

    async def plain(self, messages=HELLO, **options):
        found = await self.client.messages.create(model="m", max_tokens=99, messages=messages, **options)
        return self._read(found)

    async def streamed(self, messages=HELLO, **options):
        pieces = []
        async with self.client.messages.stream(
            model="m", max_tokens=99, messages=messages, **options
        ) as stream:
            async for event in stream:
                if event.type == "content_block_delta" and event.delta.type == "text_delta":
                    pieces.append(event.delta.text)
            text, calls, finish, tokens = self._read(await stream.get_final_message())
        assert "".join(pieces) == text
        return pieces, calls, finish, tokens

    def _read(self, found):
        text = "".join(each.text for each in found.content if each.type == "text")
        calls = [(each.name, json.dumps(each.input)) for each in found.content if each.type == "tool_use"]
        tokens = (found.usage.input_tokens, found.usage.output_tokens)
        return text, calls, self.finishes[found.stop_reason], tokens


@pytest.fixture(params=[OpenAIPeer, AnthropicPeer], ids=lambda each: each.name)
def ask(request):
    """A client for a server, closed at the end of the block."""

    @contextlib.asynccontextmanager
    async def make(server, key=None):
        peer = request.param(server, key)
        async with peer.client:
            yield peer

    make.name = request.param.name
    return make


# what the model says ----------------------------------------------------------------------------------------


async def test_text(ask):
    """The same text, end and tokens, in one and word by word."""
    reply = say("It is sunny.").using(input=7, output=3)
    async with ModelServer([reply, reply]) as server, ask(server) as peer:
        assert await peer.plain() == ("It is sunny.", [], "stop", (7, 3))
        assert await peer.streamed() == (["It ", "is ", "sunny."], [], "stop", (7, 3))
        assert server.left == 0


async def test_pieces_are_sent_as_they_are_scripted(ask):
    """Several arguments are the pieces."""
    async with ModelServer([say("Hel", "lo")]) as server, ask(server) as peer:
        assert (await peer.streamed())[0] == ["Hel", "lo"]


async def test_calls_of_tools(ask):
    """Text and two calls in one message; in a stream their arguments come in pieces and join to the same."""
    reply = together(
        say("Let me see."), call("weather", city="Paris"), call("weather", {"city": 'Rom\u00e9 "x"'})
    )
    async with ModelServer([reply, reply]) as server, ask(server) as peer:
        text, calls, finish, _ = await peer.plain()
        assert (text, finish) == ("Let me see.", "tool_calls")
        assert [name for name, _ in calls] == ["weather", "weather"]
        assert [json.loads(arguments)["city"] for _, arguments in calls] == ["Paris", 'Rom\u00e9 "x"']
        pieces, streamed, finish, _ = await peer.streamed()
        assert ("".join(pieces), streamed, finish) == ("Let me see.", calls, "tool_calls")


async def test_an_answer_that_ran_into_its_limit(ask):
    """`ending` sets the reason in the provider's words."""
    reply = say("It is").ending("length")
    async with ModelServer([reply, reply]) as server, ask(server) as peer:
        assert (await peer.plain())[2] == "length"
        assert (await peer.streamed())[2] == "length"


async def test_what_came_from_the_cache():
    """OpenAI counts it into the input, Anthropic beside it."""
    reply = say("a").using(input=5, output=1, cache_read=90, cache_write=3)
    async with ModelServer([reply, reply]) as server:
        async with OpenAIPeer(server).client as client:
            usage = (await client.chat.completions.create(model="m", messages=HELLO)).usage
        assert (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.total_tokens) == (
            98,
            90,
            99,
        )
        assert usage.prompt_tokens_details.cache_write_tokens == 3
        async with AnthropicPeer(server).client as client:
            usage = (await client.messages.create(model="m", max_tokens=9, messages=HELLO)).usage
        assert (usage.input_tokens, usage.cache_read_input_tokens) == (5, 90)
        assert usage.cache_creation_input_tokens == 3


async def test_a_refusal():
    """OpenAI has a field for it, Anthropic a reason for the end."""
    async with ModelServer([refuse("No."), refuse("No."), refuse("No.")]) as server:
        async with OpenAIPeer(server).client as client:
            spoken = (await client.chat.completions.create(model="m", messages=HELLO)).choices[0].message
            assert (spoken.refusal, spoken.content) == ("No.", None)
            stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
            deltas = [chunk.choices[0].delta async for chunk in stream if chunk.choices]
            assert "".join(each.refusal or "" for each in deltas) == "No."
            assert not any(each.content for each in deltas)
        async with AnthropicPeer(server).client as client:
            found = await client.messages.create(model="m", max_tokens=9, messages=HELLO)
            assert (found.stop_reason, found.content[0].text) == ("refusal", "No.")


async def test_usage_comes_only_to_who_asks():
    """As at OpenAI: without `include_usage` no chunk has it."""
    async with ModelServer([say("a")]) as server, OpenAIPeer(server).client as client:
        stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
        assert [chunk async for chunk in stream if chunk.usage] == []


# data -------------------------------------------------------------------------------------------------------


async def test_data_as_json_text():
    """Who asks for a schema of the text gets JSON text, at both providers."""
    shape = {"name": "ticket", "schema": {"type": "object"}, "strict": False}
    async with ModelServer([answer({"urgent": True})] * 2) as server:
        async with OpenAIPeer(server).client as client:
            found = await client.chat.completions.create(
                model="m", messages=HELLO, response_format={"type": "json_schema", "json_schema": shape}
            )
            assert json.loads(found.choices[0].message.content) == {"urgent": True}
        async with AnthropicPeer(server).client as client:
            found = await client.messages.create(
                model="m", max_tokens=9, messages=HELLO,
                output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
            )  # fmt: skip
            assert json.loads(found.content[0].text) == {"urgent": True}


def tools_of(name, *names):
    """Tools in the provider's language."""
    if name == "openai":
        return [{"type": "function", "function": {"name": each, "parameters": WEATHER}} for each in names]
    return [{"name": each, "input_schema": WEATHER} for each in names]


async def test_data_as_a_call_of_the_tool_that_takes_it(ask):
    """The tool that is forced, `final_result` among several, or the only one; without any it is JSON text."""
    forced = {
        "openai": {"type": "function", "function": {"name": "b"}}, "anthropic": {"type": "tool", "name": "b"},
    }[ask.name]  # fmt: skip
    async with ModelServer(lambda _: answer({"x": 1})) as server, ask(server) as peer:
        for names, options, expected in (
            (("a", "b"), {"tool_choice": forced}, "b"),
            (("a", "final_result"), {}, "final_result"),
            (("a",), {}, "a"),
        ):
            _, calls, finish, _ = await peer.plain(tools=tools_of(ask.name, *names), **options)
            assert (calls, finish) == ([(expected, '{"x": 1}')], "tool_calls")
        for options in ({}, {"tools": tools_of(ask.name, "a", "b")}):
            assert (await peer.plain(**options))[:2] == ('{"x": 1}', [])


async def test_arguments_that_are_no_json():
    """A text goes out as it is; where the language has only objects, it becomes one if it can."""
    torn, listed, whole = '{"city": ', "[]", '{"city": "Rome"}'
    replies = [call("weather", text) for text in (torn, torn, listed, whole)]
    async with ModelServer(replies) as server:
        async with ask_openai(server) as peer:
            assert (await peer.plain())[1] == [("weather", '{"city": ')]
        async with AnthropicPeer(server).client as client:
            for expected in ({}, {}, {"city": "Rome"}):
                found = await client.messages.create(model="m", max_tokens=9, messages=HELLO)
                assert found.content[0].input == expected


@contextlib.asynccontextmanager
async def ask_openai(server):
    peer = OpenAIPeer(server)
    async with peer.client:
        yield peer


async def test_characters_of_several_bytes(ask):
    """They come out of the pieces as they went in."""
    reply = say("caf\u00e9 \U0001f600 \u65e5\u672c")
    async with ModelServer([reply, reply]) as server, ask(server) as peer:
        assert (await peer.plain())[0] == "".join((await peer.streamed())[0]) == reply.text


@given(st.text())
def test_pieces_join_to_the_whole(text):
    """Whatever is said, the pieces are the text, and none is empty unless the text is."""
    reply = say(text)
    assert reply.text == "".join(cut_up(text)) == text
    assert all(reply.pieces) or not text


# errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("streams", [False, True])
async def test_errors_are_the_providers_own(ask, problem, streams):
    """Both clients read each as an error with its status, and find the message."""
    async with ModelServer([fail(problem, message="So it is.")]) as server, ask(server) as peer:
        with pytest.raises((openai.APIStatusError, anthropic.APIStatusError)) as caught:
            await (peer.streamed() if streams else peer.plain())
    assert caught.value.status_code >= 400
    assert caught.value.body["error" if ask.name == "anthropic" else "message"]
    assert "So it is." in str(caught.value)


async def test_the_kinds_by_which_clients_tell_errors_apart():
    """No money, no key, a full context and an overload are what the providers call them."""
    kinds = {
        "no_money": ((429, "insufficient_quota"), (400, "invalid_request_error")),
        "invalid_key": ((401, "invalid_api_key"), (401, "authentication_error")),
        "context_length": ((400, "context_length_exceeded"), (400, "invalid_request_error")),
        "rate_limit": ((429, "rate_limit_exceeded"), (429, "rate_limit_error")),
        "overloaded": ((503, None), (529, "overloaded_error")),
        "unknown_model": ((404, "model_not_found"), (404, "not_found_error")),
    }
    for problem, (of_openai, of_anthropic) in kinds.items():
        async with ModelServer([fail(problem), fail(problem)]) as server:
            async with ask_openai(server) as peer:
                with pytest.raises(openai.APIStatusError) as first:
                    await peer.plain()
            assert (first.value.status_code, first.value.code) == of_openai
            async with AnthropicPeer(server).client as client:
                with pytest.raises(anthropic.APIStatusError) as second:
                    await client.messages.create(model="m", max_tokens=9, messages=HELLO)
            assert (second.value.status_code, second.value.body["error"]["type"]) == of_anthropic


@pytest.mark.parametrize(("status", "problem"), [*STATUSES.items(), (418, "server_error")])
def test_an_error_by_its_status(status, problem):
    """A number is the status, whatever the provider's own would be."""
    reply = fail(status, retry_after=2)
    assert (reply.problem, reply.status, reply.retry_after) == (problem, status, 2)


async def test_retry_after_is_a_header(ask):
    """And the status is the one that was asked for."""
    replies = [fail(429, retry_after=0.5), fail(529, retry_after=30)]
    async with ModelServer(replies) as server, ask(server) as peer:
        for status, seconds in ((429, "0.5"), (529, "30")):
            with pytest.raises((openai.APIStatusError, anthropic.APIStatusError)) as caught:
                await peer.plain()
            assert caught.value.status_code == status
            assert caught.value.response.headers["retry-after"] == seconds


async def test_without_its_key_nobody_gets_in(ask):
    """401 in the provider's words; it takes no reply and is not among the requests."""
    async with ModelServer([say("hello")], key="right") as server:
        async with ask(server, key="wrong") as peer:
            with pytest.raises((openai.AuthenticationError, anthropic.AuthenticationError)):
                await peer.plain()
        assert (server.requests, server.left) == ([], 1)
        async with ask(server) as peer:
            assert (await peer.plain())[0] == "hello"
        (request,) = server.requests
    assert not any("right" in value for value in request.headers.values())
    assert request.headers["user-agent"]


async def test_a_server_that_asks_for_no_key(ask):
    """As those that people run themselves: any key will do."""
    async with ModelServer([say("hello")], key="") as server, ask(server, key="any") as peer:
        assert (await peer.plain())[0] == "hello"


async def test_a_model_that_is_not_there(ask):
    """404 for names that are not listed; the list is there to be read."""
    async with ModelServer([say("hello")], models=["a", "b"]) as server, ask(server) as peer:
        with pytest.raises((openai.NotFoundError, anthropic.NotFoundError), match="m"):
            await peer.plain()
        assert server.left == 1
        assert [each.id async for each in peer.client.models.list()] == ["a", "b"]
    async with ModelServer() as server, ask(server, key="wrong") as peer:
        with pytest.raises((openai.AuthenticationError, anthropic.AuthenticationError)):
            await peer.client.models.list()
    async with ModelServer() as server, ask(server) as peer:
        assert [each.id async for each in peer.client.models.list()] == []


# what goes wrong on the way ---------------------------------------------------------------------------------


LOST = (httpx2.TransportError, openai.APIConnectionError, anthropic.APIConnectionError)


@pytest.mark.parametrize("after", [0, 1, 2, 9])
@pytest.mark.parametrize("streams", [False, True])
async def test_a_connection_that_breaks(ask, after, streams):
    """Before the status line, in the middle, and just before the end: never a whole answer."""
    async with ModelServer([say("a b c").cut(after)]) as server, ask(server) as peer:
        with pytest.raises(LOST):
            await (peer.streamed() if streams else peer.plain())
        await server.idle()


async def test_pieces_before_the_break_arrive():
    """`after` counts pieces."""
    async with ModelServer([say("a b c").cut(2)]) as server, OpenAIPeer(server).client as client:
        stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
        pieces = []
        with pytest.raises(LOST):
            async for chunk in stream:
                pieces.append(chunk.choices[0].delta.content)
        assert pieces == ["", "a ", "b "]


async def lines_of(server, **body):
    """The lines of a streaming answer of OpenAI's language, as they come over the wire."""
    headers = {"Authorization": f"Bearer {server.key}"}
    async with httpx2.AsyncClient(timeout=30) as client:
        body = {"model": "m", "messages": HELLO, "stream": True, **body}
        async with client.stream(
            "POST", f"{server.openai_url}/chat/completions", json=body, headers=headers
        ) as got:
            assert got.headers["content-type"].startswith(
                "text/event-stream" if body["stream"] else "application/json"
            )
            return [line async for line in got.aiter_lines() if line]


async def test_a_stream_that_ends_too_early_without_a_sign():
    """The transfer is whole, the message is not: no finish_reason, no [DONE]."""
    async with ModelServer([say("a b c").ended(2)]) as server:
        lines = await lines_of(server)
    assert len(lines) == 3
    assert all('"finish_reason": null' in line for line in lines)


async def test_an_answer_in_one_that_ends_too_early():
    """Broken JSON in a whole transfer."""
    async with ModelServer([say("a b c").ended()]) as server:
        (line,) = await lines_of(server, stream=False)
    with pytest.raises(json.JSONDecodeError):
        json.loads(line)


async def test_a_stream_has_an_end_that_says_so():
    """As OpenAI closes it: the reason, the usage, [DONE]."""
    async with ModelServer([say("a")]) as server:
        *_, finish, usage, done = await lines_of(server, stream_options={"include_usage": True})
    assert json.loads(finish.removeprefix("data: "))["choices"][0]["finish_reason"] == "stop"
    assert json.loads(usage.removeprefix("data: "))["choices"] == []
    assert done == "data: [DONE]"


async def test_an_error_in_the_middle_of_a_stream(ask):
    """After a piece the stream says that it failed; without a stream it is the error alone."""
    reply = say("a b c").failing("overloaded", after=1)
    async with ModelServer([reply] * 3 + [reply.failing(after=0)]) as server, ask(server) as peer:
        with pytest.raises((openai.APIError, anthropic.APIError), match=r"(?i)overloaded"):
            await peer.streamed()
        with pytest.raises((openai.APIStatusError, anthropic.APIStatusError)) as caught:
            await peer.plain()
        assert caught.value.status_code in (503, 529)


async def test_an_answer_waits_for_its_gates(ask):
    """A slow drip: each gate lets the next piece through, and no time passes."""
    gates = [asyncio.Event(), asyncio.Event()]
    reply = say("a b").waiting(gates[1], after=1).waiting(gates[0])
    async with ModelServer([reply]) as server, ask(server) as peer:
        talking = asyncio.create_task(peer.streamed())
        request = await server.received()
        assert (request.prompt, request.streams) == ("Hello?", True)
        gates[0].set()
        assert not talking.done()
        gates[1].set()
        assert (await talking)[0] == ["a ", "b"]


@pytest.mark.parametrize("after", [0, 1])
async def test_an_answer_that_never_comes(ask, after):
    """It hangs until the client goes, which the server notices."""
    async with ModelServer([say("a b").hanging(after)]) as server, ask(server) as peer:
        talking = asyncio.create_task(peer.streamed())
        await server.received()
        talking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await talking
        await server.idle()


async def test_the_end_of_the_block_ends_what_hangs(ask):
    """A client that still waits then loses its connection."""
    async with ModelServer([say("a").hanging()]) as server:
        peer = OpenAIPeer(server)
        talking = asyncio.create_task(peer.plain())
        await server.received()
    async with peer.client:
        with pytest.raises(LOST):
            await talking


@pytest.mark.parametrize("streams", [False, True])
async def test_a_body_without_end(streams):
    """It flows as long as somebody reads."""
    headers = {"Authorization": "Bearer test-key"}
    async with ModelServer([say("a").endless()]) as server, httpx2.AsyncClient(timeout=30) as client:
        body = {"model": "m", "messages": HELLO, "stream": streams}
        async with client.stream(
            "POST", f"{server.openai_url}/chat/completions", json=body, headers=headers
        ) as got:
            size = 0
            async for chunk in got.aiter_bytes():
                size += len(chunk)
                if size > 500_000:
                    break
        await server.idle()


async def test_any_body_at_all():
    """A login page in place of an answer, a redirect, broken JSON."""
    replies = [
        raw("<h1>Login</h1>", "text/html"),
        raw(b"", status=302, headers={"Location": "http://elsewhere.invalid/"}),
        raw("{"),
    ]
    headers = {"x-api-key": "test-key"}
    async with ModelServer(replies) as server, httpx2.AsyncClient() as client:
        url = f"{server.openai_url}/chat/completions"
        said = [
            await client.post(url, json={"model": "m", "messages": HELLO}, headers=headers) for _ in replies
        ]
    assert [each.status_code for each in said] == [200, 302, 200]
    assert (said[0].headers["content-type"], said[0].text) == ("text/html", "<h1>Login</h1>")
    assert said[1].headers["location"] == "http://elsewhere.invalid/"
    assert said[2].text == "{"


# the script -------------------------------------------------------------------------------------------------


async def test_a_function_of_the_request(ask):
    """It sees what the model sees, the same for both providers, and may be async."""
    seen = []

    async def script(request):
        seen.append((request.model, request.prompt, request.system, request.tools, request.api))
        return say(request.prompt.upper())

    system = {"system": "Be brief."} if ask.name == "anthropic" else {}
    messages = HELLO if system else [{"role": "system", "content": "Be brief."}, *HELLO]
    async with ModelServer(script) as server, ask(server) as peer:
        text, *_ = await peer.plain(messages, tools=tools_of(ask.name, "weather"), **system)
    assert text == "HELLO?"
    assert seen == [("m", "Hello?", "Be brief.", ["weather"], ask.name)]


async def test_what_the_function_raises_comes_out(ask):
    """The client gets a 500, the test the error itself, unless it has one of its own."""

    def script(_request):
        raise AssertionError("wrong prompt")

    with pytest.raises(AssertionError, match="wrong prompt"):
        async with ModelServer(script) as server, ask(server) as peer:
            with pytest.raises((openai.InternalServerError, anthropic.InternalServerError)):
                await peer.plain()
    with pytest.raises(KeyError):
        async with ModelServer(script) as server, ask(server) as peer:
            with contextlib.suppress(openai.APIError, anthropic.APIError):
                await peer.plain()
            raise KeyError


async def test_a_script_that_is_too_short(ask):
    """The request beyond its end is refused, and says which one it was."""
    async with ModelServer([say("a")]) as server, ask(server) as peer:
        await peer.plain()
        with pytest.raises(
            (openai.BadRequestError, anthropic.BadRequestError), match="scripted for request 2: 'Hello\\?'"
        ):
            await peer.plain()


async def test_the_variables_that_lead_to_it():
    """The clients find the server by the environment that it gives."""
    async with ModelServer([say("a"), say("b")], key="k") as server:
        where = server.environment
        assert where["OPENAI_BASE_URL"] == f"{server.url}/v1"
        assert where["ANTHROPIC_BASE_URL"] == server.url
        assert where["OPENAI_API_KEY"] == where["ANTHROPIC_API_KEY"] == "k"


def test_it_has_no_address_before_it_runs():
    """The error says how to start it."""
    with pytest.raises(RuntimeError, match="async with ModelServer"):
        _ = ModelServer().url


# a conversation with tools ----------------------------------------------------------------------------------


async def test_results_of_tools_of_openai():
    """The last ones, in their order, as text."""
    talk = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "a", "arguments": "{}"}},
            {"id": "2", "type": "function", "function": {"name": "b", "arguments": "{}"}},
        ]},
        {"role": "tool", "tool_call_id": "2", "content": "two"},
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "one"}]},
    ]  # fmt: skip
    async with (
        ModelServer(lambda request: say(" ".join(request.results))) as server,
        ask_openai(server) as peer,
    ):
        assert (await peer.plain(talk))[0] == "two one"


async def test_results_of_tools_of_anthropic():
    """They stand in a message of the user, who may say something, too."""
    talk = [
        *HELLO,
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "a", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "one"}]},
            {"type": "text", "text": "And?"},
        ]},
    ]  # fmt: skip
    async with ModelServer(lambda request: say(request.prompt, *request.results)) as server:
        peer = AnthropicPeer(server)
        async with peer.client:
            assert (await peer.plain(talk))[0] == "And?one"


CALL = {"id": "1", "type": "function", "function": {"name": "a", "arguments": "{}"}}
USE = {"type": "tool_use", "id": "1", "name": "a", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "1", "content": "one"}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"model": ""}, "model parameter"),
        ({"messages": None}, "valid list"),
        ({"messages": []}, "at least one"),
        ({"messages": [{"role": "user"}]}, "role and content"),
        ({"tools": tools_of("openai", "files.read")}, "tools\\[0\\].function.name"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"messages": [*HELLO, {"role": "tool", "tool_call_id": "1", "content": "x"}]}, "preceding message"),
        ({"messages": [{"role": "assistant", "tool_calls": [CALL]}]}, "did not have response messages: 1"),
        ({"messages": [{"role": "assistant", "tool_calls": [CALL]}, *HELLO]}, "followed by tool messages"),
    ],
)
async def test_what_openai_refuses(body, why):
    """A conversation that OpenAI would not take is refused before it takes a reply."""
    async with ModelServer([say("a")]) as server, OpenAIPeer(server).client as client:
        with pytest.raises(openai.BadRequestError, match=why):
            whole = {"model": "m", "messages": HELLO} | body
            await client.post("/chat/completions", cast_to=object, body=whole)
        assert server.left == 1


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"messages": [{"role": "assistant", "content": "a"}]}, "first message"),
        ({"messages": [*HELLO, {"role": "system", "content": "a"}]}, 'Unexpected role "system"'),
        ({"messages": [*HELLO, {"role": "assistant", "content": [USE]}, *HELLO]}, "without `tool_result`"),
        ({"messages": [{"role": "user", "content": [RESULT]}]}, "unexpected `tool_use_id`"),
        ({"tools": tools_of("anthropic", "files.read")}, "tools\\[0\\]"),
    ],
)
async def test_what_anthropic_refuses(body, why):
    """The same for Anthropic."""
    async with ModelServer([say("a")]) as server, AnthropicPeer(server).client as client:
        with pytest.raises(anthropic.BadRequestError, match=why):
            whole = {"model": "m", "max_tokens": 9, "messages": HELLO} | body
            await client.post("/v1/messages", cast_to=object, body=whole)
        assert server.left == 1


@pytest.mark.parametrize("body", [b"{", b"[]", b""])
async def test_a_body_that_is_no_object(body):
    """400 in the provider's shape."""
    async with ModelServer() as server, httpx2.AsyncClient() as client:
        said = await client.post(
            f"{server.openai_url}/chat/completions",
            content=body,
            headers={"Authorization": "Bearer test-key"},
        )
    assert (said.status_code, said.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_anthropics_version_must_be_said():
    """As its API insists."""
    async with ModelServer([say("a")]) as server, httpx2.AsyncClient() as client:
        said = await client.post(
            f"{server.anthropic_url}/v1/messages", headers={"x-api-key": server.key},
            json={"model": "m", "max_tokens": 9, "messages": HELLO},
        )  # fmt: skip
    assert "anthropic-version" in said.json()["error"]["message"]


def test_a_request_without_a_system_or_a_user():
    """Nothing to read is an empty text."""
    request = asked.ModelRequest(1, "openai", {}, {"messages": [{"role": "assistant", "content": "a"}]})
    assert (request.system, request.prompt, request.tools, request.results) == ("", "", [], [])
    assert (request.model, request.streams, request.wants_json, request.output_tool) == (
        "",
        False,
        False,
        None,
    )
