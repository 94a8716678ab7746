"""The tape of a replay as keys move it: play, step, speed, a place. Pure of widgets."""

from collections.abc import Callable

from lead_tui.runner.replay import SPEEDS, ReplayRun
from lead_tui.tui.feed import Feed


class Tape:
    """`moved` is called whenever it stands or goes otherwise. Without a replay nothing happens."""

    def __init__(self, feed: Feed, moved: Callable[[], None]) -> None:
        self._feed = feed
        self._moved = moved

    def play(self) -> None:
        """Or pause; at its end, play it again."""
        replay = self._feed.replay
        if replay is None:
            return
        if replay.playing:
            replay.pause()
        else:
            again = replay.position >= replay.length
            replay.play()
            if again:
                self._feed.restart()
        self._moved()

    def step(self, events: int) -> None:
        self._go(lambda replay: replay.step(events))

    def speed(self, by: int) -> None:
        replay = self._feed.replay
        if replay is not None:
            replay.speed = next_speed(replay.speed, by)
            self._moved()

    def go_to(self, part: float) -> None:
        """A place between 0 and 1; it stands there."""

        def seek(replay: ReplayRun) -> None:
            replay.pause()
            replay.seek(round(replay.length * part))

        self._go(seek)

    def _go(self, move: Callable[[ReplayRun], None]) -> None:
        """The model only goes on; back means again from the start."""
        replay = self._feed.replay
        if replay is None:
            return
        before = replay.position
        move(replay)
        if replay.position < before:
            self._feed.restart()
        self._moved()


def next_speed(speed: float, by: int) -> float:
    """The speed above or below this one."""
    nearest = min(range(len(SPEEDS)), key=lambda index: abs(SPEEDS[index] - speed))
    return SPEEDS[min(max(nearest + by, 0), len(SPEEDS) - 1)]
