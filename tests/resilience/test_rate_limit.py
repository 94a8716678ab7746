"""The sliding window of the rate limit."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.flow.models import RateLimit
from lead_tui.resilience.rate_limit import RateLimiter
from tests.resilience.virtual import StillClock


def limiter(requests: int, per: float) -> tuple[RateLimiter, StillClock]:
    clock = StillClock()
    return RateLimiter(RateLimit(requests=requests, per=per), clock), clock


def test_calls_go_until_the_window_is_full():
    """Two of three go at once, the third when the first has left the window."""
    limit, clock = limiter(2, 10)
    assert [limit.reserve(t) for t in "abc"] == [0, 0, 10]
    clock.time += 4
    assert limit.reserve("c") == 6
    assert limit.remaining("c") == 6
    clock.time += 6
    assert limit.remaining("c") == 0
    assert limit.reserve("c") == 0


def test_a_reservation_is_kept_and_others_stand_behind_it():
    """Asking again does not move a ticket; the line is long as it is."""
    limit, _ = limiter(1, 10)
    assert [limit.reserve(t) for t in "abcb"] == [0, 10, 20, 10]


def test_a_cancelled_reservation_goes_to_the_next():
    """Whoever comes after a cancellation takes the free place, not the end of the line."""
    limit, clock = limiter(1, 10)
    for ticket in "abc":
        limit.reserve(ticket)
    limit.cancel("b")
    limit.cancel("nobody")
    assert limit.remaining("b") == 0
    assert limit.reserve("d") == 10
    assert limit.reserve("e") == 30
    clock.time += 100
    limit.cancel("c")
    assert limit.reserve("f") == 0


def test_who_comes_late_does_not_crowd_the_window():
    """A ticket used late moves those behind it: the window counts when calls really go."""
    limit, clock = limiter(1, 10)
    for ticket in "abc":
        limit.reserve(ticket)
    clock.time += 19
    assert limit.reserve("b") == 0
    clock.time += 1
    assert limit.reserve("c") == pytest.approx(9)


STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "ask", "cancel", "again"]), st.floats(0, 8)), max_size=120
)


@given(requests=st.integers(1, 4), steps=STEPS)
def test_never_more_than_the_limit_in_any_window(requests, steps):
    """Whatever asks, cancels and waits in whatever order: no window of `per` sees more than `requests`."""
    limit, clock = limiter(requests, 5.0)
    went: list[float] = []
    line: deque[str] = deque()
    for number, (step, wait) in enumerate(steps):
        clock.time += wait
        if step == "cancel" and line:
            limit.cancel(line.popleft())
            continue
        ticket = line.popleft() if step == "again" and line else str(number)
        if limit.reserve(ticket) == 0:
            went.append(clock.time)
        else:
            line.append(ticket)
    for begin, end in zip(went, went[requests:], strict=False):
        assert end - begin >= 5.0 - 1e-9


@given(requests=st.integers(1, 5), count=st.integers(1, 40))
def test_a_crowd_goes_as_fast_as_the_limit_allows(requests, count):
    """Tickets that wait exactly as long as they are told need no second wait."""
    limit, clock = limiter(requests, 3.0)
    begin = clock.time
    waits = {str(n): limit.reserve(str(n)) for n in range(count)}
    for ticket, wait in sorted(waits.items(), key=lambda item: item[1]):
        if wait:
            clock.time = begin + wait
            assert limit.reserve(ticket) == 0
    assert clock.time - begin == pytest.approx(3.0 * ((count - 1) // requests))
