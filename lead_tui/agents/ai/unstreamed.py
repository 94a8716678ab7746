"""A body of JSON where a stream was asked for: an error is handed on as the event that the SDKs read.

Some services tell an error with status 200, or do not stream at all. A status that the error itself names
(`{"error": {"code": 429}}`) counts as the answer's. Imports httpx2.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from lead_tui.errors import AgentError, Category, Outcome, failed

Body = httpx2.AsyncByteStream


class _Replayed(Body):
    """What was read of `body`, or what takes its place, and the rest of it."""

    def __init__(self, body: Body, begun: bytes, rest: AsyncIterator[bytes] | None = None) -> None:
        self._body = body
        self._begun = begun
        self._rest = rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._begun
        if self._rest is not None:
            async for chunk in self._rest:
                yield chunk

    async def aclose(self) -> None:
        await self._body.aclose()


async def as_stream(body: Body, host: str) -> tuple[int, Body]:
    """Status and body as a stream has them, whatever its header says; AgentError for a whole answer."""
    rest, begun = aiter(body), b""
    while not begun.strip():
        try:
            begun += await anext(rest)
        except StopAsyncIteration:
            return 200, _Replayed(body, begun)
    if not begun.lstrip().startswith(b"{"):
        return 200, _Replayed(body, begun, rest)
    whole = begun + b"".join([chunk async for chunk in rest])
    found = _parsed(whole)
    if found is None:
        return 200, _Replayed(body, whole)
    if not found.get("error"):
        raise _no_stream(found, host)
    error = _error(found)
    if isinstance(status := error.get("code"), int) and 400 <= status < 600:
        return status, _Replayed(body, json.dumps({"error": error}).encode())
    event = json.dumps({"type": "error", "error": error})
    return 200, _Replayed(body, f"event: error\ndata: {event}\n\n".encode())


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _error(found: dict[str, Any]) -> dict[str, Any]:
    """With the sentence for people where the SDKs look for it."""
    error = found["error"]
    if not isinstance(error, dict):
        said = error if isinstance(error, str) else found.get("message")
        return {"message": str(said or json.dumps(error))}
    if isinstance(error.get("message"), str):
        return error
    return {**error, "message": str(found.get("message") or json.dumps(error))}


def _no_stream(found: dict[str, Any], host: str) -> AgentError:
    if "choices" in found or found.get("type") == "message":
        message = (
            f"{host} does not stream: it was asked for server-sent events and sent the whole answer as JSON. "
            "Turn streaming on there, or use another `endpoint`"
        )
        return failed(Category.VALIDATION, message, code="not_streaming")
    message = f"{host} answered with JSON that is no stream and no error: check `endpoint`"
    return failed(Category.NETWORK, message, Outcome.UNKNOWN, "bad_response")
