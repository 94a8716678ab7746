"""What a run spends: its sums, its budgets, how quickly, and how all of it reads."""

from datetime import timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lead_tui.core import events as ev
from lead_tui.core.plan import Plan, PlannedAgent, PlannedBudget, PlannedTask
from lead_tui.errors import Category, Failure
from lead_tui.flow.models import Limited
from lead_tui.tui.headline import headline
from lead_tui.tui.look import run_look, task_look
from lead_tui.tui.model import RunModel
from lead_tui.tui.vitals.agent_times import AgentTimes
from lead_tui.tui.vitals.burn import WINDOW, Burn
from lead_tui.tui.vitals.frame import Frame
from lead_tui.tui.vitals.lines import verdict, vitals
from lead_tui.tui.vitals.servers import latency
from lead_tui.tui.vitals.spending import holding, limits, pressing, spenders, spent
from lead_tui.tui.widgets.gate_bar import spent_text
from tests.tui.playing import T0, Play, moment

BROKEN = Failure(Category.TOOL, "no")
ServerState = Literal["starting", "ready", "failed", "closed"]


def paying(
    budget: dict[Limited, float] | None = None,
    writer: dict[Limited, float] | None = None,
    *,
    enforce: bool = True,
) -> Play:
    """A run of three tasks by two agents; budgets of the flow and of the writer."""
    play = Play()
    tasks = (PlannedTask("read", "reader"), PlannedTask("write", "writer"), PlannedTask("proof", "writer"))
    agents = {
        "reader": PlannedAgent(),
        "writer": PlannedAgent(budget=PlannedBudget(writer, enforce=False) if writer else None),
        "time": PlannedAgent(),
    }
    plan = Plan(
        "flow", tasks, parallel=True, agents=agents,
        budget=PlannedBudget(budget, enforce=enforce) if budget else None,
    )  # fmt: skip
    play.model = RunModel(plan, "abcdef123", source="/flows/story.yaml")
    return play.at(0, ev.RunQueued(name="flow"), ev.RunStarted())


def using(play: Play, task: str, attempt: int = 1, **usage: float) -> Play:
    play.model.take([ev.Usage(task=task, attempt=attempt, usage=usage)])
    return play


def told(play: Play, width: int = 100, *, ascii_only: bool = False) -> list[str]:
    lines = vitals(play.model, Frame(width, 10, ascii_only), AgentTimes())
    return ["".join(span.text for span in line.spans).rstrip() for line in lines]


def section(play: Play, title: str, **options: Any) -> list[str]:
    lines = told(play, **options)
    start = lines.index(f" {title}")
    end = lines.index("", start) if "" in lines[start:] else len(lines)
    return lines[start + 1 : end]


def line(play: Play, width: int = 120, *, ascii_only: bool = False) -> str:
    return "  ".join(text for text, _, _ in headline(play.model, width, ascii=ascii_only))


# sums


def test_counters_move_while_a_model_answers() -> None:
    """What an attempt in flight tells in passing counts at once, and once only when it is told for good."""
    play = paying().begin(1, "read", "write")
    using(play, "read", calls=1, input_tokens=1000, usd=0.01)
    assert spent(play.model)["usd"] == pytest.approx(0.01)
    assert spent(play.model, "reader")["input_tokens"] == 1000
    assert "usd" not in spent(play.model, "writer")
    play.at(2, ev.AttemptSpent(task="read", attempt=1, usage={"calls": 1, "input_tokens": 1000, "usd": 0.01}))
    assert spent(play.model)["usd"] == pytest.approx(0.01)
    using(play, "read", calls=2, input_tokens=1500, usd=0.02)
    usage = {"calls": 2, "input_tokens": 1500, "usd": 0.02}
    play.at(3, ev.AttemptCompleted(task="read", attempt=1, usage=usage), ev.TaskCompleted(task="read"))
    assert spent(play.model)["usd"] == pytest.approx(0.02)
    assert spent(play.model)["calls"] == 2
    assert not play.model.using


def test_what_an_attempt_before_told_does_not_count_for_the_next() -> None:
    """Its sum is in the events; the new one begins at nothing."""
    play = paying().begin(1, "read")
    using(play, "read", usd=0.5)
    failed = ev.AttemptFailed(task="read", attempt=1, failure=BROKEN, retry_in=1, usage={"usd": 0.5})
    play.at(2, failed, ev.RetryScheduled(task="read", attempt=2, at=T0, delay=1))
    play.at(3, ev.TaskReady(task="read"), ev.AttemptStarted(task="read", attempt=2))
    assert spent(play.model)["usd"] == pytest.approx(0.5)
    using(play, "read", attempt=2, usd=0.25)
    assert spent(play.model)["usd"] == pytest.approx(0.75)


def test_who_spends_most_comes_first() -> None:
    """By money, then by tokens; who cost nothing is not named."""
    play = paying().begin(1, "read", "write")
    using(play, "read", input_tokens=10)
    using(play, "write", usd=0.1)
    assert list(spenders(play.model)) == ["writer", "reader"]


# budgets


def test_the_most_pressing_limit_comes_first() -> None:
    """What is spent, then what is low, then by how much of it is."""
    play = paying({"usd": 1, "tokens": 1000, "calls": 50}, {"calls": 1}).begin(1, "read", "write")
    using(play, "read", calls=1, input_tokens=900, usd=0.5)
    using(play, "write", calls=1)
    assert [(each.agent, each.what, each.stage) for each in limits(play.model)] == [
        ("writer", "calls", "over"),
        ("", "tokens", "low"),
        ("", "usd", "fine"),
        ("", "calls", "fine"),
    ]
    limit = pressing(play.model)
    assert limit is not None
    assert (limit.what, limit.left, limit.most_text) == ("tokens", 100, "1k tokens")
    assert holding(play.model) == []


def test_a_spent_budget_holds_until_it_is_raised() -> None:
    """As the run judged it; a budget that only tells holds nothing."""
    play = paying({"usd": 2}, {"calls": 1}).begin(1, "read")
    play.at(2, ev.BudgetExceeded(what="calls", spent=1, limit=1, agent="writer", mode="audit"))
    assert holding(play.model) == []
    play.at(3, ev.BudgetExceeded(what="usd", spent=2, limit=2))
    assert spent_text(holding(play.model)) == "the budget of $2 is spent:"
    assert verdict(play.model) == ("the budget is spent", "bad")
    play.at(4, ev.BudgetRaised(limits={"usd": 5}))
    assert holding(play.model) == []


def test_budgets_of_agents_have_their_names() -> None:
    """And if there are several, how many."""
    play = paying({"usd": 2}).begin(1, "read")
    [limit] = limits(play.model)
    assert spent_text([limit._replace(agent="w")]) == "the budget of w, $2, is spent:"
    assert spent_text([limit, limit._replace(agent="w")]) == "the budget of $2 is spent and 1 more:"


def test_a_run_that_waits_for_a_budget_says_so() -> None:
    """Its status and that of its tasks, in words and with the glyph of what asks a person."""
    play = paying({"usd": 2}).begin(1, "read")
    play.at(2, ev.BudgetExceeded(what="usd", spent=2, limit=2))
    play.at(3, ev.TaskWaiting(task="read", attempt=1, reason="budget", begun=True))
    play.at(3, ev.RunWaiting(why="budget", tasks=["read"]))
    assert run_look(play.model.state).word == "waiting: budget"
    assert task_look(play.model.state.tasks["read"]).word == "waits for budget"
    text = line(play)
    assert "‖ WAITING: BUDGET" in text
    assert "‖1" in text
    assert "●" not in text


# burn


def test_the_burn_rate_is_that_of_the_last_minutes() -> None:
    """What the window cost, by the hour; before that it is forgotten."""
    burn = Burn()
    assert burn.per_hour(T0, 1) is None
    burn.see(moment(0), 0)
    burn.see(moment(60), 0.1)
    assert burn.per_hour(moment(2), 0.1) is None
    assert burn.per_hour(moment(60), 0.1) == pytest.approx(6)
    assert burn.per_hour(moment(120), 0.1) == pytest.approx(3)
    burn.see(moment(3600), 0.3)
    assert burn.per_hour(moment(3600 + 600), 0.3) == pytest.approx(0)


@given(
    steps=st.lists(st.tuples(st.floats(0, 3000), st.floats(0, 5)), min_size=1, max_size=30),
    later=st.floats(5, 3000),
)
def test_the_burn_rate_is_never_negative_nor_beyond_the_sum(
    steps: list[tuple[float, float]], later: float
) -> None:
    """Whatever comes when, it is at most all of the money in the time since the window began."""
    burn, at, usd = Burn(), 0.0, 0.0
    burn.see(T0, 0.0)
    for seconds, cost in steps:
        at, usd = at + seconds, usd + cost
        burn.see(moment(at), usd)
    now = moment(at + later)
    rate = burn.per_hour(now, usd)
    if rate is not None:
        assert -1e-6 <= rate <= usd * 3600 / min((now - T0) / timedelta(seconds=1), WINDOW.seconds) + 1e-6


# health


def at_work(play: Play, task: str, agent: str) -> Play:
    start = ev.AttemptStarted(task=task, attempt=1, agent=agent)
    return play.at(1, ev.TaskReady(task=task), ev.TaskStarted(task=task), start)


def test_health_tells_who_spent_what() -> None:
    """All together, then each agent: calls of models (one that answers now counts), tokens in and out, money,
    and calls without a price.
    """
    play = at_work(at_work(paying(), "read", "reader"), "write", "writer").at(61)
    using(play, "read", calls=2, input_tokens=3100, output_tokens=1100, usd=0.0123)
    using(play, "write", calls=1, input_tokens=900, unpriced_calls=1)
    play.at(
        62, ev.AttemptSpent(task="read", attempt=1, usage={"usd": 0.0123, "calls": 2, "input_tokens": 3100})
    )
    head, total, reader, writer = section(play, "SPEND")
    assert head.split() == ["model", "calls", "in", "out", "cost"]
    assert total.split() == ["all", "3", "4k", "1.1k", "$0.0123", "1", "unpriced", "$0.71/h"]
    assert reader.split() == ["reader", "2", "3.1k", "1.1k", "$0.0123"]
    assert writer.split() == ["writer", "1", "900", "0", "-", "1", "unpriced"]
    assert section(play, "SPEND", width=50)[1].split()[:4] == ["all", "3", "5.1k", "$0.0123"]


def test_health_counts_the_calls_of_models_as_show_does() -> None:
    """Calls of tools that an agent made are in its budget, not among those that cost it tokens."""
    play = at_work(paying({"usd": 2, "calls": 9}), "read", "reader")
    usage = {"calls": 1, "input_tokens": 700, "usd": 0.5}
    play.at(2, ev.AttemptSpent(task="read", attempt=1, usage={"calls": 1}, agent="maps"))
    play.at(3, ev.AttemptSpent(task="read", attempt=1, usage=usage | {"calls": 2}))
    assert play.model.state.spent["reader"]["calls"] == 2
    lines = section(play, "SPEND")
    assert [line.split()[:2] for line in lines[-2:]] == [["all", "1"], ["reader", "1"]]
    assert "of 9 calls" in lines[1]
    play.at(4, ev.AttemptSpent(task="read", attempt=1, usage={"calls": 2}, agent="maps"))
    using(play, "read", **usage | {"calls": 4})
    assert section(play, "SPEND")[-1].split()[:2] == ["reader", "2"]


def test_health_tells_nothing_of_money_where_none_is_spent() -> None:
    """A run of programs has no such section."""
    play = paying().begin(1, "read").end(2, "read")
    assert " SPEND" not in told(play)
    assert " MCP SERVERS" not in told(play)


def test_health_shows_what_is_left_of_each_budget() -> None:
    """A gauge, the limit, the rest; a spent one comes first and says how to go on."""
    play = paying({"usd": 2}, {"calls": 1}).begin(1, "read", "write")
    using(play, "read", calls=1, usd=0.5)
    using(play, "write", calls=1)
    assert section(play, "SPEND")[:2] == [
        " ● over   writer    ▰▰▰▰▰▰▰▰▰▰ 100% of 1 call  audit: it only tells",
        " ● fine   the flow  ▰▰▱▱▱▱▱▱▱▱  25% of $2  $1.50 left",
    ]
    using(play, "read", calls=1, usd=1.7)
    assert verdict(play.model) == ("85% of the budget", "retry")
    using(play, "read", calls=1, usd=2)
    play.at(2, ev.BudgetExceeded(what="usd", spent=2, limit=2))
    lines = told(play, ascii_only=True)
    assert lines[0] == " SPEND"
    assert lines[1] == " x spent  the flow  ########## 100% of $2  b raises it"
    assert "#" not in "".join(section(play, "SPEND", width=50, ascii_only=True))


# servers


def serving(play: Play, name: str, state: ServerState, task: str = "read", **more: Any) -> Play:
    play.model.take([ev.Service(task=task, name=name, state=state, ts=play.model.now, **more)])
    return play


def tool(play: Play, seconds: float, name: str, **more: Any) -> Play:
    called = ev.ToolCalled(task="read", attempt=1, call=name, tool=name)
    return play.at(
        1, called, ev.ToolReturned(task="read", attempt=1, call=name, tool=name, duration=seconds, **more)
    )


def test_health_shows_each_server_with_its_latency() -> None:
    """Its state in a glyph and a word, tools, calls, mean and last time, restarts, the last error."""
    play = paying().begin(1, "read")
    serving(play, "time", "ready", tools=2)
    serving(play, "maps", "failed", restarts=1, error="it ended with 1")
    tool(tool(play, 0.2, "time.now"), 0.1, "time.zone", failure=BROKEN)
    time, maps = section(play, "MCP SERVERS")
    assert time == " ● ready    time  2 tools  2 calls  mean 150 ms, last 100 ms  1 failed  just now"
    assert maps == " ✖ failed   maps  1 restart  just now  it ended with 1"
    assert verdict(play.model) == ("1 server failed", "bad")
    serving(play, "maps", "ready", tools=1, restarts=2)
    assert "2 restarts  just now  before: it ended with 1" in section(play, "MCP SERVERS")[1]


def test_a_server_that_tasks_call_tells_their_times() -> None:
    """Attempts of the agent count beside calls of its tools; the newest of both is the last."""
    play = paying().begin(1, "read")
    serving(play, "reader", "ready")
    tool(play, 1.0, "reader.look")
    play.at(3, ev.AttemptCompleted(task="read", attempt=1, duration=2.0), ev.TaskCompleted(task="read"))
    agents = {"reader": play.model.metrics.agents[""]}
    took = latency(play.model.servers.known["reader"], agents)
    assert (took.calls, took.mean, took.last) == (2, 1.5, 2.0)
    agents["reader"].last_at = T0
    assert latency(play.model.servers.known["reader"], agents).last == 1.0


@pytest.mark.parametrize("how", ["ended", "left"])
def test_a_server_lives_no_longer_than_its_run(how: str) -> None:
    """Whoever drove it is gone, and with it the server."""
    play = serving(paying().begin(1, "read"), "time", "ready", tools=2)
    if how == "ended":
        play.end(2, "read").at(3, ev.RunCancelled())
    play.model.alive = how == "ended"
    [line] = section(play, "MCP SERVERS")
    assert line.startswith(" ⊘ closed")


def test_a_server_is_restarted_through_its_agent() -> None:
    """The agent of its name, or else the one whose task spoke of it."""
    play = serving(paying().begin(1, "read"), "time", "ready")
    serving(play, "inner", "ready", task="read")
    assert {name: server.agent for name, server in play.model.servers.known.items()} == {
        "time": "time",
        "inner": "reader",
    }


# the line on top


def costly() -> Play:
    play = paying({"usd": 2}).begin(1, "read", "write").at(600)
    using(play, "read", calls=2, input_tokens=4000, output_tokens=200, usd=1.24)
    return play.at(601, ev.AttemptSpent(task="read", attempt=1, usage={"usd": 1.24, "input_tokens": 4000}))


def test_the_line_tells_money_tokens_rate_and_gauge() -> None:
    """Where there is room for all of it."""
    text = line(costly(), 160)
    for word in ("$1.24", "4.2k tok", "$7.43/h", "▰▰▰▱▱", "62% of $2"):
        assert word in text
    assert "###.." in line(costly(), 160, ascii_only=True)
    assert line(costly(), 160, ascii_only=True).isascii()


def test_a_model_without_a_price_is_told_as_such() -> None:
    """Never as nothing: the tokens, and that nobody knows what they cost."""
    play = paying().begin(1, "read")
    using(play, "read", input_tokens=4200, unpriced_calls=2)
    assert "4.2k tok  unpriced" in line(play)
    assert "$" not in line(play)


def test_a_budget_that_cannot_count_a_call_shows_no_bare_figure() -> None:
    """What nobody can count is not shown as nothing: neither in the gauge nor in Health."""
    play = using(paying({"usd": 2.0}).begin(1, "read"), "read", calls=2, unpriced_calls=2, output_tokens=9)
    assert "0%+ of $2" in line(play)
    assert any("0%+ of $2  without 2 calls that nobody can count" in each for each in section(play, "SPEND"))


@pytest.mark.parametrize(("usd", "tone"), [(1.0, "muted"), (1.6, "retry"), (2.0, "bad")])
def test_the_gauge_warns(usd: float, tone: str) -> None:
    """At 80 % and at all of it."""
    play = paying({"usd": 2}).begin(1, "read")
    using(play, "read", usd=usd)
    tones = {text: tone for text, tone, _ in headline(play.model, 120)}
    assert next(each for text, each in tones.items() if text.endswith("of $2")) == tone


def test_what_is_dropped_as_the_width_falls() -> None:
    """The rate, the gauge, the tokens, the money; failures and progress stay."""
    play = costly().fail(602, "write")
    seen = [line(play, width) for width in range(120, 0, -1)]

    def last(word: str) -> int:
        return min(120 - at for at, text in enumerate(seen) if word in text)

    assert last("/h") > last("% of $2") > last(" tok") > last("$1.24") > last("✖1") >= last("1/3")


@given(width=st.integers(0, 200), usd=st.floats(0, 1e7), tokens=st.integers(0, 10**12))
def test_it_never_is_wider_than_its_place(width: int, usd: float, tokens: int) -> None:
    """Whatever was spent."""
    play = paying({"usd": 2}).begin(1, "read")
    using(play, "read", usd=usd, input_tokens=tokens, unpriced_calls=1)
    assert cell_len(line(play, width)) <= width


def test_a_replay_begins_at_nothing() -> None:
    """What was heard of servers and money is forgotten with the events."""
    play = serving(costly(), "time", "ready")
    play.model.reset()
    assert not spent(play.model)
    assert not play.model.servers.known
    assert play.model.burn.per_hour(moment(700), 1) is None
