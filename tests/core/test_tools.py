"""Tool calls and saved pieces: what an attempt has done, and what the next one goes on with."""

import pytest

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.core.plan import PlannedBudget
from lead_tui.core.state import goes_on
from tests.core.play import Play, task


def test_a_tool_call_is_open_until_it_returns():
    """The state names the tools whose outcome nobody knows yet."""
    play = Play(task("a")).start().use_tool("a", "1", "mail.send").use_tool("a", "2", "clock.now")
    assert play.run.tasks["a"].calling == {"1": "mail.send", "2": "clock.now"}
    play.tool_returns("a", "1")
    assert play.run.tasks["a"].calling == {"2": "clock.now"}
    play.complete("a")
    assert not play.run.tasks["a"].calling


@pytest.mark.parametrize("end", ["complete", "fail", "cancelled"])
def test_what_comes_after_the_attempts_end_is_dropped(end):
    """A tool that returns late, a late piece, late costs and a late stall change nothing."""
    play = Play(task("a")).start()
    getattr(play, end)("a")
    late = (
        ev.ToolCalled(task="a", attempt=1, call="1", tool="x"),
        ev.ToolReturned(task="a", attempt=1, call="1", tool="x"),
        ev.ToolsWaiting(task="a", attempt=1, calls=["1"]),
        ev.AttemptSaved(task="a", attempt=1, piece=1),
        ev.AttemptSpent(task="a", attempt=1, usage={"usd": 9.0}),
        ev.AttemptStalled(task="a", attempt=1, idle=9.0),
    )
    assert play.take(*late).events == []


def test_what_an_attempt_tells_while_the_next_try_is_waited_for_is_dropped():
    """The attempt has ended, though its number is still the task's last."""
    play = Play(task("a")).start().fail("a", retry_in=5)
    assert play.take(ev.AttemptSaved(task="a", attempt=1, piece=1)).events == []


def test_a_tool_may_return_while_another_one_asks_a_person():
    """Also when the answer has come and no slot is free."""
    play = Play(task("a"), task("b"), max_parallel=1).start().use_tool("a").ask_person("a")
    play.tool_returns("a").save("a")
    assert play.running == ["b"]
    play.command(cmd.Approve(gate="a"))
    assert play.statuses()["a"] == "ready"
    play.use_tool("a", "2").tool_returns("a", "2")
    play.take(ev.AttemptFailed(task="a", attempt=1, failure=ev.Failure("tool_error", "broken")))
    assert play.statuses()["a"] == "failed"


def test_a_call_that_is_cancelled_with_its_answer_given_is_cut_off():
    """It stands still somewhere, though the task is ready."""
    play = Play(task("a"), task("b"), max_parallel=1).start().ask_person("a")
    play.command(cmd.Approve(gate="a"))
    play.command(cmd.CancelTask(task="a"))
    assert play.cancelling == {"a": "cancelled"}
    assert play.statuses()["a"] == "cancelled"


def test_pieces_outlive_failures_and_are_thrown_away_when_an_attempt_completes():
    """A retry goes on where the try before had come to."""
    play = Play(task("a")).start().save("a", {"n": 1}).fail("a", retry_in=1).pass_time(1).save("a", {"n": 2})
    assert play.run.tasks["a"].saved == [{"n": 1}, {"n": 2}]
    play.complete("a")
    assert not play.run.tasks["a"].saved


def test_a_persons_retry_begins_anew():
    """The conversation that failed is not continued."""
    play = Play(task("a")).start().save("a").fail("a")
    assert play.run.tasks["a"].saved == ["piece"]
    play.command(cmd.Retry())
    assert not play.run.tasks["a"].saved


def test_an_attempt_goes_on_if_it_saved_something_and_no_tool_call_is_open():
    """Only then nothing is done twice."""
    assert goes_on(True, open_calls=False)
    assert not goes_on(False, open_calls=False)
    assert not goes_on(True, open_calls=True)


def test_a_crash_between_two_tool_calls_goes_on_with_what_was_saved():
    """Though the task is not idempotent."""
    play = Play(task("ai", idempotent=False)).start().save("ai").use_tool("ai").tool_returns("ai").crash()
    assert play.calls["ai"].attempt == 2
    assert play.last(ev.TaskReady).why.endswith("goes on with what it saved")
    assert play.run.tasks["ai"].saved == ["piece"]


def test_a_crash_within_a_tool_call_is_left_to_a_person():
    """The reason names the tool."""
    play = Play(task("ai", idempotent=False)).start().save("ai").use_tool("ai", tool="mail.send").crash()
    assert play.statuses() == {"ai": "interrupted"}
    assert "mail.send" in play.last(ev.TaskInterrupted).why


def test_a_crash_within_a_tool_call_of_an_idempotent_task_runs_it_again():
    """That is what idempotent means."""
    play = Play(task("ai")).start().save("ai").use_tool("ai").crash()
    assert play.calls["ai"].attempt == 2
    assert not play.run.tasks["ai"].calling


def test_a_parked_attempt_at_a_tools_gate_comes_back_to_it():
    """It goes on with what it saved once the answer is there, though the task is not idempotent."""
    play = Play(task("ai", idempotent=False)).start().save("ai").ask_person("ai").crash()
    assert play.run.status == "waiting"
    play.command(cmd.Approve(gate="ai"))
    assert play.calls["ai"].attempt == 1
    play.complete("ai")


def test_a_parked_attempt_at_a_gate_with_another_tool_under_way_is_left_to_a_person():
    """What that one did nobody knows."""
    play = Play(task("ai", idempotent=False)).start().save("ai").use_tool("ai", "2", "pay").ask_person("ai")
    play.crash()
    assert play.statuses() == {"ai": "interrupted"}
    why = "its call of pay was in flight when the process before ended: it may have been executed, "
    assert play.last(ev.TaskInterrupted).why == f"{why}and an answer makes it again"


ASKED = "its call of {} asked a person when the process before ended: an answer makes it again"


def test_a_call_that_asks_a_person_is_not_in_flight():
    """The run waits for the answer alone, unless another call is in flight, or this one goes on."""
    play = Play(task("a"), task("b")).start().use_tool("a").let_wait("a", "1").ask_person("a")
    assert play.run.status == "running"
    play.complete("b")
    assert (play.last(ev.RunWaiting).why, play.run.status) == ("gate", "waiting")
    play.use_tool("a", "2")
    assert play.run.status == "running"
    play.let_wait("a", "1", "2")
    assert play.run.status == "waiting"
    play.let_wait("a", "2")
    assert play.run.status == "running"
    play.tool_returns("a")
    assert play.run.status == "waiting"
    play.command(cmd.Approve(gate="a"))
    assert (play.running, play.run.tasks["a"].waiting_calls) == (["a"], frozenset())


def test_a_call_that_waits_for_a_budget_is_not_in_flight():
    """Nor one whose answer has come, as long as the task does not go on."""
    budget = PlannedBudget({"usd": 1.0})
    play = Play(task("a"), task("b"), budget=budget).start().use_tool("a").let_wait("a", "1")
    play.ask_person("a").complete("b", usage={"usd": 1.0})
    play.command(cmd.Approve(gate="a"))
    assert (play.statuses()["a"], play.run.status) == ("ready", "waiting")
    play.command(cmd.RaiseBudget(usd=9.0))
    assert (play.run.status, play.running) == ("running", ["a"])
    play.spend("a", usd=8.0).let_wait("a", "1").stand_at_budget("a")
    assert play.run.status == "waiting"


def test_what_waits_is_told_by_the_attempt_that_is_alive():
    """The next attempt of the task begins with no call at all."""
    play = Play(task("a")).start().use_tool("a").let_wait("a", "1").fail("a", retry_in=1)
    assert play.run.tasks["a"].waiting_calls == frozenset()
    play.pass_time(1)
    assert play.take(ev.ToolsWaiting(task="a", attempt=1, calls=["1"])).events == []


def test_an_attempt_whose_call_asks_a_person_goes_on_with_what_it_saved():
    """It makes that call again, if whoever answers says so; then it is in the same generation."""
    play = Play(task("ai", idempotent=False)).start().save("ai").use_tool("ai", tool="desk.book")
    play.let_wait("ai", "1").ask_person("ai").crash()
    lost = play.last(ev.TaskInterrupted)
    assert (lost.why, lost.gate) == (ASKED.format("desk.book"), "ai")
    assert play.command(cmd.Approve(gate="ai")).startswith("the call that asks ended with its process")
    assert play.command(cmd.Approve(gate="ai", again=True)) == ""
    assert (play.calls["ai"].generation, play.calls["ai"].attempt) == (1, 2)
    assert play.run.tasks["ai"].saved == ["piece"]


def test_an_idempotent_attempt_whose_call_asks_a_person_stays_at_its_gate():
    """An answer is an answer."""
    play = Play(task("ai")).start().save("ai").use_tool("ai").let_wait("ai", "1").ask_person("ai").crash()
    assert (play.run.status, play.statuses()) == ("waiting", {"ai": "waiting"})
    assert play.command(cmd.Approve(gate="ai")) == ""
    assert play.calls["ai"].attempt == 1


def test_a_crash_between_the_answer_and_the_slot_loses_no_call():
    """A call that stood at a gate is made again only if that is harmless."""
    play = Play(task("a", idempotent=False), task("b"), max_parallel=1).start().ask_person("a")
    play.command(cmd.Approve(gate="a"))
    play.crash()
    assert play.statuses()["a"] == "interrupted"


def test_an_agent_can_be_restarted_if_the_run_has_it():
    """Also one that no task names, and that others call."""
    from lead_tui.core.plan import PlannedAgent

    play = Play(task("a"), agents={"m": PlannedAgent(), "server": PlannedAgent()}).start()
    assert play.command(cmd.RestartAgent(agent="server")) == ""
    assert play.restarted == ["server"]
    assert play.command(cmd.RestartAgent(agent="x")) == "no task of this run uses an agent 'x'"
