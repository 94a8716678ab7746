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


@given(needles, needles, letters)
def test_needles_may_be_added_later(first: set[str], later: set[str], text: str) -> None:
    """They are then searched for as if they had been there from the beginning."""
    found, whole = Needles(first), Needles(first | later)
    for value in later:
        found.add([value])
    assert (found.values, found.longest) == (whole.values, whole.longest)
    assert found.found_in(text) == whole.found_in(text)
    assert found.length_at_start(text) == whole.length_at_start(text)
    assert found.length_at_end(text) == whole.length_at_end(text)


class Counted(str):
    """Counts how often it is measured."""

    __slots__ = ("measured",)

    def __len__(self) -> int:
        self.measured = getattr(self, "measured", 0) + 1
        return super().__len__()


def test_one_more_needle_costs_nothing_for_those_that_are_there() -> None:
    """A run that learns a thousand secrets one by one looks at each of them once."""
    first = Counted("the-first-needle")
    found = Needles([first])
    before = first.measured
    for number in range(20):
        found.add([f"another-needle-{number}", first])
    assert first.measured == before > 0
    assert len(found.values) == 21


def test_a_part_shorter_than_asked_for_is_none() -> None:
    """At both ends."""
    found = Needles(["abcdefgh"])
    assert (found.length_at_start("defgh"), found.length_at_start("defgh", 6)) == (5, 0)
    assert (found.length_at_end("abcde"), found.length_at_end("abcde", 6)) == (5, 0)
    assert (found.length_at_start("cdefgh", 6), found.length_at_end("abcdef", 6)) == (6, 6)


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
