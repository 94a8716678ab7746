"""The line above a run."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lead_tui.core import events as ev
from lead_tui.core.plan import PlannedTask
from lead_tui.testing.flows import Story, run_flow
from lead_tui.tui.headline import headline, unread
from lead_tui.tui.model import RunModel
from tests.tui.playing import Play, task
from tests.tui.test_model import FLOW


@pytest.fixture(scope="module")
def story() -> Story:
    return run_flow(FLOW)


def line(story: Story, upto: int, width: int, *, ascii_only: bool = False) -> str:
    model = RunModel(story.state.plan, "abcdef123456", source="/flows/story.yaml")
    model.take(story.events[:upto])
    model.now = story.events[max(upto - 1, 0)].ts
    return "  ".join(text for text, _, _ in headline(model, width, ascii=ascii_only))


@given(width=st.integers(0, 200), part=st.floats(0, 1))
def test_it_never_is_wider_than_its_place(story: Story, width: int, part: float) -> None:
    """At any width and any moment the line fits."""
    assert cell_len(line(story, int(part * len(story.events)), width)) <= max(width, 0)


def test_a_wide_one_tells_all(story: Story) -> None:
    """Program, file, run, status, time, progress and counts without zeros."""
    text = line(story, len(story.events), 120)
    for word in ("leadtui", "story.yaml", "abcdef", "FAILED", "4/4", "✔2", "✖1", "⊘1"):
        assert word in text
    assert "▶" not in text


def test_a_narrow_one_keeps_status_progress_and_failures(story: Story) -> None:
    """As the width falls, what matters stays longest."""
    text = line(story, len(story.events), 30)
    assert "FAILED" in text
    assert "4/4" in text
    assert "✖1" in text
    assert "leadtui" not in text


@given(width=st.integers(0, 120), why=st.text(max_size=200))
def test_of_an_unread_run_the_status_stays_longest(story: Story, width: int, why: str) -> None:
    """It fits any width; the reason is cut before the status goes."""
    model = RunModel(story.state.plan, "abcdef123456")
    pieces = unread(model, "failed", why, width)
    assert cell_len("  ".join(text for text, _, _ in pieces)) <= max(width, 0)
    assert width < 10 or "✖ FAILED" in [text for text, _, _ in pieces]


def test_without_unicode_it_is_ascii(story: Story) -> None:
    """For a terminal without the glyphs."""
    text = line(story, len(story.events), 120, ascii_only=True)
    assert text.isascii()
    assert "x FAILED" in text


@pytest.mark.parametrize(("parked", "word"), [(False, "‖ INTERRUPTED"), (True, "‖ PARKED")])
def test_where_nobody_drives_the_run_nothing_runs(parked: bool, word: str) -> None:
    """What was cut off waits for somebody, and a run that was let go on purpose is called so."""
    play = Play(task("a"), task("b"), task("c")).begin(1, "a", "b")
    play.model.see_owner(False, parked=parked)
    pieces = [text for text, _, _ in headline(play.model, 120)]
    assert word in pieces
    assert "‖2" in pieces
    assert not any("▶" in text for text in pieces)


HELD: dict[str, Any] = {
    "name": "held",
    "parallel_execution": True,
    "max_parallel": 4,
    "agents": [
        {"name": "m", "type": "mock", "latency": 1},
        {"name": "dead", "type": "mock", "fail": {"x": {"times": 1}}, "retry_config": {"max_attempts": 2}},
    ],
    "budget": {"calls": 5},
    "tasks": [
        {"name": "ask", "agent_name": "human", "action": "approve", "parameters": {"message": "?"}},
        {"name": "again", "agent_name": "dead", "action": "x"},
        *({"name": f"t{number}", "agent_name": "m", "action": "x"} for number in range(8)),
        {"name": "no", "agent_name": "m", "action": "x", "when": "1 > 2"},
    ],
}


@pytest.fixture(scope="module")
def held() -> Story:
    return run_flow(HELD)


def test_each_task_counts_once(held: Story) -> None:
    """At every moment the counts make all tasks, also where tasks wait for a person, a budget or a try."""
    seen = ""
    for upto in range(len(held.events) + 1):
        text = line(held, upto, 200)
        counts = [int(word[1:]) for word in text.split() if word[0] in "✔✖↻▶⊘·‖" and word[1:].isdigit()]
        assert sum(counts) == len(HELD["tasks"]), text
        seen += text
    assert [mark for mark in ("‖1", "↻1", "▶", "⊘1", "·") if mark not in seen] == []
    assert "WAITING: BUDGET" in seen


def test_a_task_that_stands_still_at_a_budget_waits_for_a_person() -> None:
    """However many do, each counts."""
    play = Play(*(PlannedTask(name, "m") for name in "abcd")).begin(1, "a", "b", "c")
    play.at(2, *(ev.TaskWaiting(task=name, attempt=1, reason="budget", begun=True) for name in "abc"))
    assert [text for text, _, _ in headline(play.model, 200)][-2:] == ["·1", "‖3"]


def test_a_run_that_was_left_counts_once_what_was_in_flight(held: Story) -> None:
    """It waits for somebody who takes the run up, and runs no more."""
    upto = max(number for number in range(len(held.events)) if "▶" in line(held, number, 200))
    model = RunModel(held.state.plan, "abcdef123456")
    model.take(held.events[:upto])
    model.alive = False
    words = [text for text, _, _ in headline(model, 200)]
    assert not [word for word in words if word[0] == "▶"]
    counts = [int(word[1:]) for word in words if word[0] in "✔✖↻⊘·‖" and word[1:].isdigit()]
    assert sum(counts) == len(HELD["tasks"])
