"""`write_file`: a text or binary file beneath the granted folders, whole or not at all."""

import binascii
from base64 import b64decode
from typing import Any, Literal

from lead_tui.errors import Category, failed
from lead_tui.tools import roots
from lead_tui.tools.context import ToolContext
from lead_tui.tools.tool import tool


@tool(category="files", access_level="restricted", idempotent=True, needs=("roots",))
def write_file(
    path: roots.FilePath,
    content: str,
    context: ToolContext,
    encoding: Literal["text", "base64"] = "text",
    overwrite: bool = True,
) -> dict[str, Any]:
    """Write a file, and the folders above it that are missing.

    Args:
        path: The file, from the flow's folder on, inside one of the granted folders.
        content: Text, which is written as UTF-8, or base64 of binary content.
        encoding: What `content` is.
        overwrite: If false, a file that is there is an error.

    """
    data = _decoded(content) if encoding == "base64" else _encoded(content)
    if len(data) > roots.MAX_BYTES:
        message = f"content: {len(data)} bytes are more than {roots.MAX_BYTES}"
        raise failed(Category.RESOURCE, message, code="too_large")
    created = roots.write(context, path, data, replace=overwrite)
    return {"path": path, "bytes": len(data), "created": created}


def _encoded(content: str) -> bytes:
    try:
        return content.encode()
    except UnicodeEncodeError:
        message = "content: it is no valid Unicode (a lone surrogate)"
        raise failed(Category.VALIDATION, message, code="bad_arguments") from None


def _decoded(content: str) -> bytes:
    try:
        return b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise failed(Category.VALIDATION, "content: it is no base64", code="bad_arguments") from None
