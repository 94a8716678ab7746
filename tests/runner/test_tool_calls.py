"""What an agent tells of its tools, what it saves, and the gates that belong to one call alone."""

import asyncio
from pathlib import Path

import pytest

from lead_tui.agents.base import Gate
from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.core.machine import Machine
from lead_tui.errors import Category, Failure, Outcome, failed
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.journal.memory import MemoryJournal
from lead_tui.journal.owner import this_process
from lead_tui.runner.gates import bound_gate_name
from lead_tui.runner.picture import LONGEST, picture
from lead_tui.runner.secrets import Concealer
from lead_tui.testing import Call, VirtualClock, run_flow, run_virtual
from lead_tui.testing.flows import memory_engine
from tests.runner.flows import ours

BROKEN = Failure(Category.NETWORK, "down", Outcome.SAFE)


async def begin(engine, data, **options):
    document = load(data)
    given = resolve_inputs(document.workflow, {})
    return await engine.start(document, given, environment={}, park_when_waiting=True, **options)


def load(data):
    from lead_tui.runner.engine import load_dict

    return load_dict(data, Path(), {})


def test_tool_calls_are_facts_with_duration_and_without_secrets(agent):
    """Also when several are under way at once; each knows how long it took."""

    async def use(call: Call) -> str:
        context = call.context
        context.conceal("hunter22")
        context.tool_called("1", "mail.send", {"to": "ada", "password": "hunter22"})
        context.tool_called("2", "clock.now", {})
        await asyncio.sleep(2)
        context.tool_returned("2", "clock.now", failure=BROKEN)
        await asyncio.sleep(1)
        context.tool_returned("1", "mail.send", "sent with hunter22")
        return "done"

    agent(use)
    story = run_flow(ours({"name": "a"}))
    called, returned = story.of(ev.ToolCalled), story.of(ev.ToolReturned)
    assert [(each.call, each.tool, each.arguments) for each in called] == [
        ("1", "mail.send", {"to": "ada", "password": "***"}),
        ("2", "clock.now", {}),
    ]
    assert [(each.call, each.result, each.failure, each.duration) for each in returned] == [
        ("2", None, BROKEN, 2.0),
        ("1", "sent with ***", None, 3.0),
    ]


def test_a_picture_is_bounded_and_plain():
    """A long one is the beginning of its text; a secret is masked before it is cut in two."""
    nothing = Concealer()
    assert picture({"n": [1, None]}, nothing) == {"n": [1, None]}
    long = picture(["x" * LONGEST], nothing)
    assert long.startswith('["xxx')
    assert long.endswith(f"… ({LONGEST + 4:,} characters)")
    secret = "s3cret-" * 4
    cut = picture("y" * (LONGEST - 10) + secret + "z" * 100, Concealer([secret]))
    assert "s3cret" not in cut
    assert picture({1, 2}, nothing) == [1, 2]
    assert picture(object(), nothing).startswith("(object: ")


def test_an_attempt_goes_on_with_what_the_one_before_saved(agent):
    """Though the outcome is unknown and the task not idempotent; what this one saves is not in `saved`."""
    seen = []

    async def talk(call: Call) -> str:
        seen.append(list(call.context.saved))
        call.context.save({"step": call.attempt})
        if call.attempt < 3:
            raise failed(Category.NETWORK, "reset", Outcome.UNKNOWN)
        assert len(call.context.saved) == 2
        return "done"

    agent(talk)
    task = {"name": "a", "idempotent": False}
    story = run_flow(ours(task, agent={"retry_config": {"max_attempts": 5}}))
    assert seen == [[], [{"step": 1}], [{"step": 1}, {"step": 2}]]
    assert story.result.status == "completed"
    assert not story.state.tasks["a"].saved


def test_without_anything_saved_an_unknown_outcome_is_not_tried_again(agent):
    """The attempt would begin anew."""
    calls = agent(lambda call: (_ for _ in ()).throw(failed(Category.NETWORK, "reset", Outcome.UNKNOWN)))
    run_flow(ours({"name": "a", "idempotent": False}, agent={"retry_config": {"max_attempts": 5}}))
    assert len(calls) == 1


@pytest.mark.parametrize(("idempotent", "attempts"), [(False, 1), (True, 2)])
def test_an_attempt_that_fails_with_a_tool_call_open_did_something(agent, idempotent, attempts):
    """Whatever it failed of itself, it is only made again if the task is idempotent."""

    async def talk(call: Call) -> str:
        call.context.save("question")
        call.context.tool_called("1", "pay", {})
        raise failed(Category.RESOURCE, "429", Outcome.SAFE)

    calls = agent(talk)
    task = {"name": "a", "idempotent": idempotent}
    run_flow(ours(task, agent={"retry_config": {"max_attempts": 2}}))
    assert len(calls) == attempts


def test_what_cannot_be_kept_fails_the_attempt(agent):
    """A piece must come back as it went."""
    agent(lambda call: call.context.save(object()))
    story = run_flow(ours({"name": "a"}))
    assert story.result.errors["a"].code == "not_plain"


def test_a_gate_is_bound_to_its_text(agent):
    """A parked attempt comes back to the gate of the same call, whatever else it asks before."""
    asked = []

    async def talk(call: Call) -> list[str]:
        context = call.context
        texts = ["second", "first"] if context.saved else ["first", "second"]
        context.save("something")
        asked.append(texts)
        return [(await context.ask(Gate(text), bound_to=text)).by for text in texts]

    agent(talk)

    async def play():
        journal = MemoryJournal(VirtualClock())
        run = await begin(memory_engine(journal), ours({"name": "a", "idempotent": False}))
        for text, person in (("first", "ada"), ("second", "bob")):
            result = await run.wait()
            gate = bound_gate_name("a", 1, text)
            assert [each["gate"] for each in result.waiting_for] == [gate]
            engine = memory_engine(journal)
            approve = cmd.Approve(gate=gate)
            run = await engine.take_up(run.run_id, approve, by=person, environment={}, park_when_waiting=True)
        result = await run.wait()
        assert result.results == {"a": ["bob", "ada"]}
        assert len(asked) == 3

    run_virtual(play())


def test_the_gates_of_another_generation_are_others():
    """An answer from before a person's retry is void; the name is short enough to type."""
    first, second = (bound_gate_name("task", generation, "text") for generation in (1, 2))
    assert first == "task.982d9e3e"
    assert second == "task@2.982d9e3e"


def test_stored_waits_until_the_journal_has_it(agent):
    """What is done after it can be seen in the log, whatever happens then."""
    journal = MemoryJournal(VirtualClock())
    seen = []

    async def use(call: Call) -> str:
        call.context.tool_called("1", "pay", {})
        seen.append([event.type for page in journal.read("run") for event in page][-1])
        await call.context.stored()
        seen.append([event.type for page in journal.read("run") for event in page][-1])
        await call.context.stored()
        return "done"

    agent(use)

    async def play():
        run = await begin(memory_engine(journal), ours({"name": "a"}), run_id="run")
        await run.wait()

    run_virtual(play())
    assert seen == ["attempt_started", "tool_called"]


class Steps(MemoryJournal):
    """Remembers where each step ends: a crash is between two of them."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.ends: list[int] = []

    async def append(self, run_id, fence, events, status=None):
        await super().append(run_id, fence, events, status)
        self.ends.append(events[-1].seq)


def conversation(executed: list[str]):
    """An agent that calls three tools, one after the other, and saves the result of each."""

    async def talk(call: Call) -> list[str]:
        context = call.context
        for step in ("t1", "t2", "t3"):
            if step in context.saved:
                continue
            await context.admit()
            context.spend({"calls": 1, "usd": 0.1})
            context.tool_called(step, "pay", {})
            await context.stored()
            executed.append(step)
            await asyncio.sleep(1)
            context.save(step)
            context.tool_returned(step, "pay", "ok")
            await asyncio.sleep(0.2)
        answer = await context.ask(Gate("fine?"), bound_to="the end")
        return [answer.by]

    return talk


def test_a_crash_at_any_point_never_makes_an_open_call_again(agent):
    """Nor one whose result was saved: after each step that was stored the process dies, and another one goes
    on.
    """
    executed: list[str] = []
    agent(conversation(executed))
    data = ours({"name": "a", "idempotent": False}, {"name": "b"})
    data["tasks"][1] |= {"agent_name": "mock", "action": "go"}
    data["agents"].append({"name": "mock", "type": "mock", "latency": 2})
    data["budget"] = {"calls": 100}

    async def whole():
        journal = Steps(VirtualClock())
        run = await begin(memory_engine(journal), data, run_id="run")
        await run.wait()
        log = [event for page in journal.read("run") for event in page]
        return journal.record("run"), log, journal.ends

    async def go_on(record, log):
        journal = MemoryJournal(VirtualClock())
        await journal.create(record)
        fence = await journal.claim("run", this_process(), record.created_at)
        await journal.append("run", fence, log, "running")
        await journal.release("run", fence)
        run = await memory_engine(journal).take_up("run", environment={}, park_when_waiting=True)
        result = await run.wait()
        if result.status == "waiting" and not result.interrupted:
            gate = result.waiting_for[0]["gate"]
            approve = cmd.Approve(gate=gate)
            run = await memory_engine(journal).take_up("run", approve, environment={}, park_when_waiting=True)
            result = await run.wait()
        machine = Machine(record.plan, "run", [event for page in journal.read("run") for event in page])
        return result, machine.run

    record, log, ends = run_virtual(whole())
    assert executed == ["t1", "t2", "t3"]
    outcomes = set()
    assert len(ends) > 8
    for length in ends:
        executed.clear()
        result, state = run_virtual(go_on(record, log[:length]))
        known = {event.call for event in log[:length] if isinstance(event, ev.ToolCalled)}
        assert not known & set(executed), f"done twice after event {length}"
        opened = [event.call for event in log[:length] if isinstance(event, ev.ToolCalled)]
        closed = [event.call for event in log[:length] if isinstance(event, ev.ToolReturned)]
        assert result.interrupted == (["a"] if len(opened) > len(closed) or _unsaved(log[:length]) else [])
        assert state.spent[""]["calls"] >= len(set(opened) | set(executed)) or result.interrupted
        outcomes.add(result.status)
    assert outcomes == {"completed", "waiting"}


def _unsaved(log: list[ev.Event]) -> bool:
    """The attempt is under way and has saved nothing yet."""
    begun = any(isinstance(event, ev.AttemptStarted) and event.task == "a" for event in log)
    return begun and not any(isinstance(event, ev.AttemptSaved) for event in log)
