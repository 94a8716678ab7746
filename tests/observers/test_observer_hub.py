"""The hub: everybody sees everything, nobody delays anybody."""

import asyncio
import logging

import pytest

from lead_tui.core import events as ev
from lead_tui.observers import hub as hub_module
from lead_tui.observers.hub import Hub, Item, Observer
from lead_tui.testing import run_virtual


def event(seq: int) -> ev.Event:
    return ev.TaskReady(task="a", seq=seq)


def note(number: int, after: int = 0) -> ev.Note:
    return ev.Log(text=str(number), number=number, after=after)


class Seeing(Observer):
    def __init__(self) -> None:
        self.seen: list[Item] = []
        self.closed = 0

    async def on_event(self, event: ev.Event) -> None:
        self.seen.append(event)

    async def on_note(self, note: ev.Note) -> None:
        self.seen.append(note)

    async def on_close(self) -> None:
        self.closed += 1


async def test_an_observer_sees_all_in_order_and_one_end():
    """Events and notes come in the order in which they were published, then `on_close`, once."""
    hub, seeing = Hub(), Seeing()
    hub.attach(seeing)
    items = [event(1), note(1, 1), event(2)]
    for item in items:
        hub.publish([item])
    hub.publish([])
    await hub.close()
    assert (seeing.seen, seeing.closed) == (items, 1)


async def test_a_batch_holds_all_that_is_there():
    """A reader that comes late takes everything at once; one that has left gets nothing more."""
    hub = Hub()
    subscription = hub.subscribe()
    hub.publish([event(1)])
    hub.publish([event(2), event(3)])
    assert await anext(subscription) == [event(1), event(2), event(3)]
    hub.unsubscribe(subscription)
    hub.unsubscribe(subscription)
    hub.publish([event(4)])
    subscription.close()
    assert [batch async for batch in subscription] == []


async def test_who_subscribes_after_the_end_sees_nothing_and_does_not_wait():
    """A closed hub gives subscriptions that are at their end."""
    hub = Hub()
    await hub.close()
    assert [batch async for batch in hub.subscribe()] == []


async def test_what_an_observer_raises_costs_it_nothing_else(caplog: pytest.LogCaptureFixture):
    """An exception is logged; the rest of the batch and the other observers are not touched."""

    class Raising(Seeing):
        async def on_event(self, event: ev.Event) -> None:
            if event.seq == 1:
                raise ValueError("foreign bug")
            await super().on_event(event)

    hub, raising, seeing = Hub(), Raising(), Seeing()
    hub.attach(raising)
    hub.attach(seeing)
    hub.publish([event(1), event(2), note(1)])
    with caplog.at_level(logging.ERROR):
        await hub.close()
    assert raising.seen == [event(2), note(1)]
    assert seeing.seen == [event(1), event(2), note(1)]
    assert "Raising failed" in caplog.text


async def test_an_observer_that_fails_by_batch_gets_the_next_one(caplog: pytest.LogCaptureFixture):
    """An own `on_batch` that raises loses its batch alone."""
    sizes: list[int] = []
    began = asyncio.Event()

    class Picky(Observer):
        async def on_batch(self, batch: list[Item]) -> None:
            sizes.append(len(batch))
            began.set()
            if len(sizes) == 1:
                raise ValueError("first")

    hub = Hub()
    hub.attach(Picky())
    hub.publish([event(1)])
    await began.wait()
    hub.publish([event(2), event(3)])
    await hub.close()
    assert sizes == [1, 2]
    assert "Picky failed" in caplog.text


def test_an_observer_that_hangs_is_left_after_its_patience():
    """The end of a run waits `patience` seconds for it, no longer, and the others have all."""

    class Hanging(Observer):
        async def on_event(self, event: ev.Event) -> None:
            await asyncio.Event().wait()

    async def scenario() -> tuple[float, list[Item]]:
        hub, seeing = Hub(), Seeing()
        hub.attach(Hanging())
        hub.attach(seeing)
        hub.publish([event(1)])
        began = asyncio.get_running_loop().time()
        await hub.close(patience=5)
        return asyncio.get_running_loop().time() - began, seeing.seen

    took, seen = run_virtual(scenario())
    assert took == pytest.approx(5)
    assert seen == [event(1)]


async def test_publishing_never_waits_for_a_reader():
    """For a reader that has read nothing every event is kept."""
    hub = Hub()
    subscription = hub.subscribe()
    for seq in range(1, 30_001):
        hub.publish([event(seq)])
    batch = await anext(subscription)
    assert [item.seq for item in batch if isinstance(item, ev.Event)] == list(range(1, 30_001))


async def test_a_slow_reader_loses_the_oldest_notes_and_never_an_event(monkeypatch: pytest.MonkeyPatch):
    """Beyond the limit the oldest notes go, the rest keeps its order; the count begins anew when it reads."""
    monkeypatch.setattr(hub_module, "NOTES_KEPT", 10)
    hub = Hub()
    subscription = hub.subscribe()
    for number in range(1, 13):
        hub.publish([event(number)])
        hub.publish([note(number, number)])
    batch = await anext(subscription)
    assert [item.seq for item in batch if isinstance(item, ev.Event)] == list(range(1, 13))
    assert [item.number for item in batch if isinstance(item, ev.Note)] == [7, 8, 9, 10, 11, 12]
    assert batch[-2:] == [event(12), note(12, 12)]
    for number in range(13, 22):
        hub.publish([note(number)])
    assert len(await anext(subscription)) == 9


async def test_many_unread_events_do_not_cost_notes(monkeypatch: pytest.MonkeyPatch):
    """Only notes count against the limit of notes."""
    monkeypatch.setattr(hub_module, "NOTES_KEPT", 10)
    hub = Hub()
    subscription = hub.subscribe()
    hub.publish([event(seq) for seq in range(1, 100)])
    hub.publish([note(1)])
    assert len(await anext(subscription)) == 100


async def test_every_method_of_an_observer_may_be_left_out(caplog: pytest.LogCaptureFixture):
    """The base class looks on and does nothing, without a complaint."""
    hub = Hub()
    hub.attach(Observer())
    hub.publish([event(1), note(1)])
    await hub.close()
    assert not caplog.records
