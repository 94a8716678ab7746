"""Virtual time."""

import asyncio
import socket
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.testing import Deadlock, VirtualClock, VirtualLoop, run_virtual


def test_hours_pass_in_no_time_and_in_order():
    """Sleeps end by their length, the loop's time is the sum, a year is no more work than a second."""

    async def main():
        order = []

        async def nap(seconds):
            await asyncio.sleep(seconds)
            order.append((seconds, asyncio.get_running_loop().time()))

        await asyncio.gather(*(nap(each) for each in (3600, 0.001, 31_536_000, 60)))
        return order

    assert run_virtual(main()) == [(each, each) for each in (0.001, 60, 3600, 31_536_000)]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_timers_fire_at_their_time(delays):
    """Whatever the delays, each fires when the clock shows it (to a microsecond) and none twice."""

    async def main():
        loop, fired = asyncio.get_running_loop(), []
        for each in delays:
            loop.call_later(each, lambda each=each: fired.append((each, loop.time())))
        await asyncio.sleep(max(delays) + 1)
        return fired

    fired = run_virtual(main())
    assert sorted(delay for delay, _ in fired) == sorted(delays)
    assert all(abs(delay - at) < 2e-6 for delay, at in fired)


def test_timeouts_move_with_it():
    """`asyncio.timeout` fires before a longer sleep."""

    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(60)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 30


def test_the_clock_follows_the_loop():
    """The wall clock begins at a fixed instant and moves with the timers."""
    start = datetime(2031, 5, 6, tzinfo=UTC)

    async def main():
        clock = VirtualClock(asyncio.get_running_loop(), start)
        await asyncio.sleep(90)
        return clock.now(), clock.monotonic(), VirtualClock().now()

    now, monotonic, default = run_virtual(main())
    assert now == datetime(2031, 5, 6, 0, 1, 30, tzinfo=UTC)
    assert monotonic == 90
    assert default == datetime(2030, 1, 1, 0, 1, 30, tzinfo=UTC)


def test_a_deadlock_is_an_error_that_says_who_waits():
    """Instead of a test that hangs."""

    async def forever():
        await asyncio.get_running_loop().create_future()

    async def main():
        await asyncio.create_task(forever(), name="the sleeper")

    with pytest.raises(Deadlock, match=r"the sleeper at .*test_loop.py:\d+"):
        run_virtual(main())


def test_a_loop_without_a_task_has_nobody_to_name():
    """`run_forever` with nothing to do is a deadlock, too."""
    loop = VirtualLoop()
    with pytest.raises(Deadlock, match="there is no task"):
        loop.run_forever()
    loop.close()


def test_threads_take_real_time_and_no_virtual_one():
    """A timeout does not fire while a thread works, however short it is."""
    release = threading.Event()

    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(release.set)
        async with asyncio.timeout(0.001):
            assert await asyncio.to_thread(release.wait, 20)
        return loop.time()

    assert run_virtual(main()) == 0


def test_a_socket_may_still_wake_somebody():
    """With no timer set, the loop waits for real for what comes through a file."""

    async def main():
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        thread = threading.Thread(target=lambda: theirs.sendall(b"hello"))
        asyncio.get_running_loop().call_soon(thread.start)
        asyncio.get_running_loop().add_reader(theirs, thread.join)
        assert asyncio.get_running_loop()._wait(None) is None
        asyncio.get_running_loop().remove_reader(theirs)
        data = await asyncio.get_running_loop().sock_recv(ours, 5)
        thread.join()
        ours.close()
        theirs.close()
        return data

    assert run_virtual(main()) == b"hello"


def test_transports_work():
    """Both directions of a pair of streams, whose interest in the file changes."""

    async def main():
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        _, other = await asyncio.open_connection(sock=theirs)
        other.write(b"x" * 5_000_000 + b"\n")
        other.write_eof()
        got = await reader.read(-1)
        writer.close()
        other.close()
        await writer.wait_closed()
        return len(got)

    assert run_virtual(main()) == 5_000_001
