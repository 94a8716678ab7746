"""Budgets in a real run: admission of each call, waits in the middle of one, raises, audits, parks."""

import asyncio
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from lead_tui.agents import registry
from lead_tui.agents.base import AgentResponse, Gate
from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.core.machine import Machine
from lead_tui.core.state import RUN_ENDED
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import load_dict
from lead_tui.testing import Call, CallLog, VirtualClock, run_flow, run_virtual, scripted
from lead_tui.testing.flows import memory_engine
from tests.runner.flows import flow, mock, ours

MODEL = {"calls": 1, "input_tokens": 60, "output_tokens": 40, "usd": 0.25}


def thinker(requests: int = 4):
    """An agent that asks a model so often, a second each, and goes on where an attempt before had come to."""

    async def think(call: Call) -> int:
        context = call.context
        for number in range(len(context.saved), requests):
            await context.admit()
            await asyncio.sleep(1)
            context.spend(MODEL)
            context.save(number)
        return requests

    return think


def requests_of(story) -> int:
    return round(story.state.spent[""]["calls"])


async def begin(engine, data):
    document = load_dict(data, Path(), {})
    given_inputs = resolve_inputs(document.workflow, {})
    return await engine.start(document, given_inputs, environment={}, park_when_waiting=True)


@pytest.mark.parametrize(
    ("budget", "made"),
    [({"usd": 0.5}, 2), ({"tokens": 150}, 2), ({"calls": 3}, 3), ({"seconds": 1.5}, 2), ({"usd": 9}, 4)],
)
def test_each_further_request_asks_the_budget(agent, budget, made):
    """The one that reaches the limit is the last; the attempt stands still before the next."""
    agent(thinker())
    story = run_flow(ours({"name": "a", "idempotent": False}, budget=budget))
    assert story.state.spent[""]["calls"] == made
    if made == 4:
        assert story.result.status == "completed"
        return
    assert (story.result.status, story.result.exit_code()) == ("waiting", 7)
    (what,) = budget
    assert [each["what"] for each in story.result.spent_budgets] == [what]
    assert story.types()[-2:] == ["task_waiting", "run_waiting"]
    assert len(story.of(ev.BudgetExceeded)) == 1


def test_an_attempt_that_stood_still_goes_on_when_the_budget_is_raised(agent):
    """With nothing done twice, and its timeout has not run meanwhile."""
    calls = agent(thinker())

    async def raise_it(run):
        await asyncio.sleep(1000)
        assert run.state.status == "waiting"
        assert (await run.send(cmd.RaiseBudget(usd=5.0), "ada")).accepted

    story = run_flow(
        ours({"name": "a"}, budget={"usd": 0.5}, agent={"timeout": 5}),
        meanwhile=raise_it,
        park_when_waiting=False,
    )
    assert story.result.results == {"a": 4}
    assert (len(calls), len(story.of(ev.AttemptStarted))) == (1, 2)
    completed = story.of(ev.AttemptCompleted)[0]
    assert (completed.duration, completed.usage["usd"]) == (4.0, 1.0)


def test_a_parked_attempt_begins_again_with_what_it_saved_and_what_it_had_spent(agent):
    """Each process goes as far as the budget lets it; the sums stand in the log."""
    calls = agent(thinker(6))

    async def play():
        journal = MemoryJournal(VirtualClock())
        run = await begin(
            memory_engine(journal), ours({"name": "a", "idempotent": False}, budget={"calls": 2})
        )
        assert (await run.wait()).exit_code() == 7
        engine = memory_engine(journal)
        run = await engine.take_up(run.run_id, environment={}, park_when_waiting=True)
        assert (await run.wait()).exit_code() == 7
        assert len(calls) == 1
        receipt = await engine.send(run.run_id, cmd.RaiseBudget(calls=4), "ada")
        assert (receipt.accepted, receipt.pending) == (True, True)
        assert "must be more" in (await engine.send(run.run_id, cmd.RaiseBudget(calls=4), "bob")).why
        run = await memory_engine(journal).take_up(run.run_id, environment={}, park_when_waiting=True)
        assert (await run.wait()).exit_code() == 7
        run = await memory_engine(journal).take_up(
            run.run_id, cmd.RaiseBudget(calls=9), environment={}, park_when_waiting=True
        )
        return await run.wait(), run.state

    result, state = run_virtual(play())
    assert result.results == {"a": 6}
    assert state.spent["m"]["usd"] == result.metrics["usage"]["usd"] == 1.5
    assert state.spent["m"]["calls"] == 6
    assert state.tasks["a"].attempt == 1


def test_calls_at_the_same_time_are_never_more_than_allowed():
    """Each is counted before it is made; the others wait without having begun."""
    tasks = [{"name": f"t{number}"} for number in range(8)]
    story = run_flow(flow(*tasks, agents=mock(latency=5), budget={"calls": 3}))
    assert story.result.tasks == {"waiting": 5, "completed": 3}
    assert len(story.of(ev.AttemptCompleted)) == 3
    assert requests_of(story) == 3
    waits = story.of(ev.TaskWaiting)
    assert not any(each.begun for each in waits)
    assert waits[0].why == "the budget of the flow is spent: 3 of 3 calls"


def test_a_task_that_was_never_called_can_be_begun_again_whatever_it_is():
    """It stood at the budget before its call."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        tasks = [{"name": f"t{number}", "idempotent": False} for number in range(3)]
        run = await begin(memory_engine(journal), flow(*tasks, agents=mock(latency=1), budget={"calls": 1}))
        await run.wait()
        raise_it = cmd.RaiseBudget(calls=9)
        run = await memory_engine(journal).take_up(run.run_id, raise_it, environment={})
        return await run.wait()

    assert run_virtual(play()).status == "completed"


def test_the_budget_of_one_agent_covers_calls_that_others_make_to_it(monkeypatch):
    """The caller stands still until it is raised; what it spends itself is its own."""
    calls = CallLog()
    monkeypatch.setitem(registry._registered, "server", scripted(lambda call: AgentResponse(
        True, call.parameters, usage={"usd": 1.0}), calls))  # fmt: skip

    async def ask(call: Call):
        for number in range(3):
            await call.context.call("server", "go", {"n": number})
        return "done"

    monkeypatch.setitem(registry._registered, "test", scripted(ask))
    agents = [{"name": "m", "type": "test"}, {"name": "server", "type": "server", "budget": {"usd": 2}}]

    async def raise_it(run):
        await asyncio.sleep(10)
        assert run.state.tasks["a"].short_of == "server"
        assert len(calls) == 2
        await run.send(cmd.RaiseBudget(agent="server", usd=9))

    story = run_flow(flow({"name": "a"}, agents=agents), meanwhile=raise_it, park_when_waiting=False)
    assert story.result.results == {"a": "done"}
    assert story.state.spent["server"] == {"usd": 3.0, "calls": 3, "seconds": 0.0}
    assert story.state.spent["m"] == {"usd": 3.0, "calls": 4, "seconds": 0.0}
    assert story.of(ev.AttemptCompleted)[0].usage == {"usd": 3.0, "calls": 3}


def test_an_attempt_that_makes_several_calls_at_once_waits_once(agent):
    """A task stands at one thing at a time; all of them go on in the end."""

    async def think(call: Call) -> str:
        async def request() -> None:
            await call.context.admit()
            await asyncio.sleep(1)
            call.context.spend({"calls": 1})

        call.context.spend({"calls": 1})
        await asyncio.gather(*(request() for _ in range(5)))
        return "done"

    agent(think)

    async def raise_it(run):
        for limit in (4, 20):
            await asyncio.sleep(10)
            assert run.state.status == "waiting"
            await run.send(cmd.RaiseBudget(calls=limit))

    story = run_flow(ours({"name": "a"}, budget={"calls": 2}), meanwhile=raise_it, park_when_waiting=False)
    assert story.result.results == {"a": "done"}
    assert requests_of(story) == 6


def test_people_and_cleanup_are_held_back_by_no_budget():
    """The question is asked and the finally task runs though everything is spent."""

    async def approve(run):
        await asyncio.sleep(5)
        assert run.state.waits_for == "gate"
        await run.send(cmd.Approve(gate="ask"))

    ask = {"name": "ask", "agent_name": "human", "action": "approve", "parameters": {"message": "?"}}
    data = flow(ask, {"name": "b", "depends_on": ["ask"]}, budget={"calls": 1})
    data["finally"] = [{"name": "z", "agent_name": "m", "action": "go"}]
    story = run_flow(data, meanwhile=approve, park_when_waiting=False)
    assert story.result.status == "completed"
    assert story.state.spent[""] == {"calls": 2, "seconds": 0.0}


def test_audit_tells_and_holds_nothing_back(agent):
    """One warning and one report for each limit."""
    agent(thinker())
    budget = {"usd": 0.5, "calls": 5, "mode": "audit"}
    story = run_flow(ours({"name": "a"}, {"name": "b"}, budget=budget))
    assert story.result.status == "completed"
    assert [each.what for each in story.of(ev.BudgetExceeded)] == ["usd", "calls"]
    assert {each.mode for each in story.of(ev.BudgetExceeded)} == {"audit"}


def test_a_cancelled_attempt_leaves_what_it_spent(agent):
    """In flight, or standing still at a budget."""
    agent(thinker())

    async def cancel(run):
        await asyncio.sleep(2.5)
        await run.send(cmd.CancelTask(task="a"))

    story = run_flow(ours({"name": "a"}, {"name": "b"}, budget={"calls": 7}), meanwhile=cancel)
    cancelled = story.of(ev.TaskCancelled)[0]
    assert (cancelled.usage["usd"], cancelled.duration) == (0.5, 2.5)
    assert story.state.spent[""]["usd"] == 1.5
    assert story.result.metrics["usage"]["usd"] == 1.5


def test_a_failed_attempt_leaves_what_it_spent(agent):
    """What it told while it ran, and what its response said."""

    def think(call: Call):
        call.context.spend({"calls": 1, "usd": 1.0, "nonsense": float("nan")})
        return AgentResponse(False, error="no", usage={"usd": 0.5, "unpriced_calls": 1})

    agent(think)
    story = run_flow(ours({"name": "a"}))
    assert story.of(ev.AttemptFailed)[0].usage == {"calls": 1, "usd": 1.5, "unpriced_calls": 1}


def test_the_live_counter_is_bounded(agent):
    """At most ten notes a second, and what came in between is shown a little later."""

    async def think(call: Call) -> None:
        for _ in range(100):
            call.context.spend({"calls": 1})
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)

    agent(think)
    notes = [note for note in run_flow(ours({"name": "a"})).notes if isinstance(note, ev.Usage)]
    assert 5 <= len(notes) <= 12
    assert notes[-1].usage == {"calls": 100}


def test_a_call_that_waits_for_a_limit_does_not_count_yet():
    """The budget is spent by calls that are made."""
    agents = mock(rate_limit={"requests": 1, "per": 10})
    tasks = [{"name": f"t{number}"} for number in range(4)]
    story = run_flow(flow(*tasks, agents=agents, budget={"calls": 3}))
    assert (requests_of(story), story.result.tasks) == (3, {"ready": 1, "completed": 3})


@settings(max_examples=60)
@given(
    limit=st.integers(1, 12),
    tasks=st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=5),
    parallel=st.booleans(),
    steps=st.integers(1, 4),
)
def test_an_enforced_budget_of_calls_is_never_overdrawn(limit, tasks, parallel, steps):
    """However many attempts run at once; raised step by step the run comes to its end, and the log folds to
    what the live run had spent.
    """
    made = []

    async def think(call: Call) -> None:
        if call.action == "fail" and call.attempt == 1:
            made.append(call.task)
            raise ValueError
        for _ in range(call.parameters["requests"]):
            await call.context.admit()
            made.append(call.task)
            await asyncio.sleep(1)
            call.context.spend({"calls": 1, "usd": 0.1})

    limits = [limit]

    async def raise_it(run):
        while run.state.status not in RUN_ENDED:
            await asyncio.sleep(50)
            assert len(made) <= limits[-1]
            if run.state.status == "waiting":
                limits.append(limits[-1] + steps)
                assert (await run.send(cmd.RaiseBudget(calls=limits[-1]))).accepted

    retry = {"max_attempts": 2, "retry_on": ["agent_error"]}
    data = ours(
        *({"name": f"t{number}", "action": "fail" if fails else "go", "parameters": {"requests": requests}}
          for number, (requests, fails) in enumerate(tasks)),
        agent={"retry_config": retry}, budget={"calls": limit}, parallel_execution=parallel,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._registered, "test", scripted(think))
        story = run_flow(data, meanwhile=raise_it, park_when_waiting=False)
    assert story.result.status == "completed"
    wanted = sum(requests + fails for requests, fails in tasks)
    assert len(made) == wanted == story.state.spent[""]["calls"]
    assert Machine(story.state.plan, "run", story.events).run == story.state
    held = False
    for event in story.events:
        match event:
            case ev.BudgetExceeded():
                held = True
            case ev.BudgetRaised():
                held = False
            case ev.AttemptStarted():
                assert not held


def test_what_others_used_before_a_park_is_counted_once(monkeypatch):
    """The attempt goes on from the sums of the log: its own, and those of the agents that it called."""
    monkeypatch.setitem(registry._registered, "server", scripted(lambda call: AgentResponse(
        True, call.parameters, usage={"usd": 1.0})))  # fmt: skip

    async def ask(call: Call) -> int:
        for number in range(len(call.context.saved), 3):
            await asyncio.sleep(1)
            await call.context.call("server", "go", {"n": number})
            call.context.spend({"calls": 1, "usd": 0.25})
            call.context.save(number)
            await call.context.ask(Gate("go on?"), bound_to=str(number))
        return 3

    monkeypatch.setitem(registry._registered, "test", scripted(ask))
    agents = [{"name": "m", "type": "test"}, {"name": "server", "type": "server"}]

    async def play():
        journal = MemoryJournal(VirtualClock())
        run = await begin(memory_engine(journal), flow({"name": "a", "idempotent": False}, agents=agents))
        result = await run.wait()
        while result.status == "waiting":
            approve = cmd.Approve(gate=result.waiting_for[0]["gate"])
            run = await memory_engine(journal).take_up(
                run.run_id, approve, environment={}, park_when_waiting=True
            )
            result = await run.wait()
        return result, run.state

    result, state = run_virtual(play())
    assert result.results == {"a": 3}
    assert state.spent == {
        "": {"calls": 6, "usd": 3.75, "seconds": 3.0},
        "m": {"calls": 6, "usd": 3.75, "seconds": 3.0},
        "server": {"calls": 3, "usd": 3.0, "seconds": 0.0},
    }
    assert result.metrics["usage"] == {"calls": 6, "usd": 3.75}
    assert state.tasks["a"].attempt == 1
