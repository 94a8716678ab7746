"""The inputs of a run: defaults, a file and `-i NAME=VALUE`, checked against what the flow declares."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lead_tui.errors import InvalidFlow, UsageError
from lead_tui.flow import document
from lead_tui.flow.diagnostics import Problems, did_you_mean
from lead_tui.flow.models import INPUT_TYPES, InputSpec, Workflow
from lead_tui.flow.plain import is_unicode
from lead_tui.flow.secrets import MASK

_WHOLE = re.compile(r"[-+]?[0-9]+")
_BOOLEANS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def resolve_inputs(
    workflow: Workflow, given: Mapping[str, Any], *, texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The value of every input: `texts` (parsed by type) over `given` over the defaults; None if optional.

    Raises InvalidFlow with everything that is wrong: unknown, missing, of another type, not among `choices`.
    """
    problems = Problems()
    values: dict[str, Any] = {}
    for name in dict.fromkeys((*given, *(texts or {}))):
        if name not in workflow.inputs:
            hint = did_you_mean(name, workflow.inputs) or "the flow declares its inputs under `inputs`"
            problems.add(("inputs", name), "unknown-input", f"the flow has no input {name!r}", hint)
    for name, spec in workflow.inputs.items():
        try:
            values[name] = _value(name, spec, given, texts or {})
        except LookupError:
            hint = f"give it with -i {name}=VALUE" + (f": {spec.description}" if spec.description else "")
            problems.add(("inputs", name), "missing-input", f"the input {name!r} is required", hint)
        except ValueError as error:
            problems.add(("inputs", name), "bad-input", f"the input {name!r} {error}")
    problems.raise_errors()
    return values


def read_inputs_file(path: Path) -> dict[str, Any]:
    """A map of inputs in YAML or JSON. Raises UsageError if unreadable, InvalidFlow for what it says."""
    try:
        data, _ = document.parse(read_bounded(path), str(path))
    except OSError as error:
        raise UsageError(f"the inputs file {path} cannot be read: {error.strerror or error}") from None
    if not isinstance(data, dict):
        problems = Problems(str(path))
        problems.add((), "wrong-type", "an inputs file holds a map of names to values")
        raise InvalidFlow(problems.errors)
    return data


def read_bounded(path: Path) -> bytes:
    """The file's bytes, at most one more than a document may have: enough to refuse it."""
    with path.open("rb") as file:
        return file.read(document.MAX_BYTES + 1)


def parse_text(kind: str, text: str) -> Any:
    """The value that a text of the command line or the environment means. Raises ValueError."""
    if not is_unicode(text):
        raise ValueError("must be UTF-8 text")
    if kind == "string":
        return text
    if kind == "boolean":
        if text.strip().lower() not in _BOOLEANS:
            raise ValueError("must be true or false")
        return _BOOLEANS[text.strip().lower()]
    try:
        if kind == "integer":
            return whole_number(text)
        if kind == "number":
            return json.loads(text, parse_constant=_no_constant)
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueError(f"must be {_words(kind)}") from None


def whole_number(text: str) -> int:
    """Digits with a sign, and nothing else that Python would take. Raises ValueError."""
    if not _WHOLE.fullmatch(text.strip()):
        raise ValueError(text)
    return int(text)


def check_value(spec: InputSpec, value: Any) -> None:
    """Raises ValueError, in words that follow the input's name, for a wrong type or choice."""
    kind = INPUT_TYPES[spec.type]
    if not isinstance(value, kind) or (isinstance(value, bool) and spec.type != "boolean"):
        raise ValueError(f"must be {_words(spec.type)}")
    if not is_unicode(value):
        raise ValueError("holds text that is no valid Unicode (a lone surrogate)")
    if spec.choices is not None and value not in spec.choices:
        known = "its choices" if spec.secret else ", ".join(map(str, spec.choices))
        raise ValueError(f"must be one of {known}")


def mask_inputs(workflow: Workflow, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they may be stored and shown."""
    return {
        name: MASK if _is_secret(workflow, name) and value is not None else value
        for name, value in values.items()
    }


def secret_values(workflow: Workflow, values: Mapping[str, Any]) -> set[str]:
    """Every text inside the secret inputs, to mask wherever it turns up."""
    found = {text for name, value in values.items() if _is_secret(workflow, name) for text in _texts(value)}
    return found - {""}


def _value(name: str, spec: InputSpec, given: Mapping[str, Any], texts: Mapping[str, str]) -> Any:
    if name in texts:
        value = parse_text(spec.type, texts[name])
    elif name in given:
        value = given[name]
    elif spec.is_required:
        raise LookupError(name)
    else:
        value = spec.default
    if value is None and not spec.is_required:
        return None
    check_value(spec, value)
    return value


def _is_secret(workflow: Workflow, name: str) -> bool:
    return name in workflow.inputs and workflow.inputs[name].secret


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _words(kind: str) -> str:
    return {
        "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
        "list": "a list", "object": "a map",
    }[kind]  # fmt: skip


def _no_constant(text: str) -> float:
    raise ValueError(text)
