"""What the providers refuse in a request, and how they say it: a conversation that they would not take."""

import re
from collections.abc import Iterator
from typing import Any

from lead_tui.testing.model_server.request import ModelRequest, name_of

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def complaint(request: ModelRequest) -> str | None:
    """Why the provider would answer 400, None if it would not."""
    checks = _of_openai if request.api == "openai" else _of_anthropic
    return next(_of_both(request), None) or next(checks(request), None)


def _of_both(request: ModelRequest) -> Iterator[str]:
    body = request.body
    if not isinstance(body.get("model"), str) or not body["model"]:
        yield "you must provide a model parameter"
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        yield "messages: Input should be a valid list"
    elif not messages:
        yield "messages: at least one message is required"
    elif not all("role" in each and ("content" in each or "tool_calls" in each) for each in messages):
        yield "messages: each has a role and content"
    for index, tool in enumerate(body.get("tools") or ()):
        if not _TOOL_NAME.fullmatch(name_of(tool)):
            yield (
                f"Invalid 'tools[{index}].function.name': string does not match pattern. "
                "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            )


def _of_openai(request: ModelRequest) -> Iterator[str]:
    if "stream_options" in request.body and not request.streams:
        yield "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    if "tool_choice" in request.body and not request.tools:
        yield "'tool_choice' is only allowed when 'tools' are specified."
    open_calls: list[str] = []
    for message in request.messages:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                yield (
                    "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                )
            open_calls = [each for each in open_calls if each != message.get("tool_call_id")]
            continue
        if open_calls:
            break
        open_calls = [each["id"] for each in message.get("tool_calls") or ()]
    if open_calls:
        yield (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            "'tool_call_id'. The following tool_call_ids did not have response messages: "
            + ", ".join(open_calls)
        )


def _of_anthropic(request: ModelRequest) -> Iterator[str]:
    if "anthropic-version" not in request.headers:
        yield "anthropic-version: header is required"
    limit = request.body.get("max_tokens")
    if not isinstance(limit, int) or limit < 1:
        yield "max_tokens: Field required"
    if request.messages[0]["role"] != "user":
        yield 'messages: first message must use the "user" role'
    open_calls: set[str] = set()
    for index, message in enumerate(request.messages):
        if message["role"] not in ("user", "assistant"):
            yield f'messages: Unexpected role "{message["role"]}". Use the top-level `system` parameter.'
        answered = {each["tool_use_id"] for each in _parts(message, "tool_result")}
        if missing := open_calls - answered:
            yield (
                f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately "
                f"after: {', '.join(sorted(missing))}."
            )
        if strange := answered - open_calls:
            yield (
                f"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{', '.join(sorted(strange))}."
            )
        open_calls = {each["id"] for each in _parts(message, "tool_use")}


def _parts(message: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    content = message.get("content")
    return [each for each in content if each.get("type") == kind] if isinstance(content, list) else []
