"""Real sockets and processes in a time that a test moves on: hours pass between two lines of a command.

The loop's clock is the real one plus what was leaped over. A test leaps when it has seen something happen, so
nothing depends on how quick the machine is, as long as the leaps are long beside it.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from lead_tui.core.events import Note
from lead_tui.journal.memory import MemoryJournal
from lead_tui.observers.hub import Observer
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.testing import Story
from lead_tui.testing.flows import story_of

T = TypeVar("T")


class LeapingLoop(asyncio.SelectorEventLoop):
    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def leap(seconds: float) -> None:
    """All that is set for this time is due at once."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, LeapingLoop)
    loop.ahead += seconds


def run_leaping(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(work)


async def play(
    flow: dict[str, Any], folder: Path, on_note: Callable[[Note], Awaitable[object]] | None = None
) -> Story:
    """Run a flow to its end; `on_note` is awaited for each of its notes."""

    class Ear(Observer):
        async def on_note(self, note: Note) -> None:
            if on_note is not None:
                await on_note(note)

    journal = MemoryJournal()
    document = load_dict(flow, folder, os.environ)
    run = await Engine(journal).start(document, {}, environment=os.environ, observers=[Ear()])
    return story_of(journal, run, await run.wait())


class Doors:
    """What another process waits for: it reads from `door0`, and goes on when the test opens it."""

    def __init__(self, folder: Path, count: int) -> None:
        self._doors = [folder / f"door{number}" for number in range(count)]
        for door in self._doors:
            os.mkfifo(door)

    async def open_next(self) -> None:
        if self._doors:
            await asyncio.to_thread(self._doors.pop(0).write_text, "go\n")
