"""What an MCP server asks in the middle of a call, when the process of the call has ended: the call is gone
with it, and may have done something before it asked. It is made again if whoever answers wants that.
"""

import json
import signal
import sys

import pytest

from tests.agents.mcp.stage import SERVERS

GONE = "The call ended with its process: an answer makes it again, with all it did before it asked"
REFUSED = (
    "error: the call that asks ended with its process: answer with --again to have it made again, "
    "with all it did before it asked, or skip ask\n"
)


@pytest.fixture
def asking(flow, own_place):
    """Write a flow whose task `ask` calls a tool of this server, which writes down its calls in `calls`."""

    def write(script, action, *others, **settings):
        program = [str(SERVERS / f"{script}.py"), str(own_place / "calls")]
        agent = {"name": "desk", "type": "mcp_server", "command": sys.executable, "args": program}
        parameters = {"text": ""} if action == "echo" else {}
        task = {"name": "ask", "agent_name": "desk", "action": action, "parameters": parameters, **settings}
        return flow(task, *others, agents=[agent], parallel_execution=True)

    return write


def count(leadtui, event):
    """How many events of this type the run has."""
    lines = leadtui("events", "w1").out.splitlines()
    return sum(json.loads(line)["type"] == event for line in lines)


def test_a_call_that_asks_is_made_again_with_the_answer(leadtui, asking, gate):
    """The end of `run`, `show`, `approve` and `resume` say what an answer does; each question is put once."""
    ran = leadtui("run", asking("books", "book"), "--run-id", "w1")
    name = gate()["gate"]
    told = [
        "  ? ask: desk asks: Who travels?",
        f"      {GONE}",
        f"      leadtui approve w1 {name} --again -i name=STRING",
        f"      leadtui reject w1 {name} --again",
        "      leadtui skip w1 ask  # it is not made again",
        "  to go on: leadtui resume w1",
    ]
    assert (ran.code, ran.err.splitlines()[-6:]) == (5, told)
    assert leadtui("show", "w1").out.splitlines()[-6:] == told
    unsaid = leadtui("approve", "w1", "-i", "name=Ada")
    assert (unsaid.code, unsaid.err) == (2, REFUSED)
    resumed = leadtui("resume", "w1")
    assert (resumed.code, resumed.err.splitlines()[-6:]) == (5, told)
    assert count(leadtui, "attempt_started") == 1
    assert leadtui("approve", "w1", "-i", "name=Ada").code == 2
    said = leadtui("approve", "w1", "-i", "name=Ada", "--again", "--json")
    assert (said.code, said.json["next"]) == (0, "leadtui resume w1")
    assert leadtui("resume", "w1", "-q").code == 5
    assert (gate()["message"], gate()["again"]) == ("desk asks: Which seat for Ada?", True)
    assert leadtui("approve", "w1", "-i", "number=7", "--again").code == 0
    done = leadtui("resume", "w1", "--output", "json")
    assert (done.code, done.json["results"]) == (0, {"ask": "seat 7 for Ada"})
    assert (count(leadtui, "attempt_started"), count(leadtui, "approval_requested")) == (3, 2)


def test_a_no_makes_the_call_again_and_a_skip_does_not(leadtui, asking, calls, gate):
    """The server hears the no; nobody who skips the task calls anything."""
    for run, answer, heard in (
        ("w1", ("reject", "w1", "--again"), '{"action": "decline"}'),
        ("w2", ("skip", "w2", "ask"), None),
    ):
        assert leadtui("run", asking("asks_once", "echo"), "--run-id", run, "-q").code == 5
        before = calls()
        assert leadtui(*answer).code == 0
        done = leadtui("resume", run, "--output", "json")
        assert (done.code, done.json["results"].get("ask")) == (0, heard)
        assert calls() - before == (1 if heard else 0)


def test_a_retry_asks_anew(leadtui, asking, calls, gate):
    """Whoever retries gets a question that can be answered, at a gate of its own."""
    assert leadtui("run", asking("asks_once", "echo"), "--run-id", "w1", "-q").code == 5
    first = gate()["gate"]
    leadtui("resume", "w1", "-q")
    assert leadtui("retry", "w1", "-q").code == 5
    assert (gate()["gate"] != first, gate()["again"], calls()) == (True, True, 2)
    late = leadtui("approve", "w1", first, "-i", "n=1", "--again")
    assert (late.code, "no open gate" in late.err) == (2, True)
    assert leadtui("approve", "w1", "-i", "n=6", "--again").code == 0
    done = leadtui("resume", "w1", "--output", "json")
    assert (done.code, json.loads(done.json["results"]["ask"])["content"]) == (0, {"n": 6})


def test_a_call_that_may_be_repeated_needs_no_word(leadtui, asking, calls, gate):
    """With `idempotent: true` an answer is an answer."""
    ran = leadtui("run", asking("asks_once", "echo", idempotent=True), "--run-id", "w1")
    assert (ran.code, GONE in ran.err, gate()["again"]) == (5, False, False)
    assert leadtui("approve", "w1", "-i", "n=6").code == 0
    assert (leadtui("resume", "w1", "-q").code, calls()) == (0, 2)


def test_a_call_in_flight_takes_the_answer_itself(leadtui, asking, calls, gate, program, own_place):
    """While its process lives nothing is made again, and no word of that is needed."""
    other = {"name": "other", "sh": "while [ ! -e go ]; do sleep 0.05; done"}
    running = program("run", asking("asks_once", "echo", other), "--run-id", "w1")
    running.until("needs you")
    assert (GONE in leadtui("show", "w1").out, gate()["again"]) == (False, False)
    assert leadtui("approve", "w1", "-i", "n=6").code == 0
    (own_place / "go").touch()
    assert (running.end().code, calls()) == (0, 1)


def test_a_call_whose_process_was_killed_while_it_asked(leadtui, asking, calls, program, own_place):
    """The same as after a park, and nobody has to take the run up to answer it."""
    other = {"name": "other", "sh": "while [ ! -e go ]; do sleep 0.05; done"}
    running = program("run", asking("asks_once", "echo", other), "--run-id", "w1")
    running.until("needs you")
    running.signal(signal.SIGKILL)
    running.end()
    assert GONE in leadtui("show", "w1").out
    assert leadtui("approve", "w1", "-i", "n=6").err == REFUSED
    assert leadtui("approve", "w1", "-i", "n=6", "--again").code == 0
    (own_place / "go").touch()
    assert (leadtui("resume", "w1", "-q").code, calls()) == (0, 2)
