"""Which IP addresses belong to the public internet.

Written out, not asked of `ipaddress`: its tables differ between releases of Python, and of an address that
carries another one (NAT64, 6to4, Teredo, IPv4-mapped) they judge the outer one.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

# https://www.iana.org/assignments/iana-ipv4-special-registry, multicast and class E
_NOT_PUBLIC_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # private
        "100.64.0.0/10",  # shared by customers of a carrier
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, where clouds keep their metadata
        "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  # protocols, documentation
        "192.88.99.0/24",  # relays of 6to4
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)  # fmt: skip

_UNICAST_V6 = IPv6Network("2000::/3")
"""All that is assigned for public use. Outside lie loopback, unique local and link-local addresses,
multicast, and those that carry an IPv4 address: mapped (::ffff:0:0/96), compatible (::/96), NAT64
(64:ff9b::/96 and 64:ff9b:1::/48).
"""
# https://www.iana.org/assignments/iana-ipv6-special-registry
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
        "2001:db8::/32", "3fff::/20",  # documentation
        "2002::/16",  # 6to4
    )
)  # fmt: skip


def is_public(address: Address) -> bool:
    """May anybody on the internet have this address, and nobody else?"""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _UNICAST_V6 and not any(address in network for network in _NOT_PUBLIC_V6)
