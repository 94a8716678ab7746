"""A good document: what is loaded, what is stored, and which values are secret."""

import json
import subprocess
import sys

import pytest

from lead_tui.errors import InvalidFlow, MissingSecret, UsageError
from lead_tui.flow.loader import load, load_text
from lead_tui.flow.models import FailureStrategy
from tests.flow.conftest import TYPES

FLOW = """
name: report
failure_strategy: continue_on_failure
inputs:
  city: Paris
  key: {secret: true, default: input-secret}
agents:
  - name: api
    type: service
    endpoint: https://example.org
    authentication: {type: basic, username: "${USER_NAME}", password: plain-secret}
    headers: {X-Key: "k ${HEADER}"}
    env: {TOKEN: "${ENV_TOKEN:-env-default}"}
    custom_params: {headers: {A: "${NESTED}"}, plain: "${PUBLIC}"}
  - name: other
    type: service
    authentication: {type: bearer, token: "${TOKEN:-default-secret}"}
tasks:
  - name: fetch
    agent_name: api
    action: get
    parameters: {q: "{{ inputs.city }}", key: "{{ inputs.key }}", headers: {B: "${TASK_HEADER}"}}
  - name: show
    agent_name: local
    action: run
    parameters: {command: "echo {{ tasks.fetch.result }}"}
finally:
  - {name: tidy, agent_name: local, action: run, parameters: {command: rm}, when: tasks.show.status == 'x'}
outputs: {answer: "{{ tasks.show.result }}"}
"""
VALUES = {
    "USER_NAME": "user-secret", "HEADER": "header-secret", "NESTED": "nested-secret", "PUBLIC": "public",
    "TASK_HEADER": "task-secret",
}  # fmt: skip
SECRETS = {
    "user-secret", "plain-secret", "header-secret", "nested-secret", "default-secret", "input-secret",
    "task-secret",
}  # fmt: skip


def test_a_whole_flow(flow):
    """Agents get the model of their type, built-in ones join, references become dependencies."""
    document = flow.file(FLOW, **VALUES)
    workflow = document.workflow
    assert workflow.failure_strategy is FailureStrategy.CONTINUE
    assert [(agent.name, type(agent).__name__) for agent in workflow.agents] == [
        ("api", "Service"), ("other", "Service"), ("local", "Local"),
    ]  # fmt: skip
    assert workflow.agents[0].headers == {"X-Key": "k header-secret"}
    assert [each.task for each in document.graph.dependencies["show"]] == ["fetch"]
    assert document.graph.dependencies["tidy"] == ()
    assert document.folder == flow.folder
    assert document.source == str(flow.folder / "flow.yaml")


def test_secrets(flow):
    """Every value of authentication, of a header, an env map and a secret input is to be masked."""
    document = flow.file(FLOW, **VALUES)
    assert document.secrets == SECRETS
    assert flow.file(FLOW, **VALUES, ENV_TOKEN="env-secret").secrets == SECRETS | {"env-secret"}
    stored = json.dumps(document.raw)
    assert not [secret for secret in SECRETS if secret in stored + repr(document)]
    assert document.raw["agents"][0]["authentication"] == {
        "type": "basic", "username": "${USER_NAME}", "password": "***",
    }  # fmt: skip
    assert document.raw["agents"][1]["authentication"]["token"] == "${TOKEN:-***}"
    assert document.raw["inputs"] == {"city": "Paris", "key": {"secret": True, "default": "***"}}


def test_literal_secrets_are_warned_of(flow):
    """A secret in plain text is told, with its place; the flow runs all the same."""
    warnings = flow.file(FLOW, **VALUES).warnings
    assert [(each.line, each.code, each.severity) for each in warnings] == [
        (6, "literal-secret", "warning"),
        (11, "literal-secret", "warning"),
    ]
    assert "secret-" not in "".join(map(str, warnings))


def test_templates_in_agents_are_warned_of(flow):
    """An agent is not rendered: a template there would be sent as it is."""
    text = FLOW.replace("https://example.org", "'https://{{ inputs.city }}'")
    assert (10, "template-not-allowed") in [
        (each.line, each.code) for each in flow.file(text, **VALUES).warnings
    ]


def test_a_stored_document_loads_again(flow):
    """What the journal stored gives the same flow, with the hidden values from the original file."""
    document = flow.file(FLOW, **VALUES)
    again = flow.data(document.raw, original=flow.folder / "flow.yaml", **VALUES)
    assert again.workflow == document.workflow
    assert again.graph == document.graph
    assert again.secrets == document.secrets
    assert again.raw == document.raw


def test_a_stored_document_without_its_original(flow):
    """A hidden value that is nowhere to be found stops the load and names its place."""
    document = flow.file(FLOW, **VALUES)
    for original in (None, flow.folder / "gone.yaml"):
        with pytest.raises(MissingSecret, match=r"agents\.0\.authentication\.password"):
            flow.data(document.raw, original=original, **VALUES)
    (flow.folder / "broken.yaml").write_text("a: [")
    with pytest.raises(MissingSecret):
        flow.data(document.raw, original=flow.folder / "broken.yaml", **VALUES)
    (flow.folder / "list.yaml").write_text("[]")
    with pytest.raises(MissingSecret):
        flow.data(document.raw, original=flow.folder / "list.yaml", **VALUES)


def test_hidden_defaults(flow):
    """A hidden default is needed only while its variable is unset; a secret input becomes required."""
    document = flow.file(FLOW.replace("plain-secret", "'${PASSWORD}'"), PASSWORD="p", **VALUES)
    again = flow.data(document.raw, TOKEN="t", PASSWORD="p", **VALUES)
    assert again.workflow.agents[1].authentication.token.get_secret_value() == "t"
    assert again.workflow.inputs["key"].is_required
    with pytest.raises(MissingSecret, match=r"agents\.1\.authentication\.token"):
        flow.data(document.raw, PASSWORD="p", **VALUES)


def test_agents_moved_in_the_original(flow):
    """Hidden values are found by the agent's name, not by its number."""
    document = flow.file(FLOW, **VALUES)
    swapped = {**document.raw, "agents": document.raw["agents"][::-1]}
    again = flow.data(swapped, original=flow.folder / "flow.yaml", **VALUES)
    assert again.workflow.agents[1].authentication.password.get_secret_value() == "plain-secret"


def test_json_files(flow):
    """A JSON file is a flow too, and its mistakes have places."""
    text = json.dumps(
        {
            "name": "x",
            "tasks": [{"name": "a", "agent_name": "local", "action": "run", "parameters": {"command": "x"}}],
        },
        indent="\t",
    )
    assert flow.file(text, "flow.json").workflow.name == "x"
    assert flow.problems(text.replace('"local"', '"lokal"'), "flow.json") == ["6:18 undefined-agent"]


def test_from_python(flow):
    """Tuples and paths are as good as lists and text; the stored form is plain."""
    document = flow.data(
        {
            "name": "x",
            "tasks": (
                {"name": "a", "agent_name": "local", "action": "run", "parameters": {"command": flow.folder}},
            ),
        }
    )
    assert json.loads(json.dumps(document.raw)) == document.raw
    assert document.source == ""


def test_parameters_that_are_templates(flow):
    """A template may stand where a number is wanted: its type is known at run time only."""
    document = flow.data(
        {"name": "x", "inputs": {"n": 1}, "tasks": [
            {"name": "a", "agent_name": "local", "action": "run",
             "parameters": {"command": ["echo", "{{ inputs.n }}"], "times": "{{ inputs.n }}"}},
        ]}
    )  # fmt: skip
    assert document.warnings == ()


def test_a_text_reads_as_its_file_would(flow):
    """The same document and the same problems, although nothing stands in the file."""
    path = flow.folder / "unwritten.yaml"
    document = load_text(FLOW, path, environment=VALUES, **flow.options)
    stored = flow.file(FLOW, **VALUES)
    assert (document.raw, document.secrets, document.folder) == (stored.raw, stored.secrets, stored.folder)
    assert document.source == str(path.resolve())
    with pytest.raises(InvalidFlow) as caught:
        load_text("name: x\nnam: y\n", path, environment={}, **flow.options)
    told = [f"{each.line}:{each.col} {each.code}" for each in caught.value.diagnostics]
    assert told == flow.problems("name: x\nnam: y\n")
    assert not path.exists()


def test_when_as_a_boolean(flow):
    """`when: false` is a boolean, `when: "false"` an expression."""
    tasks = [{"name": f"t{when}", "agent_name": "local", "action": "run", "parameters": {"command": "x"},
              "when": when} for when in (True, False, "false")]  # fmt: skip
    assert [task.when for task in flow.data({"name": "x", "tasks": tasks}).workflow.tasks] == [
        True,
        False,
        "false",
    ]


def test_a_file_that_cannot_be_read(tmp_path):
    """A missing file or a folder is a wrong call, not a wrong flow."""
    for path in (tmp_path / "gone.yaml", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            load(path, agent_types={}.get, environment={})


def test_size(flow):
    """A file beyond the limit is refused without being read to its end."""
    assert flow.problems(b"a: " + b"x" * 5_000_000) == ["1:1 too-large"]


def test_imports_stay_light():
    """Loading the loader loads neither YAML nor Jinja nor dotenv."""
    code = "import sys, lead_tui.flow.loader; sys.exit(bool({'jinja2', 'yaml', 'dotenv'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_invalid_flow_carries_everything(flow):
    """The error's text has a line for each diagnostic, warnings included."""
    with pytest.raises(InvalidFlow) as caught:
        flow.file(FLOW.replace("city: Paris", "town: Paris"), **VALUES)
    assert len(caught.value.diagnostics) == 3
    assert str(caught.value).count("\n") == 2


def test_only_the_types_that_a_flow_names_are_asked_for(flow):
    """Importing a type costs time: a flow pays for its own alone, only a wrong name is held against all."""
    asked = []

    def agent_types(name):
        asked.append(name)
        return TYPES.get(name)

    flow.options = {"agent_types": agent_types, "type_names": ["local", "service", "heavy"]}
    task = {"name": "a", "agent_name": "s", "action": "x"}
    flow.data({"name": "x", "agents": [{"name": "s", "type": "service"}], "tasks": [task]})
    assert set(asked) == {"service"}
    asked.clear()
    with pytest.raises(InvalidFlow, match="did you mean 'local'"):
        flow.data({"name": "x", "tasks": [{"name": "a", "agent_name": "locol", "action": "run"}]})
    assert "heavy" in asked
