"""Answers in the log of all tasks: one text each, however many are given at once."""

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure
from lead_tui.observers.hub import Item
from lead_tui.tui.log.answer import Answer
from lead_tui.tui.log.book import STREAM, LogBook
from lead_tui.tui.log.lines import plain_lines
from lead_tui.tui.log.search import Search
from lead_tui.tui.log.transcript import Transcript
from lead_tui.tui.tool_calls import OpenCalls
from tests.tui.playing import Play, task


def tokens(task: str, text: str, attempt: int = 1) -> ev.Tokens:
    return ev.Tokens(task=task, attempt=attempt, text=text)


def said(task: str, text: str) -> ev.Log:
    return ev.Log(task=task, text=text)


def rows(transcript: Transcript) -> list[str]:
    found = []
    for row in range(transcript.start, transcript.end):
        block = transcript.block(row)
        start, end = block.span(row)
        assert block.start <= row < block.start + block.height
        found.append(f"{getattr(block.item, 'task', '')}: {block.text[start:end]}")
    return found


def anew(book: LogBook, width: int) -> list[str]:
    """What somebody sees who comes later."""
    transcript = Transcript(book.all, width)
    while transcript.has_older:
        transcript.reach_back()
    return rows(transcript)


def test_tasks_that_answer_at_once_do_not_interrupt_each_other() -> None:
    """Each answer stands together where it began, under the name of its task."""
    book = LogBook()
    transcript = Transcript(book.all, 40)
    for a, b in (("The first ", "Mokha lies "), ("study shows ", "on the coast "), ("more.", "of Yemen.")):
        book.extend([tokens("a", a), tokens("b", b)])
        transcript.take()
    assert rows(transcript) == ["a: The first study shows more.", "b: Mokha lies on the coast of Yemen."]
    assert anew(book, 40) == rows(transcript)


def test_an_answer_ends_with_what_its_task_does_next() -> None:
    """After a tool, a log line or another attempt a new text begins; other tasks end nothing."""
    book = LogBook()
    book.extend(
        [tokens("a", "one"), said("b", "x"), tokens("a", " two"), said("a", "y"), tokens("a", "three")]
    )
    book.extend([tokens("a", "again", attempt=2)])
    assert anew(book, 40) == ["a: one two", "b: x", "a: y", "a: three", "a: again"]


def test_an_answer_without_end_is_cut_into_pieces() -> None:
    """No text grows for ever."""
    book = LogBook()
    book.extend([tokens("a", "x" * (STREAM // 2)) for _ in range(5)])
    answers = [item for item in book.all.items if isinstance(item, Answer)]
    assert [len(answer.text) for answer in answers] == [STREAM, STREAM, STREAM // 2]
    assert [answer.is_open for answer in answers] == [False, False, True]


def test_leading_blank_lines_take_no_rows() -> None:
    """Models like to begin with some, also one by one."""
    book = LogBook()
    transcript = Transcript(book.all, 40)
    for text in ("\n", "\n", "well"):
        book.extend([tokens("a", text)])
        transcript.take()
    assert rows(transcript) == ["a: well"] == anew(book, 40)


def test_where_only_failures_are_told_a_call_is_told_when_it_failed() -> None:
    """Nothing of it before, and nothing of one that went well; answers are no failures either."""
    book, calls = LogBook(), OpenCalls()
    transcript = Transcript(book.all, 60, loud_only=True)
    for name in "ab":
        book.extend(
            [tokens(name, "hm"), calls.begin(ev.ToolCalled(task=name, attempt=1, call="c", tool="look"))]
        )
    transcript.take()
    assert rows(transcript) == []
    well = calls.end(ev.ToolReturned(task="a", attempt=1, call="c", tool="look"))
    failure = Failure(Category.TOOL, "gone")
    badly = calls.end(ev.ToolReturned(task="b", attempt=1, call="c", tool="look", failure=failure))
    assert well is not None
    assert badly is not None
    book.extend([well, badly])
    transcript.take()
    assert rows(transcript) == ["b: look() -> failed: tool_error: gone, 0 ms"]


STEP = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from(["tokens", "call", "return", "log"]),
    st.text("xy \n", max_size=30),
)


def items_of(steps: Sequence[tuple[str, str, str]]) -> Iterator[Item]:
    """As the model hands them to the log."""
    calls = OpenCalls()
    for number, (name, kind, text) in enumerate(steps):
        if kind == "tokens":
            yield tokens(name, text)
        elif kind == "log":
            yield said(name, text)
        elif kind == "call":
            yield calls.begin(ev.ToolCalled(seq=number, task=name, attempt=1, call="c", tool=text or "t"))
        else:
            event = ev.ToolReturned(task=name, attempt=1, call="c", tool="t", result=text)
            yield calls.end(event) or event


@given(steps=st.lists(STEP, max_size=40), width=st.integers(4, 30), batch=st.integers(1, 7))
def test_who_looked_on_sees_what_somebody_sees_who_comes_later(
    steps: list[tuple[str, str, str]], width: int, batch: int
) -> None:
    """However answers and calls grew, their rows are those of the whole; and what is searched is found."""
    book = LogBook()
    transcript = Transcript(book.all, width)
    search = Search("xy")
    pending: list[Item] = []
    for number, item in enumerate(items_of(steps)):
        pending.append(item)
        if number % batch == 0:
            book.extend(pending)
            pending = []
            transcript.take()
            search.look(transcript)
    book.extend(pending)
    transcript.take()
    search.look(transcript)
    assert not transcript.has_grown
    assert rows(transcript) == anew(book, width)
    fresh = Search("xy")
    fresh.look(transcript)
    assert search.rows == fresh.rows


def test_lines_that_are_streamed_tell_each_answer_once() -> None:
    """An answer waits for its end, a call is told when it begins and again when it ended."""
    play = Play(task("a"), task("b")).begin(1, "a", "b")
    told: list[str] = []
    since = play.model.log.all.end

    def tell() -> None:
        nonlocal since
        lines = plain_lines(play.model, since=since, streamed=True)
        told.extend(line[8:].replace("                   ", "") for line in lines)
        since = play.model.log.all.end

    play.model.take([tokens("a", "The first "), tokens("b", "hm")])
    tell()
    assert told == []
    play.model.take([tokens("a", "study")])
    play.at(2, ev.ToolCalled(task="a", attempt=1, call="c", tool="look"))
    tell()
    assert told == ["llm     a The first study", "tool    a look() …"]
    play.at(3, ev.ToolReturned(task="a", attempt=1, call="c", tool="look", result=3))
    tell()
    assert told[2:] == ["tool    a look() -> 3, 0 ms"]
    assert [line[37:] for line in plain_lines(play.model)][3:] == [
        "The first study",
        "hm",
        "look() -> 3, 0 ms",
    ]
