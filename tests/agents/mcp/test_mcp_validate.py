"""`leadtui validate --connect`: what only a server knows of a flow, told at its place before a run."""

import re
import sys

import pytest
from typer.testing import CliRunner

from lead_tui.cli.app import application
from tests.agents.mcp.stage import SERVERS

FLOW = """\
name: check
agents:
  - name: plain
    type: mcp_server
    command: "{python}"
    args: ["{servers}/{script}.py"]
    start_timeout: 20
    env: {{TOKEN: "{token}"}}
inputs: {{word: hello}}
tasks:
  - name: right
    agent_name: plain
    action: echo
    parameters: {{text: "{{{{ inputs.word }}}}"}}
  - name: misspelt
    agent_name: plain
    action: ecko
  - name: wrong
    agent_name: plain
    action: echo
    parameters:
      text: [1, 2]
  - name: missing
    agent_name: plain
    action: echo
    parameters: {{words: "{{{{ inputs.word }}}}"}}
  - name: fixed
    agent_name: plain
    action: list_tools
"""


GRANTS = """\
name: check
agents:
  - name: plain
    type: mcp_server
    command: "{python}"
    args: ["{servers}/{script}.py"]
    start_timeout: 20
    env: {{TOKEN: "{token}"}}
  - name: clerk
    type: ai_agent
    endpoint: http://localhost:1/v1
    model: m
    mcp_servers: [plain]
    tools:
      - plain.echo
      - plain.ecko
      - json_parse
      - plain.*
      - {{name: plain.nosuch, approval: always}}
tasks:
  - name: ask
    agent_name: clerk
    action: run
    parameters: {{prompt: hello}}
"""


@pytest.fixture
def validate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words, flow=FLOW, script="plain", token="t0p-secret-token"):
        text = flow.format(python=sys.executable, servers=SERVERS, script=script, token=token)
        (tmp_path / "flow.yaml").write_text(text)
        result = CliRunner().invoke(application(), ["validate", "flow.yaml", *words], prog_name="leadtui")
        return result.exit_code, [re.sub(r"^.*?flow", "flow", line) for line in result.stdout.splitlines()]

    return call


def _errors(lines):
    return [line for line in lines if "[warning]" not in line]


@pytest.mark.usefixtures("no_process_left")
def test_tasks_are_held_against_the_tools(validate):
    """Unknown tools and literals that do not fit are problems with their place; templates may be right."""
    code, lines = validate("--connect")
    assert code == 3
    has, of = "the server 'plain' has no tool", "parameters of plain.echo:"
    assert _errors(lines) == [
        f"flow.yaml:17:13 unknown-tool task 'misspelt': {has} 'ecko' (did you mean 'echo'?)",
        f"flow.yaml:22:13 bad-parameters task 'wrong': {of} text: [1, 2] is not of type 'string'",
        f"flow.yaml:26:17 bad-parameters task 'missing': {of} 'text' is a required property",
    ]


@pytest.mark.usefixtures("no_process_left")
def test_server_that_cannot_be_asked_is_a_problem(validate):
    """A server that does not start is told at its agent, with its last words, without the flow's secrets."""
    code, lines = validate("--connect", script="exits_at_once")
    assert code == 3
    (line,) = _errors(lines)
    assert line.startswith(
        "flow.yaml:3:5 cannot-connect agent 'plain': the server plain ended with exit code 3"
    )


@pytest.mark.usefixtures("no_process_left")
def test_grants_are_held_against_the_tools(validate):
    """A tool that an agent is granted and no server has is a problem at its entry, name or map."""
    code, lines = validate("--connect", flow=GRANTS)
    assert code == 3
    has = "unknown-tool agent 'clerk': the server 'plain' has no tool"
    assert _errors(lines) == [
        f"flow.yaml:16:9 {has} 'ecko' (did you mean 'echo'?)",
        f"flow.yaml:19:9 {has} 'nosuch' (its tools are echo, show, wait)",
    ]


@pytest.mark.usefixtures("no_process_left")
def test_server_of_grants_must_be_there(validate):
    """A server that no task calls is asked, too: an agent that has its tools cannot do without it."""
    code, lines = validate("--connect", flow=GRANTS, script="exits_at_once")
    assert code == 3
    (line,) = _errors(lines)
    assert line.startswith("flow.yaml:3:5 cannot-connect agent 'plain'")


def test_nothing_is_started_without_being_asked(validate):
    """Without --connect a flow is valid whatever its servers are."""
    code, lines = validate(script="no-such-script")
    assert code == 0
    assert lines[-1].endswith("flow is valid")
