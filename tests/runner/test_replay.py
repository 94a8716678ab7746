"""A past run again: position, speed, steps, and the stream that follows them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core.commands import Cancel
from lead_tui.core.events import Event, Log
from lead_tui.journal.memory import MemoryJournal
from lead_tui.observers.hub import Item
from lead_tui.runner.engine import load_dict
from lead_tui.runner.history import history
from lead_tui.runner.replay import ReplayRun, replay
from lead_tui.testing.clock import VirtualClock
from lead_tui.testing.flows import Story, memory_engine, run_flow
from lead_tui.testing.loop import run_virtual

FLOW: dict[str, Any] = {
    "name": "slow",
    "agents": [{"name": "m", "type": "mock", "latency": 10}],
    "tasks": [{"name": f"t{i}", "agent_name": "m", "action": "x"} for i in range(3)],
}


@pytest.fixture(scope="module")
def items() -> list[Item]:
    story: Story = run_flow(FLOW)
    return [*story.events]


async def take(run: ReplayRun, seconds: float, after: int = 0) -> list[Item]:
    """What comes within this time."""
    got: list[Item] = []
    try:
        async with asyncio.timeout(seconds):
            async for batch in run.events(after):
                got += batch
    except TimeoutError:
        pass
    return got


def test_it_starts_paused_and_empty(items: list[Item]) -> None:
    """Nothing has happened before somebody plays it."""

    async def play() -> None:
        run = ReplayRun("r", items, VirtualClock())
        assert (run.position, run.seq, run.playing) == (0, 0, False)
        assert await take(run, 1000) == []

    run_virtual(play())


def test_playing_takes_as_long_as_the_run_did(items: list[Item]) -> None:
    """At speed 1 the events come when they came; after half the time about half of them are there."""

    async def play() -> None:
        run = ReplayRun("r", items, VirtualClock())
        run.play()
        half = await take(run, run.total_seconds / 2)
        assert 0 < len(half) < len(items)
        assert half == items[: len(half)]
        rest = await take(run, run.total_seconds, after=run.seq)
        assert [*half, *rest] == items
        assert not run.playing

    run_virtual(play())


def test_a_hundred_times_faster_takes_a_hundredth(items: list[Item]) -> None:
    """The speed divides the time."""

    async def play() -> None:
        run = ReplayRun("r", items, VirtualClock())
        run.speed = 100
        run.play()
        assert await take(run, run.total_seconds / 100 + 0.001) == items

    run_virtual(play())


def test_a_speed_changed_on_the_way_keeps_the_moment(items: list[Item]) -> None:
    """Faster from here on, not from the beginning."""

    async def play() -> None:
        run = ReplayRun("r", items, VirtualClock())
        run.play()
        await take(run, 5)
        before = run.seconds
        run.speed = 10
        assert run.seconds == pytest.approx(before)
        await take(run, 1, after=run.seq)
        assert run.seconds == pytest.approx(before + 10)

    run_virtual(play())


@given(seq=st.integers(-5, 200))
def test_seeking_an_event_shows_it_and_nothing_behind_it(items: list[Item], seq: int) -> None:
    """`place_of` any number stands behind that event, bounded by what there is."""

    async def play() -> None:
        run = ReplayRun("r", items, VirtualClock(), at=seq)
        last = len([item for item in items if isinstance(item, Event)])
        assert run.seq == min(max(seq, 0), last)
        assert await take(run, 1) == items[: run.position]

    run_virtual(play())


def test_steps_go_by_events(items: list[Item]) -> None:
    """One step on shows one event more, one back one less, never beyond the ends."""

    async def play() -> None:
        run = ReplayRun("r", items, VirtualClock(), at=3)
        run.step(1)
        assert run.seq == 4
        run.step(-2)
        assert run.seq == 2
        run.step(-99)
        assert run.seq == 0
        run.step(999)
        assert run.seq == run.last_seq

    run_virtual(play())


def test_playing_from_the_end_begins_again(items: list[Item]) -> None:
    """At its end, play starts over."""

    async def play() -> None:
        run = ReplayRun("r", items, VirtualClock(), at=10_000)
        assert run.position == run.length
        run.play()
        assert run.position == 0
        assert await take(run, run.total_seconds + 1) == items

    run_virtual(play())


def test_the_past_cannot_be_steered(items: list[Item]) -> None:
    """Commands are refused with the reason."""

    async def play() -> None:
        receipt = await ReplayRun("r", items, VirtualClock()).send(Cancel())
        assert not receipt.accepted
        assert "replay" in receipt.why

    run_virtual(play())


def test_a_run_without_events_can_be_shown() -> None:
    """An empty log is no crash."""

    async def play() -> None:
        run = ReplayRun("r", [], VirtualClock())
        run.play()
        assert (run.length, run.seq, run.now, run.total_seconds) == (0, 0, None, 0.0)
        assert await take(run, 5) == []

    run_virtual(play())


def test_history_puts_notes_where_they_were_written(tmp_path: Path) -> None:
    """In the journal notes stand apart; read again each follows the event that it names."""
    (tmp_path / "says.py").write_text(
        "def say(context):\n    context.log('one')\n    context.log('two')\n    return 1\n"
    )

    async def play() -> None:
        journal = MemoryJournal(VirtualClock())
        flow = {
            "name": "talk",
            "tasks": [{"name": f"t{i}", "agent_name": "python", "action": "says:say"} for i in range(2)],
        }
        document = load_dict(flow, tmp_path, {})
        run = await memory_engine(journal).start(document, {}, environment={}, run_id="run")
        await run.wait()
        got = [item for batch in history(journal, "run") for item in batch]
        texts = [item.text for item in got if isinstance(item, Log)]
        assert texts == ["one", "two"] * 2
        seq = 0
        for item in got:
            if isinstance(item, Event):
                assert item.seq == seq + 1
                seq = item.seq
            else:
                assert item.after == seq
        past = replay(journal, "run", VirtualClock())
        assert list(past.items) == got
        late = [item for batch in history(journal, "run", seq - 1) for item in batch]
        assert [item.seq for item in late if isinstance(item, Event)] == [seq]
        number = max(item.number for item in got if not isinstance(item, Event))
        none = [each for batch in history(journal, "run", seq, past_notes=number) for each in batch]
        assert none == []
        handle = memory_engine(journal).handle("run")
        first = next(item for item in got if isinstance(item, Log))
        again = [item async for batch in handle.events(seq, first.number) for item in batch]
        assert [item.text for item in again if isinstance(item, Log)] == texts[1:]

    run_virtual(play())
