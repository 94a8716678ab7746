"""Screens of runs that ask models as pictures: tools, servers, money and budgets.

After a change that is meant: the same with `--snapshot-update`, then look at each SVG.
"""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from lead_tui.tui import intents
from lead_tui.tui.opening import Home, Opening, Watch
from tests.tui.snapshots.models import history
from tests.tui.snapshots.past import START
from tests.tui.test_snapshots import (
    MIDDLE,
    SMALL,
    Prepare,
    Scene,
    World,
    _the_same_everywhere,
    keys,
    on,
    picture,
    snapshot,
    world,
)

__all__ = ["_the_same_everywhere", "snapshot", "world"]

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="paths and time zones are others there")
RUN = "5c01d9"
ADVICE = """\
name: advice
description: Lets a model advise a customer of a shop.
budget: {usd: 2, tokens: 5000}
inputs:
  wish: {type: string, default: two bags of something Ethiopian, description: what the customer asks for}
agents:
  - {name: adviser, type: ai_agent, provider: openai, model: gpt-4.1-mini, max_tokens: 600, max_steps: 8}
  - {name: editor, type: ai_agent, provider: openai, model: gpt-4.1-mini}
tasks:
  - {name: advise, agent_name: adviser, action: run, parameters: {prompt: "{{ inputs.wish }}"}}
  - name: edit
    agent_name: editor
    action: chat_completion
    parameters: {prompt: "Shorten this: {{ tasks.advise.result.content }}"}
"""


def after(seconds: float, *, driven: bool = True, home: bool = False) -> Prepare:
    """So long after the run began; `driven`: somebody drives it."""

    async def put(world: World) -> Opening:
        world.clock.moment = START + timedelta(seconds=seconds)
        await world.put(await history(RUN), until=seconds, driven=driven)
        return Home() if home else Watch(RUN)

    return put


async def before_start(world: World) -> Opening:
    world.write("advice.yaml", ADVICE)
    return Home()


async def open_form(pilot, world):  # type: ignore[no-untyped-def]
    pilot.app.post_message(intents.PrepareFlow(Path("advice.yaml")))


STREAMING, SPENT, PARKED = after(4.5), after(36), after(45, driven=False)
SCENES = {
    "streaming": Scene(STREAMING, "studies", on("studies"), ("no such style",)),
    "log": Scene(STREAMING, "studies", keys("4", "A"), ("of the Red Sea", "maps.distance")),
    "health": Scene(STREAMING, "studies", keys("5"), ("MCP SERVERS", "maps", "the process ended")),
    "answer": Scene(STREAMING, "studies", on("studies", "enter"), ("It should be read with care.",)),
    "attempts": Scene(STREAMING, "studies", on("studies", "enter", "2"), ("3 calls, 8.6k in",)),
    "spent": Scene(SPENT, "proof", on("proof"), ("104%+ of $0.05", "b raises it")),
    "raise": Scene(SPENT, "proof", keys("b"), ("Raise the budget", "$0.0522 spent")),
    "parked": Scene(PARKED, "proof", on("proof"), ("WAITING: BUDGET", "b raises it")),
    "home": Scene(after(45, driven=False, home=True), "NEEDS YOU", last=("$0.05 spent", "budget spent", RUN)),
    "start": Scene(before_start, "advice.yaml", open_form, ("budget $2", "1-24 calls")),
}


@pytest.mark.parametrize("name", SCENES)
async def test_on_a_small_terminal(name: str, world: World, snapshot: SnapshotAssertion) -> None:
    """Every scene at 80x24, in the dark theme."""
    assert await picture(world, SCENES[name], SMALL) == snapshot


TALL = SCENES | {"health": replace(SCENES["health"], last=("MCP SERVERS", "maps", "loop lag"))}


@pytest.mark.parametrize("name", ["streaming", "health", "spent", "attempts"])
async def test_with_more_room(name: str, world: World, snapshot: SnapshotAssertion) -> None:
    """What people look at most, at 120x40."""
    assert await picture(world, TALL[name], MIDDLE) == snapshot


@pytest.mark.parametrize("name", ["streaming", "health"])
async def test_in_ascii(name: str, world: World, snapshot: SnapshotAssertion) -> None:
    """No glyph that an old terminal lacks."""
    assert await picture(world, SCENES[name], SMALL, ascii_only=True) == snapshot
