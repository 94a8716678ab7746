"""Cancelling, deadlines and cleanup: every run ends in one order."""

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.flow.models import FailureStrategy
from tests.core.play import Play, task


def cleaning(*names: str):
    return [task(name, cleanup=True) for name in names]


def test_cancel_is_recorded_first_then_attempts_then_cleanup_then_the_end():
    """The order of the log is the order of the contract."""
    play = Play(task("a"), task("b", "a"), *cleaning("f")).start()
    before = len(play.log)
    assert play.command(cmd.Cancel(why="enough")) == ""
    play.cancelled("a").complete("f")
    wanted = ["command_received", "run_stopping", "task_cancelled", "task_cancelled", "cleanup_started"]
    assert play.types(before)[:5] == wanted
    ended = play.last(ev.RunCancelled)
    assert (ended.by, ended.why) == ("ada", "enough")


def test_a_second_cancel_is_refused_unless_it_skips_cleanup():
    """Ctrl-C twice ends the cleanup that is under way."""
    play = Play(task("a"), *cleaning("f", "g"), max_parallel=1).start()
    play.command(cmd.Cancel())
    assert play.command(cmd.Cancel()) == "the run is being cancelled already"
    play.cancelled("a")
    assert play.running == ["f"]
    assert play.command(cmd.Cancel(skip_cleanup=True)) == ""
    assert play.statuses()["g"] == "cancelled"
    play.cancelled("f")
    assert play.run.status == "cancelled"


def test_cancel_that_skips_cleanup_from_the_start():
    """`finally` tasks are then cancelled without having run."""
    play = Play(task("a"), *cleaning("f")).start()
    play.command(cmd.Cancel(skip_cleanup=True), by="")
    play.cancelled("a")
    assert play.statuses() == {"a": "cancelled", "f": "cancelled"}
    assert play.run.status == "cancelled"


def test_a_run_that_waits_or_is_paused_can_be_cancelled():
    """The attempt at the gate is given up, the status leaves waiting."""
    play = Play(task("gate"), task("b", "gate")).start().ask_person("gate")
    play.command(cmd.Cancel())
    assert play.run.status == "cancelled"
    play = Play(task("a"), task("b", "a")).start()
    play.command(cmd.Pause())
    play.command(cmd.Cancel())
    play.cancelled("a")
    assert play.run.status == "cancelled"


def test_cancelling_a_task_skips_what_needs_it_and_the_rest_goes_on():
    """The run then ends failed: not everything it promised was done."""
    play = Play(task("a"), task("b", "a"), task("c")).start()
    assert play.command(cmd.CancelTask(task="a"), by="") == ""
    play.cancelled("a").complete("c")
    assert play.statuses() == {"a": "cancelled", "b": "skipped", "c": "completed"}
    assert play.last(ev.RunFailed).failure.message == "1 of 3 tasks were cancelled: a"
    assert play.command(cmd.CancelTask(task="a")) == "the run has ended: failed"


def test_a_task_that_fails_while_it_is_cancelled_is_not_tried_again():
    """The wish to end it is older than the failure."""
    play = Play(task("a"), strategy=FailureStrategy.CONTINUE).start()
    play.command(cmd.CancelTask(task="a"))
    play.fail("a", retry_in=1)
    assert play.statuses() == {"a": "failed"}


def test_tasks_that_are_unknown_or_have_ended_cannot_be_cancelled():
    """The refusal says why."""
    play = Play(task("a"), task("b")).start().complete("a")
    assert play.command(cmd.CancelTask(task="x")) == "the run has no task 'x'"
    assert play.command(cmd.CancelTask(task="a")) == "a has ended: completed"


def test_the_tasks_timeout_covers_waits_and_all_attempts():
    """A task in its retry delay fails at its deadline; one in flight is stopped first."""
    play = Play(task("a", timeout=10.0), strategy=FailureStrategy.CONTINUE).start().fail("a", retry_in=30)
    play.pass_time(10)
    assert play.run.tasks["a"].failure.code == "task_timeout"
    play = Play(task("a", timeout=10.0)).start().pass_time(10)
    assert play.cancelling == {"a": "deadline"}
    play.fail("a", retry_in=1)
    assert play.statuses() == {"a": "failed"}


def test_a_deadline_that_comes_early_or_late_changes_nothing():
    """Timers may be wrong, instants are not."""
    play = Play(task("a", timeout=10.0), task("b"), global_timeout=60.0).start()
    assert play.take(ev.DeadlinePassed(scope="task", task="a")).events == []
    assert play.take(ev.DeadlinePassed(scope="run")).events == []
    assert play.take(ev.DeadlinePassed(scope="cleanup")).events == []
    play.complete("a").pass_time(10)
    assert play.run.status == "running"
    play.complete("b").pass_time(60)
    assert play.run.status == "completed"


def test_global_timeout_fails_the_run_with_timeout_error():
    """What is in flight is cancelled, cleanup still runs."""
    play = Play(task("a"), *cleaning("f"), global_timeout=60.0).start().pass_time(60)
    play.cancelled("a").complete("f")
    ended = play.last(ev.RunFailed)
    assert (ended.failure.category, ended.failure.code) == ("timeout_error", "global_timeout")


def test_cleanup_has_its_own_deadline():
    """A cleanup that hangs is cut off, and a completed run becomes failed by it."""
    play = Play(task("a"), *cleaning("f", "g"), max_parallel=1, cleanup_timeout=60.0).start().complete("a")
    play.pass_time(60)
    assert play.cancelling == {"f": "cancelled"}
    play.cancelled("f")
    assert play.last(ev.RunFailed).failure.code == "cleanup"


def test_a_failing_cleanup_makes_a_completed_run_failed_and_stops_no_other_cleanup():
    """`finally` tasks ignore the failure strategy."""
    play = Play(task("a"), *cleaning("f", "g")).start().complete("a").fail("f").complete("g")
    assert play.statuses()["g"] == "completed"
    assert play.last(ev.RunFailed).errors == ["f"]


def test_cleanup_runs_after_a_failure_and_may_have_conditions_and_order():
    """`when` of a `finally` task is asked when its time has come, not before."""
    play = Play(
        task("a"), task("f", cleanup=True, when=True), task("g", "f", cleanup=True), task("h", cleanup=True)
    ).start()
    assert play.questions == []
    play.fail("a")
    assert [question.task for question in play.questions] == ["f"]
    play.answer(True).complete("f").complete("g", "h")
    assert play.run.status == "failed"


def test_a_retry_in_cleanup_is_made_although_the_run_is_stopping():
    """Cleanup deserves its tries, unless it is skipped."""
    play = Play(task("a"), *cleaning("f")).start().fail("a").fail("f", retry_in=1).pass_time(1)
    assert play.running == ["f"]
    play.complete("f")


def test_cancel_during_cleanup_changes_how_the_run_ends():
    """The tasks have completed, and yet somebody wanted it to end."""
    play = Play(task("a"), *cleaning("f")).start().complete("a")
    play.command(cmd.Cancel())
    play.complete("f")
    assert play.run.status == "cancelled"


def test_late_facts_of_tasks_that_ended_are_dropped():
    """An answer after the end changes nothing, whatever it says."""
    play = Play(task("a"), task("b"), outputs=True).start().fail("a").cancelled("b")
    late = [
        ev.AttemptCompleted(task="b", attempt=1, result=1),
        ev.TaskCancelled(task="b"),
        ev.ExpressionEvaluated(role="when", task="b", value=True),
        ev.ExpressionEvaluated(role="output", task="b", attempt=1, value=True),
        ev.TaskReady(task="b"),
    ]
    assert play.take(*late).events == []
    play.answer({})
    assert play.take(ev.ExpressionEvaluated(role="outputs", value={}), *late).events == []
    assert play.run.status == "failed"


def test_a_task_that_waits_for_a_slot_when_its_time_is_over_fails_without_a_call():
    """Its retry delay is over, the slot is taken, and then its timeout passes."""
    play = Play(task("a", timeout=10.0), task("b"), max_parallel=1, strategy=FailureStrategy.CONTINUE).start()
    play.fail("a", retry_in=1).pass_time(1)
    assert play.statuses()["a"] == "ready"
    play.pass_time(9)
    assert play.run.tasks["a"].failure.code == "task_timeout"
    assert play.cancelling == {}
