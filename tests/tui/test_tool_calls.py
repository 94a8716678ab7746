"""Calls of tools as one line, and what becomes of those that never return."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure
from lead_tui.tui.log.words import said_by
from lead_tui.tui.tool_calls import ARGUMENTS, VALUE, ToolCall, arguments_text, result_text
from tests.tui.playing import Play, again, retried, task

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def called(name: str = "c1", attempt: int = 1, tool: str = "search") -> ev.ToolCalled:
    return ev.ToolCalled(task="t", attempt=attempt, call=name, tool=tool, arguments={"q": "tea"})


def returned(name: str = "c1", **more: Any) -> ev.ToolReturned:
    return ev.ToolReturned(task="t", attempt=1, call=name, tool="search", duration=0.25, **more)


def logged(play: Play) -> list[str]:
    return [said_by(item).text for item in play.model.log.of("t").items if isinstance(item, ToolCall)]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"query": "control group", "limit": 4}, 'query="control group", limit=4'),
        ({}, ""),
        (None, ""),
        ([1, 2], "[1,2]"),
        ("cut off… (20,000 characters)", '"cut off… (20,000 characters)"'),
        ({"text": "x" * 100, "n": 1}, f'text="{"x" * (VALUE - 1)}…", n=1'),
    ],
)
def test_arguments_read_as_in_a_program(arguments: Any, text: str) -> None:
    """By name, in JSON; of a long value the beginning."""
    assert arguments_text(arguments) == text


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (None, "nothing"),
        ([], "0 results"),
        ([{"a": 1}], "1 result"),
        ('["a", "b"]', "2 results"),
        ({"items": [1, 2, 3], "page": 1}, "3 items"),
        ('{"city": "Rome", "sky": "clear"}', "{city, sky}"),
        (dict.fromkeys("abcdef"), "{a, b, c, d…}"),
        ("two\nlines", '"two lines"'),
        ("[not json", '"[not json"'),
        (4.5, "4.5"),
        (True, "true"),
    ],
)
def test_a_result_is_told_in_a_few_words(result: Any, text: str) -> None:
    """How many there are, what it holds, or how it begins; data in a text counts as data."""
    assert result_text(result) == text


@given(value=JSON)
def test_no_line_is_long(value: Any) -> None:
    """Whatever a tool is given and gives, its line stays short."""
    assert len(arguments_text(value)) <= ARGUMENTS
    assert len(result_text(value)) <= 8 * VALUE  # control characters are written out


def test_a_call_becomes_whole_where_it_began() -> None:
    """Open it says so; once it returned it is the same line, with its result and how long it took."""
    play = Play(task("t")).begin(1, "t").at(2, called())
    assert logged(play) == ['search(q="tea") …']
    play.at(3, returned(result=[1, 2, 3, 4]))
    assert logged(play) == ['search(q="tea") -> 4 results, 250 ms']


def test_a_failed_call_is_loud() -> None:
    """It says why, in the tone of failures."""
    play = Play(task("t")).begin(1, "t").at(2, called())
    play.at(3, returned(failure=Failure(Category.TOOL, "no such city")))
    [call] = [item for item in play.model.log.of("t").items if isinstance(item, ToolCall)]
    assert said_by(call).tone == "bad"
    assert said_by(call).text.endswith("-> failed: tool_error: no such city, 250 ms")


@pytest.mark.parametrize("how", ["retry", "cancel", "again"])
def test_a_call_whose_attempt_is_over_has_no_answer(how: str) -> None:
    """Nobody waits for it any more, and nobody knows what it did."""
    play = Play(task("t")).begin(1, "t").at(2, called("c0"), returned("c0"), called())
    if how == "retry":
        play.at(3, *retried("t"))
    elif how == "cancel":
        play.at(3, ev.TaskCancelled(task="t"))
    else:
        play.at(3, called())
    assert logged(play)[1] == 'search(q="tea") -> no answer: nobody knows what it did'
    assert logged(play)[2:] == (['search(q="tea") …'] if how == "again" else [])


def test_a_call_stays_open_while_its_attempt_waits_for_a_person() -> None:
    """The attempt goes on with it, under the same number."""
    play = Play(task("t")).begin(1, "t").at(2, called())
    play.at(3, ev.TaskWaiting(task="t", attempt=1, reason="person")).at(4, *again("t", attempt=1))
    assert logged(play) == ['search(q="tea") …']
    play.at(5, returned())
    assert logged(play) == ['search(q="tea") -> nothing, 250 ms']


def test_an_answer_without_a_call_stands_alone() -> None:
    """Nobody heard of the call: the return is told all the same."""
    play = Play(task("t")).begin(1, "t")
    play.at(2, returned(result="x"))
    assert said_by(play.model.log.of("t").items[-1]).text == 'search -> "x", 250 ms'
