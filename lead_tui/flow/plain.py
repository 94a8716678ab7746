"""Data of a Python program to the plain data that a file would give: what JSON can hold."""

import math
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any

from lead_tui.flow.diagnostics import Path, Problems
from lead_tui.flow.document import MAX_DEPTH


def plain_data(value: Any, problems: Problems, path: Path = ()) -> Any:
    """A copy. Tuples become lists, enums their values, paths text; else it is a problem."""
    if isinstance(value, str) and not is_unicode(value):
        problems.add(path, "wrong-type", f"{_words(path)}the text is no valid Unicode (a lone surrogate)")
        return ""
    if value is None or type(value) in (str, int, bool):
        return value
    if len(path) >= MAX_DEPTH:
        problems.add(path[:3], "too-deep", f"the document is nested more than {MAX_DEPTH} levels")
        return None
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                problems.add(path, "bad-key", f"{_words(path)}a key must be text, not {key!r}")
        return {str(key): plain_data(each, problems, (*path, str(key))) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(each, problems, (*path, index)) for index, each in enumerate(value)]
    if isinstance(value, Enum):
        return plain_data(value.value, problems, path)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    problems.add(path, "wrong-type", f"{_words(path)}{type(value).__name__} is no plain data")
    return None


def is_unicode(value: Any) -> bool:
    """Bytes that are no UTF-8 reach Python as lone surrogates in text, which nothing can write out again."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
        return True
    if isinstance(value, dict):
        return all(is_unicode(each) for item in value.items() for each in item)
    return not isinstance(value, list | tuple) or all(map(is_unicode, value))


def _words(path: Path) -> str:
    return ".".join(map(str, path)) + ": " if path else ""
