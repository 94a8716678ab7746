"""What a server answers, as plain data: text is text, what has bytes is a map, what is large is a file.

    "some text"
    {type: text, mime_type: text/plain, file: /.../a1b2.txt, bytes: 3000001, characters: 3000000,
     preview: "its first 500 characters"}
    {type: image, mime_type: image/png, data: <base64>}
    {type: image, mime_type: image/png, file: /.../5e88…4f.png, bytes: 1048576}
    {type: resource, uri: file:///a.txt, mime_type: text/plain, text: ...}      (or data, or file)
    {type: resource_link, uri: ..., name: ..., ...}
    {mime_type: application/json, file: /.../77aa.json, bytes: 5242880}         (structured content)

Up to 256 KiB of bytes and 1 MiB of text, or of structured content as JSON, stay. What is above goes to a file
of the run, text and structured content without the secrets known so far. A template that reads a field
of structured content that is in a file fails: the map that refers to it has no such field.
"""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mcp_types as types
import msgspec

from lead_tui.agents.base import AgentContext
from lead_tui.agents.mcp import files
from lead_tui.errors import Category, failed
from lead_tui.flow.secrets import MASK

LARGEST_INLINE = 256 * 1024
LARGEST_TEXT = 2**20
"""Bytes: of base64 once it is decoded; of text in UTF-8, or JSON."""
PREVIEW = 500
"""Characters."""


async def plain(blocks: Sequence[types.ContentBlock], context: AgentContext) -> Any:
    """None for nothing, the block itself if there is one, else the list of them."""
    found = [await block(each, context) for each in blocks]
    return found[0] if len(found) == 1 else found or None


async def block(each: types.ContentBlock, context: AgentContext) -> Any:
    match each:
        case types.TextContent():
            if not _is_large(each.text):
                return each.text
            shape = {"type": "text", "mime_type": "text/plain"}
            return shape | await _kept_text(each.text, "text/plain", context)
        case types.ImageContent() | types.AudioContent():
            shape = {"type": each.type, "mime_type": each.mime_type}
            return shape | await _bytes(each.data, each.mime_type, context)
        case types.EmbeddedResource():
            return {"type": "resource"} | await resource(each.resource, context)
        case types.ResourceLink():
            return each.model_dump(mode="json", exclude_none=True, exclude={"meta", "icons", "annotations"})


async def resource(
    contents: types.TextResourceContents | types.BlobResourceContents, context: AgentContext
) -> dict[str, Any]:
    shape: dict[str, Any] = {"uri": contents.uri}
    if contents.mime_type:
        shape["mime_type"] = contents.mime_type
    if isinstance(contents, types.BlobResourceContents):
        return shape | await _bytes(contents.blob, contents.mime_type or "", context)
    if not _is_large(contents.text):
        return shape | {"text": contents.text}
    return shape | await _kept_text(contents.text, contents.mime_type or "text/plain", context)


async def structured(data: Any, context: AgentContext) -> Any:
    """The data itself, which JSON can hold, or what refers to its file."""
    encoded = msgspec.json.encode(data)
    if len(encoded) <= LARGEST_TEXT:
        return data
    kind = "application/json"
    masked = await asyncio.to_thread(_masked, data, encoded, context.mask)
    return {"mime_type": kind} | await _kept(masked, kind, context)


def _masked(data: Any, encoded: bytes, mask: Callable[[str], str]) -> bytes:
    """The JSON without secrets, which stays JSON: a number that is one becomes text."""
    text = encoded.decode()
    return encoded if mask(text) == text else msgspec.json.encode(_without_secrets(data, mask))


def _without_secrets(data: Any, mask: Callable[[str], str]) -> Any:
    match data:
        case dict():
            return {mask(key): _without_secrets(each, mask) for key, each in data.items()}
        case list():
            return [_without_secrets(each, mask) for each in data]
        case str():
            return mask(data)
        case int() | float() if mask(str(data)) != str(data):
            return MASK
    return data


def text_of(blocks: Sequence[types.ContentBlock]) -> str:
    """What a person can read of it, in one."""
    return "\n".join(each.text for each in blocks if isinstance(each, types.TextContent)).strip()


def _is_large(text: str) -> bool:
    """Text is encoded only where its length does not tell: a character has up to four bytes."""
    if len(text) * 4 <= LARGEST_TEXT:
        return False
    return len(text) > LARGEST_TEXT or len(text.encode("utf-8", "replace")) > LARGEST_TEXT


async def _kept_text(text: str, mime_type: str, context: AgentContext) -> dict[str, Any]:
    text = await asyncio.to_thread(context.mask, text)
    file = await _kept(text.encode("utf-8", "replace"), mime_type, context)
    return file | {"characters": len(text), "preview": text[:PREVIEW]}


async def _bytes(encoded: str, mime_type: str, context: AgentContext) -> dict[str, Any]:
    if len(encoded) * 3 // 4 <= LARGEST_INLINE:
        return {"data": encoded}
    try:
        data = await asyncio.to_thread(b64decode, encoded, validate=True)
    except binascii.Error:
        raise failed(Category.TOOL, "the server sent data that is no base64", code="bad_answer") from None
    return await _kept(data, mime_type, context)


async def _kept(data: bytes, mime_type: str, context: AgentContext) -> dict[str, Any]:
    place: Path = context.files
    try:
        path = await asyncio.to_thread(files.keep, place, data, mime_type)
    except OSError as error:
        message = f"a large answer cannot be written to {place}: {error.strerror or error}"
        raise failed(Category.SYSTEM, message, code="no_file") from None
    return {"file": str(path), "bytes": len(data)}
