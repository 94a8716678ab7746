"""Many fixed texts in a long one: found as by the plain search, only faster."""

from hypothesis import assume, given
from hypothesis import strategies as st

from lead_tui.runner.needles import _BLOCK, SHORTEST, Needles

letters = st.text("ab", max_size=60)
needles = st.sets(st.text("ab", min_size=SHORTEST, max_size=24), max_size=6)


@given(needles, letters, st.integers(0, 20))
def test_what_is_there_is_found_and_nothing_else(values: set[str], text: str, shift: int) -> None:
    """Whatever the lengths and wherever it begins."""
    text = "-" * shift + text
    assert Needles(values).found_in(text) == {value for value in values if value in text}


@given(needles, letters)
def test_what_a_cut_left_at_the_ends_is_measured(values: set[str], text: str) -> None:
    """The longest end of a needle at the start, the longest beginning of one at the end."""
    assume(not any(value in text for value in values))
    found = Needles(values)
    starts = [end for end in range(SHORTEST, len(text) + 1) if any(v.endswith(text[:end]) for v in values)]
    ends = [at for at in range(SHORTEST, len(text) + 1) if any(v.startswith(text[-at:]) for v in values)]
    assert found.length_at_start(text) == max(starts, default=0)
    assert found.length_at_end(text) == max(ends, default=0)


def test_blocks_of_a_long_text_have_no_seam() -> None:
    """A needle across the border of two blocks is met, as everywhere else."""
    found = Needles(["needle-across-the-border", "short-one", "tiny"])
    for at in range(_BLOCK - 25, _BLOCK + 2):
        text = "x" * at + "needle-across-the-border" + "x" * 30 + "short-one" + "tiny"
        assert found.found_in(text) == found.values


def test_no_needles_are_found_nowhere() -> None:
    """Neither in a text nor at its ends."""
    none = Needles(())
    assert none.found_in("text") == set()
    assert (none.length_at_start("text"), none.length_at_end("text")) == (0, 0)
    assert not none.hold("text")


def test_what_lies_within_a_needle_is_held() -> None:
    """But not the whole of one."""
    found = Needles(["abcdefgh"])
    assert found.hold("cdef")
    assert not found.hold("abcdefgh")
    assert not found.hold("xy")
