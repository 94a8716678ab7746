"""Each screen as a picture, the same on every machine; where a colour or a cell changes, a person looks.

After a change that is meant: `pytest tests/tui/test_snapshots.py --snapshot-update`, then look at each SVG.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from lead_tui.agents import registry
from lead_tui.agents.base import AgentResponse
from lead_tui.core.commands import Approve
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import Engine, load_file
from lead_tui.runner.handle import LocalRun
from lead_tui.testing import Call, scripted
from lead_tui.tui import intents
from lead_tui.tui.app import Cockpit
from lead_tui.tui.opening import Edit, Home, Opening, TryAgents, Watch
from lead_tui.tui.runs import Runs
from lead_tui.tui.screen import frames
from lead_tui.tui.session import Session
from tests.tui.snapshots.flows import BROKEN, RELEASE, RESEARCH, SHOP, said
from tests.tui.snapshots.past import START, Past, StillClock, recorded
from tests.tui.snapshots.shots import Pictures, at_rest

NOW = 18.0
"""Seconds after its start at which a run is looked at."""
SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (200, 60)


@dataclass
class World:
    """What a scene is set up in: an empty folder, an empty journal, a clock that stands."""

    folder: Path
    clock: StillClock = field(default_factory=StillClock)

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(self.clock)
        self.runs = Runs(Engine(self.journal, clock=self.clock), by="ada")
        self.clock.moment = START + timedelta(seconds=NOW)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    async def put(self, past: Past, until: float | None = NOW, *, driven: bool = True) -> None:
        await past.put(self.journal, self.clock, until=until, driven=driven)


async def research(run_id: str = "7f3a1c", start: datetime = START, source: str = "research.yaml") -> Past:
    past = await recorded(RESEARCH, run_id, start, source, _approves)
    return Past(past.record, past.events, said() if start == START else [])


async def release(source: str = "release.yaml") -> Past:
    return await recorded(RELEASE, "e5b1aa", START - timedelta(minutes=25), source)


async def _approves(run: LocalRun) -> None:
    await asyncio.sleep(24)
    await run.send(Approve(gate=next(iter(run.state.gates)), answer="as it is"), "ada")


Prepare = Callable[[World], Awaitable[Opening]]
Play = Callable[[Pilot[Any], World], Awaitable[None]]


async def rest(pilot: Pilot[Any], world: World) -> None:
    """Nothing more to do."""


def keys(*pressed: str) -> Play:
    async def press(pilot: Pilot[Any], world: World) -> None:
        await pilot.press(*pressed)

    return press


@dataclass(frozen=True)
class Scene:
    """`play` begins once the screen shows `first`; the picture is taken once it shows `last`."""

    prepare: Prepare
    first: str
    play: Play = rest
    last: str = ""


# the scenes


async def running(world: World) -> Opening:
    await world.put(await research())
    return Watch("7f3a1c")


async def ended(world: World) -> Opening:
    await world.put(await research(), until=None)
    world.clock.moment = START + timedelta(minutes=3)
    return Watch("7f3a1c")


async def replayed(world: World) -> Opening:
    await ended(world)
    return Watch("7f3a1c", at=60)


async def on_task(pilot: Pilot[Any], world: World) -> None:
    """The table of a result."""
    pilot.app.screen.query_one("TasksTable").select("search_web")
    await pilot.press("enter")


async def on_failed_task(pilot: Pilot[Any], world: World) -> None:
    pilot.app.screen.query_one("TasksTable").select("ask_museum")
    await pilot.press("enter", "3")


async def at_home(world: World) -> Opening:
    source = str(world.write("research.yaml", RESEARCH))
    world.write("bills.yaml", BROKEN)
    world.write("shop.yaml", SHOP)
    for run_id, days in (("a04c11", 3), ("b11d52", 2), ("c93f07", 1)):
        await world.put(await research(run_id, START - timedelta(days=days), source), until=None)
    await world.put(await research("d20e88", START - timedelta(hours=2), source), driven=False)
    await world.put(await release(str(world.write("release.yaml", RELEASE))), until=None, driven=False)
    await world.put(await research(source=source))
    return Home()


async def at_empty_home(world: World) -> Opening:
    return Home()


async def before_start(world: World) -> Opening:
    world.write("research.yaml", RESEARCH)
    return Home()


async def open_form(pilot: Pilot[Any], world: World) -> None:
    pilot.app.post_message(intents.PrepareFlow(Path("research.yaml")))


async def editing(world: World) -> Opening:
    return Edit(world.write("research.yaml", RESEARCH))


async def editing_broken(world: World) -> Opening:
    return Edit(world.write("bills.yaml", BROKEN))


async def with_questions(world: World) -> Opening:
    await world.put(await research())
    await world.put(await release(), until=None, driven=False)
    return Home()


async def testing(world: World) -> Opening:
    def answer(call: Call) -> AgentResponse:
        world.clock.moment += timedelta(milliseconds=148)
        orders = [{"id": 4711, "cups": 2, "paid": True}, {"id": 4712, "cups": 1, "paid": False}]
        meta = {"status": 200, "headers": {"content-type": "application/json"}}
        return AgentResponse(success=True, result={"page": 1, "orders": orders}, meta=meta)

    registry.register_agent_type("snapshot_shop", scripted(answer))
    world.write("shop.yaml", SHOP)
    return TryAgents(Path("shop.yaml"))


async def at_work(world: World) -> Opening:
    """A run that is driven here."""
    text = RESEARCH.replace("latency: 2s", "latency: 2h")
    document = load_file(world.write("research.yaml", text), {})
    world.runs.adopt(await world.runs.engine.start(document, {}, environment={}, run_id="7f3a1c"))
    return Watch("7f3a1c")


SCENES = {
    "run": Scene(running, "read_3"),
    "ended": Scene(ended, "FAILED"),
    "graph": Scene(running, "read_3", keys("2")),
    "timeline": Scene(running, "read_3", keys("3")),
    "log": Scene(running, "read_3", keys("4")),
    "health": Scene(running, "read_3", keys("5")),
    "task": Scene(running, "read_3", on_task, "Mokha"),
    "failed_task": Scene(running, "read_3", on_failed_task, "does not answer"),
    "replay": Scene(replayed, "REPLAY"),
    "home": Scene(at_home, "7f3a1c"),
    "empty_home": Scene(at_empty_home, "There is no flow"),
    "start": Scene(before_start, "research.yaml", open_form, "topic"),
    "editor": Scene(editing, "valid"),
    "problems": Scene(editing_broken, "ledger", keys("f8")),
    "approvals": Scene(with_questions, "release", keys("a"), "1.4.0"),
    "test_agent": Scene(testing, "list", keys("ctrl+r"), "4711"),
    "help": Scene(running, "read_3", keys("question_mark"), "Help"),
    "palette": Scene(running, "read_3", keys("ctrl+p", *"theme"), "Theme terminal"),
    "quit": Scene(at_work, "plan", keys("q"), "park"),
}


# the stage


@pytest.fixture(autouse=True)
def _the_same_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Where and when it is, and how quick the machine is, are not seen."""

    async def punctual(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return 0.0

    monkeypatch.setattr(frames, "_sleep", punctual)
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr("lead_tui.tui.screens.help.session_file", lambda: Path("~/.config/leadtui/cockpit.toml"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    folder = tmp_path / "coffee"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return World(folder)


async def picture(
    world: World, scene: Scene, size: tuple[int, int], theme: str = "", *, ascii_only: bool = False
) -> str:
    opening = await scene.prepare(world)
    app = Cockpit(world.runs, opening, Session(ascii=ascii_only), theme=theme)
    async with app.run_test(size=size) as pilot:
        app.animation_level = "none"
        await at_rest(pilot, scene.first)
        await scene.play(pilot, world)
        await at_rest(pilot, scene.last)
        svg = app.export_screenshot(simplify=True)
        await world.runs.park(world.runs.at_work())
    return svg


@pytest.mark.parametrize("name", SCENES)
async def test_on_a_small_terminal(name: str, world: World, snapshot: SnapshotAssertion) -> None:
    """Every screen at 80x24, in the dark theme."""
    assert await picture(world, SCENES[name], SMALL) == snapshot(extension_class=Pictures)


@pytest.mark.parametrize("name", ["run", "graph", "task", "home", "editor", "approvals"])
@pytest.mark.parametrize("size", [MIDDLE, LARGE], ids=["120x40", "200x60"])
async def test_with_more_room(
    name: str, size: tuple[int, int], world: World, snapshot: SnapshotAssertion
) -> None:
    """What people look at most, where several panes stand side by side."""
    assert await picture(world, SCENES[name], size) == snapshot(extension_class=Pictures)
