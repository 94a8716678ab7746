"""The pool of a run, and the environment's proxies."""

import asyncio

import pytest

from lead_tui.errors import AgentError, Outcome
from lead_tui.http.client import is_loopback, proxy_for
from tests.agents.http_server import Context, agent, raw


@pytest.fixture
def proxies(monkeypatch):
    """Set the environment's proxies: `proxies(http_proxy=...)`."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def set_them(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        proxy_for.cache_clear()

    set_them()
    yield set_them
    proxy_for.cache_clear()


@pytest.mark.parametrize("host", ["localhost", "x.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_never_goes_through_a_proxy(proxies, host):
    """Local services are local, whatever the environment says."""
    proxies(http_proxy="http://proxy:1", all_proxy="http://proxy:1")
    assert is_loopback(host)
    assert proxy_for("http", host) is None


def test_the_environment_chooses_the_proxy(proxies):
    """By scheme, then for all; `no_proxy` is obeyed; a scheme is added where it is missing."""
    assert proxy_for("http", "h.example") is None
    proxies(http_proxy="proxy:1", all_proxy="http://all:2", no_proxy="in.example")
    assert proxy_for("http", "h.example") == "http://proxy:1"
    assert proxy_for("https", "h.example") == "http://all:2"
    assert proxy_for("http", "in.example") is None


async def test_a_call_goes_through_the_proxy_with_its_credentials(proxies):
    """The proxy gets the whole URL and who we are; the answer is its own."""
    heads = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    async with raw(peer) as url:
        proxies(http_proxy=url.replace("://", "://me:p%40ss@"))
        context = Context()
        response = await agent("http://h.invalid").execute("x", {"endpoint": "a"}, context)
        await context.aclose()
    assert response.result == "ok"
    assert heads[0].startswith("GET http://h.invalid/a HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in heads[0]


async def test_a_proxy_that_is_not_there_is_safe(proxies):
    """Nothing was sent to the service."""
    proxies(http_proxy="http://127.0.0.1:9")
    context = Context()
    with pytest.raises(AgentError) as caught:
        await agent("http://h.invalid").execute("x", {}, context)
    await context.aclose()
    assert (caught.value.failure.outcome, caught.value.failure.code) == (Outcome.SAFE, "proxy")
