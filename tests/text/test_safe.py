"""Text from outside, made fit for a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.text.safe import safe, safe_line
from tests.reporters.reporter_samples import FORBIDDEN_CHARACTERS, HOSTILE

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("\x1b]52;c;eA==\x07", "␛]52;c;eA==␇"),
        ("a\x00b\x7fc\rd", "a␀b␡c␍d"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("a\u200bb\ufeffc\u2028d", "a\\u200bb\\ufeffc\\u2028d"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("a\nb\tc", "a\nb\tc"),
        ("Grüße, 世界 🎉 \\x1b", "Grüße, 世界 🎉 \\x1b"),
    ],
)
def test_what_a_terminal_would_obey_becomes_visible_and_nothing_else_changes(text: str, shown: str):
    """Each family of dangerous characters has its visible form; ordinary text passes."""
    assert safe(text) == shown


def test_newline_and_tab_stay_only_where_they_may():
    """A line cannot be broken into two by the text in it."""
    assert safe("a\nb\tc", newline=False) == "a␊b\tc"
    assert safe("a\nb\tc", tab=False) == "a\nb␉c"


@given(ANY_TEXT)
def test_no_control_or_surrogate_survives_for_any_text(text: str):
    """Whatever the text, only newline and tab of the control characters are left, and it can be encoded."""
    shown = safe(text)
    assert all(
        unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"} for char in shown if char not in "\n\t"
    )
    shown.encode()


@given(ANY_TEXT, st.booleans(), st.booleans())
def test_twice_is_once(text: str, newline: bool, tab: bool):
    """A text that went through one report may go through the next one."""
    once = safe(text, newline=newline, tab=tab)
    assert safe(once, newline=newline, tab=tab) == once


def test_a_line_is_bounded_and_says_what_is_missing():
    """A megabyte in one line does not reach a screen, and is not cut silently."""
    line = safe_line("x" * 1_000_000, 100)
    assert line == "x" * 100 + "… (+999,900 characters)"
    assert not FORBIDDEN_CHARACTERS & set(safe_line(HOSTILE))
    assert "\n" not in safe_line(HOSTILE)
