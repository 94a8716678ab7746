"""What the same graphs cost with nothing but asyncio, graphlib and SQLite: no engine can be faster."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from graphlib import TopologicalSorter

import apsw

from tests.benchmarks.graphs import Needs

Work = Callable[[str], Awaitable[None]]


async def bare(needs: Needs) -> None:
    """One asyncio task for each task, started when all that it needs has ended."""

    async def nothing(_: str) -> None:
        return

    await _in_order(needs, nothing)


async def durable(needs: Needs, rows: "Rows") -> None:
    """The same with two stored facts a task: successors wait until the second is committed."""

    async def recorded(name: str) -> None:
        await rows.add(name, "started")
        await rows.add(name, "completed")

    await _in_order(needs, recorded)


async def _in_order(needs: Needs, work: Work) -> None:
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ended: asyncio.Queue[str] = asyncio.Queue()
    tasks: set[asyncio.Task[None]] = set()

    async def one(name: str) -> None:
        await work(name)
        ended.put_nowait(name)

    while sorter.is_active():
        for name in sorter.get_ready():
            task = asyncio.create_task(one(name))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        sorter.done(await ended.get())
        while not ended.empty():
            sorter.done(ended.get_nowait())


class Rows:
    """A table in WAL mode with `synchronous=NORMAL`. What is added in one turn of the loop is one commit."""

    def __init__(self, path: str) -> None:
        self._connection = apsw.Connection(path)
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", "normal")
        self._connection.wal_autocheckpoint(0)
        self._connection.execute("CREATE TABLE fact (seq INTEGER PRIMARY KEY, task TEXT, type TEXT, ts REAL)")
        self._waiting: list[tuple[str, str, float]] = []
        self._stored: asyncio.Future[None] | None = None

    def add(self, task: str, kind: str) -> asyncio.Future[None]:
        """Done when it is committed."""
        if self._stored is None:
            loop = asyncio.get_running_loop()
            self._stored = loop.create_future()
            loop.call_soon(self._commit)
        self._waiting.append((task, kind, time.time()))
        return self._stored

    def _commit(self) -> None:
        assert self._stored is not None
        facts, self._waiting = self._waiting, []
        stored, self._stored = self._stored, None
        many = len(facts) > 1
        if many:
            self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO fact (task, type, ts) VALUES (?, ?, ?)", facts)
        if many:
            self._connection.execute("COMMIT")
        stored.set_result(None)

    def close(self) -> None:
        self._connection.close()
