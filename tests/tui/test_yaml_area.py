"""The text area: what it holds is what the file holds, what it draws a terminal can show."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.events import Paste
from textual.strip import Strip

from lead_tui.flow.diagnostics import Diagnostic
from lead_tui.text.safe import safe
from lead_tui.tui import themes
from lead_tui.tui.widgets import yaml_document
from lead_tui.tui.widgets.yaml_area import YamlArea, shown
from lead_tui.tui.widgets.yaml_document import ExactDocument, YamlDocument

SEPARATORS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
TEXTS = st.text(st.sampled_from("ab: é漢-\"'{}[]#" + SEPARATORS + "\x1b\x9b\t\u202e"), max_size=30)


class Holding(App[None]):
    def __init__(self, text: str = "", theme: str = themes.DEFAULT) -> None:
        super().__init__()
        self.area = YamlArea(text)
        self.wanted = theme

    def compose(self) -> ComposeResult:
        yield self.area

    def on_mount(self) -> None:
        themes.install(self, self.wanted)
        self.area.focus()


def drawn(area: YamlArea) -> list[Strip]:
    return [area.render_line(y) for y in range(area.size.height)]


def colour(area: YamlArea, row: int, text: str) -> str:
    """The colour of the last character of this text, which the cursor does not cover."""
    line = area.render_line(row)
    styles = [segment.style for segment in line for _ in segment.text]
    style = styles[line.text.index(text) + len(text) - 1]
    assert style is not None
    assert style.color is not None
    return style.color.name


@given(
    TEXTS,
    st.lists(
        st.tuples(TEXTS, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
    ),
)
def test_the_document_is_the_text(text: str, edits: list[tuple[str, int, int, int, int]]) -> None:
    """Whatever is in it and however it is edited, it stays what the same edits make of a plain string."""
    for made in (ExactDocument(text), yaml_document.yaml_document(text)):
        plain = text
        for inserted, *numbers in edits:
            start, end = sorted(_place(plain, *numbers[at : at + 2]) for at in (0, 2))
            result = made.replace_range(start, end, inserted)
            first, last = _index(plain, start), _index(plain, end)
            assert result.replaced_text == plain[first:last]
            plain = plain[:first] + inserted + plain[last:]
            assert _index(plain, result.end_location) == first + len(inserted)
            assert made.text == plain
        assert made.lines == plain.split("\n")


def _place(text: str, row: int, column: int) -> tuple[int, int]:
    lines = text.split("\n")
    row %= len(lines)
    return row, column % (len(lines[row]) + 1)


def _index(text: str, place: tuple[int, int]) -> int:
    return sum(len(line) + 1 for line in text.split("\n")[: place[0]]) + place[1]


@given(st.text(max_size=50))
def test_what_is_shown_is_safe_and_stays_in_its_columns(text: str) -> None:
    """One character for each, and nothing left that a terminal would obey or hide."""
    made = shown(text)
    assert len(made) == len(text)
    assert safe(made, newline=False) == made
    if safe(text, newline=False) == text:
        assert made == text


async def test_control_characters_do_not_reach_the_terminal() -> None:
    """The document keeps them, a picture is drawn for each, under the cursor and in a selection too."""
    text = "a: \x1b[31m\x9b2J\x00\u202e\x07z\nb: [/x] [@click=app.quit]\x1b]52;c;x\x07\n"
    app = Holding(text)
    async with app.run_test(size=(60, 8)) as pilot:
        assert app.area.text == text
        await pilot.press("right", "right", "right", "shift+right", "shift+down")
        lines = [strip.text for strip in drawn(app.area)]
        assert "a: ␛[31m�2J␀�␇z" in lines[0]
        assert "b: [/x] [@click=app.quit]␛]52;c;x␇" in lines[1]
        assert not set("\x1b\x9b\x00\u202e\x07") & set("".join(lines))
        assert all(cell_len(line) == 60 for line in lines)
        await pilot.press("x")
        assert app.area.text == "a: x" + text.split("\n")[1][4:] + "\n"


async def test_what_is_typed_pasted_and_undone() -> None:
    """Tab indents by two, a paste with `\\r` makes lines, undo takes all of it back."""
    app = Holding("a: 1")
    async with app.run_test(size=(40, 8)) as pilot:
        await pilot.press("end", "enter", "tab", "b")
        assert app.area.text == "a: 1\n  b"
        app.post_message(Paste("c\rd\r\ne"))
        await pilot.pause()
        assert app.area.text == "a: 1\n  bc\nd\ne"
        while app.area.text != "a: 1":
            await pilot.press("ctrl+z")


@pytest.mark.parametrize("theme", themes.NAMES)
async def test_colours_follow_the_theme(theme: str) -> None:
    """Keys, comments and templates have the tones of the app's theme, on the cursor's line too."""
    app = Holding('key: "a {{ b }}" # {{ c }}\n\n', theme)
    async with app.run_test(size=(40, 5)) as pilot:
        for _ in range(2):
            palette = themes.Palette.of(app)
            for text, tone in (("key", "accent"), ("{{ b }}", "ask")):
                wanted = palette[tone].color
                assert wanted is not None
                assert colour(app.area, 0, text) == wanted.name
            await pilot.press("down")


async def test_the_theme_may_change() -> None:
    """Another theme is drawn at once."""
    app = Holding("key: 1")
    async with app.run_test(size=(40, 5)) as pilot:
        before = colour(app.area, 0, "key")
        app.theme = themes.LIGHT.name
        await pilot.pause()
        assert colour(app.area, 0, "key") == str(themes.LIGHT.variables["tone-accent"]) != before


async def test_colours_of_lines_that_span_more_than_one() -> None:
    """A block of text has its colour in each of its lines; bytes and columns are not mixed up."""
    app = Holding("é漢: |\n  one\n  two\nlast: [1, 漢字]\n")
    async with app.run_test(size=(40, 8)):
        assert colour(app.area, 0, "é漢") == colour(app.area, 3, "last")
        assert colour(app.area, 1, "one") == colour(app.area, 2, "two")
        assert colour(app.area, 3, "1") != colour(app.area, 3, "last")


async def test_without_tree_sitter_there_are_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The editor goes on; templates still stand out."""
    monkeypatch.setitem(sys.modules, "tree_sitter_yaml", None)
    yaml_document._language.cache_clear()
    try:
        app = Holding("key: 1 {{ x }}")
        async with app.run_test(size=(40, 5)) as pilot:
            assert not isinstance(app.area.document, YamlDocument)
            await pilot.press("a")
            assert app.area.text == "akey: 1 {{ x }}"
            assert colour(app.area, 0, "akey: 1") == themes.DARK.variables["tone-text"]
            assert colour(app.area, 0, "{{ x }}") == themes.DARK.variables["tone-ask"]
    finally:
        yaml_document._language.cache_clear()


def problem(line: int | None, col: int | None, severity: str = "error", message: str = "m") -> Diagnostic:
    return Diagnostic("f", line, col, "c", message, severity=severity)  # type: ignore[arg-type]


async def test_lines_with_problems_are_marked() -> None:
    """Glyph and colour in the gutter, a line under the word; errors outweigh warnings."""
    app = Holding("\n".join(f"key{number}: value" for number in range(12)))
    async with app.run_test(size=(40, 14)):
        first = problem(3, 7)
        app.area.set_problems(
            [first, problem(99, 1), problem(None, None), problem(3, 1, "warning"), problem(5, 500, "warning")]
        )
        lines = drawn(app.area)
        assert lines[2].text.startswith("✖ 3  key2")
        assert lines[4].text.startswith("! 5  key4")
        assert lines[5].text.startswith("  6  key5")
        underlined = [each.text for each in lines[2] if each.style and each.style.underline]
        assert underlined == ["key2", "value"]
        assert lines[2]._segments[0].style.color.name == themes.DARK.variables["tone-bad"]
        assert app.area.problem_at((2, 0)) is not first
        assert app.area.problem_at((2, 3)) is first
        assert app.area.problem_at((7, 0)) is None
        app.area.set_problems([])
        assert drawn(app.area)[2].text.startswith("  3  key2")


async def test_marks_stay_at_their_lines_when_the_text_scrolls() -> None:
    """The mark belongs to the line, not to the place on the screen."""
    app = Holding("\n".join(f"key{number}: {'long ' * 30}" for number in range(40)))
    async with app.run_test(size=(40, 10)) as pilot:
        app.area.set_problems([problem(31, 1)])
        app.area.go_to((30, 140))
        await pilot.pause()
        assert [strip.text[:4] for strip in drawn(app.area) if strip.text[0] == "✖"] == ["✖31 "]


async def test_a_jump_shows_what_is_around_and_shifts_no_more_than_needed() -> None:
    """Three lines above and below; a line that fits stays at its first column."""
    app = Holding("\n".join(f"key{number}: {'long ' * (number % 2 * 30)}" for number in range(60)))
    async with app.run_test(size=(40, 10)) as pilot:
        for row in (40, 12):
            app.area.go_to((row, 5))
            await pilot.pause()
            top = app.area.scroll_offset.y
            assert app.area.scroll_offset.x == 0
            assert top <= row - 3
            assert row + 3 < top + 10
        app.area.select((41, 100), (41, 104))
        await pilot.pause()
        assert app.area.scroll_offset.x > 0
        assert app.area.selected_text == "g lo"


async def test_a_place_beyond_the_text_is_the_nearest() -> None:
    """The cursor never leaves the text."""
    app = Holding("a\nbc")
    async with app.run_test(size=(40, 10)):
        for wanted, found in (((9, 9), (1, 2)), ((-3, -1), (0, 0)), ((0, 5), (0, 1))):
            app.area.go_to(wanted)
            assert app.area.cursor_location == found
