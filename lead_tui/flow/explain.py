"""What pydantic found wrong, in the words of the flow language."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from lead_tui.flow.diagnostics import Path, Problems, did_you_mean
from lead_tui.flow.models import BadDuration

_KINDS = {
    "string_type": "text", "dict_type": "a map", "model_type": "a map", "model_attributes_type": "a map",
    "tuple_type": "a list", "list_type": "a list", "int_type": "a whole number",
    "int_parsing": "a whole number", "int_from_float": "a whole number", "float_type": "a number",
    "float_parsing": "a number", "bool_type": "true or false", "bool_parsing": "true or false",
}  # fmt: skip
Located = tuple[Path, ErrorDetails]


def explain(
    problems: Problems, model: type[BaseModel], errors: Iterable[Located], data: dict[str, Any], skip: int = 0
) -> None:
    """Add each problem at its place. `model` describes what stands `skip` steps down the paths.

    What the members of a union say of one value becomes one problem.
    """
    by_place: dict[Path, list[ErrorDetails]] = {}
    for path, error in errors:
        by_place.setdefault(path, []).append(error)
    for path, told in by_place.items():
        kinds = list(dict.fromkeys(_KINDS[each["type"]] for each in told if each["type"] in _KINDS))
        if len(told) > 1 and len(kinds) == len({each["type"] for each in told}):
            where = place_of(path, data)
            message = f"{_name(path)} must be {' or '.join(kinds)}"
            problems.add(path, "wrong-type", f"{where}: {message}" if where else message)
        else:
            _explain_one(problems, model, path, told[0], data, skip)


def _explain_one(
    problems: Problems,
    model: type[BaseModel],
    path: Path,
    error: ErrorDetails,
    data: dict[str, Any],
    skip: int,
) -> None:
    kind, context = error["type"], error.get("ctx", {})
    at: Literal["value", "key"] = "value"
    hint = ""
    key = path[-1] if path else ""
    if kind == "extra_forbidden":
        code, message, at = "unknown-key", f"unknown key {key!r}", "key"
        hint = did_you_mean(key, _keys_at(model, path[skip:-1]))
    elif kind == "missing":
        code, message = "missing-key", f"the key {key!r} is missing"
    elif kind == "not_built":
        code, message, at = "not-built", f"the key {key!r} is not built yet in this version", "key"
    elif kind == "union_tag_not_found":
        code, message = "missing-key", f"{_name(path)} needs a `type`"
    elif kind in ("union_tag_invalid", "enum", "literal_error"):
        code, message = "bad-value", f"{_name(path)} must be one of {_expected(context)}"
        hint = _nearest(error, context)
    elif kind == "string_pattern_mismatch":
        code, message = "bad-name", f"{_name(path)} must be made of letters, digits, `_` and `-`"
        at = "key" if error["loc"][-1] == "[key]" else "value"
    elif kind == "too_short":
        code, message = "bad-value", f"{_name(path)} must not be empty"
    elif isinstance(reason := context.get("error"), BadDuration):
        code, message = "bad-duration", f"{_name(path)}: {reason}"
    elif kind in _KINDS:
        code, message = "wrong-type", f"{_name(path)} must be {_KINDS[kind]}"
        hint = _type_hint(kind, error.get("input"))
    else:
        code, message = "bad-value", f"{_name(path)}: {error['msg'].removeprefix('Value error, ')}"
    where = place_of(path, data)
    problems.add(path, code, f"{where}: {message}" if where else message, hint, at=at)


def place_of(path: Path, data: Any) -> str:
    """The task, agent or input that a path lies in, as a reader would call it."""
    if len(path) < 2 or path[0] not in ("tasks", "finally", "agents", "inputs"):
        return ""
    word = {"agents": "agent", "inputs": "input"}.get(str(path[0]), "task")
    if word == "input":
        return f"input {path[1]!r}"
    item = data[path[0]][path[1]] if isinstance(data, dict) else None
    name = item.get("name") if isinstance(item, dict) else None
    return f"{word} {name!r}" if isinstance(name, str) else f"{path[0]}[{path[1]}]"


def _name(path: Path) -> str:
    """What the sentence is about: the last key, with the indexes behind it."""
    if path and path[0] in ("tasks", "finally", "agents", "inputs") and len(path) > 2:
        path = path[2:]
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"`{text}`" if text else "the document"


def _expected(context: dict[str, Any]) -> str:
    expected = str(context.get("expected") or context.get("expected_tags") or "")
    return expected.replace("'", "").replace(" or ", ", ")


def _nearest(error: ErrorDetails, context: dict[str, Any]) -> str:
    value = context.get("tag") or error.get("input")
    return did_you_mean(value, _expected(context).split(", ")) if isinstance(value, str) else ""


def _type_hint(kind: str, value: object) -> str:
    if kind == "string_type" and isinstance(value, int | float):
        return "put it in quotes"
    if kind in ("tuple_type", "list_type") and isinstance(value, str):
        return "write a list: [...] or a line with `- ` for each"
    return ""


def _keys_at(model: type[BaseModel], path: Path) -> set[str]:
    """The keys that may stand at this place, by the models' own fields."""
    models = [model]
    for part in path:
        fields = [
            field
            for each in models
            for name, field in each.model_fields.items()
            if part in (name, field.alias)
        ]
        if fields:
            models = [inner for field in fields for inner in _models_in(field.annotation)]
    return {field.alias or name for each in models for name, field in each.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)
