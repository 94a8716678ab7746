"""The link over streamable HTTP: the SDK's transport, on the run's pooled connections.

What the SDK would make a shapeless error of is noted where it happens, at the call to which the request
belongs: a status, a refused connection, a broken body. Bodies and events have a bound; compressed ones are
refused, since their size is not known. Redirects are followed within the origin only (the SDK's rule).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import httpx2
import msgspec
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import MCP_SESSION_ID, streamable_http_client
from mcp.shared.inbound import MCP_METHOD_HEADER

from lead_tui.agents import http_request
from lead_tui.agents.mcp.answers import Asked, Events, Stray
from lead_tui.agents.mcp.calls import current
from lead_tui.agents.mcp.config import McpServerConfig
from lead_tui.agents.mcp.link import Link, Surroundings
from lead_tui.errors import AgentError, Category, Failure, Outcome
from lead_tui.http import client as http_client
from lead_tui.http import errors as http_errors
from lead_tui.http import response as http_response

GOODBYE = 2.0
"""Seconds for the server to take note that the session ends."""
MOST_OF_ERROR = 64 * 1024

_EVENTS = "text/event-stream"
_DISCOVER = "server/discover"


class HttpLink(Link):
    def __init__(self, config: McpServerConfig, around: Surroundings) -> None:
        super().__init__(around)
        self._config = config
        self.can_be_asked = False  # until an answer shows that it can

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TransportStreams]:
        config = self._config
        timeout = httpx2.Timeout(None, connect=config.connect_timeout)
        client = httpx2.AsyncClient(
            transport=_Watched(self, config), headers=self._headers(), timeout=timeout, trust_env=False
        )
        async with (
            client,
            streamable_http_client(
                config.endpoint or "", http_client=client, max_sse_event_size=config.max_message_bytes
            ) as streams,
        ):
            yield streams

    def _headers(self) -> dict[str, str]:
        headers = {"user-agent": f"leadtui/{version('leadtui')}", "accept-encoding": "identity"}
        if self._config.authentication is not None:
            name, value = http_request.credentials(self._config.authentication)
            # what Basic sends is in none of the forms that a secret is searched in
            self.around.conceal(value.removeprefix("Basic "))
            headers[name] = value
        return headers


class _Watched(httpx2.AsyncBaseTransport):
    """The pooled transport, for one session: tells how requests fail, and closes nothing that is shared."""

    def __init__(self, link: Link, config: McpServerConfig) -> None:
        self._link = link
        self._config = config

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        what = f"{request.method} {http_request.origin(request.url)}{request.url.path}"
        await request.aread()  # one that follows a redirect has its content still unread
        try:
            return await self._looked_at(request, await self._send(request), what)
        except Exception as error:
            failure = http_errors.of_exception(error, what)
            if failure is None:
                raise
            return _failed(failure)

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        transport = http_client.transport(self._link.around.shared, url.scheme, url.host, self._config.verify)
        if request.method != "DELETE":
            return await transport.handle_async_request(request)
        try:
            async with asyncio.timeout(GOODBYE):
                return await transport.handle_async_request(request)
        except TimeoutError:
            raise httpx2.ReadTimeout("no answer to the end of the session") from None

    async def _looked_at(
        self, request: httpx2.Request, response: httpx2.Response, what: str
    ) -> httpx2.Response:
        response.request = request
        if request.method == "POST" and response.status_code >= 400:
            return await self._refused(request, response, what)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            text = f"{what} answered with a compressed body, which was not asked for"
            return _failed(Failure(Category.NETWORK, text, Outcome.UNKNOWN, "bad_encoding"))
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if failure := _no_mcp(request, response, kind, what):
            await response.aclose()
            return _failed(failure)
        _note(_moved(response, what))  # an earlier request of the call may have found out how to ask
        if kind == _EVENTS and MCP_SESSION_ID in response.headers:
            self._link.can_be_asked = True
        if kind == "application/json" and not response.is_redirect:
            return await self._whole(request, response, what)
        response.stream = _Watching(response.stream, Asked(request.content), what)
        return response

    async def _whole(self, request: httpx2.Request, response: httpx2.Response, what: str) -> httpx2.Response:
        """A single message, read within its bound and held against the request: a stray one would be lost."""
        try:
            body = await http_response.read(response, self._config.max_message_bytes, what)
        except AgentError:
            text = f"{what} answered with more than {self._config.max_message_bytes} bytes"
            text += ": see `max_message_bytes`"
            return _failed(Failure(Category.RESOURCE, text, Outcome.UNKNOWN, "too_large"))
        finally:
            await response.aclose()
        try:
            Asked(request.content).check(body)
        except Stray as stray:
            return _failed(_bad_answer(stray, what))
        return httpx2.Response(response.status_code, headers=_kept(response), content=body)

    async def _refused(
        self, request: httpx2.Request, response: httpx2.Response, what: str
    ) -> httpx2.Response:
        """A status of 400 and more; a JSON-RPC error in its body says more than the status does."""
        try:
            body = await _beginning(response)
        finally:
            await response.aclose()
        is_probe = request.headers.get(MCP_METHOD_HEADER) == _DISCOVER  # of a server that has no such thing
        if response.status_code == 404 and MCP_SESSION_ID in request.headers and not is_probe:
            text = f"{what} answered HTTP 404: the server does not know the session any more"
            failure = Failure(Category.NETWORK, text, Outcome.SAFE, "session_gone", 404)
            _note(failure)
            self._link.fail(failure)
        elif not _is_rpc_error(body):
            text = body[:4096].decode("utf-8", "replace")
            now = datetime.now(UTC)
            failure = http_errors.of_status(response.status_code, response.headers, text, now, what)
            _note(_with_hint(failure))
        return httpx2.Response(response.status_code, headers=_kept(response), content=body)


class _Watching(httpx2.AsyncByteStream):
    """A stream of events whose end by accident is told, and what does not belong on it."""

    def __init__(self, stream: Any, asked: Asked, what: str) -> None:
        self._stream = stream
        self._events = Events(asked)
        self._what = what

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                self._events.feed(chunk)
                yield chunk
        except Stray as stray:
            _note(_bad_answer(stray, self._what))
            raise httpx2.StreamError("the answer is none") from None
        except Exception as error:
            failure = http_errors.of_exception(error, self._what)
            if failure is None:
                raise
            _note(failure)
            raise httpx2.StreamError("the answer broke off") from None

    async def aclose(self) -> None:
        await self._stream.aclose()


_HINTS = {
    401: "see `authentication`",
    403: "see `authentication`",
    404: "is the path of `endpoint` right?",
    405: "is the path of `endpoint` right?",
}


def _with_hint(failure: Failure) -> Failure:
    hint = _HINTS.get(failure.status or 0)
    return msgspec.structs.replace(failure, message=f"{failure.message}: {hint}") if hint else failure


def _no_mcp(request: httpx2.Request, response: httpx2.Response, kind: str, what: str) -> Failure | None:
    """An answer that no MCP server gives, a page for people above all."""
    session = response.headers.get(MCP_SESSION_ID, "")
    if not (session.isascii() and session.isprintable()):
        text = f"{what} answered with a session id that cannot be sent back"
        return Failure(Category.NETWORK, text, Outcome.UNKNOWN, "bad_answer")
    if request.method != "POST" or response.status_code != 200 or kind in ("application/json", _EVENTS):
        return None
    text = (
        f"{what} answered with {kind or 'a body of no type'}, which no MCP server does: is `endpoint` right?"
    )
    return Failure(Category.VALIDATION, text, Outcome.PERMANENT, "no_mcp")


def _moved(response: httpx2.Response, what: str) -> Failure | None:
    """For a redirect that is not followed; one that is, is forgotten with the next answer."""
    if not response.is_redirect:
        return None
    target = httpx2.URL(response.headers.get("location", ""))
    where = f"{http_request.origin(target)}{target.path}" if target.host else target.path
    status = response.status_code
    text = f"{what} answered HTTP {status}: it has moved to {where}, which is not followed: set `endpoint`"
    return Failure(Category.VALIDATION, text, Outcome.PERMANENT, f"http_{status}", status)


def _bad_answer(stray: Stray, what: str) -> Failure:
    return Failure(Category.NETWORK, f"{what} answered with {stray}", Outcome.UNKNOWN, "bad_answer")


def _note(failure: Failure | None) -> None:
    if (call := current.get()) is not None:
        call.failure = failure


def _failed(failure: Failure) -> httpx2.Response:
    """One request failed: an exception would end the session."""
    _note(failure)
    return httpx2.Response(502)


async def _beginning(response: httpx2.Response) -> bytes:
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_OF_ERROR:
            break
    return body[:MOST_OF_ERROR]


def _is_rpc_error(body: bytes) -> bool:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return False
    error = found.get("error") if isinstance(found, dict) and "jsonrpc" in found else None
    return isinstance(error, dict) and isinstance(error.get("code"), int)


def _kept(response: httpx2.Response) -> dict[str, str]:
    return {
        name: response.headers[name] for name in ("content-type", MCP_SESSION_ID) if name in response.headers
    }
