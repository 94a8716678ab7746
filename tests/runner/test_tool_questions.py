"""A tool call within which a person is asked is not in flight: a run that nobody looks at is left.

Whoever answers has it made again, and the attempt goes on with what it saved.
"""

import asyncio
from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from lead_tui.agents import registry
from lead_tui.agents.base import Gate
from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import load_dict
from lead_tui.testing import Call, CallLog, VirtualClock, run_flow, run_virtual, scripted
from lead_tui.testing.flows import memory_engine, story_of
from tests.runner.flows import flow


async def use(call: Call, name: str, agent: str = "desk", action: str = "book", **parameters):
    """One tool call to another agent, unless an attempt before has made it; gives what came of it."""
    context = call.context
    for piece in context.saved:
        if piece["call"] == name:
            return piece["result"]

    async def begun():
        context.tool_called(name, f"{agent}.{action}", parameters)
        await context.stored()

    response = await context.call(agent, action, parameters, begun, name)
    assert response.success, response.error
    context.save({"call": name, "result": response.result})
    context.tool_returned(name, f"{agent}.{action}", response.result)
    return response.result


async def ask(call: Call, text: str = "Who travels?"):
    """What a server does that asks within a call: the question belongs to that very call."""
    answer = await call.context.ask(Gate(text), bound_to=f"{call.context.idempotency_key}/{text}")
    return answer.by


@pytest.fixture
def team(monkeypatch):
    """A flow whose agent `m` runs a function and whose agents `desk` and `clerk` run others; `desk` tells its
    calls.
    """

    def register(caller, desk=ask, clerk=ask, *, idempotent=False, **settings):
        calls = CallLog()
        monkeypatch.setitem(registry._registered, "caller", scripted(caller))
        monkeypatch.setitem(registry._registered, "desk", scripted(desk, calls))
        monkeypatch.setitem(registry._registered, "clerk", scripted(clerk))
        agents = [{"name": "m", "type": "caller"}, *({"name": n, "type": n} for n in ("desk", "clerk"))]
        return flow({"name": "a", "idempotent": idempotent}, agents=agents, **settings), calls

    return register


def headless(data, *wishes):
    """Run it as a command line does, and each time it is left take it up with the next of these wishes."""

    async def left(run):
        async with asyncio.timeout(3600):
            return await run.wait()

    async def play():
        journal = MemoryJournal(VirtualClock())
        document = load_dict(data, Path(), {})
        run = await memory_engine(journal).start(document, {}, environment={}, park_when_waiting=True)
        for wish in wishes:
            result = await left(run)
            assert result.status == "waiting"
            made = wish(result) if callable(wish) else wish
            engine = memory_engine(journal)
            run = await engine.take_up(run.run_id, made, by="ada", environment={}, park_when_waiting=True)
        return story_of(journal, run, await left(run))

    return run_virtual(play())


def yes(result, **more):
    return cmd.Approve(gate=result.waiting_for[0]["gate"], **more)


def again(result):
    return yes(result, again=True)


def waiting(story):
    return [event.calls for event in story.of(ev.ToolsWaiting)]


def test_a_run_is_left_when_the_call_in_flight_asks(team):
    """With a word for it the call is made again and finds the answer; what was saved is not done again."""

    async def work(call):
        await use(call, "1", "clerk", "note")
        return await use(call, "2")

    data, calls = team(work, clerk=lambda call: "noted")
    story = headless(data, again)
    assert story.result.results == {"a": "ada"}
    assert len(calls) == 2
    assert len({each.context.idempotency_key for each in calls}) == 1
    assert [each.call for each in story.of(ev.ToolCalled)] == ["1", "2", "2"]
    assert (len(story.of(ev.ApprovalRequested)), waiting(story)) == (1, [["2"]])
    assert [each.attempt for each in story.of(ev.AttemptStarted)] == [1, 2]


def test_an_idempotent_task_needs_no_word(team):
    """The attempt comes back to its gate, and makes the call again."""
    data, calls = team(lambda call: use(call, "1"), idempotent=True)
    story = headless(data, yes)
    assert (story.result.results, len(calls)) == ({"a": "ada"}, 2)
    assert [each.attempt for each in story.of(ev.AttemptStarted)] == [1, 1]


def test_a_call_that_is_made_again_alone_is_still_that_call(team):
    """Of two that are alike only the second is made again: it has its own key, and its own question."""

    async def work(call):
        return [await use(call, "1"), await use(call, "2")]

    data, calls = team(work)
    story = headless(data, again, again)
    assert story.result.results == {"a": ["ada", "ada"]}
    keys = [each.context.idempotency_key for each in calls]
    assert (keys[0] == keys[1], keys[2] == keys[3], keys[1] == keys[2]) == (True, True, False)
    assert len(story.of(ev.ApprovalRequested)) == 2


def test_a_run_is_not_left_before_the_other_calls_have_returned(team):
    """Whatever asks meanwhile."""

    async def desk(call):
        if call.parameters:
            await asyncio.sleep(60)
            return "slept"
        return await ask(call)

    async def work(call):
        return await asyncio.gather(use(call, "1"), use(call, "2", sleep=True))

    data, calls = team(work, desk)
    story = headless(data, again)
    assert story.result.results == {"a": ["ada", "slept"]}
    assert len(calls) == 3
    types = story.types()
    assert types.index("approval_requested") < types.index("tool_returned") < types.index("run_waiting")


def test_a_question_deep_within_belongs_to_all_calls_that_wait_for_it(team):
    """A call that another agent makes is known by that agent's name."""
    data, _ = team(lambda call: use(call, "1"), lambda call: use(call, "2", "clerk"))
    story = headless(data, again)
    assert story.result.results == {"a": "ada"}
    assert waiting(story) == [["1", "desk/2"]]


def test_a_call_that_was_not_told_is_none(team):
    """Nobody looks for it: the run is left as for any question."""

    async def work(call):
        call.context.save("begun")
        return (await call.context.call("desk", "book", {}, None, "1")).result

    data, _ = team(work)
    story = headless(data, yes)
    assert (story.result.results, waiting(story)) == ({"a": "ada"}, [])


def test_calls_that_wait_for_their_turn_to_ask_are_not_in_flight(team):
    """Two ask at once: the run is left with one question, and asks the next when that is answered."""

    async def work(call):
        return await asyncio.gather(use(call, "1"), use(call, "2", "clerk"))

    data, calls = team(work)
    story = headless(data, again, again)
    assert story.result.results == {"a": ["ada", "ada"]}
    assert waiting(story) == [["1"], ["1", "2"], ["2"]]
    assert (len(calls), len(story.of(ev.ApprovalRequested))) == (2, 2)


def test_the_next_in_line_asks_when_the_question_before_is_answered(team):
    """In the same attempt, while somebody looks on; the run waits in between, and goes on by itself."""

    async def work(call):
        return await asyncio.gather(*(use(call, name, "clerk") for name in ("1", "2", "3")))

    async def approve(run):
        for number in range(3):
            await asyncio.sleep(10)
            assert run.state.status == "waiting"
            gate = next(name for name, gate in run.state.gates.items() if gate.answer is None)
            await run.send(cmd.Approve(gate=gate), f"p{number}")

    data, _ = team(work)
    story = run_flow(data, meanwhile=approve, park_when_waiting=False)
    assert story.result.results == {"a": ["p0", "p1", "p2"]}
    assert waiting(story) == [["1"], ["1", "2"], ["1", "2", "3"], ["2", "3"], ["3"]]
    assert [each.attempt for each in story.of(ev.AttemptStarted)] == [1, 1, 1, 1]


async def patient(call):
    """Ask, and go on without an answer after a while."""
    try:
        async with asyncio.timeout(10):
            return await ask(call)
    except TimeoutError:
        await asyncio.sleep(100)
        return "nobody"


def test_a_call_that_goes_on_without_its_turn_is_in_flight_again(team):
    """The run waits for the person alone when that one has returned, and not before."""

    async def work(call):
        return await asyncio.gather(use(call, "1"), use(call, "2", "clerk"))

    async def look(run):
        for seconds, status in ((5, "waiting"), (10, "running"), (100, "waiting")):
            await asyncio.sleep(seconds)
            assert run.state.status == status
        await run.send(cmd.Approve(gate=next(iter(run.state.gates))), "ada")

    data, _ = team(work, clerk=patient)
    story = run_flow(data, meanwhile=look, park_when_waiting=False)
    assert story.result.results == {"a": ["ada", "nobody"]}
    assert waiting(story) == [["1"], ["1", "2"], ["1"]]


def test_a_call_that_goes_on_without_its_answer_is_in_flight_again(team):
    """So is one whose question nobody waits for any more; what is asked after it is asked in its turn."""

    async def work(call):
        first = await use(call, "1")
        return [first, await use(call, "2", "clerk")]

    async def approve(run):
        await asyncio.sleep(5)
        assert run.state.status == "waiting"
        await asyncio.sleep(10)
        assert run.state.status == "running"
        await asyncio.sleep(500)
        await run.send(cmd.Approve(gate=next(iter(run.state.gates))), "late")
        await asyncio.sleep(500)
        await run.send(cmd.Approve(gate=list(run.state.gates)[-1]), "ada")

    data, _ = team(work, desk=patient)
    story = run_flow(data, meanwhile=approve, park_when_waiting=False)
    assert story.result.results == {"a": ["nobody", "ada"]}
    assert waiting(story) == [["1"], [], ["2"], ["2"]]


def test_a_call_that_waits_for_a_budget_is_not_in_flight(team):
    """The agent that it reached wants to call another one, and there is no money for that."""

    async def desk(call):
        return (await call.context.call("clerk", "go", {})).result

    def more(result):
        assert result.spent_budgets
        return cmd.RaiseBudget(calls=9)

    data, _ = team(
        lambda call: use(call, "1"), desk, lambda call: "paid", idempotent=True, budget={"calls": 2}
    )
    story = headless(data, more)
    assert story.result.results == {"a": "paid"}
    assert waiting(story) == [["1"]]


def test_a_question_before_the_call_holds_up_no_open_one(team):
    """A call that a person must allow is not open yet: nothing is told, and a plain answer is enough."""

    async def work(call):
        call.context.save({"call": "", "result": None})
        await call.context.ask(Gate("May I?"), bound_to="x")
        return await use(call, "1")

    data, calls = team(work, lambda call: "booked")
    story = headless(data, yes)
    assert (story.result.results, len(calls), waiting(story)) == ({"a": "booked"}, 1, [])


def test_a_call_that_is_cut_off_while_it_asks_leaves_nothing_behind(team):
    """A cancelled task has ended, and so has its question."""

    async def cancel(run):
        await asyncio.sleep(5)
        await run.send(cmd.CancelTask(task="a"))

    data, _ = team(lambda call: use(call, "1"))
    story = run_flow(data, meanwhile=cancel, park_when_waiting=False)
    assert story.state.tasks["a"].status == "cancelled"
    assert (story.state.calling, waiting(story)) == (0, [["1"]])


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 4)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(together=STEPS)
def test_whatever_asks_meanwhile_each_question_is_put_once(together):
    """Calls side by side that ask nothing, once or twice, in any order: headless, answer by answer, the run
    completes, and a call that asks nothing is made once.
    """
    made = Counter()

    async def desk(call):
        questions, seconds = call.parameters["asks"], call.parameters["seconds"]
        made[call.parameters["of"]] += 1
        for number in range(questions):
            await ask(call, f"{call.parameters['of']}, {number}?")
            await asyncio.sleep(seconds)
        await asyncio.sleep(seconds)

    async def work(call):
        async def step(number, questions, begin, seconds):
            await asyncio.sleep(begin)
            await use(call, f"{number}", of=f"{number}", asks=questions, seconds=seconds)

        await asyncio.gather(*(step(number, *each) for number, each in enumerate(together)))
        return "done"

    asked = sum(questions for questions, _, _ in together)
    with pytest.MonkeyPatch.context() as patch:
        for name, function in (("caller", work), ("desk", desk)):
            patch.setitem(registry._registered, name, scripted(function))
        agents = [{"name": "m", "type": "caller"}, {"name": "desk", "type": "desk"}]
        story = headless(flow({"name": "a", "idempotent": False}, agents=agents), *[again] * asked)
    assert story.result.results == {"a": "done"}
    assert [len(story.of(ev.ApprovalRequested)), len(story.state.gates)] == [asked, asked]
    for number, (questions, _, _) in enumerate(together):
        assert made[f"{number}"] == 1 if not questions else made[f"{number}"] > questions
