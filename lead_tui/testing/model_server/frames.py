"""The bytes of a stream of server-sent events, in the portions that faults come between."""

import json
from dataclasses import dataclass
from typing import Any

from lead_tui.testing.model_server.replies import ToolCall

SHARE = 8
"""Characters of a tool's arguments in one piece: names and values are torn apart, as real streams do."""


@dataclass(frozen=True, slots=True)
class Frames:
    """`opening` goes out with the first piece, `closing` after the last; `filler` may be sent for ever."""

    opening: bytes
    pieces: tuple[bytes, ...]
    closing: bytes
    filler: bytes


def in_one(data: dict[str, Any]) -> Frames:
    """A body of JSON as a stream of one piece, so that it can break off in the middle."""
    body = _json(data).encode()
    half = len(body) // 2
    return Frames(opening=b"", pieces=(body[:half],), closing=body[half:], filler=b" " * 1024)


def sse(data: dict[str, Any], event: str = "") -> bytes:
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {_json(data)}\n\n".encode()


def arguments_text(call: ToolCall) -> str:
    return call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)


def cut_up(text: str) -> list[str]:
    return [text[start : start + SHARE] for start in range(0, len(text), SHARE)]


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)  # characters of several bytes, as the real ones send them
