"""How a call over HTTP failed: from a status or an exception to category, outcome and code.

The one place that knows the table. aiohttp's exceptions are judged where there are any: the transport between
folds several of them into one of httpx2's.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lead_tui.errors import Category, Failure, Outcome

_NO_MONEY = re.compile(
    r"insufficient[_ ](?:quota|balance|credits?|funds)|billing_\w+|credit balance is too low|"
    r"payment[_ ]required",
    re.IGNORECASE,
)
_SAFE, _UNKNOWN, _PERMANENT = Outcome.SAFE, Outcome.UNKNOWN, Outcome.PERMANENT


def of_status(status: int, headers: Mapping[str, str], text: str, now: datetime, what: str) -> Failure:
    """The failure that a status of 300 or more is. `text` is the beginning of the body, `what` the call."""
    asked = retry_after(headers.get("retry-after"), now)
    category, outcome = _judge(status, asked, text)
    if outcome is _PERMANENT:
        asked = None  # staying away would not help
    return Failure(category, f"{what} answered HTTP {status}", outcome, f"http_{status}", status, asked)


def _judge(status: int, asked: float | None, text: str) -> tuple[Category, Outcome]:
    if status == 402 or (status == 429 and _NO_MONEY.search(text)):
        return Category.RESOURCE, _PERMANENT
    if status == 429 or (status == 503 and asked is not None):
        return Category.RESOURCE, _SAFE
    if status == 425:
        return Category.NETWORK, _SAFE
    if status == 408 or status >= 500:
        return Category.NETWORK, _UNKNOWN
    if status in (401, 403, 407):
        return Category.PERMISSION, _PERMANENT
    return Category.VALIDATION, _PERMANENT


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from the header `Retry-After`: a number of them or an HTTP date. None if absent or nonsense."""
    text = (value or "").strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text):
        return float(text)
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if instant.tzinfo is None:  # "-0000": a date without a zone, which HTTP says is GMT
        instant = instant.replace(tzinfo=UTC)
    return max(0.0, (instant - now).total_seconds())


def of_exception(error: Exception, what: str) -> Failure | None:
    """The failure that an exception of the transport is, None for one that is not its own."""
    import aiohttp
    import httpx2

    cause = error.__cause__
    if isinstance(error, httpx2.TransportError) and isinstance(cause, aiohttp.ClientError):
        return _of_aiohttp(cause, what)
    if isinstance(error, aiohttp.ClientError):
        return _of_aiohttp(error, what)
    if isinstance(error, httpx2.HTTPError | httpx2.InvalidURL):
        return _of_httpx2(error, what)
    return None


def _of_aiohttp(error: Exception, what: str) -> Failure:
    """From the most particular exception to the most general: many of them inherit from each other."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ServerFingerprintMismatch):
        reason = getattr(error.__cause__, "verify_message", "") or "the certificate is not valid"
        return _network(what, f"refused: {reason}", _PERMANENT, "bad_certificate")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _network(what, "failed: the host's name is not known", _SAFE, "dns")
    if isinstance(error, aiohttp.ClientSSLError):
        return _network(what, "failed: the TLS handshake broke", _SAFE, "tls")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return _network(what, "failed: the proxy cannot be reached", _SAFE, "proxy")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _of_proxy(error.status, what)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return _timeout(what, "could not connect in time", _SAFE, "connect_timeout")
    if isinstance(error, aiohttp.ServerTimeoutError):
        return _timeout(what, "got no answer in time", _UNKNOWN, "read_timeout")
    if isinstance(error, aiohttp.ClientConnectorError):
        refused = isinstance(error.os_error, ConnectionRefusedError)
        code = "refused" if refused else "connect"
        return _network(what, f"failed: {error.os_error.strerror or 'no connection'}", _SAFE, code)
    if isinstance(error, aiohttp.ClientPayloadError):
        return _network(what, "got a truncated answer", _UNKNOWN, "truncated")
    if isinstance(error, aiohttp.ClientConnectionError):
        return _network(what, "lost the connection before an answer came", _UNKNOWN, "reset")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return Failure(Category.VALIDATION, f"{what}: this URL cannot be called", _PERMANENT, "bad_url")
    return _network(what, "got an answer that is not HTTP", _UNKNOWN, "bad_response")


def _of_httpx2(error: Exception, what: str) -> Failure:
    """For transports that are not aiohttp's (a mock, a cassette) and for what httpx2 finds itself."""
    import httpx2

    if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return _timeout(what, "could not connect in time", _SAFE, "connect_timeout")
    if isinstance(error, httpx2.TimeoutException):
        return _timeout(what, "got no answer in time", _UNKNOWN, "read_timeout")
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        return _network(what, "failed: no connection", _SAFE, "connect")
    if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
        return Failure(Category.VALIDATION, f"{what}: this URL cannot be called", _PERMANENT, "bad_url")
    if isinstance(error, httpx2.DecodingError):
        return _network(what, "got an answer whose compression is broken", _UNKNOWN, "bad_encoding")
    return _network(what, "lost the connection before an answer came", _UNKNOWN, "reset")


def _of_proxy(status: int, what: str) -> Failure:
    if status in (401, 403, 407):
        message = f"{what}: the proxy refused with HTTP {status}"
        return Failure(Category.PERMISSION, message, _PERMANENT, "proxy", status)
    return _network(what, f"failed: the proxy answered HTTP {status}", _SAFE, "proxy")


def _network(what: str, message: str, outcome: Outcome, code: str) -> Failure:
    return Failure(Category.NETWORK, f"{what} {message}", outcome, code)


def _timeout(what: str, message: str, outcome: Outcome, code: str) -> Failure:
    return Failure(Category.TIMEOUT, f"{what} {message}", outcome, code)
