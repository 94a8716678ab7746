"""The form of an `input` gate: typed fields, and the check of an answer before it is accepted. Pure.

    form:
      city: {type: string, choices: [Paris, Rome], description: where to}
      days: {type: integer, default: 3}
      code: {pattern: "[A-Z]{3}"}

Values may come as text (a command line, a terminal's form) and are read as the field's type; see `read_text`.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, ConfigDict, Field, TypeAdapter, ValidationError

from lead_tui.flow.inputs import whole_number
from lead_tui.flow.models import INPUT_TYPES, Model
from lead_tui.flow.parameters import Templated

MAX_TEXT = 100_000
_MAX_MATCHED = 1_000  # what a pattern is tried on: a bad pattern may take exponential time
_MAX_PATTERN = 500

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_NOUNS = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "list": "a list", "object": "a map",
}  # fmt: skip


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None
    return pattern


def _with_enum(schema: dict[str, Any]) -> None:
    schema["properties"]["enum"] = schema["properties"]["choices"]


class FormField(Model):
    """Required unless it has a default or says `required: false`. `pattern` must match the whole text."""

    # the schema knows only the first of the names of `choices`
    model_config = ConfigDict(json_schema_extra=_with_enum)

    type: Literal["string", "integer", "number", "boolean", "list", "object"] = "string"
    description: str = ""
    default: Any = None
    choices: Templated[tuple[Any, ...] | None] = Field(
        None, validation_alias=AliasChoices("choices", "enum"), min_length=1
    )
    pattern: Annotated[str, Field(max_length=_MAX_PATTERN), AfterValidator(_compiles)] | None = None
    required: Templated[bool | None] = None

    @property
    def is_required(self) -> bool:
        return self.required if self.required is not None else "default" not in self.model_fields_set


_FORM: TypeAdapter[dict[str, FormField]] = TypeAdapter(dict[str, FormField])


def validate_values(form: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any] | list[str]:
    """The complete, typed values of an answer to this form, or every problem with it, in words.

    `form` as a gate carries it: names to fields as plain maps.
    """
    fields = _FORM.validate_python(form)
    problems = [_unknown(name, fields) for name in values if name not in fields]
    accepted: dict[str, Any] = {}
    for name, field in fields.items():
        try:
            if values.get(name) is not None:
                accepted[name] = _accept(field, values[name])
            elif field.is_required:
                problems.append(f"{name}: a value is needed ({_NOUNS[field.type]})")
            else:
                accepted[name] = field.default
        except ValueError as error:
            problems.append(f"{name}: {error}")
    return problems or accepted


def form_problem(form: object) -> str:
    """What is wrong with a form that an agent made, or nothing."""
    try:
        _FORM.validate_python(form)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'form'}: {first['msg']}"
    return ""


def read_text(kind: str, text: str) -> Any:
    """Text as a value of this type; ValueError says what was expected.

    Lists and objects are JSON.
    """
    if kind == "string":
        return text
    try:
        return _READERS[kind](text.strip())
    except (ValueError, KeyError, RecursionError):
        raise ValueError(f"{text[:80]!r} is not {_NOUNS[kind]}") from None


def _accept(field: FormField, value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ValueError(f"longer than {MAX_TEXT:,} characters")
        value = read_text(field.type, value)
    elif not _is_a(field.type, value):
        raise ValueError(f"{str(value)[:80]} is not {_NOUNS[field.type]}")
    if field.choices is not None and not any(_same(value, each) for each in field.choices):
        raise ValueError(f"choose one of {', '.join(str(each) for each in field.choices)}")
    if field.pattern is not None and not _matches(field.pattern, value):
        raise ValueError(f"does not match {field.pattern}")
    return value


def _is_a(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, INPUT_TYPES[kind])


def _same(value: Any, choice: Any) -> bool:
    """Equal, but `true` is not 1."""
    return bool(value == choice) and isinstance(value, bool) == isinstance(choice, bool)


def _matches(pattern: str, value: Any) -> bool:
    text = str(value)
    return len(text) <= _MAX_MATCHED and re.fullmatch(pattern, text) is not None


def _unknown(name: str, fields: Mapping[str, FormField]) -> str:
    near = get_close_matches(name, fields, 1)
    return f"{name}: the form has no such field" + (f"; did you mean {near[0]}?" if near else "")


def _boolean(text: str) -> bool:
    return {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}[text.lower()]


def _number(text: str) -> float:
    if "_" in text:  # Python takes 1_000, nobody else does
        raise ValueError(text)
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _list(text: str) -> list[Any]:
    value = json.loads(text)
    if not isinstance(value, list):
        raise ValueError(text)
    return value


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(text)
    return value


_READERS: dict[str, Callable[[str], Any]] = {
    "integer": whole_number,
    "number": _number,
    "boolean": _boolean,
    "list": _list,
    "object": _object,
}
