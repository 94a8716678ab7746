"""What an attempt waits for: one thing at a time, whatever its agent does at once.

Meanwhile the core knows which of the attempt's open tool calls wait with it, be it for their turn: these are
not in flight, and the run may be left.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from lead_tui.core import events as ev


class Standstill:
    """Of one attempt. `post` takes facts to the core."""

    def __init__(self, task: str, attempt: int, post: Callable[..., None]) -> None:
        self._task = task
        self._attempt = attempt
        self._post = post
        self._turn = asyncio.Lock()
        self._waiting: list[tuple[str, ...]] = []
        self._told: list[str] = []
        self._woken: asyncio.Future[None] | None = None
        self._stands = False

    @asynccontextmanager
    async def turn(self, calls: tuple[str, ...]) -> AsyncIterator[None]:
        """Within it nobody else of this attempt waits; these open tool calls do from now on."""
        self._waiting.append(calls)
        self._tell_if_standing()
        try:
            async with self._turn:
                yield
        finally:
            self._waiting.remove(calls)
            self._tell_if_standing()

    async def wait(self, *facts: ev.Event) -> None:
        """Stand still because of these facts until the core starts this attempt again."""
        self._woken, self._stands = asyncio.get_running_loop().create_future(), True
        self._post(*self._changed(), *facts)
        await self._woken

    def go_on(self) -> bool:
        """The core has started the attempt again. False if it never stood still.

        Who waited may have gone on by itself: by a timeout of its own.
        """
        self._stands, self._told = False, []
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)
        return self._woken is not None

    def _tell_if_standing(self) -> None:
        if self._stands and (changed := self._changed()):
            self._post(*changed)

    def _changed(self) -> list[ev.Event]:
        """The fact of which calls wait now, unless that is known."""
        calls = list(dict.fromkeys(call for calls in self._waiting for call in calls))
        if calls == self._told:
            return []
        self._told = calls
        return [ev.ToolsWaiting(task=self._task, attempt=self._attempt, calls=calls)]
