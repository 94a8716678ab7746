"""`read_file`: a text or binary file beneath the granted folders."""

from base64 import b64encode
from typing import Annotated, Any

from pydantic import Field

from lead_tui.tools import roots
from lead_tui.tools.context import ToolContext
from lead_tui.tools.tool import tool


@tool(category="files", access_level="restricted", idempotent=True, needs=("roots",))
def read_file(
    path: roots.FilePath,
    context: ToolContext,
    max_bytes: Annotated[int, Field(ge=1, le=roots.MAX_BYTES)] = 2**20,
) -> dict[str, Any]:
    """Read a file. What is not UTF-8 text comes as base64.

    Args:
        path: The file, from the flow's folder on, inside one of the granted folders.
        max_bytes: A longer file is refused, never cut.

    """
    content = roots.read(context, path, max_bytes)
    try:
        text, encoding = content.decode(), "text"
    except UnicodeDecodeError:
        text, encoding = b64encode(content).decode(), "base64"
    return {"path": path, "encoding": encoding, "content": text, "bytes": len(content)}
