"""`leadtui test-agent` with models, servers and tools: what streams, what is summed up, who must answer."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lead_tui.cli.commands import test_agent as command
from lead_tui.testing import call, fail, say

SERVERS = Path(__file__).parents[1] / "agents" / "mcp" / "servers"
WRITER = {
    "name": "writer", "type": "ai_agent", "provider": "openai", "model": "gpt-4.1-mini",
    "retry_config": {"max_attempts": 2, "initial_delay": 0.01, "jitter": False},
    "tools": ["json_parse", {"name": "json_stringify", "approval": "always"}],
}  # fmt: skip
PLAIN = {
    "name": "plain", "type": "mcp_server", "command": sys.executable, "args": [str(SERVERS / "plain.py")],
    "kill_after": 0.2, "retry_config": {"max_attempts": 1},
}  # fmt: skip
TASKS = (
    {"name": "ask", "agent_name": "writer", "action": "run", "parameters": {"prompt": "Hi"}},
    {"name": "echo", "agent_name": "plain", "action": "echo", "parameters": {"text": "Hi"}},
)


@pytest.fixture
def path(flow: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return flow(*TASKS, agents=[WRITER, PLAIN])


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_is_terminal", lambda: True)


def looks_up(request: Any) -> Any:
    return say("It is ", "done.") if request.results else call("json_parse", text="[1]")


def test_an_answer_in_a_pipe(leadtui, path, serve):
    """What it says stands in the summary, once; a prompt is text, whatever it looks like."""
    server = serve([say("Fine, ", "thanks.").using(input=7, output=3)])
    said = leadtui("test-agent", path, "writer", "-p", "prompt=42")
    assert said.code == 0, said.err
    assert said.out.count("Fine, thanks.") == 1
    assert "writer works: run" in said.out
    assert "  result: Fine, thanks." in said.out
    assert "  usage: 1 call, 10 tokens" in said.out
    assert "  first token: " in said.out
    assert server.requests[0].prompt == "42"


def test_an_answer_on_a_terminal(leadtui, path, serve, on_a_terminal):
    """It comes as it is written, with the calls of tools before it, and no terminal obeys it."""
    server = serve(looks_up)
    said = leadtui("test-agent", path, "writer", "-p", "prompt=go")
    assert said.code == 0, said.err
    assert said.out.startswith("It is done.\n")
    assert "result:" not in said.out
    assert "  tools: json_parse" in said.out
    assert '  json_parse {"text":"[1]"}' in said.err
    assert "  -> [1], " in said.err
    assert len(server.requests) == 2


def test_an_answer_that_broke_off_is_told(leadtui, path, serve, on_a_terminal):
    """The next one begins on a line of its own."""
    serve([say("Half ", "of ", "a ", "sentence").cut(after=3), say("All \x1b[2Jof it.")])
    said = leadtui("test-agent", path, "writer", "-p", "prompt=go")
    assert said.code == 0, said.err
    assert "\nAll " in said.out
    assert "\x1b" not in said.out
    assert "attempt 1: network_error" in said.err
    assert "again in" in said.err


def test_one_object(leadtui, path, serve, on_a_terminal):
    """--json tells all of it, and nothing streams."""
    serve(looks_up)
    data = leadtui("test-agent", path, "writer", "-p", "prompt=go", "--json").json
    assert data["result"]["content"] == "It is done."
    assert (data["success"], data["usage"]["output_tokens"]) == (True, 40)
    assert data["first_token"] <= data["response_time"]
    (use,) = data["tool_calls"]
    assert (use["tool"], use["arguments"], use["result"], use["error"]) == (
        "json_parse", {"text": "[1]"}, "[1]", None,
    )  # fmt: skip


def test_a_missing_key(leadtui, path):
    """Exit 1, and what to set."""
    said = leadtui("test-agent", path, "writer", "-p", "prompt=go")
    assert said.code == 1
    assert "writer cannot be called: run" in said.out
    assert "set OPENAI_API_KEY in the environment or in .env" in said.out


def test_a_failure_of_the_provider(leadtui, path, serve):
    """It is the other side that says it."""
    serve([fail("no_money")])
    said = leadtui("test-agent", path, "writer", "-p", "prompt=go")
    assert said.code == 1
    assert "writer answers with an error: run" in said.out


def test_a_tool_that_needs_a_person(leadtui, path, serve):
    """Exit 2 without one, and where one could answer."""
    serve(lambda _: call("json_stringify", data=[1]))
    said = leadtui("test-agent", path, "writer", "-p", "prompt=go")
    assert said.code == 2
    assert "writer asks a person" in said.err
    assert "`leadtui test-agent FLOW` on a terminal" in said.err


def test_a_server(leadtui, path):
    """Its tools by their names, with JSON or text; what it refuses it says itself."""
    said = leadtui("test-agent", path, "plain", "-p", "text=Good day")
    assert (said.code, "result: Good day" in said.out) == (0, True), said.err
    data = leadtui("test-agent", path, "plain", "--action", "list_tools", "--json").json
    assert [each["name"] for each in data["result"]] == ["echo", "show", "wait"]
    refusal = 'result={"isError": true, "content": [{"type": "text", "text": "closed"}]}'
    said = leadtui("test-agent", path, "plain", "--action", "show", "-p", refusal)
    assert said.code == 1
    assert "plain answers with an error: show" in said.out
    assert "closed" in said.out
    said = leadtui("test-agent", path, "plain", "-p", "txt=x")
    assert "plain cannot be called: echo" in said.out
    assert "'text' is a required property" in said.out


def test_a_tool(leadtui, flow):
    """By the agent `tool`, declared or not."""
    sums = {"name": "sum", "agent_name": "tool", "action": "json_parse", "parameters": {"text": "[1]"}}
    said = leadtui("test-agent", flow(sums), "tool", "-p", "text=[1, 2]")
    assert (said.code, "result: [1,2]" in said.out) == (0, True), said.err + said.out
