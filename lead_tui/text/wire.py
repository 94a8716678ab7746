"""Plain data as JSON text that any stream can carry: valid JSON whatever agents put into it."""

import json
from typing import Any

import msgspec

from lead_tui.core.events import Event, Note
from lead_tui.errors import JournalError
from lead_tui.journal.codec import to_wire
from lead_tui.text.safe import NOT_JSON_SAFE


def json_text(value: Any, *, indent: int = 0) -> str:
    """`value` is plain data. What a terminal would obey is escaped: it reads back the same."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:  # lone surrogates: JSON can name them, UTF-8 cannot hold them
        return json.dumps(value, indent=indent or None)
    if indent:
        encoded = msgspec.json.format(encoded, indent=indent)
    return escaped(encoded.decode())


def event_text(item: Event | Note) -> str:
    """One line: what the journal holds of this event or note."""
    try:
        return escaped(to_wire(item).decode())
    except JournalError:
        return json.dumps(msgspec.to_builtins(item, enc_hook=str))


def escaped(text: str, encoding: str = "utf-8") -> str:
    """The same JSON; with an `encoding` that cannot hold all of it in ASCII alone."""
    text = NOT_JSON_SAFE.sub(lambda found: _named(found.group()), text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(char if char.isascii() else _named(char) for char in text)
    return text


def _named(char: str) -> str:
    return json.dumps(char)[1:-1] if ord(char) != 0x7F else "\\u007f"
