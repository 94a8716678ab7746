"""The properties of a JSON Schema as typed fields of a form. Pure.

The schema may come from outside and be anything. What is no text, number, truth value or choice becomes a
field of YAML; whether a value fits altogether is judged by the agent that is called.
"""

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from lead_tui.errors import InvalidFlow
from lead_tui.flow import document as text_form
from lead_tui.flow.diagnostics import Diagnostic
from lead_tui.flow.inputs import parse_text
from lead_tui.tui.flows.fields import Field, text_of

SCALARS = ("string", "integer", "number", "boolean")
TEMPLATE = "values in place of {{ ... }}: no other task runs here"
_WHOLE = ("anyOf", "oneOf", "allOf", "$ref", "if")
"""With these at the top, its properties are not all there is."""
_HOPS = 8


def fields_of(schema: Mapping[str, Any], start: Mapping[str, Any]) -> list[Field] | None:
    """A field for each property, begun with `start` or the default; None if a form would not do."""
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping) or any(word in schema for word in _WHOLE):
        return None
    if set(start) - set(properties) or (not properties and schema.get("additionalProperties", False)):
        return None
    required = schema.get("required")
    needed = required if isinstance(required, list) else []
    return [
        _field(str(name), _resolved(each, schema), start.get(name), required=name in needed)
        for name, each in properties.items()
    ]


def yaml_value(text: str) -> Any:
    """The value of a text in YAML or JSON. Raises ValueError with the place."""
    try:
        return text_form.parse(text)[0]
    except InvalidFlow as error:
        first = error.diagnostics[0]
        place = f"{first.line}:{first.col} " if isinstance(first, Diagnostic) and first.line else ""
        raise ValueError(f"{place}{first.message if isinstance(first, Diagnostic) else first}") from None


def yaml_text(value: Any) -> str:
    """A list or map as it is edited."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000).rstrip()


def _field(name: str, schema: Mapping[str, Any], start: Any, *, required: bool) -> Field:
    value = schema.get("default") if start is None else start
    description = schema.get("description")
    about: dict[str, Any] = {
        "description": description if isinstance(description, str) else "",
        "required": required,
        "note": TEMPLATE if "{{" in str(start) else "",
    }
    kind = schema.get("type")
    if (values := _choices(schema)) is not None:
        chosen = next((text for text, each in values.items() if each == value), None)
        word = "boolean" if kind == "boolean" else "choice"
        return Field(name, word, values.__getitem__, chosen, choices=tuple(values), **about)
    if kind not in SCALARS or isinstance(value, list | dict):
        text = yaml_text(value) if isinstance(value, list | dict) else text_of(value, "string")
        return Field(name, "list" if kind == "array" else "object", yaml_value, text, hint="YAML", **about)
    text = text_of(value, "string")  # a template may stand where a number will
    return Field(name, kind, _reader(kind), text, empty_is_text=kind == "string" and bool(value), **about)


def _reader(kind: str) -> Callable[[str], Any]:
    return lambda text: parse_text(kind, text)


def _choices(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """What may be chosen, by how it is written."""
    if schema.get("type") == "boolean":
        return {"true": True, "false": False}
    values = schema.get("enum")
    if not isinstance(values, list) or not values:
        return None
    return {text_of(each, "string"): each for each in values if each is not None} or None


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Behind references within the schema, and without the `null` that says it may be left out."""
    found: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    for _ in range(_HOPS):
        options = found.get("anyOf")
        rest = [each for each in options if not _is_null(each)] if isinstance(options, list) else []
        if "$ref" in found:
            found = {**_target(found["$ref"], root), **_without(found, "$ref")}
        elif len(rest) == 1 and isinstance(rest[0], Mapping):
            found = {**rest[0], **_without(found, "anyOf")}
        else:
            break
    kinds = found.get("type")
    if isinstance(kinds, list) and len(left := [each for each in kinds if each != "null"]) == 1:
        return {**found, "type": left[0]}
    return found


def _target(reference: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    group, _, name = str(reference).removeprefix("#/").partition("/")
    known = root.get(group)
    found = known.get(name) if isinstance(known, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def _without(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}
