"""One call to one agent: what it came to, what was heard meanwhile, and what a person answered."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from lead_tui.agents import registry
from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent, Gate
from lead_tui.core import events as ev
from lead_tui.core.commands import Approve
from lead_tui.errors import AgentError, Category, Failure, Outcome, UsageError
from lead_tui.flow.models import AgentConfig
from lead_tui.journal.memory import MemoryJournal
from lead_tui.observers.hub import Item
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.runner.trial import Trial, TrialRun, begin_trial, try_agent


class Worker(BaseAgent[AgentConfig]):
    """Its action says what it does."""

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        if action == "talk":
            context.tool_called("c1", "lookup", {"q": 1})
            context.tool_returned("c1", "lookup", {"found": 2})
            context.tool_called("c2", "lookup", {"q": 2})
            context.tokens("Hello")
            context.spend({"input_tokens": 5, "output_tokens": 2, "usd": 0.25})
            if context.attempt == 1:
                raise AgentError(Failure(Category.NETWORK, "it broke off", Outcome.SAFE))
            return AgentResponse.ok("Hello there")
        if action == "ask":
            answer = await context.ask(Gate("May I?", show={"n": 1}))
            return AgentResponse.ok(answer.answer)
        if action == "hang":
            context.tokens("so")
            await asyncio.Event().wait()
        if action == "pay":
            for _ in range(2):
                await context.admit()
            return AgentResponse.ok()
        return AgentResponse.fail(Category(action), "no", meta=parameters)


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_registered", {})
    registry.register_agent_type("worker", Worker)
    yield


def flow(**settings: Any) -> dict[str, Any]:
    agent = {"name": "w", "type": "worker", "retry_config": {"max_attempts": 2, "initial_delay": 0}}
    return {
        "name": "x",
        "agents": [agent | settings],
        "tasks": [{"name": "t", "agent_name": "w", "action": "talk"}],
    }


async def begun(action: str, **more: Any) -> TrialRun:
    document = load_dict(flow(), Path(), {})
    return await begin_trial(
        Engine(MemoryJournal()), document, "w", action, environment={}, attended=True, **more
    )


async def tried(action: str, parameters: dict[str, Any] | None = None, **settings: Any) -> Trial:
    document = load_dict(flow(**settings), Path(), {})
    return await try_agent(Engine(MemoryJournal()), document, "w", action, parameters, environment={})


async def test_what_a_call_used_and_called() -> None:
    """Usage is the sum over its attempts, each call of a tool stands with its result, if it has one."""
    trial = await tried("talk")
    assert (trial.verdict, trial.result) == ("works", "Hello there")
    assert [each.success for each in trial.attempts] == [False, True]
    assert (trial.usage["input_tokens"], trial.usage["usd"]) == (10, 0.5)
    assert trial.first_token is not None
    assert trial.first_token >= 0
    first, second = trial.tool_calls[:2]
    assert (first.tool, first.arguments, first.result, first.error) == (
        "lookup",
        {"q": 1},
        {"found": 2},
        None,
    )
    assert first.seconds is not None
    assert second.seconds is None
    assert len(trial.tool_calls) == 4


@pytest.mark.parametrize(
    ("action", "meta", "verdict"),
    [
        ("tool_error", {}, "answers with an error"),
        ("agent_error", {}, "answers with an error"),
        ("validation_error", {"exit_code": 0}, "answers with an error"),
        ("validation_error", {}, "cannot be called"),
        ("permission_error", {}, "cannot be called"),
        ("network_error", {}, "does not answer"),
    ],
)
async def test_the_verdict(action: str, meta: dict[str, Any], verdict: str) -> None:
    """Did the other side say it, was nothing sent, or was nothing heard?"""
    trial = await tried(action, meta, retry_config={"max_attempts": 1})
    assert (trial.success, trial.verdict) == (False, verdict)
    assert trial.first_token is None


async def test_a_person_may_answer() -> None:
    """Who attends sees the question in what is heard, and answers the run."""
    trial_run = await begun("ask")

    def hear(batch: Sequence[Item]) -> None:
        for item in batch:
            if isinstance(item, ev.ApprovalRequested):
                assert item.show == {"n": 1}
                answering.append(
                    asyncio.create_task(trial_run.run.send(Approve(gate=item.gate, answer="approve"), "ann"))
                )

    answering: list[asyncio.Task[Any]] = []
    trial = await trial_run.follow(hear)
    assert (trial.result, trial.attempts[-1].success) == ("approve", True)
    assert (await answering[0]).accepted


async def test_nobody_attends() -> None:
    """It says so, and where a person could answer."""
    with pytest.raises(UsageError, match=r"w asks a person.*`leadtui test-agent FLOW` on a terminal"):
        await tried("ask")
    document = load_dict(flow(), Path(), {})
    with pytest.raises(UsageError, match=r"without one$"):
        await try_agent(
            Engine(MemoryJournal()), document, "human", "approve", {"message": "go?"}, environment={}
        )


async def test_a_budget_that_is_too_small_ends_the_call() -> None:
    """Somebody who attends is not left waiting either: nobody raises a budget here."""
    budget = {"calls": 1, "mode": "enforce"}
    document = load_dict(flow(budget=budget), Path(), {})
    run = await begin_trial(Engine(MemoryJournal()), document, "w", "pay", environment={}, attended=True)
    async with asyncio.timeout(10):
        with pytest.raises(UsageError, match="the budget of w or of the flow is too small"):
            await run.follow()


async def test_a_call_that_is_cancelled_is_heard_to_its_end() -> None:
    """The last that is heard is that it was ended; the agent does not go on behind the back."""
    trial_run, heard, talks = await begun("hang"), [], asyncio.Event()

    def hear(batch: Sequence[Item]) -> None:
        heard.extend(batch)
        if any(isinstance(item, ev.Tokens) for item in batch):
            talks.set()

    following = asyncio.create_task(trial_run.follow(hear))
    async with asyncio.timeout(10):
        await talks.wait()
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
    assert any(isinstance(item, ev.TaskCancelled) for item in heard)
    assert not trial_run.run.driving
