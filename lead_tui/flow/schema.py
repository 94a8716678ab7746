"""JSON Schema (2020-12) of a flow document, for editors, from the same models that judge it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from lead_tui.flow.models import AgentConfig, Workflow

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = {"type": "string", "pattern": r"\$\{"}


def flow_schema(agent_models: Mapping[str, type[AgentConfig]]) -> dict[str, Any]:
    """The schema of a document whose agents are of these types; each agent is judged by its type's model."""
    models: list[type[BaseModel]] = [Workflow, *dict.fromkeys(agent_models.values())]
    refs, schema = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/$defs/{model}"
    )
    definitions = schema["$defs"]
    names = {model: refs[model, "validation"]["$ref"].rpartition("/")[2] for model in models}
    root = definitions.pop(names[Workflow])
    if AgentConfig not in names:  # else a type without settings of its own needs it
        definitions.pop("AgentConfig", None)
    for type_, model in agent_models.items():
        definitions[names[model]]["properties"]["type"] |= {"examples": [type_]}
    definitions["Agent"] = _agent({type_: names[model] for type_, model in agent_models.items()})
    root["properties"]["agents"]["items"] = {"$ref": "#/$defs/Agent"}
    whole = {"$schema": DIALECT, "title": "leadtui flow", **_without_titles(root)}
    whole["$defs"] = {name: _without_titles(each) for name, each in definitions.items()}
    return {key: _editable(each) for key, each in whole.items()}


def _agent(names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name", "type"],
        "properties": {"type": {"type": "string", "enum": sorted(names)}},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": type_}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for type_, name in sorted(names.items())
        ],
    }


def _without_titles(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the titles that only repeat a key."""
    schema = {key: value for key, value in schema.items() if key != "title"}
    for each in schema.get("properties", {}).values():
        if isinstance(each.get("title"), str):
            del each["title"]
    return schema


def _editable(schema: Any) -> Any:
    """Numbers and booleans may also come from the environment: `${NAME:-4}`."""
    if isinstance(schema, list):
        return [_editable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in ("integer", "number", "boolean"):
        outer = {key: schema[key] for key in ("default", "description") if key in schema}
        inner = {key: value for key, value in schema.items() if key not in outer}
        return {**outer, "anyOf": [inner, _VARIABLE]}
    if {"type": "string"} in schema.get("anyOf", ()):  # takes any text anyway
        return schema
    return {key: each if key in ("default", "examples") else _editable(each) for key, each in schema.items()}
