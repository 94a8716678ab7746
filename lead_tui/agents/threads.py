"""What a call in another thread (`lead_tui.threads`) tells of itself, brought over to the event loop.

Notes wait in a queue that the loop empties a handful at a time, so a chatty thread keeps no other task
waiting; it waits itself when the queue is full. Of log lines, of streamed pieces and of progress it has
100,000 each; then a line says at the end how many more there were.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

from lead_tui.agents.base import AgentContext, AgentResponse, Answer, Begun, Gate
from lead_tui.agents.output import Allowance
from lead_tui.errors import Failure

_AT_ONCE = 100
"""Notes handed over before the loop turns to others."""
_FULL = 1_000
_PATIENCE = 1.0
"""Seconds. A loop that takes nothing for so long waits perhaps for the thread itself."""


class ThreadContext:
    """The context of an attempt for code in another thread: what it tells crosses over to the loop.

    What it would wait for does not: make the function `async` to ask a person or call another agent.
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
        self._queue: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._awake = False
        self._room = threading.Event()
        self._patient = True
        self._allowances = {"log": Allowance(), "progress": Allowance(), "tokens": Allowance()}

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Inside runs the thread; what it noted is there when the block is left, unless by a cancellation."""
        try:
            yield
        except asyncio.CancelledError:
            raise
        except BaseException:
            await self._delivered()
            raise
        await self._delivered()

    @property
    def files(self) -> Path:
        return self._context.files

    def heartbeat(self) -> None:
        self._context.heartbeat()

    def log(
        self,
        text: str,
        level: Literal["debug", "info", "warning", "error"] = "info",
        stream: Literal["log", "stdout", "stderr"] = "log",
    ) -> None:
        self.heartbeat()
        # what it prints has limits of its own, see prints.py
        if stream != "log" or self._allowances["log"].take():
            self._on_the_loop(self._context.log, text, level, stream)

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        self.heartbeat()
        if self._allowances["progress"].take():
            self._on_the_loop(self._context.progress, done, total, text)

    def tokens(self, text: str) -> None:
        self.heartbeat()
        if self._allowances["tokens"].take():
            self._on_the_loop(self._context.tokens, text)

    def conceal(self, value: str) -> None:
        self._on_the_loop(self._context.conceal, value)

    def mask(self, text: str, *, cut: bool = False) -> str:
        return self._context.mask(text, cut=cut)

    def spend(self, usage: Mapping[str, float]) -> None:
        self._on_the_loop(self._context.spend, dict(usage))

    def tool_called(self, call: str, tool: str, arguments: Any) -> None:
        self._on_the_loop(self._context.tool_called, call, tool, arguments)

    def tool_returned(self, call: str, tool: str, result: Any = None, failure: Failure | None = None) -> None:
        self._on_the_loop(self._context.tool_returned, call, tool, result, failure)

    def save(self, piece: Any) -> None:
        self._on_the_loop(self._context.save, piece)

    @property
    def saved(self) -> list[Any]:
        return self._context.saved

    def service(
        self,
        name: str,
        state: Literal["starting", "ready", "failed", "closed"],
        *,
        tools: int = 0,
        restarts: int = 0,
        error: str = "",
    ) -> None:
        tell = partial(self._context.service, name, state, tools=tools, restarts=restarts, error=error)
        self._on_the_loop(tell)

    async def ask(self, gate: Gate, bound_to: str = "") -> Answer:
        raise RuntimeError(f"{gate.message!r}: only an async function can ask a person")

    async def stored(self) -> None:
        raise RuntimeError("only an async function can wait for the journal")

    async def admit(self) -> None:
        raise RuntimeError("only an async function can wait for a budget")

    async def rest(self, seconds: float) -> None:
        raise RuntimeError("only an async function can wait for a limit")

    async def call(
        self,
        agent: str,
        action: str,
        parameters: dict[str, Any],
        begun: Begun | None = None,
        call: str = "",
    ) -> AgentResponse:
        raise RuntimeError(f"only an async function can call the agent {agent!r}")

    def _on_the_loop(self, note: Callable[..., None], *values: Any) -> None:
        with self._lock:
            self._queue.append(partial(note, *values))
            asleep, self._awake = not self._awake, True
        if asleep:
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the run is over; a late note says nothing to anyone
                self._queue.clear()
                self._awake = False
        if self._patient and len(self._queue) >= _FULL:
            self._room.clear()
            self._patient = len(self._queue) < _FULL or self._room.wait(_PATIENCE)

    def _deliver(self) -> None:
        """One wake-up of the loop for all that came since the last."""
        self._hand_over()
        with self._lock:
            self._awake = bool(self._queue)
        if self._awake:
            self._loop.call_soon(self._deliver)

    def _hand_over(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._queue))):
            note = self._queue.popleft()
            try:
                note()
            except Exception as error:  # noqa: BLE001 - a foreign function's values, which may be anything
                what = {"message": "a note of a thread could not be taken", "exception": error}
                self._loop.call_exception_handler(what)
        if len(self._queue) < _FULL:
            self._room.set()

    async def _delivered(self) -> None:
        while self._queue:
            self._hand_over()
            await asyncio.sleep(0)
        for kind, allowance in self._allowances.items():
            if allowance.left_out:
                about = "" if kind == "log" else f"{kind}: "
                self._context.log(about + allowance.verdict())
