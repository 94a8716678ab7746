"""What agents lack is told before a run starts or goes on, all at once, and only for agents that are used."""

from typing import ClassVar

import pytest

from lead_tui.agents import registry
from lead_tui.agents.base import AgentResponse, BaseAgent
from lead_tui.core import commands as cmd
from lead_tui.errors import MissingSecret
from lead_tui.flow.models import AgentConfig
from lead_tui.journal.memory import MemoryJournal
from lead_tui.testing import VirtualClock, run_flow, run_virtual
from lead_tui.testing.flows import memory_engine
from tests.runner.flows import flow
from tests.runner.test_steering import HUMAN, begin


class Demanding(AgentConfig):
    """Lacks what `needs` says, unless that is set."""

    builtin: ClassVar[bool] = False
    needs: str = ""
    helper: str | None = None

    def calls_agents(self):
        return {} if self.helper is None else {("helper",): self.helper}

    def missing(self, environment):
        return f"set {self.needs}" if self.needs and self.needs not in environment else ""


class Worker(BaseAgent[Demanding]):
    config_model = Demanding

    async def execute(self, action, parameters, context):
        return AgentResponse.ok(action)


@pytest.fixture(autouse=True)
def demanding(monkeypatch):
    monkeypatch.setitem(registry._registered, "demanding", Worker)


def agents(**needs):
    """Agents by name with what they need; `x="A/y"` needs A and calls y."""
    found = []
    for name, text in needs.items():
        need, _, helper = text.partition("/")
        found.append({"name": name, "type": "demanding", "needs": need, "helper": helper or None})
    return found


def use(agent, name="t", **more):
    return {"name": name, "agent_name": agent, **more}


def test_everything_that_is_missing_is_told_at_once():
    """Each lack once, with the agents that have it."""
    data = flow(use("a"), use("b", "u"), use("c", "v"), agents=agents(a="KEY", b="OTHER", c="KEY"))
    with pytest.raises(MissingSecret) as told:
        run_flow(data)
    assert str(told.value) == "agents 'a', 'c': set KEY\nagent 'b': set OTHER"
    assert run_flow(data, environment={"KEY": "1", "OTHER": "2"}).result.status == "completed"


def test_an_agent_that_nothing_uses_needs_nothing():
    """Nor does one whose only task is switched off; one that `finally` uses does."""
    data = flow(use("a"), use("b", "off", when=False), agents=agents(a="", b="KEY", c="KEY"))
    assert run_flow(data).result.status == "completed"
    with pytest.raises(MissingSecret, match="agent 'c'"):
        run_flow({**data, "finally": [use("c", "end") | {"action": "go"}]})


def test_agents_that_agents_call_are_used():
    """Also those that they call, and in a circle."""
    data = flow(use("a"), agents=agents(a="/b", b="/c", c="KEY/a"))
    with pytest.raises(MissingSecret, match=r"^agent 'c': set KEY$"):
        run_flow(data)


def test_only_what_is_still_to_be_done_needs_anything():
    """A run that goes on needs nothing for what has ended, nor to be cancelled; to be retried it does."""

    async def play():
        engine = memory_engine(MemoryJournal(VirtualClock()))
        data = flow(use("a"), HUMAN, {**use("b", "u"), "depends_on": ["gate"]}, agents=agents(a="A", b="B"))
        environment = {"A": "1", "B": "1"}
        first, second = [await begin(engine, data, environment=environment) for _ in range(2)]
        assert [(await run.wait()).status for run in (first, second)] == ["waiting", "waiting"]
        yes = cmd.Approve(gate="gate")
        with pytest.raises(MissingSecret, match=r"^agent 'b': set B$"):
            await engine.take_up(first.run_id, yes, environment={})
        row = engine.journal.row(first.run_id)
        assert (row.status, row.owner_alive, row.last_seq) == ("waiting", False, first.state.seq)
        gone_on = await engine.take_up(first.run_id, yes, environment={"B": "1"})
        assert (await gone_on.wait()).status == "completed"
        cancelled = await engine.take_up(second.run_id, cmd.Cancel(), environment={})
        assert (await cancelled.wait()).status == "cancelled"
        with pytest.raises(MissingSecret, match=r"^agent 'b': set B$"):
            await engine.take_up(second.run_id, cmd.Retry(), environment={})
        assert engine.journal.row(second.run_id).status == "cancelled"

    run_virtual(play())
