"""What a server answers, as plain data: text is text, what has bytes is a map, what is large is a file.

    "some text"
    {type: image, mime_type: image/png, data: <base64>}
    {type: image, mime_type: image/png, file: /.../5e88…4f.png, bytes: 1048576}
    {type: resource, uri: file:///a.txt, mime_type: text/plain, text: ...}      (or data, or file)
    {type: resource_link, uri: ..., name: ..., ...}

Text always stays: it is what a flow works with, and `max_message_bytes` bounds it.
"""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mcp_types as types

from lead_tui.agents.base import AgentContext
from lead_tui.agents.mcp import files
from lead_tui.errors import Category, failed

LARGEST_INLINE = 256 * 1024
"""Bytes."""


async def plain(blocks: Sequence[types.ContentBlock], context: AgentContext) -> Any:
    """None for nothing, the block itself if there is one, else the list of them."""
    found = [await block(each, context) for each in blocks]
    return found[0] if len(found) == 1 else found or None


async def block(each: types.ContentBlock, context: AgentContext) -> Any:
    match each:
        case types.TextContent():
            return each.text
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
    if isinstance(contents, types.TextResourceContents):
        return shape | {"text": contents.text}
    return shape | await _bytes(contents.blob, contents.mime_type or "", context)


def text_of(blocks: Sequence[types.ContentBlock]) -> str:
    """What a person can read of it, in one."""
    return "\n".join(each.text for each in blocks if isinstance(each, types.TextContent)).strip()


async def _bytes(encoded: str, mime_type: str, context: AgentContext) -> dict[str, Any]:
    if len(encoded) * 3 // 4 <= LARGEST_INLINE:
        return {"data": encoded}
    return await asyncio.to_thread(_kept, encoded, mime_type, context.files)


def _kept(encoded: str, mime_type: str, place: Path) -> dict[str, Any]:
    try:
        data = b64decode(encoded, validate=True)
        path = files.keep(place, data, mime_type)
    except binascii.Error:
        raise failed(Category.TOOL, "the server sent data that is no base64", code="bad_answer") from None
    except OSError as error:
        message = f"a large answer cannot be written to {place}: {error.strerror or error}"
        raise failed(Category.SYSTEM, message, code="no_file") from None
    return {"file": str(path), "bytes": len(data)}
