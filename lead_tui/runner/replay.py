"""A run that has been, again: at any speed, from any position, through the same protocol as a live one."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from lead_tui.clock import Clock
from lead_tui.core.commands import AnyCommand
from lead_tui.core.events import Event, Note
from lead_tui.journal.base import Journal
from lead_tui.observers.hub import Item
from lead_tui.runner.handle import Receipt
from lead_tui.runner.history import history

SPEEDS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


class ReplayRun:
    """`position` is how many of `items` have happened. Starts paused, before the first or behind event `at`.

    `events` gives all that has happened at once, then the rest as it comes due. Whoever moves the position
    back starts a new `events`: what has been given cannot be taken back.
    """

    def __init__(self, run_id: str, items: Sequence[Item], clock: Clock, *, at: int = 0) -> None:
        self.run_id = run_id
        self.items = items
        self.playing = False
        self._speed = SPEEDS[0]
        self._clock = clock
        self._times = _seconds(items)
        self._event_places = [place for place, item in enumerate(items) if isinstance(item, Event)]
        self._seconds = 0.0
        """Moment of the replay when it was last set, `_since` when that was."""
        self._since = 0.0
        self._changed = asyncio.Event()
        self.position = 0
        self.seek(self.place_of(at))

    @property
    def length(self) -> int:
        return len(self.items)

    @property
    def total_seconds(self) -> float:
        return self._times[-1] if self._times else 0.0

    @property
    def seconds(self) -> float:
        """The moment that is shown, counted from the first item."""
        if not self.playing:
            return self._seconds
        passed = (self._clock.monotonic() - self._since) * self._speed
        return min(self._seconds + passed, self.total_seconds)

    @property
    def now(self) -> datetime | None:
        """The moment that is shown, as the run's clock had it; None for a run without events."""
        return self.items[0].ts + timedelta(seconds=self.seconds) if self.items else None

    @property
    def seq(self) -> int:
        """The last event that has happened."""
        place = bisect_left(self._event_places, self.position) - 1
        item = self.items[self._event_places[place]] if place >= 0 else None
        return item.seq if isinstance(item, Event) else 0

    @property
    def last_seq(self) -> int:
        item = self.items[self._event_places[-1]] if self._event_places else None
        return item.seq if isinstance(item, Event) else 0

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._restart_clock(self.seconds)
        self._speed = min(max(speed, SPEEDS[0]), SPEEDS[-1])

    def play(self) -> None:
        """Go on; from the beginning if it is at its end."""
        if self.position >= self.length:
            self.seek(0)
        self._restart_clock(self._seconds)
        self.playing = True
        self._changed.set()

    def pause(self) -> None:
        self._restart_clock(self.seconds)
        self.playing = False

    def seek(self, position: int) -> None:
        self.position = min(max(position, 0), self.length)
        self._restart_clock(self._times[self.position - 1] if self.position else 0.0)

    def step(self, events: int) -> None:
        """That many events on, or back; notes go with the event before them."""
        self.pause()
        place = bisect_left(self._event_places, self.position) + events
        places = self._event_places
        if place <= 0:
            self.seek(0)
        else:
            self.seek(places[place] if place < len(places) else self.length)

    def place_of(self, seq: int) -> int:
        """The position behind event `seq` and the notes that follow it."""
        if seq <= 0 or not self._event_places:
            return 0
        place = min(seq, self.last_seq) - _seq(self.items[self._event_places[0]]) + 1
        return self._event_places[place] if place < len(self._event_places) else self.length

    async def events(self, after: int = 0) -> AsyncIterator[list[Item]]:
        """What has happened, then what happens; ends never, since the position can be moved back."""
        given = self.place_of(after)
        while True:
            if self.playing:
                self.position = max(self.position, bisect_right(self._times, self.seconds))
                if self.position >= self.length:
                    self.pause()
            if self.position > given:
                batch = list(self.items[given : self.position])
                given = self.position
                yield batch
            await self._until_due()

    async def send(self, command: AnyCommand, by: str = "") -> Receipt:
        return Receipt(False, "this is a replay: what happened cannot be changed")

    def _restart_clock(self, seconds: float) -> None:
        self._seconds, self._since = seconds, self._clock.monotonic()
        self._changed.set()

    async def _until_due(self) -> None:
        self._changed.clear()
        if not self.playing:
            await self._changed.wait()
            return
        wait = (self._times[self.position] - self.seconds) / self._speed
        if wait > 0:
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                return


def replay(journal: Journal, run_id: str, clock: Clock, *, at: int = 0) -> ReplayRun:
    """All that the journal holds of a run, in memory."""
    items = [item for batch in history(journal, run_id) for item in batch]
    return ReplayRun(run_id, items, clock, at=at)


def _seq(item: Item) -> int:
    return item.after if isinstance(item, Note) else item.seq


def _seconds(items: Sequence[Item]) -> list[float]:
    """Never going back: the clocks of two owners may differ."""
    times: list[float] = []
    latest = 0.0
    for item in items:
        latest = max(latest, (item.ts - items[0].ts).total_seconds())
        times.append(latest)
    return times
