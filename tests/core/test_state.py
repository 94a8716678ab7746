"""The one door to the state, and the questions that readers ask."""

import msgspec
import pytest

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.core import views
from lead_tui.core.apply import apply
from lead_tui.core.machine import Machine
from lead_tui.errors import IllegalTransition
from tests.core.play import Play, failure, task


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (ev.TaskReady(task="a", seq=99), "does not follow"),
        (ev.TaskReady(task="x"), "unknown"),
        (ev.TaskCompleted(task="b"), "which is pending"),
        (ev.AttemptStarted(task="a", attempt=2), "which is running"),
        (ev.AttemptStalled(task="b", attempt=1), "which is pending"),
        (ev.RunCompleted(), ""),
    ],
)
def test_an_event_that_does_not_fit_raises_and_changes_nothing(event, message):
    """The state after the refusal equals the state before."""
    import copy

    play = Play(task("a"), task("b", "a")).start()
    if isinstance(event, ev.RunCompleted):
        play.complete("a").complete("b")
        message = "has ended already"
    before = copy.deepcopy(play.run)
    with pytest.raises(IllegalTransition, match=message):
        apply(play.run, event if event.seq else msgspec.structs.replace(event, seq=play.run.seq + 1))
    assert play.run == before


def test_an_event_without_a_rule_is_refused():
    """A type that the fold does not know is no fact of a run."""
    with pytest.raises(IllegalTransition, match="no rule"):
        apply(Play(task("a")).run, ev.Event(seq=1))


def test_an_answer_to_a_gate_that_is_not_open_is_refused_by_the_fold():
    """The law holds for logs from elsewhere too."""
    play = Play(task("a")).start().ask_person("a")
    with pytest.raises(IllegalTransition, match="not open"):
        apply(play.run, ev.ApprovalGranted(task="a", gate="b", seq=play.run.seq + 1))


def test_the_output_template_shapes_the_result_and_failed_ones_leave_the_raw():
    """`output` comes before the attempt's end, in the same step."""
    play = Play(task("a"), task("b")).start()
    play.take(
        ev.ExpressionEvaluated(role="output", task="a", attempt=1, value="small"),
        ev.AttemptCompleted(task="a", attempt=1, result="large", meta={"status": 200}),
    )
    assert (play.run.tasks["a"].result, play.run.tasks["a"].meta) == ("small", {"status": 200})
    play.take(ev.ExpressionEvaluated(role="expect", task="b", attempt=1, value=True))
    play.complete("b", result="raw")
    assert play.run.tasks["b"].result == "raw"


def test_a_machine_refuses_the_log_of_another_run():
    """Folding checks as it goes."""
    with pytest.raises(IllegalTransition):
        Machine(Play(task("a")).plan, "r", [ev.TaskReady(task="b", seq=1)])


def test_that_an_attempt_stalled_changes_nothing_by_itself():
    """It is in flight until its end comes; the log says what happened."""
    play = Play(task("a")).start()
    task_before = msgspec.structs.replace(play.run.tasks["a"])
    play.stall("a")
    assert play.run.tasks["a"] == task_before
    assert play.types()[-1] == "attempt_stalled"
    assert play.fail("a").statuses() == {"a": "failed"}


def test_durations_are_seconds_from_start_to_end():
    """Waits are part of it; before the end it is 0."""
    play = Play(task("a")).start()
    assert play.run.tasks["a"].duration == 0.0
    play.fail("a", retry_in=5).pass_time(5)
    play.now = play.later(2)
    play.complete("a")
    assert play.run.tasks["a"].duration == 7.0
    assert play.last(ev.TaskCompleted).duration == 7.0


class TestWhy:
    """Each state of a task has its sentence, and each names what was recorded."""

    def ask(self, play, name):
        return " / ".join(views.why(play.run, name))

    def test_before_the_start(self):
        """Nothing has begun."""
        play = Play(task("a"), task("b", ("a", "failed")))
        assert self.ask(play, "a") == "the run has not started"
        assert self.ask(play, "b") == "waits for a (pending, on: failed)"

    def test_pending(self):
        """A dependency, a condition, the end of the others."""
        play = Play(task("a"), task("b", "a"), task("c", when=True), task("f", cleanup=True)).start()
        assert self.ask(play, "b") == "waits for a (running)"
        assert self.ask(play, "c") == "its condition is being evaluated"
        assert self.ask(play, "f") == "a finally task: it runs when all tasks have ended"

    def test_ready(self):
        """A slot, a limit, a pause, the one under way."""
        play = Play(task("a"), task("b"), max_parallel=1).start()
        assert self.ask(play, "b") == "ready: waits for one of 1 slots"
        play.command(cmd.Pause())
        assert self.ask(play, "b") == "ready: the run is paused"
        play = Play(task("a"), task("b"), limits={"m": 1}).start()
        assert self.ask(play, "b") == "ready: m has max_concurrency 1"
        play = Play(task("a"), task("b"), parallel=False).start()
        assert self.ask(play, "b") == "ready: tasks run one at a time, and a is under way"

    def test_running_and_waiting(self):
        """The attempt, the gate, the instant."""
        play = Play(task("a"), task("b"), task("c"), task("d", "a")).start()
        play.ask_person("b", message="ok?").fail("c", retry_in=60, why="HTTP 503").wait("a", "breaker")
        assert self.ask(play, "a") == "waits for breaker"
        assert self.ask(play, "b") == "waits for a person, at the gate b / ok?"
        assert self.ask(play, "c") == "waits for its next try until 00:01:00 / HTTP 503"
        play.take(ev.TaskReady(task="a", why="waited"))
        assert self.ask(play, "a") == "running: attempt 1 is in flight / waited"

    def test_ended(self):
        """What it died of, why it was skipped and what the condition saw."""
        play = Play(task("a"), task("b", "a"), task("c", when=True), task("d")).start()
        play.take(ev.ExpressionEvaluated(role="when", task="c", value=False, saw={"n": 1}, why="when: n"))
        play.complete("d").fail("a")
        assert self.ask(play, "a").startswith("failed at attempt 1: network_error: broken / a failed and")
        assert self.ask(play, "b") == "skipped (upstream) / a failed"
        assert self.ask(play, "c") == "skipped (condition) / when: n / n was 1"
        assert self.ask(play, "d") == "completed at attempt 1"
        assert views.errors(play.run) == {"a": "network_error: broken"}
        assert views.not_run(play.run) == {"b": "a failed"}
        assert views.progress(play.run) == (4, 4)

    def test_a_failure_that_stopped_nothing(self):
        """Its own cause is all there is to say."""
        play = Play(task("a", continue_on_failure=True)).start().fail("a")
        assert self.ask(play, "a") == "failed at attempt 1: network_error: broken / continue_on_failure"

    def test_interrupted_and_cancelled(self):
        """What a person can do about it."""
        play = Play(task("a", idempotent=False), task("b")).start().crash()
        assert self.ask(play, "a").endswith("retry the run or skip the task to go on")
        assert views.interrupted(play.run) == ["a"]
        play.command(cmd.Cancel())
        play.cancelled("b")
        assert self.ask(play, "b") == "cancelled / cancelled while running"


def test_open_gates_are_those_a_person_can_answer():
    """Answered and closed ones are not, nor any of an ended run."""
    play = Play(task("a"), task("b"), task("c")).start().ask_person("a").ask_person("b").ask_person("c")
    assert [gate.request.gate for gate in views.open_gates(play.run)] == ["a", "b", "c"]
    play.command(cmd.Approve(gate="a"))
    play.command(cmd.CancelTask(task="b"))
    assert [gate.request.gate for gate in views.open_gates(play.run)] == ["c"]
    play.command(cmd.Cancel())
    play.cancelled("a")
    assert views.open_gates(play.run) == []


def test_failures_know_how_bad_they_are():
    """Severity follows from the category; the text is both."""
    assert failure().severity == "medium"
    assert str(failure()) == "network_error: broken"


def test_what_a_newer_release_wrote_is_kept_and_says_nothing():
    """An unknown fact keeps the log gapless, an unknown command is refused and has no consequence."""
    play = Play(task("a")).start()
    newer = ev.UnknownEvent(name="task_dreamt", data={})
    assert newer.type == "task_dreamt"
    assert play.take(newer).effects == []
    assert "dance" in play.command(cmd.UnknownCommand(name="dance"))
    assert play.take(ev.CommandReceived(command=cmd.UnknownCommand(name="dance"))).effects == []
    play.complete("a")
    assert play.run.status == "completed"


def test_events_and_notes_know_their_name_on_the_wire():
    """The class's name in snake case."""
    assert ev.TaskReady(task="a").type == "task_ready"
    assert ev.Progress(done=1).type == "progress"
