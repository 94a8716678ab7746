"""What a person chose and where they were, kept in `cockpit.toml` beside the settings.

    theme = "leadtui-light"
    ascii = true            # for a terminal without ✔ ✖ ▶

    [keys]                  # binding = keys; `?` lists the names
    "run.cancel" = "ctrl+k"

The file is read as it is found: what cannot be used is left out and told, and never stops the cockpit.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lead_tui.settings import config_file
from lead_tui.text.safe import safe_line

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


class Session(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`screen` is the view of a run that was seen last, `filter` that of its tasks, in the flow `flow`."""

    theme: str = ""
    ascii: bool = False
    wrap: bool = True
    """Of the log."""
    screen: str = ""
    flow: str = ""
    filter: str = ""
    keys: dict[str, str] = {}


def session_file() -> Path:
    return config_file().with_name("cockpit.toml")


def load(path: Path) -> tuple[Session, str]:
    """The session, and what is wrong with its file, if anything is."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Session(), ""
    except OSError as error:
        return Session(), f"{path} cannot be read: {error.strerror}"
    except ValueError as error:
        return Session(), f"{path} is no TOML: {safe_line(str(error), 200)}"
    return _convert(data, path)


def _convert(data: Mapping[str, Any], path: Path) -> tuple[Session, str]:
    """Field by field, so that one wrong value costs no other."""
    session, problems = Session(), []
    for field in msgspec.structs.fields(Session):
        if field.name in data:
            try:
                setattr(session, field.name, msgspec.convert(data[field.name], field.type))
            except msgspec.ValidationError as error:
                problems.append(f"{field.name}: {error}")
    return session, f"{path}: {'; '.join(problems)}" if problems else ""


def save(session: Session, path: Path) -> str:
    """Write what differs, whole or not at all; comments and other keys stay. Says what went wrong.

    A file that cannot be read is left as it is: a person is about to mend it.
    """
    import tomlkit

    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    except (OSError, ValueError) as error:
        return f"{path} is left as it is: {safe_line(str(error), 200)}"
    before = tomlkit.dumps(document)
    _update(document, session)
    text = tomlkit.dumps(document)
    return _write(text, path) if text != before else ""


def _update(document: "TOMLDocument", session: Session) -> None:
    known = msgspec.to_builtins(session)
    for field in msgspec.structs.fields(Session):
        value = known.get(field.name)
        if field.name == "keys":
            continue  # a person's own: the cockpit changes none
        if value is None:
            document.pop(field.name, None)
        elif document.get(field.name) != value:
            document[field.name] = value


def _write(text: str, path: Path) -> str:
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        return f"{path} cannot be written: {error.strerror}"
    return ""
