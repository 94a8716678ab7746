"""What pydantic found wrong, in the words of the flow language."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lead_tui.flow.diagnostics import Path, Problems, did_you_mean
from lead_tui.flow.models import NAME, BadDuration

_KINDS = {
    "string_type": "text", "dict_type": "a map", "model_type": "a map", "model_attributes_type": "a map",
    "tuple_type": "a list", "list_type": "a list", "int_type": "a whole number",
    "int_parsing": "a whole number", "int_from_float": "a whole number", "float_type": "a number",
    "float_parsing": "a number", "set_type": "a list", "none_required": "null",
    "bool_type": "true or false", "bool_parsing": "true or false",
}  # fmt: skip
_BOUNDS = {
    "greater_than_equal": "must be at least {ge}", "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}", "less_than": "must be less than {lt}",
    "multiple_of": "must be a multiple of {multiple_of}", "finite_number": "must be a finite number",
    "too_short": "must have at least {min_length} items", "too_long": "must have at most {max_length} items",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
}  # fmt: skip
Located = tuple[Path, ErrorDetails]


def node_of(error: ErrorDetails, data: Any) -> tuple[Path, Any]:
    """Where in `data` an error lies, and the value there.

    Pydantic's location without what stands for no node: tags and members of unions, marks of keys. The key
    of something missing stays.
    """
    path: list[int | str] = []
    for number, part in enumerate(error["loc"], 1):
        if _has(data, part):
            data = data[part]
        elif not (error["type"] == "missing" and number == len(error["loc"])):
            continue
        path.append(part)
    return tuple(path), data


def _has(data: Any, part: int | str) -> bool:
    if isinstance(data, list | tuple):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data


def told(shape: type[BaseModel], error: ValidationError, data: dict[str, Any]) -> str:
    """Everything in `data` that does not fit `shape`."""
    problems = Problems()
    located = [(node_of(each, data)[0], each) for each in error.errors(include_url=False)]
    explain(problems, shape, located, data)
    return "; ".join(
        f"{each.message} ({each.hint})" if each.hint else each.message for each in problems.errors
    )


def explain(
    problems: Problems, model: type[BaseModel], errors: Iterable[Located], data: dict[str, Any]
) -> None:
    """Add each problem at its place. `model` is the one that was validated.

    What the members of a union say of one value becomes one problem; where one of them took the value's type,
    the others have nothing to say of it.
    """
    by_place: dict[Path, list[ErrorDetails]] = {}
    for path, error in errors:
        by_place.setdefault(path, []).append(error)
    entered = {path[:end] for path in by_place for end in range(len(path))}
    for path, told in by_place.items():
        of_type = [each for each in told if each["type"] in _KINDS]
        others = [each for each in told if each["type"] not in _KINDS]
        if others:
            accepted = [each for each in others if each["type"] in _BOUNDS]  # only its size is wrong
            _explain_one(problems, model, path, (accepted or others)[0], data)
        elif path in entered:
            continue
        elif len(kinds := list(dict.fromkeys(_KINDS[each["type"]] for each in of_type))) > 1:
            problems.add(path, "wrong-type", f"{_subject(path, data)} must be {_either(kinds)}")
        else:
            _explain_one(problems, model, path, told[0], data)


def _either(kinds: list[str]) -> str:
    return ", ".join(kinds[:-1]) + " or " + kinds[-1]


def _explain_one(
    problems: Problems, model: type[BaseModel], path: Path, error: ErrorDetails, data: dict[str, Any]
) -> None:
    kind, context = error["type"], error.get("ctx", {})
    at: Literal["value", "key"] = "value"
    hint = ""
    key = path[-1] if path else ""
    where, subject = _where(path, data), _subject(path, data)
    if kind == "extra_forbidden":
        code, message, at = "unknown-key", f"{where}unknown key {key!r}", "key"
        hint = _key_hint(model, error, key)
    elif kind == "missing":
        code, message = "missing-key", f"{where}the key {key!r} is missing"
    elif kind == "not_built":
        code, message, at = "not-built", f"{where}the key {key!r} is not built yet in this version", "key"
    elif kind == "union_tag_not_found":
        code, message = "missing-key", f"{subject} needs a `type`"
    elif kind in ("union_tag_invalid", "enum", "literal_error"):
        code, message = "bad-value", f"{subject} must be one of {_expected(context)}"
        hint = _nearest(error, context)
    elif kind == "string_pattern_mismatch" and context.get("pattern") == NAME:
        code, message = "bad-name", f"{subject} must be made of letters, digits, `_` and `-`"
        at = "key" if error["loc"][-1] == "[key]" else "value"
    elif isinstance(reason := context.get("error"), BadDuration):
        code, message = "bad-duration", f"{subject}: {reason}"
    elif kind in _KINDS:
        code, message = "wrong-type", f"{subject} must be {_KINDS[kind]}"
        hint = _type_hint(kind, error.get("input"))
    elif kind in _BOUNDS:
        code, message = "bad-value", f"{subject} {_bound(kind, context)}"
    else:
        code, message = "bad-value", f"{subject}: {error['msg'].removeprefix('Value error, ')}"
    problems.add(path, code, message, hint, at=at)


def _bound(kind: str, context: dict[str, Any]) -> str:
    if kind in ("too_short", "string_too_short") and context.get("min_length") == 1:
        return "must not be empty"
    return _BOUNDS[kind].format_map(context)


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


def _where(path: Path, data: Any) -> str:
    where = place_of(path, data)
    return f"{where}: " if where else ""


def _subject(path: Path, data: Any) -> str:
    """What the sentence is about: the place, and in it the last key with the indexes behind it."""
    where = place_of(path, data)
    if where and len(path) == 2:
        return where
    text = ""
    for part in path[2:] if where else path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"{where}: `{text}`" if where else f"`{text}`" if text else "the document"


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


def _key_hint(model: type[BaseModel], error: ErrorDetails, key: object) -> str:
    known, is_variant = _keys_at(model, error["loc"][:-1])
    return did_you_mean(key, known) or ("it knows " + ", ".join(known) if is_variant else "")


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[list[str], bool]:
    """The keys that may stand at this place, by the models' own fields, and is it a variant by its `type`?"""
    models, is_variant = [model], False
    for part in loc:
        if variant := [each for each in models if len(models) > 1 and _is_tagged(each, part)]:
            models, is_variant = variant, True
            continue
        fields = [
            field
            for each in models
            for name, field in each.model_fields.items()
            if part in (name, field.alias)
        ]
        if inner := [below for field in fields for below in _models_in(field.annotation)]:
            models, is_variant = inner, False
    return [field.alias or name for each in models for name, field in each.model_fields.items()], is_variant


def _is_tagged(model: type[BaseModel], tag: object) -> bool:
    field = model.model_fields.get("type")
    return field is not None and tag in get_args(field.annotation)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)
