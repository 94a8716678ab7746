"""What tests of screens share: an app that shows one screen and keeps what people want of it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from textual.app import App
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen

from lead_tui.clock import Clock
from lead_tui.core.events import Event
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.runner.handle import LocalRun
from lead_tui.tui import themes
from lead_tui.tui.runs import Runs


class Stage(App[None]):
    """`wanted` holds every wish that came up to the app, `backs` counts the wishes to leave a screen."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._first = screen
        self.wanted: list[Any] = []
        self.backs = 0

    @asynccontextmanager
    async def run_test(self, **how: Any) -> AsyncGenerator[Pilot[None], None]:
        """As any app's; a key waits 5 ms for the app to be idle, where Textual waits 20."""
        with patch("textual._wait.SLEEP_GRANULARITY", 0.005):
            async with super().run_test(**how) as pilot:
                yield pilot

    def on_mount(self) -> None:
        themes.install(self)
        self.push_screen(self._first)

    def keep(self, wish: Message) -> None:
        self.wanted.append(wish)

    on_open_run = on_open_task = on_prepare_flow = on_edit_flow = on_test_agents = on_resume_run = keep
    on_start_screen_run = on_steer = keep

    def action_back(self) -> None:
        self.backs += 1

    @property
    def told(self) -> list[str]:
        """What was said in a corner of the screen."""
        return [each.message for each in self._notifications]


def new_runs(clock: Clock | None = None) -> Runs:
    return Runs(Engine(MemoryJournal(clock), clock=clock), by="ann")


async def started(
    runs: Runs,
    flow: dict[str, Any],
    inputs: dict[str, Any] | None = None,
    *,
    source: Path | None = None,
    park: bool = True,
) -> LocalRun:
    """A run of this flow; `source`: as if it came from that file."""
    document = load_dict(flow, Path(), {})
    if source is not None:
        document = replace(document, source=str(source))
    return await runs.engine.start(document, inputs or {}, environment={}, park_when_waiting=park)


async def ended(runs: Runs, flow: dict[str, Any], inputs: dict[str, Any] | None = None, **more: Any) -> str:
    """The id of a run that has ended, or waits for a person."""
    run = await started(runs, flow, inputs, **more)
    await run.wait()
    return run.run_id


async def until_event(run: LocalRun, kind: type[Event], times: int = 1) -> None:
    """Wait for so many events of this kind."""
    async for batch in run.events():
        times -= sum(isinstance(item, kind) for item in batch)
        if times <= 0:
            return


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Let the app work until this holds."""
    for _ in range(400):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came to that")


def text_of(app: App[Any]) -> str:
    """Everything that is on the screen now, line by line."""
    return "\n".join(
        "".join(segment.text for segment in line) for line in app.screen._compositor.render_strips()
    )
