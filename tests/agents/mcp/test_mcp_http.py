"""Servers over streamable HTTP: the SDK's own framework, and everything that can go wrong on the way."""

import asyncio
import gzip
import json
import socket

import pytest
from mcp.server.transport_security import TransportSecuritySettings

from lead_tui.errors import Category, Outcome
from tests.agents.mcp.everything import everything, tells_how_it_goes
from tests.agents.mcp.servers.full import app
from tests.agents.mcp.stage import failure, server, states, until
from tests.agents.mcp.web import EVENTS, JSON, result, served, speaking, usual

TOKEN = "token-of-the-flow"
LOOPBACK = TransportSecuritySettings(enable_dns_rebinding_protection=False)


@pytest.fixture(scope="module")
def site():
    """One server for all tests; each says how it answers."""
    answers = [usual]

    def answer(message, headers):
        return answers[-1](message, headers)

    with served(speaking(answer)) as url:
        yield url, answers


@pytest.fixture
def speak(site):
    """`speak(answer)` gives the URL of a server that answers so."""
    url, answers = site

    def begin(answer):
        answers.append(answer)
        return url

    yield begin
    answers[1:] = []


@pytest.fixture
async def here(context):
    made = context()
    yield made
    await made.aclose()


def agent_at(url, **settings):
    return server("web", endpoint=url, **settings)


@pytest.mark.parametrize("as_json", [False, True], ids=["events", "json"])
async def test_server_of_the_sdk_over_http(as_json, context):
    """All that a server of the SDK's framework can do arrives over HTTP, in one session."""
    app._session_manager = None
    shared = {}

    def made(**settings):
        return context(**{"shared": shared, **settings})

    web = app.streamable_http_app(json_response=as_json, transport_security=LOOPBACK)
    with served(web) as url:
        agent = server("full", endpoint=url, sampling="model")
        await everything(agent, made)
        if not as_json:
            await tells_how_it_goes(agent, made())
        await agent.close()
        await made().aclose()


async def test_credentials_go_with_every_request_and_are_concealed(here, speak):
    """The flow's `authentication` is a header of each request, and masked in everything that is said."""
    seen = set()

    def answer(message, headers):
        seen.add(headers.get("authorization"))
        if message.get("method") == "tools/call":
            error = {"code": -32603, "message": f"I know {headers['authorization']}"}
            return 200, JSON, json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}).encode()
        return usual(message, headers)

    url = speak(answer)
    agent = agent_at(url, authentication={"type": "bearer", "token": TOKEN})
    found = await failure(agent.execute("do", {}, here))
    await agent.close()
    assert seen == {f"Bearer {TOKEN}"}
    assert TOKEN not in found.message
    assert "I know ***" in found.message


def status(number, body=b"", kind=b"text/plain", **headers):
    more = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return lambda message, headers: (number, kind, body, more)


def rpc_error(message, headers):
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32602, "message": "no such city"}}
    return 400, JSON, json.dumps(error).encode()


def compressed(message, headers):
    _, kind, body = usual(message, headers)
    return 200, kind, gzip.compress(body), [(b"content-encoding", b"gzip")]


def broken_off(message, headers):
    return 200, JSON, b"{", [(b"content-length", b"100")]


def broken_off_events(message, headers):
    return 200, EVENTS, b"event: mess", [(b"content-length", b"100")]


def wrong_id(message, headers):
    return usual(message | {"id": 4711}, headers)


def wrong_id_in_event(message, headers):
    _, _, body = usual(message | {"id": 777}, headers)
    return 200, EVENTS, b"event: message\r\ndata: " + body + b"\r\n\r\n"


def large_event(message, headers):
    return 200, EVENTS, b"event: message\ndata: " + b"x" * 20_000 + b"\n\n"


WRONG = {
    "unauthorized": (
        status(401),
        (Category.PERMISSION, Outcome.PERMANENT, "http_401"),
        "HTTP 401: see `authentication`",
    ),
    "not found": (
        status(404),
        (Category.VALIDATION, Outcome.PERMANENT, "http_404"),
        "HTTP 404: is the path of `endpoint` right?",
    ),
    "forbidden": (status(403), (Category.PERMISSION, Outcome.PERMANENT, "http_403"), "HTTP 403"),
    "broken": (status(500), (Category.NETWORK, Outcome.UNKNOWN, "http_500"), "HTTP 500"),
    "busy": (status(429, retry_after="7"), (Category.RESOURCE, Outcome.SAFE, "http_429"), "HTTP 429"),
    "no money": (
        status(429, b"insufficient_quota"),
        (Category.RESOURCE, Outcome.PERMANENT, "http_429"),
        "HTTP 429",
    ),
    "an error of the protocol": (
        rpc_error,
        (Category.VALIDATION, Outcome.PERMANENT, "invalid_params"),
        "no such city",
    ),
    "moved": (
        status(307, location="http://elsewhere.invalid/mcp"),
        (Category.VALIDATION, Outcome.PERMANENT, "http_307"),
        "it has moved to http://elsewhere.invalid/mcp, which is not followed: set `endpoint`",
    ),
    "moved with a body": (
        status(307, b"{}", JSON, location="https://elsewhere.invalid/mcp?key=1"),
        (Category.VALIDATION, Outcome.PERMANENT, "http_307"),
        "it has moved to https://elsewhere.invalid/mcp, which",
    ),
    "a page": (
        status(200, b"<html>", b"text/html; charset=utf-8"),
        (Category.VALIDATION, Outcome.PERMANENT, "no_mcp"),
        "/mcp answered with text/html, which no MCP server does: is `endpoint` right?",
    ),
    "session id with control characters": (
        status(200, b"{}", JSON, mcp_session_id="a\tb"),
        (Category.NETWORK, Outcome.UNKNOWN, "bad_answer"),
        "a session id that cannot be sent back",
    ),
    "wrong id in an event": (
        wrong_id_in_event,
        (Category.NETWORK, Outcome.UNKNOWN, "bad_answer"),
        "with the id 777, which the request had not",
    ),
    "no JSON in an event": (
        status(200, b"event: message\ndata: {nonsense\n\n", EVENTS),
        (Category.NETWORK, Outcome.UNKNOWN, "bad_answer"),
        "with a body that is no message",
    ),
    "half JSON": (status(200, b"{", JSON), (Category.NETWORK, Outcome.UNKNOWN, "bad_answer"), "no message"),
    "large": (
        status(200, b"x" * 20_000, JSON),
        (Category.RESOURCE, Outcome.UNKNOWN, "too_large"),
        "more than 10000 bytes",
    ),
    "large event": (large_event, (Category.NETWORK, Outcome.UNKNOWN, "no_answer"), "SSE stream failed"),
    "no event": (
        status(200, b"", EVENTS),
        (Category.NETWORK, Outcome.UNKNOWN, "no_answer"),
        "ended without a response",
    ),
    "compressed": (compressed, (Category.NETWORK, Outcome.UNKNOWN, "bad_encoding"), "compressed"),
    "events broken off": (
        broken_off_events,
        (Category.NETWORK, Outcome.UNKNOWN, "truncated"),
        "truncated",
    ),
    "wrong id": (wrong_id, (Category.NETWORK, Outcome.UNKNOWN, "bad_answer"), "with the id 4711"),
    "broken off": (broken_off, (Category.NETWORK, Outcome.UNKNOWN, "truncated"), "truncated"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_wrong_answer_fails_the_call_and_not_the_session(what, here, speak):
    """However HTTP fails, the call says how by the table of all HTTP calls, and the next call works."""
    wrong, expected, text = WRONG[what]
    spoilt = []

    def answer(message, headers):
        if message.get("method") == "tools/call" and not spoilt:
            spoilt.append(message)
            return wrong(message, headers)
        return usual(message, headers)

    url = speak(answer)
    agent = agent_at(url, max_message_bytes=10_000)
    found = await failure(agent.execute("do", {}, here))
    assert (found.category, found.outcome, found.code) == expected
    assert text in found.message
    assert (await agent.execute("do", {}, here)).result == "done"
    assert states(here) == ["starting", "ready"]
    await agent.close()


async def test_redirect_within_the_origin_is_followed(here, speak):
    """A server that puts a slash behind its path works."""

    def answer(message, headers):
        if "x-moved" not in moved:
            moved.append("x-moved")
            return 307, JSON, b"", [(b"location", b"/mcp/")]
        moved.clear()
        return usual(message, headers)

    moved = []
    agent = agent_at(speak(answer))
    assert (await agent.execute("do", {}, here)).result == "done"
    await agent.close()


async def test_list_without_end_is_no_list(here, speak, monkeypatch):
    """A part of it does not pass for the whole."""
    monkeypatch.setattr("lead_tui.agents.mcp.session.MOST_PAGES", 3)

    def answer(message, headers):
        if message.get("method") == "tools/list":
            return result(message, tools=[], nextCursor="more")
        return usual(message, headers)

    agent = agent_at(speak(answer))
    found = await failure(agent.execute("list_tools", {}, here))
    assert (found.category, found.code) == (Category.TOOL, "endless_list")
    assert "more than 3 pages" in found.message
    await agent.close()


async def test_error_of_the_servers_own_at_the_start(here, speak):
    """Why it does not begin is told, though the number is the SDK's for a closed connection."""

    def answer(message, headers):
        error = {
            "jsonrpc": "2.0",
            "id": message.get("id"),
            "error": {"code": -32000, "message": "no licence"},
        }
        return 200, JSON, json.dumps(error).encode()

    agent = agent_at(speak(answer))
    found = await failure(agent.execute("do", {}, here))
    assert (found.category, found.outcome) == (Category.TOOL, Outcome.PERMANENT)
    assert found.message == "the server web: no licence"
    await agent.close()


@pytest.mark.parametrize(("number", "category"), [(401, Category.PERMISSION), (503, Category.NETWORK)])
async def test_server_that_refuses_the_start(number, category, here, speak):
    """A status in answer to the introduction is the failure of the call."""
    url = speak(status(number))
    agent = agent_at(url)
    found = await failure(agent.execute("do", {}, here))
    assert (found.category, found.status) == (category, number)
    await agent.close()


async def test_nobody_listens(here):
    """A refused connection surely did nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    agent = agent_at(url)
    found = await failure(agent.execute("do", {}, here))
    assert (found.category, found.outcome, found.code) == (Category.NETWORK, Outcome.SAFE, "refused")
    assert states(here) == ["starting", "failed"]
    await agent.close()


async def test_forgotten_session_is_begun_anew(here, speak):
    """A server that does not know the session any more did nothing; the next call begins another."""
    begun = []

    def answer(message, headers):
        if message.get("method") == "initialize":
            begun.append(message)
            return *usual(message, headers), [(b"mcp-session-id", str(len(begun)).encode())]
        if message.get("method") == "tools/call" and headers.get("mcp-session-id") == "1":
            return 404, JSON, b"{}"
        return usual(message, headers)

    url = speak(answer)
    agent = agent_at(url)
    found = await failure(agent.execute("do", {}, here))
    assert (found.category, found.outcome, found.code) == (Category.NETWORK, Outcome.SAFE, "session_gone")
    assert (await agent.execute("do", {}, here)).result == "done"
    assert states(here) == ["starting", "ready", "failed", "starting", "ready"]
    await agent.close()


async def test_end_does_not_wait_for_a_server_that_hangs(here, speak, monkeypatch):
    """A server that does not answer the goodbye is left without it."""
    monkeypatch.setattr("lead_tui.agents.mcp.http.GOODBYE", 0.05)
    said = []

    def answer(message, headers):
        if message["method"] == "DELETE":
            said.append(headers["mcp-session-id"])
            return None
        status, kind, body = usual(message, headers)
        return status, kind, body, [(b"mcp-session-id", b"one")]

    agent = agent_at(speak(answer))
    assert (await agent.execute("do", {}, here)).result == "done"
    await agent.close()
    assert (said, states(here)) == (["one"], ["starting", "ready", "closed"])


async def test_idle_session_is_over_when_its_server_is(here):
    """A server that cannot be reached when it is idle is told of, without a call."""
    with served(speaking(usual)) as url:
        agent = agent_at(url, ping_interval=0.02)
        assert (await agent.execute("ping", {}, here)).result["alive"]
    await until(lambda: "failed" in states(here))
    assert "connect call failed" in here.notes[-1].error.lower()
    await agent.close()


async def test_server_that_knows_no_ping_lives(here, speak):
    """To answer that there is no such method is to be alive."""

    def answer(message, headers):
        if message.get("method") == "ping":
            return usual(message | {"method": "?"}, headers)
        return usual(message, headers)

    url = speak(answer)
    agent = agent_at(url)
    assert (await agent.execute("ping", {}, here)).result["alive"]
    await agent.close()


async def test_list_in_pages_is_whole(here, speak):
    """All pages of a list are asked for."""

    def answer(message, headers):
        if message.get("method") != "tools/list":
            return usual(message, headers)
        page = int((message.get("params") or {}).get("cursor") or 0)
        tools = [{"name": f"tool{page}", "inputSchema": {"type": "object"}}]
        return result(message, tools=tools, **({"nextCursor": str(page + 1)} if page < 2 else {}))

    url = speak(answer)
    agent = agent_at(url)
    found = (await agent.execute("list_tools", {}, here)).result
    assert [each["name"] for each in found] == ["tool0", "tool1", "tool2"]
    await agent.close()


async def test_what_comes_on_a_calls_stream_is_that_calls(context, speak):
    """Over HTTP the log lines of two calls at once go to the tasks that made them."""

    def answer(message, headers):
        if message.get("method") != "tools/call":
            return usual(message, headers)
        word = message["params"]["arguments"]["word"]
        log = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": word}}
        _, _, last = usual(message, headers)
        events = (f"event: message\ndata: {each}\n\n" for each in (json.dumps(log), last.decode()))
        return 200, EVENTS, "".join(events).encode()

    shared = {}
    contexts = [context(shared=shared) for _ in range(5)]
    url = speak(answer)
    agent = agent_at(url)
    calls = (agent.execute("do", {"word": f"w{n}"}, here) for n, here in enumerate(contexts))
    await asyncio.gather(*calls)
    await until(lambda: all(here.lines() for here in contexts))
    await agent.close()
    await contexts[0].aclose()
    assert [here.lines() for here in contexts] == [[f"w{n}"] for n in range(5)]
