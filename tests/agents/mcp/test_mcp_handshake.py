"""Which revision of the protocol is spoken, and that a server which can ask during a call gets to ask."""

from typing import get_args

import pytest
from mcp_types import version
from pydantic import ValidationError

from lead_tui.agents.mcp.config import Protocol
from lead_tui.errors import Category, Outcome
from lead_tui.flow.models import AgentConfig
from lead_tui.testing import scripted
from lead_tui.testing.context import approval
from tests.agents.mcp.servers.asks_during import app as during
from tests.agents.mcp.servers.full import app as full
from tests.agents.mcp.stage import config, failure, server
from tests.agents.mcp.test_mcp_http import LOOPBACK
from tests.agents.mcp.web import JSON, result, served, speaking, usual

OLD, NEW = get_args(Protocol)


@pytest.fixture
async def here(context):
    """A person who says 7, a model that says hi."""
    model = scripted(lambda call: {"content": "hi", "model": "small"})(
        AgentConfig(name="model", type="scripted")
    )
    made = context(answers=[approval(values={"number": 7})], agents={"model": model})
    yield made
    await made.aclose()


def over_http(app, **settings):
    app._session_manager = None
    return served(app.streamable_http_app(transport_security=LOOPBACK, **settings))


async def answers(agent, here, *actions):
    try:
        return [(await agent.execute(each, {}, here)).result for each in actions]
    finally:
        await agent.close()


def test_revisions_are_those_of_the_sdk():
    """The two that a flow may name are the last with a handshake and the newest."""
    assert (OLD, NEW) == (version.LATEST_HANDSHAKE_VERSION, version.LATEST_MODERN_VERSION)
    with pytest.raises(ValidationError, match=OLD):
        config(protocol="2031-01-01")


@pytest.mark.usefixtures("no_process_left")
async def test_server_asks_during_a_call(here):
    """`ctx.elicit` and `create_message` of a server of the SDK reach the person and the model, over stdio."""
    agent = server("asks_during", sampling="model")
    assert await answers(agent, here, "book", "think", "speaks") == ["seat 7", "hi", OLD]


async def test_server_asks_during_a_call_over_http(here):
    """The same over HTTP, where the server keeps a session and answers by streams."""
    with over_http(during) as url:
        agent = server("asks_during", endpoint=url, sampling="model")
        assert await answers(agent, here, "book", "think", "speaks") == ["seat 7", "hi", OLD]


@pytest.mark.parametrize("settings", [{"stateless_http": True}, {"json_response": True}], ids=str)
async def test_server_without_a_way_to_ask(settings, here):
    """Where HTTP leaves no way to ask during a call the newer revision is spoken: tools made for it ask."""
    here.gates.clear()
    with over_http(full, **settings) as url:
        agent = server("full", endpoint=url, sampling="model")
        assert await answers(agent, here, "think") == ["small said hi"]
    with over_http(during, **settings) as url:
        agent = server("asks_during", endpoint=url)
        found = await failure(agent.execute("book", {}, here))
        assert await answers(agent, here, "speaks") == [NEW]
    assert (found.category, found.outcome, found.code) == (
        Category.VALIDATION,
        Outcome.PERMANENT,
        "cannot_ask",
    )
    assert "it must keep sessions and answer by event streams" in found.message


@pytest.mark.usefixtures("no_process_left")
async def test_flow_names_the_revision(here):
    """`protocol` is obeyed; by the newer one a question during a call fails, and the message says why."""
    agent = server("asks_during", protocol=NEW)
    found = await failure(agent.execute("book", {}, here))
    assert await answers(agent, here, "speaks") == [NEW]
    assert f'`protocol: "{OLD}"`' in found.message
    old = server("asks_during", protocol=OLD)
    assert await answers(old, here, "speaks") == [OLD]


def modern_only(message, headers):
    """A server that knows no handshake."""
    if message.get("method") == "initialize":
        return 400, b"text/plain", b"no MCP-Protocol-Version"
    if message.get("method") == "server/discover":
        return result(
            message, resultType="complete", supportedVersions=[NEW], capabilities={"tools": {}}, ttlMs=0,
            cacheScope="public",
        )  # fmt: skip
    if message.get("method") == "tools/list":
        tools = [{"name": "do", "inputSchema": {"type": "object"}}]
        return result(message, resultType="complete", ttlMs=0, cacheScope="public", tools=tools)
    return result(message, resultType="complete", content=[{"type": "text", "text": "done"}])


@pytest.mark.usefixtures("no_process_left")
async def test_server_that_knows_no_handshake(here):
    """One that refuses the handshake is spoken to by the newer revision, unless the flow names the older."""
    with served(speaking(modern_only)) as url:
        assert await answers(server("web", endpoint=url), here, "do") == ["done"]
        found = await failure(server("web", endpoint=url, protocol=OLD).execute("do", {}, here))
    assert "HTTP 400" in found.message


async def test_refused_at_the_door_is_asked_once(here):
    """A server that lets nobody in is not asked again in other words."""
    asked = []

    def answer(message, headers):
        asked.append(message.get("method"))
        return 401, JSON, b""

    with served(speaking(answer)) as url:
        agent = server("web", endpoint=url)
        found = await failure(agent.execute("do", {}, here))
        await agent.close()
    assert (found.code, asked) == ("http_401", ["initialize"])


async def test_old_server_without_sessions_stays_as_it_is(here):
    """A server that knows the handshake alone is asked for the newer revision in vain, and works."""
    asked = []

    def answer(message, headers):
        asked.append(message.get("method"))
        return usual(message, headers)

    with served(speaking(answer)) as url:
        assert await answers(server("web", endpoint=url), here, "do") == ["done"]
    assert asked[:3] == ["initialize", "notifications/initialized", "server/discover"]
