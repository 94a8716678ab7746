"""Which hosts tools may call, as a flow grants them.

    example.com          this name          *.example.com    every name below it
    example.com:8443     only this port     *                every public host
    10.1.2.3, [::1]:80   an address         10.1.0.0/16      a network

A name, however granted, leads only to public addresses, unless the one that it resolves to is granted itself.
`localhost` leads to loopback. A host written as a number (2130706433, 0x7f.1) is none.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from lead_tui.tools.addresses import Address, is_public

_NUMBER = re.compile(r"(?:0x[0-9a-f]*|\d+)", re.IGNORECASE)
_LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_WITH_PORT = re.compile(r"(\[[^\]]*\]|[^:\[\]]*):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class HostGrant:
    """One of `name` (in ASCII; `*` and `*.` as written) and `network` is set. `port` None: any."""

    name: str = ""
    network: IPv4Network | IPv6Network | None = None
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> "HostGrant":
        """ValueError for what is no host."""
        if "://" in text:
            raise ValueError(f"{text!r} is no host but a URL: write example.com or example.com:8443")
        host, port = _split(text.strip())
        network = _network(host)
        if network is not None:
            return cls(network=network, port=port)
        if host == "*":
            return cls(name="*", port=port)
        wild, name = ("*.", host[2:]) if host.startswith("*.") else ("", host)
        return cls(name=wild + host_name(name), port=port)

    def names(self, host: str, port: int) -> bool:
        """Is this host, a name in ASCII or an address, meant by this grant?"""
        if self.port not in (None, port):
            return False
        if self.network is not None:
            address = literal(host)
            return address is not None and address in self.network
        if self.name.startswith("*."):
            return host.endswith(self.name[1:]) and literal(host) is None
        return self.name in ("*", host)

    def holds(self, address: Address, port: int) -> bool:
        """Is this very address granted?"""
        return self.network is not None and self.port in (None, port) and address in self.network


@dataclass(frozen=True, slots=True)
class Hosts:
    """All that one agent may call."""

    grants: tuple[HostGrant, ...] = ()

    @classmethod
    def parse(cls, texts: tuple[str, ...]) -> "Hosts":
        return cls(tuple(HostGrant.parse(text) for text in texts))

    def allow(self, host: str, port: int) -> bool:
        """May this host be asked for? `host` as `host_name` gives it."""
        return any(each.names(host, port) for each in self.grants)

    def lead_to(self, host: str, address: Address, port: int) -> bool:
        """May a connection for `host`, which is allowed, go to this address?"""
        if is_public(address) or any(each.holds(address, port) for each in self.grants):
            return True
        return address.is_loopback and is_local(host) and self._names_exactly(host, port)

    def reach(self, address: Address, port: int) -> bool:
        """May any connection go to this address, whatever its host?"""
        if is_public(address) or any(each.holds(address, port) for each in self.grants):
            return True
        return address.is_loopback and any(
            is_local(each.name) and each.port in (None, port) for each in self.grants
        )

    def _names_exactly(self, host: str, port: int) -> bool:
        return any(each.name == host and each.names(host, port) for each in self.grants)


def host_name(text: str) -> str:
    """The name in lower-case ASCII without a last dot, or the address; ValueError for what is neither."""
    host = text.removesuffix(".").lower()
    address = literal(host)
    if address is not None:
        return str(address)
    if not host.isascii():
        host = _ascii(host)
    if not _LABELS.fullmatch(host) or len(host) > 253:
        raise ValueError(f"{text!r} is no host: write example.com, *.example.com, host:port or an address")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise ValueError(f"{text!r} is no host: an address is written as 127.0.0.1 or [::1]")
    return host


def literal(host: str) -> Address | None:
    """The address that the host is, None for a name. `host` may stand in brackets."""
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_local(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def resolved(text: str) -> Address:
    """An address as a resolver gives it, without the zone that a link-local one may have."""
    address = ip_address(text)
    return IPv6Address(int(address)) if isinstance(address, IPv6Address) else address


def _split(text: str) -> tuple[str, int | None]:
    match = _WITH_PORT.fullmatch(text)
    if match is None:
        return text, None
    port = int(match[2])
    if not 0 < port < 65536:
        raise ValueError(f"{text!r}: a port lies between 1 and 65535")
    return match[1], port


def _network(host: str) -> IPv4Network | IPv6Network | None:
    address = literal(host)
    try:
        return ip_network(resolved(str(address)) if address else host)
    except ValueError:
        if "/" in host:
            raise ValueError(f"{host!r} is no network: write 10.1.0.0/16, without bits behind it") from None
        return None


def _ascii(host: str) -> str:
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError(f"{host!r} is no host name") from None
