"""Move what was committed from the -wal into the file, in a thread and over a connection of its own.

A checkpoint syncs the disk, which takes milliseconds: the event loop never does one. `Checkpointer` is the
WAL hook of the writing connections, so it learns the length of the log with each commit.
"""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import apsw

from lead_tui.journal.connection import connect

STEP = 1_000
"""Pages (4 KiB) that gather before the next checkpoint."""

LIMIT = 16_000
"""A log of so many pages is cut: a passive checkpoint never catches up with a writer that does not pause."""

_BRIEF = 100  # milliseconds: a cut that waits for a reader holds the writers' lock meanwhile


class Checkpointer:
    """Failures are kept in `problem`, not raised: what was committed stays safe in the log."""

    def __init__(self, path: Path) -> None:
        self.problem = ""
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="leadtui-checkpoint")
        self._running: Future[None] | None = None
        self._begun_at = 0
        self._lock = threading.Lock()
        self._closed = False

    def __call__(self, _connection: apsw.Connection, _database: str, pages: int) -> int:
        if pages < self._begun_at:  # the log was moved and began anew
            self._begun_at = 0
        if pages - self._begun_at >= STEP:
            self._begin(pages)
        return apsw.SQLITE_OK

    def _begin(self, pages: int) -> None:
        with self._lock:  # a hook may run in the loop's thread and in the writer's
            if not self._closed and (self._running is None or self._running.done()):
                self._begun_at = pages
                self._running = self._thread.submit(self._run, pages)

    def _run(self, pages: int) -> None:
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if pages >= LIMIT:
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            self.problem = ""
        except apsw.BusyError:
            return  # somebody reads or checkpoints; the next step tries again
        except apsw.Error as error:
            self.problem = str(error)

    @cached_property
    def _connection(self) -> apsw.Connection:
        connection = connect(self._path)
        connection.set_busy_timeout(_BRIEF)
        return connection

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._thread.shutdown()
        if "_connection" in self.__dict__:
            self._connection.close()
