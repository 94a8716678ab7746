"""Log lines, progress and tokens: shown at once, stored in batches."""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from itertools import islice

import msgspec

from lead_tui.clock import Clock
from lead_tui.core.events import UNSTAMPED, Note
from lead_tui.core.state import RunState
from lead_tui.errors import JournalError
from lead_tui.journal.base import Journal
from lead_tui.observers.hub import Hub

EVERY = 0.25
"""Seconds between two batches."""
AT_ONCE = 100
"""Notes stored without a pause: of long lines the journal takes 5 ms for so many."""
SAME_TIME = 0.001
"""Seconds within which notes bear the same time: to make one takes a fifth of what a note costs."""
_log = logging.getLogger(__name__)


class NoteBook:
    def __init__(self, run: RunState, journal: Journal, hub: Hub, clock: Clock) -> None:
        self._run = run
        self._journal = journal
        self._hub = hub
        self._clock = clock
        self._unstored: deque[Note] = deque()
        self._stored: int | None = None
        self._number = 0
        self._stamped_at, self._stamp = float("-inf"), UNSTAMPED
        self._storing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    @property
    def stored(self) -> int:
        """The journal's number of the run's last note before the `unstored` ones."""
        if self._stored is None:
            self._stored = self._journal.last_note(self._run.run_id)
        return self._stored

    @property
    def unstored(self) -> list[Note]:
        """Published, and not known to be in the journal."""
        return list(self._unstored)

    def write(self, note: Note, task: str, attempt: int) -> None:
        self._number += 1
        if (now := self._clock.monotonic()) - self._stamped_at > SAME_TIME:
            self._stamped_at, self._stamp = now, self._clock.now()
        stamped = msgspec.structs.replace(
            note,
            after=self._run.seq,
            number=self._number,
            ts=self._stamp,
            run_id=self._run.run_id,
            task=task,
            attempt=attempt,
        )
        self._hub.publish((stamped,))
        self._unstored.append(stamped)
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_soon())

    async def _store_soon(self) -> None:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._closing.wait()
            await self._store()
        finally:
            self._storing = None

    async def _store(self) -> None:
        """In pieces, so that a flood of lines does not hold the loop; until it is over."""
        while self._unstored:
            piece = list(islice(self._unstored, AT_ONCE))
            stored = self._stored
            try:
                stored = self.stored  # before there is any note of this owner
                await self._journal.add_notes(self._run.run_id, piece)
                stored = self._journal.last_note(self._run.run_id)
            except JournalError as error:
                # losing notes loses nothing that matters; the next append of events says what is wrong
                _log.warning("%d log lines were not stored: %s", len(piece), error)
            self._stored = stored
            for _ in piece:
                self._unstored.popleft()
            await asyncio.sleep(0)

    async def close(self) -> None:
        self._closing.set()
        if self._storing is not None:
            await self._storing
