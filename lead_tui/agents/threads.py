"""Blocking code beside the event loop: one daemon thread per call.

A thread cannot be stopped. When the call is cancelled or times out, the thread is left to itself: its
result is dropped, and it does not keep the process from ending.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

from lead_tui.agents.base import AgentContext, Answer, Gate

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


class ThreadContext:
    """The context of an attempt for code in another thread: notes cross over to the loop.

    `ask` cannot: make the function `async` to ask a person.
    """

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._loop = asyncio.get_running_loop()
        self.run_id = context.run_id
        self.task = context.task
        self.attempt = context.attempt
        self.idempotency_key = context.idempotency_key
        self.folder: Path = context.folder
        self.environment = context.environment
        self.shared = context.shared

    def log(
        self,
        text: str,
        level: Literal["debug", "info", "warning", "error"] = "info",
        stream: Literal["log", "stdout", "stderr"] = "log",
    ) -> None:
        self._on_the_loop(self._context.log, text, level, stream)

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        self._on_the_loop(self._context.progress, done, total, text)

    def tokens(self, text: str) -> None:
        self._on_the_loop(self._context.tokens, text)

    def conceal(self, value: str) -> None:
        self._on_the_loop(self._context.conceal, value)

    async def ask(self, gate: Gate) -> Answer:
        raise RuntimeError(f"{gate.message!r}: only an async function can ask a person")

    def _on_the_loop(self, note: Callable[..., None], *values: Any) -> None:
        with suppress(RuntimeError):  # the run is over; a late note says nothing to anyone
            self._loop.call_soon_threadsafe(note, *values)
