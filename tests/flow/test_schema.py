"""The JSON Schema for editors follows the models."""

from lead_tui.flow.models import AgentConfig, TaskSpec, Workflow
from lead_tui.flow.schema import DIALECT, flow_schema
from tests.flow.conftest import TYPES


def resolve(schema, reference):
    assert reference.startswith("#/$defs/")
    return schema["$defs"][reference.removeprefix("#/$defs/")]


def references(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for each in schema.values():
            yield from references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from references(each)


def test_the_whole():
    """It names its dialect, has every key and no other, and each reference leads somewhere."""
    schema = flow_schema(TYPES)
    assert schema["$schema"] == DIALECT
    assert set(schema["properties"]) == {field.alias or name for name, field in Workflow.model_fields.items()}
    assert set(schema["required"]) == {"name", "tasks"}
    assert schema["additionalProperties"] is False
    task = resolve(schema, schema["properties"]["tasks"]["items"]["$ref"])
    assert set(task["properties"]) == set(TaskSpec.model_fields)
    assert task["additionalProperties"] is False
    assert task["properties"]["agent_name"]["description"]
    for reference in references(schema):
        assert resolve(schema, reference)


def test_agents_by_type():
    """An agent is judged by its type's own keys."""
    schema = flow_schema(TYPES)
    agent = resolve(schema, schema["properties"]["agents"]["items"]["$ref"])
    assert agent["properties"]["type"]["enum"] == ["local", "service"]
    by_type = {
        each["if"]["properties"]["type"]["const"]: resolve(schema, each["then"]["$ref"])
        for each in agent["allOf"]
    }
    assert set(by_type["service"]["properties"]) == {*AgentConfig.model_fields, "headers", "env"}
    assert set(by_type["local"]["properties"]) == set(AgentConfig.model_fields)
    assert by_type["local"]["additionalProperties"] is False


def test_what_may_be_written_in_more_than_one_way():
    """Durations may be text, dependencies names, inputs a mere default, numbers `${N}`."""
    schema = flow_schema(TYPES)
    timeout = schema["properties"]["global_timeout"]["anyOf"]
    assert [each["type"] for each in timeout] == ["number", "string", "null"]
    task = resolve(schema, "#/$defs/TaskSpec")["properties"]
    assert task["depends_on"]["items"]["anyOf"] == [{"$ref": "#/$defs/Dependency"}, {"type": "string"}]
    parallel = schema["properties"]["max_parallel"]
    assert parallel["anyOf"] == [{"minimum": 1, "type": "integer"}, {"type": "string", "pattern": r"\$\{"}]
    (shorthand,) = schema["properties"]["inputs"]["patternProperties"].values()
    assert {"$ref": "#/$defs/InputSpec"} in shorthand["anyOf"]
    assert task["parameters"]["additionalProperties"] is True
