"""One attempt after the other: parameters, checks, retries, timeouts, in virtual time."""

import asyncio

import msgspec
import pytest

from lead_tui.agents import registry
from lead_tui.core import events as ev
from lead_tui.core.commands import Cancel, CancelTask
from lead_tui.errors import AgentError, Category, Failure, Outcome
from lead_tui.testing import Call, run_flow, scripted
from tests.runner.flows import flow, mock, ours


def test_parameters_are_rendered_from_inputs_and_results(agent):
    """A whole template keeps its type, text around it makes text, what agents return is never a template."""
    calls = agent(lambda call: {"n": 3, "raw": "{{ inputs.who }}", "looks": "[1, 2]"})
    parameters = {
        "whole": "{{ tasks.a.result.n }}",
        "mixed": "{{ inputs.who }} has {{ tasks.a.result.n }}",
        "raw": "{{ tasks.a.result.raw }}",
        "looks": "{{ tasks.a.result.looks }}",
        "deep": [{"run": "{{ run.name }} {{ run.id }}"}],
    }
    run_flow(ours({"name": "a"}, {"name": "b", "parameters": parameters}, inputs={"who": "Ada"}))
    assert calls[1].parameters == {
        "whole": 3,
        "mixed": "Ada has 3",
        "raw": "{{ inputs.who }}",
        "looks": "[1, 2]",
        "deep": [{"run": "test run"}],
    }


def test_a_value_that_is_missing_at_run_time_fails_the_task_with_its_path(agent):
    """The message names what was missing."""
    agent(lambda call: {})
    story = run_flow(ours({"name": "a"}, {"name": "b", "parameters": {"x": "{{ tasks.a.result.id }}"}}))
    failure = story.result.errors["b"]
    assert (failure.category, failure.code) == ("validation_error", "undefined")
    assert "tasks.a.result.id" in failure.message


def test_expect_fails_the_attempt_with_the_values_it_saw():
    """The raw result is kept for the reader, dependents see nothing of it."""
    story = run_flow(flow({"name": "a", "expect": ["result.n > 1", "result.n > 5"]}, agents=mock(
        results={"go": {"n": 3}})))  # fmt: skip
    failed = story.of(ev.AttemptFailed)[0]
    assert failed.failure.message == "expected result.n > 5, but result.n was 3"
    assert failed.failure.category == "validation_error"
    assert failed.result == {"n": 3}
    assert [each.value for each in story.of(ev.ExpressionEvaluated)] == [True, False]


def test_output_replaces_the_result():
    """Expectations hold on the raw result, dependents see the shaped one."""
    task = {"name": "a", "expect": ["result.n == 3"], "output": {"twice": "{{ result.n * 2 }}"}}
    story = run_flow(flow(task, agents=mock(results={"go": {"n": 3}})))
    assert story.result.results == {"a": {"twice": 6}}


def test_an_output_that_cannot_be_read_fails_the_attempt():
    """With the raw result kept for the reader."""
    story = run_flow(flow({"name": "a", "output": "{{ result.x.y }}"}))
    assert story.result.errors["a"].code == "undefined"


def test_retries_wait_and_succeed():
    """Two safe failures, then the answer; the waits are virtual seconds of the log."""
    retry = {"max_attempts": 3, "jitter": False}
    agents = mock(fail={"go": {"times": 2, "outcome": "safe"}}, retry_config=retry)
    story = run_flow(flow({"name": "a"}, agents=agents))
    assert story.result.status == "completed"
    assert [each.delay for each in story.of(ev.RetryScheduled)] == [1.0, 2.0]
    assert story.result.execution_time == 3.0
    assert story.result.metrics["retries"] == 2


def test_no_retry_beyond_the_tasks_deadline():
    """A delay that would end after the timeout is not waited for."""
    retry = {"max_attempts": 5, "initial_delay": 30, "jitter": False}
    agents = mock(fail={"go": {"outcome": "safe"}}, retry_config=retry)
    story = run_flow(flow({"name": "a", "timeout": "10s"}, agents=agents))
    assert story.result.execution_time == 0
    assert story.of(ev.RetryScheduled) == []


def test_an_attempts_timeout_is_an_unknown_outcome(agent):
    """It is tried again only because the task is idempotent."""
    calls = agent(lambda call: asyncio.sleep(1000) if call.attempt == 1 else "late")
    settings = {"timeout": 5, "retry_config": {"max_attempts": 2, "initial_delay": 0}}
    story = run_flow(ours({"name": "a"}, agent=settings))
    failed = story.of(ev.AttemptFailed)[0].failure
    assert (failed.category, failed.outcome, failed.code) == ("timeout_error", "unknown", "attempt_timeout")
    assert story.result.results == {"a": "late"}
    story = run_flow(ours({"name": "a", "idempotent": False}, agent=settings))
    assert story.result.status == "failed"
    assert [call.attempt for call in calls] == [1, 2, 1]


def test_a_tasks_timeout_stops_the_attempt(agent):
    """The failure says which limit it was."""
    agent(lambda call: asyncio.sleep(1000))
    story = run_flow(ours({"name": "a", "timeout": 7}))
    assert story.result.errors["a"].code == "task_timeout"
    assert story.result.execution_time == 7


def test_the_global_timeout_fails_the_run_and_cleanup_still_runs(agent):
    """Exit code 124."""
    agent(lambda call: asyncio.sleep(1000) if call.task == "a" else "clean")
    last = {"name": "z", "agent_name": "m", "action": "go"}
    story = run_flow(ours({"name": "a"}, global_timeout="1m", **{"finally": [last]}))
    assert story.result.exit_code() == 124
    assert story.result.results == {"z": "clean"}


@pytest.mark.parametrize("error", [ValueError("boom"), SystemExit(3)])
def test_whatever_an_agent_raises_is_a_failed_attempt(agent, error):
    """Foreign code cannot break the run, nor end the process."""

    def explode(call: Call):
        raise error

    agent(explode)
    failure = run_flow(ours({"name": "a"})).result.errors["a"]
    assert (failure.category, failure.code) == ("agent_error", "raised")
    assert type(error).__name__ in failure.message


def test_an_agents_own_timeout_is_no_deadline_of_ours(agent):
    """It is an unknown outcome with a message of its own."""

    def explode(call: Call):
        raise TimeoutError

    agent(explode)
    failure = run_flow(ours({"name": "a"}, agent={"timeout": 5})).result.errors["a"]
    assert (failure.category, failure.code) == ("timeout_error", "")


def test_an_agent_error_is_taken_as_it_is(agent):
    """An agent may say exactly how the call failed."""
    said = Failure(Category.RESOURCE, "full", Outcome.PERMANENT, "quota")

    def explode(call: Call):
        raise AgentError(said)

    agent(explode)
    assert run_flow(ours({"name": "a"})).result.errors["a"] == said


def test_a_failure_without_a_reason_gets_one(agent):
    """Plugins may be terse."""
    from lead_tui.agents.base import AgentResponse

    agent(lambda call: AgentResponse(success=False))
    assert "without a reason" in run_flow(ours({"name": "a"})).result.errors["a"].message


def test_a_result_that_json_cannot_hold_fails_the_attempt(agent):
    """A resumed run could not see it again."""
    agent(lambda call: {"f": float("nan")})
    failure = run_flow(ours({"name": "a"})).result.errors["a"]
    assert failure.code == "not_plain"


def test_results_become_plain_data(agent):
    """Tuples and the like are stored as what JSON makes of them."""
    agent(lambda call: {"t": (1, 2), "f": 1.5, "k": [None, True]})
    assert run_flow(ours({"name": "a"})).result.results == {"a": {"t": [1, 2], "f": 1.5, "k": [None, True]}}


def test_an_agent_that_cannot_be_made_fails_its_tasks(monkeypatch):
    """The rest of the run goes on."""

    class Broken(scripted(lambda call: 1)):
        def __init__(self, config):
            raise RuntimeError("no licence")

    monkeypatch.setitem(registry._registered, "test", Broken)
    story = run_flow(ours({"name": "a"}))
    assert story.result.errors["a"].message == "m cannot be used: no licence"


def test_a_cancelled_attempt_may_clean_up(agent):
    """CancelledError reaches the agent; what it does in `finally` is waited for."""
    cleaned = []

    async def work():
        try:
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep(2)
            cleaned.append(True)

    agent(lambda call: work())

    async def cancel(run):
        await asyncio.sleep(5)
        assert (await run.send(Cancel(why="enough"), "ada")).accepted

    story = run_flow(ours({"name": "a"}), meanwhile=cancel)
    assert cleaned == [True]
    assert story.result.status == "cancelled"
    assert story.result.execution_time == 7


def test_an_agent_that_swallows_its_cancellation_is_not_believed(agent):
    """Its late result is noted, and not used."""

    async def stubborn():
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            return "too late"

    agent(lambda call: stubborn())

    async def cancel(run):
        await asyncio.sleep(1)
        await run.send(CancelTask(task="a"))

    story = run_flow(ours({"name": "a"}), meanwhile=cancel)
    assert story.state.tasks["a"].status == "cancelled"
    assert "not used" in story.notes[0].text


def test_an_agent_that_ignores_its_cancellation_is_left_behind(agent):
    """After the grace period the run goes on without it."""

    async def deaf():
        for _ in range(3):
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                continue

    agent(lambda call: deaf())

    async def cancel(run):
        await asyncio.sleep(1)
        await run.send(CancelTask(task="a"))

    story = run_flow(ours({"name": "a"}), meanwhile=cancel)
    assert story.state.tasks["a"].status == "cancelled"
    assert story.result.execution_time == 11


def test_the_idempotency_key_stays_over_retries(agent):
    """And differs between tasks."""

    def flaky(call: Call):
        if call.attempt == 1:
            raise AgentError(Failure(Category.NETWORK, "down", Outcome.SAFE))

    calls = agent(flaky)
    run_flow(ours({"name": "a"}, {"name": "b"}, agent={"retry_config": {"max_attempts": 2}}))
    keys = {task: {call.context.idempotency_key for call in calls.of(task)} for task in "ab"}
    assert len(keys["a"]) == len(keys["b"]) == 1
    assert keys["a"] != keys["b"]


def test_notes_reach_the_journal_with_their_task_and_place(agent):
    """Log lines, progress and tokens are stored in order, with the last fact before them."""

    def talk(call: Call):
        call.context.log("x" * 100_000, "warning")
        call.context.progress(1, 2, "half")
        call.context.tokens("Hel")
        call.context.tokens("lo")

    agent(talk)
    story = run_flow(ours({"name": "a"}))
    assert [note.type for note in story.notes] == ["log", "progress", "tokens", "tokens"]
    assert {(note.task, note.attempt, note.after) for note in story.notes} == {("a", 1, 5)}
    assert story.notes[0].text.endswith("(100000 characters)")


def test_what_when_reads_stands_in_the_event():
    """A condition's values are facts too."""
    tasks = [{"name": "a"}, {"name": "b", "when": "tasks.a.result.n > 5"}, {"name": "c", "when": False}]
    story = run_flow(flow(*tasks, agents=mock(results={"go": {"n": 3}})))
    seen = {each.task: (each.value, each.saw) for each in story.of(ev.ExpressionEvaluated)}
    assert seen == {"b": (False, {"tasks.a.result.n": 3}), "c": (False, {})}


def test_a_condition_that_cannot_be_read_fails_its_task():
    """With the missing path."""
    story = run_flow(flow({"name": "a"}, {"name": "b", "when": "tasks.a.result.x.y == 1"}))
    assert "tasks.a.result.x" in story.result.errors["b"].message


def test_outputs_are_rendered_at_the_end():
    """A completed run has all of them, a failed one those that could be read."""
    outputs = {
        "n": "{{ tasks.a.result.n }}",
        "other": "{{ tasks.b.result.n }}",
        "state": "{{ tasks.b.status }}",
    }
    agents = mock(results={"go": {"n": 3}}, fail={"no": {"category": "agent_error"}})
    story = run_flow(flow({"name": "a"}, {"name": "b", "action": "no"}, outputs=outputs, agents=agents))
    assert story.result.outputs == {"n": 3, "state": "failed"}


def test_outputs_that_cannot_be_read_fail_a_completed_run():
    """The failure names the output."""
    story = run_flow(flow({"name": "a"}, outputs={"x": "{{ tasks.a.result.nothing }}"}))
    assert story.result.status == "failed"
    assert story.result.failure.message.startswith("outputs.x: ")


@pytest.mark.parametrize("make", ["itself", "deep", "bytes"])
def test_results_that_nothing_could_store_fail_their_task_only(agent, make):
    """What contains itself, is nested too deep or is binary: the others go on."""
    itself: list = []
    itself.append(itself)
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    values = {"itself": itself, "deep": deep, "bytes": b"x"}
    agent(lambda call: values[make] if call.task == "a" else "fine")
    story = run_flow(ours({"name": "a"}, {"name": "b"}, failure_strategy="continue_on_failure"))
    assert story.result.errors["a"].code in {"too_deep", "not_plain"}
    assert story.result.results == {"b": "fine"}


def test_text_that_is_no_unicode_is_kept_as_far_as_it_goes(agent, tmp_path):
    """Results, messages and log lines with lone surrogates: the journal stores the rest."""

    def speak(call: Call):
        call.context.log("log \ud800")
        call.context.tokens("token \ud800")
        call.context.progress(1, text="progress \ud800")
        if call.task == "b":
            raise ValueError("error \ud800")
        return {"key \ud800": "value \ud800"}

    agent(speak)
    story = run_flow(ours({"name": "a"}, {"name": "b"}, failure_strategy="continue_on_failure"))
    assert story.result.results == {"a": {"key \ufffd": "value \ufffd"}}
    assert story.result.errors["b"].message == "ValueError: error \ufffd"
    assert msgspec.json.encode([*story.events, *story.notes])
