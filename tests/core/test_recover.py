"""A new owner: after a crash, after a park, after the end."""

import pytest

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.core import views
from lead_tui.flow.models import FailureStrategy
from tests.core.play import Play, task

CONTINUE = FailureStrategy.CONTINUE


def test_completed_tasks_stay_and_idempotent_ones_in_flight_run_again():
    """The next attempt has the next number, but no try is spent."""
    play = Play(task("a"), task("b", "a"), task("c")).start().complete("a").crash()
    assert play.last(ev.RunInterrupted)
    assert {name: (call.attempt, call.tries) for name, call in play.calls.items()} == {
        "b": (2, 0),
        "c": (2, 0),
    }
    play.complete("b", "c")
    assert play.run.status == "completed"


def test_a_call_in_flight_that_is_not_idempotent_is_left_to_a_person():
    """The run goes on with what it can, then waits."""
    play = Play(task("pay", idempotent=False), task("b", "pay"), task("c")).start().crash()
    assert play.statuses() == {"pay": "interrupted", "b": "pending", "c": "running"}
    play.complete("c")
    waiting = play.last(ev.RunWaiting)
    assert (waiting.why, waiting.tasks) == ("interrupted", ["pay"])


def test_an_interrupted_task_is_retried_with_a_new_generation():
    """A person's retry raises the generation, so idempotency keys differ."""
    play = Play(task("pay", idempotent=False)).start().crash()
    assert play.command(cmd.Retry()) == ""
    assert (play.calls["pay"].generation, play.calls["pay"].attempt) == (2, 2)
    play.complete("pay")
    assert play.run.status == "completed"


def test_an_interrupted_task_can_be_skipped():
    """Its dependents are skipped for upstream, and the run ends."""
    play = Play(task("pay", idempotent=False), task("b", "pay")).start().crash()
    assert play.command(cmd.Skip(task="pay")) == ""
    assert play.statuses() == {"pay": "skipped", "b": "skipped"}
    assert play.run.status == "completed"


def test_a_waiting_or_ready_task_can_be_skipped_and_a_running_one_not():
    """Cancel is the word for what runs."""
    play = Play(task("a"), task("b"), max_parallel=1).start()
    assert play.command(cmd.Skip(task="a")) == "a is running: cancel it instead"
    assert play.command(cmd.Skip(task="b"), by="") == ""
    play.fail("a", retry_in=9)
    assert play.command(cmd.Skip(task="a")) == ""
    assert play.cancelling == {"a": "cancelled"}
    assert play.run.status == "completed"


def test_timers_of_retries_and_deadlines_are_set_again():
    """A crash does not shorten a wait."""
    play = Play(task("a", timeout=100.0), global_timeout=600.0).start().fail("a", retry_in=30)
    play.pass_time(10).crash()
    assert sorted(timer.at for timer in play.timers) == [play.later(20), play.later(90), play.later(590)]
    play.pass_time(20)
    assert play.calls["a"].attempt == 2


def test_waits_that_lived_in_the_process_begin_anew():
    """A place in a rate limit is lost with its owner, the attempt's number is not."""
    play = Play(task("a")).start().wait("a").crash()
    assert play.calls["a"].attempt == 1


def test_a_condition_that_was_being_asked_is_asked_again():
    """The question was an order, not a fact."""
    play = Play(task("a", when=True)).start().crash()
    assert [question.task for question in play.questions] == ["a"]
    play.answer(True).complete("a")


def test_a_gate_survives_and_keeps_its_id():
    """Parked with the run, answered before anyone resumes it."""
    play = Play(task("gate")).start().ask_person("gate").crash()
    assert play.run.status == "waiting"
    assert play.types()[-2:] == ["run_resumed", "run_waiting"]
    play.crash((cmd.Approve(gate="gate"), "bob"), (cmd.Approve(gate="gate"), "eve"))
    assert play.refusals == ["", "gate has been answered by bob"]
    assert play.calls["gate"].attempt == 1
    play.complete("gate")
    assert play.run.status == "completed"


GONE = (
    "the call that asks ended with its process: answer with --again to have it made again, "
    "with all it did before it asked, or skip mcp"
)


def asked(**settings):
    """A call that is not idempotent asks a person, and its process ends."""
    return Play(task("mcp", idempotent=False, **settings)).start().ask_person("mcp").crash()


def test_a_call_that_asked_a_person_and_is_not_idempotent_is_interrupted():
    """Only an answer that says so makes it again: in the same generation, where it finds the answer."""
    play = asked()
    assert play.statuses() == {"mcp": "interrupted"}
    assert play.last(ev.TaskInterrupted).gate == "mcp"
    assert (play.command(cmd.Approve(gate="mcp")), play.command(cmd.Reject(gate="mcp"))) == (GONE, GONE)
    assert play.command(cmd.Approve(gate="mcp", again=True)) == ""
    assert (play.calls["mcp"].generation, play.calls["mcp"].attempt, play.calls["mcp"].tries) == (1, 2, 0)
    assert play.run.gates["mcp"].answer.answer == "approve"
    play.complete("mcp")
    assert play.run.status == "completed"


def test_an_answer_for_the_call_that_was_is_none_for_one_made_again():
    """Whoever answered while the call was alive has not decided that it be made again."""
    play = Play(task("mcp", idempotent=False)).start().ask_person("mcp")
    play.crash((cmd.Approve(gate="mcp"), "ada"), (cmd.Reject(gate="mcp", again=True), "bob"))
    assert play.refusals == [GONE, ""]
    assert play.calls["mcp"].attempt == 2
    play = Play(task("mcp", idempotent=False)).start().ask_person("mcp")
    assert play.command(cmd.Approve(gate="mcp")) == ""
    assert play.crash().statuses() == {"mcp": "interrupted"}
    assert views.open_gates(play.run) == []


def test_a_call_made_again_has_its_whole_time():
    """However long nobody drove the run."""
    play = Play(task("mcp", idempotent=False, timeout=5.0)).start().ask_person("mcp")
    play.now = play.later(7200)
    play.crash().command(cmd.Approve(gate="mcp", again=True))
    assert play.run.tasks["mcp"].deadline == play.later(5)
    play.pass_time(4).complete("mcp")
    assert play.run.status == "completed"


def test_a_call_made_again_in_a_sequential_run_holds_it():
    """Nothing else starts before it has ended."""
    play = Play(task("mcp", idempotent=False), task("b"), parallel=False).start().ask_person("mcp").crash()
    assert play.running == ["b"]
    play.complete("b").command(cmd.Approve(gate="mcp", again=True))
    assert play.run.holder == "mcp"
    play.complete("mcp")


@pytest.mark.parametrize("decision", [cmd.Retry(), cmd.Skip(task="mcp"), cmd.Cancel()])
def test_another_decision_closes_the_question_of_a_call_that_was(decision):
    """A retry asks anew, at a gate of its own."""
    play = asked()
    assert [gate.request.gate for gate in views.open_gates(play.run)] == ["mcp"]
    assert play.command(decision) == ""
    assert play.run.gates["mcp"].void
    assert views.open_gates(play.run) == []


def test_whether_the_call_that_asks_is_gone():
    """It is with its process, unless it may be made again without asking anybody."""
    for settings, driven, gone in (
        ({"idempotent": False}, True, False),
        ({"idempotent": False}, False, True),
        ({}, False, False),
    ):
        run = Play(task("mcp", **settings)).start().ask_person("mcp").run
        assert views.has_left(run, run.gates["mcp"], driven=driven) is gone
    run = asked().run
    assert views.has_left(run, run.gates["mcp"], driven=True)
    assert views.interrupted(run) == []
    assert views.why(run, "mcp")[-1] == "answer or skip the task to go on"


def test_a_crash_while_stopping_ends_the_run():
    """What was in flight is cancelled, whatever it was; cleanup begins again."""
    play = Play(task("a"), task("b", idempotent=False), task("f", cleanup=True)).start().fail("a").crash()
    assert play.statuses()["b"] == "cancelled"
    play.crash()
    assert play.calls["f"].attempt == 2
    assert any(timer.at == play.later(60) for timer in play.timers)
    play.complete("f")
    assert play.run.status == "failed"


def test_a_crash_while_stopping_closes_what_was_interrupted_before():
    """A run that is cancelled leaves no question open."""
    play = Play(task("pay", idempotent=False), task("b")).start().crash()
    play.command(cmd.Cancel())
    play.cancelled("b")
    assert play.statuses() == {"pay": "cancelled", "b": "cancelled"}


def test_a_run_that_was_paused_goes_on_when_it_is_taken_up():
    """Somebody wants it to go on; what was lost meanwhile is recovered first."""
    play = Play(task("a"), task("b", "a")).start()
    play.command(cmd.Pause())
    play.crash()
    assert play.run.status == "running"
    assert play.running == ["a"]


def test_a_pause_that_came_while_nobody_drove_the_run_does_not_stop_the_one_who_takes_it_up():
    """Also when it waits for a person at once."""
    play = Play(task("a", idempotent=False)).start().crash((cmd.Pause(), "ada"))
    assert play.refusals == [""]
    assert play.run.status == "waiting"


def test_a_run_of_which_nothing_was_stored_begins_with_what_was_wished():
    """A cancel before the first event cancels, instead of being lost."""
    play = Play(task("a"), task("f", cleanup=True)).crash((cmd.Cancel(skip_cleanup=True), "ada"))
    assert play.types()[:2] == ["run_queued", "run_started"]
    assert play.run.status == "cancelled"
    assert play.calls == {}


def test_a_cleanup_that_was_interrupted_gets_its_whole_time_again():
    """However long nobody drove the run."""
    play = Play(task("a"), task("f", cleanup=True), task("g", cleanup=True, when=True)).start().complete("a")
    play.pass_time(1)
    play.now = play.later(7200)
    play.crash()
    assert play.run.cleanup_deadline == play.later(60)
    assert [question.task for question in play.questions] == ["g"]
    play.answer(True).complete("f", "g")
    assert play.run.status == "completed"


def test_retry_reopens_what_failed_and_what_was_skipped_because_of_it():
    """Completed tasks stay as they are; `finally` tasks run again at the new end."""
    play = Play(
        task("a"), task("b", "a"), task("c", "b"), task("d"), task("f", cleanup=True), strategy=CONTINUE
    ).start()
    play.complete("a").fail("b").complete("d").complete("f")
    assert play.run.status == "failed"
    assert play.command(cmd.Retry()) == ""
    assert play.last(ev.RunReopened).tasks == ["b", "c", "f"]
    assert play.running == ["b"]
    play.complete("b").complete("c").complete("f")
    assert play.run.status == "completed"
    assert play.run.tasks["a"].attempt == 1


def test_retry_after_a_stop_runs_the_cancelled_tasks_too():
    """The global timeout begins anew."""
    play = Play(task("a"), task("b"), task("c", "b"), global_timeout=60.0).start().fail("a").cancelled("b")
    play.pass_time(100)
    assert play.command(cmd.Retry()) == ""
    assert play.running == ["a", "b"]
    assert play.run.deadline == play.later(60)
    play.complete("a", "b").complete("c")
    assert play.run.status == "completed"


def test_retry_of_a_live_run_puts_pending_tasks_back_to_waiting():
    """A task that had counted the failure as an end counts it as open again."""
    play = Play(task("a"), task("b"), task("c", ("a", "any"), "b"), strategy=CONTINUE).start().fail("a")
    assert play.command(cmd.Retry()) == ""
    play.complete("b")
    assert play.statuses()["c"] == "pending"
    play.complete("a").complete("c")
    assert play.run.status == "completed"


def test_retry_asks_conditions_again():
    """The facts that a condition reads may be others now."""
    play = Play(task("a"), task("b", "a", when=True), task("f", cleanup=True, when=True)).start()
    play.fail("a").answer(False)
    assert play.command(cmd.Retry()) == ""
    play.complete("a").answer(False).answer(False)
    assert play.run.status == "completed"


def test_there_must_be_something_to_retry():
    """A handled failure is none of the run's, and a stopping run has to end first."""
    play = Play(task("a", continue_on_failure=True)).start().fail("a")
    assert play.command(cmd.Retry()) == "nothing failed, was cancelled or interrupted"
    play = Play(task("a"), task("b")).start().fail("a")
    assert play.command(cmd.Retry()) == "the run is ending: retry when it has ended"


def test_retry_after_only_the_cleanup_failed():
    """Then the cleanup alone runs again."""
    play = Play(task("a"), task("f", cleanup=True)).start().complete("a").fail("f")
    assert play.command(cmd.Retry()) == ""
    assert play.last(ev.RunReopened).tasks == ["f"]
    play.complete("f")
    assert play.run.status == "completed"


def test_an_ended_run_can_be_taken_up_only_to_be_reopened():
    """Folding its log changes nothing, a retry does."""
    play = Play(task("a")).start().fail("a").crash((cmd.Retry(), "ada"))
    assert play.running == ["a"]
    assert "run_interrupted" not in play.types()


def test_a_deadline_of_an_interrupted_task_is_nobodys():
    """It has no clock until a person decides."""
    play = Play(task("pay", idempotent=False, timeout=5.0), task("b")).start().crash().pass_time(5)
    assert play.statuses()["pay"] == "interrupted"


def test_an_interrupted_task_in_a_sequential_run_gives_its_slot_away():
    """The others go on."""
    play = Play(task("pay", idempotent=False), task("b"), parallel=False).start().crash()
    assert play.running == ["b"]


def test_retry_leaves_alone_what_completed_after_the_failure():
    """A task that ran on `any` outcome has done its work."""
    play = (
        Play(task("a"), task("notify", ("a", "any")), strategy=CONTINUE).start().fail("a").complete("notify")
    )
    assert play.command(cmd.Retry()) == ""
    assert play.last(ev.RunReopened).tasks == ["a"]
    play.complete("a")
    assert play.run.tasks["notify"].attempt == 1
    assert play.run.status == "completed"


def test_who_takes_a_run_up_can_know_before_what_goes_on():
    """All that does not need a person, nor a task that does; without what is ended first."""
    play = Play(
        task("s"),
        task("t"),
        task("after", "t"),
        task("pay", idempotent=False),
        task("paid", "pay"),
        task("sweep", cleanup=True),
        max_parallel=3,
    ).start()
    assert views.going_on(play.run) == ["s", "t", "after"]
    assert views.going_on(play.run, without="s") == ["t", "after"]
    assert views.going_on(play.run, without="pay") == ["s", "t", "after", "paid", "sweep"]
    play.command(cmd.Cancel())
    assert views.going_on(play.run) == ["sweep"]
