"""JSON Schema (2020-12) of a flow document, for editors, from the same models that judge it.

Where the loader takes `${NAME}` it does too: for any text, number, boolean or choice. In the parameters of a
task a template may stand for anything.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from lead_tui.flow.models import AgentConfig, ParametersModel, Workflow

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_VARIABLE = {"type": "string", "pattern": r"\$\{"}
_TEMPLATE = {"type": "string", "pattern": r"\{\{|\{%|\{#|\$\{"}
_NOTES = ("default", "description", "examples")
_SCALARS = ("string", "integer", "number", "boolean")
_KINDS = frozenset(("type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"))
_LIMITS = frozenset(("enum", "const", "pattern", "maxLength"))


def flow_schema(agent_models: Mapping[str, type[AgentConfig]]) -> Schema:
    """The schema of a document whose agents are of these types; each agent is judged by its type's model, the
    parameters of a built-in one's tasks by the model of the action.
    """
    shapes = {type_: _shapes(model) for type_, model in agent_models.items() if model.builtin}
    parameters = [shape for by_action in shapes.values() for shape in by_action.values()]
    names, definitions = _definitions((Workflow, AgentConfig, *agent_models.values(), *parameters))
    root = definitions.pop(names[Workflow])
    if AgentConfig not in agent_models.values():  # else a type without settings of its own needs it
        del definitions[names[AgentConfig]]
    for type_, model in agent_models.items():
        definitions[names[model]]["properties"]["type"] |= {"examples": [type_]}
    definitions["Agent"] = _agent({type_: names[model] for type_, model in agent_models.items()})
    root["properties"]["agents"]["items"] = _reference("Agent")
    rules = {
        type_: _task_rules(type_, agent_models[type_], by_action, names, definitions)
        for type_, by_action in sorted(shapes.items())
    }
    templated = _reachable([names[model] for model in parameters], definitions)
    return {
        "$schema": DIALECT,
        "title": "leadtui flow",
        **_open(root, _VARIABLE, top=True),
        "allOf": [True, *(_unless_declared(type_, told) for type_, told in rules.items() if told)],
        "$defs": {
            name: _open(each, _TEMPLATE if name in templated else _VARIABLE, top=True)
            for name, each in definitions.items()
        },
    }


def _definitions(models: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], str], dict[str, Schema]]:
    """The name of each model's definition, and all definitions by name."""
    distinct = list(dict.fromkeys(models))
    refs, schema = models_json_schema(
        [(model, "validation") for model in distinct], ref_template="#/$defs/{model}"
    )
    names = {model: refs[model, "validation"]["$ref"].rpartition("/")[2] for model in distinct}
    return names, {name: _without_titles(each) for name, each in schema["$defs"].items()}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _agent(names: Mapping[str, str]) -> Schema:
    return {
        "type": "object",
        "required": ["name", "type"],
        "properties": {"type": {"type": "string", "enum": sorted(names)}},
        "allOf": [
            {"if": _has(type=type_), "then": _reference(name)} for type_, name in sorted(names.items())
        ],
    }


def _has(**values: str) -> Schema:
    """The condition that an object has these values."""
    return {"properties": {key: {"const": value} for key, value in values.items()}, "required": [*values]}


# --- tasks of built-in agents -------------------------------------------------------------------------


def _shapes(model: type[AgentConfig]) -> dict[str, ParametersModel]:
    found = {action: model.parameters_model(action) for action in sorted(model.actions or ())}
    return {action: shape for action, shape in found.items() if shape is not None}


def _unless_declared(type_: str, rules: list[Schema]) -> Schema:
    """A flow may declare an agent of its own by this name: then its tasks are no matter of the schema."""
    declared = {"required": ["agents"], "properties": {"agents": {"contains": _has(name=type_)}}}
    tasks = {"items": {"allOf": rules}}
    return {"if": declared, "else": {"properties": {"tasks": tasks, "finally": tasks}}}


def _task_rules(
    type_: str,
    model: type[AgentConfig],
    shapes: Mapping[str, ParametersModel],
    names: Mapping[type[BaseModel], str],
    definitions: Mapping[str, Schema],
) -> list[Schema]:
    rules = []
    if model.actions is not None:
        action = {"properties": {"action": {"anyOf": [{"enum": sorted(model.actions)}, _VARIABLE]}}}
        rules.append({"if": _has(agent_name=type_), "then": action})
    for known, shape in shapes.items():
        name = names[shape]
        then: Schema = {"properties": {"parameters": _reference(name)}}
        if definitions[name].get("required"):
            then["required"] = ["parameters"]
        rules.append({"if": _has(agent_name=type_, action=known), "then": then})
    return rules


# --- what may stand in place of a value ---------------------------------------------------------------


def _without_titles(schema: Schema) -> Schema:
    """Without the titles that only repeat a key."""
    schema = {key: value for key, value in schema.items() if key != "title"}
    for each in schema.get("properties", {}).values():
        if isinstance(each.get("title"), str):
            del each["title"]
    return schema


def _open(schema: Any, instead: Schema, top: bool = False) -> Any:
    """The schema with text like `instead` allowed for any scalar in it; a template for lists and maps too."""
    if not isinstance(schema, dict):
        return schema
    opened = _opened_below(schema, instead)
    if _takes_text(opened) or not (_is_scalar(opened) or (instead is _TEMPLATE and not top)):
        return opened
    notes = {key: opened.pop(key) for key in _NOTES if key in opened}
    variants = opened["anyOf"] if opened.keys() == {"anyOf"} else [opened]
    return {**notes, "anyOf": [*variants, instead]}


def _opened_below(schema: Schema, instead: Schema) -> Schema:
    opened = dict(schema)
    for key in ("properties", "patternProperties"):
        if key in schema:
            opened[key] = {name: _open(each, instead) for name, each in schema[key].items()}
    for key in ("items", "additionalProperties"):
        if key in schema:
            opened[key] = _open(schema[key], instead)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            opened[key] = [_opened_below(each, instead) for each in schema[key]]
    return opened


def _takes_text(schema: Schema) -> bool:
    """Any text at all."""
    if "anyOf" in schema:
        return any(map(_takes_text, schema["anyOf"]))
    return _KINDS.isdisjoint(schema) or (schema.get("type") == "string" and _LIMITS.isdisjoint(schema))


def _is_scalar(schema: Schema) -> bool:
    if "anyOf" in schema:
        return any(map(_is_scalar, schema["anyOf"]))
    return schema.get("type") in _SCALARS or not {"enum", "const"}.isdisjoint(schema)


def _reachable(names: Iterable[str], definitions: Mapping[str, Schema]) -> set[str]:
    """The definitions of these names and all that they refer to."""
    found: set[str] = set()
    pending = [*names]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _references(definitions[name])
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for each in schema:
            yield from _references(each)
    elif isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for each in schema.values():
            yield from _references(each)
