"""`http_request`: one request to a granted host.

The address that the name resolves to is checked, and connected to; so is each redirect's. Redirects are
followed for GET and HEAD, never from https to http, and to another origin without the caller's headers.
Credentials do not belong into a URL, cookies are not kept, and no proxy of the environment is used.

An answer of any status is a result: look at `ok` or `status`. POST and PATCH carry an `Idempotency-Key`.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from pydantic import Field

from lead_tui.errors import AgentError, Category, Outcome, failed
from lead_tui.http import errors as http_errors
from lead_tui.http import response as http_response
from lead_tui.http.headers import bad, checked_headers, checked_method, scalar
from lead_tui.threads import in_thread
from lead_tui.tools.context import ToolContext
from lead_tui.tools.hosts import host_name, literal
from lead_tui.tools.tool import tool

if TYPE_CHECKING:
    import httpx2

MAX_REDIRECTS = 10
CONNECT = 10.0
"""Seconds."""

DECODE_IN_THREAD = 2**20
"""Bytes from which decoding would hold up the loop."""

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
_OURS = frozenset(
    {"host", "te", "trailer", "keep-alive", "proxy-authorization", "proxy-connection", "expect"}
)
_GO_ALONG = ("accept", "accept-encoding", "accept-language", "user-agent")


def _is_idempotent(arguments: Mapping[str, Any]) -> bool:
    return str(arguments.get("method", "GET")).strip().upper() in _IDEMPOTENT


@tool(category="web", access_level="restricted", idempotent=_is_idempotent, needs=("hosts",))
async def http_request(
    url: Annotated[str, Field(examples=["https://example.com/"])],
    context: ToolContext,
    method: str = "GET",
    headers: dict[str, Any] | None = None,
    query: dict[str, Any] | None = None,
    json: Any = None,
    body: str | None = None,
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0,  # noqa: ASYNC109 - the word that callers write
    max_response_bytes: Annotated[int, Field(ge=1, le=10 * 2**20)] = 2**20,
) -> dict[str, Any]:
    """Make one HTTP request. The result has `status`, `ok`, `url`, `headers` and the decoded `body`.

    Args:
        url: A whole http or https URL of a granted host.
        method: GET, POST, PUT, ...
        headers: Names and values.
        query: Names and values to add to the URL; a list repeats its name.
        json: Data to send as JSON.
        body: Text to send instead.
        timeout: Seconds for everything, redirects included.
        max_response_bytes: A longer answer is refused, never cut.

    """
    request = _request(checked_method(method), _url(url, query), headers or {}, (json, body), context)
    request.extensions["timeout"] = {"connect": min(CONNECT, 0.9 * timeout)}
    what = f"{request.method} {_origin(request.url)}{request.url.path}"
    try:
        async with asyncio.timeout(timeout):
            return await _exchange(request, max_response_bytes, what, context)
    except AgentError:
        raise
    except TimeoutError:
        message = f"{what} got no whole answer within {timeout:g} seconds"
        raise failed(Category.TIMEOUT, message, Outcome.UNKNOWN, code="read_timeout") from None
    except Exception as error:
        failure = http_errors.of_exception(error, what)
        if failure is None:
            raise
        raise AgentError(failure) from None  # the text of a transport's error may hold the URL with its query


async def _exchange(request: "httpx2.Request", limit: int, what: str, context: ToolContext) -> dict[str, Any]:
    response = await _answer(request, context)
    try:
        content = await http_response.read(response, limit, what, context.heartbeat)
    finally:
        await response.aclose()
    decode = partial(http_response.decode, content, response.headers.get("content-type", ""))
    result, note = decode() if len(content) < DECODE_IN_THREAD else await in_thread(decode)
    meta = http_response.meta(response, 0.0, len(content), note)
    found = {name: meta[name] for name in ("status", "url", "headers")}
    return found | {"ok": response.is_success, "body": result} | ({"note": note} if note else {})


async def _answer(request: "httpx2.Request", context: ToolContext) -> "httpx2.Response":
    """The answer to the request, or to the last of those that redirects led to."""
    from lead_tui.tools.connection import transport

    for _ in range(MAX_REDIRECTS + 1):
        _check(request.url, context)
        response = await transport(context.shared, context.hosts).handle_async_request(request)
        response.request = request
        following = _redirected(request, response)
        if following is None:
            return response
        await response.aclose()
        request = following
    message = f"{request.method} {_origin(request.url)} redirects more than {MAX_REDIRECTS} times"
    raise failed(Category.VALIDATION, message, code="redirects")


def _redirected(request: "httpx2.Request", response: "httpx2.Response") -> "httpx2.Request | None":
    import httpx2

    if request.method not in ("GET", "HEAD") or response.status_code not in _REDIRECTS:
        return None
    location = response.headers.get("location")
    if location is None:
        return None
    try:
        url = request.url.join(location)
    except httpx2.InvalidURL:
        return None
    if (request.url.scheme, url.scheme) == ("https", "http"):
        raise failed(
            Category.PERMISSION, f"{_origin(request.url)} redirects to unencrypted http", code="downgrade"
        )
    same = _origin(request.url) == _origin(url)
    headers = {
        name: value
        for name, value in request.headers.items()
        if name != "host" and (same or name in _GO_ALONG)
    }
    return httpx2.Request(request.method, url, headers=headers, extensions=request.extensions)


def _check(url: "httpx2.URL", context: ToolContext) -> None:
    """The host is granted; an address written in the URL, too. AgentError if not."""
    from lead_tui.tools.connection import not_granted, not_public

    if url.scheme not in _PORTS or not url.host:
        raise bad("url: it begins with http:// or https:// and a host")
    if url.userinfo:
        raise bad("url: credentials do not belong into a URL: send a header")
    try:
        host = host_name(url.host)
    except ValueError as error:
        raise bad(f"url: {error}") from None
    port = url.port or _PORTS[url.scheme]
    if not context.hosts.allow(host, port):
        raise not_granted(host, port)
    address = literal(host)
    if address is not None and not context.hosts.lead_to(host, address, port):
        raise not_public(host, host)


def _url(text: str, query: Mapping[str, Any] | None) -> "httpx2.URL":
    import httpx2

    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise bad(f"url: {error}") from None
    for name, value in (query or {}).items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                url = url.copy_add_param(name, scalar(each, f"query.{name}"))
    return url.copy_with(fragment=None)


def _request(
    method: str, url: "httpx2.URL", headers: Mapping[str, Any], sent: tuple[Any, str | None],
    context: ToolContext,
) -> "httpx2.Request":  # fmt: skip
    import httpx2

    given = checked_headers(headers)
    if mine := sorted(_OURS & set(given)):
        raise bad(f"headers: {mine[0]} is set by the connection itself")
    head = {
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "user-agent": f"leadtui/{version('leadtui')}",
    }
    head |= given
    if method in ("POST", "PATCH") and context.idempotency_key:
        head.setdefault("idempotency-key", context.idempotency_key)
    return httpx2.Request(method, url, headers=head, content=_content(sent, head))


def _content(sent: tuple[Any, str | None], headers: dict[str, str]) -> bytes:
    """The body, encoded; sets its content type unless the caller did."""
    data, text = sent
    if data is not None and text is not None:
        raise bad("at most one of json and body")
    if data is not None:
        headers.setdefault("content-type", "application/json")
        return msgspec.json.encode(data)
    if text is not None:
        headers.setdefault("content-type", "text/plain; charset=utf-8")
        return text.encode("utf-8", "replace")
    return b""


def _origin(url: "httpx2.URL") -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}" + (f":{url.port}" if url.port else "")
