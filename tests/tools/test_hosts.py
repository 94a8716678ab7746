"""Which hosts and addresses tools may call."""

from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.tools.addresses import is_public
from lead_tui.tools.hosts import HostGrant, Hosts, host_name, resolved

NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1",
    "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1",
    "fec0::1", "ff02::1", "ff0e::1", "4000::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
    "192.0.1.1", "198.17.255.255", "198.20.0.0", "223.255.255.255",
    "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450::1", "2003::1", "3ffe::1",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_addresses_that_are_not_public(text):
    """Every special range, and every form that carries an IPv4 address."""
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_that_are_public(text):
    """Right beside the special ranges, too."""
    assert is_public(ip_address(text))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(address):
    """Our table is at least as strict as that of the standard library."""
    if address.is_private or address.is_loopback or address.is_link_local or address.is_unspecified:
        assert not is_public(address)
    if address.is_multicast or address.is_reserved:
        assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_no_ipv6_form_makes_an_address_public(address):
    """Mapped, compatible, NAT64 and 6to4 are refused, whatever they carry."""
    forms = [ip_address(f"{prefix}{address}") for prefix in ("::", "::ffff:", "64:ff9b::", "64:ff9b:1::")]
    six_to_four = IPv6Address((0x2002 << 112) + (int(address) << 80))
    assert not any(map(is_public, [*forms, six_to_four]))


@pytest.mark.parametrize(
    ("grant", "host", "port", "allowed"),
    [
        ("example.com", "example.com", 443, True),
        ("example.com", "example.com", 8443, True),
        ("example.com", "www.example.com", 443, False),
        ("example.com", "notexample.com", 443, False),
        ("example.com", "example.com.evil.org", 443, False),
        ("Example.COM.", "example.com", 443, True),
        ("example.com:8443", "example.com", 8443, True),
        ("example.com:8443", "example.com", 443, False),
        ("*.example.com", "www.example.com", 443, True),
        ("*.example.com", "a.b.example.com", 80, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "evilexample.com", 443, False),
        ("*.example.com:80", "www.example.com", 443, False),
        ("*", "example.com", 1234, True),
        ("*", "8.8.8.8", 80, True),
        ("*:443", "example.com", 80, False),
        ("bücher.example", "xn--bcher-kva.example", 443, True),
        ("10.1.2.3", "10.1.2.3", 80, True),
        ("10.1.2.3", "10.1.2.4", 80, False),
        ("10.1.0.0/16", "10.1.2.4", 80, True),
        ("10.1.0.0/16", "intranet.example", 80, False),
        ("127.0.0.1:80", "127.0.0.1", 81, False),
        ("[::1]:80", "::1", 80, True),
        ("[::1]:80", "::1", 81, False),
        ("::1", "::1", 81, True),
        ("*.1", "10.0.0.1", 80, False),
    ],
)
def test_which_hosts_are_meant(grant, host, port, allowed):
    """Names exactly, `*.` for what lies below, ports and addresses as they are written."""
    try:
        hosts = Hosts.parse((grant,))
    except ValueError:
        assert not allowed
        return
    assert hosts.allow(host, port) is allowed


@pytest.mark.parametrize(
    ("grants", "host", "address", "port", "leads"),
    [
        (["example.com"], "example.com", "93.184.216.34", 443, True),
        (["example.com"], "example.com", "127.0.0.1", 443, False),
        (["example.com"], "example.com", "10.0.0.1", 443, False),
        (["example.com", "10.0.0.1"], "example.com", "10.0.0.1", 443, True),
        (["example.com", "10.0.0.1:80"], "example.com", "10.0.0.1", 443, False),
        (["example.com", "10.0.0.0/8"], "example.com", "10.9.9.9", 443, True),
        (["*"], "localhost", "127.0.0.1", 80, False),
        (["*.localhost"], "a.localhost", "127.0.0.1", 80, False),
        (["localhost"], "localhost", "127.0.0.1", 80, True),
        (["localhost"], "localhost", "::1", 80, True),
        (["localhost"], "localhost", "10.0.0.1", 80, False),
        (["localhost:81"], "localhost", "127.0.0.1", 80, False),
        (["a.localhost"], "a.localhost", "127.0.0.1", 80, True),
        (["127.0.0.1"], "127.0.0.1", "127.0.0.1", 80, True),
        (["*"], "127.0.0.1", "127.0.0.1", 80, False),
        (["*"], "169.254.169.254", "169.254.169.254", 80, False),
    ],
)
def test_where_a_host_may_lead(grants, host, address, port, leads):
    """To public addresses, to those that are granted themselves, and localhost to loopback."""
    hosts = Hosts.parse(tuple(grants))
    assert hosts.lead_to(host, ip_address(address), port) is leads
    if leads:
        assert hosts.reach(ip_address(address), port)


def test_a_socket_may_go_where_any_grant_leads():
    """The last look knows no names: public addresses, granted ones, and loopback for a granted localhost."""
    assert Hosts.parse(("localhost:80",)).reach(ip_address("127.0.0.1"), 80)
    assert not Hosts.parse(("localhost:80",)).reach(ip_address("127.0.0.1"), 81)
    assert not Hosts.parse(("localhost:80",)).reach(ip_address("10.0.0.1"), 80)
    assert not Hosts.parse(("*",)).reach(ip_address("127.0.0.1"), 80)


@pytest.mark.parametrize(
    "text",
    ["", "2130706433", "0x7f000001", "017700000001", "127.1", "127.0.0.01", "0x7f.0.0.1", "1.2.3.4.5", "a b",
     "http://example.com", "example.com/path", "user@example.com", "-a.example", "a..b", "ex%61mple.com",
     "[::1", "example.com:0", "example.com:99999", "*.*", "a.*.b", "10.0.0.1/8", "*.2130706433", "x" * 64,
     ".".join(["abcdefghi"] * 30), "\u2100..example", "a.0x7f",
     "１２７.0.0.1", "127。0。0。1"],
)  # fmt: skip
def test_what_is_no_host(text):
    """Numbers that some resolvers take for addresses, URLs, and anything that is no name."""
    with pytest.raises(ValueError, match=r"no host|no network|port"):
        HostGrant.parse(text)


def test_names_are_made_equal():
    """Case, a last dot and Unicode do not matter; an address is written in one way."""
    assert host_name("EXAMPLE.com.") == "example.com"
    assert host_name("Bücher.example") == "xn--bcher-kva.example"
    assert host_name("[0:0::1]") == "::1"


def test_the_zone_of_an_address_does_not_matter():
    """A link-local address is one in whatever zone."""
    assert resolved("fe80::1%eth0") == ip_address("fe80::1")
    assert resolved("10.0.0.1") in ip_network("10.0.0.0/8")
