"""The agent `http_api` against real servers on loopback."""

import asyncio
import gzip
import json
import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from pydantic import ValidationError

from lead_tui.agents.http_api import HttpApiAgent, HttpApiConfig
from lead_tui.errors import AgentError, Category, Failure, Outcome
from tests.agents.http_server import Context, agent, answering, raw, serve

SAFE, UNKNOWN, PERMANENT = Outcome.SAFE, Outcome.UNKNOWN, Outcome.PERMANENT
CANARY = "canary-5f3a91"


@pytest.fixture
async def context():
    context = Context()
    yield context
    await context.aclose()


async def failure_of(api: HttpApiAgent, context: Context, **parameters) -> Failure:
    """The failure of a call that must fail, however the agent says it."""
    try:
        response = await api.execute("call", parameters, context)
    except AgentError as error:
        return error.failure
    assert not response.success
    assert isinstance(response.error, Failure)
    return response.error


async def echo(request: web.Request) -> web.Response:
    """All that arrived, as JSON."""
    return web.json_response({
        "method": request.method,
        "path": request.raw_path,
        "query": [list(pair) for pair in request.query.items()],
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "body": await request.text(),
    })  # fmt: skip


def fixed(body: bytes = b"", status: int = 200, **headers: str):
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(
            body=body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    return handler


# --- what goes out --------------------------------------------------------------------------------------


async def test_get_gives_the_decoded_json_and_the_rest_as_meta(context):
    """A plain GET: result is the data, meta has status, headers, url, elapsed and bytes."""
    async with serve(fixed(b'{"a": [1, 2.5, null]}', content_type="application/json", X_Trace="t")) as url:
        response = await agent(url).execute("get", {"endpoint": "/items"}, context)
    assert response.success
    assert response.result == {"a": [1, 2.5, None]}
    assert response.meta["status"] == 200
    assert response.meta["headers"]["x-trace"] == "t"
    assert response.meta["url"] == f"{url}/items"
    assert response.meta["bytes"] == 21
    assert response.meta["elapsed"] >= 0


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
async def test_any_method_goes_out(context, method):
    """The method is sent as it stands, in capitals."""
    async with serve(echo) as url:
        response = await agent(url).execute("call", {"method": method.lower()}, context)
    assert response.result["method"] == method


async def test_a_piece_of_the_body_is_a_sign_of_life(context):
    """The head of the answer is one, and each piece that comes after a while."""
    heard = asyncio.Event()
    context.heartbeat = heard.set

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        for piece in (b"a", b"b", b"c"):
            await heard.wait()
            heard.clear()
            await response.write(piece)
        return response

    async with serve(drip) as url, asyncio.timeout(20):
        response = await agent(url).execute("get", {}, context)
    assert response.result == "abc"


async def test_head_has_no_result_even_if_it_announces_a_huge_body(context):
    """HEAD carries a length and no body: neither a result nor a size error comes of it."""
    async with raw(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")) as url:
        response = await agent(url).execute("call", {"method": "HEAD"}, context)
    assert response.success
    assert response.result is None


@pytest.mark.parametrize(
    ("base", "path", "expected"),
    [
        ("", "", "/"),
        ("", "users", "/users"),
        ("/v1", "users/7", "/v1/users/7"),
        ("/v1/", "/users", "/v1/users"),
        ("/v1", "", "/v1"),
        ("/v1?k=1", "users?x=2", "/v1/users?k=1&x=2"),
        ("/v1", "?x=2", "/v1?x=2"),
        ("/v1", "item:1", "/v1/item:1"),
        ("/v1", "@evil.example", "/v1/@evil.example"),
        ("/v1", "a b/ü", "/v1/a%20b/%C3%BC"),
        ("/v1", "x?next=https://other.example/", "/v1/x?next=https://other.example/"),
    ],
)
async def test_endpoint_is_joined_to_the_agents(context, base, path, expected):
    """A relative endpoint stands below the agent's, with both queries."""
    async with serve(echo) as url:
        response = await agent(url + base).execute("call", {"endpoint": path}, context)
    assert response.result["path"] == expected


async def test_a_whole_url_of_the_same_origin_is_taken(context):
    """An absolute endpoint may go anywhere within the agent's origin."""
    async with serve(echo) as url:
        response = await agent(f"{url}/v1").execute("call", {"endpoint": f"{url}/other"}, context)
        free = await agent().execute("call", {"endpoint": f"{url}/free"}, context)
    assert response.result["path"] == "/other"
    assert free.result["path"] == "/free"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://other.example/x",
        "//other.example/x",
        "https://127.0.0.1/x",
        "../admin",
        "a/%2e%2e/b",
        "a\\..\\b",
        "./x",
    ],
)
async def test_nothing_leaves_the_agents_endpoint(context, endpoint):
    """Another origin, or a way out of the path, would take the credentials along: permission_error."""
    failure = await failure_of(agent("http://127.0.0.1:9/v1"), context, endpoint=endpoint)
    assert (failure.category, failure.outcome) == (Category.PERMISSION, PERMANENT)


async def test_query_lists_repeat_and_null_is_left_out(context):
    """Lists give a name several times; true is `true`; null is absent; what the URL has stays."""
    query = {"tag": ["a", "b c"], "on": True, "n": 3, "none": None, "some": ["x"]}
    async with serve(echo) as url:
        response = await agent(url).execute("call", {"endpoint": "s?q=1", "query": query}, context)
    assert response.result["query"] == [
        ["q", "1"], ["tag", "a"], ["tag", "b c"], ["on", "true"], ["n", "3"], ["some", "x"],
    ]  # fmt: skip


async def test_three_kinds_of_body(context):
    """json, form and body each come with their content type; the flow's own content type wins."""
    async with serve(echo) as url:
        api = agent(url)
        data = await api.execute("call", {"method": "PUT", "json": {"a": ["ü", 1]}}, context)
        form = await api.execute("call", {"method": "POST", "form": {"a": ["1", 2], "b": "x&y"}}, context)
        text = await api.execute(
            "call", {"method": "POST", "body": "<a/>", "headers": {"Content-Type": "text/xml"}}, context
        )
        plain = await api.execute("call", {"method": "POST", "body": "hé"}, context)
    assert json.loads(data.result["body"]) == {"a": ["ü", 1]}
    assert data.result["headers"]["content-type"] == "application/json"
    assert form.result["body"] == "a=1&a=2&b=x%26y"
    assert form.result["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert text.result["headers"]["content-type"] == "text/xml"
    assert plain.result["body"] == "hé"
    assert plain.result["headers"]["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "parameters",
    [
        {"json": {}, "body": "x"},
        {"body": {"a": 1}},
        {"form": "text"},
        {"form": {"a": {"b": 1}}},
        {"query": "a=1"},
        {"query": {"a": {"b": 1}}},
        {"headers": "x"},
        {"headers": {"A": ["x"]}},
        {"headers": {"A": "x\r\nB: y"}},
        {"headers": {"A": "x\0"}},
        {"headers": {"A": "ü"}},
        {"headers": {"A\r\nB": "x"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"method": "GET / HTTP/1.1\r\nX: y"},
        {"method": "CONNECT"},
        {"endpoint": "http://u:p@127.0.0.1:9/"},
        {"endpoint": "ftp://127.0.0.1:9/"},
        {"endpoint": "a\nb"},
        {"nonsense": 1},
    ],
)
async def test_bad_parameters_are_validation_errors_before_anything_is_sent(context, parameters):
    """Injection, wrong types, unknown keys: permanent, and no connection was tried (nobody listens there)."""
    failure = await failure_of(agent("http://127.0.0.1:9"), context, **parameters)
    assert (failure.category, failure.outcome) == (Category.VALIDATION, PERMANENT)


async def test_without_a_host_nothing_can_be_called(context):
    """Neither the agent nor the task names a host."""
    failure = await failure_of(agent(), context, endpoint="users")
    assert failure.category is Category.VALIDATION


async def test_idempotency_key_goes_with_post_and_patch_only(context):
    """The key of the context is sent unless the flow sets its own."""
    async with serve(echo) as url:
        sent = {}
        for method in ("GET", "PUT", "POST", "PATCH"):
            response = await agent(url).execute("call", {"method": method}, context)
            sent[method] = response.result["headers"].get("idempotency-key")
        own = await agent(url).execute(
            "call", {"method": "POST", "headers": {"Idempotency-Key": "mine"}}, context
        )
    assert sent == {"GET": None, "PUT": None, "POST": "key-1", "PATCH": "key-1"}
    assert own.result["headers"]["idempotency-key"] == "mine"


async def test_custom_params_give_headers_and_user_agent(context):
    """`custom_params` holds for every request; a task's header wins over it."""
    custom = {"user_agent": "robot/1", "headers": {"X-Team": "a", "X-Kind": "b"}}
    async with serve(echo) as url:
        response = await agent(url, custom_params=custom).execute(
            "call", {"headers": {"x-team": "c"}}, context
        )
        default = await agent(url).execute("call", {}, context)
    headers = response.result["headers"]
    assert (headers["user-agent"], headers["x-team"], headers["x-kind"]) == ("robot/1", "c", "b")
    assert default.result["headers"]["user-agent"].startswith("leadtui/")


# --- who ------------------------------------------------------------------------------------------------

AUTHENTICATIONS = [
    ({"type": "bearer", "token": CANARY}, "authorization", f"Bearer {CANARY}"),
    ({"type": "api_key", "key": CANARY}, "x-api-key", CANARY),
    ({"type": "api_key", "key": CANARY, "header": "X-Other"}, "x-other", CANARY),
    ({"type": "basic", "username": "u", "password": CANARY}, "authorization", "Basic dTpjYW5hcnktNWYzYTkx"),
]


@pytest.mark.parametrize(("authentication", "header", "value"), AUTHENTICATIONS)
async def test_credentials_reach_the_server_and_nothing_else(context, authentication, header, value):
    """Each authentication is on the wire, wins over a task's header, and is in no response, meta or error."""
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get(header))
        return web.json_response({"ok": True}, status=200 if request.path == "/ok" else 500)

    async with serve(handler) as url:
        api = agent(url, authentication=authentication)
        good = await api.execute("call", {"endpoint": "ok", "headers": {header: "forged"}}, context)
        bad = await api.execute("call", {"endpoint": "bad"}, context)
    gone = await failure_of(agent(url, authentication=authentication), context, endpoint="x")
    assert seen == [value, value]
    for said in (good, bad, gone, api.config, repr(api)):
        assert CANARY not in repr(said)
        assert value not in repr(said)
    assert value.removeprefix("Basic ") in context.concealed


async def test_a_secret_that_cannot_be_sent_is_not_repeated(context):
    """A line break in a token is refused without showing the token."""
    api = agent("http://127.0.0.1:9", authentication={"type": "bearer", "token": f"{CANARY}\r\nX: y"})
    failure = await failure_of(api, context)
    assert failure.category is Category.VALIDATION
    assert CANARY not in failure.message


async def test_secrets_in_the_query_and_cookies_do_not_show(context):
    """meta masks query parameters that look secret and drops cookies; failures name no query."""
    async with serve(fixed(b"{}", status=404, Set_Cookie=f"session={CANARY}")) as url:
        response = await agent(url).execute(
            "call", {"endpoint": "x", "query": {"api_key": CANARY, "a": 1}}, context
        )
    dead = agent("http://127.0.0.1:9")
    failure = await failure_of(dead, context, endpoint="x", query={"api_key": CANARY})
    assert response.meta["url"] == f"{url}/x?api_key=***&a=1"
    assert CANARY not in repr(response)
    assert failure.code == "refused"
    assert CANARY not in repr(failure)


async def test_cookies_are_not_kept(context):
    """What one call's answer sets, the next call does not send."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=request.headers.get("cookie", "none"), headers={"Set-Cookie": "a=b"})

    async with serve(handler) as url:
        api = agent(url)
        await api.execute("call", {}, context)
        second = await api.execute("call", {}, context)
    assert second.result == "none"


# --- what comes back ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "result"),
    [
        (b"[1]", "application/json", [1]),
        (b"\xef\xbb\xbf[1]", "application/json; charset=utf-8", [1]),
        (b'"\xe9"', "application/problem+json; charset=latin-1", "é"),
        (b"", "application/json", None),
        (b"12345678901234567890123456789", "application/json", 12345678901234567890123456789),
        (b"[1]", "text/plain", "[1]"),
        (b"", "text/plain", ""),
        (b"\xe9t\xe9", "text/plain; charset=iso-8859-1", "été"),
        (b"a\xffb", "text/plain", "a\ufffdb"),
        (b"a", 'text/plain; charset="no-such"', "a"),
        (b"a", "text/plain; charset=base64", "a"),
        (b"+2AA-", "text/plain; charset=utf-7", "?"),
        (b"<a/>", "image/svg+xml", "<a/>"),
        (b"<a/>", "application/atom+xml", "<a/>"),
        (b"\x00\x01", "image/png", {"base64": "AAE=", "content_type": "image/png"}),
        (b"\x00\xff", "", {"base64": "AP8=", "content_type": ""}),
        (b"plain", "", "plain"),
        (b"", "image/png", None),
    ],
)
async def test_the_content_type_says_what_the_body_is(context, body, kind, result):
    """JSON becomes data, text text, other bytes base64; nothing is guessed from the content."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n" if kind else "HTTP/1.1 200 OK\r\n"
    async with raw(answering(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)) as url:
        response = await agent(url).execute("call", {}, context)
    if kind.startswith("image/svg"):
        assert response.result in (result, {"base64": "PGEvPg==", "content_type": "image/svg+xml"})
    else:
        assert response.result == result
    assert "note" not in response.meta


NO_JSON = {
    "html": b"<html>",
    "nan": b"NaN",
    "surrogate": b'"\\ud800"',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "out of range": b'{"a": 1e999}',
    "not utf-8": b'"\xff"',
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
async def test_what_claims_to_be_json_and_is_not_stays_text_with_a_note(context, body):
    """A lie about JSON, or JSON that cannot be stored, is no crash: text and a note."""
    async with serve(fixed(body, content_type="application/json")) as url:
        response = await agent(url).execute("call", {}, context)
    assert response.success
    assert response.result == body.decode("utf-8", "replace")
    assert "JSON" in response.meta["note"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 304])
async def test_success_statuses(context, status):
    """2xx and 304 are answers."""
    async with serve(fixed(b"", status=status)) as url:
        response = await agent(url).execute("call", {}, context)
    assert response.success
    assert response.meta["status"] == status


STATUSES = [
    (400, Category.VALIDATION, PERMANENT), (401, Category.PERMISSION, PERMANENT),
    (402, Category.RESOURCE, PERMANENT), (403, Category.PERMISSION, PERMANENT),
    (404, Category.VALIDATION, PERMANENT), (407, Category.PERMISSION, PERMANENT),
    (408, Category.NETWORK, UNKNOWN), (409, Category.VALIDATION, PERMANENT),
    (422, Category.VALIDATION, PERMANENT), (425, Category.NETWORK, SAFE), (429, Category.RESOURCE, SAFE),
    (500, Category.NETWORK, UNKNOWN), (502, Category.NETWORK, UNKNOWN), (503, Category.NETWORK, UNKNOWN),
    (504, Category.NETWORK, UNKNOWN), (529, Category.NETWORK, UNKNOWN), (305, Category.VALIDATION, PERMANENT),
]  # fmt: skip


@pytest.mark.parametrize(("status", "category", "outcome"), STATUSES)
async def test_status_to_failure(context, status, category, outcome):
    """Each status has the category and outcome of the table, and body and meta are still there."""
    async with serve(fixed(b'{"detail": "no"}', status=status, content_type="application/json")) as url:
        response = await agent(url).execute("call", {"endpoint": "x"}, context)
    failure = response.error
    assert (failure.category, failure.outcome) == (category, outcome)
    assert (failure.status, failure.code) == (status, f"http_{status}")
    assert response.result == {"detail": "no"}
    assert response.meta["status"] == status


@pytest.mark.parametrize("status", [429, 402])
@pytest.mark.parametrize("body", [b'{"error": {"code": "insufficient_quota"}}', b'{"type": "billing_error"}'])
async def test_no_money_is_permanent(context, status, body):
    """An empty account is not a rate: not retried, and nobody is told to stay away."""
    async with serve(fixed(body, status=status, Retry_After="5")) as url:
        failure = await failure_of(agent(url), context)
    assert (failure.category, failure.outcome) == (Category.RESOURCE, PERMANENT)
    assert failure.retry_after is None


async def test_retry_after_in_seconds_and_as_a_date(context):
    """Both forms are understood; a date in the past is 0; nonsense is none; 503 with it is safe."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=int(request.query["s"]), headers={"Retry-After": request.query["after"]})

    date = datetime.now(UTC) + timedelta(seconds=90)
    async with serve(handler) as url:
        api = agent(url)
        seconds = await failure_of(api, context, query={"s": 429, "after": "7"})
        dated = await failure_of(api, context, query={"s": 503, "after": format_datetime(date, usegmt=True)})
        past = await failure_of(api, context, query={"s": 503, "after": "Wed, 21 Oct 2015 07:28:00 -0000"})
        nonsense = await failure_of(api, context, query={"s": 503, "after": "soon"})
    assert (seconds.retry_after, seconds.outcome) == (7.0, SAFE)
    assert 60 < dated.retry_after <= 90
    assert (dated.category, dated.outcome) == (Category.RESOURCE, SAFE)
    assert past.retry_after == 0.0
    assert (nonsense.retry_after, nonsense.outcome) == (None, UNKNOWN)


# --- bounds ---------------------------------------------------------------------------------------------


async def test_a_huge_body_is_refused_announced_or_not(context):
    """Length header or chunks: more than the limit ends the call with a permanent resource_error."""

    async def chunked(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 65_536)
        return response

    for handler in (fixed(b"x" * 2_000), chunked):
        async with serve(handler) as url:
            failure = await failure_of(agent(url, max_response_bytes=1_000), context)
        assert (failure.category, failure.outcome, failure.code) == (
            Category.RESOURCE,
            PERMANENT,
            "too_large",
        )


async def test_a_gzip_bomb_is_stopped(context):
    """The limit counts what comes out of the decompression; a body within it is decoded."""
    bomb = gzip.compress(b"\0" * 200_000_000, compresslevel=1)
    async with serve(fixed(bomb, content_encoding="gzip", content_type="text/plain")) as url:
        failure = await failure_of(agent(url), context)
    async with serve(
        fixed(gzip.compress(b"[1]"), content_encoding="gzip", content_type="application/json")
    ) as url:
        response = await agent(url).execute("call", {}, context)
    assert failure.code == "too_large"
    assert response.result == [1]


async def test_broken_compression_is_an_unknown_outcome(context):
    """A body that says gzip and is not."""
    async with serve(fixed(b"not gzip at all", content_encoding="gzip")) as url:
        failure = await failure_of(agent(url), context)
    assert (failure.category, failure.outcome, failure.code) == (Category.NETWORK, UNKNOWN, "bad_encoding")


async def test_a_large_json_is_decoded(context):
    """A body that would hold up the loop is decoded beside it."""
    body = json.dumps(["x" * 1_000] * 1_500).encode()
    async with serve(fixed(body, content_type="application/json")) as url:
        response = await agent(url).execute("call", {}, context)
    assert len(response.result) == 1_500


# --- broken peers ---------------------------------------------------------------------------------------


async def test_refused_and_unknown_host_are_safe(context):
    """Nobody listens, or the name does not exist: surely not executed."""
    async with raw(answering(b"")) as url:
        pass
    refused = await failure_of(agent(url), context)
    unknown = await failure_of(agent("http://nowhere.invalid"), context)
    assert (refused.category, refused.outcome, refused.code) == (Category.NETWORK, SAFE, "refused")
    assert (unknown.category, unknown.outcome, unknown.code) == (Category.NETWORK, SAFE, "dns")


@pytest.mark.parametrize(
    ("data", "reset", "code"),
    [
        (b"", False, "reset"),
        (b"", True, "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", False, "truncated"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", True, None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", False, "truncated"),
        (b"this is not HTTP\r\n\r\n", False, "bad_response"),
    ],
)
async def test_what_breaks_after_sending_is_unknown(context, data, reset, code):
    """Hanging up, a reset, a body cut short, bytes that are not HTTP: may have been executed."""
    async with raw(answering(data, reset=reset)) as url:
        failure = await failure_of(agent(url), context)
    assert (failure.category, failure.outcome) == (Category.NETWORK, UNKNOWN)
    assert code is None or failure.code == code


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_the_transport_does_not_try_again_by_itself(context, method):
    """One attempt is one request, also for methods that a client library would repeat."""
    requests = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))

    async with raw(peer) as url:
        await failure_of(agent(url), context, method=method)
    assert len(requests) == 1


async def test_connect_timeout_is_safe(context):
    """A peer that accepts and never answers the TLS handshake: a timeout, and nothing was executed."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw(silent) as url:
        api = agent(url.replace("http:", "https:"), connect_timeout="50ms", verify=False)
        failure = await failure_of(api, context)
    assert (failure.category, failure.outcome, failure.code) == (Category.TIMEOUT, SAFE, "connect_timeout")


async def test_a_slow_drip_ends_with_the_callers_deadline(context):
    """Bytes that keep coming never end the call by themselves; cancelling does, and closes the connection."""
    closed = asyncio.Event()
    begun = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
        begun.set()
        await reader.read()
        closed.set()

    async with raw(drip) as url:
        call = asyncio.create_task(agent(url).execute("call", {}, context))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(5):
            await closed.wait()


# --- redirects ------------------------------------------------------------------------------------------


async def test_redirects_within_the_origin_are_followed_for_get(context):
    """GET goes on to where it is sent, with its headers; POST is told where to."""

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/old":
            return web.Response(status=302, headers={"Location": "/new?a=1"})
        return await echo(request)

    async with serve(handler) as url:
        api = agent(url, authentication={"type": "bearer", "token": CANARY})
        response = await api.execute("call", {"endpoint": "old"}, context)
        refused = await failure_of(api, context, endpoint="old", method="POST")
    assert response.result["path"] == "/new?a=1"
    assert response.result["headers"]["authorization"] == f"Bearer {CANARY}"
    assert response.meta["url"] == f"{url}/new?a=1"
    assert (refused.category, refused.outcome, refused.status) == (Category.VALIDATION, PERMANENT, 302)
    assert "redirect" in refused.message


@pytest.mark.parametrize(
    "location", ["http://other.invalid/", "//other.invalid/x", "http://u:p@{host}/", "http://[bad"]
)
async def test_redirects_elsewhere_are_not_followed(context, location):
    """Another host, credentials in the URL or nonsense: the answer is a permanent failure."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": location.format(host=request.host)})

    async with serve(handler) as url:
        failure = await failure_of(agent(url), context)
    assert (failure.category, failure.status) == (Category.VALIDATION, 307)


async def test_redirects_in_a_circle_end(context):
    """Ten are enough."""
    async with serve(fixed(status=301, Location="/again")) as url:
        failure = await failure_of(agent(url), context)
    assert (failure.category, failure.code) == (Category.VALIDATION, "redirects")


# --- TLS ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1: (certificate, key)."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the program openssl")
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", files[1], "-out", files[0], "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


async def test_an_unknown_certificate_is_permanent_unless_it_is_trusted(context, certificate):
    """Self-signed: refused for good; with it as authority, or unchecked, the call works."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    async with serve(echo, tls) as url:
        failure = await failure_of(agent(url), context)
        trusted = await agent(url, verify=str(certificate[0])).execute("call", {}, context)
        unchecked = await agent(url, verify=False).execute("call", {}, context)
    assert (failure.category, failure.outcome, failure.code) == (
        Category.NETWORK,
        PERMANENT,
        "bad_certificate",
    )
    assert trusted.success
    assert unchecked.success
    assert len(context.shared) == 3


async def test_a_broken_handshake_is_safe(context):
    """A peer that does not speak TLS: surely not executed."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with raw(peer) as url:
        failure = await failure_of(agent(url.replace("http:", "https:")), context)
    assert (failure.category, failure.outcome, failure.code) == (Category.NETWORK, SAFE, "tls")


async def test_a_missing_file_of_authorities_is_told(context, tmp_path):
    """`verify` names a file that is not there, or is none."""
    api = agent("https://127.0.0.1:9", verify=str(tmp_path / "none.pem"))
    assert (await failure_of(api, context)).code == "bad_ca"
    (tmp_path / "empty.pem").write_text("")
    api = agent("https://127.0.0.1:9", verify=str(tmp_path / "empty.pem"))
    assert (await failure_of(api, context)).code == "bad_ca"


# --- the config -----------------------------------------------------------------------------------------


def test_agents_with_equal_settings_share_their_connections():
    """All calls of a run to http hosts go through one pool."""

    async def main() -> int:
        context = Context()
        async with serve(echo) as one, serve(echo) as two:
            for url in (one, two, one):
                await agent(url).execute("call", {}, context)
        await context.aclose()
        return len(context.shared)

    assert asyncio.run(main()) == 1


@pytest.mark.parametrize("endpoint", ["ftp://h", "h/x", "http://", f"http://u:{CANARY}@h/"])
def test_bad_endpoints_are_load_errors_that_show_no_secret(endpoint):
    """An endpoint needs http(s) and a host, and no credentials; the message does not repeat it."""
    with pytest.raises(ValidationError) as caught:
        HttpApiConfig(name="a", type="http_api", endpoint=endpoint)
    assert CANARY not in str(caught.value)


def test_idempotence_goes_by_the_method():
    """GET by default; a method that is still a template is taken for the worst."""
    config = HttpApiConfig(name="a", type="http_api")
    expected = {"get": True, "HEAD": True, "OPTIONS": True, "PUT": True, "DELETE": True,
                "POST": False, "PATCH": False, "{{ inputs.m }}": False}  # fmt: skip
    assert {method: config.is_idempotent("x", {"method": method}) for method in expected} == expected
    assert config.is_idempotent("x", {})


def test_the_breaker_key_holds_no_query():
    """What names a breaker is shown to people."""
    config = HttpApiConfig(name="a", type="http_api", endpoint=f"http://h/v1?key={CANARY}")
    assert config.breaker_key() == "http://h/v1"
    assert HttpApiConfig(name="a", type="http_api").breaker_key() == "a"


def test_parameters_may_be_templates_and_unknown_keys_are_refused():
    """The loader checks keys before any template is rendered."""
    model = HttpApiConfig.parameters_model("any")
    model.model_validate(
        {"query": "{{ inputs.q }}", "headers": "{{ x }}", "json": "{{ y }}", "method": "{{ m }}"}
    )
    with pytest.raises(ValidationError):
        model.model_validate({"jsn": {}})
