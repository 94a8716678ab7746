"""People and other processes: gates, pauses, parking, taking up, breakers and limits."""

import asyncio
from pathlib import Path

import pytest

from lead_tui.agents import registry
from lead_tui.agents.base import Gate
from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.errors import CommandRefused, RunNotFound, RunOwned, UsageError
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner import left
from lead_tui.runner.engine import Overrides, load_dict
from lead_tui.runner.handle import Receipt
from lead_tui.testing import CallLog, VirtualClock, run_flow, run_virtual, scripted
from lead_tui.testing.flows import memory_engine
from tests.runner.flows import flow, mock, ours

HUMAN = {"name": "gate", "agent_name": "human", "action": "approve", "parameters": {"message": "ok?"}}


async def begin(engine, data, inputs=None, **options):
    document = load_dict(data, Path(), {})
    given = resolve_inputs(document.workflow, inputs or {})
    options = {"environment": {}, "park_when_waiting": True, **options}
    return await engine.start(document, given, **options)


def test_a_gate_answered_while_the_run_lives():
    """The task completes with who answered, what and when; the slot was free meanwhile."""

    async def approve(run):
        await asyncio.sleep(60)
        assert (await run.send(cmd.Approve(gate="gate"), "ada")).accepted
        refused = await run.send(cmd.Reject(gate="gate"), "eve")
        assert (refused.accepted, refused.why) == (False, "gate has been answered by ada")

    data = flow(HUMAN, {"name": "b", "depends_on": ["gate"]})
    story = run_flow(data, meanwhile=approve, park_when_waiting=False)
    answer = story.result.results["gate"]
    assert (answer["by"], answer["answer"]) == ("ada", "approve")
    assert story.result.status == "completed"
    assert story.result.execution_time == 60


def test_a_rejected_gate_fails_its_task():
    """With who said no, and why."""

    async def reject(run):
        await asyncio.sleep(1)
        await run.send(cmd.Reject(gate="gate", why="too expensive"), "ada")

    story = run_flow(flow(HUMAN), meanwhile=reject, park_when_waiting=False)
    failure = story.result.errors["gate"]
    assert (failure.category, failure.code) == ("permission_error", "rejected")
    assert "ada" in failure.message
    assert "too expensive" in failure.message


def test_an_agent_may_ask_in_the_middle_of_its_call(monkeypatch):
    """A person's time is not the attempt's: its timeout stands still."""

    async def ask(call):
        await asyncio.sleep(3)
        answer = await call.context.ask(Gate("sure?"))
        await asyncio.sleep(3)
        return answer.by

    monkeypatch.setitem(registry._registered, "test", scripted(ask, CallLog()))

    async def approve(run):
        await asyncio.sleep(100)
        await run.send(cmd.Approve(gate="a"), "ada")

    agents = [{"name": "m", "type": "test", "timeout": 7}]
    story = run_flow(flow({"name": "a"}, agents=agents), meanwhile=approve, park_when_waiting=False)
    assert story.result.results == {"a": "ada"}
    assert len(story.of(ev.AttemptStarted)) == 2


def test_a_parked_run_is_answered_and_taken_up_by_another_engine():
    """The answer waits in the inbox, the second answer is refused, the gate keeps its id."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        first = memory_engine(journal)
        run = await begin(first, flow(HUMAN, {"name": "b", "depends_on": ["gate"]}))
        assert (await run.wait()).exit_code() == 5
        second = memory_engine(journal)
        receipt = await second.send(run.run_id, cmd.Approve(gate="gate"), "ada")
        assert (receipt.accepted, receipt.pending) == (True, True)
        assert not (await second.send(run.run_id, cmd.Approve(gate="gate"), "eve")).accepted
        assert not (await second.send(run.run_id, cmd.Approve(gate="door"), "eve")).accepted
        again = await second.take_up(run.run_id, environment={}, park_when_waiting=True)
        result = await again.wait()
        assert result.results["gate"]["by"] == "ada"
        assert result.status == "completed"
        assert second.result(run.run_id).results == result.results
        assert [row.state for row in journal.inbox(run.run_id, pending_only=False)] == ["accepted"]

    run_virtual(play())


def test_a_run_has_one_owner():
    """Who comes second is told, and changes nothing."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        run = await begin(memory_engine(journal), flow({"name": "a"}, agents=mock(latency=100)))
        await asyncio.sleep(1)
        other = memory_engine(journal)
        with pytest.raises(RunOwned):
            await other.take_up(run.run_id, environment={})
        assert (await run.wait()).status == "completed"

    run_virtual(play())


def test_another_process_steers_a_live_run_through_the_journal():
    """The receipt comes back once the owner has carried it out; refusals say why."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        run = await begin(memory_engine(journal), flow({"name": "a"}, agents=mock(latency=100)))
        other = memory_engine(journal).handle(run.run_id)
        assert (await other.send(cmd.Pause(), "bob")).accepted
        refused = await other.send(cmd.Pause(), "bob")
        assert not refused.accepted
        assert "only a running run" in refused.why
        assert (await other.send(cmd.Cancel(), "bob")).accepted
        result = await run.wait()
        assert result.status == "cancelled"
        late = await other.send(cmd.Cancel(), "bob")
        assert late == Receipt(False, "the run has ended: cancelled")

    run_virtual(play())


def test_a_foreign_run_can_be_followed_to_its_end():
    """Events come in order without gaps, notes between them."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        data = flow({"name": "a"}, {"name": "b", "depends_on": ["a"]}, agents=mock(latency=3))
        run = await begin(memory_engine(journal), data)
        other = memory_engine(journal).handle(run.run_id)
        seen = [item async for batch in other.events() for item in batch]
        assert [event.seq for event in seen] == list(range(1, run.state.seq + 1))
        assert seen[-1].type == "run_completed"
        own = [item async for batch in run.events(after=3) for item in batch]
        assert [event.seq for event in own] == list(range(4, run.state.seq + 1))

    run_virtual(play())


def test_an_ended_run_can_only_be_reopened():
    """Resume says so, retry runs what failed."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        agents = mock(fail={"go": {"times": 1, "category": "agent_error"}})
        run = await begin(engine, flow({"name": "a"}, agents=agents))
        assert (await run.wait()).status == "failed"
        with pytest.raises(CommandRefused, match="has ended"):
            await engine.take_up(run.run_id, environment={})
        with pytest.raises(CommandRefused, match="the run has ended"):
            await engine.take_up(run.run_id, cmd.Pause(), environment={})
        again = await engine.take_up(run.run_id, cmd.Retry(), by="ada", environment={})
        assert (await again.wait()).status == "completed"
        with pytest.raises(RunNotFound):
            await engine.take_up("nothing", environment={})

    run_virtual(play())


def test_a_parked_run_goes_on_where_it_was():
    """Parking cuts off what is in flight without a word in the log; the next owner says what it found."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        data = flow({"name": "a"}, {"name": "b", "depends_on": ["a"]}, agents=mock(latency=10))
        run = await begin(engine, data)
        await asyncio.sleep(15)
        await run.park()
        row = journal.row(run.run_id)
        assert row.parked
        assert row.heartbeat == engine.clock.now()
        assert not (await run.send(cmd.Cancel())).accepted
        assert run.state.tasks["b"].status == "running"
        again = await engine.take_up(run.run_id, environment={})
        result = await again.wait()
        assert result.status == "completed"
        assert again.state.tasks["a"].attempt == 1
        assert again.state.tasks["b"].attempt == 2

    run_virtual(play())


def test_a_run_id_is_taken_only_once():
    """The second start changes nothing."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        run = await begin(engine, flow({"name": "a"}), run_id="mine")
        await run.wait()
        with pytest.raises(UsageError):
            await begin(engine, flow({"name": "a"}), run_id="mine")

    run_virtual(play())


def test_overrides_are_kept_for_the_resume():
    """What was asked for one run holds for all of it."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        data = flow(HUMAN, {"name": "b"}, {"name": "c"}, agents=mock(latency=5))
        run = await begin(engine, data, overrides=Overrides(max_parallel=1, global_timeout=100))
        await run.wait()
        assert run.state.plan.max_parallel == 1
        again = await engine.take_up(run.run_id, cmd.Approve(gate="gate"), environment={})
        assert (await again.wait()).execution_time == 10
        assert again.state.plan.global_timeout == 100

    run_virtual(play())


def test_a_rate_limit_makes_calls_wait_without_a_slot():
    """Two calls a minute: four tasks take a minute, and no attempt is spent on waiting."""
    agents = mock(rate_limit={"requests": 2, "per": "1m"})
    story = run_flow(flow(*({"name": name} for name in "abcd"), agents=agents))
    assert story.result.status == "completed"
    assert 60 <= story.result.execution_time < 61
    assert {task.attempt for task in story.state.tasks.values()} == {1}
    assert {each.reason for each in story.of(ev.TaskWaiting)} == {"rate_limit"}


def test_cancelling_a_run_frees_those_who_wait_for_a_limit():
    """Nobody waits for a turn any more."""

    async def cancel(run):
        await asyncio.sleep(1)
        await run.send(cmd.Cancel())

    agents = mock(rate_limit={"requests": 1, "per": "1h"})
    story = run_flow(flow({"name": "a"}, {"name": "b"}, agents=agents), meanwhile=cancel)
    assert story.result.status == "cancelled"
    assert story.result.execution_time < 2


BREAKING = {"circuit_breaker": {"failure_threshold": 2, "recovery_timeout": "30s"}}


def test_a_breaker_opens_probes_and_closes_again():
    """Each change is in the log; those who waited go on when the probe has succeeded."""
    agents = mock(fail={"bad": {"category": "timeout_error"}}, **BREAKING)
    tasks = [
        {"name": "a", "action": "bad"},
        {"name": "b", "action": "bad", "depends_on": [{"task": "a", "on": "any"}]},
        {"name": "c", "depends_on": [{"task": "b", "on": "any"}]},
    ]
    story = run_flow(flow(*tasks, agents=agents, failure_strategy="continue_on_failure"))
    changes = [type_ for type_ in story.types() if type_.startswith("breaker")]
    assert changes == ["breaker_opened", "breaker_half_opened", "breaker_closed"]
    assert story.state.tasks["c"].status == "completed"
    assert story.result.execution_time == 30
    assert story.result.metrics["breaker_changes"] == 3


def test_a_dead_service_costs_one_recovery_time():
    """Ten tasks wait for one probe, and fail with it."""
    agents = mock(fail={"go": {"category": "timeout_error"}}, **BREAKING)
    tasks = [{"name": f"t{number}"} for number in range(12)]
    data = flow(*tasks, agents=agents, failure_strategy="continue_on_failure", max_parallel=2)
    story = run_flow(data)
    assert story.result.execution_time == 30
    assert sum(f.code == "circuit_open" for f in story.result.errors.values()) >= 8


def test_a_run_that_begins_behind_an_open_breaker_records_it():
    """A fold of one log shows the breaker as that run met it; an operator may reset it."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        agents = mock(**BREAKING)
        run = await begin(engine, flow({"name": "a"}, agents=mock(latency=5, **BREAKING)))
        await asyncio.sleep(1)
        assert (await run.send(cmd.TripBreaker(agent="m"), "ada")).accepted
        await run.wait()
        other = await begin(engine, flow({"name": "x"}, agents=agents))
        await asyncio.sleep(1)
        assert other.state.breakers["m"].state == "open"
        assert other.state.tasks["x"].wait == "breaker"
        assert (await other.send(cmd.ResetBreaker(agent="m"), "ada")).accepted
        assert (await other.wait()).status == "completed"
        assert journal.row(other.run_id).status == "completed"

    run_virtual(play())


def test_a_closed_agent_is_closed_once_and_may_fail_at_it(monkeypatch, caplog):
    """A plugin that cannot let go does not break the end of the run."""
    closed = []

    class Sticky(scripted(lambda call: 1)):
        async def close(self):
            closed.append(self.config.name)
            raise RuntimeError("no")

    monkeypatch.setitem(registry._registered, "test", Sticky)
    story = run_flow(flow({"name": "a"}, {"name": "b"}, agents=[{"name": "m", "type": "test"}]))
    assert story.result.status == "completed"
    assert closed == ["m"]
    assert "could not be closed" in caplog.text


def test_an_answer_for_a_call_that_ended_with_its_process(agent):
    """Who answered the call that was has not asked for another one: the question is still open, and whoever
    has it made again is heard by it.
    """

    async def ask(call):
        return (await call.context.ask(Gate("sure?"), bound_to="this")).by

    agent(ask)

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        run = await begin(engine, ours({"name": "a", "idempotent": False}))
        (asked,) = (await run.wait()).waiting_for
        gate, run_id = asked["gate"], run.run_id
        assert asked["again"]
        journal.post(run_id, cmd.Approve(gate=gate), "ada", engine.clock.now())
        assert left.given(journal, run_id, run.state) == left.NOTHING
        assert "--again" in (await engine.send(run_id, cmd.Reject(gate=gate), "eve")).why
        assert (await engine.send(run_id, cmd.Approve(gate=gate, again=True), "bob")).pending
        assert left.given(journal, run_id, run.state).answers == {gate: "bob"}
        refused, stored = journal.inbox(run_id, pending_only=False)
        assert ("--again" in refused.why, stored.state) == (True, "pending")
        taken_up = await engine.take_up(run_id, environment={}, park_when_waiting=True)
        assert (await taken_up.wait()).results == {"a": "bob"}

    run_virtual(play())
