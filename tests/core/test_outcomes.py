"""What a failure, a skip and a condition do to the tasks behind them and to the run."""

import pytest

from lead_tui.core import events as ev
from lead_tui.flow.models import FailureStrategy
from tests.core.play import Play, task

CONTINUE = FailureStrategy.CONTINUE
PARTIAL = FailureStrategy.PARTIAL


def test_stop_on_first_failure_cancels_what_is_in_flight_and_starts_nothing():
    """The run fails with the failure of the task that stopped it."""
    play = Play(task("a"), task("b"), task("c", "b")).start().fail("a")
    assert play.cancelling == {"b": "cancelled"}
    play.cancelled("b")
    assert play.statuses() == {"a": "failed", "b": "cancelled", "c": "cancelled"}
    ended = play.last(ev.RunFailed)
    assert ended.errors == ["a"]
    assert ended.failure.message == "broken"
    assert play.last(ev.RunStopping).task == "a"


def test_a_task_that_completes_while_it_is_being_cancelled_has_completed():
    """What really happened is recorded, also when it came as a surprise."""
    play = Play(task("a"), task("b")).start().fail("a").complete("b")
    assert play.statuses() == {"a": "failed", "b": "completed"}
    assert play.run.status == "failed"


def test_continue_runs_everything_that_is_not_downstream():
    """The run ends failed and tells which tasks failed and which were skipped because of them."""
    play = Play(task("a"), task("b", "a"), task("c"), task("d", "c"), strategy=CONTINUE).start()
    play.fail("a").complete("c").complete("d")
    assert play.statuses() == {"a": "failed", "b": "skipped", "c": "completed", "d": "completed"}
    assert play.run.tasks["b"].cause == "upstream"
    assert play.last(ev.RunFailed).failure.message == "1 of 4 tasks failed: a"


def test_partial_completion_completes_if_anything_did():
    """`partial` is set, and the errors are listed."""
    play = Play(task("a"), task("b"), strategy=PARTIAL).start().fail("a").complete("b")
    ended = play.last(ev.RunCompleted)
    assert (ended.partial, ended.errors) == (True, ["a"])


def test_partial_completion_fails_if_nothing_completed():
    """There is no partial completion of nothing."""
    play = Play(task("a"), task("b", "a"), strategy=PARTIAL).start().fail("a")
    assert play.run.status == "failed"


def test_continue_on_failure_of_a_task_lets_dependents_run():
    """They see it as completed, with no result; the run completes and lists the error."""
    play = Play(task("a", continue_on_failure=True), task("b", "a")).start().fail("a")
    assert play.running == ["b"]
    assert play.run.tasks["a"].result is None
    play.complete("b")
    assert play.last(ev.RunCompleted).errors == ["a"]
    assert play.last(ev.TaskFailed).handled


def test_a_failure_that_a_task_waits_for_is_handled():
    """`on: failed` starts its task, and the strategy is not triggered."""
    play = Play(task("a"), task("b", ("a", "failed")), task("c", "a")).start().fail("a")
    assert play.running == ["b"]
    assert play.statuses()["c"] == "skipped"
    play.complete("b")
    assert play.run.status == "completed"


def test_a_task_for_a_failure_that_did_not_come_is_skipped_by_condition():
    """A branch not taken is no failure."""
    play = Play(task("a"), task("b", ("a", "failed"))).start().complete("a")
    assert play.run.tasks["b"].cause == "condition"
    assert play.last(ev.TaskSkipped).why == "a completed, and this waits with on: failed"


def test_a_false_condition_skips_with_the_values_seen():
    """`when` is asked once its dependencies have ended, and its answer is a fact."""
    play = Play(task("a"), task("b", "a", when=True)).start()
    assert play.questions == []
    play.complete("a")
    assert [question.task for question in play.questions] == ["b"]
    play.take(ev.ExpressionEvaluated(role="when", task="b", value=False, saw={"n": 1}, why="when: n > 2"))
    skipped = play.last(ev.TaskSkipped)
    assert (skipped.cause, skipped.why, skipped.saw) == ("condition", "when: n > 2", {"n": 1})
    assert play.run.status == "completed"


def test_a_true_condition_starts_the_task():
    """The expression is the reason that the start carries."""
    play = Play(task("a", when=True)).start().answer(True)
    assert play.running == ["a"]
    assert play.last(ev.AttemptStarted).why == "when: x"


def test_a_condition_that_cannot_be_read_fails_its_task():
    """An undefined value is a failure of the task, not of the engine."""
    play = Play(task("a", when=True)).start().answer(None, failed=True)
    assert play.statuses() == {"a": "failed"}
    assert play.run.status == "failed"


def test_if_and_else_join_without_tricks():
    """A task behind both branches runs: one completed, the other was skipped by condition."""
    play = Play(task("yes", when=True), task("no", when=True), task("join", "yes", "no")).start()
    play.answer(True, False).complete("yes")
    assert play.running == ["join"]


def test_a_task_whose_dependencies_were_all_skipped_by_condition_is_skipped_so_too():
    """Nothing it waits for has happened."""
    play = Play(task("a", when=True), task("b", "a"), task("c", "b")).start().answer(False)
    assert [play.run.tasks[name].cause for name in "abc"] == ["condition"] * 3
    assert play.run.status == "completed"


def test_a_condition_behind_skipped_dependencies_is_never_asked():
    """A task that will be skipped anyway evaluates nothing."""
    play = Play(task("a", when=True), task("b", "a", when=True)).start().answer(False)
    assert play.questions == []
    assert play.statuses()["b"] == "skipped"


@pytest.mark.parametrize(
    ("on", "ends", "status"),
    [
        ("any", "complete", "ready"), ("any", "fail", "ready"),
        ("completed", "complete", "ready"), ("completed", "fail", "upstream"),
        ("failed", "complete", "condition"), ("failed", "fail", "ready"),
        ("skipped", "complete", "condition"), ("skipped", "fail", "upstream"),
        ("any", "skip", "ready"), ("completed", "skip", "condition"),
        ("failed", "skip", "condition"), ("skipped", "skip", "ready"),
    ],
)  # fmt: skip
def test_on_waits_for_exactly_that_outcome(on, ends, status):
    """The whole table of `on` against what the dependency did."""
    play = Play(task("a", when=True), task("b", ("a", on)), strategy=CONTINUE).start()
    play.answer(ends != "skip")
    if ends != "skip":
        getattr(play, ends)("a")
    dependent = play.run.tasks["b"]
    assert (dependent.cause or "ready") == status
    assert (dependent.status == "running") == (status == "ready")


def test_a_skip_for_upstream_counts_as_skipped_for_on_skipped():
    """`on: skipped` asks for the outcome, whatever its cause."""
    play = Play(task("a"), task("b", "a"), task("c", ("b", "skipped")), strategy=CONTINUE).start().fail("a")
    assert play.running == ["c"]


def test_a_task_is_skipped_as_soon_as_one_dependency_can_no_longer_hold():
    """It does not wait for the others."""
    play = Play(task("a"), task("b"), task("c", "a", "b"), strategy=CONTINUE).start().fail("a")
    assert play.statuses()["c"] == "skipped"
    assert play.running == ["b"]
    play.complete("b")
    assert play.run.status == "failed"


def test_outputs_are_asked_at_the_end_and_stand_in_the_last_event():
    """A completed run asks strictly, a failed one leniently."""
    play = Play(task("a"), outputs=True).start().complete("a")
    assert [(q.role, q.lenient) for q in play.questions] == [("outputs", False)]
    play.answer({"x": 1})
    assert play.last(ev.RunCompleted).outputs == {"x": 1}
    play = Play(task("a"), outputs=True).start().fail("a")
    assert play.questions[0].lenient
    play.answer({})
    assert play.run.status == "failed"


def test_outputs_that_cannot_be_read_fail_the_run():
    """A flow that promises an output and has none did not complete."""
    play = Play(task("a"), outputs=True).start().complete("a").answer({}, failed=True)
    assert play.last(ev.RunFailed).failure.message == "unreadable"


def test_many_failures_are_summarised():
    """The message of the run names the first five."""
    names = "abcdefg"
    play = Play(*(task(name) for name in names), strategy=CONTINUE).start()
    for name in names:
        play.fail(name)
    assert play.run.failure.message == "7 of 7 tasks failed: a, b, c, d, e, ..."


def test_a_failure_that_counts_as_completed_is_called_what_it_is():
    """The reason of a skip says what really happened."""
    play = Play(task("a", continue_on_failure=True), task("b", ("a", "failed"))).start().fail("a")
    why = "a failed, which its continue_on_failure makes count as completed, and this waits with on: failed"
    assert play.last(ev.TaskSkipped).why == why
