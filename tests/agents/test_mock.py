"""The agent `mock`: scripted answers."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lead_tui.agents.mock import MockAgent, MockConfig
from lead_tui.errors import Category, Outcome
from lead_tui.testing import FakeContext, run_virtual


def mock(**settings):
    return MockAgent(MockConfig.model_validate({"name": "m", "type": "mock", **settings}))


async def ask(agent, action="act", parameters=None, **settings):
    return await agent.execute(action, parameters or {}, FakeContext(**settings))


async def test_without_a_script_it_answers_with_the_parameters():
    """Echo: what users begin with."""
    response = await ask(mock(), parameters={"a": 1})
    assert (response.success, response.result) == (True, {"a": 1})


async def test_scripted_results():
    """One value for ever, or a list one after the other whose last repeats."""
    agent = mock(results={"one": {"id": 1}, "more": [1, 2], "list": [[1, 2]], "empty": [], "null": None})
    assert [(await ask(agent, "one")).result for _ in range(2)] == [{"id": 1}] * 2
    assert [(await ask(agent, "more")).result for _ in range(3)] == [1, 2, 2]
    assert (await ask(agent, "list")).result == [1, 2]
    assert (await ask(agent, "empty")).result == []
    assert (await ask(agent, "null")).result is None


async def test_scripted_failures():
    """The first attempts of each task fail as described, and use up no result."""
    agent = mock(
        results={"fetch": ["a", "b"]},
        fail={"fetch": {"times": 2, "category": "network_error", "status": 503, "message": "down"}},
    )
    first = await ask(agent, "fetch", attempt=1)
    assert first.error.category is Category.NETWORK
    assert (first.error.status, first.error.message, first.error.code) == (503, "down", "scripted")
    assert not (await ask(agent, "fetch", attempt=2, task="other")).success
    assert (await ask(agent, "fetch", attempt=3)).result == "a"
    assert (await ask(agent, "else", attempt=1)).success


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ({}, Outcome.UNKNOWN),
        ({"category": "timeout_error"}, Outcome.UNKNOWN),
        ({"category": "resource_error", "retry_after": "2s"}, Outcome.SAFE),
        ({"category": "validation_error"}, Outcome.PERMANENT),
        ({"category": "validation_error", "outcome": "safe"}, Outcome.SAFE),
    ],
)
async def test_the_outcome_follows_the_category(script, outcome):
    """Unless the flow says another; without `times` it fails always."""
    agent = mock(fail={"act": script})
    failure = (await ask(agent, attempt=99)).error
    assert failure.outcome is outcome
    assert failure.retry_after == (2.0 if "retry_after" in script else None)


@given(st.integers(), st.lists(st.tuples(st.text(max_size=3), st.integers(1, 5)), unique=True, min_size=2))
def test_drawn_failures_do_not_depend_on_the_order(seed, calls):
    """The same seed, task and attempt fare alike, whoever comes first."""

    async def outcomes(order):
        agent = mock(failure_rate=0.5, seed=seed)
        return {(t, n): (await ask(agent, task=t, attempt=n, environment={})).success for t, n in order}

    assert asyncio.run(outcomes(calls)) == asyncio.run(outcomes(calls[::-1]))


async def test_the_rate_is_the_part_that_fails():
    """None at 0, all at 1, about a fifth at 0.2; another seed draws other ones."""

    async def failing(rate, seed=1):
        agent = mock(failure_rate=rate, seed=seed)
        return {n for n in range(1000) if not (await ask(agent, task=str(n), environment={})).success}

    assert await failing(0) == set()
    assert len(await failing(1)) == 1000
    assert 150 < len(await failing(0.2)) < 250
    assert await failing(0.2) != await failing(0.2, seed=2)


def test_latency_is_waited_before_any_answer():
    """Failures take their time, too; in virtual time it costs none."""

    async def main():
        agent = mock(latency="1h30m", fail={"act": {}})
        await ask(agent)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 5400


@pytest.mark.parametrize(
    "settings",
    [
        {"failure_rate": 2},
        {"latency": "soon"},
        {"fail": {"a": {"category": "odd"}}},
        {"fail": {"a": {"tims": 1}}},
    ],
)
def test_bad_settings_are_refused_at_load(settings):
    """A flow that cannot mean anything does not start."""
    with pytest.raises(ValidationError):
        mock(**settings)
