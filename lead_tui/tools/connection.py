"""HTTP that connects to nothing but what is granted: the pooled transport of one agent's tools.

A name is resolved once for each connection, and what it resolved to is what is connected to. Before the
socket is made its address is judged again, however it came about. A proxy of the environment is not used: it
would connect in our place, and where it likes.
"""

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

from lead_tui.errors import AgentError, Category, failed
from lead_tui.tools.hosts import Hosts, host_name, resolved

if TYPE_CHECKING:
    import httpx2

MAX_CONNECTIONS = 100
KEEP_ALIVE = 4.0
"""Seconds."""


def transport(shared: dict[str, Any], hosts: Hosts) -> "httpx2.AsyncBaseTransport":
    """Made on first use, kept in `shared`, closed at the run's end; one for each set of granted hosts."""
    key = f"lead_tui.tools.http|{hosts}"
    found: httpx2.AsyncBaseTransport | None = shared.get(key)
    if found is None:
        found = shared[key] = make(hosts)
    return found


def make(hosts: Hosts, resolver: AbstractResolver | None = None) -> "httpx2.AsyncBaseTransport":
    import httpx2
    from httpx_aiohttp.httpx2 import AiohttpTransport

    guard = GrantedResolver(hosts, resolver or DefaultResolver())
    context = httpx2.create_ssl_context()
    connector = TCPConnector(
        limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE, ssl=context, use_dns_cache=False,
        resolver=guard, socket_factory=guard.open_socket,
    )  # fmt: skip
    session = ClientSession(connector=connector, cookie_jar=DummyCookieJar(), auto_decompress=False)
    # one retry layer: aiohttp would send a GET or PUT again behind our back, and it has no other switch
    session._retry_connection = False  # noqa: SLF001
    return AiohttpTransport(verify=context, client=session)


class GrantedResolver(AbstractResolver):
    """Gives only addresses that the host may lead to."""

    def __init__(self, hosts: Hosts, inner: AbstractResolver) -> None:
        self._hosts = hosts
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        name = host_name(host)
        if not self._hosts.allow(name, port):
            raise not_granted(name, port)
        found = await self._inner.resolve(host, port, family)
        allowed = [each for each in found if self._hosts.lead_to(name, resolved(each["host"]), port)]
        if not allowed:
            raise not_public(name, found[0]["host"] if found else "no address")
        return allowed

    def open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """The last look at an address, for `TCPConnector`."""
        family, kind, protocol, _, (address, port, *_) = info
        if not self._hosts.reach(resolved(address), port):
            raise not_public(address, address)
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        await self._inner.close()


_TYPED = " (for `leadtui tools call`: --host)"


def not_granted(host: str, port: int) -> AgentError:
    message = f"the host {host!r} (port {port}) is not granted: name it under `hosts`{_TYPED}"
    return failed(Category.PERMISSION, message, code="host_not_granted")


def not_public(host: str, address: str) -> AgentError:
    what = f"{host!r} is" if _is_address(host) else f"{host!r} leads to {address}, which is"
    message = f"{what} no public address: name the address itself under `hosts`{_TYPED} to grant it"
    return failed(Category.PERMISSION, message, code="address_not_granted")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
