"""Messages and errors in the language of OpenAI's chat completions."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from lead_tui.testing.model_server.frames import Frames, arguments_text, cut_up, sse
from lead_tui.testing.model_server.replies import Finish, Message, Problem, ToolCall, Usage
from lead_tui.testing.model_server.request import ModelRequest

CREATED = 1_893_456_000


class _Error(NamedTuple):
    status: int
    type: str
    code: str | None
    message: str
    param: str | None = None


_INVALID = "invalid_request_error"
ERRORS: Final[Mapping[Problem, _Error]] = {
    "invalid_key": _Error(401, _INVALID, "invalid_api_key", "Incorrect API key provided."),
    "forbidden": _Error(
        403, _INVALID, "unsupported_country_region_territory", "Country, region, or territory not supported"
    ),
    "unknown_model": _Error(
        404, _INVALID, "model_not_found", "The model does not exist or you do not have access to it."
    ),
    "bad_request": _Error(400, _INVALID, None, "The request is not valid."),
    "context_length": _Error(
        400,
        _INVALID,
        "context_length_exceeded",
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 "
        "tokens. Please reduce the length of the messages.",
        "messages",
    ),
    "content_filter": _Error(
        400,
        _INVALID,
        "content_filter",
        "The response was filtered due to the prompt triggering the content management policy.",
        "prompt",
    ),
    "rate_limit": _Error(
        429,
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached on requests per min (RPM): Limit 3, Used 3.",
    ),
    "no_money": _Error(
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "server_error": _Error(
        500, "server_error", None, "The server had an error while processing your request. Sorry about that!"
    ),
    "overloaded": _Error(
        503, "server_error", None, "The engine is currently overloaded, please try again later"
    ),
}


def error(problem: Problem, message: str | None = None) -> tuple[int, dict[str, Any]]:
    """The status and the body."""
    found = ERRORS[problem]
    told = {"message": message or found.message, "type": found.type, "param": found.param, "code": found.code}
    return found.status, {"error": told}


def body(request: ModelRequest, message: Message) -> dict[str, Any]:
    """The answer in one."""
    spoken: dict[str, Any] = {
        "role": "assistant",
        "content": None if message.refused else message.text or None,
    }
    spoken["refusal"] = message.text if message.refused else None
    if message.calls:
        spoken["tool_calls"] = [_call(request, index, each) for index, each in enumerate(message.calls)]
    choice = {"index": 0, "message": spoken, "logprobs": None, "finish_reason": _finish(message)}
    return _head(request, "chat.completion") | {"choices": [choice], "usage": _usage(message.usage)}


def stream(request: ModelRequest, message: Message) -> Frames:
    """The answer in the pieces of a stream."""
    first = {"role": "assistant", "content": None if message.calls and not message.pieces else ""}
    key = "refusal" if message.refused else "content"
    pieces = [_delta(request, {key: piece}) for piece in message.pieces]
    for index, each in enumerate(message.calls):
        pieces += [_delta(request, {"tool_calls": [part]}) for part in _parts(request, index, each)]
    closing = _delta(request, {}, _finish(message))
    if (request.body.get("stream_options") or {}).get("include_usage"):
        closing += _chunk(request, choices=[], usage=_usage(message.usage))
    return Frames(
        opening=_delta(request, first),
        pieces=tuple(pieces),
        closing=closing + b"data: [DONE]\n\n",
        filler=_delta(request, {"content": "and "}),
    )


def stream_error(problem: Problem) -> bytes:
    return sse(error(problem)[1])


def models(names: tuple[str, ...]) -> dict[str, Any]:
    data = [{"id": each, "object": "model", "created": CREATED, "owned_by": "test"} for each in names]
    return {"object": "list", "data": data}


def _head(request: ModelRequest, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{request.number}", "object": kind, "created": CREATED, "model": request.model}


def _chunk(request: ModelRequest, **fields: Any) -> bytes:
    return sse(_head(request, "chat.completion.chunk") | fields)


def _delta(request: ModelRequest, delta: dict[str, Any], finish: Finish | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _chunk(request, choices=[choice])


def _call(request: ModelRequest, index: int, each: ToolCall) -> dict[str, Any]:
    function = {"name": each.tool, "arguments": arguments_text(each)}
    return {"id": f"call_{request.number}_{index + 1}", "type": "function", "function": function}


def _parts(request: ModelRequest, index: int, each: ToolCall) -> list[dict[str, Any]]:
    whole = _call(request, index, each)
    first = {"index": index, **whole, "function": {"name": each.tool, "arguments": ""}}
    pieces = cut_up(arguments_text(each))
    return [first, *({"index": index, "function": {"arguments": piece}} for piece in pieces)]


def _finish(message: Message) -> Finish:
    return message.finish or ("tool_calls" if message.calls else "stop")


def _usage(usage: Usage) -> dict[str, Any]:
    """Here the input counts what came from the cache."""
    prompt = usage.input + usage.cache_read + usage.cache_write
    details = {"cached_tokens": usage.cache_read, "audio_tokens": 0}
    if usage.cache_write:
        details["cache_write_tokens"] = usage.cache_write
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": prompt + usage.output,
        "prompt_tokens_details": details,
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
