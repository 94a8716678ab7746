"""From a run's handle to its model: batches go in as they come, a frame is asked for, nothing is drawn here.

The feed outlives the handle's stream: when a run ends, is parked or loses its owner, it waits until somebody
takes the run up again, here or in another process, and goes on behind the last event.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from lead_tui.core.events import UNSTAMPED, Note
from lead_tui.errors import LeadError
from lead_tui.observers.hub import NOTES_KEPT, Item
from lead_tui.runner.replay import ReplayRun
from lead_tui.tui.model import RunModel
from lead_tui.tui.runs import Runs

LOOK_EVERY = 0.5
PIECE = NOTES_KEPT
"""Items folded before others get their turn. A flood of lines brings thousands in a turn: take them all."""


class Feed:
    """`wake` asks for a frame. `follow` runs as long as the app shows the run or drives it."""

    def __init__(self, model: RunModel, runs: Runs, wake: Callable[[], None]) -> None:
        self.model = model
        self.replay: ReplayRun | None = None
        self.problem = ""
        """Why the journal cannot be read, if it cannot."""
        self._runs = runs
        self._wake = wake
        self._heard = UNSTAMPED
        """When the last thing happened that is known of the run: a fact, a note, its owner's last sign."""
        self._following: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()

    def start(self) -> None:
        self._following = asyncio.create_task(self._follow())

    def stop(self) -> None:
        if self._following is not None:
            self._following.cancel()

    def look(self) -> None:
        """Somebody drives the run from now on: do not wait to see it."""
        self._stirred.set()

    def restart(self) -> None:
        """From the first event on: the replay went back."""
        self.stop()
        self.model.reset()
        self._wake()
        self.start()

    def show_replay(self, replay: ReplayRun | None) -> None:
        """Show this replay from where it stands, or the run itself again."""
        self.replay = replay
        self.restart()

    def tell_time(self) -> None:
        """Set the moment that the model shows."""
        model = self.model
        if self.replay is not None:
            model.now = self.replay.now or model.now
        elif model.alive or model.state.last_at is None:
            model.now = self._runs.engine.clock.now()
        elif (last := max(model.state.last_at, self._heard)) != model.now:
            model.now = last
            model.touch()  # nobody's clock does

    @property
    def moves(self) -> bool:
        """Does the moment move by itself?"""
        if self.replay is not None:
            return self.replay.playing
        return self.model.alive and not self.model.ended and self.model.state.started_at is not None

    async def _follow(self) -> None:
        if self.replay is not None:
            async for batch in self.replay.events():
                await self._take(batch)
            return
        while True:
            try:
                await self._read()
            except LeadError as error:
                self.problem = str(error)
                self._wake()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._stirred.wait()
            self._stirred.clear()

    async def _read(self) -> None:
        """One owner's time: until the run ends, is parked or is left."""
        run_id = self.model.run_id
        if not self._runs.knows(run_id):
            return
        self._see_owner()
        if (driven := self._runs.at_the_wheel(run_id)) is not None:
            self.model.follow(driven.state, driven.metrics)
        else:
            self.model.own()
        if self.model.seq and not self._runs.has_news(run_id, self.model.seq):
            return
        model = self.model
        async for batch in self._runs.handle(run_id).events(model.seq, model.noted):
            await self._take(batch)
            if driven is None:
                model.noted = max(model.noted, *(item.number for item in batch if isinstance(item, Note)), 0)
        if driven is not None:
            model.noted = driven.noted
        self.problem = ""
        self._see_owner()

    def _see_owner(self) -> None:
        model, row = self.model, self._runs.row(self.model.run_id)
        alive = row.owner_alive or self._runs.is_driven(row.id)
        parked = row.parked and not alive
        if row.heartbeat is not None and not alive and row.heartbeat > self._heard:
            self._heard = row.heartbeat
            self._wake()
        if (alive, parked) != (model.alive, model.parked):
            model.see_owner(alive, parked=parked)
            self._wake()
        if (given := self._runs.given(row, model.state)) != model.given:
            model.see_given(given)
            self._wake()

    async def _take(self, batch: list[Item]) -> None:
        self._heard = max(self._heard, batch[-1].ts)
        for start in range(0, len(batch), PIECE):
            self.model.take(batch[start : start + PIECE])
            self._wake()
            await asyncio.sleep(0)
