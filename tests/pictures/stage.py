"""Where a scene plays: an engine on a journal of its own, the cockpit on it, keys, at the end a picture."""

import asyncio
import re
import shutil
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from lead_tui.core.compile import compile_plan
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.journal.open import open_journal
from lead_tui.runner.engine import Engine, load_file
from lead_tui.runner.handle import LocalRun
from lead_tui.testing import ModelServer
from lead_tui.testing.model_server.server import Script
from lead_tui.tui.app import Cockpit
from lead_tui.tui.opening import Launch, Opening
from lead_tui.tui.runs import Runs
from lead_tui.tui.session import Session
from lead_tui.tui.themes import DEFAULT

FLOWS = Path(__file__).parents[2] / "workflows"
PATIENCE = 30.0


@dataclass(frozen=True)
class Scene:
    """`play` is given the stage with the cockpit open; the picture is taken when it returns. `model` says
    what the model of its flow says: nobody else is asked.
    """

    opening: Callable[["Stage"], Awaitable[Opening]]
    play: Callable[["Stage"], Awaitable[None]]
    size: tuple[int, int] = (100, 30)
    theme: str = ""
    title: str = "leadtui"
    model: Script | None = None


class Stage:
    """`flows` is a copy of the examples, so that a scene may change one."""

    def __init__(self, home: Path) -> None:
        self.flows = home / "workflows"
        shutil.copytree(FLOWS, self.flows, ignore=shutil.ignore_patterns("out", "__pycache__"))
        self.engine = Engine(open_journal(str(home / "runs.db"), "normal", False))
        self.runs = Runs(self.engine, by="ada")
        self.environment = {"PYTHON": sys.executable}
        self.pilot: Pilot[Any]

    @property
    def app(self) -> Cockpit:
        app = self.pilot.app
        assert isinstance(app, Cockpit)
        return app

    async def take(self, scene: Scene) -> str:
        async with AsyncExitStack() as stack:
            if scene.model is not None:
                self._use(await stack.enter_async_context(ModelServer(scene.model)))
            return await self._take(scene)

    async def _take(self, scene: Scene) -> str:
        opening = await scene.opening(self)
        app = Cockpit(self.runs, opening, Session(theme=scene.theme or DEFAULT), folder=self.flows)
        try:
            async with app.run_test(size=scene.size) as pilot:
                self.pilot = pilot
                app.animation_level = "none"
                await scene.play(self)
                await pilot.pause(0.4)
                svg = app.export_screenshot(title=scene.title)
                await self.runs.park(self.runs.at_work())
        finally:
            self.engine.journal.close()
        return without_fonts(svg)

    def _use(self, server: ModelServer) -> None:
        """For runs, and for the screen that tests agents, which reads the variables beside the flow."""
        self.environment |= server.environment
        lines = [f"{name}={value}\n" for name, value in self.environment.items()]
        (self.flows / ".env").write_text("".join(lines))

    # what scenes are made of

    async def run(self, name: str, run_id: str = "", **inputs: Any) -> LocalRun:
        """Run a flow before the cockpit opens."""
        document = load_file(self.flows / name, self.environment)
        return await self.engine.start(
            document,
            resolve_inputs(document.workflow, inputs),
            environment=self.environment,
            run_id=run_id or None,
            park_when_waiting=True,
        )

    def launch(self, name: str, run_id: str, **inputs: Any) -> Launch:
        document = load_file(self.flows / name, self.environment)
        values = resolve_inputs(document.workflow, inputs)

        async def start() -> LocalRun:
            return await self.engine.start(document, values, environment=self.environment, run_id=run_id)

        return Launch(run_id, compile_plan(document.workflow, document.graph), document.source, start)

    def write(self, name: str, text: str) -> None:
        """A flow of the scene's own."""
        (self.flows / name).write_text(text, encoding="utf-8")

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause(0.05)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await self.pilot.pause(0.02)

    def state(self, run_id: str) -> Any:
        """As it is now: ask for it again each time."""
        return self.app.feeds.of(run_id).model.state


def without_fonts(svg: str) -> str:
    """The export names fonts on a server; readers have a monospaced one of their own."""
    return re.sub(r"@font-face\s*{[^}]*}\s*", "", svg)
