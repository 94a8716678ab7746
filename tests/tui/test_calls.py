"""Single calls: what they begin with, what their parameters become, how they read."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure, InvalidFlow
from lead_tui.flow.loader import Document
from lead_tui.runner.engine import load_dict
from lead_tui.runner.trial import Trial
from lead_tui.tui.calls.trials import (
    Call,
    as_text,
    asked_of,
    begun,
    callable_agents,
    filled_in,
    from_text,
    raw_agent,
    said,
    took,
    usual,
)

DOWN = Failure(Category.NETWORK, "down", code="http_503", status=503)
ENVIRONMENT = {"TOKEN": "sesame-open", "CITY": "Oslo"}
FLOW: dict[str, Any] = {
    "name": "x",
    "agents": [
        {
            "name": "shop",
            "type": "http_api",
            "endpoint": "http://x.org",
            "authentication": {"type": "bearer", "token": "${TOKEN}"},
        },
        {"name": "idle", "type": "shell"},
    ],
    "tasks": [
        {
            "name": "a",
            "agent_name": "shop",
            "action": "get",
            "parameters": {"endpoint": "/${CITY}", "headers": {"X-Key": "${TOKEN}"}, "query": {"n": 1}},
        },
        {"name": "ok", "agent_name": "human", "action": "approve", "parameters": {"message": "go?"}},
    ],
    "finally": [{"name": "z", "agent_name": "m", "action": "tidy"}],
}
FLOW["agents"].append({"name": "m", "type": "mock"})


def document() -> Document:
    return load_dict(FLOW, Path(), ENVIRONMENT)


def call(
    parameters: dict[str, Any] | None = None, agent: str = "shop", action: str = "get", **more: Any
) -> Call:
    return Call(1, datetime(2026, 1, 1, tzinfo=UTC), agent, action, parameters or {}, **more)


def trial(*, success: bool = True, **more: Any) -> Trial:
    known: dict[str, Any] = {
        "agent_name": "shop", "action": "get", "success": success, "reachable": success, "response_time": 0.1,
        "result": None, "meta": {}, "error": None, "attempts": [], "breaker": "closed",
    }  # fmt: skip
    return Trial(**(known | more))


def test_an_agent_begins_with_what_the_flow_asks_of_it() -> None:
    """Action and parameters of its first task, variables as names; people cannot be tested."""
    flow = document()
    assert [agent.name for agent in callable_agents(flow)] == ["shop", "idle", "m"]
    action, parameters = usual(flow, "shop")
    assert action == "get"
    assert parameters["endpoint"] == "/${CITY}"
    assert usual(flow, "m") == ("tidy", {})
    assert usual(flow, "idle") == ("run", {})
    assert usual(flow, "nobody") == ("", {})
    assert usual(flow, "shop", "get") == (action, parameters)
    assert usual(flow, "shop", "put") == ("put", {})
    assert (asked_of(flow, "shop"), asked_of(flow, "idle")) == (["get"], [])
    assert raw_agent(flow, "shop")["authentication"] == {"type": "bearer", "token": "${TOKEN}"}
    assert raw_agent(flow, "human") == {}


def test_parameters_get_their_values_when_they_are_sent() -> None:
    """Untouched ones those of the flow, edited ones their own variables; a header's value stays secret."""
    flow = document()
    _, parameters = usual(flow, "shop")
    _, same = filled_in(flow, call(parameters), ENVIRONMENT)
    assert same == {"endpoint": "/Oslo", "headers": {"X-Key": "sesame-open"}, "query": {"n": 1}}
    edited = {
        **parameters,
        "endpoint": "/x/${CITY}",
        "headers": {"X-Key": "${TOKEN}", "Y": "${OTHER}"},
        "new": [1],
    }
    part, values = filled_in(flow, call(edited), {**ENVIRONMENT, "OTHER": "hunter2"})
    assert values["endpoint"] == "/x/Oslo"
    assert values["headers"] == {"X-Key": "sesame-open", "Y": "hunter2"}
    assert values["new"] == [1]
    assert {"hunter2", "sesame-open"} <= part.secrets
    with pytest.raises(InvalidFlow, match="GONE"):
        filled_in(flow, call({"endpoint": "${GONE}"}), ENVIRONMENT)


def test_parameters_of_an_agent_without_a_task() -> None:
    """There is nothing of the flow to compare with."""
    made = call({"command": ["${CITY}"]}, "idle", "run")
    assert filled_in(document(), made, ENVIRONMENT)[1] == {"command": ["Oslo"]}
    other = call({"headers": {"X-Key": "${TOKEN}"}}, action="post")
    assert filled_in(document(), other, ENVIRONMENT)[1] == {"headers": {"X-Key": "sesame-open"}}


@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=["L"]), min_size=1),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="ascii")),
            st.lists,
            max_leaves=4,
        ),
        max_size=4,
    )
)
def test_parameters_are_edited_as_text_that_means_them(parameters: dict[str, Any]) -> None:
    """Whatever they hold: `on`, `1:30` and multi-line text stay what they are."""
    assert from_text(as_text(parameters)) == parameters
    assert from_text(" \n") == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [("a: [1", "^2:1 "), ("[1, 2]", "a map of names"), ("a: 1\na: 2", "^2:1 ")],
)
def test_a_text_that_means_nothing_is_told(text: str, why: str) -> None:
    """With its place."""
    with pytest.raises(ValueError, match=why):
        from_text(text)


def test_events_are_told_and_an_attempt_stands_until_it_ends() -> None:
    """Its beginning is replaced by its end; what says nothing is not kept."""
    made = call()
    assert not made.hear(ev.TaskReady(task="test"))
    assert made.hear(ev.AttemptStarted(task="test", attempt=1))
    assert made.lines == [("attempt 1 is under way", "muted")]
    made.hear(ev.BreakerOpened(agent="shop", why="3 failures"))
    made.hear(ev.AttemptFailed(task="test", attempt=1, failure=DOWN, retry_in=2.0))
    made.hear(ev.AttemptFailed(task="test", attempt=2, failure=DOWN, duration=0.25))
    made.hear(ev.AttemptCompleted(task="test", attempt=3, duration=1.5))
    assert [line for line, _ in made.lines] == [
        "the breaker opened: 3 failures",
        "attempt 1 failed: network_error: down (http_503); again in 2.0s",
        "attempt 2 failed after 250 ms: network_error: down (http_503)",
        "attempt 3 answered in 1.5s",
    ]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (ev.TaskWaiting(task="t", attempt=1, reason="breaker", why="open"), "waits: open"),
        (ev.TaskWaiting(task="t", attempt=1, reason="rate_limit"), "waits: rate_limit"),
        (ev.BreakerHalfOpened(agent="a"), "the breaker lets one probe through"),
        (ev.BreakerClosed(agent="a"), "the breaker closed"),
        (ev.TaskCancelled(task="t"), "the call was ended"),
        (ev.ApprovalGranted(task="t", gate="g"), "you approved"),
        (ev.ApprovalRejected(task="t", gate="g"), "you rejected"),
    ],
)
def test_waits_and_breakers_are_told(event: ev.Event, line: str) -> None:
    """In words."""
    found = said(event)
    assert found is not None
    assert found[0] == line


def test_how_a_call_reads() -> None:
    """By what came of it, in word and status."""
    made = call()
    assert (made.look.word, made.status) == ("under way", "")
    made.cancelled = True
    assert made.look.word == "cancelled"
    made.problem = "no such agent"
    assert made.look.word == "cannot be called"
    made.trial = trial(meta={"status": 200})
    assert (made.look.word, made.status) == ("works", "200")
    made.trial = trial(success=False, reachable=True, error=DOWN)
    assert (made.look.word, made.status) == ("answers with an error", "http_503")
    made.trial = trial(success=False, error=Failure(Category.TIMEOUT, "slow"))
    assert (made.look.word, made.status) == ("does not answer", "timeout_error")
    made.trial = trial(success=False, error=Failure(Category.PERMISSION, "no key", code="missing_key"))
    assert (made.look.word, made.status) == ("cannot be called", "missing_key")
    made.trial = trial(meta={"exit_code": 0})
    assert made.status == "0"


def test_small_times_are_told_in_milliseconds() -> None:
    """Below a second; what is none is nothing."""
    assert [took(seconds) for seconds in (-1, 0.0123, 0.9999, 3)] == ["0 ms", "12 ms", "1.0s", "3.0s"]


def test_an_input_of_the_flow_is_its_default_at_first() -> None:
    """Where a parameter is one alone; a secret one, or one without a default, stays a template."""
    inputs = {
        "wish": {"type": "string", "default": "tea"},
        "key": {"type": "string", "secret": True, "default": "sesame"},
        "name": {"type": "string"},
    }
    flow = load_dict(FLOW | {"inputs": inputs}, Path(), ENVIRONMENT)
    asked = {name: f"{{{{ inputs.{name} }}}}" for name in ("wish", "key", "name", "other")}
    assert begun(flow, asked | {"n": 1, "text": "I want {{ inputs.wish }}"}) == asked | {
        "wish": "tea", "n": 1, "text": "I want {{ inputs.wish }}",
    }  # fmt: skip


def test_what_a_call_says_is_heard() -> None:
    """Text, tools and usage count from the first; a fact is news, more text is none."""
    made = call()
    assert made.take([ev.AttemptStarted(task="test", attempt=1)])
    assert (made.talks, made.first_token) == (False, None)
    first = ev.Tokens(task="test", attempt=1, text="Hel", ts=datetime(2026, 1, 2, tzinfo=UTC))
    assert made.take([first])
    assert not made.take([ev.Tokens(task="test", attempt=1, text="lo")])
    assert made.take([ev.Usage(usage={"calls": 1})])
    assert (made.talks, made.first_token, made.usage) == (True, first.ts, {"calls": 1})
