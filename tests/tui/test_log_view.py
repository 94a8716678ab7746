"""The pane of the log, through an app and its keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot
from textual.widgets import Input

from lead_tui.core import events as ev
from lead_tui.text.safe import safe
from lead_tui.tui.log.book import LogBook
from lead_tui.tui.log.pen import Columns
from lead_tui.tui.themes import install
from lead_tui.tui.widgets import log_sheet, log_view
from lead_tui.tui.widgets.log_view import LogView
from lead_tui.tui.widgets.search_line import SearchLine
from tests.tui.playing import Play, begun, moment, retried, task

HOSTILE = [
    "\x1b[2J\x1b]52;c;aGFja2Vk\x07",
    "\x9b31m\x85 \u202egpj.exe\u2066",
    "[/x] [bold]b[/] [@click=app.quit]quit[/]",
    "\x00\x07\x08\r",
    "\ud800 \udfff \ufffe",
    "e\u0301\u0301\u0301 👩‍👩‍👧 ☎\ufe0f",
    "x" * 1_000_000,
    "漢\u0301" * 20_000,
    "\n" * 100_000,
]


class LogApp(App[None]):
    def __init__(self, play: Play | None, name: str) -> None:
        super().__init__()
        self.play = play
        self.view = LogView(id="log")
        self.view.show_task(name)
        self.pins: list[bool] = []

    def compose(self) -> ComposeResult:
        with Container():
            yield self.view

    def on_mount(self) -> None:
        install(self)
        if self.play is not None:
            self.view.set_model(self.play.model)
            self.play.model.changes()
        self.view.focus()

    def on_log_view_pinned(self, message: LogView.Pinned) -> None:
        self.pins.append(message.pinned)

    @property
    def notes(self) -> list[str]:
        """What the person was told."""
        return [each.message for each in self._notifications]

    def say(self, *texts: str, at: float = 5, name: str = "write", level: str = "info") -> None:
        """One frame in which this was said."""
        assert self.play is not None
        for text in texts:
            note = msgspec.convert({"task": name, "text": text, "level": level}, ev.Log, strict=False)
            self.play.model.take([msgspec.structs.replace(note, ts=moment(at))])
        self.show()

    def show(self) -> None:
        assert self.play is not None
        self.view.show(self.play.model.changes())

    def shown(self) -> list[str]:
        height, width = self.view.size.height, self.view.size.width
        return [self.view.render_line(y).crop(0, width).text.rstrip() for y in range(height)]

    @property
    def head(self) -> str:
        return self.shown()[0]

    @property
    def body(self) -> list[str]:
        """The texts, without time and word."""
        return [line[17:] for line in self.shown()[1:] if line]


async def search(app: LogApp, pilot: Pilot[None], text: str, *keys: str) -> None:
    """Open the line of the search, write this, then press these keys."""
    await pilot.press("slash")
    app.query_one(Input).value = text
    await pilot.pause()
    await pilot.press(*keys)


Shown = tuple[LogApp, LogView, Pilot[None]]


@asynccontextmanager
async def opened(
    play: Play | None = None, name: str = "write", width: int = 80, height: int = 11, *, empty: bool = False
) -> AsyncIterator[Shown]:
    if play is None and not empty:
        play = Play(task("plan"), task("write"))
    app = LogApp(play, name)
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause()
        yield app, app.view, pilot


def numbered(start: int, end: int) -> list[str]:
    return [f"line {number}" for number in range(start, end)]


async def test_a_log_reads_as_in_the_design() -> None:
    """A head with the task and what is on, then time, word and text of each item."""
    play = Play(task("plan"), task("write"))
    play.at(1, *begun("write")).at(132.9, *retried("write"))
    async with opened(play, height=6) as (app, _, _):
        app.say("the second study", at=134)
        assert app.head.startswith("──── Log: write ─────")
        assert app.head.endswith("─  FOLLOW  WRAP  4 lines")
        assert app.shown()[1:] == [
            " 00:01.0 start   attempt 1",
            " 02:12.9 retry   attempt 1 failed: network_error: connection refused · again in",
            "                 5.0s",
            " 02:14.0 log     the second study",
            "",
        ]


async def test_all_tasks_stand_in_a_column() -> None:
    """The log of all names the task of each line, short enough for its column."""
    play = Play(task("plan"), task("summarise-the-findings[3]"))
    play.at(1, *begun("summarise-the-findings[3]"))
    async with opened(play, "") as (app, _, _):
        assert app.head.startswith("──── Log: all tasks ──")
        assert app.shown()[1:3] == [
            " 00:00.0 run                    started",
            " 00:01.0 start   summar…ings[3] attempt 1",
        ]


async def test_a_log_without_words_says_so() -> None:
    """A task that has said nothing yet, and no model at all, are no blank panes."""
    async with opened() as (app, _, pilot):
        assert app.shown()[1] == " nothing said yet"
        assert app.head.endswith("FOLLOW  WRAP  0 lines")
        await pilot.press("e")
        assert app.shown()[1] == " no failures, errors or warnings"
        await pilot.press("up", "y", "v", "g", "pageup")
        assert (app.view.follow, app.notes) == (True, [])
    async with opened(empty=True) as (app, view, pilot):
        await pilot.press("w", "right", "y", "Y", "g", "v")
        await search(app, pilot, "a", "enter")
        assert app.shown()[1] == " nothing said yet"
        assert app.head.startswith("──── Log: write ───")
        assert view.transcript is None


async def test_the_newest_is_at_the_bottom_while_it_follows() -> None:
    """Each frame ends with what was said last; nobody has a cursor."""
    async with opened() as (app, view, _):
        app.say(*numbered(0, 50))
        assert app.body == numbered(40, 50)
        app.say("last")
        assert app.body == [*numbered(41, 50), "last"]
        assert view.follow


async def test_whoever_scrolls_up_reads_in_peace() -> None:
    """Going up lets go of the end; what comes in is counted, and the page stands still until `G`."""
    async with opened() as (app, view, pilot):
        app.say(*numbered(0, 50))
        await pilot.press("k", "pageup")
        page = app.body
        assert not view.follow
        app.say("fifty", "fifty-one")
        assert app.body == page
        assert "2 new" in app.head
        assert "FOLLOW" not in app.head
        await pilot.press("G")
        assert app.body[-1] == "fifty-one"
        assert "new" not in app.head
        await pilot.press("f")
        assert not view.follow
        await pilot.press("f")
        assert view.follow


async def test_the_wheel_lets_go_and_takes_up_again() -> None:
    """Scrolling by mouse does the same, and at the end it follows again."""
    async with opened() as (app, view, pilot):
        app.say(*numbered(0, 50))

        def wheel(kind: type[MouseScrollUp] | type[MouseScrollDown]) -> None:
            view.post_message(kind(view, 5, 5, 0, 0, 0, False, False, False))

        await pilot.pause()
        wheel(MouseScrollUp)
        await pilot.pause()
        assert not view.follow
        assert app.body[-1] != "line 49"
        wheel(MouseScrollDown)
        await pilot.pause()
        await pilot.pause()
        assert view.follow
        assert app.body[-1] == "line 49"


async def test_a_click_takes_a_line_and_one_on_the_head_the_end() -> None:
    """A line that is clicked has the cursor; a double click pins; the head leads back to the end."""
    async with opened() as (app, view, pilot):
        app.say(*numbered(0, 50))
        await pilot.click(view, offset=(20, 3))
        assert (view.follow, view.cursor) == (False, 42)
        await pilot.click(view, offset=(20, 3), times=2)
        assert view.pinned
        await pilot.click(view, offset=(20, 0))
        assert view.follow


async def test_only_the_focused_reader_has_a_cursor() -> None:
    """The line of the cursor stands out while the pane has the focus and does not follow."""

    def has_cursor(view: LogView) -> bool:
        strips = [view.render_line(y) for y in range(1, view.size.height)]
        return any(segment.style and segment.style.bgcolor == view.palette.cursor.bgcolor
                   for strip in strips for segment in strip)  # fmt: skip

    async with opened() as (app, view, pilot):
        app.say(*numbered(0, 50))
        assert not has_cursor(view)
        await pilot.press("up")
        assert has_cursor(view)
        app.screen.set_focus(None)
        await pilot.pause()
        assert not has_cursor(view)


async def test_the_first_line_of_all_is_a_key_away() -> None:
    """`g` lays out whatever was not yet, and goes to the beginning."""
    async with opened() as (app, view, pilot):
        app.say(*numbered(0, 9_000))
        assert len(view.transcript or "") < 9_000
        assert app.head.endswith("9,000 lines")
        await pilot.press("g")
        assert app.body[0] == "line 0"
        assert view.cursor == 0
        app.say("more")
        assert app.body[0] == "line 0"


async def test_a_flood_is_laid_out_when_it_is_calm() -> None:
    """Of far more than a screenful in one frame only the end is laid out; the rest follows by itself."""
    async with opened() as (app, view, _):
        app.say("first")
        app.say(*numbered(1, 5_000))
        assert view.transcript is not None
        assert len(view.transcript) == log_sheet.SHOWN_WHEN_BUSY
        assert app.body[-1] == "line 4999"
        view._catch_up()
        assert len(view.transcript) == log_sheet.SHOWN_WHEN_BUSY
        while view.transcript.has_older:
            view._catch_up()
        assert len(view.transcript) == 5_000
        assert app.body[-1] == "line 4999"


async def test_a_flood_below_a_reader_waits() -> None:
    """What comes in far below is counted at once and laid out later, or when the reader comes near."""
    async with opened() as (app, view, pilot):
        app.say(*numbered(0, 300))
        await pilot.press("g")
        app.say(*numbered(300, 5_000))
        assert view.transcript is not None
        assert (len(view.transcript), view.transcript.waiting) == (300, 4_700)
        assert "4,700 new" in app.head
        assert app.body[0] == "line 0"
        view.go(view.transcript.end - 1)
        while view.transcript.waiting:
            view._catch_up()
        assert app.body[-1] == "line 299"
        app.say(*numbered(5_000, 5_500))
        assert len(view.transcript) == 5_000
        view.go(view.transcript.end - 1)
        app.say("last")
        assert len(view.transcript) == 5_501


async def test_the_place_that_is_read_survives_dropping() -> None:
    """While the channel drops its oldest items, the page of who has scrolled up stands still."""
    async with opened() as (app, view, pilot):
        assert app.play is not None
        app.play.model.log = LogBook(kept_of_task=100)
        app.say(*numbered(0, 100))
        app.show()
        await pilot.press("k", "k", "pageup")
        page, cursor = app.body, view.cursor
        app.say(*numbered(100, 110))
        assert app.play.model.log.of("write").dropped == 25
        assert app.body == page
        assert view.cursor == cursor - 24  # 25 lines went, and one says so
        await pilot.press("v", "y")
        assert app.clipboard == page[0]
        app.say(*numbered(110, 900))
        assert view.transcript is not None
        assert view.transcript.start > 0
        assert app.shown()[0].startswith("────")
        await pilot.press("g")
        dropped = app.play.model.log.of("write").dropped
        assert app.body[:2] == [
            f"{dropped} older lines not shown here: `leadtui logs run` has them",
            f"line {dropped}",
        ]
        assert f"{900 - dropped} lines" in app.head


async def test_a_model_that_begins_anew_is_read_anew() -> None:
    """A replay that goes back leaves nothing of what was said later."""
    async with opened() as (app, _, _):
        app.say("late")
        assert app.play is not None
        app.play.model.reset()
        app.show()
        assert app.shown()[1] == " nothing said yet"
        app.show()


async def test_another_task_is_another_log() -> None:
    """The log that follows the cursor of the tasks begins at the end of each; the same one is left alone."""
    async with opened() as (app, view, pilot):
        app.say("of write")
        app.say("of plan", name="plan")
        view.show_task("plan")
        assert app.body == ["of plan"]
        await pilot.press("up")
        view.show_task("plan")
        assert not view.follow
        view.show_task("write")
        assert view.follow
        assert app.body == ["of write"]


async def test_a_log_can_be_pinned() -> None:
    """`enter` and `p` pin and let go, the head tells it, and whoever chooses the task hears of it."""
    async with opened() as (app, view, pilot):
        await pilot.press("enter")
        await pilot.pause()
        assert view.pinned
        assert "PINNED" in app.head
        await pilot.press("p")
        await pilot.pause()
        assert not view.pinned
        assert app.pins == [True, False]


async def test_long_lines_wrap_or_are_moved_sideways() -> None:
    """`w` shows lines as they are; left and right move their text under columns that stay."""
    text = "0123456789" * 12 + "漢字"
    async with opened() as (app, view, pilot):
        app.say("a", text, "b")
        assert app.body == ["a", text[:62], text[62:], "b"]
        await pilot.press("w")
        assert app.body == ["a", text[:62], "b"]
        assert "WRAP" not in app.head
        await pilot.press("l", "right")
        assert app.body == ["", text[16:78], ""]
        assert app.shown()[2].startswith(" 00:05.0 log     6789")
        for _ in range(40):
            view.action_sideways(8)
        assert app.body == ["", text[-60:], ""]  # its end, two letters of two cells, at the right edge
        for _ in range(40):
            view.action_sideways(-8)
        assert app.body[1] == text[:62]
        await pilot.press("w", "l")
        assert app.body == ["a", text[:62], text[62:], "b"]
        assert view.follow


async def test_a_page_of_short_lines_is_not_pushed_away() -> None:
    """What fits stays; where a longer page was moved sideways, the key to the right moves nothing back."""
    async with opened() as (app, _, pilot):
        app.say("0123456789" * 12, *numbered(0, 10))
        await pilot.press("w", "l")
        assert app.body[-1] == "line 9"
        await pilot.press("g", "l", "l")
        assert app.body[0] == ("0123456789" * 12)[16:78]
        await pilot.press("G", "l")
        assert app.body[-1] == ""
        await pilot.press("h", "h")
        assert app.body[-1] == "line 9"


async def test_the_line_that_is_read_stays_when_the_shape_changes() -> None:
    """Wrapping, another width and another height keep the line at the cursor on the screen."""
    async with opened() as (app, view, pilot):
        app.say(*(f"{number} " + "word " * 30 for number in range(100)))
        await pilot.press("k", "pageup", "pageup")
        assert view.transcript is not None

        def read() -> str:
            return view.transcript.text(*view.selection) if view.transcript is not None else ""

        before = read()
        app.say("one more")
        for change in ("w", (50, 11), (120, 9), (120, 20), "w", (80, 11)):
            if isinstance(change, str):
                await pilot.press(change)
            else:
                await pilot.resize_terminal(*change)
                await pilot.pause()
            assert read() == before
            assert "1 new" in app.head
        assert not view.follow


async def test_only_what_went_wrong_if_asked() -> None:
    """`e` leaves failures, errors and warnings, and takes the rest back in."""
    async with opened() as (app, view, pilot):
        app.say("fine")
        app.say("bad", level="error")
        app.say("odd", level="warning")
        await pilot.press("e")
        assert app.body == ["bad", "odd"]
        assert "ERRORS" in app.head
        await pilot.press("up", "up", "e")
        assert app.body == ["fine", "bad", "odd"]
        assert view.transcript is not None
        assert view.transcript.text(*view.selection) == "bad"


async def test_a_search_goes_to_the_nearest_match() -> None:
    """`/` marks what is typed while it is typed; `n` and `N` go round; the head counts."""
    async with opened() as (app, view, pilot):
        app.say(*numbered(0, 40))
        await search(app, pilot, "line 3")
        assert "/line 3 11/11" in app.head
        assert view.cursor == 39
        await pilot.press("enter")
        assert not app.query(SearchLine)
        assert view.has_focus
        await pilot.press("n")
        assert view.cursor == 3
        assert "/line 3 1/11" in app.head
        await pilot.press("N", "N")
        assert view.cursor == 38
        app.say("line 3 again")
        assert "/line 3 10/12" in app.head
        await search(app, pilot, "LINE", "enter")
        assert "/LINE 0/0" in app.head
        await pilot.press("escape")
        assert "LINE" not in app.head
        await pilot.press("n")
        assert view.cursor == 38
        await pilot.press("slash", "slash")
        assert len(app.query(SearchLine)) == 1
        assert app.query_one(Input).value == "/"


async def test_matches_stand_out() -> None:
    """All that was found is marked, also where it was wrapped."""
    async with opened() as (app, view, pilot):
        app.say("x needle y needle", "needle", f"{'a' * 58} needle")

        def marked() -> list[str]:
            strips = [view.render_line(y) for y in range(1, view.size.height)]
            return [segment.text for strip in strips for segment in strip
                    if segment.text and segment.style and segment.style.reverse]  # fmt: skip

        await search(app, pilot, "needle")
        assert marked() == ["needle"] * 4
        await pilot.press("enter")
        await search(app, pilot, "a n", "enter")
        assert marked() == ["a", "n"]


async def test_a_search_can_be_dropped() -> None:
    """Escape leads back to where it began: to the end, or to the line that was read."""
    async with opened() as (app, view, pilot):
        app.say(*numbered(0, 40))
        await search(app, pilot, "line 1", "escape")
        assert view.follow
        assert "/" not in app.head
        await pilot.press("k", "k")
        await search(app, pilot, "line 2")
        assert view.cursor == 2
        await pilot.press("escape")
        assert view.cursor == 37
        assert view.has_focus
        await search(app, pilot, "", "enter")
        assert view.found is None


async def test_a_search_goes_on_in_another_log() -> None:
    """What was searched for is marked in the next task's log too."""
    async with opened() as (app, view, pilot):
        app.say("needle")
        app.say("needle", "needle", name="plan")
        await search(app, pilot, "needle", "enter")
        view.show_task("plan")
        assert "/needle 2/2" in app.head


async def test_the_current_line_is_copied_whole() -> None:
    """`y` takes the line of the text, not its rows, and says so; a line that is followed is the last."""
    async with opened() as (app, _, pilot):
        app.say("first", "a " * 50 + "\nsecond \x1b]52;c;x\x07")
        await pilot.press("y")
        assert app.clipboard == "second ␛]52;c;x␇"
        await pilot.press("k", "y")
        assert app.clipboard == "a " * 50
        assert app.notes == ["copied 1 line"] * 2


async def test_a_selection_is_copied() -> None:
    """`v` or shift and an arrow begin one, moving makes it larger, escape drops it."""
    async with opened() as (app, view, pilot):
        app.say(*numbered(0, 40))
        await pilot.press("k", "v", "k", "k", "y")
        assert app.clipboard == "line 36\nline 37\nline 38"
        assert app.notes == ["copied 3 lines"]
        assert view.mark is None
        await pilot.press("shift+down", "J", "y")
        assert app.clipboard == "line 36\nline 37\nline 38"
        await pilot.press("shift+up", "escape", "y")
        assert app.clipboard == "line 37"
        await pilot.press("v", "v")
        assert view.mark is None


async def test_the_whole_log_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Y` takes all lines with time and word; of too many the last ones, and it says so."""
    async with opened() as (app, _, pilot):
        app.say("a", "b\nc \x1b[0m")
        await pilot.press("Y")
        assert app.clipboard == "00:05.0 log     a\n00:05.0 log     b\n                c ␛[0m"
        monkeypatch.setattr(log_view, "COPIED_SIZE", 50)
        await pilot.press("Y")
        assert app.clipboard == "00:05.0 log     b\n                c ␛[0m"
        monkeypatch.setattr(log_view, "COPIED_ITEMS", 1)
        app.say("d")
        await pilot.press("Y")
        assert app.clipboard == "00:05.0 log     d"
        assert app.notes == ["copied 3 lines", "copied the last 2 lines", "copied the last 1 line"]


async def test_nothing_that_is_said_can_act() -> None:
    """Escapes, bidi, markup, NUL, surrogates and endless lines are shown, searched and copied as they are."""
    async with opened(name="", width=60) as (app, view, pilot):
        assert app.play is not None
        for text in HOSTILE:
            app.say(text, f"last {text}", name=text[:50])
            stream = ev.Tokens(task=text[:50], attempt=1, text=text, ts=moment(6))
            app.play.model.take([stream, stream])
            app.show()
            for act in (view.action_wrap, view.action_first, view.action_wrap, view.action_copy):
                act()
                assert all(safe(line) == line for line in app.shown())
            view.search(text[:20])
            view.action_next()
            view.show_task(text[:50])
            view.action_copy_all()
            assert all(safe(line) == line for line in app.shown())
            assert safe(app.clipboard) == app.clipboard
            view.search("")
            view.show_task("")
        await search(app, pilot, "[@]", "enter", "n", "y", "Y", "e", "e", "G")
        assert app.is_running
        assert app.clipboard


async def test_a_hundred_thousand_lines_are_bounded() -> None:
    """A single item of very many lines takes a bounded part of the screen's rows and says what is missing."""
    async with opened() as (app, view, _):
        app.say("x\n" * 100_000)
        assert view.transcript is not None
        assert len(view.transcript) < 2_005
        assert app.body[-1].startswith("… (+")


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (200, 60)])
async def test_any_size_will_do(size: tuple[int, int]) -> None:
    """No terminal is too small or too large, and no line is wider than it."""
    async with opened(name="", width=size[0], height=size[1]) as (app, view, pilot):
        app.say("one two three 漢字", "x" * 300)
        for key in ("k", "w", "l", "slash", "t", "enter", "v"):
            await pilot.press(key)
            assert all(view.render_line(y).cell_length <= size[0] for y in range(view.size.height))
        await pilot.resize_terminal(1, 1)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "x" * 40 in app.body[-1]


def test_columns_give_way_to_the_text() -> None:
    """In a narrow pane the time goes, then the task, then the word; the text stays."""
    assert Columns.of(80, of_all=True) == (9, 8, 16, 47)
    assert Columns.of(60, of_all=False) == (9, 8, 0, 43)
    assert Columns.of(46, of_all=False) == (7, 8, 0, 31)
    assert Columns.of(45, of_all=True) == (7, 8, 10, 20)
    assert Columns.of(35, of_all=True) == (0, 8, 0, 27)
    assert Columns.of(20, of_all=False) == (0, 0, 0, 20)
    assert Columns.of(0, of_all=True).text == 2


@pytest.mark.parametrize(("width", "told"), [(61, " 01:02.5 log"), (60, " 01:02 log"), (41, " 01:02 log")])
async def test_times_take_what_room_there_is(width: int, told: str) -> None:
    """With tenths from sixty columns on, beside the scrollbar; without where there are fewer."""
    async with opened(width=width) as (app, _, _):
        app.say("here", at=62.5)
        assert app.shown()[1].startswith(told)


async def test_an_old_terminal_gets_letters_only() -> None:
    """What joins texts and the rule above them are ASCII there, whoever wrote it."""
    async with opened(width=60) as (app, _, pilot):
        app.ascii_only = True
        app.say("a · b", "c … d")
        await pilot.resize_terminal(61, 11)
        assert app.head.startswith("---- Log: write ---")
        assert all(line.isascii() for line in app.shown())
        assert "a | b" in "".join(app.shown())


async def test_a_narrow_head_keeps_what_matters() -> None:
    """As it narrows, the head drops its badges: first that it wraps, last what is searched for."""
    async with opened(width=44) as (app, _, pilot):
        app.say("a", "b")
        assert app.head.endswith("FOLLOW  WRAP  2 lines")
        await pilot.resize_terminal(38, 11)
        assert app.head.endswith("FOLLOW  2 lines")
        await pilot.resize_terminal(27, 11)
        assert app.head.endswith("FOLLOW")
