"""Rows of a width in cells."""

from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from lead_tui.tui.log.wrap import ROWS, TAB, lay_out
from lead_tui.tui.prose import wrap as module
from lead_tui.tui.prose.wrap import rows, spans

CHARACTERS = st.sampled_from("ab  \t\n漢字👍🏽é…█\u0301\ufe0f\u200d☎↔\x1b\x00\ud800")
TEXTS = st.text(CHARACTERS | st.characters(), max_size=200)
WIDTHS = st.integers(2, 30)


def wrap(text: str, width: int) -> list[str]:
    text, laid_out = lay_out(text.expandtabs(TAB), width)
    return [text[start:end] for start, end in laid_out]


@given(TEXTS, WIDTHS)
@example("漢" * 9, 3)
@example("☎\ufe0f" * 9, 3)
@example("a" * 5 + "\u0301" * 5, 5)
def test_no_row_is_wider_than_the_width(text: str, width: int) -> None:
    """Whatever a text holds, each of its rows fits."""
    assert all(cell_len(row) <= width for row in wrap(text, width))


@given(TEXTS, st.integers(-1, 30))
def test_nothing_but_spaces_is_lost(text: str, width: int) -> None:
    """The rows hold all characters of the text in their order, without the white space at which it breaks."""

    def bare(text: str) -> str:
        return "".join(text.replace("\t", " ").replace("\n", " ").split(" "))

    assert bare("".join(wrap(text, width))) == bare(text)


@given(TEXTS.map(lambda text: text.replace("\t", "")), TEXTS, WIDTHS)
def test_more_text_changes_the_last_row_alone(text: str, more: str, width: int) -> None:
    """What grows at its end keeps all rows but the last: a stream need not be wrapped again."""
    # what joins the last character makes it another one: no stream of words does that
    more = " " + more.replace("\t", "")
    before, after = list(spans(text, width)), list(spans(text + more, width))
    assert after[: len(before) - 1] == before[:-1]


@given(TEXTS)
def test_without_a_width_rows_are_lines(text: str) -> None:
    """What is not wrapped is broken at newlines and nowhere else."""
    assert [text[start:end] for start, end in spans(text, 0)] == text.split("\n")


def test_breaks_at_spaces_where_it_can_and_hard_where_it_must() -> None:
    """Words stay whole as long as they fit into a row of their own."""
    assert wrap("the second study reports", 10) == ["the second", "study", "reports"]
    assert wrap("a indistinguishable b", 8) == ["a", "indistin", "guishabl", "e b"]
    assert wrap("漢字漢字 ok", 5) == ["漢字", "漢字", "ok"]
    assert wrap("ends here ", 4) == ["ends", "here"]


def test_further_rows_are_narrower_by_the_hang() -> None:
    """What hangs has less room from the second row on."""
    text = "aaaa bbbb"
    assert [text[start:end] for start, end in rows(text, 5, hang=2)] == ["aaaa", "bbb", "b"]


def test_a_row_is_made_without_those_behind_it() -> None:
    """The first rows of a very long line are there at once, also where each character is measured."""
    text = "世界は広い" * 2_000_000
    made = rows(text, 40)
    with patch.object(module, "split_graphemes", wraps=module.split_graphemes) as measured:
        assert [next(made) for _ in range(3)] == [(0, 20), (20, 40), (40, 60)]
    assert sum(len(call.args[0]) for call in measured.call_args_list) < 1_000


def test_accents_without_end_are_one_row() -> None:
    """What takes no cell is no reason to begin another one."""
    text = "e" + "\u0301" * 1_000 + "x"
    assert list(rows(text, 2)) == [(0, len(text))]
    assert list(rows(text + "yz", 2)) == [(0, len(text)), (len(text), len(text) + 2)]


def test_an_indent_stays_and_tabs_are_spaces() -> None:
    """Code keeps its shape; an indent is no place to break at."""
    assert wrap("\tx\n  y", 20) == ["        x", "  y"]
    assert wrap("    indented", 8) == ["    inde", "nted"]
    assert wrap("", 5) == [""]
    assert wrap("a\n\nb", 5) == ["a", "", "b"]


def test_common_characters_take_one_cell() -> None:
    """The characters that are not measured one by one are as wide as that supposes."""
    for code in range(0x110000):
        if module._EVEN.fullmatch(chr(code)):
            assert cell_len(chr(code)) == 1, hex(code)


def test_a_long_text_says_how_much_of_it_is_missing() -> None:
    """A text takes no more rows than the limit, and one that tells of the rest."""
    told = wrap("x" * 1_000_000, 60)
    assert len(told) == ROWS + 1
    assert told[-1] == "… (+880,000 characters)"
    assert wrap("\n" * 5_000, 60)[-1] == "… (+3,001 characters)"


def test_what_was_cut_before_is_told_too() -> None:
    """Characters that are missing already count, and the note is wrapped like the text."""
    text, told = lay_out("abc", 12, missing=812_345)
    assert [text[start:end] for start, end in told] == ["abc", "… (+812,345", "characters)"]
    text, told = lay_out("abc", missing=812_345)
    assert [text[start:end] for start, end in told] == ["abc", "… (+812,345 characters)"]
