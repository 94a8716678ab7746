"""The owner's connection: commits on the event loop when it can, in a thread when it must.

A commit in WAL mode with `synchronous=NORMAL` takes 15 µs, the hop to a thread and back 60 to 80. So a
transaction is first tried where it is asked for, waiting for nobody; only if another connection holds the
write lock it is done again in the thread, which may wait. `durability="full"` syncs the disk with each
commit, so it always goes through the thread.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

import apsw

from lead_tui.journal.base import Durability
from lead_tui.journal.connection import PATIENCE, connect
from lead_tui.journal.explain import explain

T = TypeVar("T")


class Writer:
    """Transactions run one at a time, in the order in which they were asked for."""

    def __init__(self, path: Path, durability: Durability) -> None:
        self.path = path
        self.connection = connect(path, durability)
        self.connection.set_busy_timeout(0)
        self._inline = durability == "normal"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="leadtui-journal")
        self._last: Future[object] | None = None

    @property
    def busy(self) -> bool:
        """The thread has the connection; nobody else may touch it."""
        return self._last is not None and not self._last.done()

    async def run(self, work: Callable[[], T]) -> T:
        """Do `work`, one transaction on `connection`; it may be done twice, the first time without effect.

        A caller that is cancelled meanwhile does not stop it: what was begun is stored or fails as a whole.
        """
        try:
            if self._inline and not self.busy:
                try:
                    return work()
                except apsw.BusyError:
                    pass
            future = self._thread.submit(self._patiently, work)
            self._last = cast("Future[object]", future)
            return await asyncio.shield(asyncio.wrap_future(future))
        except apsw.Error as error:
            raise explain(error, self.path) from error

    def _patiently(self, work: Callable[[], T]) -> T:
        self.connection.set_busy_timeout(PATIENCE)
        try:
            return work()
        finally:
            self.connection.set_busy_timeout(0)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """For more than one statement; a single one is a transaction by itself."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def close(self) -> None:
        self._thread.shutdown()
        self.connection.close()
