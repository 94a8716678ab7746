"""Paragraphs: how text is broken into lines, and the list that shows them."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from lead_tui.tui.prose.paragraphs import Paragraph, Span, cut, plain, text_lines, wrap
from lead_tui.tui.values.found import Found
from lead_tui.tui.widgets.prose import Prose

TEXTS = st.text(alphabet="ab cdé中 👍", max_size=60)


@given(TEXTS, st.integers(1, 20), st.integers(0, 30))
def test_wrapping_loses_nothing_but_the_blanks_at_breaks(text: str, width: int, hang: int) -> None:
    """The lines in order hold all of the text, save one blank for each break; none is too wide."""
    parts = list(wrap(text, width, hang))
    at = 0
    for number, (start, end) in enumerate(parts):
        assert text[at:start] in ("", " ")
        room = max(width - hang, 1) if number else width
        assert cell_len(text[start:end]) <= room or end - start == 1
        at = end
    assert text[at:] == ""


def test_lines_break_at_blanks() -> None:
    """A word is not cut where a blank is near, and is where it is longer than the line."""
    assert [text[a:b] for text in ["the doors are shut"] for a, b in wrap(text, 10)] == [
        "the doors",
        "are shut",
    ]
    assert [text[a:b] for text in ["abcdefghij"] for a, b in wrap(text, 4)] == ["abcd", "efgh", "ij"]


def test_further_lines_are_narrower_by_the_hang() -> None:
    """What hangs has less room from the second line on."""
    assert [text[a:b] for text in ["aaaa bbbb"] for a, b in wrap(text, 5, 2)] == ["aaaa", "bbb", "b"]


@given(st.lists(TEXTS, max_size=5), st.integers(0, 99), st.integers(0, 99))
def test_cut_spans_join_to_the_cut_text(texts: list[str], start: int, end: int) -> None:
    """Cutting spans is cutting their text."""
    spans = tuple(Span(each) for each in texts)
    assert "".join(span.text for span in cut(spans, start, end)) == "".join(texts)[start:end]


def test_text_from_outside_is_safe_and_without_tabs() -> None:
    """Escapes become visible, line ends of any system count, tabs become blanks."""
    assert text_lines("a\tb\r\n\x1b[31mred") == ["a   b", "␛[31mred"]
    assert plain("x\ny", "bad", indent=3) == [
        Paragraph((Span("x", "bad"),), 3),
        Paragraph((Span("y", "bad"),), 3),
    ]


def test_places_go_round() -> None:
    """Behind the last place comes the first one; the note says where one is."""
    found = Found("w", [3, 5])
    assert (found.move(1), found.move(1), found.move(-1)) == (5, 3, 5)
    assert found.note == "/w 2/2"
    assert 5 in found
    assert 4 not in found
    assert Found("w").note == "/w not found"
    assert Found().note == ""
    assert Found("w", [1], complete=False).note == "/w 1/1+"


class Reading(App[None]):
    def __init__(self, paragraphs: list[Paragraph]) -> None:
        super().__init__()
        self.paragraphs = paragraphs
        self.opened: list[str] = []
        self.asked = 0

    def compose(self) -> ComposeResult:
        yield Prose(empty="nothing", id="prose")

    def on_mount(self) -> None:
        self.prose.set_paragraphs(self.paragraphs)
        self.prose.focus()

    @property
    def prose(self) -> Prose:
        return self.query_one(Prose)

    def on_rows_opened(self, event: Prose.Opened) -> None:
        self.opened.append(self.prose.target(event.index))

    def on_prose_search_asked(self) -> None:
        self.asked += 1


def lines_of(prose: Prose) -> list[str]:
    return [prose.render_line(y).text.rstrip() for y in range(prose.size.height)]


async def test_paragraphs_are_wrapped_again_when_the_width_changes() -> None:
    """A narrower screen gets more lines, indented as the paragraph says."""
    app = Reading([Paragraph((Span("one two three four"),), indent=2, hang=1)])
    async with app.run_test(size=(40, 4)) as pilot:
        await pilot.pause()
        assert lines_of(app.prose)[0] == "  one two three four"
        await pilot.resize_terminal(14, 4)
        await pilot.pause()
        assert lines_of(app.prose)[:2] == ["  one two", "   three four"]


async def test_a_paragraph_leads_to_its_target() -> None:
    """Enter on any of its lines opens what it names."""
    app = Reading([Paragraph((Span("intro"),)), Paragraph((Span("go"),), target="there")])
    async with app.run_test() as pilot:
        await pilot.press("down", "enter")
        assert app.opened == ["there"]


async def test_searching_goes_from_line_to_line() -> None:
    """What is searched is found whatever its case; n and N go on and back."""
    app = Reading([Paragraph((Span(text),)) for text in ("Alpha", "beta", "alpha two", "gamma")])
    async with app.run_test() as pilot:
        await pilot.press("slash")
        assert app.asked == 1
        app.prose.search("ALPHA")
        assert app.prose.cursor == 0
        await pilot.press("n")
        assert app.prose.cursor == 2
        await pilot.press("n", "N")
        assert app.prose.cursor == 2
        app.prose.search("nowhere")
        await pilot.press("n")
        assert app.prose.cursor == 2


async def test_copying_takes_the_whole_text_safely() -> None:
    """All paragraphs are copied, with nothing that a terminal would obey; an empty list offers no copy."""
    app = Reading([Paragraph((Span("a"), Span("\x1bb"))), Paragraph((Span("c"),))])
    async with app.run_test() as pilot:
        await pilot.press("y")
        assert app.clipboard == "a␛b\nc"
        app.prose.set_paragraphs([])
        assert app.prose.check_action("copy", ()) is False
        assert lines_of(app.prose)[0] == "nothing"
        app.prose.set_empty("less")
        assert lines_of(app.prose)[0] == "less"


async def test_the_same_paragraphs_keep_the_cursor() -> None:
    """Showing them again once a frame does not move the reader."""
    paragraphs = [Paragraph((Span(f"line {number}\x1b"),)) for number in range(5)]
    app = Reading(paragraphs)
    async with app.run_test() as pilot:
        await pilot.press("down", "down")
        app.prose.set_paragraphs([*paragraphs])
        assert app.prose.cursor == 2
