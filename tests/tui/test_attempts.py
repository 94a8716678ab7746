"""The attempts of a task, from its events."""

from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure
from lead_tui.testing.flows import run_flow
from lead_tui.tui.tasks.attempts import Attempt, attempts
from tests.tui.playing import moment

DOWN = Failure(Category.NETWORK, "down")


def started(number: int, seconds: float) -> ev.Event:
    return ev.AttemptStarted(task="a", attempt=number, agent="bank", ts=moment(seconds))


def only(*events: ev.Event) -> Attempt:
    (attempt,) = attempts(events)
    return attempt


def test_a_flow_that_retries_tells_each_try() -> None:
    """Two failures with their delays and rules, then the success with its result and meta."""
    story = run_flow(
        {
            "name": "x",
            "agents": [
                {
                    "name": "bank",
                    "type": "mock",
                    "latency": "2s",
                    "fail": {"pay": {"category": "network_error", "message": "down", "times": 2}},
                    "results": {"pay": {"ok": 1}},
                    "retry_config": {"max_attempts": 3, "initial_delay": "5s", "jitter": False},
                }
            ],
            "tasks": [{"name": "a", "agent_name": "bank", "action": "pay"}],
        }
    )
    first, second, third = attempts(event for event in story.events if getattr(event, "task", "") == "a")
    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert [each.outcome for each in (first, second, third)] == ["failed", "failed", "completed"]
    assert first.failure is not None
    assert first.failure.message == "down"
    assert (first.retry_in, first.duration, first.agent) == (5.0, 2.0, "bank")
    assert "try 2 of 3" in first.why
    (wait,) = second.waits
    assert wait.reason == "retry"
    assert wait.ended == second.started
    assert third.result == {"ok": 1}
    assert not third.is_open


def test_a_try_in_flight_is_running_and_grows() -> None:
    """Its seconds are those since it started, and none before."""
    attempt = only(started(1, 10))
    assert attempt.outcome == "running"
    assert attempt.seconds(moment(12.5)) == 2.5
    assert attempt.seconds(moment(0)) == 0.0


def test_the_next_try_waits_for_its_time() -> None:
    """A scheduled retry is an attempt that has not begun."""
    events = [
        started(1, 0),
        ev.AttemptFailed(task="a", attempt=1, failure=DOWN, retry_in=5, ts=moment(1), duration=1),
        ev.RetryScheduled(task="a", attempt=2, at=moment(6), delay=5, why="rule", ts=moment(1)),
    ]
    _, waiting = attempts(events)
    assert (waiting.outcome, waiting.started, waiting.seconds(moment(3))) == ("waiting", None, 0.0)
    assert waiting.waits[0].until == moment(6)


def test_a_wait_for_the_breaker_belongs_to_the_same_try() -> None:
    """The attempt had not run: it keeps its number, and the wait its two ends."""
    attempt = only(
        started(1, 0),
        ev.TaskWaiting(task="a", attempt=1, reason="breaker", why="open", until=moment(9), ts=moment(0)),
        ev.TaskReady(task="a", ts=moment(8)),
        started(1, 8),
        ev.AttemptCompleted(task="a", attempt=1, ts=moment(9), duration=1.0),
        ev.TaskCompleted(task="a", ts=moment(9)),
    )
    assert attempt.waits[0].ended == moment(8)
    assert attempt.outcome == "completed"
    assert attempt.seconds(moment(99)) == 1.0


def test_an_answer_ends_the_wait_for_a_person() -> None:
    """A call that ends while it asks waits no more."""
    attempt = only(
        started(1, 0),
        ev.TaskWaiting(task="a", attempt=1, reason="person", ts=moment(0)),
        ev.AttemptCompleted(task="a", attempt=1, ts=moment(4), duration=4.0),
    )
    assert attempt.waits[0].ended == moment(4)


def test_the_end_of_the_task_ends_its_open_try() -> None:
    """Cancelled, interrupted, skipped and timed out tasks leave no try that runs."""
    ends: dict[str, ev.Event] = {
        "cancelled": ev.TaskCancelled(task="a", why="by ann", ts=moment(3)),
        "interrupted": ev.TaskInterrupted(task="a", ts=moment(3)),
        "failed": ev.TaskFailed(task="a", failure=DOWN, ts=moment(3)),
    }
    for outcome, event in ends.items():
        attempt = only(started(1, 1), event)
        assert (attempt.outcome, attempt.duration, attempt.ended) == (outcome, 2.0, moment(3))
    skipped = only(
        ev.TaskWaiting(task="a", attempt=1, reason="rate_limit", ts=moment(0)),
        ev.TaskSkipped(task="a", cause="upstream", why="by ann", ts=moment(2)),
    )
    assert (skipped.outcome, skipped.waits[0].ended, skipped.duration) == ("skipped", moment(2), None)
    assert attempts([ev.TaskSkipped(task="a", cause="condition", ts=moment(1))]) == []


def test_a_reopened_run_begins_anew() -> None:
    """The first try after the task had ended is marked."""
    events = [
        started(1, 0),
        ev.AttemptFailed(task="a", attempt=1, failure=DOWN, ts=moment(1)),
        ev.TaskFailed(task="a", failure=DOWN, ts=moment(1)),
        started(2, 60),
        ev.AttemptCompleted(task="a", attempt=2, ts=moment(61)),
        ev.TaskCompleted(task="a", ts=moment(61)),
        started(3, 90),
    ]
    assert [each.anew for each in attempts(events)] == [False, True, True]


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 9)), max_size=20))
def test_any_order_of_events_is_told(steps: list[tuple[int, float]]) -> None:
    """A damaged history is shown as well as it can be; numbers never fall."""
    makers = [
        lambda number, ts: ev.AttemptStarted(task="a", attempt=number, ts=ts),
        lambda number, ts: ev.AttemptFailed(task="a", attempt=number, failure=DOWN, ts=ts),
        lambda number, ts: ev.AttemptCompleted(task="a", attempt=number, ts=ts),
        lambda number, ts: ev.TaskWaiting(task="a", attempt=number, reason="breaker", ts=ts),
        lambda number, ts: ev.TaskFailed(task="a", failure=DOWN, ts=ts),
        lambda number, ts: ev.TaskCancelled(task="a", ts=ts),
    ]
    history = [makers[kind](place, moment(at)) for place, (kind, at) in enumerate(steps)]
    tries = attempts(history)
    assert [each.number for each in tries] == sorted(each.number for each in tries)
    assert all(each.seconds(moment(20) + timedelta(1)) >= 0 for each in tries)


def test_an_attempt_tells_its_tools_and_what_it_used() -> None:
    """The sum that it told last; a call that its end overtook has no answer, what was saved is no call."""
    called = [ev.ToolCalled(task="a", attempt=1, call=name, tool="look") for name in ("c1", "c2")]
    history = [
        ev.AttemptStarted(task="a", attempt=1),
        called[0],
        ev.ToolReturned(task="a", attempt=1, call="c1", tool="look", result=1),
        ev.AttemptSaved(task="a", attempt=1, piece={"message": "secret plans"}),
        ev.AttemptSpent(task="a", attempt=1, usage={"usd": 0.5}),
        ev.AttemptSpent(task="a", attempt=1, usage={"usd": 0.1}, agent="other"),
        called[1],
        ev.AttemptFailed(task="a", attempt=1, failure=DOWN, retry_in=1),
        ev.AttemptStarted(task="a", attempt=2),
        ev.AttemptCompleted(task="a", attempt=2, usage={"usd": 0.25}),
        ev.AttemptStarted(task="a", attempt=3),
        ev.TaskCancelled(task="a", usage={"usd": 2}),
    ]
    events = [msgspec.structs.replace(event, seq=number) for number, event in enumerate(history, 1)]
    first, second, third = attempts(events)
    assert [each.usage for each in (first, second, third)] == [{"usd": 0.5}, {"usd": 0.25}, {"usd": 2}]
    assert [(call.call, call.is_open, call.returned is None) for call in first.calls] == [
        ("c1", False, False),
        ("c2", False, True),
    ]
    assert first.calls[0].value == {"tool": "look", "arguments": None, "result": 1, "took": "0 ms"}
    assert first.calls[1].value["result"] == "nobody knows"
    assert not second.calls
