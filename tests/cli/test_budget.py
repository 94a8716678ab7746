"""A spent budget on the command line: exit 7, `raise-budget`, `resume`; what is shown of the money."""

import pytest

TASKS = ({"name": "a", "sh": "echo 1"}, {"name": "b", "sh": "echo 2"}, {"name": "c", "sh": "echo 3"})
MODEL = """
from lead_tui import AgentResponse, BaseAgent

class Writer(BaseAgent):
    async def execute(self, action, parameters, context):
        context.spend({"calls": 1, "input_tokens": 1200, "output_tokens": 34, "usd": 0.5})
        context.spend({"calls": 1, "input_tokens": 100, "unpriced_calls": 1})
        return AgentResponse.ok("text")
"""


@pytest.fixture
def spent(leadtui, flow):
    """A run that waits as `w1` after two of three calls."""
    path = flow(*TASKS, budget={"calls": 2})
    return leadtui("run", path, "--run-id", "w1")


def test_a_run_whose_budget_is_spent_exits_with_7(spent):
    """The last line says what to type; the amount is for the reader to choose."""
    assert spent.code == 7
    assert "waiting   for a budget to be raised: c" in spent.err
    last = spent.err.splitlines()[-2:]
    assert last[0] == "  ? the budget of the flow is spent: 2 calls of 2 calls"
    assert last[1] == "  to go on: leadtui raise-budget w1 --calls ...; leadtui resume w1"


def test_raise_and_resume(leadtui, spent):
    """Resuming before only waits again; what completed is not done twice."""
    assert leadtui("resume", "w1", "-q").code == 7
    said = leadtui("raise-budget", "w1", "--calls", 3, "--by", "ada")
    assert (said.code, said.out.splitlines()) == (
        0,
        [
            "the budget of the flow is raised to 3 calls (stored; nobody drives run w1 now)",
            "it goes on with: leadtui resume w1",
        ],
    )
    assert leadtui("resume", "w1", "--output", "json").json["results"] == {"a": "1", "b": "2", "c": "3"}
    raised = [line for line in leadtui("events", "w1").out.splitlines() if '"budget_raised"' in line]
    assert len(raised) == 1
    assert '"by":"ada"' in raised[0].replace(": ", ":")


def test_the_receipt_as_json(leadtui, spent):
    """In the manner of the other steering commands."""
    said = leadtui("raise-budget", "w1", "--calls", 3, "--json")
    assert said.json == {"run_id": "w1", "accepted": True, "pending": True, "next": "leadtui resume w1"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--calls", 2], "2 calls must be more than the limit now and what is spent: 2"),
        (["--usd", 9], "the budget of the flow does not limit usd: it limits calls"),
        (["--agent", "shell", "--calls", 9], "the agent 'shell' has no budget; there is one of the flow"),
        ([], "say what to raise: --usd, --tokens, --calls or --seconds"),
    ],
)
def test_a_raise_that_cannot_be(leadtui, spent, words, why):
    """Refused at once, with the reason."""
    said = leadtui("raise-budget", "w1", *words)
    assert said.code == 2
    assert why in said.err


def test_a_run_as_json_names_the_limits_that_hold_it(leadtui, flow):
    """For programs; the exit code is the same."""
    said = leadtui("run", flow(*TASKS, budget={"calls": 1}), "--output", "json")
    assert said.code == 7
    assert said.json["spent_budgets"] == [{"agent": "", "what": "calls", "spent": 1, "limit": 1.0}]


def test_show_tells_what_was_spent(leadtui, flow, own_place, monkeypatch):
    """In all, by agent, and of each budget; unpriced calls are no calls for nothing."""
    (own_place / "writers.py").write_text(MODEL)
    path = flow(
        {"name": "a", "agent_name": "writer"},
        {"name": "b", "agent_name": "writer"},
        agents=[
            {"name": "writer", "type": "custom", "class": "writers:Writer", "budget": {"tokens": 1000000}}
        ],
        budget={"usd": 4, "mode": "audit"},
    )
    ran = leadtui("run", path, "--run-id", "w2")
    assert ran.code == 0
    assert "4 calls, 2,668 tokens, 1.00 USD, 2 unpriced" in ran.err
    shown = leadtui("show", "w2").out
    assert "spent: 4 calls, 2,668 tokens, 1.00 USD, 2 unpriced" in shown
    assert "  writer: 4 calls, 2,668 tokens" in shown
    assert "the budget of the flow: 1 USD of 4 USD (audit)" in shown
    assert "the budget of writer: 2,668 tokens of 1,000,000 tokens" in shown
    data = leadtui("show", "w2", "--json").json
    assert data["task_list"][0]["usage"]["usd"] == 0.5
    assert data["metrics"]["spent"]["writer"]["calls"] == 4


def test_plan_tells_the_worst_case_beside_the_budget(leadtui, flow):
    """Tasks times attempts; people cost nothing."""
    path = flow(
        {"name": "a", "agent_name": "m", "retry_config": {"max_attempts": 3}},
        {"name": "b", "sh": "true"},  # three, for exit 75
        {"name": "ok", "agent_name": "human", "action": "approve", "parameters": {"message": "?"}},
        agents=[{"name": "m", "type": "mock", "budget": {"seconds": "2m", "mode": "audit"}}],
        budget={"usd": 0.5, "calls": 20},
    )
    costs = "at most 6 calls\nbudget: 0.5 USD, 20 calls\nbudget of m: 120 seconds (audit: it only tells)"
    assert costs in leadtui("plan", path).out
    plan = leadtui("plan", path, "--json").json
    assert plan["worst_case"] == {"calls": 6}
    assert plan["budget"] == {"usd": 0.5, "calls": 20, "mode": "enforce"}
    assert plan["tasks"]["a"]["worst_case"] == {"calls": 3}
    assert plan["tasks"]["ok"]["worst_case"] == {}
    assert plan["tasks"]["a"]["budget"] == {"seconds": 120, "mode": "audit"}
    people = flow({"name": "ok", "agent_name": "human", "action": "approve", "parameters": {"message": "?"}})
    assert "calls nothing that costs" in leadtui("plan", people).out
