"""`http_request` against real servers on loopback: only granted hosts, only addresses that may be."""

import asyncio
import contextlib
import socket

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from lead_tui.errors import AgentError, Category, Outcome
from lead_tui.tools import connection
from lead_tui.tools.call import call_tool
from lead_tui.tools.context import ToolContext
from lead_tui.tools.hosts import Hosts
from lead_tui.tools.http_request import http_request
from lead_tui.tools.registry import find_tool


@contextlib.asynccontextmanager
async def serving(answer):
    """Answer every request with `answer`; gives the port, and what was asked."""
    asked = []

    async def handler(request):
        await request.read()
        asked.append(request)
        return await answer(request)

    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1], asked
    finally:
        await runner.cleanup()


async def hello(request):
    return web.json_response({"path": request.path, "query": request.query_string})


class Names(AbstractResolver):
    """A resolver whose answers are scripted: a list of addresses for each name, one after the other."""

    def __init__(self, **answers):
        self.answers = {name.replace("_", "."): list(each) for name, each in answers.items()}
        self.asked = []

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        self.asked.append(host)
        address = self.answers[host].pop(0)
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [{"hostname": host, "host": address, "port": port, "family": kind, "proto": 0, "flags": 0}]

    async def close(self): ...


@pytest.fixture
async def context():
    """Make contexts with granted hosts; what they share is closed at the end."""
    made = []

    def make(*hosts, resolver=None, **settings):
        granted = Hosts.parse(hosts)
        found = ToolContext(hosts=granted, idempotency_key="key-1", **settings)
        if resolver is not None:
            found.shared[f"lead_tui.tools.http|{granted}"] = connection.make(granted, resolver)
        made.append(found)
        return found

    yield make
    for each in made:
        for value in each.shared.values():
            await value.aclose()


async def call(context, **arguments):
    return await call_tool(find_tool("http_request"), arguments, context)


async def refused(context, **arguments):
    with pytest.raises(AgentError) as caught:
        await call(context, **arguments)
    return caught.value.failure


async def test_an_answer(context):
    """Status, headers and decoded body; a query is added to the URL's own."""
    async with serving(hello) as (port, asked):
        found = await call(
            context("127.0.0.1"), url=f"http://127.0.0.1:{port}/a?x=1#part", query={"y": [2, True, None]}
        )
        assert (found["status"], found["ok"]) == (200, True)
        assert found["body"] == {"path": "/a", "query": "x=1&y=2&y=true"}
        assert found["headers"]["content-type"].startswith("application/json")
        assert asked[0].headers["user-agent"].startswith("leadtui/")


async def test_a_piece_of_the_body_is_a_sign_of_life(context):
    """The task that calls the tool hears each of them."""
    heard = asyncio.Event()

    async def drip(request):
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        for piece in (b"a", b"b"):
            await heard.wait()
            heard.clear()
            await response.write(piece)
        return response

    async with serving(drip) as (port, _), asyncio.timeout(20):
        using = context("127.0.0.1", heartbeat=heard.set)
        found = await call(using, url=f"http://127.0.0.1:{port}/")
    assert found["body"] == "ab"


async def test_any_status_is_a_result(context):
    """A 404 is no failure of the tool, but not ok; broken JSON comes as text with a note."""

    async def missing(request):
        return web.Response(status=404, text="{no", content_type="application/json")

    async with serving(missing) as (port, _):
        found = await call(context("127.0.0.1"), url=f"http://127.0.0.1:{port}/")
    assert (found["status"], found["ok"], found["body"]) == (404, False, "{no")
    assert "says it is JSON" in found["note"]


async def test_bodies_and_headers(context):
    """JSON and text with their types; POST carries the idempotency key, GET does not."""
    async with serving(hello) as (port, asked):
        here, url = context("127.0.0.1"), f"http://127.0.0.1:{port}/"
        await call(here, url=url, method="post", json={"a": 1}, headers={"X-Mine": "1", "Y": None})
        await call(here, url=url, method="PUT", body="ü", headers={"content-type": "text/x"})
        await call(here, url=url)
    post, put, get = asked
    assert (await post.json(), post.headers["x-mine"], post.headers["idempotency-key"]) == (
        {"a": 1},
        "1",
        "key-1",
    )
    assert (await put.read(), put.headers["content-type"]) == ("ü".encode(), "text/x")
    assert "y" not in post.headers
    assert "idempotency-key" not in get.headers


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"url": "ftp://a.example/"}, "begins with http"),
        ({"url": "/path"}, "begins with http"),
        ({"url": "file:///etc/passwd"}, "begins with http"),
        ({"url": "http://me:hush@a.example/"}, "credentials do not belong"),
        ({"url": "http://[::1/"}, "url"),
        ({"url": "http://a.example:99999/"}, "cannot be called"),
        ({"method": "CONNECT"}, "method"),
        ({"method": "G T"}, "method"),
        ({"headers": {"Host": "b.example"}}, "host is set by the connection itself"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "set by the connection itself"),
        ({"headers": {"Proxy-Authorization": "x"}}, "set by the connection itself"),
        ({"headers": {"x": "a\r\nb: c"}}, "printable ASCII"),
        ({"headers": {"x": {}}}, "text, a number"),
        ({"query": {"x": {}}}, "query.x"),
        ({"json": 1, "body": "x"}, "at most one"),
        ({"timeout": 0}, "more than 0"),
        ({"max_response_bytes": 10**9}, "at most"),
    ],
)
async def test_what_cannot_be_sent(context, arguments, complaint):
    """Bad URLs, methods, headers and bodies are permanent validation errors; nothing is connected to."""
    told = await refused(context("*"), **{"url": "http://a.example/", **arguments})
    assert (told.category, told.outcome) == (Category.VALIDATION, Outcome.PERMANENT)
    assert complaint in told.message
    assert "hush" not in told.message


async def test_only_granted_hosts(context):
    """Nothing is granted by default, and no name is resolved before it is granted."""
    names = Names(b_example=["93.184.216.34"])
    told = await refused(context("a.example", resolver=names), url="http://b.example/")
    assert (told.category, told.code) == (Category.PERMISSION, "host_not_granted")
    assert names.asked == []
    assert (await refused(context(), url="http://127.0.0.1/")).code == "host_not_granted"
    assert (await refused(context("a.example:80"), url="https://a.example/")).code == "host_not_granted"


NUMBERS = ["2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.1", "0177.0.0.1", "127.0.0.01"]


@pytest.mark.parametrize("host", NUMBERS)
async def test_hosts_written_as_numbers(context, host):
    """Decimal, hexadecimal and octal forms of 127.0.0.1 are no hosts, whatever is granted."""
    told = await refused(context("*", "127.0.0.1"), url=f"http://{host}/")
    assert told.category in (Category.VALIDATION, Category.PERMISSION)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "[::1]", "[::]",
     "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:1::1]",
     "[fe80::1]", "[fc00::1]", "[ff02::1]"],
)  # fmt: skip
async def test_addresses_that_are_not_public(context, host):
    """A wildcard grants none of them."""
    told = await refused(context("*"), url=f"http://{host}:1/")
    assert (told.category, told.code) == (Category.PERMISSION, "address_not_granted")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fe80::1%1"],
)
async def test_names_that_lead_to_them(context, address):
    """What a granted name resolves to is judged, too."""
    here = context("a.example", resolver=Names(a_example=[address]))
    told = await refused(here, url="http://a.example:1/")
    assert (told.category, told.code) == (Category.PERMISSION, "address_not_granted")
    assert "a.example" in told.message


async def test_the_checked_address_is_the_one_connected_to(context):
    """A name is resolved once for a connection: an answer that changes afterwards changes nothing."""
    async with serving(hello) as (port, asked):
        names = Names(a_example=["127.0.0.1", "10.0.0.1"])
        here = context("a.example", f"127.0.0.1:{port}", resolver=names)
        assert (await call(here, url=f"http://a.example:{port}/"))["status"] == 200
        assert names.asked == ["a.example"]
        assert asked[0].headers["host"] == f"a.example:{port}"


async def test_a_name_that_changes_between_connections(context):
    """The second connection, after the first was closed, is judged by what the name leads to then."""

    async def closing(request):
        response = web.Response(text="hi")
        response.force_close()
        return response

    async with serving(closing) as (port, asked):
        here = context("a.example", f"127.0.0.1:{port}", resolver=Names(a_example=["127.0.0.1", "127.0.0.2"]))
        await call(here, url=f"http://a.example:{port}/")
        assert (await refused(here, url=f"http://a.example:{port}/")).code == "address_not_granted"
        assert len(asked) == 1


async def test_the_socket_is_the_last_look():
    """Should an address slip past the resolver, no socket is made for it."""
    guard = connection.GrantedResolver(Hosts.parse(("a.example",)), Names())
    with pytest.raises(AgentError, match="no public address"):
        guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80)))
    guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))).close()
    with pytest.raises(AgentError, match="not granted"):
        await guard.resolve("b.example", 80)


async def test_a_name_without_addresses(context):
    """An empty answer leads nowhere."""

    class Nothing(Names):
        async def resolve(self, host, port=0, family=0):
            return []

    told = await refused(context("a.example", resolver=Nothing()), url="http://a.example/")
    assert told.code == "address_not_granted"


async def test_localhost_by_name(context):
    """Granted by its name it leads to loopback."""
    async with serving(hello) as (port, _):
        found = await call(context(f"localhost:{port}"), url=f"http://localhost:{port}/")
    assert found["ok"]


def leading_to(location, status=302):
    async def answer(request):
        if request.path == "/end":
            return web.json_response(dict(request.headers))
        return web.Response(status=status, headers={"location": location(request)})

    return answer


async def test_redirects_within_the_origin(context):
    """Followed, with the caller's headers."""
    async with serving(leading_to(lambda _: "/end")) as (port, asked):
        found = await call(
            context("127.0.0.1"), url=f"http://127.0.0.1:{port}/", headers={"Authorization": "t"}
        )
    assert found["body"]["Authorization"] == "t"
    assert found["url"].endswith("/end")
    assert [each.path for each in asked] == ["/", "/end"]


async def test_redirects_to_another_origin(context):
    """Followed if it is granted, and without the caller's headers."""
    async with (
        serving(hello) as (other, asked),
        serving(leading_to(lambda _: f"http://127.0.0.1:{other}/")) as (port, _),
    ):
        await call(context("127.0.0.1"), url=f"http://127.0.0.1:{port}/",
                   headers={"Authorization": "t", "Cookie": "c", "Accept": "a/b"})  # fmt: skip
    assert asked[0].headers["accept"] == "a/b"
    assert not {"Authorization", "Cookie"} & set(asked[0].headers)


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://169.254.169.254/latest", "host_not_granted"),
        ("http://b.example/", "host_not_granted"),
        ("http://[::ffff:127.0.0.1]/", "host_not_granted"),
        ("http://2130706433/", "bad_parameters"),
        ("file:///etc/passwd", "bad_parameters"),
        ("http://me:hush@127.0.0.1/", "bad_parameters"),
    ],
)
async def test_redirects_are_checked_anew(context, location, code):
    """Where a granted host leads is granted only by itself."""
    async with serving(leading_to(lambda _: location)) as (port, asked):
        told = await refused(context(f"127.0.0.1:{port}"), url=f"http://127.0.0.1:{port}/")
    assert told.code == code
    assert len(asked) == 1


async def test_a_redirect_to_a_private_address(context):
    """A wildcard that let the first host pass does not let the second."""
    async with serving(leading_to(lambda _: "http://10.0.0.1/")) as (port, _):
        told = await refused(context("*", f"127.0.0.1:{port}"), url=f"http://127.0.0.1:{port}/")
    assert told.code == "address_not_granted"


async def test_redirects_that_are_not_followed(context):
    """Of a POST, without a place, to no URL: the answer is the result. Endless ones are a failure."""
    async with serving(leading_to(lambda _: "/end", 307)) as (port, asked):
        found = await call(context("127.0.0.1"), url=f"http://127.0.0.1:{port}/", method="POST")
        assert (found["status"], found["headers"]["location"]) == (307, "/end")
        assert len(asked) == 1
    async with serving(leading_to(lambda _: "http://[::1/")) as (port, _):
        assert (await call(context("127.0.0.1"), url=f"http://127.0.0.1:{port}/"))["status"] == 302

    async def nowhere(request):
        return web.Response(status=302)

    async with serving(nowhere) as (port, _):
        assert (await call(context("127.0.0.1"), url=f"http://127.0.0.1:{port}/"))["status"] == 302
    async with serving(leading_to(lambda _: "/")) as (port, asked):
        assert (await refused(context("127.0.0.1"), url=f"http://127.0.0.1:{port}/")).code == "redirects"
        assert len(asked) == 11


async def test_from_https_to_http():
    """Never followed: what was encrypted would be in the open."""
    import httpx2

    from lead_tui.tools.http_request import _redirected

    request = httpx2.Request("GET", "https://a.example/")
    response = httpx2.Response(302, headers={"location": "http://a.example/"}, request=request)
    with pytest.raises(AgentError, match="unencrypted"):
        _redirected(request, response)


async def test_bounds(context):
    """An answer that is too long, or too late, is a failure."""
    never = asyncio.Event()

    async def large(request):
        if request.path == "/late":
            await never.wait()
        return web.Response(text="x" * (2**20 if request.path == "/long" else 2000))

    async with serving(large) as (port, _):
        here, url = context("127.0.0.1"), f"http://127.0.0.1:{port}/"
        assert (await refused(here, url=url, max_response_bytes=1999)).code == "too_large"
        assert (await call(here, url=url, max_response_bytes=2000))["ok"]
        long = await call(here, url=f"{url}long", max_response_bytes=2**21)
        assert len(long["body"]) == 2**20
        late = await refused(here, url=f"{url}late", timeout=0.05)
        assert (late.category, late.outcome) == (Category.TIMEOUT, Outcome.UNKNOWN)
        never.set()


async def test_a_host_that_does_not_answer(context):
    """The table of failures of HTTP holds here, too: a refused connection is safe to try again."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        told = await refused(
            context("127.0.0.1"), url=f"http://127.0.0.1:{closed.getsockname()[1]}/?key=hush"
        )
    assert (told.category, told.outcome) == (Category.NETWORK, Outcome.SAFE)
    assert "hush" not in told.message


async def test_no_proxy_of_the_environment(context, monkeypatch):
    """A proxy would connect in our place, and where it likes."""
    async with serving(hello) as (port, asked):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        names = Names(a_example=["127.0.0.1"])
        here = context("a.example", f"127.0.0.1:{port}", resolver=names)
        assert (await call(here, url=f"http://a.example:{port}/"))["ok"]
        assert len(asked) == 1


def test_which_methods_may_be_repeated():
    """By the method, GET if there is none."""
    tool = find_tool("http_request")
    assert tool.function is http_request
    assert tool.is_idempotent({})
    assert tool.is_idempotent({"method": " put "})
    assert not tool.is_idempotent({"method": "POST"})
    assert not tool.is_idempotent({"method": "{{ inputs.method }}"})
