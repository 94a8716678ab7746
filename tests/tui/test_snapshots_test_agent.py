"""The screen that tests agents, as pictures: a model that speaks, one that asks, the tools of a server."""

import sys
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from lead_tui.testing import ModelServer, call, say, together
from lead_tui.tui.opening import Opening, TryAgents
from lead_tui.tui.widgets.offer_list import OfferList
from tests.tui.snapshots.shots import at_rest
from tests.tui.test_snapshots import (
    MIDDLE,
    SMALL,
    Scene,
    World,
    _the_same_everywhere,
    keys,
    picture,
    pytestmark,
    snapshot,
    world,
)

__all__ = ["_the_same_everywhere", "pytestmark", "snapshot", "world"]

SERVER = Path(__file__).parent / "snapshots" / "weather_server.py"
FLOW = """\
name: journey
inputs:
  wish: {type: string, default: "Where should I go in March? I like the sea, and no rain."}
agents:
  - name: guide
    type: ai_agent
    provider: openai
    model: gpt-4.1-mini
    prices: {input: 400, output: 1600}
    tools: [json_parse, {name: write_file, approval: always}]
    roots: [.]
  - name: weather
    type: mcp_server
    command: PYTHON
    args: [SERVER]
tasks:
  - {name: ask, agent_name: guide, action: run, parameters: {prompt: "{{ inputs.wish }}"}}
  - {name: look, agent_name: weather, action: forecast, parameters: {city: Lisbon, scale: celsius}}
"""
ANSWER = """\
In March the sea is still cold everywhere in Europe, but two places are dry by then:

- Funchal, where it has 18 degrees and the almonds are in flower,
- Almería, the driest corner of Spain, with 20 degrees at noon.

Of the two I would take"""
SIZES = pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])


@pytest.fixture(autouse=True)
def _tools_take_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lead_tui.tui.tool_calls.took_text", lambda seconds: "17 ms")


def trying(agent: str, server: ModelServer | None = None) -> Any:
    async def prepare(world: World) -> Opening:
        if server is not None:
            lines = [f"{name}={value}\n" for name, value in server.environment.items()]
            world.write(".env", "".join(lines))
        text = FLOW.replace("PYTHON", sys.executable).replace("SERVER", str(SERVER))
        world.write("journey.yaml", text)
        return TryAgents(Path("journey.yaml"), agent)

    return prepare


@SIZES
async def test_a_model_that_speaks(size: tuple[int, int], world: World, snapshot: SnapshotAssertion) -> None:
    """In the middle of its answer, after a call of a tool."""
    speaks = say(*ANSWER.splitlines(keepends=True), " the second, since", " of its light").using(
        input=120, output=85
    )
    replies = [call("json_parse", text='["Funchal", "Almería"]'), speaks.hanging(after=8)]
    async with ModelServer(replies) as server:
        scene = Scene(
            trying("guide", server), "no rain.", keys("ctrl+r"), ("the second", "first token in", "2 calls")
        )
        assert await picture(world, scene, size) == snapshot


@SIZES
async def test_a_model_that_may_not_yet(
    size: tuple[int, int], world: World, snapshot: SnapshotAssertion
) -> None:
    """A person sees what exactly the tool is to be called with."""
    wish = call("write_file", path="journey.txt", content="Almería, from the 3rd of March on")
    async with ModelServer([together(say("I note that down."), wish)]) as server:
        last = ("May guide call the tool write_file?", "content: ", "1 call", "first token in")
        scene = Scene(trying("guide", server), "no rain.", keys("ctrl+r"), last)
        assert await picture(world, scene, size) == snapshot


async def choose_forecast(pilot: Pilot[Any], world: World) -> None:
    await at_rest(pilot, "list_tools  ✔ works", "a name or a post code")
    pilot.app.screen.query_one(OfferList).focus()
    await pilot.press("enter", "ctrl+r")


@SIZES
async def test_the_tools_of_a_server(
    size: tuple[int, int], world: World, snapshot: SnapshotAssertion
) -> None:
    """With the form of one of them, and what it gave."""
    scene = Scene(trying("weather"), "TOOLS", choose_forecast, ("weather forecast  ✔ works", "degrees"))
    assert await picture(world, scene, size) == snapshot
