"""`json_stringify`: the JSON text of data."""

import json
from typing import Annotated, Any

from pydantic import Field

from lead_tui.tools.tool import tool


@tool(category="data", idempotent=True)
def json_stringify(data: Any, indent: Annotated[int, Field(ge=0, le=8)] = 0, sort_keys: bool = False) -> str:
    """Make a JSON text of data.

    Args:
        data: Anything that JSON can hold.
        indent: Spaces for each level; 0 gives one line.
        sort_keys: Put the keys of maps in order.

    """
    # NaN is no JSON, whatever Python says
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=indent or None, sort_keys=sort_keys)
