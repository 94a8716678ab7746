"""The schema that an answer is held to. Imports pydantic_ai and jsonschema."""

import json
from functools import lru_cache
from typing import Any

from pydantic_ai import ModelRetry, NativeOutput, StructuredDict, ToolOutput
from pydantic_ai.models import Model

from lead_tui.agents.ai.answer_schema import without_references
from lead_tui.json_schema import BadSchema, Schema
from lead_tui.plain import NotPlain, plain

NAME = "final_result"
"""Of the tool with which a model answers that has no other way to answer with data."""


def output_type(schema: dict[str, Any], model: Model) -> Any:
    """What the model is asked for: JSON as text where it takes a schema for that, else the call of a tool."""
    shape = StructuredDict(without_references(schema), name=schema.get("title") or NAME)
    if model.profile.get("supports_json_schema_output"):
        return NativeOutput(shape)
    return ToolOutput(shape, name=NAME)


def checked(schema: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, if it fits the schema; ModelRetry says what does not."""
    try:
        plain(answer)
    except NotPlain as error:
        raise ModelRetry(f"The answer is no JSON: {error}") from None
    if faults := schema_faults(schema, answer):
        raise ModelRetry("The answer does not fit the JSON Schema: " + "; ".join(faults))
    return answer


def schema_faults(schema: dict[str, Any], data: Any) -> list[str]:
    """What in `data` does not fit, the outermost first, each with its place. Nothing if the schema, which may
    be a server's, cannot be understood.
    """
    try:
        return _made(json.dumps(schema, sort_keys=True)).faults(data)
    except BadSchema:
        return []


@lru_cache(maxsize=64)
def _made(schema: str) -> Schema:
    return Schema(json.loads(schema))
