"""Events, notes, commands and records to JSON and back; the same bytes stand in the journal and on the wire.

Reading never fails because the writer was newer. Unknown fields are left out. An event that this release
cannot read becomes an `UnknownEvent` that keeps its `seq`, so the log stays gapless; a command becomes an
`UnknownCommand`; a note is left out. Only what is no JSON at all raises JournalError.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from lead_tui.core.commands import AnyCommand, UnknownCommand
from lead_tui.core.events import UNSTAMPED, AnyEvent, AnyNote, Event, Note, UnknownEvent
from lead_tui.errors import JournalError
from lead_tui.journal.base import Owner, RunRecord

T = TypeVar("T")


class _Envelope(msgspec.Struct):
    """What every event has, whatever its type."""

    type: str
    seq: int
    ts: datetime = UNSTAMPED
    run_id: str = ""


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_encoder = msgspec.json.Encoder()
_events = msgspec.json.Decoder(list[AnyEvent])
_event = msgspec.json.Decoder(AnyEvent)
_pieces = msgspec.json.Decoder(list[msgspec.Raw])
_envelope = msgspec.json.Decoder(_Envelope)
_note = msgspec.json.Decoder(AnyNote)
_command = msgspec.json.Decoder(AnyCommand)
_record = msgspec.json.Decoder(RunRecord)
_owner = msgspec.json.Decoder(Owner)
_plain = msgspec.json.Decoder(dict[str, Any])


def encode(value: object) -> bytes:
    """Any of the structs, or a list of them. Raises JournalError for what JSON cannot hold."""
    try:
        return _encoder.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise JournalError(
            f"cannot be stored as JSON: {error}; agents must answer with plain data"
        ) from error


def encode_events(events: Sequence[Event]) -> bytes:
    return encode(events)


def decode_events(data: bytes) -> list[Event]:
    try:
        events: list[Event] = list(_events.decode(data))
        return events
    except _UNREADABLE:
        pieces = _read(_pieces, data)
    return [_decode_one(piece) for piece in pieces]


def _decode_one(piece: msgspec.Raw) -> Event:
    try:
        event: Event = _event.decode(piece)
        return event
    except _UNREADABLE:
        head = _read(_envelope, piece)
    return UnknownEvent(
        seq=head.seq, ts=head.ts, run_id=head.run_id, name=head.type, data=_read(_plain, piece)
    )


def decode_note(data: bytes) -> Note | None:
    """None for one that only a newer release can read."""
    try:
        note: Note = _note.decode(data)
        return note
    except _UNREADABLE:
        _read(_plain, data)
        return None


def decode_command(data: bytes) -> AnyCommand:
    try:
        command: AnyCommand = _command.decode(data)
        return command
    except _UNREADABLE:
        plain = _read(_plain, data)
    return UnknownCommand(name=str(plain.get("command", "")))


def decode_record(data: bytes) -> RunRecord:
    return _read(_record, data)


def decode_owner(data: str) -> Owner:
    return _read(_owner, data)


def to_wire(event: Event | Note) -> bytes:
    """The JSON of one event or note without a newline. `ts` is RFC 3339 in UTC; defaults are left out."""
    return encode(event.data if isinstance(event, UnknownEvent) else event)


def _read(decoder: msgspec.json.Decoder[T], data: bytes | str | msgspec.Raw) -> T:
    try:
        return decoder.decode(data)
    except _UNREADABLE as error:
        raise JournalError(f"the journal holds something that no release wrote: {error}") from error
