"""Money, tokens and limits in few characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.tui.prose.amounts import amount_text, count, dollars, gauge, percent, spend_text

AMOUNTS = st.floats(0, 1e9, allow_nan=False)


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0, "$0"), (0.00001, "<$0.0001"), (0.0123, "$0.0123"), (0.05, "$0.05"), (0.456, "$0.46"),
        (1.236, "$1.24"), (2, "$2"), (1204.4, "$1,204"),
    ],
)  # fmt: skip
def test_dollars(usd: float, text: str) -> None:
    """Enough digits of little, none to spare of much."""
    assert dollars(usd) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (812, "812"),
        (999.6, "1k"),
        (4200, "4.2k"),
        (31_400, "31k"),
        (999_600, "1M"),
        (1.24e6, "1.2M"),
    ],
)
def test_counts(number: float, text: str) -> None:
    """Two digits and a letter."""
    assert count(number) == text


@given(number=AMOUNTS)
def test_they_stay_short(number: float) -> None:
    """They fit their columns, whatever the amount."""
    assert len(count(number)) <= 5
    assert len(dollars(number)) <= 14


@pytest.mark.parametrize(
    ("what", "number", "text"),
    [("usd", 2, "$2"), ("tokens", 5000, "5k tokens"), ("calls", 1, "1 call"), ("seconds", 90, "1m30s")],
)
def test_limits_have_their_units(what: str, number: float, text: str) -> None:
    """As a person would say them."""
    assert amount_text(what, number) == text


@given(part=st.floats(0, 3), width=st.integers(0, 40))
def test_a_gauge_is_full_only_at_the_end(part: float, width: int) -> None:
    """It fills its place; full means that all is spent, empty that nothing is."""
    full, empty = gauge(part, width)
    assert len(full + empty) == width
    if width > 1:
        assert (empty == "") == (part >= 1)
        assert (full == "") == (part == 0)
    assert (int(percent(part)[:-1]) >= 100) == (part >= 1)


def test_a_gauge_without_glyphs() -> None:
    """For a terminal without them."""
    assert gauge(0.5, 4, ascii_only=True) == ("##", "..")


def test_what_was_spent() -> None:
    """Calls, tokens, money and calls without a price; nothing of what cost nothing."""
    usage = {"calls": 4, "input_tokens": 3100, "output_tokens": 1100, "usd": 0.0123, "unpriced_calls": 2}
    assert spend_text(usage) == "4 calls, 3.1k in, 1.1k out, $0.0123, 2 unpriced"
    assert spend_text({"calls": 3, "seconds": 2}) == ""
    assert spend_text({"unpriced_calls": 1, "cache_read_tokens": 10}) == "10 from cache, 1 unpriced"
