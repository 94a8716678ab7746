"""Typed fields as a form shows them: where they come from, what they begin with, what a text means. Pure.

The inputs of a flow and the form of a gate become the same `Field`s. A secret's value never becomes the text
that a field begins with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lead_tui.flow.forms import FormField, validate_values
from lead_tui.flow.inputs import check_value, parse_text
from lead_tui.flow.models import InputSpec
from lead_tui.runner.secrets import MASK
from lead_tui.text.wire import json_text

LONG = 60
"""Characters of a text from which it gets more than one line."""


class LeftOut(Enum):
    """The answer of a field that may be left empty, and is."""

    LEFT_OUT = 0


LEFT_OUT = LeftOut.LEFT_OUT


@dataclass(frozen=True, slots=True)
class Field:
    """`start` is the text it begins with, None: nothing chosen. `note` says where that comes from.

    `choices` are texts, each of which `read` turns into its value; `read` raises ValueError.
    """

    name: str
    kind: str
    read: Callable[[str], Any]
    start: str | None = ""
    description: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    secret: bool = False
    empty_is_text: bool = False
    """Does an empty text count, since leaving it out would give another?"""
    note: str = ""
    hint: str = ""
    """What stands in it while it is empty."""

    @property
    def lines(self) -> int:
        """How many lines its text needs to be edited well."""
        if self.choices or self.secret:
            return 1
        text = self.start or ""
        if self.kind in ("list", "object") or "\n" in text or len(text) > LONG:
            return min(max(text.count("\n") + 1, 3), 6)
        return 1


def value_of(field: Field, text: str | None) -> Any:
    """The value that a text in this field means, or LEFT_OUT. Raises ValueError in words."""
    if text is None or (text == "" and not field.empty_is_text):
        if field.required:
            raise ValueError("a value is needed")
        return LEFT_OUT
    return field.read(text)


def of_inputs(specs: Mapping[str, InputSpec], last: Mapping[str, Any] | None = None) -> list[Field]:
    """The fields of a flow's inputs; `last`: the values of its last run, as they were stored."""
    return [_of_input(name, spec, last or {}) for name, spec in specs.items()]


def of_form(form: Mapping[str, Any]) -> list[Field]:
    """The fields of a gate's form, as the gate carries it."""
    return [_of_form(name, raw) for name, raw in form.items()]


def text_of(value: Any, kind: str) -> str:
    """A value as it is edited."""
    if value is None:
        return ""
    if kind == "string" and isinstance(value, str):
        return value
    return json_text(value, indent=2 if kind in ("list", "object") and value else 0)


def _of_input(name: str, spec: InputSpec, last: Mapping[str, Any]) -> Field:
    def read(text: str) -> Any:
        value = parse_text(spec.type, text)
        check_value(spec, value)
        return value

    default, note = spec.default, ""
    if name in last and _fits(spec, last[name]):
        default, note = last[name], "as last time" if last[name] != spec.default else ""
    shown = None if spec.secret else default
    hint = "set by the flow: leave it empty to use that" if spec.secret and spec.default is not None else ""
    return _field(
        name, spec.type, read, shown, spec.choices, spec.description,
        required=spec.is_required, secret=spec.secret, note=note, hint=hint,
        empty_is_text=spec.type == "string" and bool(spec.default) and not spec.secret,
    )  # fmt: skip


def _of_form(name: str, raw: Mapping[str, Any]) -> Field:
    spec = FormField.model_validate(raw)

    def read(text: str) -> Any:
        found = validate_values({name: raw}, {name: text})
        if isinstance(found, list):
            raise ValueError(found[0].removeprefix(f"{name}: "))
        return found[name]

    choices = spec.choices if isinstance(spec.choices, tuple) else None
    return _field(
        name, spec.type, read, spec.default, choices, spec.description,
        required=spec.is_required, empty_is_text=spec.type == "string" and bool(spec.default),
    )  # fmt: skip


def _field(
    name: str,
    kind: str,
    read: Callable[[str], Any],
    default: Any,
    choices: tuple[Any, ...] | None,
    description: str,
    **more: Any,
) -> Field:
    texts = tuple(text_of(each, kind) for each in choices or ((True, False) if kind == "boolean" else ()))
    start: str | None = text_of(default, kind)
    if texts:
        start = start if default is not None and start in texts else None
        if more.get("secret"):
            texts = ()  # choosing would show it
            start = ""
    hint = more.pop("hint", "") or {"list": '["a", "b"]', "object": '{"key": "value"}'}.get(kind, "")
    return Field(name, kind, read, start, description, choices=texts, hint=hint, **more)


def _fits(spec: InputSpec, value: Any) -> bool:
    """May the value of a former run stand in the form? It may be masked, or the flow have changed."""
    if spec.secret or value is None or MASK in str(value):
        return False
    try:
        check_value(spec, value)
    except ValueError:
        return False
    return True
