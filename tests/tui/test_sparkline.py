"""The small parts that lists are drawn with: bars, how long ago, texts cut to cells, what runs came to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lead_tui.journal.base import RunRow
from lead_tui.tui.flows.past_runs import by_source, is_living, seconds_of
from lead_tui.tui.flows.sparkline import ASCII, BARS, sparkline
from lead_tui.tui.prose.ago import ago
from lead_tui.tui.prose.cells import fit, fit_path

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NUMBERS = st.lists(st.floats(-10, 1e6, allow_nan=False), max_size=20)


def row(run_id: str, source: str = "/a.yaml", minute: int = 0, took: float | None = 1.0) -> RunRow:
    begun = NOON + timedelta(minutes=minute)
    return RunRow(
        id=run_id,
        name="a",
        source=source,
        status="completed" if took is not None else "running",
        created_at=begun,
        ended_at=begun + timedelta(seconds=took) if took is not None else None,
        last_seq=1,
        owner=None,
        owner_alive=took is None,
    )


@given(NUMBERS, st.integers(0, 12))
def test_a_sparkline_has_a_bar_for_each_of_the_last_values(values: list[float], width: int) -> None:
    """As many as fit, and no other characters."""
    line = sparkline(values, width)
    assert len(line) == min(len(values), width)
    assert set(line) <= set(BARS)


@given(NUMBERS)
def test_a_higher_value_never_has_a_lower_bar(values: list[float]) -> None:
    """The order of the bars is that of the values, and the highest value is full."""
    bars = [BARS.index(each) for each in sparkline(values, 20)]
    for value, bar in zip(values, bars, strict=True):
        assert all(bar >= other for less, other in zip(values, bars, strict=True) if less <= value)
    if max(values, default=0) > 1e-6:
        assert max(bars) == len(BARS) - 1


def test_a_terminal_without_blocks_gets_ascii() -> None:
    """The lowest and the highest of its characters stand for the lowest and highest value."""
    assert sparkline([0, 5], ascii=True) == ASCII[0] + ASCII[-1]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1m ago"),
        (3 * 3600, "3h ago"),
        (86_400 * 14, "14d ago"),
        (86_400 * 999, "999d ago"),
        (86_400 * 1100, "3y ago"),
    ],
)
def test_ago_is_short(seconds: float, words: str) -> None:
    """At most eight characters, in the largest unit that fits."""
    assert ago(seconds) == words
    assert len(words) <= 8


@given(st.text(), st.integers(0, 30), st.sampled_from(["left", "right"]))
def test_fit_gives_exactly_the_cells(text: str, width: int, align: str) -> None:
    """Whatever the text is: wide characters, controls, nothing."""
    assert cell_len(fit(text, width, align)) == width  # type: ignore[arg-type]
    assert cell_len(fit_path(text, width)) == width


def test_a_long_path_keeps_its_end() -> None:
    """The name of the file tells files apart."""
    assert fit_path("a/very/long/way/to/flow.yaml", 12) == "…o/flow.yaml"
    assert fit("a long sentence", 8) == "a long …"
    assert fit("\x1b[2J", 6) == "␛[2J  "


def test_past_runs_are_told_by_file() -> None:
    """The newest run is the last one; the durations of those that ended come oldest first."""
    rows = [row("3", minute=3, took=None), row("2", minute=2, took=7), row("1", took=3), row("x", source="")]
    past = by_source(rows)
    assert set(past) == {"/a.yaml"}
    assert past["/a.yaml"].last.id == "3"
    assert past["/a.yaml"].durations == (3.0, 7.0)
    assert len(by_source([row(str(number)) for number in range(30)])["/a.yaml"].durations) == 8


def test_a_living_run_grows() -> None:
    """Its time goes on to now, that of an ended one does not."""
    living, done = row("1", took=None), row("2", took=5)
    assert is_living(living)
    assert not is_living(done)
    assert seconds_of(living, NOON + timedelta(seconds=30)) == 30
    assert seconds_of(done, NOON + timedelta(seconds=30)) == 5
    assert seconds_of(living, NOON - timedelta(seconds=30)) == 0
