"""How calls of a model fail: category, outcome and code of everything that providers and networks do."""

import asyncio
import gzip
import json

import pytest
from aiohttp import web
from pydantic_ai import exceptions as ai

from lead_tui.agents.ai import failures
from lead_tui.errors import Category, Outcome, failed
from lead_tui.testing import FakeContext, ModelServer, call, fail, raw, refuse, say
from tests.agents.ai.asked import at, chat, config, texts
from tests.agents.http_server import answering, serve
from tests.agents.http_server import raw as raw_peer

BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
SAFE, UNKNOWN, PERMANENT = Outcome.SAFE, Outcome.UNKNOWN, Outcome.PERMANENT
NETWORK, RESOURCE, PERMISSION = Category.NETWORK, Category.RESOURCE, Category.PERMISSION


@pytest.mark.parametrize(
    ("reply", "category", "outcome", "retry_after"),
    [
        (fail("rate_limit", retry_after=7), RESOURCE, SAFE, 7.0),
        (fail("rate_limit"), RESOURCE, SAFE, None),
        (fail("no_money"), RESOURCE, PERMANENT, None),
        (fail(402), RESOURCE, PERMANENT, None),
        (fail("server_error"), NETWORK, UNKNOWN, None),
        (fail(502), NETWORK, UNKNOWN, None),
        (fail(503, retry_after=2), RESOURCE, SAFE, 2.0),
        (fail(529), NETWORK, UNKNOWN, None),
        (fail("forbidden"), PERMISSION, PERMANENT, None),
        (fail("unknown_model"), Category.VALIDATION, PERMANENT, None),
        (fail("bad_request"), Category.VALIDATION, PERMANENT, None),
        (fail("context_length"), Category.VALIDATION, PERMANENT, None),
        (raw("<html>login</html>", "text/html", status=407), PERMISSION, PERMANENT, None),
    ],
    ids=lambda value: getattr(value, "problem", None),
)
@BOTH
async def test_a_refused_request_by_its_status(failure, provider, reply, category, outcome, retry_after):
    """Each status has the category and outcome of the table, and one request was made: no SDK tries again."""
    async with ModelServer([reply]) as server:
        found = await failure(**at(server, provider))
        assert len(server.requests) == 1
    assert (found.category, found.outcome, found.retry_after) == (category, outcome, retry_after)
    assert found.status is not None


@BOTH
async def test_a_failure_says_what_the_provider_said_and_what_to_do(failure, provider):
    """The provider's sentence is in the message, and a hint where one helps."""
    async with ModelServer([fail("context_length"), fail("unknown_model")]) as server:
        long = await failure(**at(server, provider))
        unknown = await failure(**at(server, provider))
        assert server.url in long.message
    assert long.code == "context_length"
    assert "send less" in long.message
    assert "check `model` and `endpoint`" in unknown.message


async def test_a_wrong_key_is_told_without_the_key(failure, contexts):
    """A 401 is permanent and says whether a key was sent; even a server that repeats the key shows none."""
    async with ModelServer() as server:
        wrong = at(server) | {"authentication": {"type": "bearer", "token": "sk-wrong"}}
        refused = await failure(**wrong)
        keyless = await failure(endpoint=server.openai_url)
    assert (refused.category, refused.outcome, refused.status) == (PERMISSION, PERMANENT, 401)
    assert "no key was sent" not in refused.message
    assert "no key was sent: set `authentication`" in keyless.message

    async def parrot(request: web.Request) -> web.Response:
        said = f"wrong key {request.headers['authorization']}"
        return web.json_response({"error": {"message": said}}, status=401)

    async with serve(parrot) as url:
        settings = {"endpoint": f"{url}/v1", "authentication": {"type": "bearer", "token": "sk-canary"}}
        found = await failure(**settings)
    assert "wrong key Bearer ***" in found.message
    assert "canary" not in repr(found)


# --- what comes broken ---------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 2])
@BOTH
async def test_a_broken_connection_is_a_failed_attempt(failure, provider, after):
    """Before the first byte or in the middle: the outcome is unknown, and nothing is stitched."""
    async with ModelServer([say("one ", "two ", "three").cut(after=after)]) as server:
        found = await failure(**at(server, provider))
        assert len(server.requests) == 1
    assert (found.category, found.outcome) == (NETWORK, UNKNOWN)
    assert found.code in ("truncated", "reset")


@BOTH
async def test_a_stream_that_only_seems_whole_is_truncated(failure, contexts, provider):
    """A stream that ends without its last events gives no result, although its text was shown."""
    async with ModelServer([say("one ", "two ", "three").ended(after=2)]) as server:
        context = contexts()
        found = await failure(context=context, **at(server, provider))
    assert (found.category, found.outcome, found.code) == (NETWORK, UNKNOWN, "truncated")
    assert texts(context)


@BOTH
async def test_what_was_used_before_the_break_is_counted(failure, contexts, provider):
    """A broken stream spends a call, and tokens as far as they were told; without them it is unpriced."""
    async with ModelServer([say("one ", "two ", "three").using(input=50).cut(after=2)]) as server:
        context = contexts()
        await failure(context=context, prices={"input": 1, "output": 2}, **at(server, provider))
    assert context.usage["calls"] == 1
    if provider == "anthropic":  # tells what was sent at the beginning
        assert context.usage["input_tokens"] == 50
        assert context.usage["usd"] > 0
    else:
        assert context.usage == {"calls": 1, "unpriced_calls": 1, "unmetered_calls": 1}


@pytest.mark.parametrize(
    ("problem", "category", "outcome"),
    [
        ("overloaded", NETWORK, UNKNOWN),
        ("rate_limit", RESOURCE, UNKNOWN),
        ("no_money", RESOURCE, PERMANENT),
        ("server_error", NETWORK, UNKNOWN),
    ],
)
@BOTH
async def test_an_error_inside_a_stream_is_judged_like_one_before_it(
    failure, provider, problem, category, outcome
):
    """The provider's error event fails the attempt; what had begun is not surely unexecuted."""
    async with ModelServer([say("one ", "two").failing(problem, after=1)]) as server:
        found = await failure(**at(server, provider))
        assert len(server.requests) == 1
    assert (found.category, found.outcome) == (category, outcome)


@BOTH
async def test_a_refusal_is_the_models_answer_and_final(failure, provider):
    """A model that declines, or a filter that cuts in, is a permanent agent_error."""
    async with ModelServer([refuse("I will not."), say("Well").ending("content_filter")]) as server:
        refused = await failure(**at(server, provider))
        filtered = await failure(**at(server, provider))
    for found in (refused, filtered):
        assert (found.category, found.outcome, found.code) == (Category.AGENT, PERMANENT, "refused")
    if provider == "openai":
        assert "I will not." in refused.message


@BOTH
async def test_an_answer_cut_off_by_max_tokens_says_so(failure, contexts, provider):
    """Text that ran into the limit is a result with the reason `length`; data that did is a failure."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    replies = [say("Half a").ending("length"), say('{"a": "ha').ending("length")]
    async with ModelServer(replies) as server:
        result = await chat(contexts(), "Hi", **at(server, provider))
        found = await failure(**at(server, provider), output_schema=schema)
    assert (result["content"], result["finish_reason"]) == ("Half a", "length")
    assert (found.category, found.code) == (Category.AGENT, "cut_off")
    assert "`max_tokens`" in found.message


@BOTH
async def test_an_answer_that_is_no_protocol_is_a_failure_of_the_network(failure, contexts, provider):
    """A login page with status 200, broken JSON, or a stream of nothing is no answer."""
    pages = [raw("data: {broken\n\n", "text/event-stream"), raw("", "text/event-stream")]
    async with ModelServer([raw("<html>Sign in</html>", "text/html"), *pages]) as server:
        page = await failure(**at(server, provider))
        for _ in pages:
            context = contexts()
            found = await failure(context=context, **at(server, provider))
            assert (found.category, found.outcome) == (NETWORK, UNKNOWN)
    assert (page.category, page.outcome) == (NETWORK, UNKNOWN)
    assert "answered with a page" in page.message
    assert found.code == "truncated"
    assert context.usage == {"calls": 1, "unpriced_calls": 1, "unmetered_calls": 1}


@BOTH
async def test_an_empty_answer_is_malformed(failure, provider):
    """Nothing at all is no answer."""
    async with ModelServer([say("")]) as server:
        found = await failure(**at(server, provider))
    assert (found.category, found.code, found.outcome) == (Category.AGENT, "malformed", SAFE)


async def test_a_tool_that_nobody_offered_is_malformed(failure):
    """A model that calls what it was not given has not answered."""
    async with ModelServer([call("shutdown")] * 3) as server:
        found = await failure(**at(server))
    assert (found.category, found.code) == (Category.AGENT, "malformed")


WHOLE = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize(
    ("reply", "settings", "said", "logged"),
    [
        (say('{"n": "x"}'), {"output_schema": WHOLE}, "$.n: 'x' is not of type 'integer'", '{"n": "x"}'),
        (say("six"), {"output_schema": WHOLE}, "Invalid JSON", "six"),
        (call("rm_rf", path="/"), {}, "its call of rm_rf is wrong: Unknown tool", 'rm_rf({"path": "/"})'),
        (
            call("json_parse", x=1),
            {},
            "json_parse is wrong: The arguments do not fit",
            'json_parse({"x": 1})',
        ),
        (call("json_parse", "{"), {}, "its call of json_parse is wrong: Invalid JSON", "json_parse({)"),
        (say(""), {}, "it is empty", None),
    ],
    ids=["data", "text", "tool", "arguments", "json", "nothing"],
)
@BOTH
async def test_an_answer_that_is_given_up_says_why(
    failure, contexts, provider, reply, settings, said, logged
):
    """The last answer's faults are in the message, the answer in the log, and no word of a library's."""
    async with ModelServer(lambda _: reply) as server:
        context = contexts()
        found = await failure(
            "run", {"prompt": "x"}, context, **at(server, provider), tools=["json_parse"], **settings
        )
    assert found.code == "malformed"
    assert said in found.message
    for word in ("retries", "retry", "pydantic", "http"):
        assert word not in found.message.replace("http://127.0.0.1", "")
    assert context.lines() == ([f"cannot be used: {logged}"] if logged else [])


async def test_an_answer_that_is_given_up_is_bounded_and_masked(failure, contexts):
    """Neither message nor log repeat a flood, or a secret in it."""
    async with ModelServer(lambda _: say('{"n": "sk-canary' + "x" * 50_000 + '"}')) as server:
        context = contexts()
        context.conceal("sk-canary")
        found = await failure(context=context, **at(server), output_schema=WHOLE)
    assert len(found.message) < 1_000
    [line] = context.lines()
    assert len(line) < 3_000
    assert "canary" not in found.message + line


# --- what is too much ----------------------------------------------------------------------------------


@BOTH
async def test_an_endless_answer_is_cut_off(failure, provider):
    """More than `max_response_bytes` ends the attempt for good, and the connection."""
    async with ModelServer([say("one ", "two").endless(after=1)]) as server:
        found = await failure(**at(server, provider), max_response_bytes=50_000)
        async with asyncio.timeout(10):
            await server.idle()
    assert (found.category, found.outcome, found.code) == (RESOURCE, PERMANENT, "too_large")
    assert "50000 bytes" in found.message


async def test_a_bomb_is_measured_after_decompression(failure):
    """A small compressed body does not become a large one in memory."""
    choice = {"index": 0, "delta": {"content": "a" * 5_000_000}, "finish_reason": None}
    chunk = {"id": "x", "created": 1, "model": "m", "object": "chat.completion.chunk", "choices": [choice]}
    body = gzip.compress(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/event-stream"}

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    assert len(body) < 50_000
    async with serve(handler) as url:
        found = await failure(endpoint=f"{url}/v1", max_response_bytes=1_000_000)
    assert found.code == "too_large"


async def test_a_large_refusal_keeps_its_status(failure):
    """The head of an error's body is enough: a huge one changes nothing."""
    page = raw("x" * 3_000_000, "text/plain", status=500)
    async with ModelServer([page]) as server:
        found = await failure(**at(server), max_response_bytes=1_000_000)
    assert (found.status, found.outcome) == (500, UNKNOWN)
    assert len(found.message) < 1_000


# --- the network ---------------------------------------------------------------------------------------


async def test_nobody_there_is_safe(failure):
    """A refused connection was surely not executed."""
    async with raw_peer(answering(b"")) as url:
        gone = url
    found = await failure(endpoint=f"{gone}/v1")
    assert (found.category, found.outcome, found.code) == (NETWORK, SAFE, "refused")
    assert found.message.startswith(f"{config(endpoint='http://h/v1').model} at {gone}/v1")


@BOTH
async def test_a_peer_that_hangs_up_or_talks_nonsense(failure, provider):
    """Whatever comes in place of HTTP is a failure with an unknown outcome."""
    for said in (b"", b"SSH-2.0-OpenSSH_9.0\r\n\r\n"):
        async with raw_peer(answering(said)) as url:
            found = await failure(provider=provider, endpoint=url)
        assert (found.category, found.outcome) == (NETWORK, UNKNOWN)


@BOTH
async def test_a_redirect_is_not_followed(failure, provider):
    """The key goes nowhere but to the endpoint."""
    async with ModelServer([say("here")]) as other:
        away = raw("", status=307, headers={"Location": f"{other.url}/v1/chat/completions"})
        async with ModelServer([away]) as server:
            found = await failure(**at(server, provider))
        assert other.requests == []
    assert (found.category, found.outcome, found.status) == (Category.VALIDATION, PERMANENT, 307)
    assert "set `endpoint` to where it leads" in found.message


# --- what only other providers do ------------------------------------------------------------------------


def grouped(error: Exception) -> Exception:
    return ExceptionGroup("together", [error])


@pytest.mark.parametrize(
    ("error", "category", "outcome", "code"),
    [
        (ai.ModelQuotaExceededError("m", "empty"), RESOURCE, PERMANENT, "no_money"),
        (ai.ModelRateLimitError("m", "slow down"), RESOURCE, UNKNOWN, "rate_limit"),
        (ai.ModelContextWindowExceededError("m", "long"), Category.VALIDATION, PERMANENT, "context_length"),
        (ai.ModelAuthenticationError("m", "who?"), PERMISSION, PERMANENT, "unauthorized"),
        (ai.ModelRequestRejectedError("m", "no"), Category.VALIDATION, PERMANENT, "rejected"),
        (ai.ModelServerError("m", "oops"), NETWORK, UNKNOWN, "bad_response"),
        (ai.ContentFilterError("filtered"), Category.AGENT, PERMANENT, "refused"),
        (ai.UserError("wrong"), Category.VALIDATION, PERMANENT, "bad_request"),
        (grouped(ai.ModelServerError("m", "oops")), NETWORK, UNKNOWN, "bad_response"),
        (grouped(failed(Category.SYSTEM, "disk", code="disk")), Category.SYSTEM, PERMANENT, "disk"),
        (ai.ModelHTTPError(500, "m", "all of it is text"), NETWORK, UNKNOWN, "http_500"),
        (ai.ModelHTTPError(400, "m", {"detail": [1]}), Category.VALIDATION, PERMANENT, "http_400"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_of_any_provider_have_a_place(error, category, outcome, code):
    """What pydantic-ai raises without a status, or in a group, is judged by its kind."""
    found = failures.of_exception(error, "the model", FakeContext().mask, keyless=False, again=True)
    assert found is not None
    assert (found.category, found.outcome, found.code) == (category, outcome, code)
    assert found.message.startswith("the model") or code == "disk"


def test_an_error_that_is_none_of_theirs_stays_itself():
    """A fault of our own is not dressed up as the provider's."""
    mask = FakeContext().mask
    assert failures.of_exception(ZeroDivisionError("ours"), "m", mask, keyless=False, again=True) is None


async def test_milliseconds_of_a_rate_limit_count(failure):
    """`retry-after-ms`, which some services send instead, is a time to stay away as well."""
    page = raw('{"error": {"message": "slow"}}', status=429, headers={"retry-after-ms": "1500"})
    async with ModelServer([page]) as server:
        found = await failure(**at(server))
    assert found.retry_after == 1.5


# --- providers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ("google", "pip install 'pydantic-ai-slim[google]'"),
        ("bedrock", "pip install 'pydantic-ai-slim[bedrock]'"),
        ("openai-codex", "does not go through the engine's HTTP client"),
        ("azure", "cannot be asked so"),
    ],
)
async def test_a_provider_that_cannot_be_used_is_told(failure, contexts, provider, said):
    """An unknown provider, and one whose package is missing, say what to do."""
    key = {"type": "bearer", "token": "k"}
    found = await failure(context=contexts(), provider=provider, authentication=key)
    assert (found.category, found.outcome) == (Category.VALIDATION, PERMANENT)
    assert said in found.message


async def test_a_provider_with_one_endpoint_refuses_another(failure, contexts):
    """Where a provider's class takes no URL, the flow is told to use `provider: openai`."""
    found = await failure(provider="deepseek", endpoint="https://h/v1", context=contexts())
    assert "takes no `endpoint`: use `provider: openai`" in found.message


async def test_other_openai_compatible_providers_work(contexts):
    """A provider of pydantic-ai's list that lets us bring the client goes through it."""
    async with ModelServer([say("ok")]) as server:
        settings = {"provider": "ollama", "endpoint": server.openai_url, "model": "qwen3"}
        result = await chat(
            contexts(), "Hi", **settings, authentication={"type": "bearer", "token": server.key}
        )
    assert result["content"] == "ok"
