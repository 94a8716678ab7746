"""`chat_completion` of an ai_agent against a scripted model behind the providers' APIs."""

import asyncio
import json
import sys
import warnings

import httpx2
import pytest
from aiohttp import web

from lead_tui.agents.ai import AiAgent
from lead_tui.agents.ai.keys import PLACEHOLDER, Key
from lead_tui.agents.ai.messages import history
from lead_tui.agents.ai.wire import Wire
from lead_tui.errors import AgentError
from lead_tui.testing import ModelServer, answer, call, raw, say, together
from tests.agents.ai.asked import KEY, MODELS, Listener, at, chat, config, run, texts
from tests.agents.http_server import serve

BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 1}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
PNG = "iVBORw0KGgo="


@BOTH
async def test_an_answer_has_one_shape_whoever_gave_it(contexts, provider):
    """Content, model, reason and tokens are the same keys for both providers."""
    async with ModelServer([say("Hello there").using(input=7, output=3)]) as server:
        result = await chat(contexts(), "Hi", **at(server, provider), instructions="Be kind.")
    assert result == {
        "content": "Hello there",
        "model": MODELS[provider],
        "finish_reason": "stop",
        "usage": {"input_tokens": 7, "output_tokens": 3},
        "tool_calls": [],
    }
    [request] = server.requests
    assert request.api == provider
    assert (request.system, request.prompt) == ("Be kind.", "Hi")


@BOTH
async def test_text_streams_while_it_comes(contexts, provider):
    """The first words are out before the model has said the last, and in their order."""
    rest = asyncio.Event()
    async with ModelServer([say("one ", "two ", "three").waiting(rest, after=2)]) as server:
        context = contexts()
        asking = asyncio.create_task(chat(context, "Count", **at(server, provider)))
        await context.heard("one two")
        assert not asking.done()
        rest.set()
        result = await asking
    assert "".join(texts(context)) == result["content"] == "one two three"


@BOTH
async def test_settings_of_the_call_go_before_those_of_the_agent(contexts, provider):
    """`max_tokens`, `temperature` and `stop` reach the model, the call's before the agent's."""
    asked = {"prompt": "Hi", "max_tokens": 5, "stop": ["END"]}
    async with ModelServer([say("ok"), say("ok")]) as server:
        where = at(server, provider, model="claude-haiku-4-5" if provider == "anthropic" else "gpt-4o")
        await chat(contexts(), asked, **where, max_tokens=99, temperature=0.5)
        await chat(contexts(), "Hi", **where, max_tokens=99)
    first, second = (request.body for request in server.requests)
    assert (first.get("max_completion_tokens") or first.get("max_tokens")) == 5
    assert (second.get("max_completion_tokens") or second.get("max_tokens")) == 99
    assert (first.get("stop") or first.get("stop_sequences")) == ["END"]
    assert (first["temperature"], "temperature" in second) == (0.5, False)


@pytest.mark.parametrize(
    "messages",
    [
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this? {{ 7 * 7 }}"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            ]},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        ],
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this? {{ 7 * 7 }}"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            ]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "a cat"}]},
            ]},
        ],
    ],
    ids=["openai", "anthropic"],
)  # fmt: skip
@BOTH
async def test_messages_may_be_written_as_either_api_takes_them(contexts, provider, messages):
    """A conversation with an image and a tool's result arrives whole, and nothing in it is rendered."""
    async with ModelServer([say("A cat.")]) as server:
        result = await chat(contexts(), {"messages": messages}, **at(server, provider))
    assert result["content"] == "A cat."
    [request] = server.requests
    assert request.system == "Be brief."
    assert request.prompt == "What is this? {{ 7 * 7 }}"
    assert request.results == ["a cat"]
    assert PNG in json.dumps(request.body)


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([{"role": "robot", "content": "x"}], "messages[0].role: 'robot' is none of"),
        ([{"role": "user"}], "messages[0] is not as the provider's API takes it: 'content' is missing"),
        ([{"role": "user", "content": [{"type": "odour"}]}], "messages[0]"),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "must end with"),
        ([{"role": "tool", "tool_call_id": "c9", "content": "x"}], "asks for the tool call 'c9'"),
        (
            [{"role": "user", "content": [{"type": "image", "source": {"type": "ftp"}}]}],
            "a source of type 'ftp'",
        ),
        ([], "must end with"),
    ],
)
async def test_a_message_that_cannot_be_read_is_named(failure, messages, said):
    """What is wrong with which message is told before anything is sent."""
    found = await failure(parameters={"messages": messages}, endpoint="http://127.0.0.1:9/v1")
    assert (found.category, found.code) == ("validation_error", "bad_parameters")
    assert said in found.message


async def test_other_blocks_of_messages_reach_the_model(contexts):
    """Texts, documents, thoughts and audio in blocks are read, too."""
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "Rules."}]},
        {"role": "user", "content": {"type": "text", "text": "Read this"}},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"},
                                          {"type": "refusal", "refusal": "no"}]},
        {"role": "user", "content": [
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "the text"}},
            {"type": "image", "source": {"type": "url", "url": "https://h/a.png"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg=="}},
            {"type": "text", "text": "Now."},
        ]},
    ]  # fmt: skip
    async with ModelServer([say("ok"), say("ok")]) as server:
        await chat(contexts(), {"messages": messages}, **at(server, "anthropic"))
        audio = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
        asked = [
            {
                "role": "user",
                "content": [audio, {"type": "image_url", "image_url": {"url": "https://h/x.png"}}],
            }
        ]
        await chat(contexts(), {"messages": asked}, **at(server))
    sent = [json.dumps(request.body) for request in server.requests]
    for text in ("Rules.", "Read this", "the text", "https://h/a.png", "JVBERg", "Now."):
        assert text in sent[0]
    assert "UklGRg==" in sent[1]
    assert "https://h/x.png" in sent[1]


@BOTH
async def test_calls_of_offered_tools_come_back_unmade(contexts, provider):
    """`tools` of a call are offered to the model; what it calls is in the result, with its id."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [
        {"type": "function", "function": {"name": "weather", "description": "Look", "parameters": schema}},
        {"name": "clock", "input_schema": schema},
    ]
    asked = {"prompt": "Weather?", "tools": tools}
    async with ModelServer(
        [together(say("Let me look."), call("weather", city="Rome")), say("No.")]
    ) as server:
        result = await chat(contexts(), asked, **at(server, provider))
        plain = await chat(contexts(), asked, **at(server, provider))
    assert server.requests[0].tools == ["weather", "clock"]
    [made] = result["tool_calls"]
    assert (made["name"], made["arguments"]) == ("weather", {"city": "Rome"})
    assert made["id"]
    assert (result["content"].strip(), result["finish_reason"]) == ("Let me look.", "tool_call")
    assert (plain["content"], plain["tool_calls"]) == ("No.", [])


async def test_a_tool_without_a_name_is_told(failure):
    """What is offered needs a name."""
    found = await failure(parameters={"prompt": "x", "tools": [{"type": "function"}]}, endpoint="http://h/v1")
    assert "tools: each has a name" in found.message


# --- data ----------------------------------------------------------------------------------------------


@BOTH
async def test_an_answer_by_schema_is_data(contexts, provider):
    """With an output_schema the content is the data, checked."""
    async with ModelServer([answer({"city": "Rome", "people": 3})]) as server:
        result = await chat(contexts(), "Where?", **at(server, provider), output_schema=PLACE)
    assert result["content"] == {"city": "Rome", "people": 3}
    assert result["tool_calls"] == []


@BOTH
async def test_an_answer_that_does_not_fit_is_asked_for_again(contexts, provider):
    """The model is told what does not fit, and its next answer is taken; each request is admitted."""
    replies = [answer({"city": "Rome", "people": 0}), answer({"city": "Rome", "people": 1})]
    async with ModelServer(replies) as server:
        context = contexts()
        result = await chat(context, "Where?", **at(server, provider), output_schema=PLACE)
    assert result["content"] == {"city": "Rome", "people": 1}
    assert "$.people" in json.dumps(server.requests[1].body)
    assert result["usage"]["output_tokens"] == 40
    assert (context.admitted, context.usage["calls"]) == (2, 2)


async def test_a_model_without_schemas_answers_by_a_tool(contexts):
    """An older model gets the schema as a tool, and the result is the same."""
    async with ModelServer([answer({"city": "Rome", "people": 3})]) as server:
        where = at(server, "anthropic", model="claude-3-haiku")
        result = await chat(contexts(), "Where?", **where, output_schema=PLACE)
        looped = ModelServer([answer({"city": "Rome", "people": 3})])
        async with looped:
            again = await run(
                contexts(), **at(looped, "anthropic", model="claude-3-haiku"), output_schema=PLACE
            )
    assert server.requests[0].tools == ["final_result"]
    assert result["content"] == again["content"] == {"city": "Rome", "people": 3}
    assert result["tool_calls"] == again["tool_calls"] == []


async def test_asking_again_ends(failure):
    """After `output_retries` the attempt fails as malformed: once more by the engine, then not any more."""
    replies = [answer({"city": "Rome"})] * 6
    async with ModelServer(replies) as server:
        settings = {**at(server), "output_schema": PLACE, "output_retries": 2}
        first = await failure(**settings)
        assert len(server.requests) == 3
        second = await failure(context=None, **settings)
    assert (first.category, first.code, first.outcome) == ("agent_error", "malformed", "safe")
    assert second == first


async def test_a_second_attempt_that_is_malformed_is_the_last(failure, contexts):
    """A malformed answer gets one more try, not three."""
    async with ModelServer([say("not json")]) as server:
        settings = {**at(server), "output_schema": PLACE, "output_retries": 0}
        found = await failure(context=contexts(attempt=2), **settings)
    assert (found.code, found.outcome) == ("malformed", "permanent")


# --- where, and who ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "path"),
    [("openai", "/v1"), ("openai", "/v1/chat/completions"), ("anthropic", "/v1/messages"), ("anthropic", "")],
)
async def test_both_forms_of_an_endpoint_work(contexts, provider, path):
    """The base URL and the full one of the call lead to the same."""
    async with ModelServer([say("ok")]) as server:
        settings = at(server, provider) | {"endpoint": server.url + path}
        assert (await chat(contexts(), "Hi", **settings))["content"] == "ok"
        assert len(server.requests) == 1


@BOTH
async def test_the_environment_gives_endpoint_and_key(contexts, provider):
    """A flow that names neither runs against what the environment says, and the key is a secret now."""
    async with ModelServer([say("ok")], key="sk-of-the-environment") as server:
        context = contexts(environment=server.environment)
        await chat(context, "Hi", provider=provider)
    assert len(server.requests) == 1
    assert "sk-of-the-environment" in context.concealed


@pytest.mark.parametrize(
    "authentication",
    [
        {"type": "bearer", "token": KEY},
        {"type": "api_key", "key": KEY},
        {"type": "api_key", "key": KEY, "header": "x-api-key"},
        {"type": "api_key", "key": f"Bearer {KEY}", "header": "Authorization"},
    ],
)
@BOTH
async def test_each_form_of_authentication_is_let_in(contexts, provider, authentication):
    """Bearer and api_key go the provider's way, and a named header as it is named."""
    async with ModelServer([say("ok")], key=KEY) as server:
        settings = at(server, provider) | {"authentication": authentication}
        await chat(contexts(), "Hi", **settings)
    assert len(server.requests) == 1


async def test_no_key_of_the_process_is_ever_sent(contexts, monkeypatch, failure):
    """An endpoint of one's own gets neither a placeholder nor what the process's environment holds."""
    seen = []

    async def look(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        return web.json_response({"error": {"message": "seen"}}, status=400)

    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_ORG_ID"):
        monkeypatch.setenv(name, "canary-of-the-process")
    mine = {"type": "bearer", "token": "mine"}
    async with serve(look) as url:
        for provider in ("openai", "anthropic"):
            await failure(provider=provider, endpoint=url)
            await failure(provider=provider, endpoint=url, authentication=mine)
    assert len(seen) == 4
    assert "canary" not in str(seen)
    assert "leadtui" not in str(seen)
    sent = [{name.lower(): value for name, value in each.items()} for each in seen]
    shown = [{each.get("authorization"), each.get("x-api-key")} - {None} for each in sent]
    assert [bool(each) for each in shown] == [False, True, False, True]
    assert {key.removeprefix("Bearer ") for each in shown for key in each} == {"mine"}
    found = await failure(provider="openai")
    assert found.code == "missing_key"


async def test_headers_and_query_of_the_flow_go_with_every_request(contexts):
    """`custom_params.headers` and the endpoint's query are sent, with a key for repeats made of the step."""
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.path_qs, request.headers))
        return web.json_response({"error": {"message": "no"}}, status=400)

    async with serve(handler) as url:
        agent = AiAgent(
            config(endpoint=f"{url}/v1?api-version=3", custom_params={"headers": {"X-Team": "blue"}})
        )
        for _ in range(2):
            with pytest.raises(Exception, match="no"):
                await agent.execute("chat_completion", {"prompt": "Hi"}, contexts())
    (path, headers), (_, again) = seen
    assert path == "/v1/chat/completions?api-version=3"
    assert headers["x-team"] == "blue"
    assert "authorization" not in headers
    assert headers["idempotency-key"] == again["idempotency-key"] == "key-1-1"


async def test_nothing_is_logged_and_no_cookie_is_kept(contexts, caplog):
    """URLs are not written to a log, and what a server sets does not come back to it."""
    caplog.set_level("DEBUG", logger="httpx2")
    caplog.set_level("INFO")
    cookie = raw("{}", status=400, headers={"Set-Cookie": "sid=1"})
    async with ModelServer([cookie, say("ok")]) as server:
        agent = AiAgent(config(**at(server)))
        context = contexts()
        with pytest.raises(Exception, match="400"):
            await agent.execute("chat_completion", {"prompt": "Hi"}, context)
        await agent.execute("chat_completion", {"prompt": "Hi"}, context)
    assert "cookie" not in server.requests[1].headers
    assert "127.0.0.1" not in caplog.text


async def test_instances_may_ask_at_the_same_time(contexts):
    """One agent serves parallel calls, each with an answer of its own."""

    def echo(request):
        return say(f"You said {request.prompt}")

    async with ModelServer(echo) as server:
        agent = AiAgent(config(**at(server)))
        asked = [agent.execute("chat_completion", {"prompt": str(n)}, contexts()) for n in range(8)]
        answers = [each.result["content"] for each in await asyncio.gather(*asked)]
    assert answers == [f"You said {n}" for n in range(8)]


async def test_a_call_that_is_cancelled_hangs_up(contexts):
    """Cancelling the attempt ends the request at the server, too."""
    async with ModelServer([say("one ", "two").hanging(after=1)]) as server:
        context = contexts()
        asking = asyncio.create_task(chat(context, "Hi", **at(server)))
        await context.heard("one")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(10):
            await server.idle()


async def test_what_the_sdk_warns_of_is_a_line_of_the_task(contexts, capsys):
    """A warning of an SDK reaches the task's log, not the terminal of whoever runs leadtui."""
    context = contexts()
    async with ModelServer([say("ok")]) as server:
        with warnings.catch_warnings():
            warnings.simplefilter("always", DeprecationWarning)
            # as Python does outside of pytest
            warnings.showwarning = lambda text, *_, **__: print(text, file=sys.stderr)
            await chat(context, "Hi", **at(server, "anthropic", model="claude-sonnet-4-5"))
    assert any("claude-sonnet-4-5' is deprecated" in line for line in context.lines("stderr"))
    assert capsys.readouterr().err == ""


async def test_a_fault_of_our_own_stays_what_it_is(contexts):
    """An exception that is none of the provider's is not told as the model's failure."""

    class Deaf(Listener):
        def tokens(self, text: str) -> None:
            raise ZeroDivisionError(text)

    async with ModelServer([say("ok")]) as server:
        context = Deaf(environment={}, shared=contexts().shared)
        with pytest.raises(ZeroDivisionError):
            await chat(context, "Hi", **at(server))


async def test_the_client_for_sdks_has_no_way_around_the_pool(contexts):
    """No other credentials leave than ours, and httpx2's own transport is never used."""
    async with ModelServer(models=["a"]) as server:
        wire = Wire(contexts().shared, Key(server.key))
        strange = {"x-key": PLACEHOLDER, "authorization": "Bearer of the process", "cookie": "sid=1"}
        response = await wire.get(f"{server.url}/v1/models", headers=strange)
        sent = response.request.headers
        assert (response.status_code, sent["x-key"]) == (401, server.key)
        assert not {"authorization", "cookie", "idempotency-key"} & set(sent)
        assert "Incorrect API key" in response.text
        with pytest.raises(httpx2.UnsupportedProtocol):
            await httpx2.AsyncClient.send(wire, response.request)


async def test_every_piece_of_a_stream_is_a_sign_of_life(contexts):
    """A server's pings, too, which the SDKs leave out."""
    heard = asyncio.Event()

    async def ping(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(3):
            await heard.wait()
            heard.clear()
            await response.write(b": ping\n\n")
        return response

    async with serve(ping) as url, asyncio.timeout(20):
        wire = Wire(contexts().shared, Key(KEY), heard=heard.set)
        assert (await wire.get(url)).text == ": ping\n\n" * 3


@BOTH
async def test_an_answer_without_text_is_heard(contexts, provider):
    """A call of a tool: nothing streams for people, and yet it is no silence."""
    context = contexts()
    tools = [{"name": "weather", "input_schema": {"type": "object", "properties": {}}}]
    async with ModelServer([call("weather", city="Paris")]) as server:
        await chat(context, {"prompt": "Hi", "tools": tools}, **at(server, provider))
    assert texts(context) == []
    assert context.heartbeats > 0


def test_no_url_is_fetched_past_our_own_http():
    """An image by URL goes only to services that fetch it themselves, a document by URL to none."""
    image = [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://10.0.0.1/x.png"}}]}
    ]
    with pytest.raises(AgentError, match="send a data: URL"):
        history(image, urls=False)
    assert history(image, urls=True)
    source = {"type": "url", "url": "http://10.0.0.1/x.txt"}
    document = [{"role": "user", "content": [{"type": "document", "source": source}]}]
    with pytest.raises(AgentError, match="a source of type 'url' is not known"):
        history(document, urls=True)


async def test_what_a_provider_does_not_take_is_told(failure):
    """Audio for a model of Anthropic is a clear failure."""
    audio = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    asked = {"messages": [{"role": "user", "content": [audio]}]}
    found = await failure(parameters=asked, provider="anthropic", endpoint="http://127.0.0.1:9")
    assert (found.category, found.code) == ("validation_error", "bad_request")
