"""What an MCP server asks in the middle of a call that a model made: a run that nobody looks at is left.

An answer that has the call made again lets the conversation go on where it was.
"""

import json
import sys

import pytest

from lead_tui.testing import call, say, together
from tests.agents.mcp.stage import SERVERS

GONE = "      The call ended with its process: an answer makes it again, with all it did before it asked"
WRITER = {
    "name": "writer", "type": "ai_agent", "provider": "openai", "model": "gpt-4.1-mini",
    "mcp_servers": ["desk"],
}  # fmt: skip
REPLIES = [call("desk__echo", text="how many"), say("Six.")]
ASKED = "its call of desk.echo asked a person when the process before ended: an answer makes it again"


@pytest.fixture
def asking(flow, own_place):
    """Write a flow whose model has the tools of a server that asks, and writes down its calls in `calls`."""

    def write(*others, agent=None, server=None, **task):
        program = [str(SERVERS / "asks_each.py"), str(own_place / "calls")]
        desk = {"name": "desk", "type": "mcp_server", "command": sys.executable, "args": program}
        desk |= server or {}
        run = {"name": "ask", "agent_name": "writer", "parameters": {"prompt": "How many?"}}
        agents = [WRITER | (agent or {}), desk]
        return flow(run | task, *others, agents=agents, parallel_execution=True)

    return write


@pytest.fixture
def events(leadtui):
    """The events of these types."""

    def of(*types):
        found = [json.loads(line) for line in leadtui("events", "w1").out.splitlines()]
        return [each for each in found if each["type"] in types]

    return of


def heard(model):
    """What the model read in the end of the calls that it asked for."""
    return [json.loads(each)["content"]["n"] for each in model.requests[-1].results]


def test_a_tool_that_asks_is_called_again_with_the_answer(leadtui, asking, serve, calls, gate, events):
    """The run is left and says what an answer does; the model is asked no more than it would be anyhow."""
    model = serve(REPLIES)
    ran = leadtui("run", asking(), "--no-ui", "--run-id", "w1")
    name = gate()["gate"]
    told = [
        "  ? ask: desk asks: how many?",
        GONE,
        f"      leadtui approve w1 {name} --again -i n=INTEGER",
        f"      leadtui reject w1 {name} --again",
        "      leadtui skip w1 ask  # it is not made again",
        "  to go on: leadtui resume w1",
    ]
    assert (ran.code, ran.err.splitlines()[-6:]) == (5, told)
    assert leadtui("show", "w1").out.splitlines()[-6:] == told
    refused = leadtui("approve", "w1", "-i", "n=6")
    assert (refused.code, "answer with --again to have it made again" in refused.err) == (2, True)
    assert leadtui("approve", "w1", "-i", "n=6", "--again").code == 0
    done = leadtui("resume", "w1", "--output", "json")
    assert (done.code, done.json["results"]["ask"]["content"]) == (0, "Six.")
    assert (len(model.requests), heard(model), calls()) == (2, [6], 2)
    (lost,) = events("task_interrupted")
    assert (lost["why"], lost["gate"]) == (ASKED, name)
    assert [each["attempt"] for each in events("attempt_started")] == [1, 2]
    assert len(events("approval_requested")) == len(events("approval_granted")) == 1


def test_two_calls_that_ask_at_once(leadtui, asking, serve, calls, gate):
    """One after the other where the server may only be called so; each is answered for itself."""
    both = together(call("desk__echo", text="how many"), call("desk__echo", text="how few"))
    model = serve([both, say("Six and one.")])
    assert leadtui("run", asking(server={"max_concurrency": 1}), "--run-id", "w1", "-q").code == 5
    asked = []
    for number in (6, 1):
        asked.append(gate()["message"])
        assert leadtui("approve", "w1", "-i", f"n={number}", "--again").code == 0
        ended = leadtui("resume", "w1", "-q").code
    assert asked == ["desk asks: how many?", "desk asks: how few?"]
    assert (ended, len(model.requests), heard(model), calls()) == (0, 2, [6, 1], 4)


def test_a_call_that_may_be_repeated_needs_no_word(leadtui, asking, serve, calls, gate):
    """With `idempotent: true` an answer is an answer."""
    model = serve(REPLIES)
    ran = leadtui("run", asking(idempotent=True), "--run-id", "w1")
    assert (ran.code, GONE in ran.err, gate()["again"]) == (5, False, False)
    assert leadtui("approve", "w1", "-i", "n=6").code == 0
    assert (leadtui("resume", "w1", "-q").code, heard(model), calls()) == (0, [6], 2)


def test_a_call_that_must_be_approved_and_then_asks(leadtui, asking, serve, calls, gate):
    """Before it is made nothing has to be made again, and what was approved stays so."""
    model = serve(REPLIES)
    agent = {"tools": [{"name": "desk.echo", "approval": "always"}]}
    assert leadtui("run", asking(agent=agent), "--run-id", "w1", "-q").code == 5
    assert (gate()["message"], gate()["again"]) == ("May writer call the tool desk.echo?", False)
    assert leadtui("approve", "w1").code == 0
    assert leadtui("resume", "w1", "-q").code == 5
    assert (gate()["message"], gate()["again"], calls()) == ("desk asks: how many?", True, 1)
    assert leadtui("approve", "w1", "-i", "n=6", "--again").code == 0
    assert (leadtui("resume", "w1", "-q").code, heard(model), calls()) == (0, [6], 2)


def test_a_call_in_flight_takes_the_answer_itself(leadtui, asking, serve, calls, gate, program, own_place):
    """While its process lives nothing is made again, and no word of that is needed."""
    model = serve(REPLIES)
    other = {"name": "other", "sh": "while [ ! -e go ]; do sleep 0.05; done"}
    running = program("run", asking(other), "--run-id", "w1")
    running.until("needs you")
    assert (GONE in leadtui("show", "w1").out, gate()["again"]) == (False, False)
    assert leadtui("approve", "w1", "-i", "n=6").code == 0
    (own_place / "go").touch()
    assert (running.end().code, heard(model), calls()) == (0, [6], 1)


def test_a_test_call_of_a_tool_that_asks_ends(leadtui, asking, serve):
    """There is nobody to ask, and it says so."""
    serve(REPLIES)
    said = leadtui("test-agent", asking(), "writer", "-p", "prompt=go")
    assert (said.code, "writer asks a person: it cannot be tested without one" in said.err) == (2, True)
