"""Results are plain data: what JSON can hold, so that a resumed run sees what the first one saw."""

import math
import re
from typing import Any

from lead_tui.errors import Category, failed
from lead_tui.plain import NotPlain
from lead_tui.plain import plain as converted

MAX_DEPTH = 100
_SURROGATES = re.compile("[\ud800-\udfff]")


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """The same value as plain data; what is plain already passes at little cost.

    Raises AgentError (agent_error) for what JSON has no form for (bytes, NaN, an open file) and for what is
    nested deeper than `depth`, which what contains itself is.
    """
    kind = type(value)
    if value is None or kind is int or kind is bool or (kind is float and math.isfinite(value)):
        return value
    if kind is str:
        return storable(value)
    if depth <= 0:
        raise failed(Category.AGENT, f"the result is nested deeper than {MAX_DEPTH} levels", code="too_deep")
    if kind is list:
        return [plain(each, depth - 1) for each in value]
    if kind is dict and all(type(key) is str for key in value):
        return {storable(key): plain(each, depth - 1) for key, each in value.items()}
    try:
        return plain(converted(value), depth)
    except NotPlain as error:
        raise failed(Category.AGENT, f"the result cannot be kept: {error}", code="not_plain") from error


def storable(text: str) -> str:
    """The text with U+FFFD for lone surrogates, which UTF-8 cannot hold: undecodable file names have some."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)
