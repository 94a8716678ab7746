"""Retries, limits, gates: a task that has started and does not run."""

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.flow.models import FailureStrategy
from tests.core.play import Play, failure, task


def test_a_retry_waits_for_its_instant_and_counts_its_tries():
    """The delay drawn stands in the event; a timer that comes early is not obeyed."""
    play = Play(task("a")).start().fail("a", retry_in=10, why="HTTP 503 is retried")
    scheduled = play.last(ev.RetryScheduled)
    assert (scheduled.attempt, scheduled.at, scheduled.delay) == (2, play.later(10), 10)
    assert scheduled.why == "HTTP 503 is retried"
    assert play.take(ev.TaskReady(task="a")).events == []
    play.pass_time(10)
    assert (play.calls["a"].attempt, play.calls["a"].tries) == (2, 1)
    play.complete("a")
    assert play.run.tasks["a"].failure is None


def test_an_attempt_that_waited_for_a_limit_keeps_its_number():
    """It had not run: no try is spent."""
    play = Play(task("a"), task("b"), max_parallel=1).start().wait("a")
    assert play.running == ["b"]
    play.complete("b").take(ev.TaskReady(task="a", why="waited"))
    assert (play.calls["a"].attempt, play.calls["a"].tries) == (1, 0)


def test_a_gate_parks_the_run_when_nothing_else_can_move():
    """The engine goes on with what it can, then says that it waits and for what."""
    play = Play(task("gate"), task("other"), task("after", "gate")).start().ask_person("gate", message="ok?")
    assert play.run.status == "running"
    play.complete("other")
    waiting = play.last(ev.RunWaiting)
    assert (waiting.why, waiting.tasks) == ("gate", ["gate"])
    assert play.command(cmd.Approve(gate="gate")) == ""
    assert play.run.status == "running"
    assert play.calls["gate"].attempt == 1
    play.complete("gate").complete("after")
    assert play.run.status == "completed"


def test_the_first_answer_wins():
    """The second is refused, with who was first."""
    play = Play(task("gate")).start().ask_person("gate")
    assert play.command(cmd.Reject(gate="gate", why="no"), by="bob") == ""
    assert play.command(cmd.Approve(gate="gate"), by="ada") == "gate has been answered by bob"
    assert play.last(ev.ApprovalRejected).by == "bob"
    assert play.run.gates["gate"].answer.why == "no"


def test_an_answer_is_checked_against_the_form_and_typed():
    """A bad value is refused and the gate stays open; text becomes the field's type."""
    play = Play(task("gate")).start().ask_person("gate", action="input", form={"n": {"type": "integer"}})
    assert "whole number" in play.command(cmd.Approve(gate="gate", values={"n": "many"}))
    assert play.command(cmd.Approve(gate="gate", values={"n": "3"})) == ""
    assert play.last(ev.ApprovalGranted).values == {"n": 3}


def test_an_answer_must_be_one_of_the_options():
    """What is not offered cannot be chosen."""
    play = Play(task("gate")).start().ask_person("gate", options=["blue", "green"])
    assert play.command(cmd.Approve(gate="gate", answer="red")) == "choose one of blue, green"
    assert play.command(cmd.Approve(gate="gate", answer="blue")) == ""


def test_gates_that_do_not_exist_or_have_closed_are_refused():
    """A cancelled task takes its gate with it."""
    play = Play(task("gate"), task("b")).start().ask_person("gate")
    assert play.command(cmd.Approve(gate="door")) == "the run has no gate 'door'"
    play.command(cmd.CancelTask(task="gate"))
    assert play.command(cmd.Approve(gate="gate")) == "gate is closed: its task has ended"
    assert play.cancelling == {"gate": "cancelled"}


def test_a_sequential_run_waits_at_a_gate_with_ready_tasks_behind_it():
    """The gate holds the only slot, so the run can do nothing else."""
    play = Play(task("gate"), task("b"), parallel=False).start().ask_person("gate")
    assert play.run.status == "waiting"
    assert play.statuses()["b"] == "ready"
    play.command(cmd.Approve(gate="gate"), by="")
    play.complete("gate").complete("b")
    assert play.run.status == "completed"


def test_a_running_delay_keeps_a_run_from_waiting_for_people():
    """As long as a timer will move it, the run is running."""
    play = Play(task("gate"), task("b")).start().ask_person("gate").fail("b", retry_in=3)
    assert play.run.status == "running"
    play.pass_time(3).complete("b")
    assert play.run.status == "waiting"


def test_pause_lets_what_is_in_flight_go_on_and_starts_nothing():
    """Clocks go on too; resume starts what became ready meanwhile."""
    play = Play(task("a"), task("b", "a"), task("f", cleanup=True)).start()
    assert play.command(cmd.Pause()) == ""
    play.complete("a")
    assert play.running == []
    assert play.run.status == "paused"
    assert play.command(cmd.Pause()).startswith("only a running run can be paused")
    assert play.command(cmd.Resume()) == ""
    assert play.running == ["b"]
    play.command(cmd.Pause())
    play.complete("b")
    assert play.statuses()["f"] == "pending"
    play.command(cmd.Resume(), by="")
    play.complete("f")
    assert play.run.status == "completed"
    assert play.command(cmd.Resume()) == "the run has ended: completed"


def test_only_a_paused_run_can_go_on():
    """Resume is no way to answer a gate."""
    play = Play(task("a")).start()
    assert play.command(cmd.Resume()) == "only a paused run can go on, this one is running"


def test_breakers_follow_their_events_and_can_be_steered():
    """The state shows each breaker as the run saw it; a person's wish becomes an effect."""
    play = Play(task("a")).start()
    play.take(ev.BreakerOpened(agent="m", failures=5, until=play.later(60)))
    assert play.run.breakers["m"].state == "open"
    play.take(ev.BreakerHalfOpened(agent="m"))
    assert play.run.breakers["m"].state == "half_open"
    play.take(ev.BreakerClosed(agent="m"))
    assert play.run.breakers["m"].state == "closed"
    assert play.command(cmd.TripBreaker(agent="m")) == ""
    assert play.command(cmd.ResetBreaker(agent="m")) == ""
    assert [effect.to for effect in play.steered] == ["open", "closed"]
    assert play.command(cmd.TripBreaker(agent="x")) == "no task of this run uses an agent 'x'"


def test_an_attempt_that_begins_to_wait_while_it_is_stopped_has_stopped():
    """Its run is stopping, or its time is over: it does not wait any more."""
    play = Play(task("a"), task("b")).start().fail("a").wait("b")
    assert play.statuses()["b"] == "cancelled"
    play = Play(task("a", timeout=5.0), strategy=FailureStrategy.CONTINUE).start().pass_time(5).wait("a")
    assert play.run.tasks["a"].failure.code == "task_timeout"


def test_a_run_at_a_gate_goes_on_when_a_deadline_ends_the_wait():
    """Nobody answered in time: the task fails, the others start."""
    play = Play(task("gate", timeout=5.0, continue_on_failure=True), task("b"), parallel=False).start()
    play.ask_person("gate")
    assert play.run.status == "waiting"
    play.pass_time(5)
    assert play.running == ["b"]
    assert play.last(ev.RunResumed).why == "it waits for nobody any more"


def test_a_gate_without_options_takes_no_answer_but_yes():
    """What was never offered cannot be chosen."""
    play = Play(task("gate")).start().ask_person("gate")
    assert (
        play.command(cmd.Approve(gate="gate", answer="blue"))
        == "gate offers no options: approve or reject it"
    )


def test_the_time_of_an_answer_is_when_it_was_given():
    """Not when the run's owner heard of it."""
    play = Play(task("gate")).start().ask_person("gate")
    given = play.now
    play.now = play.later(3600)
    play.take(ev.CommandReceived(command=cmd.Approve(gate="gate"), by="ada", at=given, inbox=7))
    assert play.last(ev.ApprovalGranted).at == given


def test_an_attempt_that_ends_while_it_asks_leaves_its_gate():
    """The agent gave up asking, failed, or was tried again: nobody needs to answer any more."""
    play = Play(task("a"), task("b"), limits={"m": 2}, strategy=FailureStrategy.CONTINUE).start()
    order = play.calls["a"]
    play.ask_person("a")
    play.take(ev.AttemptCompleted(task="a", attempt=order.attempt, result="gave up"))
    assert play.run.tasks["a"].result == "gave up"
    assert play.command(cmd.Approve(gate="a")) == "a is closed: its task has ended"
    order = play.calls["b"]
    play.ask_person("b")
    assert play.run.status == "waiting"
    play.take(ev.AttemptFailed(task="b", attempt=order.attempt, failure=failure(), retry_in=2.0))
    assert play.run.status == "running"
    play.pass_time(2).complete("b")
    assert play.run.status == "completed"
