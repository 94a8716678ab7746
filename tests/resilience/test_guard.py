"""What stands round one call, and the waits, in virtual time."""

import asyncio

import pytest

from lead_tui.errors import Category, Failure, Outcome
from lead_tui.flow.models import AgentConfig, RateLimit, TaskSpec, Workflow
from lead_tui.flow.resolve import agent_settings
from lead_tui.resilience.guard import Guard, Guards
from tests.resilience.virtual import StillClock, play, settings

DOWN = Failure(Category.NETWORK, "down", Outcome.UNKNOWN, "reset")


@pytest.fixture
def clock():
    return StillClock()


def guard_of(clock: StillClock, limit: RateLimit | None = None, **breaker) -> Guard:
    return Guards(clock).of(settings(limit, **{"failure_threshold": 2, "recovery_timeout": 10} | breaker))


def open_it(guard: Guard) -> None:
    for ticket in ("f1", "f2"):
        assert guard.admit(ticket) is None
        guard.settle(ticket, DOWN)


async def call(guard: Guard, ticket: str, log: list, answer=None, takes: float = 1.0) -> Failure | None:
    """What the runner does round one call: wait until admitted, call, settle."""
    while (hold := guard.admit(ticket)) is not None:
        failure = await hold.wait()
        if failure is not None:
            return failure
    log.append((round(asyncio.get_running_loop().time(), 3), ticket))
    try:
        await asyncio.sleep(takes)
    except asyncio.CancelledError:
        guard.settle(ticket, None, cancelled=True)
        raise
    guard.settle(ticket, answer)
    return answer


def test_a_closed_guard_lets_everyone_go(clock):
    """No limit, closed: no hold, before and after."""
    guard = guard_of(clock)
    assert guard.admit("a") is None
    guard.settle("a", None)
    guard.forget("a")
    assert guard.admit("b") is None


def test_a_dead_service_costs_one_recovery_time_in_parallel(clock):
    """100 callers wait for one probe and fail together when it fails; nobody else was called."""
    guard = guard_of(clock)
    open_it(guard)
    log: list = []

    async def scene():
        return await asyncio.gather(*(call(guard, f"t{n}", log, DOWN) for n in range(100)))

    failures = play(clock, scene())
    assert log == [(10.0, "t0")]
    assert clock.time == pytest.approx(1_011)
    assert failures[0] is DOWN
    assert {(each.code, each.category, each.outcome) for each in failures[1:]} == {
        ("circuit_open", Category.RESOURCE, Outcome.SAFE)
    }
    assert "http://h" in failures[1].message


def test_a_dead_service_costs_one_recovery_time_one_after_the_other(clock):
    """Whoever comes after the failed probe is refused at once, until the next probe is due."""
    guard = guard_of(clock)
    open_it(guard)
    log: list = []

    async def scene():
        results = [await call(guard, f"t{n}", log, DOWN) for n in range(20)]
        hold = guard.admit("late")
        assert hold is not None
        assert (hold.seconds, hold.failure.code) == (0.0, "circuit_open")
        await asyncio.sleep(10)
        results.append(await call(guard, "again", log, None))
        return results

    results = play(clock, scene())
    assert log == [(10.0, "t0"), (21.0, "again")]
    assert [each.code for each in results[1:-1]] == ["circuit_open"] * 19
    assert results[-1] is None


def test_a_successful_probe_lets_all_go(clock):
    """The others go when the probe is back, not before."""
    guard = guard_of(clock)
    open_it(guard)
    log: list = []

    async def scene():
        return await asyncio.gather(*(call(guard, f"t{n}", log) for n in range(5)))

    assert play(clock, scene()) == [None] * 5
    assert sorted(log) == [(10.0, "t0"), (11.0, "t1"), (11.0, "t2"), (11.0, "t3"), (11.0, "t4")]


def test_who_comes_during_the_probe_waits_for_it(clock):
    """No fixed end of the wait is known, and the outcome ends it."""
    guard = guard_of(clock)
    open_it(guard)
    clock.time += 10
    assert guard.admit("probe") is None
    hold = guard.admit("other")
    assert (hold.reason, hold.seconds, hold.failure) == ("breaker", None, None)

    async def scene():
        waiting = asyncio.create_task(hold.wait())
        await asyncio.sleep(1)
        assert not waiting.done()
        guard.settle("probe", None)
        return await waiting

    assert play(clock, scene()) is None
    assert guard.admit("other") is None


@pytest.mark.parametrize("how", ["cancelled", "forgotten", "hung"])
def test_a_lost_probe_is_followed_by_another(clock, how):
    """Cancelled, never made, or without an answer for a recovery time: the next waiter probes."""
    guard = guard_of(clock)
    open_it(guard)
    clock.time += 10
    assert guard.admit("lost") is None
    log: list = []

    async def scene():
        waiting = asyncio.create_task(call(guard, "next", log))
        await asyncio.sleep(1)
        if how == "cancelled":
            guard.settle("lost", None, cancelled=True)
        elif how == "forgotten":
            guard.forget("lost")
        return await waiting

    assert play(clock, scene()) is None
    assert log == [(10.0 if how == "hung" else 1.0, "next")]


def test_a_cancelled_waiter_leaves_no_trace(clock):
    """At the breaker it takes no place, at the limit it gives its place back."""
    guard = guard_of(clock, RateLimit(requests=1, per=10))
    log: list = []

    async def scene():
        guard.breaker.trip()
        at_breaker = asyncio.create_task(call(guard, "a", log))
        await asyncio.sleep(1)
        at_breaker.cancel()
        await asyncio.gather(at_breaker, return_exceptions=True)
        assert not guard.breaker._watchers
        guard.breaker.reset()
        await call(guard, "b", log)
        at_limit = asyncio.create_task(call(guard, "c", log))
        await asyncio.sleep(1)
        at_limit.cancel()
        await asyncio.gather(at_limit, return_exceptions=True)
        await call(guard, "d", log)

    play(clock, scene())
    assert log == [(1.0, "b"), (11.0, "d")]


def test_an_operator_ends_the_wait(clock):
    """A reset lets waiters go at once; a trip of an open breaker makes them wait anew."""
    guards = Guards(clock)
    guard = guards.of(settings(recovery_timeout=10))
    guard.breaker.trip()
    log: list = []

    async def scene():
        first = asyncio.create_task(call(guard, "a", log))
        await asyncio.sleep(5)
        guard.breaker.trip()
        await asyncio.sleep(6)
        assert not log
        guard.breaker.reset()
        await first

    play(clock, scene())
    assert log == [(11.0, "a")]


def test_the_rate_limit_spaces_calls(clock):
    """Three a second, all go in the end, no window too full."""
    guard = guard_of(clock, RateLimit(requests=3, per=1))
    log: list = []

    async def scene():
        await asyncio.gather(*(call(guard, f"t{n}", log) for n in range(9)))

    play(clock, scene())
    assert [round(at) for at, _ in log] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    hold = [guard.admit(f"u{n}") for n in range(4)][-1]
    assert hold.reason == "rate_limit"
    assert hold.why == "rate limit of 3 per 1 s"
    guard.forget("u3")


def test_retry_after_keeps_everyone_away(clock):
    """One answer with Retry-After holds all callers of the endpoint; a later one prolongs it."""
    guard = guard_of(clock)
    limited = Failure(Category.RESOURCE, "slow", Outcome.SAFE, "http_429", 429, 5.0)
    guard.settle("x", limited)
    log: list = []
    hold = guard.admit("a")
    assert (hold.reason, hold.seconds) == ("retry_after", 5.0)

    async def scene():
        waiting = [asyncio.create_task(call(guard, ticket, log)) for ticket in "ab"]
        await asyncio.sleep(2)
        guard.settle("y", limited)
        await asyncio.gather(*waiting)

    play(clock, scene())
    assert log == [(7.0, "a"), (7.0, "b")]


def test_the_budget_learns_from_settled_calls(clock):
    """Retries are granted from the endpoint's budget; local work has none."""
    guard = guard_of(clock, enabled=False)
    granted = 0
    for n in range(50):
        guard.settle(f"t{n}", DOWN)
        while guard.budget.take():
            granted += 1
            guard.settle(f"t{n}-again", DOWN)
    assert 15 <= granted <= 20
    local = Guards(clock).of(settings(budget=False))
    assert local.budget is None
    local.settle("x", None)


def test_equal_settings_share_and_others_do_not(clock):
    """One breaker for a key; a rate limit of its own for each limit."""
    guards = Guards(clock)
    one, same = guards.of(settings()), guards.of(settings())
    limited, other = guards.of(settings(RateLimit(requests=1))), guards.of(settings(key="t|http://i|{}"))
    assert one is same
    assert limited is not one
    assert limited.breaker is one.breaker
    assert other.breaker is not one.breaker
    assert guards.of(settings(key="odd")).endpoint.name == "odd"


def test_the_flow_says_which_agents_have_a_budget():
    """An agent with an endpoint or a breaker by default is a service; built-in local work is not."""

    class Local(AgentConfig):
        default_breaker = False

    flow = Workflow(name="w", tasks=(TaskSpec(name="t", agent_name="a", action="x"),))
    assert agent_settings(flow, AgentConfig(name="a", type="x")).retry_budget
    assert not agent_settings(flow, Local(name="a", type="x")).retry_budget
    assert agent_settings(flow, Local(name="a", type="x", endpoint="http://h")).retry_budget


def test_a_breaker_may_change_in_another_loop(clock):
    """State is the process's, loops come and go: waiters of a finished loop disturb nobody."""
    guard = guard_of(clock)
    open_it(guard)
    log: list = []

    async def give_up():
        waiting = asyncio.create_task(call(guard, "a", log))
        await asyncio.sleep(1)
        waiting.cancel()

    play(clock, give_up())
    assert play(clock, call(guard, "b", log)) is None
    assert log == [(9.0, "b")]
