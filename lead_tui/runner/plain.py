"""Results are plain data: what JSON can hold, so that a resumed run sees what the first one saw."""

import math
from typing import Any

from lead_tui.agents.base import failed
from lead_tui.agents.plain import NotPlain
from lead_tui.agents.plain import plain as converted
from lead_tui.errors import Category


def plain(value: Any) -> Any:
    """The same value as plain data; what is plain already passes at little cost.

    Raises AgentError (agent_error) for what JSON has no form for: bytes, NaN, an open file.
    """
    kind = type(value)
    if (
        value is None
        or kind is str
        or kind is int
        or kind is bool
        or (kind is float and math.isfinite(value))
    ):
        return value
    if kind is list:
        return [plain(each) for each in value]
    if kind is dict and all(type(key) is str for key in value):
        return {key: plain(each) for key, each in value.items()}
    try:
        return converted(value)
    except NotPlain as error:
        raise failed(Category.AGENT, f"the result cannot be kept: {error}", code="not_plain") from error
