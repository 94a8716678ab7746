"""Blocking code beside the event loop: one daemon thread per call.

A thread cannot be stopped. When the call is cancelled or times out, the thread is left to itself: its
result is dropped, and it does not keep the process from ending.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class DaemonThreads(Executor):
    """`ThreadPoolExecutor` would wait at exit for a thread that hangs."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        future: Future[R] = Future()
        future.set_running_or_notify_cancel()
        work = partial(_fulfil, future, partial(fn, *args, **kwargs))
        threading.Thread(target=work, name="leadtui-call", daemon=True).start()
        return future


def _fulfil(future: Future[R], call: Callable[[], R]) -> None:
    try:
        value = call()
    except StopIteration as error:  # no future can carry one
        future.set_exception(RuntimeError(f"StopIteration: {error}"))
    except BaseException as error:  # noqa: BLE001 - a foreign function's; raised again where it is awaited
        future.set_exception(error)
    else:
        future.set_result(value)


_threads = DaemonThreads()


async def in_thread(call: Callable[[], R]) -> R:
    run = contextvars.copy_context().run
    return await asyncio.get_running_loop().run_in_executor(_threads, run, call)
