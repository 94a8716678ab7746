"""The JSON Schema for editors follows the models."""

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from lead_tui.agents import registry
from lead_tui.errors import InvalidFlow
from lead_tui.flow.document import parse
from lead_tui.flow.models import AgentConfig, TaskSpec, Workflow
from lead_tui.flow.schema import DIALECT, flow_schema
from tests.flow.conftest import TYPES
from tests.flow.test_diagnostics import HEAD, TASK, task

ROOT = Path(__file__).parents[2]
FLOWS = sorted((ROOT / "workflows").glob("*.yaml"))


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
    assert agent["properties"]["type"]["anyOf"][0]["enum"] == ["local", "service"]
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


def complaints(schema, text):
    data, _ = parse(text)
    return [error.message for error in Draft202012Validator(schema).iter_errors(data)]


@pytest.fixture(scope="module")
def real():
    return flow_schema({name: registry.config_model(name) for name in registry.type_names()})


@pytest.fixture(scope="module")
def small():
    return flow_schema(TYPES)


def test_it_is_a_schema(real, small):
    """It is what its dialect calls a schema, also where no type is built in."""
    for schema in (real, small, flow_schema({"service": TYPES["service"]})):
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.name)
def test_the_examples(real, path):
    """Every example that ships is valid by the schema too."""
    assert complaints(real, path.read_bytes()) == []


def test_the_readme(real):
    """So is every flow of the README."""
    flows = re.findall(r"(?ms)^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert flows
    for text in flows:
        assert complaints(real, text) == []


ACCEPTED = [
    "failure_strategy: ${V:-continue_on_failure}\nmax_parallel: ${V:-4}\nparallel_execution: ${V:-true}\n"
    "global_timeout: ${V:-1h}\ndefaults: {max_concurrency: '${V:-3}'}\n" + HEAD + TASK,
    "inputs: {n: {type: '${V:-integer}', required: '${V:-false}'}, m: 3, o: null, p: {a: 1}}\n" + HEAD + TASK,
    "agents:\n  - name: s\n    type: ${V:-service}\n    authentication: {type: '${V:-bearer}', token: x}\n"
    "    retry_config: {jitter: '${V:-true}', retry_on: ['${V:-agent_error}', '${V:-503}', 504]}\n"
    + HEAD
    + TASK,
    HEAD
    + task(name="'${V:-c}'", priority="'${V:-3}'", timeout="'${V:-3s}'")
    + task(depends_on="['${V:-c}']"),
    HEAD + TASK + task(depends_on="[{task: a, on: '${V:-any}'}]", action="'${V:-run}'"),
    HEAD + task(parameters="{command: '{{ run.id }}', times: '{{ 3 }}'}"),
    HEAD + task(parameters="{command: x, times: '${V:-3}'}", agent_name="'${V:-local}'"),
    HEAD + task(parameters="{command: [a, b]}") + "finally:\n" + task(name="z"),
    "agents: [{name: local, type: service}]\n" + HEAD + task(action="zap", parameters="{any: 1}"),
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_it_refuses_nothing_that_the_loader_takes(flow, small, text):
    """Variables and templates may stand where the loader lets them."""
    flow.file(text)
    assert complaints(small, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "failure_strategy: stop\n" + HEAD + TASK,
        "max_parallel: many\n" + HEAD + TASK,
        "agents: [{name: s, type: servise}]\n" + HEAD + TASK,
        HEAD + task(name="a b"),
        HEAD + task(parameters="{comand: x}"),
        HEAD + task(parameters="{command: 3}"),
        HEAD + task(parameters="{command: x, times: soon}"),
        HEAD + task(parameters=None),
        HEAD + task(action="rnu"),
        HEAD + TASK + "finally:\n" + task(parameters="{comand: x}"),
        "agents: [{name: s, type: service}]\n" + HEAD + task(parameters="{comand: x}"),
    ],
)
def test_it_refuses_what_the_loader_refuses(flow, small, text):
    """Wrong values and wrong parameters of built-in agents show in the editor already."""
    with pytest.raises(InvalidFlow):
        flow.file(text)
    assert complaints(small, text)


@pytest.mark.parametrize(
    ("agent", "action", "parameters", "is_right"),
    [
        ("shell", "run", "{command: [ls, 3], parse: json, env: {A: null}}", True),
        ("shell", "run", "{command: '{{ inputs.x }}', parse: '{{ inputs.x }}', env: '{{ inputs.x }}'}", True),
        ("shell", "run", "{comand: ls}", False),
        ("shell", "run", "{command: ls, parse: xml}", False),
        ("human", "approve", "{message: x, options: '{{ inputs.x }}'}", True),
        ("human", "input", "{message: x, form: {n: {type: integer, enum: [1, 2]}}}", True),
        ("human", "input", "{message: x, form: {n: {typ: integer}}}", False),
        ("human", "input", "{message: x}", False),
        ("human", "ask", "{message: x}", False),
        ("python", "steps:go", "{any: 1}", True),
    ],
)
def test_parameters_of_built_in_agents(real, agent, action, parameters, is_right):
    """The tasks of `shell` and `human` are judged by their actions; `python` takes anything."""
    text = HEAD + task(agent_name=agent, action=f"'{action}'", parameters=parameters)
    assert (complaints(real, text) == []) is is_right
