"""Whatever an event, note or command holds survives the way to bytes and back."""

import json
import types
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_tui.core.commands import AnyCommand, Approve, UnknownCommand
from lead_tui.core.events import AnyEvent, AnyNote, AttemptCompleted, Log, TaskReady, UnknownEvent
from lead_tui.errors import JournalError
from lead_tui.journal import codec
from lead_tui.journal.owner import this_process
from tests.journal.samples import NOW, a_record, facts


def as_data(item):
    """What a reader of JSON lines gets."""
    return json.loads(codec.to_wire(item))


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = {
    str: st.text(max_size=20),
    int: st.integers(0, 2**40),
    float: NUMBERS,
    bool: st.booleans(),
    type(None): st.none(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | PLAIN[str],
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN[str], inner, max_size=3),
    max_leaves=6,
)


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field, from its annotation."""
    origin, inside = get_origin(kind), get_args(kind)
    if kind is Any:
        return JSON
    if origin in (Union, types.UnionType):
        return st.one_of(*map(anything, inside))
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return st.sampled_from(inside or list(kind))
    if origin is dict:
        return st.dictionaries(anything(inside[0]), anything(inside[1]), max_size=3)
    if origin is list:
        return st.lists(anything(inside[0]), max_size=3)
    if kind in PLAIN:
        return PLAIN[kind]
    fields = {field.name: anything(field.type) for field in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


EVENTS = {kind: anything(kind) for kind in get_args(AnyEvent)}


@given(st.lists(st.one_of(*EVENTS.values()), max_size=6))
def test_a_batch_of_any_events_comes_back_equal(events: list[AnyEvent]) -> None:
    """Encoding and decoding is the identity for every type of event with any values."""
    assert codec.decode_events(codec.encode_events(events)) == events


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_each_type_of_event_comes_back_equal(kind: type) -> None:
    """The same for each type by itself, so that none is left to chance."""

    @settings(max_examples=25)
    @given(EVENTS[kind])
    def check(event: Any) -> None:
        (back,) = codec.decode_events(codec.encode_events([event]))
        assert back == event
        assert back.type == event.type

    check()


@given(anything(AnyNote))
def test_any_note_comes_back_equal(note: AnyNote) -> None:
    """Notes are stored without loss."""
    assert codec.decode_note(codec.encode(note)) == note


@given(anything(AnyCommand))
def test_any_command_comes_back_equal(command: AnyCommand) -> None:
    """Commands are stored without loss."""
    assert codec.decode_command(codec.encode(command)) == command


def test_record_and_owner_come_back_equal() -> None:
    """What is stored beside the log is stored without loss."""
    owner = this_process()
    assert codec.decode_record(codec.encode(a_record())) == a_record()
    assert codec.decode_owner(codec.encode(owner).decode()) == owner


def test_the_wire_is_one_line_of_json() -> None:
    """A line has type, seq, an RFC 3339 instant in UTC and the run's id, and no line break inside."""
    line = codec.to_wire(AttemptCompleted(seq=2, ts=NOW, run_id="r", task="t", attempt=1, result="a\nb"))
    assert b"\n" not in line
    assert json.loads(line) == {
        "type": "attempt_completed", "seq": 2, "ts": "2026-03-01T12:30:15.250000Z", "run_id": "r",
        "task": "t", "attempt": 1, "result": "a\nb",
    }  # fmt: skip
    assert as_data(Log(text="x", ts=NOW)) == {
        "type": "log",
        "ts": "2026-03-01T12:30:15.250000Z",
        "text": "x",
    }


# --- what a newer release wrote -------------------------------------------------------------------------


def with_plain(*plain: dict[str, Any]) -> bytes:
    return json.dumps([*(as_data(event) for event in facts(1)), *plain]).encode()


def test_an_event_of_an_unknown_type_keeps_its_place() -> None:
    """It is read as what it is, between events that are known, and goes to the wire as it came."""
    newer = {"type": "budget_raised", "seq": 2, "ts": "2026-03-01T12:30:15.25Z", "run_id": "r", "usd": 3}
    after = as_data(facts(3)[0])
    known, unknown, last = codec.decode_events(with_plain(newer, after))
    assert [known, last] == [*facts(1), *facts(3)]
    assert isinstance(unknown, UnknownEvent)
    assert (unknown.seq, unknown.ts, unknown.run_id, unknown.type) == (2, NOW, "r", "budget_raised")
    assert as_data(unknown) == newer


def test_an_unknown_event_may_have_no_instant() -> None:
    """`seq` and `type` are all that must be there."""
    *_, unknown = codec.decode_events(with_plain({"type": "new", "seq": 2}))
    assert (unknown.seq, unknown.run_id, unknown.type) == (2, "", "new")


@pytest.mark.parametrize(
    "newer",
    [
        {"type": "task_waiting", "seq": 2, "task": "t", "attempt": 1, "reason": "new_moon"},
        {"type": "command_received", "seq": 2, "command": {"command": "teleport", "usd": 1}},
    ],
)
def test_a_known_type_with_a_value_from_the_future_is_kept_too(newer: dict[str, Any]) -> None:
    """A value that this release does not know does not hide the event nor its neighbours."""
    known, unknown = codec.decode_events(with_plain(newer))
    assert known == facts(1)[0]
    assert isinstance(unknown, UnknownEvent)
    assert (unknown.seq, unknown.type, unknown.data) == (2, newer["type"], newer)


def test_unknown_fields_are_left_out() -> None:
    """A field that a newer release added changes nothing."""
    (event,) = codec.decode_events(b'[{"type":"task_ready","seq":1,"task":"t","mood":"good"}]')
    assert event == TaskReady(seq=1, task="t")


def test_unknown_notes_and_commands() -> None:
    """An unknown note is left out, an unknown command is shown by its name."""
    assert codec.decode_note(b'{"type":"picture","url":"x"}') is None
    assert codec.decode_command(b'{"command":"teleport","usd":1}') == UnknownCommand(name="teleport")
    assert codec.decode_command(b'{"command":"approve","gate":"g","new":1}') == Approve(gate="g")


# --- what is wrong ----------------------------------------------------------------------------------------


NO_EVENTS = [b"", b"[{", b"{}", b"[1]", b'[{"type":"x"}]', b'[{"type":"x","seq":"y"}]', b'["\xff"]']


@pytest.mark.parametrize("data", [*NO_EVENTS, b'[{"type":"x","seq":1,"a":"\xff"}]', b"[" * 100_000])
def test_what_is_no_event_is_a_journal_error(data: bytes) -> None:
    """Damage is told apart from what a newer release wrote."""
    with pytest.raises(JournalError, match="no release wrote"):
        codec.decode_events(data)


@pytest.mark.parametrize("decode", [codec.decode_note, codec.decode_command, codec.decode_record])
def test_damage_is_never_taken_for_news(decode: Callable[[bytes], object]) -> None:
    """What is no JSON is an error for notes, commands and records too."""
    with pytest.raises(JournalError, match="no release wrote"):
        decode(b'{"type":')


def too_deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [object(), "\ud800", {object(): 1}, too_deep()], ids=["x", "sur", "key", "deep"]
)
def test_what_json_cannot_hold_is_a_journal_error(value: Any) -> None:
    """It says that agents answer with plain data, instead of ending in a TypeError."""
    with pytest.raises(JournalError, match="plain data"):
        codec.encode_events([AttemptCompleted(task="t", attempt=1, result=value)])
