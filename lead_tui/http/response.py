"""What came back: a body read within bounds, decoded by what it says it is, and the rest as `meta`."""

import codecs
import re
from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from lead_tui.errors import Category, failed

if TYPE_CHECKING:
    import httpx2

_TEXT = re.compile(
    r"text/.*|application/(?:.*\+)?(?:xml|yaml|x-yaml|javascript|ecmascript|x-www-form-urlencoded|graphql|sql|"
    r"x-ndjson|ndjson|jsonl|jsonlines|x-sh|toml|rtf)"
)
_JSON = re.compile(r"(?:application|text)/(?:.*\+)?json")
_SECRET_PARAMETER = re.compile(r"key|token|secret|passw|pwd|auth|sig|credential|session|code", re.IGNORECASE)


async def read(
    response: "httpx2.Response", limit: int, what: str, heard: Callable[[], None] = lambda: None
) -> bytes:
    """The body, decompressed. Stops at `limit` bytes of it, whatever the headers promised.

    `heard` is called now, that there is an answer, and with each piece of it.
    """
    heard()
    chunks: list[bytes] = []
    size = 0
    if response.request.method != "HEAD" and _announced(response) > limit:
        raise _too_large(what, limit)
    async for chunk in response.aiter_bytes():
        heard()
        size += len(chunk)
        if size > limit:
            raise _too_large(what, limit)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _announced(response: "httpx2.Response") -> int:
    length = response.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0


def _too_large(what: str, limit: int) -> Exception:
    message = f"{what} answered with more than {limit} bytes: see `max_response_bytes`"
    return failed(Category.RESOURCE, message, code="too_large")


def decode(body: bytes, content_type: str) -> tuple[Any, str]:
    """The result, and a note if it is not what the content type promised.

    JSON becomes data, text becomes text (what cannot be decoded is replaced), an empty body that is not text
    becomes null, and all else `{"base64": ..., "content_type": ...}`.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if _JSON.fullmatch(kind):
        return _json(body, content_type)
    if _TEXT.fullmatch(kind):
        return _text(body, content_type), ""
    if not body:
        return None, ""
    if not kind:
        try:
            return body.decode(), ""
        except UnicodeDecodeError:
            pass
    return {"base64": b64encode(body).decode("ascii"), "content_type": kind}, ""


def _json(body: bytes, content_type: str) -> tuple[Any, str]:
    if not body.strip():
        return None, ""
    if _charset(content_type) not in ("utf-8", "ascii"):
        body = _text(body, content_type).encode()
    try:
        return msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8)), ""
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        return body.decode("utf-8", "replace"), f"the body says it is JSON and is not: {reason}"


def _text(body: bytes, content_type: str) -> str:
    """What cannot be decoded is replaced; a codec that is none of text, or gives up, makes way for UTF-8."""
    try:
        text = body.decode(_charset(content_type), "replace")
    except (LookupError, UnicodeError):
        text = body.decode("utf-8", "replace")
    # some codecs let lone surrogates through, which nothing after us can store
    return text if text.isascii() else text.encode("utf-8", "replace").decode().removeprefix("\ufeff")


def _charset(content_type: str) -> str:
    """The codec that the content type names; UTF-8 if it names none, or none that is known."""
    match = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    if match is None:
        return "utf-8"
    try:
        return codecs.lookup(match[1]).name
    except LookupError:
        return "utf-8"


def meta(response: "httpx2.Response", elapsed: float, size: int, note: str) -> dict[str, Any]:
    """`elapsed` in seconds until the body was read, `bytes` after decompression; cookies are left out."""
    headers: dict[str, str] = {}
    for name, value in response.headers.multi_items():
        if name != "set-cookie":
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    found = {
        "status": response.status_code,
        "headers": headers,
        "url": shown(response.url),
        "elapsed": round(elapsed, 6),
        "bytes": size,
    }
    return found | {"note": note} if note else found


def shown(url: "httpx2.URL") -> str:
    """The URL for people: `***` for what its query seems to keep secret (credentials it never has)."""
    if not url.query:
        return str(url)
    pairs = url.params.multi_items()
    if not any(_SECRET_PARAMETER.search(name) for name, _ in pairs):
        return str(url)
    masked = [(name, "***" if _SECRET_PARAMETER.search(name) else value) for name, value in pairs]
    return f"{url.copy_with(query=None)}?{urlencode(masked, safe='*')}"
