"""The server asks a person: a form with the fields of its schema, or a page that should be opened.

An answer that its schema does not take is asked for again, a few times. Who rejects, declines. A form that is
too large for a person, or that nobody could fill in, is refused to the server.
"""

from functools import partial
from hashlib import blake2b
from typing import Any

import mcp_types as types
import msgspec

from lead_tui.agents.base import AgentContext, Gate
from lead_tui.errors import AgentError, Category, failed
from lead_tui.json_schema import BadSchema, Schema
from lead_tui.threads import in_thread

MOST_ASKED = 3
MOST_TEXT = 2_000
MOST_FIELDS = 50
MOST_FORM = 64 * 1024
"""Bytes of a form as JSON."""
_TYPES = {"string", "integer", "number", "boolean"}
_WORDS = {
    "format": "format {}", "pattern": "must match {}", "minimum": "at least {}", "maximum": "at most {}",
    "minLength": "at least {} characters", "maxLength": "at most {} characters",
    "minItems": "at least {} of them", "maxItems": "at most {} of them",
}  # fmt: skip


async def answer(
    server: str, params: types.ElicitRequestParams, context: AgentContext, number: int = 1
) -> types.ElicitResult | types.ErrorData:
    """`number`: the how manieth time this call asks just that."""
    asked = [server, context.idempotency_key, str(number), identity(params)]
    try:
        if isinstance(params, types.ElicitRequestURLParams):
            return await _visit(server, params, context, _digest(asked))
        return await _fill_in(server, params, context, asked)
    except AgentError as error:  # a form that nobody could answer
        return types.ErrorData(code=types.INVALID_PARAMS, message=error.failure.message)


async def _visit(
    server: str, params: types.ElicitRequestURLParams, context: AgentContext, bound_to: str
) -> types.ElicitResult:
    if len(params.url) > MOST_TEXT:
        raise _refused(f"the address has more than {MOST_TEXT} characters")
    gate = Gate(message=_message(server, params.message), show={"url": params.url})
    answered = await context.ask(gate, bound_to)
    return types.ElicitResult(action="accept" if answered.granted else "decline")


async def _fill_in(
    server: str, params: types.ElicitRequestFormParams, context: AgentContext, asked: list[str]
) -> types.ElicitResult | types.ErrorData:
    """A parked run whose call is made again comes to the same gates, and finds what was answered."""
    schema, problem = params.requested_schema, ""
    fields = form(schema)
    for _ in range(MOST_ASKED):
        message = _message(server, params.message) + (f" (not accepted: {problem})" if problem else "")
        gate = Gate(message=message, action="input", form=fields)
        answered = await context.ask(gate, _digest([*asked, problem]))
        if not answered.granted:
            return types.ElicitResult(action="decline")
        content = {name: value for name, value in answered.values.items() if value is not None}
        problem = await in_thread(partial(_faults, schema, content))
        if not problem:
            return types.ElicitResult(action="accept", content=content)
    return types.ElicitResult(action="cancel")


def _faults(schema: dict[str, Any], values: dict[str, Any]) -> str:
    """A schema that cannot be used takes everything."""
    try:
        return "; ".join(map(str, Schema(schema).misfits(values)))
    except BadSchema:
        return ""


def form(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields of a gate, from a schema whose properties are text, numbers, truth values and choices.

    AgentError for one that is too large, or that asks for a field which it does not have.
    """
    required, properties = schema.get("required") or [], schema.get("properties") or {}
    if not isinstance(required, list) or not isinstance(properties, dict):
        raise _refused("the form is no JSON Schema of an object")
    if len(properties) > MOST_FIELDS:
        raise _refused(f"the form has {len(properties)} fields, more than {MOST_FIELDS}")
    if missing := [name for name in required if name not in properties]:
        raise _refused(f"the form requires {str(missing[0])[:MOST_TEXT]!r}, which is none of its fields")
    fields = {
        name: _field(spec if isinstance(spec, dict) else {}, name in required)
        for name, spec in properties.items()
    }
    if len(msgspec.json.encode(fields)) > MOST_FORM:
        raise _refused(f"the form has more than {MOST_FORM // 1024} KiB")
    return fields


def _refused(why: str) -> AgentError:
    return failed(Category.VALIDATION, why, code="bad_form")


def _field(spec: dict[str, Any], required: bool) -> dict[str, Any]:
    kind = spec.get("type")
    field: dict[str, Any] = {"type": "list" if kind == "array" else kind if kind in _TYPES else "string"}
    several = spec.get("items") if kind == "array" else None
    choices = _choices(several if isinstance(several, dict) else spec)
    if choices and kind != "array":
        field["choices"] = [value for value, _ in choices]
    if "default" in spec:
        field["default"] = spec["default"]
    elif not required:
        field["required"] = False
    words = [str(spec[key]) for key in ("title", "description") if spec.get(key)]
    words += [text.format(spec[key]) for key, text in _WORDS.items() if key in spec]
    if choices and (several is not None or any(title for _, title in choices)):
        words.append(
            "one of " + ", ".join(f"{value} ({title})" if title else str(value) for value, title in choices)
        )
    return field | {"description": "; ".join(words)[:MOST_TEXT]} if words else field


def _choices(spec: dict[str, Any]) -> list[tuple[Any, str]]:
    """Values and what they are called: by `enum` with `enumNames`, or `oneOf` or `anyOf` with `const`."""
    if values := spec.get("enum"):
        names = spec.get("enumNames") or []
        return [
            (value, str(names[number]) if number < len(names) else "") for number, value in enumerate(values)
        ]
    options = spec.get("oneOf") or spec.get("anyOf") or ()
    return [(each["const"], str(each.get("title", ""))) for each in options if "const" in each]


def _message(server: str, text: str) -> str:
    return f"{server} asks: {text[:MOST_TEXT]}"


def identity(params: types.ElicitRequestParams) -> str:
    """The question without what is new each time it is put."""
    asked = params.model_dump(mode="json", exclude_none=True, exclude={"meta", "elicitation_id", "task"})
    return _digest(asked)


def _digest(data: Any) -> str:
    return blake2b(msgspec.json.encode(data, order="deterministic"), digest_size=16).hexdigest()
