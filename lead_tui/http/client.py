"""The pooled connections of a run: httpx2's transport over an aiohttp session, one per TLS setting and proxy.

The transport is used without httpx2's client on purpose: that one keeps cookies across agents and writes URLs
to the log. HTTP/1.1, no cookies, no retries, no credentials: those stand on the request.
"""

import ssl
from base64 import b64encode
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies, proxy_bypass

from lead_tui.errors import Category, failed

if TYPE_CHECKING:
    import httpx2

MAX_CONNECTIONS = 1_000
KEEP_ALIVE = 4.0
"""Seconds: below the 5 after which many servers hang up, so a call seldom meets a closing connection."""


def transport(
    shared: dict[str, Any], scheme: str, host: str, verify: bool | str
) -> "httpx2.AsyncBaseTransport":
    """The transport for calls to this host. Made on first use, kept in `shared`, closed at the run's end."""
    proxy = proxy_for(scheme, host)
    # what never speaks TLS need not load certificates
    key = f"http_api|{scheme}|{verify if scheme == 'https' else ''}|{proxy or ''}"
    found: httpx2.AsyncBaseTransport | None = shared.get(key)
    if found is None:
        found = shared[key] = _make(_tls(verify if scheme == "https" else False), proxy)
    return found


def _make(context: ssl.SSLContext, proxy: str | None) -> "httpx2.AsyncBaseTransport":
    from aiohttp import ClientSession, DummyCookieJar, TCPConnector
    from httpx_aiohttp.httpx2 import AiohttpTransport

    connector = TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE, ssl=context)
    session = ClientSession(connector=connector, cookie_jar=DummyCookieJar(), auto_decompress=False)
    # one retry layer: aiohttp would send a GET or PUT again behind our back, and it has no other switch
    session._retry_connection = False  # noqa: SLF001
    return AiohttpTransport(verify=context, client=session, proxy=_proxy(proxy))


def _proxy(url: str | None) -> "httpx2.Proxy | None":
    """The user name and password of a proxy's URL go into a header: aiohttp's own way is deprecated."""
    if url is None:
        return None
    from httpx2 import Proxy

    proxy = Proxy(url)
    if proxy.auth is None:
        return proxy
    # aiohttp makes it Proxy-Authorization, of the CONNECT or, without TLS, of the request itself
    return Proxy(proxy.url, headers={"Authorization": basic(*proxy.auth)})


def _tls(verify: bool | str) -> ssl.SSLContext:
    """A verifying context; a path names the file or folder of the authorities to trust."""
    import httpx2

    if isinstance(verify, bool):
        return httpx2.create_ssl_context(verify=verify)
    try:
        return ssl.create_default_context(cafile=verify)
    except OSError as error:
        reason = error.strerror or "not a file of certificates"
        raise failed(Category.VALIDATION, f"verify: {verify}: {reason}", code="bad_ca") from None


@lru_cache(maxsize=1024)
def proxy_for(scheme: str, host: str) -> str | None:
    """The environment's proxy for this host, if any; never one for loopback."""
    proxies = getproxies()
    url = proxies.get(scheme) or proxies.get("all")
    if url is None or is_loopback(host) or proxy_bypass(host):
        return None
    return url if "://" in url else f"http://{url}"


def basic(username: str, password: str) -> str:
    """The value of the header that Basic authentication sends."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
