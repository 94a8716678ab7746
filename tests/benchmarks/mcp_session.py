"""What a session with an MCP server costs beside the bare SDK: to start it, to call through it, to end it."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from mcp import Client, StdioServerParameters

import lead_tui.agents.mcp.actions
import lead_tui.agents.mcp.stdio  # noqa: F401 - loaded before it is measured, as the SDK is
from lead_tui.testing import FakeContext
from tests.agents.mcp.stage import SERVERS, server
from tests.benchmarks.figures import Figures, ratio

NOTES = (
    "Best of three. `plain` is a server without the SDK, so that the client is what is measured; `full` is\n"
    "one of the SDK's framework. The ratio is of calls one after the other: each is checked and bounded."
)
CALLS = {"plain": ("echo", {"text": "x"}), "full": ("greet", {"name": "x"})}

Costs = tuple[float, float, float, float]
"""Seconds to the list of tools, calls a second alone and by ten, seconds to close."""


def measure(quick: bool) -> Figures:
    figures = Figures(("server", "client", "start, ms", "calls/s", "by ten", "close, ms", "ours/bare"), NOTES)
    for script in CALLS:
        bare, ours = (_best(way, script, 200 if quick else 1_000) for way in (_bare, _ours))
        figures.rows.append((script, "bare SDK", *_cells(bare), ""))
        figures.rows.append((script, "mcp_server", *_cells(ours), ratio(bare[1], ours[1])))
    return figures


def _best(way: Callable[[str, int], Awaitable[Costs]], script: str, count: int) -> Costs:
    runs = [asyncio.run(way(script, count)) for _ in range(3)]
    start, alone, ten, close = zip(*runs, strict=True)
    return min(start), max(alone), max(ten), min(close)


def _cells(costs: Costs) -> tuple[str, ...]:
    start, alone, ten, close = costs
    return f"{start * 1e3:.0f}", f"{alone:.0f}", f"{ten:.0f}", f"{close * 1e3:.0f}"


async def _ours(script: str, count: int) -> Costs:
    agent, here = server(script, ping_interval=30), FakeContext()
    begun = time.perf_counter()
    await agent.execute("list_tools", {}, here)
    started = time.perf_counter() - begun
    tool, arguments = CALLS[script]
    rates = await _rates(lambda: agent.execute(tool, arguments, here), count)
    begun = time.perf_counter()
    await agent.close()
    return started, *rates, time.perf_counter() - begun


async def _bare(script: str, count: int) -> Costs:
    begun = time.perf_counter()
    client = Client(StdioServerParameters(command=sys.executable, args=[str(SERVERS / f"{script}.py")]))
    async with client:
        await client.list_tools()
        started = time.perf_counter() - begun
        rates = await _rates(lambda: client.call_tool(*CALLS[script]), count)
        begun = time.perf_counter()
    return started, *rates, time.perf_counter() - begun


async def _rates(call: Callable[[], Awaitable[object]], count: int) -> tuple[float, float]:
    async def some(number: int) -> None:
        for _ in range(number):
            await call()

    begun = time.perf_counter()
    await some(count)
    alone = time.perf_counter()
    await asyncio.gather(*(some(count // 10) for _ in range(10)))
    return count / (alone - begun), count / (time.perf_counter() - alone)
