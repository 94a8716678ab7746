"""From exceptions of the transport to failures, where no server of ours can provoke them."""

import ssl
from types import SimpleNamespace

import aiohttp
import httpx2
import pytest

from lead_tui.agents.http_api import HttpApiAgent
from lead_tui.errors import AgentError, Category, Outcome
from lead_tui.http import errors as http_errors
from tests.agents.http_server import Context, agent

NETWORK, TIMEOUT, VALIDATION = Category.NETWORK, Category.TIMEOUT, Category.VALIDATION
SAFE, UNKNOWN, PERMANENT = Outcome.SAFE, Outcome.UNKNOWN, Outcome.PERMANENT
KEY = SimpleNamespace(host="h", port=1, is_ssl=True, ssl=True)


def connector(kind: type, error: Exception) -> Exception:
    return kind(KEY, error)


def proxy_said(status: int) -> Exception:
    info = SimpleNamespace(real_url="http://h")
    return aiohttp.ClientHttpProxyError(info, (), status=status, message="no")


@pytest.mark.parametrize(
    ("error", "category", "outcome", "code"),
    [
        (connector(aiohttp.ClientConnectorError, OSError(113, "No route to host")), NETWORK, SAFE, "connect"),
        (connector(aiohttp.ClientProxyConnectionError, OSError(111, "x")), NETWORK, SAFE, "proxy"),
        (connector(aiohttp.ClientConnectorSSLError, ssl.SSLError(1, "x")), NETWORK, SAFE, "tls"),
        (connector(aiohttp.ClientConnectorCertificateError, ssl.CertificateError()), NETWORK, PERMANENT,
         "bad_certificate"),
        (aiohttp.ServerFingerprintMismatch(b"a", b"b", "h", 1), NETWORK, PERMANENT, "bad_certificate"),
        (aiohttp.ConnectionTimeoutError(), TIMEOUT, SAFE, "connect_timeout"),
        (aiohttp.SocketTimeoutError(), TIMEOUT, UNKNOWN, "read_timeout"),
        (aiohttp.ClientPayloadError(), NETWORK, UNKNOWN, "truncated"),
        (aiohttp.ClientOSError(32, "broken pipe"), NETWORK, UNKNOWN, "reset"),
        (aiohttp.ServerDisconnectedError(), NETWORK, UNKNOWN, "reset"),
        (aiohttp.InvalidURL("x"), VALIDATION, PERMANENT, "bad_url"),
        (aiohttp.ClientError(), NETWORK, UNKNOWN, "bad_response"),
        (proxy_said(407), Category.PERMISSION, PERMANENT, "proxy"),
        (proxy_said(502), NETWORK, SAFE, "proxy"),
        (httpx2.ConnectTimeout("x"), TIMEOUT, SAFE, "connect_timeout"),
        (httpx2.PoolTimeout("x"), TIMEOUT, SAFE, "connect_timeout"),
        (httpx2.ReadTimeout("x"), TIMEOUT, UNKNOWN, "read_timeout"),
        (httpx2.ConnectError("x"), NETWORK, SAFE, "connect"),
        (httpx2.ProxyError("x"), NETWORK, SAFE, "connect"),
        (httpx2.ReadError("x"), NETWORK, UNKNOWN, "reset"),
        (httpx2.RemoteProtocolError("x"), NETWORK, UNKNOWN, "reset"),
        (httpx2.UnsupportedProtocol("x"), VALIDATION, PERMANENT, "bad_url"),
        (httpx2.InvalidURL("x"), VALIDATION, PERMANENT, "bad_url"),
    ],
)  # fmt: skip
def test_each_exception_has_its_place(error, category, outcome, code):
    """What surely was not sent is safe, what broke later unknown, what stays broken permanent."""
    failure = http_errors.of_exception(error, "GET http://h/")
    assert (failure.category, failure.outcome, failure.code) == (category, outcome, code)
    assert failure.message.startswith("GET http://h/")


def test_the_cause_is_judged_before_what_the_transport_made_of_it():
    """A server that hangs up reaches us as a connect timeout: the aiohttp exception below tells the truth."""
    folded = httpx2.ConnectTimeout("x")
    folded.__cause__ = aiohttp.ServerDisconnectedError()
    assert http_errors.of_exception(folded, "x").outcome is UNKNOWN


def test_other_exceptions_are_not_ours():
    """A bug is not a network error."""
    assert http_errors.of_exception(KeyError("x"), "x") is None


def answering_with(error: Exception) -> Context:
    """A run whose transport for http raises this."""

    def handler(_request: httpx2.Request) -> httpx2.Response:
        raise error

    context = Context()
    context.shared["http_api|http||"] = httpx2.MockTransport(handler)
    return context


async def test_any_transport_may_stand_in_for_aiohttps():
    """A mock or cassette under the pool's key is used, and its exceptions are judged."""
    api: HttpApiAgent = agent("http://h")
    with pytest.raises(AgentError) as caught:
        await api.execute("x", {}, answering_with(httpx2.ReadTimeout("slow")))
    assert caught.value.failure.code == "read_timeout"
    with pytest.raises(KeyError):
        await api.execute("x", {}, answering_with(KeyError("bug")))


async def test_http_is_upgraded_to_https_of_the_same_host_only():
    """The usual redirect to TLS is followed with the headers; one that takes TLS away is not."""
    seen = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append((str(request.url), request.headers["authorization"]))
        to = "http://h.example/c" if request.url.path == "/b" else "https://h.example/b"
        return httpx2.Response(301, headers={"location": to}, request=request)

    context = Context()
    context.shared["http_api|http||"] = context.shared["http_api|https|True|"] = httpx2.MockTransport(handler)
    api = agent("http://h.example/a", authentication={"type": "bearer", "token": "t"})
    response = await api.execute("x", {}, context)
    assert seen == [("http://h.example/a", "Bearer t"), ("https://h.example/b", "Bearer t")]
    assert response.error.status == 301


def test_connecting_gives_up_before_the_attempt_does():
    """A short `timeout` shortens the connect timeout, so that it is known that nothing was executed."""
    assert agent(timeout=1)._connect == 0.9
    assert agent(timeout=60)._connect == 10
    assert agent(connect_timeout=3)._connect == 3
