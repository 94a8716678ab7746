"""The HTTP client that a provider's SDK gets: everything goes through the run's pool.

Of httpx2's client it has the interface and nothing else: no cookies, no redirects, no log of URLs, no proxies
or timeouts of its own. Answers are bounded after decompression while they stream. Imports httpx2.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx2

from lead_tui.agents.ai.keys import PLACEHOLDER, Key
from lead_tui.agents.ai.unstreamed import as_stream
from lead_tui.errors import Category, Outcome, failed
from lead_tui.http import client as http_client

ERROR_BYTES = 64 * 1024
"""Of the body of a refusal: enough for its reason."""

_CREDENTIALS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"}
)
_OF_THE_ENVIRONMENT = frozenset({"openai-organization", "openai-project"})
_ENCODED = frozenset({"content-encoding", "content-length", "transfer-encoding", "set-cookie"})


class Wire(httpx2.AsyncClient):
    """One attempt's client. `idempotency_key` is that of the request to come."""

    idempotency_key = ""

    def __init__(
        self,
        shared: dict[str, Any],
        key: Key,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        verify: bool | str = True,
        connect_timeout: float = 10.0,
        limit: int = 10 * 2**20,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """`heard` is called with each answer that begins, and with each piece of it."""
        super().__init__(transport=_NoTransport(), trust_env=False, timeout=None)
        self._shared = shared
        self._key = key
        self._query = httpx2.QueryParams(query)
        self._extra = dict(headers or {})
        self._verify = verify
        self._timeouts = {"connect": connect_timeout, "read": None, "write": None, "pool": None}
        self._limit = limit
        self._heard = heard

    async def send(self, request: httpx2.Request, *, stream: bool = False, **_: Any) -> httpx2.Response:
        request = self._ours(request)
        url = request.url
        transport = http_client.transport(self._shared, url.scheme, url.host, self._verify)
        received = await transport.handle_async_request(request)
        received.request = request
        self._heard()
        body: httpx2.AsyncByteStream = _Body(received, self._limit, self._heard)
        status = received.status_code
        try:
            kind = _kind(received)
            if stream and received.is_success and kind == "application/json":
                status, body = await as_stream(body, url.host)
            response = _whole(received, status, body)
            if not stream:
                await response.aread()
        except BaseException:
            await body.aclose()
            raise
        return response

    def _ours(self, request: httpx2.Request) -> httpx2.Request:
        url = request.url.copy_merge_params(self._query) if self._query else request.url
        return httpx2.Request(
            request.method,
            url,
            headers=self._outgoing(request.headers),
            stream=request.stream,
            extensions={"timeout": self._timeouts},
        )

    def _outgoing(self, sent: httpx2.Headers) -> httpx2.Headers:
        """What the SDK sends, with the key in its place and without what it read from the environment."""
        headers = httpx2.Headers()
        for name, value in sent.multi_items():
            placed = PLACEHOLDER in value
            if name in _OF_THE_ENVIRONMENT or (name in _CREDENTIALS and not placed):
                continue
            if not placed:
                headers[name] = value
            elif self._key.value:
                headers[name] = value.replace(PLACEHOLDER, self._key.value)
        headers["accept-encoding"] = "gzip, deflate"
        if self.idempotency_key:
            headers["idempotency-key"] = self.idempotency_key
        headers.update(self._extra)
        if self._key.header is not None:
            name, value = self._key.header
            headers[name] = value
        return headers


def _kind(received: httpx2.Response) -> str:
    """Of its body. A page for people, as of a proxy that wants a login, is no answer of a model."""
    kind = str(received.headers.get("content-type", "")).partition(";")[0].strip().lower()
    if received.is_success and kind == "text/html":
        where = f"{received.request.url.host} answered with a page, not as a model"
        raise failed(Category.NETWORK, f"{where}: check `endpoint`", Outcome.UNKNOWN, "bad_response")
    return kind


def _whole(received: httpx2.Response, status: int, body: httpx2.AsyncByteStream) -> httpx2.Response:
    headers = [(name, value) for name, value in received.headers.multi_items() if name not in _ENCODED]
    return httpx2.Response(status, headers=headers, stream=body, request=received.request)


class _Body(httpx2.AsyncByteStream):
    """The decompressed body. Of a refusal's the rest is left out, of an answer's it is a failure."""

    def __init__(self, received: httpx2.Response, limit: int, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._received = received
        self._limit = limit if received.is_success else min(limit, ERROR_BYTES)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._received.aiter_bytes():
            self._heard()
            left = self._limit - size
            size += len(chunk)
            if size > self._limit and self._received.is_success:
                message = f"the model answered with more than {self._limit} bytes: see `max_response_bytes`"
                raise failed(Category.RESOURCE, message, code="too_large")
            yield chunk[:left]
            if size >= self._limit and not self._received.is_success:
                return

    async def aclose(self) -> None:
        await self._received.aclose()


class _NoTransport(httpx2.AsyncBaseTransport):
    """Keeps httpx2 from making a pool of its own, which this client would never use."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise httpx2.UnsupportedProtocol("requests of this client go through the run's pool", request=request)
