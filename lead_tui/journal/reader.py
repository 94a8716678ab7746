"""What anyone may do with a journal's file: read it, and post commands.

No query stays open between two answers: an open one holds a snapshot, and then the log cannot be moved into
the file.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import msgspec

from lead_tui.clock import Clock
from lead_tui.core.commands import AnyCommand
from lead_tui.core.events import Event, Note
from lead_tui.errors import UsageError
from lead_tui.journal import codec, rules
from lead_tui.journal.base import InboxRow, RunRecord, RunRow
from lead_tui.journal.explain import explained
from lead_tui.journal.owner import is_alive

_PAGE_BYTES = 1 << 20
_PAGE_NOTES = 1_000
_SEQ = 0xFFFF_FFFF

_RUN = f"""
    SELECT id, name, source, status, created_at, ended_at, owner, heartbeat, coalesce((
        SELECT (key & {_SEQ}) + count - 1 FROM batch
        WHERE key BETWEEN run.number << 32 AND (run.number << 32) + {_SEQ} ORDER BY key DESC LIMIT 1), 0)
    FROM run"""  # noqa: S608 - a constant
_INBOX = """
    SELECT inbox.id, run.id, command, by, at, state, why FROM inbox JOIN run ON run.number = inbox.run"""


def key_of(number: int, seq: int) -> int:
    """A batch's key: its run and the `seq` of its first event."""
    return number << 32 | seq


class Reader:
    """One thread at a time; the methods are those of `Journal`."""

    def __init__(self, path: Path, connection: apsw.Connection, clock: Clock) -> None:
        self.path = path
        self._connection = connection
        self._clock = clock
        self._numbers: dict[str, int] = {}

    def number(self, run_id: str) -> int:
        """The run's number in this file. Raises RunNotFound."""
        number = self._numbers.get(run_id)
        if number is None:
            with explained(self.path):
                number = self._connection.execute("SELECT number FROM run WHERE id = ?", (run_id,)).get
            if number is None:
                raise rules.unknown_run(run_id)
            self._numbers[run_id] = number
        return number

    # events and notes

    def read(self, run_id: str, after: int = 0) -> Iterator[list[Event]]:
        return self._event_pages(self.number(run_id), after)

    def _event_pages(self, number: int, after: int) -> Iterator[list[Event]]:
        key = self._batch_with(number, after + 1)
        while rows := self._batches(key, key_of(number, _SEQ)):
            events = [event for _, data in rows for event in codec.decode_events(data)]
            if events[0].seq <= after:
                events = [event for event in events if event.seq > after]
            if events:
                yield events
            key = rows[-1][0] + 1

    def _batch_with(self, number: int, seq: int) -> int:
        """Where to begin: the batch that holds `seq`, or the one that would."""
        sql = "SELECT key FROM batch WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1"
        last = min(max(seq, 1), _SEQ)
        with explained(self.path):
            found = self._connection.execute(sql, (key_of(number, 1), key_of(number, last))).get
        return key_of(number, 1) if found is None else int(found)

    def _batches(self, first: int, last: int) -> list[tuple[int, bytes]]:
        sql = "SELECT key, data FROM batch WHERE key BETWEEN ? AND ? ORDER BY key"
        rows: list[tuple[int, bytes]] = []
        size = 0
        with explained(self.path):
            cursor = self._connection.execute(sql, (first, last))
            for row in cursor:
                rows.append((row[0], row[1]))
                size += len(row[1])
                if size >= _PAGE_BYTES:
                    break
            cursor.close(True)
        return rows

    def last_note(self, run_id: str) -> int:
        values = (self.number(run_id),)
        with explained(self.path):
            found = self._connection.execute("SELECT max(number) FROM note WHERE run = ?", values).get
        return found or 0

    def notes(self, run_id: str, after: int = 0, task: str | None = None) -> Iterator[Note]:
        return self._note_pages(self.number(run_id), after, task)

    def _note_pages(self, number: int, after: int, task: str | None) -> Iterator[Note]:
        sql = (
            "SELECT number, data FROM note WHERE run = ?1 AND number > ?2 AND (?3 IS NULL OR task = ?3) "
            "ORDER BY number LIMIT ?4"
        )
        while True:
            with explained(self.path):
                rows: list[Any] = self._connection.execute(sql, (number, after, task, _PAGE_NOTES)).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            decoded = ((row[0], codec.decode_note(row[1])) for row in rows)
            yield from (
                msgspec.structs.replace(note, number=own) for own, note in decoded if note is not None
            )

    # runs

    def record(self, run_id: str) -> RunRecord:
        with explained(self.path):
            sql = "SELECT data FROM record WHERE run = ?"
            return codec.decode_record(self._connection.execute(sql, (self.number(run_id),)).get)

    def row(self, run_id: str) -> RunRow:
        with explained(self.path):
            cursor = self._connection.execute(f"{_RUN} WHERE number = ?", (self.number(run_id),))
            return self._row(cursor.fetchall()[0])

    def runs(self, name: str | None = None, status: str | None = None, limit: int = 50) -> list[RunRow]:
        sql = f"{_RUN} WHERE ?1 IS NULL OR name = ?1 ORDER BY number DESC"
        found: list[RunRow] = []
        with explained(self.path):
            cursor = self._connection.execute(sql, (name,))
            for row in cursor:
                if len(found) >= limit:
                    break
                shown = self._row(row)
                if status in (None, shown.status):
                    found.append(shown)
            cursor.close(True)
        return found

    def _row(self, row: Sequence[Any]) -> RunRow:
        run_id, name, source, status, created_at, ended_at, owner_data, beat, last_seq = row
        owner = codec.decode_owner(owner_data) if owner_data else None
        alive = owner is not None and is_alive(owner, as_time(beat), self._clock.now())
        return RunRow(
            id=run_id,
            name=name,
            source=source,
            status=rules.shown_status(status, alive),
            created_at=datetime.fromisoformat(created_at),
            ended_at=as_time(ended_at),
            last_seq=last_seq,
            owner=owner,
            owner_alive=alive,
            heartbeat=as_time(beat),
        )

    def find(self, prefix: str) -> str:
        sql = "SELECT id FROM run WHERE id >= ?1 AND id < ?1 || char(1114111) ORDER BY id LIMIT 6"
        with explained(self.path):
            found = [str(row[0]) for row in self._connection.execute(sql, (prefix,))]
            if prefix in found:
                return prefix
            newest = self._connection.execute("SELECT id FROM run ORDER BY number DESC LIMIT 1").get
        return str(newest) if prefix == "last" and newest else rules.only_one(prefix, found)

    # the inbox

    def post(self, run_id: str, command: AnyCommand, by: str, now: datetime) -> int:
        gate = rules.gate_of(command)
        values = (self.number(run_id), codec.encode(command), gate, by, as_text(now))
        sql = "INSERT INTO inbox (run, command, gate, by, at) VALUES (?, ?, ?, ?, ?) RETURNING id"
        with explained(self.path):
            try:
                return int(self._connection.execute(sql, values).get)
            except apsw.ConstraintError:  # the unique index over gates
                sql = "SELECT by, at FROM inbox WHERE run = ? AND gate = ? AND state <> 'refused'"
                first: Any = self._connection.execute(sql, (values[0], gate)).fetchall()[0]
        raise rules.already_answered(str(gate), first[0], datetime.fromisoformat(first[1]))

    def inbox(self, run_id: str, pending_only: bool = True) -> list[InboxRow]:
        state = "AND inbox.state = 'pending'" if pending_only else ""
        sql = f"{_INBOX} WHERE inbox.run = ? {state} ORDER BY inbox.id"
        with explained(self.path):
            return [_inbox_row(row) for row in self._connection.execute(sql, (self.number(run_id),))]

    def inbox_row(self, inbox_id: int) -> InboxRow:
        with explained(self.path):
            rows = self._connection.execute(f"{_INBOX} WHERE inbox.id = ?", (inbox_id,)).fetchall()
        if not rows:
            raise UsageError(f"no command {inbox_id} in this journal")
        return _inbox_row(rows[0])


def as_text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def as_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _inbox_row(row: Sequence[Any]) -> InboxRow:
    number, run_id, command, by, at, state, why = row
    return InboxRow(
        id=number,
        run_id=run_id,
        command=codec.decode_command(command),
        by=by,
        at=datetime.fromisoformat(at),
        state=state,
        why=why,
    )
