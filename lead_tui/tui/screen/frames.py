"""The one clock of the screen: at most 30 frames a second, none while nothing changes.

Whoever changes something calls `wake`. Where the event loop cannot follow, because the engine keeps it busy,
frames get rarer, so that watching costs little.
"""

import asyncio
from collections.abc import Callable

SHORTEST = 1 / 31
"""Seconds: frames that come a little late still make 30 a second."""
LONGEST = 1 / 5
TICK = 0.5
LATE = 0.012
"""Seconds behind its time, on average, from which on the loop counts as busy."""
MEMORY = 0.8
"""How much of that average is kept with each frame."""


class Frames:
    """`draw` is called for each frame, `tick` twice a second. `lag` is how late the loop was lately."""

    def __init__(self, draw: Callable[[], None], tick: Callable[[], None]) -> None:
        self._draw = draw
        self._tick = tick
        self._stirred = asyncio.Event()
        self._interval = SHORTEST
        self._late = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self.lag = 0.0
        self.drawn = 0

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._ticking())]

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def wake(self) -> None:
        self._stirred.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            begun = loop.time()
            self._draw()
            self.drawn += 1
            # in step, however long this one took; after a rest the steps begin anew
            due = (due if begun - due < self._interval else begun) + self._interval
            self._adapt(await _sleep_until(due))

    def _adapt(self, late: float) -> None:
        self._late = MEMORY * self._late + (1 - MEMORY) * late
        if self._late > LATE:
            self._interval = min(self._interval * 1.5, LONGEST)
        else:
            self._interval = max(self._interval / 1.5, SHORTEST)

    async def _ticking(self) -> None:
        while True:
            self.lag = await _sleep_until(asyncio.get_running_loop().time() + TICK)
            self._tick()


async def _sleep_until(due: float) -> float:
    """How many seconds longer it took than it had to."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    await asyncio.sleep(due - now)
    return loop.time() - max(due, now)
