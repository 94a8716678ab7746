"""Servers on loopback for the tests of `http_api`: a well-behaved one, and peers that break the protocol."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from lead_tui.agents.http_api import HttpApiAgent, HttpApiConfig

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Context:
    """What an agent needs of a run, without a run."""

    def __init__(self) -> None:
        self.run_id, self.task, self.attempt = "run", "task", 1
        self.idempotency_key = "key-1"
        self.folder = Path()
        self.environment: dict[str, str] = {}
        self.shared: dict[str, Any] = {}
        self.concealed: list[str] = []

    def heartbeat(self) -> None: ...

    def log(self, text: str, level: str = "info", stream: str = "log") -> None: ...

    def progress(self, done: float, total: float | None = None, text: str = "") -> None: ...

    def tokens(self, text: str) -> None: ...

    async def ask(self, gate: Any) -> Any:
        raise AssertionError("http_api asks nobody")

    def conceal(self, value: str) -> None:
        self.concealed.append(value)

    async def aclose(self) -> None:
        for each in self.shared.values():
            await each.aclose()


def agent(endpoint: str | None = None, **settings: Any) -> HttpApiAgent:
    return HttpApiAgent(HttpApiConfig(name="api", type="http_api", endpoint=endpoint, **settings))


@contextlib.asynccontextmanager
async def serve(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Answer every request with `handler`; gives the base URL."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def raw(peer: Peer) -> AsyncIterator[str]:
    """A peer that gets the bytes of the head of each request and answers what it likes."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await peer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def answering(data: bytes, *, reset: bool = False) -> Peer:
    """Read a request, send these bytes, hang up (with a RST if `reset`)."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        if reset:
            writer.transport.abort()

    return peer
