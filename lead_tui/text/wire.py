"""Plain data as JSON text that any stream can carry: valid JSON whatever agents put into it."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from lead_tui.core.events import Event, Note
from lead_tui.errors import JournalError
from lead_tui.journal.codec import to_wire
from lead_tui.text.safe import NOT_JSON_SAFE

if TYPE_CHECKING:
    from yaml import Node, SafeDumper


def json_text(value: Any, *, indent: int = 0) -> str:
    """`value` is plain data. What a terminal would obey is escaped: it reads back the same."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:  # lone surrogates: JSON can name them, UTF-8 cannot hold them
        return json.dumps(value, indent=indent or None)
    if indent:
        encoded = msgspec.json.format(encoded, indent=indent)
    return escaped(encoded.decode())


def yaml_text(value: Any) -> str:
    """`value` is plain data; what stands in it is not made safe. Text of several lines stands as it is,
    where YAML can hold it so.
    """
    import yaml

    fast, other = _dumpers()
    settings: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 100}
    try:
        return str(yaml.dump(value, Dumper=fast, **settings))
    except UnicodeEncodeError:  # libyaml takes UTF-8 alone: no lone surrogates
        return str(yaml.dump(value, Dumper=other, **settings))


@cache
def _dumpers() -> tuple[type["SafeDumper"], type["SafeDumper"]]:
    import yaml

    def text(dumper: "SafeDumper", value: str) -> "Node":
        style = "|" if "\n" in value.strip("\n") else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    class Fast(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        pass

    class Other(yaml.SafeDumper):
        pass

    for each in (Fast, Other):
        each.add_representer(str, text)
    return Fast, Other


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
