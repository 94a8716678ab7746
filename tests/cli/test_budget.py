"""A spent budget on the command line: exit 7, `raise-budget`, `resume`; what is shown of the money."""

import pytest

from lead_tui.cli.commands.plan import worst_case_text

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
    assert last[0] == "  ? the budget of the flow is spent: 2 of 2 calls"
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


def test_a_raise_that_is_stored_is_told(leadtui, spent):
    """Nobody is sent to do it again: `show` and `why` say who raised it, and only `resume` goes on."""
    leadtui("raise-budget", "w1", "--calls", 3, "--by", "ada")
    told = "  ? the budget of the flow is spent: 2 of 2 calls · raised to 3 calls by ada, waits for resume"
    shown, why = leadtui("show", "w1").out, leadtui("why", "w1", "c").out
    assert shown.splitlines()[-2:] == [told, "  to go on: leadtui resume w1"]
    assert why.splitlines() == [
        "c is ready",
        "  what it waits for is given; it goes on with: leadtui resume w1",
        told,
    ]
    (waiting,) = leadtui("show", "w1", "--json").json["waiting_for"]
    assert (waiting["answered_by"], waiting["next"]) == ("ada", ["leadtui resume w1"])
    assert leadtui("why", "w1", "c", "--json").json["waiting_for"][0]["next"] == ["leadtui resume w1"]


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


def test_a_waiting_run_as_json_tells_how_to_go_on(leadtui, flow):
    """Among what it waits for are the limits, with the commands; `show` and `why` say the same."""
    said = leadtui("run", flow(*TASKS, budget={"calls": 1}), "--run-id", "w1", "--output", "json")
    told = {
        "reason": "budget",
        "action": "raise_budget",
        "message": "the budget of the flow is spent: 1 of 1 call",
        "agent": "",
        "what": "calls",
        "spent": 1,
        "limit": 1.0,
        "next": ["leadtui raise-budget w1 --calls ...", "leadtui resume w1"],
    }
    assert said.json["waiting_for"] == [told]
    assert leadtui("show", "w1", "--json").json["waiting_for"] == [{**told, "answered_by": None}]
    assert leadtui("why", "w1", "b", "--json").json["waiting_for"] == [told]
    assert "  ? the budget of the flow is spent: 1 of 1 call\n" in leadtui("why", "w1", "b").out
    assert leadtui("why", "w1", "a", "--json").json["waiting_for"] == []


def test_a_run_that_completes_with_its_last_call_is_not_told_to_wait(leadtui, flow):
    """Nothing is held back: the limit is used up, and that is all."""
    said = leadtui("run", flow(*TASKS, budget={"calls": 3}))
    assert said.code == 0
    assert "! budget    used up, 3 of 3 calls; whatever else needs it waits until it is raised" in said.err
    assert "✗" not in said.err


def test_a_retry_that_the_budget_holds_back_is_not_counted(leadtui, flow):
    """Retries are those that were made, attempts those that began, also when the run is taken up again."""
    path = flow(
        {"name": "a", "sh": "exit 75", "retry_config": {"max_attempts": 3, "initial_delay": 0}},
        budget={"calls": 2},
    )
    told = leadtui("run", path, "--run-id", "w1", "--output", "json").json["metrics"]
    assert (told["attempts"], told["failed_attempts"], told["retries"]) == (2, 2, 1)
    leadtui("raise-budget", "w1", "--calls", 5)
    said = leadtui("resume", "w1", "--output", "json")
    assert (said.json["metrics"]["attempts"], said.json["metrics"]["retries"]) == (3, 2)
    assert leadtui("show", "w1", "--json").json["metrics"] == said.json["metrics"]


FREE = """
from lead_tui import AgentResponse, BaseAgent

class Local(BaseAgent):
    async def execute(self, action, parameters, context):
        context.spend({"calls": 1, "unpriced_calls": 1, "unmetered_calls": 1})
        return AgentResponse.ok("text")
"""


def test_a_limit_that_cannot_bind_is_told(leadtui, flow, own_place):
    """While it runs, once; at its end; and later: what is unknown is never shown as nothing."""
    (own_place / "locals_.py").write_text(FREE)
    path = flow(
        {"name": "a", "agent_name": "m"},
        {"name": "b", "agent_name": "m"},
        agents=[{"name": "m", "type": "custom", "class": "locals_:Local"}],
        budget={"usd": 0.01, "tokens": 10},
    )
    said = leadtui("run", path, "--run-id", "w3")
    assert said.code == 0
    lines = [line[8:] for line in said.err.splitlines() if line[8:].startswith("! budget")]
    assert lines == [
        "! budget    calls of m come without a known price: its limit of USD does not count them",
        "! budget    calls of m come without a count of tokens: its limit of tokens does not count them",
    ]
    assert "  ! the budget of the flow: 2 calls without a price are not in this\n" in said.err
    assert (
        "the budget of the flow: unknown of 0.01 USD, unknown of 10 tokens; 2 calls without a price are not "
        "in this; 2 calls without a count of tokens are not in this\n"
    ) in leadtui("show", "w3").out
    assert leadtui("show", "w3", "--json").json["uncounted"] == [
        {"agent": "", "what": "usd", "calls": 2},
        {"agent": "", "what": "tokens", "calls": 2},
    ]


@pytest.mark.parametrize(
    ("agent", "warned"),
    [
        ({"provider": "openai", "model": "gpt-4.1-mini"}, False),
        ({"provider": "openai", "model": "mine"}, True),
        ({"provider": "google", "model": "mine"}, False),
        ({"endpoint": "http://127.0.0.1:1/v1", "model": "gpt-4.1-mini"}, True),
        ({"endpoint": "http://127.0.0.1:1/v1", "model": "m", "prices": {"input": 1, "output": 2}}, False),
    ],
)
def test_a_limit_that_cannot_bind_is_told_before_the_run(leadtui, flow, agent, warned):
    """By `validate` and `plan`, where no price can be known; of the flow's budget and of the agent's."""
    task = {"name": "a", "agent_name": "m", "action": "chat_completion", "parameters": {"prompt": "Hi"}}
    writer = {"name": "m", "type": "ai_agent", **agent}
    message = "uncounted-calls agent 'm': a limit in usd does not count its calls: no price of"
    whole = flow(task, agents=[writer], budget={"usd": 1})
    assert (message in leadtui("validate", whole).out) is warned
    assert (message in leadtui("plan", whole).err) is warned
    own = flow(task, agents=[{**writer, "budget": {"usd": 1, "mode": "audit"}}])
    assert (message in leadtui("validate", own).out) is warned
    assert message not in leadtui("validate", flow(task, agents=[writer], budget={"tokens": 1})).out


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
    assert "4 model calls, 2,668 tokens, 1.00 USD, 2 unpriced" in ran.err
    shown = leadtui("show", "w2").out
    assert "spent: 4 model calls, 2,668 tokens, 1.00 USD, 2 unpriced" in shown
    assert "  writer: 4 model calls, 2,668 tokens" in shown
    assert "the budget of the flow: 1 of 4 USD (audit); 2 calls without a price are not in this\n" in shown
    assert "the budget of writer: 2,668 of 1,000,000 tokens" in shown
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
    model = {"name": "m", "type": "ai_agent", "provider": "openai", "model": "gpt-4.1-mini"}
    talk = {"name": "a", "agent_name": "m", "action": "run", "parameters": {"prompt": "Hi"}}
    assert (
        "at most 60 calls\n  60 answers of a model without `max_tokens`: nothing limits what they cost\n"
    ) in leadtui("plan", flow(talk, agents=[model])).out
    most = {"calls": 1, "output_tokens": 1000, "usd": 0.25}
    assert worst_case_text(most) == ["at most 1 call, 1,000 output tokens, 0.2500 USD for the answers"]
    people = flow({"name": "ok", "agent_name": "human", "action": "approve", "parameters": {"message": "?"}})
    assert "calls nothing that costs" in leadtui("plan", people).out
