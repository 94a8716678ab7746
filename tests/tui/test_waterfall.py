"""From a task's events to a line of cells."""

import re
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core import events as ev
from lead_tui.core.events import Event
from lead_tui.tui.look import TONES
from lead_tui.tui.tasks.waterfall import Span, axis_label, axis_line, axis_seconds, draw, spans, ticks
from tests.tui.playing import REFUSED, again, begun, moment, retried

ZERO = moment(0).timestamp()


def stamped(*told: tuple[float, list[Event]]) -> list[Event]:
    return [msgspec.structs.replace(event, ts=moment(at)) for at, events in told for event in events]


def life(*told: tuple[float, list[Event]], now: float = 100) -> list[tuple[str, float, float]]:
    """Kinds and seconds since the beginning."""
    return [(span.kind, span.start - ZERO, span.end - ZERO) for span in spans(stamped(*told), moment(now))]


def done(name: str = "t") -> list[Event]:
    return [ev.AttemptCompleted(task=name, attempt=1), ev.TaskCompleted(task=name)]


def failed(name: str = "t") -> list[Event]:
    return [
        ev.AttemptFailed(task=name, attempt=1, failure=REFUSED),
        ev.TaskFailed(task=name, failure=REFUSED),
    ]


def line(
    *stretches: tuple[str, float, float], end: float = 10, width: int = 10, ascii_only: bool = False
) -> str:
    cells = draw([Span(*each) for each in stretches], 0, end, width, ascii_only=ascii_only)
    return "".join(text for text, _ in cells)


# spans


def test_nothing_happened_gives_no_span() -> None:
    """A pending task has an empty line."""
    assert life() == []


def test_a_task_queues_and_then_runs() -> None:
    """What is open goes up to now, and a running task has its mark there."""
    told = (2, [ev.TaskReady(task="t")]), (5, begun("t")[1:])
    assert life(*told, now=7) == [("queue", 2, 5), ("run", 5, 7), ("now", 7, 7)]
    assert life(*told, (9, done())) == [("queue", 2, 5), ("done", 5, 9)]


def test_a_failed_try_its_wait_and_the_next_try() -> None:
    """Each try is a stretch of its own and tells how it came out."""
    assert life((0, begun("t")), (3, retried("t")), (8, again("t")), (9, failed())) == [
        ("queue", 0, 0),
        ("failed", 0, 3),
        ("wait", 3, 8),
        ("queue", 8, 8),
        ("failed", 8, 9),
    ]


def test_an_attempt_that_a_limit_held_back_has_not_run() -> None:
    """Its start and its wait are one wait."""
    held = [ev.TaskWaiting(task="t", attempt=1, reason="rate_limit")]
    assert life((0, begun("t")), (1, held), (6, again("t", 1)), (9, done()))[1:] == [
        ("wait", 0, 6),
        ("queue", 6, 6),
        ("done", 6, 9),
    ]


def test_a_wait_told_twice_is_a_wait() -> None:
    """A breaker may hold back what a limit let go."""
    held = [ev.TaskWaiting(task="t", attempt=1, reason="breaker")]
    assert life((0, held), (4, held), now=5) == [("wait", 0, 4), ("wait", 4, 5)]


def test_a_person_has_a_stretch_of_their_own() -> None:
    """The attempt ran up to the question; no mark of running while somebody thinks."""
    asked = [ev.TaskWaiting(task="t", attempt=1, reason="person")]
    assert life((0, begun("t")), (1, asked), now=60)[1:] == [("run", 0, 1), ("person", 1, 60)]


def test_a_task_that_fails_while_it_waits_keeps_its_wait() -> None:
    """Only a run can come out as a failure."""
    assert life((0, begun("t")), (3, retried("t")), (5, failed()[1:]))[1:] == [
        ("failed", 0, 3),
        ("wait", 3, 5),
    ]


def test_what_was_stopped_is_marked_where_it_stopped() -> None:
    """Cancelled and interrupted tasks end with a mark, but not one that never began."""
    cancelled: list[Event] = [ev.TaskCancelled(task="t")]
    assert life((0, begun("t")), (4, cancelled))[1:] == [("run", 0, 4), ("cancelled", 4, 4)]
    assert life((0, begun("t")), (4, [ev.TaskInterrupted(task="t")]))[-1] == ("interrupted", 4, 4)
    assert life((4, cancelled)) == []


def test_a_skip_ends_what_was_open() -> None:
    """A task that was skipped while ready queued until then."""
    assert life((0, begun("t")[:1]), (4, [ev.TaskSkipped(task="t", cause="upstream")])) == [("queue", 0, 4)]


def test_a_clock_that_goes_back_gives_no_negative_span() -> None:
    """Neither between events nor up to now."""
    assert life((5, begun("t")), (3, done())) == [("queue", 5, 5), ("done", 5, 5)]
    assert life((5, begun("t")), now=1)[-2:] == [("run", 5, 5), ("now", 5, 5)]


# cells


def test_a_run_is_thick_and_its_edges_are_exact_to_an_eighth() -> None:
    """Whole cells are full; the ends show how much of theirs is covered."""
    assert line(("done", 0, 10)) == "██████████"
    assert line(("done", 2, 4)) == "  ██      "
    assert line(("done", 1.5, 3.25)) == " ▐█▎      "
    assert line(("done", 1.875, 3.875)) == " ▕█▉      "


def test_a_run_within_one_cell_stands_at_the_nearer_edge() -> None:
    """It is as wide as it was long, and never nothing."""
    assert line(("done", 3, 3)) == "   ▏      "
    assert line(("done", 3.1, 3.4)) == "   ▎      "
    assert line(("done", 3.9, 4)) == "   ▕      "
    assert line(("done", 10, 10)) == "         ▕"


def test_queue_and_waits_are_thin() -> None:
    """Each with a line of its own."""
    assert line(("queue", 0, 3), ("done", 3, 5)) == "╌╌╌██     "
    assert line(("failed", 0, 3), ("wait", 3, 6), ("run", 6, 9), ("now", 9, 9)) == "██✖┄┄┄███▶"


def test_three_quick_failures_are_three_marks() -> None:
    """A failed try shows its mark even if another run shares its cell."""
    assert line(*(("failed", at, at + 1) for at in (4, 5, 6))) == "    ✖✖✖   "
    assert line(("failed", 4, 4.5), ("done", 4.5, 6)) == "    ✖█    "


def test_a_persons_time_begins_with_a_mark() -> None:
    """Even where the attempt ran in the same cell before."""
    assert line(("run", 0, 0.5), ("person", 0.5, 5)) == "‖────     "


def test_the_end_of_a_stopped_task_is_marked() -> None:
    """In the last cell of its run."""
    assert line(("run", 0, 4), ("cancelled", 4, 4)) == "████⊘     "
    assert line(("run", 0, 4), ("interrupted", 4, 4)) == "████‖     "


def test_ascii_has_a_sign_for_everything() -> None:
    """No character of the line is outside of ASCII."""
    every = [("queue", 0, 1), ("failed", 1, 3), ("wait", 3, 5), ("run", 5.5, 8.2), ("now", 8.2, 8.2)]
    assert line(*every, ascii_only=True) == ".#x~~###> "
    assert line(("person", 0, 3), ("cancelled", 3, 3), ascii_only=True) == "=---      "
    assert line(("done", 3, 3), ascii_only=True) == "   #      "


def test_tones_tell_the_kinds_apart() -> None:
    """Colour comes beside the form."""
    cells = draw([Span("failed", 0, 3), Span("wait", 3, 6), Span("done", 6, 9)], 0, 10, 10)
    assert cells == [("██", "busy"), ("✖", "bad"), ("┄┄┄", "retry"), ("███", "ok"), (" ", "text")]


def test_what_lies_outside_of_the_axis_stands_at_its_edge() -> None:
    """A clock that was set back does not make a task vanish."""
    assert line(("done", -5, -4)) == "▏         "
    assert line(("done", 50, 60)) == "         ▕"


KINDS = st.sampled_from(
    ["queue", "wait", "person", "run", "done", "failed", "cancelled", "interrupted", "now"]
)
TIMES = st.floats(-1e12, 1e12)


@given(
    st.lists(st.builds(Span, KINDS, TIMES, TIMES), max_size=8),
    TIMES,
    TIMES,
    st.integers(-1, 70),
    st.booleans(),
)
def test_there_are_always_as_many_cells_as_asked_for(life, start, end, width, ascii_only) -> None:
    """Whatever the times are, in whatever order; and every span that is given leaves something."""
    cells = draw(life, start, end, width, ascii_only=ascii_only)
    text = "".join(text for text, _ in cells)
    assert len(text) == max(width, 0)
    assert all(tone in TONES for _, tone in cells)
    assert all(one[1] != other[1] for one, other in pairwise(cells))
    assert not (life and width > 0) or text.strip()
    assert not ascii_only or text.isascii()


@given(st.lists(st.tuples(st.sampled_from([
    *begun("t"), *retried("t"), *done(), *failed(),
    ev.TaskWaiting(task="t", attempt=1, reason="person"),
    ev.TaskWaiting(task="t", attempt=1, reason="breaker"),
    ev.TaskCancelled(task="t"), ev.TaskInterrupted(task="t"), ev.ExpressionEvaluated(task="t", role="when"),
]), st.integers(0, 50)), max_size=20))  # fmt: skip
def test_any_order_of_events_gives_spans_that_follow_each_other(told) -> None:
    """They never overlap as long as the clock only goes on."""
    events = stamped(*((at, [event]) for event, at in sorted(told, key=lambda each: each[1])))
    found = spans(events, moment(60))
    assert all(span.seconds >= 0 for span in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


# the axis


def test_the_axis_grows_in_round_steps() -> None:
    """A run that goes on is drawn anew as a whole only now and then."""
    assert [axis_seconds(s) for s in (0, 0.4, 1, 7, 61, 134, 3_599, 3_601)] == [
        1,
        1,
        1,
        8,
        120,
        180,
        3_600,
        7_200,
    ]
    assert axis_seconds(1_000 * 3_600) == 1_000 * 3_600


@given(st.floats(0, 1e7))
def test_the_axis_has_room_and_wastes_little(seconds: float) -> None:
    """It is never shorter than the run and at most twice as long."""
    length = axis_seconds(seconds)
    assert seconds <= length <= max(2 * seconds, 1)


def test_times_of_an_axis_are_short() -> None:
    """Zero, parts of a second, minutes."""
    assert [axis_label(s) for s in (0, 0.25, 9, 134)] == ["0s", "0.2s", "0:09", "2:14"]


def test_the_line_of_the_axis_says_what_it_is() -> None:
    """Both ends, the name where it has room, and nothing too long."""
    assert axis_line(134, 29) == "0s ───── waterfall ───── 2:14"
    assert axis_line(134, 14) == "0s ────── 2:14"
    assert axis_line(134, 8) == "    2:14"
    assert len(axis_line(134, 2)) == 2
    assert axis_line(134, 0) == ""
    assert axis_line(134, 29, ascii_only=True).isascii()


def test_ticks_stand_where_their_moment_is() -> None:
    """A reader can take a time from the cell below."""
    assert ticks(60, 60) == f"{'0s':15}{'0:15':15}{'0:30':15}{'0:45':11}1:00"
    assert ticks(0.4, 20) == "0s              0.4s"
    assert ticks(60, 0) == ""


@given(st.floats(0.001, 1e7), st.integers(1, 300))
def test_ticks_fill_the_width_and_stay_apart(seconds: float, width: int) -> None:
    """Labels never touch each other, at any width."""
    text = ticks(seconds, width)
    assert len(text) == width
    assert width < 12 or all(
        re.fullmatch(r"0s|\d+\.\d+s|\d+:\d\d|\d+:\d\d:\d\d", label) for label in text.split()
    )


def test_what_was_cut_off_ends_with_a_mark_of_its_own() -> None:
    """No event tells that its process ended; the stretch goes on up to the last known moment."""
    told = spans(stamped((1, begun("t"))), moment(4), cut_off=True)
    assert [(each.kind, each.end - ZERO) for each in told[-2:]] == [("run", 4), ("interrupted", 4)]
