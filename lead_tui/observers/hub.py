"""One run's events and notes, to whoever looks on. Publishing never waits for a reader.

Each subscriber has a buffer of its own and takes all that is there at once. Events are never dropped; a
reader that falls too far behind loses the oldest notes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

from lead_tui.core.events import Event, Note

NOTES_KEPT = 20_000
_log = logging.getLogger(__name__)

Item = Event | Note


class Observer:
    """Derive from this to look on. `on_event` gets every event; `on_note` every note.

    An observer runs behind a queue of its own: it may be slow, and what it raises is logged and nothing else.
    """

    async def on_event(self, event: Event) -> None:
        """Called for each fact, in order."""

    async def on_note(self, note: Note) -> None:
        """Called for each log line, progress or token."""

    async def on_batch(self, batch: Sequence[Item]) -> None:
        """Called with all that is there; override it to write many lines at once."""
        for item in batch:
            # each for itself: what one of them raises must not cost the others of its batch
            await _call(self, self.on_event(item) if isinstance(item, Event) else self.on_note(item))

    async def on_close(self) -> None:
        """Called once after the last item."""


class Subscription:
    """An async iterator of batches."""

    def __init__(self) -> None:
        self._buffer: list[Item] = []
        self._notes = 0
        """Notes in the buffer."""
        self.lost: Counter[str] = Counter()
        """How many notes of each task are missing before the first note of the last batch."""
        self._lost: Counter[str] = Counter()
        self._arrived = asyncio.Event()
        self._closed = False

    def push(self, items: Sequence[Item]) -> None:
        self._buffer.extend(items)
        if items and isinstance(items[0], Note):
            self._notes += len(items)
            if self._notes > NOTES_KEPT:
                self._drop_notes()
        self._arrived.set()

    def _drop_notes(self) -> None:
        """Drop the oldest ones down to half of what may be kept, so that this is rare."""
        surplus = self._notes - NOTES_KEPT // 2
        kept: list[Item] = []
        for item in self._buffer:
            if surplus and isinstance(item, Note):
                surplus -= 1
                self._lost[item.task] += 1
            else:
                kept.append(item)
        self._buffer, self._notes = kept, NOTES_KEPT // 2

    def close(self) -> None:
        self._closed = True
        self._arrived.set()

    def __aiter__(self) -> AsyncIterator[list[Item]]:
        return self

    async def __anext__(self) -> list[Item]:
        await self._arrived.wait()
        batch, self._buffer, self._notes = self._buffer, [], 0
        self.lost, self._lost = self._lost, Counter()
        if not batch:
            raise StopAsyncIteration
        if not self._closed:
            self._arrived.clear()
        return batch


class Hub:
    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._watching: list[asyncio.Task[None]] = []
        self._closed = False

    def publish(self, items: Sequence[Item]) -> None:
        if items:
            for subscription in self._subscriptions:
                subscription.push(items)

    def subscribe(self) -> Subscription:
        subscription = Subscription()
        if self._closed:
            subscription.close()
        else:
            self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def attach(self, observer: Observer) -> None:
        """Let an observer look on from here; needs a running loop."""
        self._watching.append(asyncio.create_task(_watch(observer, self.subscribe())))

    async def close(self, patience: float = 5.0) -> None:
        """End all subscriptions; observers have `patience` seconds to finish what they have."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()
        if self._watching:
            _, late = await asyncio.wait(self._watching, timeout=patience)
            for task in late:
                task.cancel()


async def _watch(observer: Observer, subscription: Subscription) -> None:
    async for batch in subscription:
        await _call(observer, observer.on_batch(batch))
    await _call(observer, observer.on_close())


async def _call(observer: Observer, call: Coroutine[Any, Any, None]) -> None:
    try:
        await call
    except Exception:  # noqa: BLE001 - foreign code: it must not touch the run
        _log.exception("observer %s failed", type(observer).__name__)
