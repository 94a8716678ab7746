"""The journal on disk: one SQLite file in WAL mode, shared by any number of processes.

connection.py   the file: made, migrated, refused; why apsw
reader.py       what anyone may ask, and the inbox
writer.py       how the owner commits without holding up the event loop
checkpoint.py   how the log gets into the file without that either
owner.py        which process drives a run, and does it live

`SqliteJournal` has one connection for reading and posting and one for the owner's writes, since a thread may
be busy with that. Its methods belong to one thread (the event loop's); another one opens its own journal.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

import apsw

from lead_tui.clock import Clock, SystemClock
from lead_tui.core.events import Event, Note
from lead_tui.errors import JournalError, JournalGone, UsageError
from lead_tui.journal import codec, rules
from lead_tui.journal.base import Durability, Owner, RunRecord
from lead_tui.journal.checkpoint import Checkpointer
from lead_tui.journal.connection import (
    check_sqlite,
    connect,
    connect_read_only,
    create_file,
    migrate,
)
from lead_tui.journal.explain import explained
from lead_tui.journal.owner import is_alive
from lead_tui.journal.reader import Reader, as_text, as_time, key_of
from lead_tui.journal.writer import Writer

_APPEND = """
    INSERT INTO batch (key, count, data)
    SELECT ?1, ?2, ?3 FROM run WHERE number = ?4 AND fence = ?5 AND owner IS NOT NULL"""
_LAST = """
    SELECT coalesce(
        (SELECT seq + count - 1 FROM batch WHERE key BETWEEN ?3 AND ?4 ORDER BY key DESC LIMIT 1), 0)
    FROM run WHERE number = ?1 AND fence = ?2 AND owner IS NOT NULL"""
_STATUS = "UPDATE run SET status = ?, ended_at = ? WHERE number = ? AND fence = ? AND owner IS NOT NULL"
_SETTLE = "UPDATE inbox SET state = ?, why = ? WHERE id = ? AND state = 'pending'"
_HEARTBEAT = "UPDATE run SET heartbeat = ? WHERE number = ? AND fence = ? AND owner IS NOT NULL"
_CLAIM = "UPDATE run SET owner = ?, heartbeat = ?, fence = fence + 1 WHERE number = ? RETURNING fence"


class SqliteJournal(Reader):
    """Use `SqliteJournal.open`. The methods are those of `Journal`."""

    @classmethod
    def open(
        cls,
        path: str | Path,
        durability: Durability = "normal",
        read_only: bool = False,
        clock: Clock | None = None,
    ) -> Self:
        """Raises JournalError, which says what to do, for a file that cannot be used."""
        check_sqlite(apsw.sqlite_lib_version())
        path = Path(path).expanduser().absolute()
        with explained(path):
            if read_only:
                return cls(path, clock or SystemClock(), connect_read_only(path), durability, None)
            create_file(path)
            connection = connect(path, durability)
            migrate(connection, path)
            return cls(path, clock or SystemClock(), connection, durability, Writer(path, durability))

    def __init__(
        self,
        path: Path,
        clock: Clock,
        connection: apsw.Connection,
        durability: Durability,
        writer: Writer | None,
    ) -> None:
        super().__init__(path, connection, clock)
        self._durability = durability
        self._maybe_writer = writer
        self._tails: dict[int, tuple[int, int]] = {}  # run -> fence and last seq: what only its owner changes
        self._file = path.stat().st_ino
        self._checkpointer = Checkpointer(path)
        for each in (connection, writer.connection if writer is not None else connection):
            each.set_wal_hook(self._checkpointer)

    # the owner

    async def create(self, record: RunRecord) -> None:
        writer = self._writer()
        values = (record.id, record.name, record.source, as_text(record.created_at))
        data = codec.encode(record)

        def work() -> None:
            db = writer.connection
            with writer.transaction():
                db.execute("INSERT INTO run (id, name, source, created_at) VALUES (?, ?, ?, ?)", values)
                db.execute("INSERT INTO record VALUES (?, ?)", (db.last_insert_rowid(), data))

        try:
            await writer.run(work)
        except JournalError as error:
            if isinstance(error.__cause__, apsw.ConstraintError):
                raise UsageError(f"run {record.id} is already in this journal: choose another id") from error
            raise

    async def claim(self, run_id: str, owner: Owner, now: datetime) -> int:
        writer, number = self._writer(), self.number(run_id)
        values = (codec.encode(owner).decode(), as_text(now), number)

        def work() -> int:
            with writer.transaction():
                self._refuse_rival(run_id, number, owner, now)
                return int(writer.connection.execute(_CLAIM, values).get)

        return await writer.run(work)

    def _refuse_rival(self, run_id: str, number: int, owner: Owner, now: datetime) -> None:
        sql = "SELECT owner, heartbeat FROM run WHERE number = ? AND owner IS NOT NULL"
        rows: list[Any] = self._writer().connection.execute(sql, (number,)).fetchall()
        for data, heartbeat in rows:
            rival = codec.decode_owner(data)
            if rival.id != owner.id and is_alive(rival, as_time(heartbeat), now):
                raise rules.owned(run_id, rival)

    async def append(
        self, run_id: str, fence: int, events: Sequence[Event], status: str | None = None
    ) -> None:
        writer, number = self._writer(), self.number(run_id)
        data = codec.encode_events(events) if events else b""
        await writer.run(partial(self._append, run_id, number, fence, events, data, status))

    def _append(
        self,
        run_id: str,
        number: int,
        fence: int,
        events: Sequence[Event],
        data: bytes,
        status: str | None,
    ) -> None:
        last = self._last_seq(run_id, number, fence)
        rules.check_order(run_id, last, events)
        accepted = rules.accepted(events)
        if status is None and not accepted:
            self._insert(run_id, number, fence, last, len(events), data)
        else:
            with self._writer().transaction():
                self._insert(run_id, number, fence, last, len(events), data)
                if status is not None:
                    ended = rules.ended_at(status, events)
                    self._fenced(run_id, _STATUS, (status, ended and as_text(ended), number, fence))
                for inbox_id in accepted:
                    self._writer().connection.execute(_SETTLE, ("accepted", "", inbox_id))
        self._tails[number] = (fence, last + len(events))

    def _insert(self, run_id: str, number: int, fence: int, last: int, count: int, data: bytes) -> None:
        if count:
            self._fenced(run_id, _APPEND, (key_of(number, last + 1), count, data, number, fence))

    def _fenced(self, run_id: str, sql: str, values: tuple[Any, ...]) -> None:
        """A statement that changes one row, unless the fence is an old one."""
        connection = self._writer().connection
        connection.execute(sql, values)
        if connection.changes() != 1:
            raise rules.ownership_lost(run_id)

    def _last_seq(self, run_id: str, number: int, fence: int) -> int:
        """Remembered while the fence is the same: nobody else can append then."""
        known = self._tails.get(number)
        if known is not None and known[0] == fence:
            return known[1]
        values = (number, fence, key_of(number, 0), key_of(number + 1, 0))
        last = self._writer().connection.execute(_LAST, values).get
        if last is None:
            raise rules.ownership_lost(run_id)
        return int(last)

    async def add_notes(self, run_id: str, notes: Sequence[Note]) -> None:
        writer, number = self._writer(), self.number(run_id)
        rows = [(number, note.task, codec.encode(note)) for note in notes]

        def work() -> None:
            with writer.transaction():
                writer.connection.executemany("INSERT INTO note (run, task, data) VALUES (?, ?, ?)", rows)

        await writer.run(work)

    async def heartbeat(self, run_id: str, fence: int, now: datetime) -> None:
        self._check_file()
        values = (as_text(now), self.number(run_id), fence)
        await self._writer().run(partial(self._fenced, run_id, _HEARTBEAT, values))

    def _check_file(self) -> None:
        """SQLite writes on into a deleted file without a word."""
        try:
            same = self.path.stat().st_ino == self._file
        except FileNotFoundError:
            same = False
        if not same:
            raise JournalGone(f"journal {self.path} was deleted or replaced while it was in use")

    async def release(self, run_id: str, fence: int, driven_until: datetime | None = None) -> None:
        self._check_file()  # what was written since the last look is lost with the file
        writer, number = self._writer(), self.number(run_id)
        sql = "UPDATE run SET owner = NULL, heartbeat = ? WHERE number = ? AND fence = ?"
        values = (None if driven_until is None else as_text(driven_until), number, fence)
        await writer.run(lambda: writer.connection.execute(sql, values))
        self._tails.pop(number, None)

    async def settle(self, inbox_id: int, accepted: bool, why: str = "") -> None:
        """The first verdict stands; a second one changes nothing."""
        writer, row = self._writer(), self.inbox_row(inbox_id)
        values = ("accepted" if accepted else "refused", why, row.id)
        await writer.run(lambda: writer.connection.execute(_SETTLE, values))

    def _writer(self) -> Writer:
        if self._maybe_writer is None:
            raise JournalError(f"journal {self.path} was opened for reading only")
        return self._maybe_writer

    # anyone

    def files(self, run_id: str) -> Path:
        """Beside the journal: who deletes that sees what else there is of its runs."""
        return self.path.with_name(f"{self.path.name}.files") / run_id

    def describe(self) -> dict[str, Any]:
        """What `leadtui doctor` shows. `size` in bytes, the log included."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        with explained(self.path):
            return {
                "path": str(self.path),
                "sqlite": apsw.sqlite_lib_version(),
                "schema": self._connection.pragma("user_version"),
                "journal_mode": self._connection.pragma("journal_mode"),
                "durability": self._durability,
                "size": sum(each.stat().st_size for each in files if each.exists()),
                "runs": self._connection.execute("SELECT count(*) FROM run").get,
                "checkpoint_problem": self._checkpointer.problem,
            }

    def close(self) -> None:
        """The last one to close moves the log into the file."""
        with explained(self.path):
            if self._maybe_writer is not None:
                self._maybe_writer.close()
            self._checkpointer.close()
            self._connection.close()
