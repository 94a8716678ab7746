"""How events and notes read in the log."""

from collections.abc import Iterator
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure
from lead_tui.observers.hub import Item
from lead_tui.text.safe import safe
from lead_tui.tui.log.lines import entry, merged, minute, moment, plain_lines
from lead_tui.tui.log.words import CHARACTERS
from tests.tui.playing import T0, Play, begun, retried, task
from tests.tui.playing import moment as at

BUSY = Failure(Category.NETWORK, "overloaded", code="overloaded_error", status=529)
HOSTILE = "\x1b]52;c;aGk=\x07 \x9b31m \u202e [/x] [@click=app.quit] \x00 \ud800"

SAYINGS: list[tuple[Item, str, str]] = [
    (ev.RunQueued(name="flow"), "run", "flow is queued"),
    (ev.RunStarted(), "run", "started"),
    (ev.RunCompleted(), "run", "completed"),
    (ev.RunCompleted(errors=["a", "b"]), "run", "completed · handled: a, b"),
    (ev.RunCompleted(partial=True, errors=["a"]), "run", "completed in part; failed: a"),
    (
        ev.RunFailed(failure=BUSY),
        "run",
        "failed: network_error: overloaded (overloaded_error), status 529",
    ),
    (ev.RunCancelled(by="anna", why="enough"), "run", "cancelled · by anna · enough"),
    (ev.RunPaused(by="anna"), "run", "paused · by anna"),
    (ev.RunResumed(), "run", "goes on"),
    (ev.RunWaiting(why="gate", tasks=["a", "b"]), "run", "only a person can go on: a, b"),
    (ev.RunStopping(cause="failure", task="a"), "run", "stopping: after the failure of a"),
    (ev.RunStopping(cause="timeout"), "run", "stopping: out of time"),
    (ev.CleanupStarted(deadline=T0), "run", "cleanup begins"),
    (ev.RunReopened(tasks=["a", "b"], by="anna"), "run", "again: a, b · by anna"),
    (ev.RunInterrupted(), "run", "the process before this one went away"),
    (ev.DeadlinePassed(scope="task", task="a"), "timeout", "the time of the task is over"),
    (ev.CommandReceived(command=cmd.CancelTask(task="a"), by="anna"), "command", "cancel task a · by anna"),
    (ev.CommandReceived(command=cmd.Pause()), "command", "pause"),
    (
        ev.CommandReceived(command=cmd.Approve(gate="g", values={"n": 1})),
        "command",
        'approve g, {"n":1}',
    ),
    (ev.CommandReceived(command=cmd.UnknownCommand(name="dance")), "command", "dance"),
    (ev.TaskReady(task="a", why="no needs"), "wait", "ready · no needs"),
    (ev.TaskStarted(task="a", agent="w"), "start", "on w"),
    (ev.TaskCompleted(task="a", duration=3.2), "ok", "completed in 3.2s"),
    (
        ev.TaskFailed(task="a", failure=BUSY, why="no try left", duration=9),
        "fail",
        "network_error: overloaded (overloaded_error), status 529 · after 9.0s · no try left",
    ),
    (
        ev.TaskSkipped(task="a", cause="condition", why="when: n > 1", saw={"n": 0}),
        "skip",
        "when: n > 1 · n was 0",
    ),
    (ev.TaskSkipped(task="a", cause="upstream"), "skip", "upstream"),
    (ev.TaskCancelled(task="a", duration=2), "cancel", "cancelled · after 2.0s"),
    (
        ev.TaskInterrupted(task="a"),
        "halt",
        "in flight when the process went away, and not idempotent",
    ),
    (ev.AttemptStarted(task="a", attempt=1, agent="w"), "start", "attempt 1 on w"),
    (
        ev.AttemptStarted(task="a", attempt=2, why="the delay is over"),
        "start",
        "attempt 2 · the delay is over",
    ),
    (ev.AttemptCompleted(task="a", attempt=1, duration=2), "ok", "attempt 1 answered after 2.0s"),
    (
        ev.AttemptFailed(task="a", attempt=1, failure=BUSY, retry_in=1.5, why="try 2 of 3"),
        "retry",
        (
            "attempt 1 failed: network_error: overloaded (overloaded_error), status 529"
            " · again in 1.5s · try 2 of 3"
        ),
    ),
    (
        ev.AttemptFailed(task="a", attempt=3, failure=BUSY, why="no try left (3 of 3)"),
        "fail",
        "attempt 3 failed, no other try · no try left (3 of 3)",
    ),
    (
        ev.AttemptStalled(task="a", attempt=1, idle=10.003),
        "stalled",
        "nothing heard for 10.0s",
    ),
    (
        ev.RetryScheduled(task="a", attempt=2, at=T0, delay=1.5, why="busy"),
        "wait",
        "attempt 2 in 1.5s · busy",
    ),
    (
        ev.TaskWaiting(task="a", attempt=1, reason="rate_limit", until=T0),
        "wait",
        "for the rate limit · until 09:00:00 UTC",
    ),
    (ev.TaskWaiting(task="a", attempt=1, reason="person"), "wait", "for a person"),
    (
        ev.TaskWaiting(task="a", attempt=1, reason="budget", why="the budget of the flow is spent"),
        "wait",
        "for a budget to be raised · the budget of the flow is spent",
    ),
    (ev.RunWaiting(why="budget", tasks=["a"]), "run", "waits for a budget to be raised: a"),
    (
        ev.ToolCalled(task="a", attempt=1, call="1", tool="search", arguments={"query": "a b", "n": 3}),
        "tool",
        'search(query="a b", n=3) …',
    ),
    (
        ev.ToolReturned(task="a", attempt=1, call="1", tool="search", result=[1, 2, 3, 4], duration=0.212),
        "tool",
        "search -> 4 results, 212 ms",
    ),
    (
        ev.ToolReturned(task="a", attempt=1, call="1", tool="search", failure=BUSY, duration=2),
        "tool",
        "search -> failed: network_error: overloaded (overloaded_error), 2.0s",
    ),
    (
        ev.ToolsWaiting(task="a", attempt=1, calls=["1:a", "1:b"]),
        "wait",
        "tools wait with the task: 1:a, 1:b",
    ),
    (ev.ToolsWaiting(task="a", attempt=1), "wait", "tools wait with the task: no call"),
    (ev.AttemptSaved(task="a", attempt=1, piece={}), "saved", "a step to go on from is saved"),
    (
        ev.AttemptSpent(task="a", attempt=1, usage={"calls": 2, "usd": 0.5}, agent="w"),
        "spent",
        "2 calls, $0.50 · by w",
    ),
    (
        ev.BudgetWarning(what="usd", spent=1.7, limit=2),
        "budget",
        "85% of the budget is spent: $1.70 of $2",
    ),
    (
        ev.BudgetExceeded(what="tokens", spent=5_100, limit=5_000, agent="w"),
        "budget",
        (
            "all of the budget of w is spent: 5.1k tokens of 5k tokens · "
            "what needs it waits: b on the run's screen raises it"
        ),
    ),
    (
        ev.BudgetExceeded(what="calls", spent=1, limit=1, mode="audit"),
        "budget",
        "all of the budget is spent: 1 call of 1 call · audit: the run goes on",
    ),
    (
        ev.BudgetUncounted(what="usd", source="w", calls=2),
        "budget",
        "calls of w come without a known price: the budget does not count them",
    ),
    (
        ev.BudgetRaised(limits={"usd": 5, "seconds": 90}, by="anna"),
        "budget",
        "the budget is raised to $5, 1m30s · by anna",
    ),
    (ev.ExpressionEvaluated(role="when", value=True, why="when: yes"), "eval", "when gave true · when: yes"),
    (
        ev.ExpressionEvaluated(role="when", failure=Failure(Category.VALIDATION, "no n")),
        "eval",
        "when gave validation_error: no n",
    ),
    (
        ev.BreakerOpened(agent="w", failures=5, until=T0),
        "breaker",
        "w is open: 5 failures in a row · a probe may go at 09:00:00 UTC",
    ),
    (ev.BreakerOpened(agent="w", failures=1), "breaker", "w is open: 1 failure in a row"),
    (ev.BreakerHalfOpened(agent="w"), "breaker", "w is half open: a probe goes"),
    (ev.BreakerClosed(agent="w", why="reset"), "breaker", "w is closed again · reset"),
    (
        ev.ApprovalRequested(task="a", gate="g", message="Go on?", show={"n": 1}),
        "gate",
        "Go on?\n| n: 1",
    ),
    (ev.ApprovalRequested(task="a", gate="g"), "gate", "approve?"),
    (ev.ApprovalGranted(task="a", gate="g", by="anna"), "answer", "approved · by anna"),
    (
        ev.ApprovalGranted(task="a", gate="g", answer="later", values={"n": 1}),
        "answer",
        'answered later · {"n":1}',
    ),
    (ev.ApprovalRejected(task="a", gate="g", why="no"), "answer", "rejected · no"),
    (ev.UnknownEvent(name="moon_rose", data={}), "other", "moon rose"),
    (ev.Log(text="hi"), "log", "hi"),
    (ev.Log(text="hi", stream="stdout"), "out", "hi"),
    (ev.Log(text="hi", stream="stderr"), "err", "hi"),
    (ev.Log(text="hi", level="debug"), "debug", "hi"),
    (ev.Log(text="hi", level="warning"), "warn", "hi"),
    (ev.Log(text="hi\n\n", level="error", stream="stderr"), "error", "hi"),
    (ev.Progress(done=3, total=10, text="pages"), "note", "progress 3/10 pages"),
    (ev.Progress(done=2.5), "note", "progress 2.5"),
    (ev.Tokens(text="the second"), "llm", "the second"),
    (ev.Metric(name="cost", value=0.25), "metric", "cost 0.25"),
    (ev.Usage(usage={"input_tokens": 3_100, "unpriced_calls": 1}), "spent", "3.1k in, 1 unpriced"),
    (ev.Service(name="time", state="ready", tools=2), "mcp", "time ready, 2 tools"),
    (ev.Service(name="time", state="starting", restarts=1), "mcp", "time starting · start 2"),
    (
        ev.Service(name="time", state="failed", tools=2, error="it ended with 1"),
        "mcp",
        "time failed · it ended with 1",
    ),
    (ev.Message(role="assistant", text="hm"), "llm", "hm"),
    (ev.Message(role="tool", text="hm"), "tool", "hm"),
    (ev.Message(role="user", text="hm"), "say", "user: hm"),
]


@pytest.mark.parametrize(("item", "kind", "text"), SAYINGS, ids=lambda value: str(value)[:30])
def test_each_item_reads_as_a_person_would_say_it(item: Item, kind: str, text: str) -> None:
    """Every event and note has a word that fits its column and a text that says what matters."""
    read = entry(item, T0)
    assert (read.kind, read.text) == (kind, text)
    assert len(kind) <= 7


def test_all_events_and_notes_have_words() -> None:
    """Nothing that this release can record is left without a saying of its own."""
    told = {type(item) for item, kind, _ in SAYINGS if kind != "other"}
    assert told == {*get_args(ev.AnyEvent), *get_args(ev.AnyNote)}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00.0"), (-5, "00:00.0"), (132.94, "02:12.9"), (3_599.99, "59:59.9"), (3_732, "1:02:12")],
)
def test_times_are_since_the_start(seconds: float, text: str) -> None:
    """Tenths of seconds in the first hour, seconds afterwards, nothing below zero."""
    assert moment(at(seconds), T0) == text
    assert moment(at(seconds), None) == "00:00.0"


@pytest.mark.parametrize(("seconds", "text"), [(-5, "00:00"), (132.94, "02:12"), (3_732, "62:12")])
def test_times_where_there_is_little_room(seconds: float, text: str) -> None:
    """Minutes and seconds, the tenths cut off."""
    assert minute(at(seconds), T0) == text
    assert minute(at(seconds), None) == "00:00"


def test_what_fails_is_louder_than_what_goes_its_way() -> None:
    """A failure that is handled or tried again is no alarm, and an error is one."""
    failed = ev.TaskFailed(task="a", failure=BUSY)
    handled = ev.TaskFailed(task="a", failure=BUSY, handled=True, why="continue_on_failure")
    tones = [
        entry(item, T0).tone for item in (failed, handled, ev.Log(text="", level="error"), ev.Log(text=""))
    ]
    assert tones == ["bad", "retry", "bad", "muted"]


@given(st.text() | st.just(HOSTILE))
def test_nothing_from_outside_can_act(text: str) -> None:
    """Whatever an agent says or is called, what is read is safe."""
    for item in (
        ev.Log(task=text, text=text),
        ev.Tokens(task=text, text=text),
        ev.Message(role=text, text=text),
        ev.Metric(name=text, value=1),
        ev.Progress(done=1, text=text),
        ev.TaskSkipped(task=text, cause="condition", why=text, saw={text: text}),
        ev.TaskFailed(task=text, failure=Failure(Category.AGENT, text, code=text)),
        ev.ApprovalRequested(task=text, gate=text, message=text, show=text),
        ev.ApprovalGranted(task=text, gate=text, by=text, answer=text, values={text: text}),
        ev.BreakerOpened(agent=text, why=text),
        ev.CommandReceived(command=cmd.Reject(gate=text, why=text), by=text),
        ev.ToolCalled(task=text, attempt=1, call=text, tool=text, arguments={text: text}),
        ev.ToolReturned(task=text, attempt=1, call=text, tool=text, result=text),
        ev.ToolReturned(task=text, attempt=1, call=text, tool=text, result={text: text}),
        ev.BudgetExceeded(what="usd", spent=1, limit=1, agent=text),
        ev.Service(name=text, state="failed", error=text),
        ev.UnknownEvent(name=text, data={}),
    ):
        read = entry(item, T0)
        for part in (read.text, read.task, read.kind):
            assert safe(part) == part
            part.encode()


def test_a_very_long_text_is_cut_and_says_so() -> None:
    """Of a megabyte of what a terminal would obey, the beginning is read, and the rest is counted."""
    read = entry(ev.Log(text="\x1b" * 1_000_000), T0)
    assert (read.text, read.missing) == ("␛" * CHARACTERS, 1_000_000 - CHARACTERS)


def test_tokens_of_one_answer_are_read_together() -> None:
    """Tokens that follow each other are one text; another task, attempt or kind begins anew."""

    def tokens(text: str, task: str = "a", attempt: int = 1) -> ev.Tokens:
        return ev.Tokens(task=task, attempt=attempt, text=text)

    items: list[Item] = [
        tokens("one "), tokens("two"), tokens("x", "b"), tokens("y", "b", 2),
        ev.Log(task="b", text="log"), tokens("z", "b", 2),
    ]  # fmt: skip
    found = [(getattr(item, "text", ""), count) for item, count in merged(items)]
    assert found == [("one two", 2), ("x", 1), ("y", 1), ("log", 1), ("z", 1)]


def test_a_stream_without_end_is_read_in_pieces() -> None:
    """An answer that never stops does not become one text that is ever laid out again."""
    found = [count for _, count in merged(ev.Tokens(text="x" * 9_000) for _ in range(7))]
    assert found == [3, 3, 1]


@pytest.fixture
def play() -> Iterator[Play]:
    play = Play(task("plan"), task("write"))
    play.at(1, *begun("plan")).at(2, *retried("plan"))
    play.model.take([ev.Log(task="write", ts=at(3), text=f"one\ntwo {HOSTILE}")])
    yield play


def test_plain_lines_of_all_have_the_task(play: Play) -> None:
    """The log of all tasks as text: time, word, task and saying; what is more than a line is indented."""
    lines = list(plain_lines(play.model))
    assert lines[1] == "00:01.0 start   plan                 attempt 1"
    assert lines[-2] == "00:03.0 log     write                one"
    assert lines[-1] == f"{' ' * 37}two {safe(HOSTILE)}"
    assert len(lines) == 5


def test_plain_lines_of_a_task_begin_where_one_stopped(play: Play) -> None:
    """The log of one task names it nowhere, and can be read on from an absolute number."""
    assert [line[:15] for line in plain_lines(play.model, "plan")] == ["00:01.0 start  ", "00:02.0 retry  "]
    assert [line[:15] for line in plain_lines(play.model, "plan", since=1)] == ["00:02.0 retry  "]
    assert list(plain_lines(play.model, "nobody")) == []


def test_plain_lines_say_what_is_missing(play: Play) -> None:
    """What was cut is told on a line of its own."""
    play.model.take([ev.Log(task="write", ts=at(4), text="x" * (CHARACTERS + 1_234))])
    assert list(plain_lines(play.model, "write"))[-1] == f"{' ' * 16}… (+1,234 characters)"
