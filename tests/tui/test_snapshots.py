"""Each screen as a picture, the same on every machine; where a colour or a cell changes, a person looks.

After a change that is meant: `pytest tests/tui/test_snapshots.py --snapshot-update`, then look at each SVG.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from lead_tui.core.commands import Approve
from lead_tui.flow.document import parse
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.runner.handle import LocalRun
from lead_tui.tui import intents
from lead_tui.tui.app import Cockpit
from lead_tui.tui.opening import Edit, Home, Opening, TryAgents, Watch
from lead_tui.tui.runs import Runs
from lead_tui.tui.screen import frames
from lead_tui.tui.session import Session
from lead_tui.tui.widgets.tasks_table import TasksTable
from tests.tui.snapshots.flows import BROKEN, RELEASE, RESEARCH, SHOP, said
from tests.tui.snapshots.past import START, Past, Script, StillClock, recorded
from tests.tui.snapshots.shots import Pictures, at_rest

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="paths and time zones are others there")
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
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    async def put(self, past: Past, until: float | None = NOW, *, driven: bool = True) -> None:
        await past.put(self.journal, self.clock, until=until, driven=driven)


async def research(
    run_id: str = "7f3a1c", start: datetime = START, source: str = "research.yaml", asked: float = 24
) -> Past:
    """`asked`: how long the person takes to answer."""
    past = await recorded(RESEARCH, run_id, start, source, approves(asked))
    return Past(past.record, past.events, said() if start == START else [])


@cache
def approves(seconds: float) -> Script:
    async def approve(run: LocalRun) -> None:
        await asyncio.sleep(seconds)
        await run.send(Approve(gate=next(iter(run.state.gates)), answer="as it is"), "ada")

    return approve


async def release(source: str = "release.yaml") -> Past:
    return await recorded(RELEASE, "e5b1aa", START - timedelta(minutes=25), source)


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
    """`play` begins once the screen shows `first`; the picture is taken once it shows all of `last`."""

    prepare: Prepare
    first: str
    play: Play = rest
    last: tuple[str, ...] = ()


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


def on(task: str, *pressed: str) -> Play:
    """Keys on this task."""

    async def select(pilot: Pilot[Any], world: World) -> None:
        pilot.app.screen.query_one(TasksTable).select(task)
        await pilot.press(*pressed)

    return select


async def at_home(world: World) -> Opening:
    research_yaml = str(world.write("research.yaml", RESEARCH))
    release_yaml = str(world.write("release.yaml", RELEASE))
    shop_yaml = str(world.write("daily/shop.yaml", SHOP))
    world.write("daily/bills.yaml", BROKEN)
    for run_id, days, asked in (("a04c11", 3, 30), ("b11d52", 2, 60), ("c93f07", 1, 24)):
        past = await research(run_id, START - timedelta(days=days), research_yaml, asked)
        await world.put(past, until=None)
    await world.put(await recorded(SHOP, "0d6e42", START - timedelta(hours=3), shop_yaml), until=None)
    past = await research("d20e88", START - timedelta(hours=2), research_yaml)
    await world.put(past, until=16, driven=False)
    await world.put(await release(release_yaml), until=None, driven=False)
    await world.put(await research(source=research_yaml))
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


async def trying_agents(world: World) -> Opening:
    world.write("shop.yaml", SHOP)
    return TryAgents(Path("shop.yaml"))


async def at_work(world: World) -> Opening:
    """A run that is driven here."""
    text = RESEARCH.replace("latency: 2s", "latency: 2h")
    document = replace(load_dict(parse(text)[0], world.folder, {}), source="research.yaml")
    values = resolve_inputs(document.workflow, {})
    run = await world.runs.engine.start(document, values, environment={}, run_id="7f3a1c")
    world.runs.adopt(run)
    return Watch("7f3a1c")


SCENES = {
    "run": Scene(running, "read_3", on("read_3"), ("than the",)),
    "ended": Scene(ended, "FAILED", on("scan_letters"), ("no page",)),
    "graph": Scene(running, "read_3", keys("2"), ("merge",)),
    "timeline": Scene(running, "read_3", keys("3"), ("critical path",)),
    "log": Scene(running, "read_3", keys("4", "A"), ("40/133 pages",)),
    "health": Scene(running, "read_3", keys("5"), ("BREAKERS", "probe in")),
    "task": Scene(running, "read_3", on("search_web", "enter"), ("Mokha",)),
    "failed_task": Scene(running, "read_3", on("ask_museum", "enter", "3"), ("does not answer",)),
    "replay": Scene(replayed, "REPLAY", last=("event 60", "80/212")),
    "home": Scene(at_home, "36.0s", last=("NEEDS YOU", "3 problems", "7f3a1c", "a04c11")),
    "empty_home": Scene(at_empty_home, "There is no flow", last=("nothing has run yet",)),
    "start": Scene(before_start, "research.yaml", open_form, ("topic", "PLAN", "read_1")),
    "editor": Scene(editing, "✔ valid"),
    "problems": Scene(editing_broken, "ledger", keys("f8"), ("9:5 ", "did you mean")),
    "approvals": Scene(with_questions, "release", keys("a"), ("How carefully", "percent", "reject")),
    "test_agent": Scene(trying_agents, "list", keys("ctrl+r"), ("✔ works", "3 keys")),
    "help": Scene(running, "read_3", keys("question_mark"), ("On this screen",)),
    "palette": Scene(running, "read_3", keys("ctrl+p", *"theme"), ("Theme terminal",)),
    "quit": Scene(at_work, "planner", keys("q"), ("cancel: end it",)),
}


# the stage


@pytest.fixture(autouse=True)
def _the_same_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Where and when it is, and how quick the machine is, are not seen."""

    async def punctual(due: float) -> float:
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        return 0.0

    monkeypatch.setattr(frames, "_sleep_until", punctual)
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 0.005)
    for place in ("calls.trials", "calls.outcome", "widgets.call_list"):
        monkeypatch.setattr(f"lead_tui.tui.{place}.took", lambda seconds: "148 ms")
    monkeypatch.setattr(
        "lead_tui.tui.screens.help.session_file", lambda: Path("~/.config/leadtui/cockpit.toml")
    )
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


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Pictures)


async def picture(
    world: World,
    scene: Scene,
    size: tuple[int, int],
    theme: str = "leadtui-dark",
    *,
    ascii_only: bool = False,
) -> str:
    opening = await scene.prepare(world)
    app = Cockpit(world.runs, opening, Session(ascii=ascii_only), theme=theme)
    async with app.run_test(size=size) as pilot:
        app.animation_level = "none"
        await at_rest(pilot, scene.first)
        await scene.play(pilot, world)
        await at_rest(pilot, *scene.last)
        svg = app.export_screenshot(simplify=True)
        await world.runs.park(world.runs.at_work())
    return svg


@pytest.mark.parametrize("name", SCENES)
async def test_on_a_small_terminal(name: str, world: World, snapshot: SnapshotAssertion) -> None:
    """Every screen at 80x24, in the dark theme."""
    assert await picture(world, SCENES[name], SMALL) == snapshot


@pytest.mark.parametrize("name", ["run", "graph", "task", "home", "editor", "approvals"])
@pytest.mark.parametrize("size", [MIDDLE, LARGE], ids=["120x40", "200x60"])
async def test_with_more_room(
    name: str, size: tuple[int, int], world: World, snapshot: SnapshotAssertion
) -> None:
    """What people look at most, where several panes stand side by side."""
    assert await picture(world, SCENES[name], size) == snapshot


@pytest.mark.parametrize("name", ["run", "graph", "home", "problems"])
async def test_on_a_light_background(name: str, world: World, snapshot: SnapshotAssertion) -> None:
    """Nothing fades away there."""
    shot = await picture(world, SCENES[name], SMALL, "leadtui-light")
    assert shot == snapshot


async def test_for_the_colour_blind(world: World, snapshot: SnapshotAssertion) -> None:
    """A theme whose colours all can tell apart."""
    assert await picture(world, SCENES["run"], SMALL, "leadtui-safe") == snapshot


@pytest.mark.parametrize("name", ["run", "problems"])
async def test_without_colours(
    name: str, world: World, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    """NO_COLOR leaves glyphs, words and weights, and they suffice."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert await picture(world, SCENES[name], SMALL) == snapshot


@pytest.mark.parametrize("name", ["run", "graph"])
async def test_in_ascii(name: str, world: World, snapshot: SnapshotAssertion) -> None:
    """No glyph that an old terminal lacks stands for a state."""
    shot = await picture(world, SCENES[name], SMALL, ascii_only=True)
    assert shot == snapshot
