"""Paragraphs: how text is broken into lines, and the list that shows them."""

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from lead_tui.tui.prose.lines import Lines
from lead_tui.tui.prose.paragraphs import Paragraph, Span, cut, plain, text_lines
from lead_tui.tui.values.found import Found
from lead_tui.tui.widgets.prose import Prose

TEXTS = st.text(alphabet="ab cdé中 👍", max_size=60)
PARAGRAPHS = st.lists(
    st.builds(Paragraph, st.tuples(st.builds(Span, TEXTS)), st.integers(0, 5), st.integers(0, 5)), max_size=9
)


@given(PARAGRAPHS, st.integers(2, 20), st.lists(st.integers(0, 30)))
def test_lines_are_made_as_far_as_somebody_looks(
    paragraphs: list[Paragraph], width: int, looks: list[int]
) -> None:
    """However they are asked for, they are the same; no more are made, and all are known at the end."""
    whole, pieces = Lines(paragraphs, width), Lines(paragraphs, width)
    whole.make()
    assert whole.is_complete
    for most in looks:
        before = len(pieces.known)
        pieces.make(most)
        assert len(pieces.known) == max(before, min(most, len(whole.known)))
        assert pieces.known == whole.known[: len(pieces.known)]
        assert not pieces.is_complete or pieces.known == whole.known
    pieces.make(len(whole.known) + 1)
    assert pieces.is_complete


@given(st.lists(TEXTS, max_size=5), st.integers(0, 99), st.integers(0, 99))
def test_cut_spans_join_to_the_cut_text(texts: list[str], start: int, end: int) -> None:
    """Cutting spans is cutting their text."""
    spans = tuple(Span(each) for each in texts)
    assert "".join(span.text for span in cut(spans, start, end)) == "".join(texts)[start:end]


def test_text_from_outside_is_safe_and_without_tabs() -> None:
    """Escapes become visible, line ends of any system count, tabs become blanks."""
    assert [*text_lines("a\tb\r\n\x1b[31mred")] == ["a   b", "␛[31mred"]
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
        assert lines_of(app.prose)[0] == "   one two three four"
        await pilot.resize_terminal(14, 4)
        await pilot.pause()
        assert lines_of(app.prose)[:2] == ["   one two", "    three four"]


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
        assert lines_of(app.prose)[0] == " nothing"
        app.prose.set_empty("less")
        assert lines_of(app.prose)[0] == " less"


async def test_the_same_paragraphs_keep_the_cursor() -> None:
    """Showing them again once a frame does not move the reader."""
    paragraphs = [Paragraph((Span(f"line {number}\x1b"),)) for number in range(5)]
    app = Reading(paragraphs)
    async with app.run_test() as pilot:
        await pilot.press("down", "down")
        app.prose.set_paragraphs([*paragraphs])
        assert app.prose.cursor == 2


LONG = "\n".join(f"line {number}" for number in range(20_000))


async def test_of_a_long_text_only_what_is_near_is_made() -> None:
    """Scrolling makes more of it; its last line, and what is searched, are found where they stand."""
    app = Reading([])
    async with app.run_test(size=(40, 10)) as pilot:
        app.prose.set_text(LONG)
        await pilot.pause()
        assert app.prose.count < 1_000
        for _ in range(60):
            await pilot.press("pagedown")
        assert lines_of(app.prose)[-1] == " line 540"
        assert app.prose.count < 2_000
        await pilot.press("end")
        assert app.prose.cursor == 19_999
        await pilot.resize_terminal(41, 10)
        assert app.prose.cursor == 19_999
        assert lines_of(app.prose)[-1] == " line 19999"
        app.prose.set_text(LONG + "\n")
        await pilot.press("home")
        app.prose.search("line 15000")
        assert app.prose.cursor == 15_000
        await pilot.press("y")
        assert app.clipboard == LONG + "\n"


async def test_before_it_has_a_size_nothing_is_made() -> None:
    """It is read once it is seen, and then as wide as it is."""
    prose = Prose()
    prose.set_text(LONG)
    assert prose.count == 0
    assert prose.check_action("copy", ()) is True
