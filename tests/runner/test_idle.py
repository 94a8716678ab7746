"""`idle_timeout`: an attempt of which nothing is heard is stalled, and times out. In virtual time."""

import asyncio

import pytest

from lead_tui import WorkflowBuilder
from lead_tui.agents import registry
from lead_tui.agents.base import Gate, cut_off_unsent
from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.errors import AgentError, Category, Failure
from lead_tui.runner.call_time import CallTime
from lead_tui.runner.idle_clock import IdleClock
from lead_tui.testing import run_flow, run_virtual, scripted
from tests.runner.flows import flow, ours

SILENCE = "nothing was heard for 10 s (idle_timeout)"
AGAIN = {"retry_config": {"max_attempts": 2, "initial_delay": 0}}


def idle(seconds=10, **task):
    return {"name": "a", "idle_timeout": seconds, **task}


def stalls(story):
    return [(event.task, event.attempt, event.idle) for event in story.of(ev.AttemptStalled)]


def test_a_silent_attempt_is_stalled_and_times_out(agent):
    """The fact comes first, then the end of the attempt: a timeout of unknown outcome, with its own code."""
    agent(lambda call: asyncio.sleep(1000))
    story = run_flow(ours(idle("10s")))
    assert story.types()[-5:] == [
        "attempt_stalled", "attempt_failed", "task_failed", "run_stopping", "run_failed",
    ]  # fmt: skip
    assert stalls(story) == [("a", 1, 10.0)]
    failure = story.result.errors["a"]
    assert (failure.category, failure.outcome, failure.code) == ("timeout_error", "unknown", "idle_timeout")
    assert failure.message == SILENCE
    assert story.result.execution_time == 10


WAYS = {
    "heartbeat": lambda context: context.heartbeat(),
    "log": lambda context: context.log("line", stream="stderr"),
    "progress": lambda context: context.progress(1),
    "tokens": lambda context: context.tokens("t"),
    "service": lambda context: context.service("s", "ready"),
    "spend": lambda context: context.spend({"calls": 1}),
    "spend nothing": lambda context: context.spend({}),
    "tool called": lambda context: context.tool_called("1", "t", {}),
    "tool returned": lambda context: context.tool_returned("1", "t"),
    "save": lambda context: context.save({}),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_is_heard_puts_the_time_back(agent, way):
    """Each time the whole time lies ahead again, and it passes as soon as nothing more comes."""

    async def work(call):
        for _ in range(5):
            await asyncio.sleep(9)
            WAYS[way](call.context)
        await asyncio.sleep(1000)

    agent(work)
    story = run_flow(ours(idle()))
    assert stalls(story) == [("a", 1, 10.0)]
    assert story.result.execution_time == 55


def test_a_request_that_is_let_go_is_heard(agent):
    """Who asks for one more call of a model is alive, and no wait for it is needed."""

    async def work(call):
        for _ in range(3):
            await asyncio.sleep(9)
            await call.context.admit()
        return "done"

    agent(work)
    assert run_flow(ours(idle())).result.results == {"a": "done"}


def test_a_heartbeat_leaves_nothing(agent):
    """Neither a note nor a fact; and without an `idle_timeout` silence has no end."""

    async def work(call):
        call.context.heartbeat()
        await asyncio.sleep(1000)

    agent(work)
    story = run_flow(ours({"name": "a"}))
    assert story.result.status == "completed"
    assert story.notes == []
    assert story.types()[-4:] == ["attempt_started", "attempt_completed", "task_completed", "run_completed"]


def test_a_stalled_attempt_is_tried_again_like_any_timeout(agent):
    """If the task is idempotent: the outcome is unknown."""

    async def work(call):
        if call.attempt == 1:
            await asyncio.sleep(1000)
        return call.attempt

    calls = agent(work)
    story = run_flow(ours(idle(), agent=AGAIN))
    assert story.result.results == {"a": 2}
    assert stalls(story) == [("a", 1, 10.0)]
    story = run_flow(ours(idle(idempotent=False), agent=AGAIN))
    assert story.result.errors["a"].code == "idle_timeout"
    assert [call.attempt for call in calls] == [1, 2, 1]


def test_what_was_never_sent_is_safe(agent):
    """As with the attempt's timeout: then it is tried again whatever it does, and the reason is told."""

    async def work(call):
        if call.attempt == 2:
            return "sent"
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError as error:
            cut_off_unsent(error, "the line was busy")
            raise

    agent(work)
    story = run_flow(ours(idle(idempotent=False), agent=AGAIN))
    failed = story.of(ev.AttemptFailed)[0].failure
    assert (failed.outcome, failed.message) == ("safe", f"{SILENCE}: the line was busy")
    assert story.result.results == {"a": "sent"}


def test_an_agent_that_swallows_the_end_of_its_time_is_not_believed(agent):
    """What it answers afterwards comes too late."""

    async def stubborn(call):
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            return "too late"

    agent(stubborn)
    story = run_flow(ours(idle()))
    assert story.result.errors["a"].code == "idle_timeout"
    assert stalls(story) == [("a", 1, 10.0)]


def test_the_time_stands_still_while_a_person_is_asked(agent):
    """Afterwards the whole of it lies ahead: to ask was a sign of life, too."""

    async def work(call):
        await asyncio.sleep(9)
        await call.context.ask(Gate(message="Go on?"))
        await asyncio.sleep(9)
        return "done"

    async def answer(run):
        await asyncio.sleep(500)
        await run.send(cmd.Approve(gate=next(iter(run.state.gates))), "ada")

    agent(work)
    story = run_flow(ours(idle()), meanwhile=answer, park_when_waiting=False)
    assert story.result.results == {"a": "done"}
    assert story.result.execution_time == 509


def test_the_time_goes_on_after_a_person_was_asked(agent):
    """Silence after the answer is silence."""

    async def work(call):
        await call.context.ask(Gate(message="Go on?"))
        await asyncio.sleep(1000)

    async def answer(run):
        await asyncio.sleep(500)
        await run.send(cmd.Approve(gate=next(iter(run.state.gates))), "ada")

    agent(work)
    story = run_flow(ours(idle()), meanwhile=answer, park_when_waiting=False)
    assert stalls(story) == [("a", 1, 10.0)]
    assert story.result.execution_time == 510


@pytest.fixture
def team(monkeypatch):
    """A flow whose agent `m` runs one function, and calls the agent `server`, which runs another."""

    def register(server, caller=lambda call: call.context.call("server", "go", {}), **settings):
        monkeypatch.setitem(registry._registered, "caller", scripted(caller))
        monkeypatch.setitem(registry._registered, "server", scripted(server))
        agents = [{"name": "m", "type": "caller"}, {"name": "server", "type": "server", **settings}]
        return flow(idle(), agents=agents)

    return register


def test_what_a_called_agent_says_is_heard_as_the_attempts(team):
    """Every word of its own counts for the task, pieces that are not kept included."""

    async def serve(call):
        for tell in (call.context.heartbeat, lambda: call.context.log("x"), lambda: call.context.save(1)):
            await asyncio.sleep(9)
            tell()
        await asyncio.sleep(9)
        return "done"

    assert run_flow(team(serve)).result.results == {"a": "done"}


def test_that_a_called_agent_answers_is_heard(team):
    """One short call after the other is no silence, though nobody says a word."""

    async def ask(call):
        for _ in range(3):
            await call.context.call("server", "go", {})

    story = run_flow(team(lambda call: asyncio.sleep(9), ask))
    assert story.result.status == "completed"


def test_a_silent_call_of_another_agent_stalls_the_attempt(team):
    """What it waits for is cut off."""
    cut = []

    async def serve(call):
        try:
            await asyncio.sleep(1000)
        finally:
            cut.append(call.agent)

    story = run_flow(team(serve))
    assert (story.result.errors["a"].code, cut) == ("idle_timeout", ["server"])


def test_the_time_stands_still_while_a_called_agent_waits_for_its_limit(team):
    """It is the limit that is slow, not the agent."""

    async def ask(call):
        for _ in range(2):
            await call.context.call("server", "go", {})
        return "done"

    data = team(lambda call: 1, ask, rate_limit={"requests": 1, "per": 300})
    story = run_flow(data)
    assert story.result.results == {"a": "done"}
    assert story.result.execution_time >= 300


def test_who_cleans_up_after_a_cancellation_may_be_silent(agent):
    """Its end has begun: nothing is stalled, and nobody interrupts what it does."""
    cleaned = []

    async def work(call):
        try:
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep(8)
            cleaned.append(True)

    async def cancel(run):
        await asyncio.sleep(3)
        await run.send(cmd.CancelTask(task="a"))

    agent(work)
    story = run_flow(ours(idle(5)), meanwhile=cancel)
    assert (story.state.tasks["a"].status, cleaned, stalls(story)) == ("cancelled", [True], [])


def test_who_cleans_up_after_the_attempts_timeout_may_be_silent(agent):
    """The failure is that of the limit that came first."""
    cleaned = []

    async def work(call):
        try:
            await asyncio.sleep(4)
            call.context.heartbeat()
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep(20)
            cleaned.append(True)

    agent(work)
    story = run_flow(ours(idle(5), agent={"timeout": 6}))
    assert (story.result.errors["a"].code, cleaned, stalls(story)) == ("attempt_timeout", [True], [])


def test_a_cleanup_that_asks_after_the_time_is_up_gets_its_answer(agent):
    """To stand still does no harm to a timeout that has passed."""

    async def work(call):
        try:
            await asyncio.sleep(1000)
        finally:
            await call.context.ask(Gate(message="Keep the files?"))

    async def answer(run):
        await asyncio.sleep(100)
        await run.send(cmd.Approve(gate=next(iter(run.state.gates))), "ada")

    agent(work)
    story = run_flow(ours(idle()), meanwhile=answer, park_when_waiting=False)
    assert story.result.errors["a"].code == "idle_timeout"


def test_an_attempt_that_went_on_past_its_gate_may_stall(agent):
    """It gave up waiting by a timeout of its own, while the core still waits for the person."""

    async def work(call):
        try:
            async with asyncio.timeout(3):
                await call.context.ask(Gate(message="Go on?"))
        except TimeoutError:
            await asyncio.sleep(1000)

    agent(work)
    story = run_flow(ours(idle()), park_when_waiting=False)
    assert stalls(story) == [("a", 1, 10.0)]
    assert story.result.execution_time == 13


def test_a_tasks_own_cleanup_has_the_key_too(agent):
    """`finally` tasks are tasks like others."""
    agent(lambda call: asyncio.sleep(1000) if call.task == "z" else "done")
    last = {"name": "z", "agent_name": "m", "action": "go", "idle_timeout": 5}
    story = run_flow(ours({"name": "a"}, **{"finally": [last]}))
    assert stalls(story) == [("z", 1, 5.0)]


def test_the_clock_looks_only_when_it_is_due():
    """However much is heard, there is one timer, set again at most once in the time that it measures."""
    told, looks = [], []

    class Counted(IdleClock):
        def _look(self):
            looks.append(self._loop.time())
            super()._look()

    async def play():
        clock = Counted(10, told.append)
        clock.start()
        for _ in range(300):
            await asyncio.sleep(0.1)
            clock.hear()
        await asyncio.sleep(100)

    run_virtual(play())
    assert told == [pytest.approx(10)]
    assert len(looks) == 5


def test_a_call_that_is_over_does_not_stall():
    """Its clock is stopped, also if somebody waits on in its name."""

    async def play():
        time = CallTime()
        time.idle = IdleClock(10, lambda idle: time.stall(lambda: told.append(idle)))
        time.begin()
        time.end()
        await asyncio.sleep(50)
        with time.standing_still():
            await asyncio.sleep(50)
        await asyncio.sleep(50)
        assert (told, time.stalled) == ([], False)

    told: list[float] = []
    run_virtual(play())


async def test_a_call_that_ends_in_the_same_moment_is_not_told_to_have_stalled():
    """It was quicker than its end."""
    time, told = CallTime(), []
    async with asyncio.timeout(None) as time.timeout:  # noqa: ASYNC100 - it ends before it could be cut off
        time.stall(lambda: told.append("stalled"))
    await asyncio.sleep(0)
    assert told == []


def test_who_begins_to_wait_in_the_last_moment_is_cut_off_all_the_same():
    """Nobody is asked in vain whether it may go on."""

    async def play():
        time = CallTime()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(500) as time.timeout:
                time.stall(lambda: told.append(time.seconds))
                with time.standing_still():
                    await asyncio.sleep(1000)

    told: list[float] = []
    run_virtual(play())
    assert told == [0.0]


def test_a_builder_takes_it():
    """As text or as seconds."""
    builder = WorkflowBuilder("w").task("a", "shell", "run", idle_timeout="1m", parameters={"command": "x"})
    assert builder.build(environment={}).tasks[0].idle_timeout == 60


def test_a_failure_of_the_agents_own_is_its_failure(agent):
    """An agent that answers the end of its time with another error is told by that error."""

    async def work(call):
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            raise AgentError(Failure(Category.TOOL, "the pump broke")) from None

    agent(work)
    story = run_flow(ours(idle()))
    assert story.result.errors["a"].message == "the pump broke"
    assert stalls(story) == [("a", 1, 10.0)]
