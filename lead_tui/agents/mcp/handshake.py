"""Which revision of the protocol a session speaks: the last one in which a server may ask during a call.

Until 2025-11-25 a session begins with a handshake, and a server sends questions of its own (elicitation,
sampling) while it works. From 2026-07-28 on there is none: a server can only give a question as its answer,
which its tools must have been written for. A server that speaks both stays with what it is asked in first,
so the handshake comes first. The newer revision is for servers that refuse it, and for those over HTTP that
would have no way to ask: without a session, or with single messages for answers instead of streams.

`protocol` in a flow leaves no choice.
"""

from contextlib import AsyncExitStack
from typing import Any, Self

from mcp.client import Client
from mcp.client.session import ClientSession
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from lead_tui.agents.mcp.calls import Call, current
from lead_tui.agents.mcp.config import Protocol
from lead_tui.agents.mcp.link import Link

_BAD_REQUEST = 400


class Connection(Client):
    """The SDK's client, which would ask for the newest revision first."""

    def __init__(self, link: Link, protocol: Protocol | None, **settings: Any) -> None:
        super().__init__(link.open(), **settings)
        self._link = link
        self._protocol = protocol

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(await self._build_session(stack))
            await _agree(session, self._link, self._protocol)
            self._session = session
            self._exit_stack = stack.pop_all()
        return self


async def _agree(session: ClientSession, link: Link, protocol: Protocol | None) -> None:
    """Raises what the handshake raised if there is no other way."""
    if protocol == "2026-07-28":
        await session.discover()
        return
    call = current.get()
    try:
        await session.initialize()
    except (MCPError, RuntimeError):  # the SDK's RuntimeError: a revision that it does not know
        if protocol is not None or _unreached(call) or not await _discovered(session, call):
            raise
        return
    if protocol is None and not link.can_be_asked:
        await _discovered(session, call)


def _unreached(call: Call | None) -> bool:
    """Did not even a server of MCP answer? Some say of a handshake only that it is a bad request."""
    return call is not None and call.failure is not None and call.failure.status != _BAD_REQUEST


async def _discovered(session: ClientSession, call: Call | None) -> bool:
    """Does the server speak the newer revision? If not, all is as before."""
    before = call.failure if call is not None else None
    try:
        await session.discover()
    except (MCPError, ValidationError, RuntimeError):
        if call is not None:
            call.failure = before
        return False
    return True
