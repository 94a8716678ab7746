"""An event loop whose time is virtual: when nothing is ready it jumps to the next timer.

    def test_backoff():
        assert run_virtual(my_flow()) == ...    # an hour of retries in a few milliseconds

Timeouts, sleeps and `VirtualClock` move together, so the order of everything is the same each time.
Work in `run_in_executor` and `asyncio.to_thread` takes real time: the loop waits for it and does not
jump meanwhile. Other threads that call back, and sockets and child processes, it cannot wait for while
a timer is set: test those with asyncio's own loop.
"""

import asyncio
import contextvars
import selectors
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Deadlock(RuntimeError):
    """Every task waits and nothing will ever wake one: no timer, no thread, no socket."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` begins at 0 and counts virtual seconds."""

    def __init__(self) -> None:
        self._now = 0.0
        self._in_threads = 0
        self._selector_of_time = _Selector(self._wait)
        super().__init__(self._selector_of_time)
        # two timers this close are one; less than this vanishes in a float after some years of seconds
        self._clock_resolution = 1e-6
        self._own_files = len(self._selector_of_time.get_map())

    def time(self) -> float:
        return self._now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._in_threads += 1
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._in_threads += 1  # it waits in a thread of its own
        try:
            await super().shutdown_default_executor()
        finally:
            self._in_threads -= 1

    def _thread_done(self, _: asyncio.Future[Any]) -> None:
        self._in_threads -= 1

    def _wait(self, timeout: float | None) -> float | None:
        """How long to wait really, when nothing is ready for `timeout` virtual seconds (None: no timer)."""
        if self._in_threads:
            return None
        if timeout is not None:
            self._now += timeout
            return 0.0
        if len(self._selector_of_time.get_map()) > self._own_files:
            return None  # a socket may still wake somebody
        raise Deadlock(f"nothing can go on: {_who_waits(self)}")


class _Selector(selectors.BaseSelector):
    """The real selector, asked without waiting; if nothing is ready, `wait` decides how long to wait."""

    def __init__(self, wait: Callable[[float | None], float | None]) -> None:
        self._real = selectors.DefaultSelector()
        self._wait = wait

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        return self._real.select(self._wait(timeout))

    def register(self, fileobj: "FileDescriptorLike", events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: "FileDescriptorLike") -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: "FileDescriptorLike", events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping["FileDescriptorLike", selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


def run_virtual(coroutine: Coroutine[Any, Any, T], *, context: contextvars.Context | None = None) -> T:
    """Like `asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine, context=context)


def _who_waits(loop: asyncio.AbstractEventLoop) -> str:
    places = []
    for task in sorted(asyncio.all_tasks(loop), key=lambda each: each.get_name()):
        stack = task.get_stack(limit=1)
        place = f" at {stack[0].f_code.co_filename}:{stack[0].f_lineno}" if stack else ""
        places.append(f"{task.get_name()}{place}")
    return ", ".join(places) or "there is no task"
