"""The schema that an answer is held to. Imports pydantic_ai and jsonschema."""

from typing import Any

from jsonschema import SchemaError
from jsonschema.validators import Draft202012Validator, validator_for
from pydantic_ai import ModelRetry, NativeOutput, StructuredDict, ToolOutput
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model
from referencing import Registry
from referencing.exceptions import Unresolvable

from lead_tui.errors import Category, failed

NAME = "final_result"
"""Of the tool with which a model answers that has no other way to answer with data."""

MOST = 5
MOST_TEXT = 500
"""Faults that the model is told at once, and characters of each."""


def output_type(schema: dict[str, Any], model: Model) -> Any:
    """What the model is asked for: JSON as text where it takes a schema for that, else the call of a tool."""
    try:
        shape = StructuredDict(schema, name=schema.get("title") or NAME)
    except UserError as error:
        raise failed(Category.VALIDATION, f"output_schema: {error}", code="output_schema") from None
    if model.profile.get("supports_json_schema_output"):
        return NativeOutput(shape)
    return ToolOutput(shape, name=NAME)


def checked(schema: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, if it fits the schema; ModelRetry says what does not."""
    if faults := schema_faults(schema, answer):
        raise ModelRetry("The answer does not fit the JSON Schema. Correct it: " + "; ".join(faults))
    return answer


def schema_faults(schema: dict[str, Any], data: Any) -> list[str]:
    """What in `data` does not fit, the outermost first, each with its place. Nothing if the schema, which may
    be a server's, cannot be understood; references in it are never fetched.
    """
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
        found = list(kind(schema, registry=Registry()).iter_errors(data))
    except (SchemaError, Unresolvable):
        return []
    found.sort(key=lambda each: (len(each.path), each.json_path))
    return [f"{each.json_path}: {each.message[:MOST_TEXT]}" for each in found[:MOST]]
