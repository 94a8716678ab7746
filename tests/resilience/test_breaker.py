"""The circuit breaker's states."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from lead_tui.errors import Category, Failure, Outcome
from lead_tui.flow.models import BreakerConfig
from lead_tui.resilience.breaker import Breaker, BreakerChange, answered, counts_as_failure
from tests.resilience.virtual import StillClock

DOWN = Failure(Category.NETWORK, "down", Outcome.UNKNOWN, "reset")
MISSING = Failure(Category.VALIDATION, "none", Outcome.PERMANENT, "http_404", 404)
BAD = Failure(Category.VALIDATION, "bad parameters")


def breaker(**config) -> tuple[Breaker, StillClock]:
    clock = StillClock()
    return Breaker(BreakerConfig(**{"failure_threshold": 2, "recovery_timeout": 10} | config), clock), clock


def opened(**config) -> tuple[Breaker, StillClock]:
    made, clock = breaker(**config)
    for ticket in "ab":
        assert made.admit(ticket)
        made.settle(ticket, DOWN)
    return made, clock


@pytest.mark.parametrize(
    ("failure", "counts", "answers"),
    [
        (DOWN, True, False),
        (Failure(Category.NETWORK, "refused", Outcome.SAFE, "refused"), True, False),
        (Failure(Category.NETWORK, "certificate", Outcome.PERMANENT), True, False),
        (Failure(Category.TIMEOUT, "late", Outcome.SAFE), True, False),
        (Failure(Category.NETWORK, "x", Outcome.UNKNOWN, "http_408", 408), True, False),
        (Failure(Category.RESOURCE, "x", Outcome.SAFE, "http_503", 503, 5), True, False),
        (Failure(Category.RESOURCE, "x", Outcome.SAFE, "http_429", 429), False, True),
        (Failure(Category.NETWORK, "x", Outcome.SAFE, "http_425", 425), False, True),
        (MISSING, False, True),
        (BAD, False, False),
        (Failure(Category.AGENT, "exit 2"), False, True),
        (Failure(Category.TOOL, "isError"), False, True),
        (Failure(Category.RESOURCE, "x", Outcome.SAFE, "circuit_open"), False, False),
        (Failure(Category.SYSTEM, "cannot spawn"), False, False),
    ],
)
def test_what_counts(failure, counts, answers):
    """Unknown outcomes, no connection, timeouts, 408, 5xx count; a refusal proves the service is there."""
    assert (counts_as_failure(failure), answered(failure)) == (counts, answers)


def test_it_opens_after_failures_in_a_row():
    """An answer between two failures starts the count again; what proves nothing does not."""
    made, _ = breaker()
    for failure in (DOWN, None, DOWN, MISSING, DOWN, BAD):
        made.settle("t", failure)
    assert (made.state, made.failures) == ("closed", 1)
    made.settle("t", DOWN)
    assert made.state == "open"
    assert not made.admit("next")


def test_a_probe_closes_it():
    """After the recovery time one call goes; its success lets all go."""
    made, clock = opened()
    assert made.seconds() == 10
    clock.time += 10
    assert [made.admit(t) for t in "xyx"] == [True, False, True]
    assert made.state == "half_open"
    made.settle("y", None)  # was in flight before it opened: has no say
    assert made.state == "half_open"
    made.settle("x", None)
    assert (made.state, made.failures, made.seconds()) == ("closed", 0, None)


def test_a_failed_probe_opens_it_again():
    """One failure is enough, for another whole recovery time."""
    made, clock = opened()
    clock.time += 10
    made.admit("x")
    made.settle("x", DOWN)
    assert (made.state, made.failures, made.failed_probes, made.proven) == ("open", 3, 1, True)
    clock.time += 9.5
    assert not made.admit("y")
    clock.time += 0.5
    assert made.admit("y")


def test_thresholds_of_the_half_open_state():
    """`half_open_max_calls` at a time, `success_threshold` successes in all."""
    made, clock = opened(half_open_max_calls=2, success_threshold=3)
    clock.time += 10
    assert [made.admit(t) for t in "xyz"] == [True, True, False]
    made.settle("x", None)
    assert made.admit("z")
    made.settle("y", MISSING)
    made.settle("z", BAD)
    assert made.state == "half_open"
    made.admit("w")
    made.settle("w", None)
    assert made.state == "closed"


def test_a_probe_that_is_given_up_frees_its_place():
    """Cancelled: nothing learned, another goes. Silent for a recovery time: likewise."""
    made, clock = opened()
    clock.time += 10
    told = []
    unwatch = made.watch(lambda: told.append(made.state))
    made.admit("x")
    made.release("x")
    made.release("x")
    assert told == ["half_open", "half_open"]
    unwatch()
    assert made.admit("y")
    assert not made.admit("z")
    assert made.seconds() == 10
    clock.time += 10
    assert made.admit("z")
    made.settle("y", DOWN)
    assert made.state == "half_open"


def test_the_operator_has_the_last_word():
    """Trip and reset work in every state, also where nothing is counted."""
    made, clock = breaker(enabled=False)
    for _ in range(9):
        made.settle("t", DOWN)
    assert (made.state, made.failures) == ("closed", 0)
    made.trip()
    assert not made.admit("x")
    assert not made.proven
    made.reset()
    assert made.admit("x")
    made.trip()
    clock.time += 10
    assert made.admit("y")
    made.settle("y", None)
    assert made.state == "closed"


def test_one_failure_is_told_as_one():
    """A threshold of one opens with a sentence that is right, too."""
    made, _ = breaker(failure_threshold=1)
    made.settle("a", DOWN)
    assert made.change.why == "1 failure in a row, the last: down"


def test_every_change_is_told_with_its_reason():
    """Listeners see each state once, until they leave."""
    made, clock = breaker()
    seen: list[BreakerChange] = []
    leave = made.subscribe(seen.append)
    for ticket in "ab":
        made.settle(ticket, DOWN)
    clock.time += 10
    made.admit("x")
    made.settle("x", None)
    made.reset()
    leave()
    leave()
    made.trip()
    assert [(each.state, each.failures, each.why) for each in seen] == [
        ("open", 2, "2 failures in a row, the last: down"),
        ("half_open", 2, "recovery_timeout has passed: a probe may go"),
        ("closed", 0, "the probe succeeded"),
    ]
    assert [each.until is None for each in seen] == [False, True, True]
    assert made.change.why == "tripped by an operator"


class BreakerMachine(RuleBasedStateMachine):
    """Any order of calls, outcomes, cancellations, waits and operators."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.breaker, self.clock = breaker(half_open_max_calls=2, success_threshold=2)
        self.number = 0
        self.probes: dict[str, float] = {}
        self.opened_at = 0.0
        self.breaker.subscribe(self.changed)
        self.states = ["closed"]

    def changed(self, change: BreakerChange) -> None:
        self.states.append(change.state)
        self.probes.clear()
        if change.state == "open":
            self.opened_at = self.clock.time

    @rule(target=calls)
    def ask(self):
        self.number += 1
        ticket = str(self.number)
        before, now = self.breaker.state, self.clock.time
        admitted = self.breaker.admit(ticket)
        if before != "closed":  # a probe that has not answered for so long has lost its say
            self.probes = {probe: since for probe, since in self.probes.items() if now - since < 10}
        if not admitted:
            assert before != "closed"
            return multiple()
        if self.breaker.state == "half_open":
            self.probes[ticket] = now
        assert before != "open" or self.clock.time >= self.opened_at + 10
        return ticket

    @rule(ticket=consumes(calls), failure=st.sampled_from([None, None, DOWN, DOWN, MISSING, BAD]))
    def settle(self, ticket, failure):
        probe = ticket in self.probes
        before = self.breaker.state
        self.probes.pop(ticket, None)
        self.breaker.settle(ticket, failure)
        if before == "open" or (before == "half_open" and not probe):
            assert self.breaker.state == before
        if before == "half_open" and probe and failure is DOWN:
            assert self.breaker.state == "open"

    @rule(ticket=consumes(calls))
    def cancel(self, ticket):
        before = self.breaker.state
        self.probes.pop(ticket, None)
        self.breaker.release(ticket)
        assert self.breaker.state == before

    @rule(seconds=st.sampled_from([0.5, 4.0, 9.0]))
    def wait(self, seconds):
        self.clock.time += seconds

    @rule(to=st.sampled_from(["trip", "reset"]))
    def operate(self, to):
        getattr(self.breaker, to)()
        assert self.breaker.state == {"trip": "open", "reset": "closed"}[to]

    @invariant()
    def only_legal_steps(self):
        legal = {("closed", "open"), ("open", "half_open"), ("half_open", "open"), ("half_open", "closed"),
                 ("open", "closed"), ("open", "open")}  # fmt: skip
        assert set(zip(self.states, self.states[1:], strict=False)) <= legal

    @invariant()
    def never_more_probes_than_allowed(self):
        assert len(self.breaker._probes) <= 2
        assert self.breaker.state == "half_open" or not self.breaker._probes

    @invariant()
    def below_the_threshold_while_closed(self):
        assert self.breaker.state != "closed" or self.breaker.failures < 2


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
