"""What waits for a person, over all runs."""

from typing import Any

from lead_tui.core.commands import Approve, RaiseBudget
from lead_tui.core.events import AttemptStarted, RunWaiting
from lead_tui.tui.flows.needs import Need, Watch, held_by_budget, ordered
from tests.tui.stage import ended, new_runs, started, until_event

ASKS = {
    "name": "asks",
    "parallel_execution": True,
    "tasks": [
        {"name": "one", "agent_name": "human", "action": "approve", "parameters": {"message": "go?"}},
        {"name": "two", "agent_name": "human", "action": "approve", "parameters": {"message": "sure?"}},
    ],
}
STUCK = {
    "name": "stuck",
    "agents": [{"name": "slow", "type": "mock", "latency": "1h"}],
    "tasks": [{"name": f"t{number}", "agent_name": "slow", "action": "x"} for number in range(5)],
    "parallel_execution": True,
}
BROKEN = {
    "name": "broken",
    "parallel_execution": True,
    "failure_strategy": "continue_on_failure",
    "agents": [
        {
            "name": "shop",
            "type": "mock",
            "fail": {"x": {"category": "network_error", "message": "down"}},
            "circuit_breaker": {"failure_threshold": 1, "recovery_timeout": 3600},
        },
    ],
    "tasks": [
        {"name": "a", "agent_name": "shop", "action": "x"},
        {"name": "b", "agent_name": "human", "action": "approve", "parameters": {"message": "go on?"}},
    ],
}


async def look(runs: Any, watch: Watch) -> list[Need]:
    return await watch.look(runs.engine.journal.runs(limit=100))


async def test_open_questions_are_found_and_those_answered_are_not() -> None:
    """Every gate once; an answer that waits for an owner says that the run can go on."""
    runs = new_runs()
    run_id = await ended(runs, ASKS)
    watch = Watch(runs)
    needs = await look(runs, watch)
    assert [(need.kind, need.subject, need.what) for need in needs] == [
        ("gate", "one", "one: go?"),
        ("gate", "two", "two: sure?"),
    ]
    assert {gate.key for gate in await watch.gates(runs.engine.journal.runs())} == {
        (run_id, "one"),
        (run_id, "two"),
    }
    await runs.engine.send(run_id, Approve(gate="one"), "bob")
    assert [(need.kind, need.subject) for need in await look(runs, watch)] == [
        ("gate", "two"),
        ("answered", ""),
    ]
    assert "bob" in (await look(runs, watch))[1].what
    assert [gate.request.gate for gate in await watch.gates(runs.engine.journal.runs())] == ["two"]


async def test_a_run_that_nobody_drives_is_interrupted() -> None:
    """With the first of the tasks that were in flight; once somebody takes it up it needs nothing."""
    runs = new_runs()
    run = await started(runs, STUCK)
    await until_event(run, AttemptStarted, 5)
    watch = Watch(runs)
    assert await look(runs, watch) == []
    await run.park()
    (need,) = await look(runs, watch)
    assert need.kind == "interrupted"
    assert need.run_id == run.run_id
    assert need.what == "nobody drives it; cut off: t0, t1, t2 and 2 more"


async def test_an_ended_run_needs_nothing() -> None:
    """Neither a completed one nor one that failed."""
    runs = new_runs()
    await ended(
        runs,
        {
            "name": "x",
            "agents": [{"name": "m", "type": "mock"}],
            "tasks": [{"name": "a", "agent_name": "m", "action": "x"}],
        },
    )
    assert await look(runs, Watch(runs)) == []


async def test_an_open_breaker_of_a_living_run_is_told() -> None:
    """And where this process drives the run, its live state is what is looked at."""
    runs = new_runs()
    run = await started(runs, BROKEN, park=False)
    runs.adopt(run)
    await until_event(run, RunWaiting)
    kinds = [(need.kind, need.subject) for need in await look(runs, Watch(runs))]
    assert kinds == [("gate", "b"), ("breaker", "shop")]
    await run.park()


async def test_a_question_older_than_the_recent_runs_is_found() -> None:
    """And is gone once it was answered, though the list of recent runs never held it."""
    runs = new_runs()
    run_id = await ended(runs, ASKS)
    watch = Watch(runs)
    assert len(await watch.gates([])) == 2
    for gate in ("one", "two"):
        assert (await runs.send(run_id, Approve(gate=gate))).accepted
    await runs.driven[run_id].wait()
    assert await watch.gates([]) == []


async def test_each_event_is_folded_once() -> None:
    """A second look reads nothing of a run that is as it was."""
    runs = new_runs()
    await ended(runs, ASKS)
    watch, read = Watch(runs), []
    journal = runs.engine.journal
    real = journal.read
    journal.read = lambda run_id, after=0: read.append(after) or real(run_id, after)  # type: ignore
    await look(runs, watch)
    await look(runs, watch)
    assert read == [0]


def test_questions_come_first() -> None:
    """Of the same kind in the order given."""
    kinds = ("breaker", "gate", "stuck", "interrupted", "answered", "gate")
    needs = [Need(kind, str(number), "f", "w") for number, kind in enumerate(kinds)]  # type: ignore[arg-type]
    assert [need.run_id for need in ordered(needs)] == ["1", "5", "4", "3", "2", "0"]


SPENT = {
    "name": "spent",
    "parallel_execution": True,
    "budget": {"calls": 1},
    "agents": [{"name": "m", "type": "mock", "latency": "10ms", "max_concurrency": 1}],
    "tasks": [{"name": name, "agent_name": "m", "action": "x"} for name in "ab"],
}


def test_a_run_is_held_by_a_budget_where_nobody_is_asked_besides() -> None:
    """A question goes before; what else a run needs does not."""
    needs = [
        Need("budget", "1", "f", "spent"),
        Need("breaker", "1", "f", "open"),
        Need("budget", "2", "f", "spent, too"),
        Need("gate", "2", "f", "go?"),
        Need("answered", "3", "f", "resume"),
    ]
    assert held_by_budget(needs) == {"1": "spent"}


async def test_a_spent_budget_waits_for_a_person() -> None:
    """Whoever raises it; then the run waits for somebody to take it up."""
    runs = new_runs()
    run_id = await ended(runs, SPENT)
    watch = Watch(runs)
    assert [(need.kind, need.subject, need.what) for need in await look(runs, watch)] == [
        ("budget", "", "1 call spent: enter, b raises it")
    ]
    await runs.engine.send(run_id, RaiseBudget(calls=5), "bob")
    assert [(need.kind, need.what) for need in await look(runs, watch)] == [
        ("answered", "its budget is raised by bob: resume goes on")
    ]
    await runs.take_up(run_id)
    await runs.driven[run_id].wait()
    assert await look(runs, watch) == []
