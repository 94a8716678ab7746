"""The fakes that users test their agents and flows with."""

from pathlib import Path

import pytest

from lead_tui import testing
from lead_tui.agents.base import AgentContext, AgentResponse, Gate
from lead_tui.errors import Category
from lead_tui.flow.models import AgentConfig
from lead_tui.testing import CallLog, FakeContext, approval, rejection, scripted, sequential


def make(cls, name="agent"):
    return cls(AgentConfig(name=name, type="test"))


async def test_a_context_remembers_what_was_said():
    """Notes with their run, task and attempt; lines by stream; concealed values."""
    context: AgentContext = FakeContext(run_id="r", task="t", attempt=2)
    context.log("a")
    context.log("b", level="error", stream="stderr")
    context.progress(1, 2)
    context.tokens("tok")
    context.conceal("s")
    context.heartbeat()
    assert context.heartbeats == 1
    assert [each.type for each in context.notes] == ["log", "log", "progress", "tokens"]
    assert {(each.run_id, each.task, each.attempt) for each in context.notes} == {("r", "t", 2)}
    assert (context.lines(), context.lines("stderr"), context.lines("stdout")) == (["a", "b"], ["b"], [])
    assert context.concealed == ["s"]
    assert context.folder == Path.cwd()


async def test_answers_come_in_the_order_they_are_scripted():
    """One that is missing is an error with the remedy."""
    context = FakeContext(answers=[approval(by="ann", values={"a": 1}), rejection(why="no")])
    first = await context.ask(Gate(message="1"))
    second = await context.ask(Gate(message="2"))
    assert (first.granted, first.by, first.values) == (True, "ann", {"a": 1})
    assert (second.granted, second.answer) == (False, "no")
    with pytest.raises(LookupError, match="no answer is scripted for '3'"):
        await context.ask(Gate(message="3"))
    assert [each.message for each in context.gates] == ["1", "2", "3"]


async def test_a_context_closes_what_is_shared():
    """As the engine does at the end of a run."""

    class Client:
        closed = False

        async def aclose(self):
            self.closed = True

    client = Client()
    await FakeContext(shared={"client": client, "other": 1}).aclose()
    assert client.closed


async def test_a_scripted_agent_answers_with_its_function_and_is_recorded():
    """Plain values become results, responses stay, coroutines are awaited."""
    calls = CallLog()

    async def later(call):
        return call.attempt

    def refuse(call):
        return AgentResponse.fail(Category.AGENT, call.action)

    one, two = make(scripted(later, calls), "one"), make(scripted(refuse, calls), "two")
    assert (await one.execute("a", {"x": 1}, FakeContext(task="t1", attempt=3))).result == 3
    assert (await two.execute("b", {}, FakeContext(task="t2"))).error.message == "b"
    assert calls.tasks() == ["t1", "t2"]
    assert [(each.agent, each.action, each.parameters) for each in calls.of("t1")] == [("one", "a", {"x": 1})]


async def test_scripted_agents_without_a_log_keep_one_each():
    """Two types never share calls by accident."""
    one, two = scripted(lambda call: 1), scripted(lambda call: 2)
    await make(one).execute("a", {}, FakeContext())
    assert (len(one.calls), len(two.calls)) == (1, 0)


def test_ids_count():
    """Each source from 1."""
    ids = sequential("task")
    assert [ids(), ids(), sequential()()] == ["task-1", "task-2", "run-1"]


def test_the_public_names_exist():
    """What the package lists can be imported."""
    assert all(hasattr(testing, name) for name in testing.__all__)
