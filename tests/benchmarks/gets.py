"""What the engine adds to requests: the agent, its transport, the journal, the slots."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from lead_tui.agents.http_api import HttpApiConfig
from lead_tui.journal.sqlite import SqliteJournal
from tests.benchmarks import graphs
from tests.benchmarks.figures import Figures, best_of, ratio

REQUESTS, IN_FLIGHT, LATENCY = 500, 100, 0.05
NOTES = (
    f"{REQUESTS} GETs, {IN_FLIGHT} in flight, the server takes {LATENCY * 1000:.0f} ms: at least "
    f"{REQUESTS / IN_FLIGHT * LATENCY:.2f} s.\nbare: one aiohttp session and a semaphore. Aim: below 1.25x."
)


def measure(quick: bool) -> Figures:
    figures = Figures(("requests", "bare s", "engine s", "engine/bare", "µs a GET added"), NOTES)
    with tempfile.TemporaryDirectory() as folder, _server() as url:
        api = HttpApiConfig(name="api", type="http_api", endpoint=url)
        needs = {f"t{n}": () for n in range(REQUESTS)}
        ready = graphs.document(
            needs, api, action="get", parameters={"endpoint": "/item"}, max_parallel=IN_FLIGHT
        )
        journal = SqliteJournal.open(Path(folder) / "journal.db")
        try:
            bare, engine = best_of(
                3 if quick else 8, lambda: _bare(f"{url}/item"), lambda: graphs.run_on(journal, ready)
            )
        finally:
            journal.close()
    added = (engine - bare) / REQUESTS * 1e6
    figures.rows.append((str(REQUESTS), f"{bare:.3f}", f"{engine:.3f}", ratio(engine, bare), f"{added:.0f}"))
    return figures


async def _bare(url: str) -> None:
    slots = asyncio.Semaphore(IN_FLIGHT)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def get() -> object:
            async with slots, session.get(url) as response:
                return await response.json()

        await asyncio.gather(*(get() for _ in range(REQUESTS)))


@contextmanager
def _server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.slow_server", str(LATENCY)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.communicate()
