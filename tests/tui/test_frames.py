"""The one clock of the screen: how often it draws, and that it rests."""

import asyncio

from lead_tui.testing import run_virtual
from lead_tui.tui.screen.frames import Frames


class Drawing:
    """Always something to draw; remembers when it was drawn."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.frames = Frames(self._draw, lambda: None)

    def _draw(self) -> None:
        self.at.append(asyncio.get_running_loop().time())
        self.frames.wake()

    async def run(self, seconds: float) -> None:
        self.frames.start()
        self.frames.wake()
        await asyncio.sleep(seconds)
        self.frames.stop()


def test_it_draws_thirty_times_a_second_and_not_more() -> None:
    """However much changes."""
    drawing = Drawing()
    run_virtual(drawing.run(2.0))
    assert 60 <= len(drawing.at) <= 63


def test_it_draws_nothing_while_nothing_changes() -> None:
    """A screen at rest costs nothing."""
    drawn: list[int] = []

    async def rest() -> None:
        frames = Frames(lambda: drawn.append(1), lambda: None)
        frames.start()
        frames.wake()
        await asyncio.sleep(5)
        frames.stop()

    run_virtual(rest())
    assert drawn == [1]
