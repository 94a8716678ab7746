"""The log of a run, and its rows, while old items are dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core import events as ev
from lead_tui.observers.hub import Item
from lead_tui.tui.log.book import Channel, LogBook
from lead_tui.tui.log.search import Search
from lead_tui.tui.log.transcript import PIECE, ROWS, Transcript


def line(number: int) -> ev.Log:
    return ev.Log(task="a", text=f"line {number}")


def lines(transcript: Transcript) -> list[str]:
    return [row(transcript, number) for number in range(transcript.start, transcript.end)]


def row(transcript: Transcript, number: int) -> str:
    block = transcript.block(number)
    start, end = block.span(number)
    return block.text[start:end]


def test_a_channel_keeps_the_newest_under_their_numbers() -> None:
    """Dropping takes the oldest, in pieces, and the others keep their absolute numbers."""
    channel = Channel(8)
    for number in range(11):
        channel.append(line(number))
        assert channel.items[-1] == line(channel.end - 1)
        assert len(channel.items) <= 8
    assert (channel.dropped, channel.end) == (4, 11)
    assert channel.since(9) == [line(9), line(10)]
    assert channel.since(0) == channel.items == [line(number) for number in range(4, 11)]
    assert channel.since(11) == []


def test_a_task_that_talks_much_costs_no_other_its_log() -> None:
    """Each task has a bound of its own, and so have all together."""
    book = LogBook(kept_of_task=4, kept_of_all=6)
    quiet = ev.Log(task="quiet", text="one line")
    loud = [ev.Log(task="loud", text=f"line {number}") for number in range(20)]
    book.extend([ev.RunStarted(), quiet])
    for start in range(0, 20, 5):
        book.extend(loud[start : start + 5])
    assert book.of("quiet").items == [quiet]
    assert book.of("loud").items[-1] == loud[-1]
    assert book.of("loud").end == 20
    assert book.of("").end == 22
    assert len(book.of("").items) <= 6
    assert (book.of("nobody").end, book.of("nobody").items) == (0, [])


def test_a_transcript_begins_with_the_newest() -> None:
    """What is older is laid out piece by piece in front, under smaller numbers."""
    channel = Channel(100_000)
    for number in range(PIECE + 50):
        channel.append(line(number))
    transcript = Transcript(channel, 80)
    assert (len(transcript), transcript.is_cut) == (0, True)
    transcript.reach_back()
    last = transcript.end - 1
    assert row(transcript, last) == f"line {PIECE + 49}"
    assert len(transcript) == PIECE
    transcript.reach_back()
    assert row(transcript, transcript.start) == "line 0"
    assert row(transcript, last) == f"line {PIECE + 49}"
    assert not transcript.has_older
    before = transcript.start
    transcript.reach_back()
    assert transcript.start == before


def test_a_transcript_forgets_what_the_channel_drops() -> None:
    """Rows of dropped items go, the others keep their numbers, and the first row says how many went."""
    channel = Channel(8)
    transcript = Transcript(channel, 80)
    for number in range(8):
        channel.append(line(number))
    transcript.take()
    assert lines(transcript) == [f"line {number}" for number in range(8)]
    channel.append(line(8))
    transcript.take()
    assert (row(transcript, 2), row(transcript, 8)) == ("line 2", "line 8")
    missing = "older lines not shown here: `leadtui logs RUN` has them"
    assert (transcript.start, row(transcript, 1)) == (1, f"2 {missing}")
    for number in range(9, 40):
        channel.append(line(number))
    transcript.take()
    kept = [each.text for each in channel.items if isinstance(each, ev.Log)]
    assert lines(transcript) == [f"{40 - len(kept)} {missing}", *kept]
    assert transcript.said == len(kept)


def test_no_row_says_that_lines_are_missing_that_can_still_be_shown() -> None:
    """Of a log that was cut, the first row says so only when all that is kept is laid out."""
    channel = Channel(PIECE + 50)
    for number in range(PIECE + 100):
        channel.append(line(number))
    channel.kept = 2 * PIECE
    for number in range(PIECE + 100, 2 * PIECE):
        channel.append(line(number))
    transcript = Transcript(channel, 20, run_id="r-1")
    transcript.reach_back()
    assert transcript.has_older
    assert row(transcript, transcript.start) == f"line {channel.end - PIECE}"
    while transcript.has_older:
        transcript.reach_back()
    mark = transcript.block(transcript.start)
    assert mark.text == f"{channel.dropped} older lines not shown here: `leadtui logs r-1` has them"
    assert lines(transcript)[mark.height] == f"line {channel.dropped}"
    transcript.take()
    assert [block.text for block in transcript.blocks(transcript.start, transcript.end)][1] == (
        f"line {channel.dropped}"
    )


def test_a_transcript_keeps_a_bounded_number_of_rows() -> None:
    """However much the channel keeps, there are never many more rows than the limit."""
    channel = Channel(1_000)
    transcript = Transcript(channel, 80)
    for _ in range(40):
        channel.append(ev.Log(text="x\n" * 10_000))
        transcript.take()
        assert len(transcript) <= ROWS
    assert transcript.is_cut
    assert not transcript.has_older or len(transcript) < ROWS


def test_long_texts_are_laid_out_few_at_a_time() -> None:
    """A piece is small in characters as well as in items."""
    channel = Channel(1_000)
    transcript = Transcript(channel, 80)
    for _ in range(10):
        channel.append(ev.Log(text="x " * 50_000))
    transcript.take()
    assert transcript.waiting == 8


def test_a_stream_grows_in_its_last_row() -> None:
    """Tokens that follow each other are one text; newlines at its end take no row before more comes."""
    channel = Channel(1_000)
    transcript = Transcript(channel, 12)
    for text, shown in [
        ("the", ["the"]),
        (" second", ["the second"]),
        (" study\n", ["the second", "study"]),
        ("\n", ["the second", "study"]),
        ("reports", ["the second", "study", "", "reports"]),
        ("\n\ta\x1b", ["the second", "study", "", "reports", "        a␛"]),
    ]:
        channel.append(ev.Tokens(task="a", attempt=1, text=text))
        transcript.take()
        assert lines(transcript) == shown
    assert transcript.block(0).last == 5
    channel.append(ev.Tokens(task="a", attempt=2, text="anew"))
    transcript.take()
    assert lines(transcript)[-1] == "anew"
    assert transcript.block(transcript.end - 1) is not transcript.block(0)


def test_an_old_stream_is_not_cut_in_two() -> None:
    """An answer that begins in an older piece is laid out as one."""
    channel = Channel(10_000)
    for number in range(PIECE + 10):
        channel.append(ev.Tokens(task="a", attempt=1, text=f"{number % 10}"))
    transcript = Transcript(channel, 10_000)
    transcript.reach_back()
    assert lines(transcript) == [("0123456789" * (PIECE // 10 + 1))]


def test_only_failures_errors_and_warnings_if_asked() -> None:
    """With `loud_only` the rest is left out, new and old."""
    channel = Channel(100)
    for level in ("info", "warning", "debug", "error"):
        channel.append(ev.Log(text=level, level=level))
    transcript = Transcript(channel, 80, loud_only=True)
    transcript.reach_back()
    channel.append(ev.Log(text="info"))
    channel.append(ev.Log(text="worse", level="error"))
    transcript.take()
    assert lines(transcript) == ["warning", "error", "worse"]


def test_the_text_of_rows_is_whole_lines() -> None:
    """What is copied has no breaks but those of the text, and no half lines."""
    channel = Channel(100)
    for text in ("the first line is long", "second", "x\nthe third one is long\ny"):
        channel.append(ev.Log(text=text))
    transcript = Transcript(channel, 10)
    transcript.reach_back()
    rows = lines(transcript)
    first, third = transcript.start + rows.index("line is"), transcript.start + rows.index("one is")
    assert transcript.text(first, first) == "the first line is long"
    assert transcript.text(first, third) == "the first line is long\nsecond\nx\nthe third one is long"
    assert transcript.find(1) is transcript.block(transcript.start + rows.index("second"))
    assert transcript.find(99) is None


ITEMS = st.one_of(
    st.text("ab c\n漢", max_size=40).map(lambda text: ev.Log(text=text)),
    st.text("ab c\n漢", max_size=9).map(lambda text: ev.Tokens(text=text)),
    st.just(ev.AttemptStarted(task="a", attempt=1)),
)


@given(st.lists(st.lists(ITEMS, max_size=12), max_size=8), st.booleans(), st.integers(0, 20))
def test_what_is_found_is_what_a_new_search_would_find(
    batches: list[list[Item]], wrapped: bool, seen: int
) -> None:
    """A search that follows a growing, dropping transcript knows the rows that one at its end finds."""
    channel = Channel(16)
    for _ in range(seen):
        channel.append(ev.Log(text="ab c"))
    transcript = Transcript(channel, 5 if wrapped else 0)
    search = Search("b c")
    for batch in batches:
        for item in batch:
            channel.append(item)
        transcript.take()
        search.look(transcript)
    transcript.reach_back()
    search.look(transcript)
    anew = Search("b c")
    anew.look(transcript)
    assert search.rows == anew.rows
    for block in transcript.blocks(transcript.start, transcript.end):
        assert all(transcript.block(block.start + each) is block for each in range(block.height))
    has_match = ["b c" in block.text for block in transcript.blocks(transcript.start, transcript.end)]
    assert any(has_match) == bool(search.rows)


def test_matches_follow_each_other_in_a_ring() -> None:
    """Behind the last match comes the first; a search for nothing that is there goes nowhere."""
    channel = Channel(100)
    for text in ("one", "Two", "three", "two"):
        channel.append(ev.Log(text=text))
    transcript = Transcript(channel, 80)
    transcript.reach_back()
    search = Search("two")
    search.look(transcript)
    first, second = search.rows
    assert (search.after(first), search.after(second), search.before(first)) == (second, first, second)
    assert (search.count(first - 1), search.count(first), search.count(second)) == ("0/2", "1/2", "2/2")
    capitals = Search("Two")
    capitals.look(transcript)
    assert capitals.rows == [first]
    nothing = Search("[/x]")
    nothing.look(transcript)
    assert (nothing.after(0), nothing.before(0), nothing.count(0)) == (None, None, "0/0")


@pytest.mark.parametrize("text", ["x" * 1_000_000, "漢" * 1_000_000, "\n" * 1_000_000, "\x1b" * 1_000_000])
def test_a_search_in_a_megabyte_ends(text: str) -> None:
    """Each row counts once, however often it holds what is searched for."""
    channel = Channel(10)
    channel.append(ev.Log(text=text))
    transcript = Transcript(channel, 60)
    transcript.reach_back()
    search = Search("x")
    search.look(transcript)
    assert len(search.rows) <= len(transcript) <= 2_001
