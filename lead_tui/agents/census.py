"""One look round among all processes for everybody who asks for one at the same time."""

import asyncio
from weakref import WeakKeyDictionary

from lead_tui.agents.process_tree import Census


class Looks:
    """The looks of one event loop: one at a time, each begun after it was asked for."""

    def __init__(self) -> None:
        self._next: asyncio.Task[Census] | None = None
        self._turn = asyncio.Lock()

    async def look(self) -> Census:
        if self._next is None:
            self._next = asyncio.create_task(self._look())
        return await asyncio.shield(self._next)

    async def _look(self) -> Census:
        async with self._turn:
            self._next = None  # who asks from here on would get a picture older than the question
            return await asyncio.to_thread(Census)


_looks: WeakKeyDictionary[asyncio.AbstractEventLoop, Looks] = WeakKeyDictionary()


async def census() -> Census:
    """All processes as they are after this call began."""
    return await _looks.setdefault(asyncio.get_running_loop(), Looks()).look()
