"""Messages as the APIs of OpenAI and Anthropic write them, made pydantic-ai's. Imports pydantic_ai.

Text stays text: nothing in it is rendered or parsed. Only an image may be a URL, and only for a service that
fetches it itself: pydantic-ai would fetch it past our HTTP.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)

from lead_tui.errors import AgentError, Category, failed

Block = dict[str, Any]


def history(messages: list[Block], *, urls: bool) -> list[ModelMessage]:
    """The conversation up to what the model is to answer; AgentError names a message that cannot be read.

    `urls`: the service takes URLs of images.
    """
    found: list[ModelMessage] = []
    tools: dict[str, str] = {}
    for number, message in enumerate(messages):
        place = f"messages[{number}]"
        try:
            _add(found, message, tools, place)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _bad(f"{place} is not as the provider's API takes it: {_said(error)}") from None
    if not found or isinstance(found[-1], ModelResponse):
        raise _bad("messages must end with one of role user or tool")
    if not urls and any(map(_has_url, found)):
        raise _bad("messages: this provider takes no URL of an image: send a data: URL")
    return found


def _has_url(message: ModelMessage) -> bool:
    return any(
        isinstance(each, ImageUrl)
        for part in message.parts
        if isinstance(part, UserPromptPart) and not isinstance(part.content, str)
        for each in part.content
    )


def _add(found: list[ModelMessage], message: Block, tools: dict[str, str], place: str) -> None:
    role = message.get("role")
    if role == "assistant":
        parts = list(_answer(message))
        tools.update({each.tool_call_id: each.tool_name for each in parts if isinstance(each, ToolCallPart)})
        found.append(ModelResponse(parts=parts))
        return
    asked = _asked(role, message, tools, place)
    if found and isinstance(found[-1], ModelRequest):
        found[-1] = ModelRequest(parts=[*found[-1].parts, *asked])
    else:
        found.append(ModelRequest(parts=asked))


def _asked(role: object, message: Block, tools: dict[str, str], place: str) -> list[ModelRequestPart]:
    match role:
        case "system" | "developer":
            return [SystemPromptPart(_text(message["content"]))]
        case "tool":
            return [_returned(message["tool_call_id"], message["content"], tools)]
        case "user":
            return list(_said_by_user(message["content"], tools))
        case _:
            raise _bad(f"{place}.role: {role!r} is none of system, developer, user, assistant and tool")


def _said_by_user(content: Any, tools: dict[str, str]) -> Iterator[ModelRequestPart]:
    if isinstance(content, str):
        yield UserPromptPart(content)
        return
    said: list[UserContent] = []
    for block in _blocks(content):
        if block["type"] == "tool_result":
            yield _returned(block["tool_use_id"], block.get("content", ""), tools)
        else:
            said.append(_READERS[block["type"]](block))
    if said:
        yield UserPromptPart(said)


def _answer(message: Block) -> Iterator[ModelResponsePart]:
    content = message.get("content")
    if isinstance(content, str) and content:
        yield TextPart(content)
    elif content:
        for block in _blocks(content):
            yield _ANSWERS[block["type"]](block)
    for call in message.get("tool_calls") or ():
        function = call["function"]
        yield ToolCallPart(function["name"], function.get("arguments") or "{}", call["id"])


def _returned(call: str, content: Any, tools: dict[str, str]) -> ToolReturnPart:
    if call not in tools:
        raise ValueError(f"no message before asks for the tool call {call!r}")
    return ToolReturnPart(tools[call], _text(content), call)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(
        block["text"] if block["type"] == "text" else json.dumps(block) for block in _blocks(content)
    )


def _blocks(content: Any) -> list[Block]:
    return [content] if isinstance(content, dict) else list(content)


# --- blocks, by their type --------------------------------------------------------------------------------


def _from_url(url: str) -> UserContent:
    return BinaryContent.from_data_uri(url) if url.startswith("data:") else ImageUrl(url)


def _source(block: Block) -> UserContent:
    source = block["source"]
    match source["type"]:
        case "base64":
            return BinaryContent(b64decode(source["data"]), media_type=source["media_type"])
        case "text":
            return str(source["data"])
        case "url" if block["type"] == "image":
            return ImageUrl(source["url"])
        case other:
            raise ValueError(f"a source of type {other!r} is not known")


_READERS: dict[str, Callable[[Block], UserContent]] = {
    "text": lambda block: str(block["text"]),
    "image_url": lambda block: _from_url(block["image_url"]["url"]),
    "input_audio": lambda block: BinaryContent(
        b64decode(block["input_audio"]["data"]), media_type=f"audio/{block['input_audio']['format']}"
    ),
    "file": lambda block: BinaryContent.from_data_uri(block["file"]["file_data"]),
    "image": _source,
    "document": _source,
}
_ANSWERS: dict[str, Callable[[Block], ModelResponsePart]] = {
    "text": lambda block: TextPart(block["text"]),
    "refusal": lambda block: TextPart(block["refusal"]),
    "thinking": lambda block: ThinkingPart(
        block["thinking"], signature=block.get("signature"), provider_name="anthropic"
    ),
    "tool_use": lambda block: ToolCallPart(block["name"], block["input"], block["id"]),
}


def _said(error: Exception) -> str:
    return f"{error} is missing or not known" if isinstance(error, KeyError) else str(error)


def _bad(message: str) -> AgentError:
    return failed(Category.VALIDATION, message, code="bad_parameters")
