"""What goes wrong in agents, journals and clocks costs a task, never the run, and is always said."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from lead_tui.agents import registry
from lead_tui.agents.base import AgentResponse, Gate
from lead_tui.clock import SystemClock
from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.errors import (
    AgentError,
    Category,
    CommandRefused,
    Failure,
    JournalError,
    MissingSecret,
    OwnershipLost,
    RunOwned,
    UsageError,
)
from lead_tui.journal.memory import MemoryJournal
from lead_tui.observers.hub import Observer
from lead_tui.runner.handle import Receipt
from lead_tui.testing import Call, VirtualClock, run_flow, run_virtual, scripted
from lead_tui.testing.flows import memory_engine
from tests.runner.flows import flow, mock, ours
from tests.runner.test_steering import BREAKING, HUMAN, begin

# agents


class Odd(BaseException):
    """Derived from nothing that one expects."""


@pytest.mark.parametrize("error", [Odd("odd"), KeyboardInterrupt(), asyncio.CancelledError(), SystemExit(3)])
def test_nothing_that_an_agent_raises_ends_more_than_its_attempt(agent, error):
    """Not even a cancellation of its own, which nobody asked for."""

    async def explode(call: Call):
        raise error

    agent(lambda call: explode(call) if call.task == "a" else "fine")
    story = run_flow(ours({"name": "a"}, {"name": "b"}, failure_strategy="continue_on_failure"))
    assert story.result.errors["a"].code == "raised"
    assert type(error).__name__ in story.result.errors["a"].message
    assert story.result.results == {"b": "fine"}


class Returning:
    """An agent class that returns whatever it was made with."""

    def __init__(self, monkeypatch, value):
        class Agent(scripted(lambda call: None)):
            async def execute(self, action, parameters, context):
                return value

        monkeypatch.setitem(registry._registered, "test", Agent)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": "map"}, "execute must return an AgentResponse, not dict"),
        (AgentResponse(False, error=ValueError("why")), "why"),
        (AgentResponse(False, error=Failure("no such", "why", "safe")), "its failure is malformed"),
        (AgentResponse(False, error=Failure(Category.NETWORK, "why", "safe", status="x")), "malformed"),
        (AgentResponse(True, meta={"f": object()}), "cannot be kept"),
        (AgentResponse(True, result=b"bytes"), "cannot be kept"),
    ],
)
def test_a_malformed_answer_is_a_failure_that_says_so(monkeypatch, value, message):
    """Whatever shape a plugin returns, the run goes on."""
    Returning(monkeypatch, value)
    story = run_flow(ours({"name": "a"}))
    assert story.result.status == "failed"
    assert message in story.result.errors["a"].message


def test_a_status_in_text_is_a_number(monkeypatch):
    """What can be understood is."""
    Returning(monkeypatch, AgentResponse(False, error=Failure(Category.NETWORK, "x", "safe", status="503")))
    assert run_flow(ours({"name": "a"})).result.errors["a"].status == 503


@pytest.mark.parametrize("usage", [{"tokens": float("nan")}, {"x": object()}, ["no map"]])
def test_usage_that_cannot_be_kept_does_not_cost_the_result(monkeypatch, usage):
    """The log comes back with the result in it."""
    Returning(monkeypatch, AgentResponse(True, "precious", usage=usage))
    story = run_flow(ours({"name": "a"}))
    assert story.result.results == {"a": "precious"}
    wire = msgspec.json.decode(msgspec.json.encode(story.events), type=list[ev.AnyEvent])
    assert wire == story.events


@pytest.mark.parametrize("meta", [[1], "abc", 7])
def test_meta_of_any_shape_does_not_cost_the_result(monkeypatch, meta):
    """It is kept under a name, and the log comes back with the result in it."""
    Returning(monkeypatch, AgentResponse(True, "precious", meta=meta))
    story = run_flow(ours({"name": "a"}))
    assert story.state.tasks["a"].meta == {"meta": meta}
    wire = msgspec.json.decode(msgspec.json.encode(story.events), type=list[ev.AnyEvent])
    assert wire == story.events


def test_an_agent_that_swallows_its_timeout_has_timed_out(agent):
    """What it returns afterwards is not used."""

    async def stubborn():
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            return "late"

    agent(lambda call: stubborn())
    story = run_flow(ours({"name": "a"}, agent={"timeout": 5}))
    assert story.result.errors["a"].code == "attempt_timeout"


def test_an_agent_that_cancels_its_own_task_has_failed(agent):
    """Nobody asked for it, so it is no cancellation: the attempt fails, and the run goes on to its end."""

    async def cancels_itself():
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(1)

    agent(lambda call: cancels_itself() if call.task == "a" else "fine")
    story = run_flow(ours({"name": "a"}, {"name": "b"}, failure_strategy="continue_on_failure"))
    assert "cancelled its own call" in story.result.errors["a"].message
    assert story.result.results == {"b": "fine"}


def test_outputs_that_json_cannot_hold_fail_the_run():
    """It ends, instead of coming back for ever."""
    story = run_flow(flow({"name": "a"}, outputs={"x": "{{ 1e308 * 10 }}"}))
    assert story.result.status == "failed"
    assert story.result.failure.message.startswith("outputs.x: ")
    story = run_flow(flow({"name": "a", "output": "{{ 1e308 * 10 }}"}))
    assert story.result.errors["a"].code == "not_plain"


def test_questions_of_one_call_are_asked_one_after_the_other(agent):
    """A task waits at one gate at a time, and each question gets its own answer."""

    async def ask(call: Call):
        answers = await asyncio.gather(*(call.context.ask(Gate(f"{n}?", options=("x", "y"))) for n in (1, 2)))
        return [answer.answer for answer in answers]

    agent(ask)

    async def approve(run):
        await asyncio.sleep(1)
        await run.send(cmd.Approve(gate="a", answer="x"))
        await asyncio.sleep(1)
        await run.send(cmd.Approve(gate="a.2", answer="y"))

    story = run_flow(ours({"name": "a"}), meanwhile=approve, park_when_waiting=False)
    assert story.result.results == {"a": ["x", "y"]}


@pytest.mark.parametrize(
    "gate",
    [
        Gate("m", options=[1, 2]),
        Gate("m", action="shout"),
        Gate("m", action="input", form={"a": 5}),
        Gate("m", action="input", form={"a": {"type": "colour"}}),
        Gate("m", show=object()),
        Gate(b"bytes"),
    ],
)
def test_a_question_that_nobody_could_answer_is_not_asked(agent, gate):
    """The agent is told, and the run goes on."""
    agent(lambda call: call.context.ask(gate))
    story = run_flow(ours({"name": "a"}))
    assert story.result.errors["a"].code in {"gate", "not_plain"}
    assert story.of(ev.ApprovalRequested) == []


def test_a_call_that_ends_while_it_asks_has_ended(agent):
    """A person's answer is not waited for on behalf of somebody who has left."""

    async def boom():
        await asyncio.sleep(3)
        raise ValueError("boom")

    async def ask(call: Call):
        await asyncio.gather(call.context.ask(Gate("sure?")), boom())

    agent(ask)
    story = run_flow(ours({"name": "a"}), park_when_waiting=False)
    assert "boom" in story.result.errors["a"].message
    assert story.result.execution_time == 3


def test_odd_notes_are_kept_as_far_as_they_make_sense(agent):
    """A log line must not cost the call, whatever is passed."""

    def talk(call: Call):
        call.context.log(3, level="warn", stream="foo")
        call.context.log("x", level="shout")
        call.context.progress("half", "ten", 5)
        call.context.progress("1.5", float("nan"))
        call.context.tokens(7)

    agent(talk)
    story = run_flow(ours({"name": "a"}))
    assert story.result.status == "completed"
    wire = msgspec.json.decode(msgspec.json.encode(story.notes), type=list[ev.AnyNote])
    assert wire == story.notes
    assert [(note.text, note.level, note.stream) for note in story.notes[:2]] == [
        ("3", "warning", "log"),
        ("x", "info", "log"),
    ]
    assert [(note.done, note.total) for note in story.notes[2:4]] == [(0.0, None), (1.5, None)]


class Mute(Exception):
    """Its text cannot be made."""

    def __str__(self):
        raise ValueError("no text")


def test_an_error_without_a_text_still_has_a_name(monkeypatch):
    """The type is told."""

    class Agent(scripted(lambda call: None)):
        async def execute(self, action, parameters, context):
            raise Mute

    monkeypatch.setitem(registry._registered, "test", Agent)
    assert run_flow(ours({"name": "a"})).result.errors["a"].message.startswith("Mute")


def test_what_is_expected_of_a_result_is_not_the_services_fault():
    """A breaker counts answers, not opinions on them."""
    tasks = [{"name": f"t{n}", "expect": ["false"]} for n in range(5)]
    story = run_flow(flow(*tasks, agents=mock(**BREAKING), failure_strategy="continue_on_failure"))
    assert len(story.result.errors) == 5
    assert story.of(ev.BreakerOpened) == []


def test_finally_tasks_are_tried_again_after_the_global_timeout():
    """Cleanup has a deadline of its own."""
    retry = {"max_attempts": 2, "initial_delay": 1, "jitter": False}
    fail = {"go": {"times": 1, "outcome": "safe"}}
    agents = [*mock(latency=100), {"name": "f", "type": "mock", "fail": fail, "retry_config": retry}]
    data = flow({"name": "a"}, agents=agents, global_timeout=5)
    story = run_flow(data | {"finally": [{"name": "z", "agent_name": "f", "action": "go"}]})
    assert story.state.tasks["z"].status == "completed"
    assert story.result.exit_code() == 124


@pytest.mark.parametrize("error", [RuntimeError("no"), SystemExit(3), asyncio.CancelledError(), Odd("odd")])
def test_an_agent_that_cannot_let_go_does_not_break_the_end(monkeypatch, error):
    """Whatever `close` raises is logged, and the run keeps its outcome."""

    class Sticky(scripted(lambda call: 1)):
        async def close(self):
            raise error

    monkeypatch.setitem(registry._registered, "test", Sticky)
    assert run_flow(ours({"name": "a"})).result.status == "completed"


# owners


def test_a_run_has_one_driver_also_within_one_process():
    """A second one is told that the run is owned, and the work is done once."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        run = await begin(engine, flow({"name": "a"}, agents=mock(latency=10)))
        with pytest.raises(RunOwned):
            await engine.take_up(run.run_id, environment={})
        assert (await run.wait()).status == "completed"
        assert run.state.tasks["a"].attempt == 1

    run_virtual(play())


async def stored_only(engine, data, run_id="bare"):
    """A run whose process died before its first event."""
    run = await begin(engine, data, run_id="other")
    await run.wait()
    record = engine.journal.record("other")
    await engine.journal.create(msgspec.structs.replace(record, id=run_id))


def test_a_cancel_of_a_run_that_never_began_runs_nothing():
    """The wish is older than the first task."""

    async def play():
        engine = memory_engine(MemoryJournal(VirtualClock()))
        await stored_only(engine, flow({"name": "a"}))
        run = await engine.take_up("bare", cmd.Cancel(), environment={})
        assert (await run.wait()).status == "cancelled"
        assert run.state.tasks["a"].attempt == 0

    run_virtual(play())


def test_a_paused_run_that_is_taken_up_goes_on():
    """Also if the pause came while nobody drove it."""

    async def play():
        engine = memory_engine(MemoryJournal(VirtualClock()))
        data = flow({"name": "a"}, {"name": "b", "depends_on": ["a"]}, agents=mock(latency=9))
        run = await begin(engine, data)
        await asyncio.sleep(1)
        await run.park()
        assert (await engine.send(run.run_id, cmd.Pause(), "ada")).pending
        again = await engine.take_up(run.run_id, environment={})
        assert (await again.wait()).status == "completed"

    run_virtual(play())


def test_an_interrupted_task_can_be_skipped_before_anyone_takes_the_run_up():
    """A command to a run that nobody drives is judged by what its next owner will find."""

    async def play():
        engine = memory_engine(MemoryJournal(VirtualClock()))
        data = flow({"name": "a", "idempotent": False}, agents=mock(latency=9))
        run = await begin(engine, data)
        await asyncio.sleep(1)
        await run.park()
        assert (await engine.send(run.run_id, cmd.Skip(task="a"), "ada")).pending
        refused = await engine.send(run.run_id, cmd.Skip(task="nobody"), "ada")
        assert refused == Receipt(False, "the run has no task 'nobody'")
        again = await engine.take_up(run.run_id, environment={}, park_when_waiting=True)
        assert (await again.wait()).status == "completed"
        assert again.state.tasks["a"].status == "skipped"

    run_virtual(play())


def test_the_time_of_an_answer_is_when_it_was_given():
    """A run that is taken up an hour later knows it."""

    async def play():
        clock = VirtualClock()
        engine = memory_engine(MemoryJournal(clock))
        run = await begin(engine, flow(HUMAN))
        await run.wait()
        answered = clock.now()
        await engine.send(run.run_id, cmd.Approve(gate="gate"), "ada")
        await asyncio.sleep(3600)
        again = await engine.take_up(run.run_id, environment={})
        result = await again.wait()
        assert result.results["gate"]["at"] == answered.isoformat()

    run_virtual(play())


def test_a_gate_keeps_its_answer_whatever_the_task_says_of_repeating():
    """Asking a person again does no harm."""

    async def play():
        engine = memory_engine(MemoryJournal(VirtualClock()))
        run = await begin(engine, flow(HUMAN | {"idempotent": False}))
        await run.wait()
        again = await engine.take_up(run.run_id, cmd.Approve(gate="gate"), by="ada", environment={})
        assert (await again.wait()).results["gate"]["by"] == "ada"

    run_virtual(play())


@pytest.mark.parametrize("run_id", ["last", "../x", "a b"])
def test_a_runs_id_is_a_name(run_id):
    """And never a word that means another run."""

    async def play():
        engine = memory_engine(MemoryJournal(VirtualClock()))
        with pytest.raises(UsageError):
            await begin(engine, flow({"name": "a"}), run_id=run_id)

    run_virtual(play())


def test_a_cancel_needs_no_secrets_if_nothing_is_called():
    """With a `finally` task it does; of an ended run it is refused before anything else."""
    inputs = {"key": {"type": "string", "secret": True, "required": True}}
    cleanup = {"finally": [{"name": "z", "agent_name": "m", "action": "go"}]}

    async def play():
        engine = memory_engine(MemoryJournal(VirtualClock()))
        run = await begin(engine, flow(HUMAN, inputs=inputs), {"key": "hunter2"})
        await run.wait()
        again = await engine.take_up(run.run_id, cmd.Cancel(), environment={})
        assert (await again.wait()).status == "cancelled"
        with pytest.raises(CommandRefused, match="has ended"):
            await engine.take_up(run.run_id, environment={})
        other = await begin(engine, flow(HUMAN, inputs=inputs, **cleanup), {"key": "hunter2"})
        await other.wait()
        with pytest.raises(MissingSecret):
            await engine.take_up(other.run_id, cmd.Cancel(), environment={})

    run_virtual(play())


# journals


class Shaky(MemoryJournal):
    """Fails on purpose."""

    fail_append = fail_heartbeat = None
    heartbeats = 0

    async def append(self, run_id, fence, events, status=None):
        if self.fail_append is not None:
            raise self.fail_append
        await super().append(run_id, fence, events, status)

    async def heartbeat(self, run_id, fence, now):
        self.heartbeats += 1
        if self.fail_heartbeat is not None:
            error, self.fail_heartbeat = self.fail_heartbeat, None
            raise error
        await super().heartbeat(run_id, fence, now)


def test_one_heartbeat_that_fails_is_not_the_last():
    """A journal that is locked for a while does not make an owner look dead."""

    async def play():
        journal = Shaky(VirtualClock())
        journal.fail_heartbeat = JournalError("locked")
        run = await begin(memory_engine(journal), flow({"name": "a"}, agents=mock(latency=60)))
        assert (await run.wait()).status == "completed"
        assert journal.heartbeats > 10

    run_virtual(play())


def test_an_owner_that_was_fenced_out_stops_its_work(agent):
    """It finds out with its next heartbeat, not when a long call ends."""
    stopped = []

    async def work():
        try:
            await asyncio.sleep(1000)
        finally:
            stopped.append(asyncio.get_running_loop().time())

    agent(lambda call: work())

    async def play():
        journal = Shaky(VirtualClock())
        journal.fail_heartbeat = OwnershipLost("somebody else has it")
        run = await begin(memory_engine(journal), ours({"name": "a"}))
        with pytest.raises(OwnershipLost):
            await run.wait()

    run_virtual(play())
    assert stopped == [pytest.approx(5.0)]


def test_a_command_that_meets_a_broken_journal_is_answered_with_the_error():
    """Nobody waits for ever."""

    async def play():
        journal = Shaky(VirtualClock())
        run = await begin(memory_engine(journal), flow({"name": "a"}, agents=mock(latency=60)))
        await asyncio.sleep(1)
        journal.fail_append = JournalError("disk full")
        with pytest.raises(JournalError, match="disk full"):
            await run.send(cmd.Pause())
        with pytest.raises(JournalError, match="disk full"):
            await run.wait()

    run_virtual(play())


def test_a_command_that_ends_the_run_is_accepted():
    """The fact settles its row in the same transaction, however soon the run is over."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        run = await begin(engine, flow({"name": "a"}, agents=mock(latency=50)))
        await asyncio.sleep(1)
        receipt = await memory_engine(journal).send(run.run_id, cmd.Cancel(), "bob")
        assert receipt == Receipt(True)
        result = await run.wait()
        assert result.status == "cancelled"
        events = [event for page in journal.read(run.run_id) for event in page]
        received = next(event for event in events if isinstance(event, ev.CommandReceived))
        assert (received.by, received.inbox) == ("bob", 1)

    run_virtual(play())


# time and those who look on


def test_the_clock_never_goes_back(monkeypatch):
    """Set back, it goes on at its own pace; set ahead, it follows."""
    import time

    offset = [0.0]
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + offset[0])
    clock = SystemClock()
    first = clock.now()
    offset[0] = -3600
    assert first <= clock.now() < datetime.fromtimestamp(real() + 60, UTC)
    offset[0] = 3600
    assert (clock.now() - first).total_seconds() >= 3600


def test_a_slow_observer_does_not_hold_the_run():
    """The run is free for others before the last observer has finished."""

    class Slow(Observer):
        async def on_close(self):
            await asyncio.sleep(3)

    async def play():
        journal = MemoryJournal(VirtualClock())
        run = await begin(memory_engine(journal), flow({"name": "a"}), observers=[Slow()])
        await asyncio.sleep(1)
        assert not journal.row(run.run_id).owner_alive
        await run.wait()
        assert asyncio.get_running_loop().time() == 3

    run_virtual(play())


def test_a_place_that_was_kept_for_a_task_is_given_back_when_it_is_cancelled():
    """A probe's place that its task will never use lets another probe."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        data = flow({"name": "a"}, agents=mock(**BREAKING))
        run = await begin(engine, flow({"name": "x"}, agents=mock(latency=1, **BREAKING)))
        await asyncio.sleep(0.5)
        await run.send(cmd.TripBreaker(agent="m"))
        await run.wait()
        first = await begin(engine, data)
        await asyncio.sleep(1)
        await first.send(cmd.Pause())
        await asyncio.sleep(40)
        assert first.state.tasks["a"].status == "ready"
        await first.send(cmd.Cancel())
        await first.wait()
        second = await begin(engine, data)
        assert (await second.wait()).status == "completed"
        assert second.result.execution_time == 0

    run_virtual(play())


def test_agent_errors_keep_what_they_said(agent):
    """An agent may still say exactly how its call failed."""

    def explode(call: Call):
        raise AgentError(Failure(Category.RESOURCE, "full", code="quota"))

    agent(explode)
    assert run_flow(ours({"name": "a"})).result.errors["a"].code == "quota"
