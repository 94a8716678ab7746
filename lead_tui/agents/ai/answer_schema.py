"""The JSON Schema of an answer, as models' APIs take it: every reference replaced by what it leads to.

Imports jsonschema when it is used.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

MOST_PARTS = 10_000
"""Maps and lists of a schema without references: each of these may stand for many."""

_DATA = frozenset({"const", "enum", "default", "examples"})
_SHELVES = ("$defs", "definitions")


def schema_problem(schema: Mapping[str, Any]) -> str:
    """Why this cannot be the schema of an answer, or nothing."""
    from lead_tui.json_schema import BadSchema, Schema

    if schema.get("type") != "object":
        return "it must be a JSON Schema with `type: object`: put a list under a key of it"
    try:
        checked = Schema(schema)
        without_references(schema)
    except (BadSchema, ValueError) as error:
        return str(error)
    return checked.unchecked[0] if checked.unchecked else ""


def without_references(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema in one piece; ValueError if that cannot be."""
    body = {name: each for name, each in schema.items() if name not in _SHELVES}
    found: dict[str, Any] = _Inlining(schema).of(body, ())
    return found


class _Inlining:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._left = MOST_PARTS

    def of(self, part: Any, above: tuple[str, ...]) -> Any:
        """`above`: the references that led here."""
        if not isinstance(part, Mapping | list):
            return part
        self._left -= 1
        if self._left < 0:
            raise ValueError("its references make it too large")
        if isinstance(part, list):
            return [self.of(each, above) for each in part]
        reference = part.get("$ref")
        if isinstance(reference, str):
            beside = {name: each for name, each in part.items() if name != "$ref"}
            return {**self._target(reference, above), **self.of(beside, above)}
        return {name: each if name in _DATA else self.of(each, above) for name, each in part.items()}

    def _target(self, reference: str, above: tuple[str, ...]) -> dict[str, Any]:
        if reference in above or reference == "#":
            raise ValueError(f"$ref {reference!r} leads back to itself, which models' APIs do not take")
        if not reference.startswith("#/"):
            raise ValueError(f"$ref {reference!r} must be a path in the schema, such as #/$defs/name")
        found: Any = self._root
        for step in reference[2:].split("/"):
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found[key]
        target = self.of(found, (*above, reference))
        return target if isinstance(target, dict) else {} if target else {"not": {}}
