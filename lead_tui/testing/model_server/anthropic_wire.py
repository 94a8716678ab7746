"""Messages and errors in the language of Anthropic's messages."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from lead_tui.testing.model_server.frames import Frames, arguments_text, cut_up, sse
from lead_tui.testing.model_server.replies import Message, Problem, ToolCall, Usage
from lead_tui.testing.model_server.request import ModelRequest


class _Error(NamedTuple):
    status: int
    type: str
    message: str


_INVALID = "invalid_request_error"
ERRORS: Final[Mapping[Problem, _Error]] = {
    "invalid_key": _Error(401, "authentication_error", "invalid x-api-key"),
    "forbidden": _Error(
        403, "permission_error", "Your API key does not have permission to use this resource."
    ),
    "unknown_model": _Error(404, "not_found_error", "model: not found"),
    "bad_request": _Error(400, _INVALID, "The request is not valid."),
    "context_length": _Error(400, _INVALID, "prompt is too long: 210000 tokens > 200000 maximum"),
    "content_filter": _Error(400, _INVALID, "Output blocked by content filtering policy"),
    "rate_limit": _Error(
        429, "rate_limit_error", "This request would exceed your organization's rate limit."
    ),
    "no_money": _Error(
        400,
        _INVALID,
        "Your credit balance is too low to access the Anthropic API. "
        "Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    "server_error": _Error(500, "api_error", "Internal server error"),
    "overloaded": _Error(529, "overloaded_error", "Overloaded"),
}

_STOPS = {
    "stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "refusal",
}  # fmt: skip


def error(problem: Problem, message: str | None = None) -> tuple[int, dict[str, Any]]:
    """The status and the body."""
    found = ERRORS[problem]
    return found.status, {"type": "error", "error": {"type": found.type, "message": message or found.message}}


def body(request: ModelRequest, message: Message) -> dict[str, Any]:
    """The answer in one. Arguments that are no JSON object cannot be said here: they are {}."""
    content: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.pieces else []
    content += [_call(request, index, each, _object(each)) for index, each in enumerate(message.calls)]
    return _head(request) | {
        "content": content, "stop_reason": _stop(message), "usage": _usage(message.usage),
    }  # fmt: skip


def stream(request: ModelRequest, message: Message) -> Frames:
    """The answer in the pieces of a stream: what opens and closes a block goes with its first and last."""
    blocks = [_text_block(message.pieces)] if message.pieces else []
    blocks += [_call_block(request, index, each) for index, each in enumerate(message.calls)]
    pieces: list[bytes] = []
    for index, (start, deltas) in enumerate(blocks):
        begun = _event("content_block_start", index=index, content_block=start)
        sent = [_event("content_block_delta", index=index, delta=delta) for delta in deltas]
        pieces += [begun + sent[0], *sent[1:]]
        pieces[-1] += _event("content_block_stop", index=index)
    filler = _event("content_block_delta", index=0, delta={"type": "text_delta", "text": "and "})
    return Frames(_opening(request, message), tuple(pieces), _closing(message), filler)


def stream_error(problem: Problem) -> bytes:
    return sse(error(problem)[1], "error")


def models(names: tuple[str, ...]) -> dict[str, Any]:
    data = [
        {"type": "model", "id": each, "display_name": each, "created_at": "2030-01-01T00:00:00Z"}
        for each in names
    ]
    first, last = (names[0], names[-1]) if names else (None, None)
    return {"data": data, "has_more": False, "first_id": first, "last_id": last}


def _opening(request: ModelRequest, message: Message) -> bytes:
    usage = _usage(message.usage) | {"output_tokens": 1}
    begun = _head(request) | {"content": [], "stop_reason": None, "usage": usage}
    return _event("message_start", message=begun) + _event("ping")


def _closing(message: Message) -> bytes:
    delta = {"stop_reason": _stop(message), "stop_sequence": None}
    usage = {"output_tokens": message.usage.output}
    return _event("message_delta", delta=delta, usage=usage) + _event("message_stop")


def _head(request: ModelRequest) -> dict[str, Any]:
    return {
        "id": f"msg_{request.number}", "type": "message", "role": "assistant", "model": request.model,
        "stop_sequence": None,
    }  # fmt: skip


def _event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields}, kind)


def _call(request: ModelRequest, index: int, each: ToolCall, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "tool_use", "id": f"toolu_{request.number}_{index + 1}", "name": each.tool,
        "input": arguments,
    }  # fmt: skip


def _object(call: ToolCall) -> dict[str, Any]:
    if isinstance(call.arguments, dict):
        return call.arguments
    try:
        found = json.loads(call.arguments)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


Block = tuple[dict[str, Any], list[dict[str, Any]]]


def _text_block(pieces: tuple[str, ...]) -> Block:
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]


def _call_block(request: ModelRequest, index: int, each: ToolCall) -> Block:
    pieces = ["", *cut_up(arguments_text(each))]  # the real one begins with an empty piece, too
    return _call(request, index, each, {}), [
        {"type": "input_json_delta", "partial_json": piece} for piece in pieces
    ]


def _stop(message: Message) -> str:
    if message.refused:
        return "refusal"
    return _STOPS[message.finish or ("tool_calls" if message.calls else "stop")]


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
    }
