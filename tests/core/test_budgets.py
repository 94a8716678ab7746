"""Budgets: what counts, when they warn, what they hold back, and who lets it go on."""

import pytest

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.core import views
from lead_tui.core.plan import PlannedAgent, PlannedBudget
from tests.core.play import Play, task


def budget(enforce: bool = True, **limits: float) -> PlannedBudget:
    return PlannedBudget(limits, enforce)


def of(agent: str = "m", **limits: float) -> dict[str, PlannedAgent]:
    return {agent: PlannedAgent(budget=budget(**limits))}


# what counts


def test_accounts_of_the_flow_and_of_agents():
    """Every attempt counts for its agent and for the flow, one that failed too; each is a call."""
    play = Play(task("a"), task("b", agent="n"), budget=budget(usd=9.0)).start()
    play.fail("a", usage={"usd": 1.0}, duration=2.0, retry_in=0).pass_time(0)
    play.complete("a", usage={"usd": 0.5}, duration=1.0).complete("b", duration=4.0)
    assert play.run.spent == {
        "": {"usd": 1.5, "calls": 3, "seconds": 7.0},
        "m": {"usd": 1.5, "calls": 2, "seconds": 3.0},
        "n": {"calls": 1, "seconds": 4.0},
    }
    assert play.run.tasks["a"].usage == {"usd": 1.5}


def test_without_a_budget_only_what_is_told_counts():
    """A run of 50,000 commands pays nothing for accounts that nobody asks for."""
    play = Play(task("a"), task("b", agent="n")).start()
    play.complete("a", usage={"usd": 0.5}, duration=1.0).complete("b", duration=4.0)
    assert play.run.spent == {scope: {"usd": 0.5, "calls": 1, "seconds": 1.0} for scope in ("", "m")}


def test_an_agent_that_counts_its_calls_is_believed():
    """Three requests to a model in one attempt are three calls."""
    play = Play(task("a")).start().complete("a", usage={"calls": 3, "input_tokens": 5})
    assert play.run.spent["m"]["calls"] == 3


def test_an_agent_that_only_asks_people_costs_nothing():
    """Neither calls nor the seconds that a person took."""
    play = Play(task("a", free=True)).start().complete("a", duration=99.0)
    assert play.run.spent == {}


def test_what_is_told_in_between_is_told_once():
    """The sums of an attempt grow; its end holds all of them."""
    play = Play(task("a")).start().spend("a", usd=1.0, calls=1).spend("a", usd=1.5, calls=2)
    assert play.run.spent["m"] == {"usd": 1.5, "calls": 2, "seconds": 0.0}
    play.spend("a", usd=0.5)
    assert play.run.spent["m"] == {"usd": 1.5, "calls": 2, "seconds": 0.0}, "a sum does not shrink"
    play.complete("a", usage={"usd": 2.0, "calls": 3})
    assert play.run.spent["m"]["usd"] == 2.0
    assert play.run.tasks["a"].usage == {"usd": 2.0, "calls": 3}


def test_calls_to_another_agent_count_for_both():
    """They are part of the attempt, and of the other one's budget."""
    play = Play(task("a")).start().spend("a", agent="server", duration=3.0, calls=2)
    play.complete("a", usage={"calls": 3, "usd": 1.0}, duration=5.0)
    assert play.run.spent == {
        "server": {"calls": 2, "seconds": 3.0},
        "": {"calls": 3, "usd": 1.0, "seconds": 5.0},
        "m": {"calls": 3, "usd": 1.0, "seconds": 5.0},
    }


def test_a_call_that_counts_nothing_is_one_beside_those_it_makes():
    """Its own attempt, and two of the other agent."""
    play = Play(task("a")).start().spend("a", agent="server", calls=2).complete("a", usage={"calls": 2})
    assert play.run.spent[""]["calls"] == 3


def test_what_a_cancelled_attempt_used_counts():
    """It was cut off, and it has cost something."""
    play = Play(task("a"), task("b")).start()
    play.command(cmd.CancelTask(task="a"))
    play.cancelled("a", usage={"usd": 3.0})
    assert play.run.spent["m"] == {"usd": 3.0, "calls": 1, "seconds": 0.0}


def test_what_a_parked_or_crashed_attempt_told_is_kept():
    """The next start of the same attempt goes on counting from there; a lost one counts as a call."""
    play = Play(task("a")).start().spend("a", usd=1.0).ask_person("a").crash()
    play.command(cmd.Approve(gate="a"))
    assert play.run.tasks["a"].costs.told == {"usd": 1.0}
    play.crash()
    assert play.calls["a"].attempt == 2
    assert (play.run.tasks["a"].costs.told, play.run.spent["m"]["usd"]) == ({}, 1.0)
    play.complete("a", usage={"usd": 0.5})
    assert play.run.spent["m"] == {"usd": 1.5, "calls": 2, "seconds": 0.0}


# limits


def test_calls_that_a_limit_does_not_count_are_told_once_for_each_agent():
    """Of no known price, or tokens; limits that count them say nothing."""
    limits = budget(usd=9.0, calls=9.0)
    agents = {"n": PlannedAgent(budget=budget(tokens=5.0))}
    play = Play(task("a"), task("b", "a", agent="n"), task("c", "b"), budget=limits, agents=agents).start()
    play.spend("a", unpriced_calls=1, input_tokens=5).spend("a", unpriced_calls=2, input_tokens=9)
    told = play.last(ev.BudgetUncounted)
    assert (told.agent, told.what, told.source, told.calls) == ("", "usd", "m", 1)
    play.complete("a", usage={"unpriced_calls": 2, "input_tokens": 9})
    play.complete("b", usage={"unpriced_calls": 1, "unmetered_calls": 1})
    play.complete("c", usage={"unpriced_calls": 1})
    found = [
        (each.agent, each.what, each.source) for each in play.log if isinstance(each, ev.BudgetUncounted)
    ]
    assert found == [("", "usd", "m"), ("", "usd", "n"), ("n", "tokens", "n")]
    assert views.uncounted(play.run) == [
        views.Uncounted("", "usd", 4),
        views.Uncounted("n", "tokens", 1),
    ]


def test_a_warning_at_four_fifths_and_the_end_at_the_limit_each_once():
    """A limit that is reached at once is not warned of."""
    play = Play(task("a"), task("b"), task("c"), budget=budget(usd=10.0, calls=100.0)).start()
    play.complete("a", usage={"usd": 8.0})
    warning = play.last(ev.BudgetWarning)
    assert (warning.agent, warning.what, warning.spent, warning.limit) == ("", "usd", 8.0, 10.0)
    play.complete("b", usage={"usd": 1.0}).complete("c", usage={"usd": 1.0})
    assert play.types().count("budget_warning") == 1
    exceeded = play.last(ev.BudgetExceeded)
    assert (exceeded.what, exceeded.spent, exceeded.mode) == ("usd", 10.0, "enforce")
    assert play.run.status == "completed"


@pytest.mark.parametrize(
    ("limits", "usage"),
    [
        ({"usd": 1.0}, {"usd": 1.0}),
        ({"tokens": 10.0}, {"input_tokens": 6, "output_tokens": 4}),
        ({"calls": 1.0}, {}),
        ({"seconds": 5.0}, {}),
    ],
)
def test_each_kind_of_limit(limits, usage):
    """Money, tokens in and out, calls, and the time of attempts."""
    play = Play(task("a"), task("b", "a"), budget=budget(**limits)).start()
    play.complete("a", usage=usage, duration=5.0)
    assert play.last(ev.BudgetExceeded).what == next(iter(limits))
    assert play.statuses()["b"] == "ready"


def test_ten_tenths_are_one():
    """Sums of fractions reach their limit."""
    names = [f"t{number}" for number in range(10)]
    play = Play(*(task(name) for name in names), budget=budget(usd=1.0)).start()
    for name in names:
        play.complete(name, usage={"usd": 0.1})
    assert play.last(ev.BudgetExceeded)


def test_nothing_starts_while_the_flows_budget_is_spent_and_what_is_in_flight_comes_to_its_end():
    """Then the run waits for somebody to raise it."""
    play = Play(task("a"), task("b"), task("c", "a"), budget=budget(usd=1.0)).start()
    play.complete("a", usage={"usd": 1.0})
    assert play.running == ["b"]
    assert play.run.status == "running"
    play.complete("b", usage={"usd": 5.0})
    waiting = play.last(ev.RunWaiting)
    assert (waiting.why, waiting.tasks, play.run.waits_for) == ("budget", ["c"], "budget")
    assert "somebody has to raise it" in views.why(play.run, "c")[0]
    spent = views.spent_budgets(play.run)
    assert [(each.what, each.spent, each.limit) for each in spent] == [("usd", 6.0, 1.0)]


def test_a_budget_of_one_agent_holds_only_its_tasks():
    """Others of lower priority go on."""
    play = Play(
        task("a"), task("b", "a", priority=5), task("c", "a", agent="n"), agents=of(calls=1.0), max_parallel=1
    ).start()
    play.complete("a")
    assert play.running == ["c"]
    play.complete("c")
    assert play.last(ev.RunWaiting).tasks == ["b"]


def test_a_sequential_run_waits_too():
    """With the task that holds its slot, or before the next one."""
    play = Play(task("a"), task("b"), parallel=False, budget=budget(calls=1.0)).start().complete("a")
    assert play.run.status == "waiting"
    play.command(cmd.RaiseBudget(calls=9.0))
    play.stand_at_budget("b")
    assert play.running == ["b"], "the budget has been raised meanwhile"


def test_audit_only_tells():
    """Nothing is held back."""
    play = Play(task("a"), task("b", "a"), budget=budget(enforce=False, calls=1.0)).start().complete("a")
    assert play.last(ev.BudgetExceeded).mode == "audit"
    assert play.running == ["b"]


def test_the_cleanup_is_held_back_by_no_budget():
    """It puts in order what calls have left."""
    play = Play(task("a"), task("f", cleanup=True), budget=budget(calls=1.0)).start().complete("a")
    assert play.running == ["f"]
    play.complete("f")
    assert play.run.status == "completed"


def test_a_retry_that_comes_due_is_held_back():
    """A failed attempt has spent, too."""
    play = Play(task("a"), budget=budget(calls=1.0)).start().fail("a", retry_in=3).pass_time(3)
    assert play.run.status == "waiting"
    assert play.statuses() == {"a": "ready"}
    play.command(cmd.RaiseBudget(calls=2.0))
    assert (play.calls["a"].attempt, play.calls["a"].tries) == (2, 1)


def test_a_call_that_stands_still_at_a_budget_goes_on_when_it_is_raised():
    """With the same number; it holds no slot meanwhile."""
    play = Play(task("a"), task("b"), max_parallel=1, agents=of(usd=1.0)).start()
    play.spend("a", usd=1.0).stand_at_budget("a", agent="m")
    assert (play.run.status, play.running) == ("waiting", [])
    assert views.why(play.run, "a")[0] == "waits for somebody to raise the budget of m"
    assert play.command(cmd.RaiseBudget(agent="m", usd=2.0), by="ada") == ""
    raised = play.last(ev.BudgetRaised)
    assert (raised.limits, raised.agent, raised.by) == ({"usd": 2.0}, "m", "ada")
    assert play.calls["a"].attempt == 1


def test_a_gate_and_a_spent_budget_at_once():
    """The run waits for the budget first, and then for the gate."""
    play = Play(task("a"), task("b"), task("c", "a"), budget=budget(calls=1.0)).start()
    play.ask_person("b").complete("a")
    assert (play.run.waits_for, play.last(ev.RunWaiting).tasks) == ("budget", ["c", "b"])
    play.command(cmd.RaiseBudget(calls=50.0))
    play.complete("c")
    assert (play.run.waits_for, play.last(ev.RunWaiting).tasks) == ("gate", ["b"])


def test_a_limit_that_was_reached_by_calls_in_flight_is_told_by_the_runner():
    """Once; and not any more if it was raised meanwhile."""
    play = Play(task("a"), task("b"), budget=budget(calls=1.0)).start()
    told = ev.BudgetExceeded(what="calls", spent=1.0, limit=1.0)
    assert play.take(told).events[0].type == "budget_exceeded"
    assert play.take(told).events == []
    play.command(cmd.RaiseBudget(calls=3.0))
    assert play.take(told).events == []
    assert play.take(ev.BudgetExceeded(what="usd", spent=1.0, limit=1.0, agent="x")).events == []


def test_what_a_raise_must_be():
    """More than the limit and than what is spent, of a budget that there is."""
    play = Play(task("a"), task("b", "a"), budget=budget(usd=2.0), agents=of(calls=9.0)).start()
    play.complete("a", usage={"usd": 5.0})
    refusals = {
        cmd.RaiseBudget(usd=4.0): "4 usd must be more than the limit now and what is spent: 5",
        cmd.RaiseBudget(usd=float("inf")): "inf usd must be more than the limit now and what is spent: 5",
        cmd.RaiseBudget(agent="m", calls=9.0): "9 calls must be more than the limit now and what is spent: 9",
        cmd.RaiseBudget(calls=7.0): "the budget of the flow does not limit calls: it limits usd",
        cmd.RaiseBudget(): "give a new limit: usd",
        cmd.RaiseBudget(agent="n", usd=9.0): (
            "the agent 'n' has no budget; there is one of the flow and of the agent 'm'"
        ),
    }
    assert {command: play.command(command) for command in refusals} == refusals
    assert Play(task("a")).start().command(cmd.RaiseBudget(usd=1.0)) == "the flow has no budget"
    assert play.command(cmd.RaiseBudget(usd=5.5)) == ""
    play.complete("b")
    assert play.command(cmd.RaiseBudget(usd=9.0)) == "the run has ended: completed"


def test_a_raise_that_is_nearly_spent_warns_again():
    """Once more at four fifths of the new limit."""
    play = Play(task("a"), task("b", "a"), budget=budget(usd=2.0)).start().complete("a", usage={"usd": 5.0})
    play.command(cmd.RaiseBudget(usd=6.0))
    assert play.last(ev.BudgetWarning).limit == 6.0
    assert play.running == ["b"]


def test_a_run_that_waits_for_a_budget_waits_again_when_it_is_taken_up():
    """Until the raise that came meanwhile is heard of."""
    play = Play(task("a"), task("b", "a"), budget=budget(calls=1.0)).start().complete("a").crash()
    assert (play.run.status, play.run.waits_for) == ("waiting", "budget")
    play.crash((cmd.RaiseBudget(calls=2.0), "ada"))
    assert play.refusals == [""]
    assert play.running == ["b"]


@pytest.mark.parametrize(
    ("saves", "begun", "status"),
    [(True, True, "running"), (False, True, "interrupted"), (False, False, "running")],
)
def test_a_call_that_stood_at_a_budget_when_its_process_ended(saves, begun, status):
    """It begins again if it saved something, or if it had not begun; else a person decides."""
    play = Play(task("ai", idempotent=False), budget=budget(usd=1.0)).start()
    play.spend("ai", usd=1.0)
    if saves:
        play.save("ai")
    play.stand_at_budget("ai", begun=begun).crash((cmd.RaiseBudget(usd=2.0), "ada"))
    assert play.statuses()["ai"] == status


def test_cancelling_a_run_that_waits_for_a_budget():
    """What stands still is cut off."""
    play = Play(task("a"), task("b", "a"), budget=budget(usd=1.0)).start().spend("a", usd=1.0)
    play.stand_at_budget("a")
    play.command(cmd.Cancel())
    assert play.cancelling == {"a": "cancelled"}
    assert play.run.status == "cancelled"


def test_skipping_a_task_that_waits_for_a_budget():
    """The rest of the run needs no money any more."""
    play = Play(task("a"), task("b", "a"), budget=budget(calls=1.0)).start().complete("a")
    assert play.command(cmd.Skip(task="b")) == ""
    assert play.run.status == "completed"


def test_what_a_raise_lets_go_on_can_be_known_before():
    """Of a run that nobody drives: what the budget holds stays until it is raised, with what needs it."""
    play = Play(task("a"), task("b"), task("c", "a"), task("d", "c"), budget=budget(usd=1.0)).start()
    play.complete("a", usage={"usd": 2.0})
    assert views.going_on(play.run) == ["b"]
    assert views.going_on(play.run, paid=True) == ["b", "c", "d"]
