"""Random flows through the runner in virtual time: every run ends, the same seed gives the same log."""

import asyncio

import hypothesis.strategies as st
from hypothesis import given, settings

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.core.machine import Machine
from lead_tui.core.state import RUN_ENDED, TASK_ENDED
from lead_tui.testing import Story, run_flow
from tests.runner.flows import flow, mock

ON = st.sampled_from([None, None, None, "any", "failed", "completed", "skipped"])


@st.composite
def flows(draw) -> dict:
    """Up to ten tasks that call flaky mocks or a person, with limits, retries, timeouts and conditions."""
    tasks = [draw(tasks_at(number)) for number in range(draw(st.integers(1, 10)))]
    retry = {"max_attempts": draw(st.integers(1, 3)), "initial_delay": 2}
    flaky = {"type": "mock", "failure_rate": draw(st.sampled_from([0.0, 0.3, 0.8])), "retry_config": retry}
    slow = flaky | {
        "latency": 3,
        "timeout": draw(st.sampled_from([2, 5])),
        "rate_limit": {"requests": 3, "per": 10},
        "circuit_breaker": {"failure_threshold": 2, "recovery_timeout": 20},
    }
    return flow(
        *tasks,
        agents=[{"name": "fast", **flaky}, {"name": "slow", **slow, "max_concurrency": 2}],
        parallel_execution=draw(st.booleans()),
        max_parallel=draw(st.integers(1, 4)),
        failure_strategy=draw(
            st.sampled_from(["stop_on_first_failure", "continue_on_failure", "partial_completion_allowed"])
        ),
        outputs={"all": "{{ tasks.t0.status }}"},
        **{"finally": [{"name": "last", "agent_name": "fast", "action": "go"}]},
        **draw(st.sampled_from([{}, {"global_timeout": 40}])),
    )


@st.composite
def tasks_at(draw, number: int) -> dict:
    needs = draw(st.lists(st.integers(0, number - 1), max_size=2, unique=True)) if number else []
    entries = [{"task": f"t{each}", "on": on} if (on := draw(ON)) else f"t{each}" for each in needs]
    agent = draw(st.sampled_from(["fast", "slow"]))
    task = {"name": f"t{number}", "depends_on": entries, "agent_name": agent}
    if draw(st.integers(0, 5)) == 0:
        task |= {"agent_name": "human", "action": "approve", "parameters": {"message": "ok?"}}
    if draw(st.integers(0, 4)) == 0:
        task["when"] = draw(st.sampled_from(["true", "false", "inputs.x"]))
    if draw(st.integers(0, 4)) == 0:
        task["timeout"] = 6
    if draw(st.integers(0, 4)) == 0:
        task["idle_timeout"] = draw(st.sampled_from([1, 4]))
    if draw(st.integers(0, 4)) == 0:
        task["continue_on_failure"] = True
    return task


COMMANDS = st.lists(
    st.tuples(
        st.floats(0.1, 30),
        st.sampled_from([cmd.Pause(), cmd.Resume(), cmd.CancelTask(task="t0"), cmd.Cancel(), cmd.Retry()]),
    ),
    max_size=4,
)


def play(data: dict, wishes: list, seed: int) -> Story:
    async def meanwhile(run) -> None:
        for delay, wish in wishes:
            await asyncio.sleep(delay)
            await run.send(wish, "ada")
        while run.state.status not in RUN_ENDED:
            await asyncio.sleep(50)
            if run.state.status == "paused":
                await run.send(cmd.Resume(), "ada")
            for gate in list(run.state.gates):
                await run.send(cmd.Approve(gate=gate), "ada")

    given_inputs = {**data, "inputs": {"x": True}}
    return run_flow(given_inputs, meanwhile=meanwhile, seed=seed, park_when_waiting=False)


@settings(max_examples=150)
@given(data=flows(), wishes=COMMANDS, seed=st.integers(0, 99))
def test_every_run_ends_with_all_its_promises_kept(data, wishes, seed):
    """It ends; slots, limits and needs were kept at each moment; the stored log folds to the live state."""
    story = play(data, wishes, seed)
    run = story.state
    assert run.status in RUN_ENDED
    assert all(task.status in TASK_ENDED for task in run.tasks.values())
    machine = Machine(run.plan, "run")
    for event in story.events:
        machine.fold([event])
        running = [task for task in machine.run.tasks.values() if task.status == "running"]
        assert len(running) <= (run.plan.max_parallel if run.plan.parallel else 1)
        assert sum(task.plan.agent == "slow" for task in running) <= 2
    assert machine.run == run


@settings(max_examples=40)
@given(data=flows(), wishes=COMMANDS, seed=st.integers(0, 99))
def test_the_same_seed_gives_the_same_log(data, wishes, seed):
    """Jitter, order and times repeat to the last byte."""
    assert play(data, wishes, seed).events == play(data, wishes, seed).events


def test_another_seed_draws_other_delays():
    """The jitter is random after all."""
    flaky = mock(fail={"go": {"outcome": "safe"}}, retry_config={"max_attempts": 3})
    data = flow({"name": "t0"}, agents=flaky)
    delays = {tuple(each.delay for each in play(data, [], seed).of(ev.RetryScheduled)) for seed in range(5)}
    assert len(delays) == 5
