"""The line above a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lead_tui.testing.flows import Story, run_flow
from lead_tui.tui.headline import headline, unread
from lead_tui.tui.model import RunModel
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
