"""What is in flight on one session, and which of it something that the server says belongs to.

Over HTTP that is exact: what comes on a call's own stream comes in the call's context (the SDK hands it on).
Over stdio nothing tells, neither an id nor a token. A message is then counted for the call that has waited
longest, if possible one for which nothing is asked yet. A question to a person is never guessed, since a yes
to one call would be a yes to another: it needs a call that alone can have asked.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from lead_tui.agents.base import AgentContext
from lead_tui.errors import Failure

T = TypeVar("T")

current: ContextVar["Call | None"] = ContextVar("mcp_call", default=None)
"""The call in whose task or stream we are."""


class Call:
    """`context` None: the session's own start or ping. `failure`: how its last HTTP request failed."""

    def __init__(self, context: AgentContext | None) -> None:
        self.context = context
        self.failure: Failure | None = None
        self._errands: set[asyncio.Task[Any]] = set()
        self._asked: Counter[str] = Counter()

    def times(self, question: str) -> int:
        """How often the server has asked this now."""
        self._asked[question] += 1
        return self._asked[question]

    @property
    def asks(self) -> bool:
        """Is something being done that the server asked for?"""
        return bool(self._errands)

    async def errand(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Do something that the server asked for meanwhile; None if the call ended before."""
        task = asyncio.ensure_future(work)
        self._errands.add(task)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            self._errands.discard(task)
        return None if task.cancelled() else task.result()

    async def end(self) -> None:
        for task in self._errands:
            task.cancel()
        if self._errands:
            await asyncio.wait(self._errands)


class Calls:
    """Oldest first."""

    def __init__(self) -> None:
        self._calls: dict[Call, None] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    @asynccontextmanager
    async def begun(self, context: AgentContext | None) -> AsyncIterator[Call]:
        call = Call(context)
        token = current.set(call)
        self._calls[call] = None
        try:
            yield call
        finally:
            del self._calls[call]
            current.reset(token)
            await call.end()

    def asking(self) -> Call | None:
        """The call of a task to which what the server says now belongs, or else may belong."""
        call = current.get()
        if call is not None and call.context is not None:
            return call if call in self._calls else None
        return min(self._of_tasks, key=lambda each: each.asks, default=None)

    @property
    def is_sure(self) -> bool:
        """Is it certain that what the server asks now is asked for that call?"""
        call = current.get()
        if call is not None and call.context is not None:
            return True
        tasks = self._of_tasks
        return len(tasks) <= 1 or sum(not each.asks for each in tasks) == 1

    @property
    def _of_tasks(self) -> list[Call]:
        return [each for each in self._calls if each.context is not None]
