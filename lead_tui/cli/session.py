"""What one invocation works with: settings, journal, flow, environment, and who sits there."""

import getpass
import os
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from lead_tui.cli.leaving import in_loop
from lead_tui.errors import RunNotFound, UsageError
from lead_tui.flow.loader import Document, environment_for
from lead_tui.runner.engine import Engine, load_file

T = TypeVar("T")


@contextmanager
def engine(db: str | None) -> Iterator[Engine]:
    """On the journal that runs are written to; it is made if it is not there."""
    with _opened(_address(db), read_only=False) as found:
        yield found


@contextmanager
def existing(db: str | None, *, read_only: bool = False) -> Iterator[Engine]:
    """On a journal that is there: looking for a run makes no file. Raises RunNotFound if there is none."""
    address = _address(db)
    if db is None and "://" not in address and not Path(address).exists():
        raise RunNotFound(f"nothing has run yet: there is no journal {address}")
    with _opened(address, read_only=read_only) as found:
        yield found


@contextmanager
def _opened(address: str, *, read_only: bool) -> Iterator[Engine]:
    from lead_tui.journal.open import open_journal
    from lead_tui.settings import load_settings

    journal = open_journal(address, load_settings().durability, read_only)
    try:
        yield Engine(journal)
    finally:
        journal.close()


def _address(db: str | None) -> str:
    from lead_tui.settings import load_settings

    address = load_settings().db if db is None else db
    _check_slashes(address)
    return address


def _check_slashes(address: str) -> None:
    """Three slashes and a path that exists from the root on: one slash was forgotten."""
    rest = address.removeprefix("sqlite:///")
    folders = Path(rest).parts[:-1]
    if rest == address or not folders or Path(rest).is_absolute():
        return
    if not Path(folders[0]).exists() and Path("/", folders[0]).exists():
        raise UsageError(f"there is no folder {folders[0]} here: for /{rest} write sqlite:////{rest}")


def load_flow(path: Path, env_file: Path | None = None) -> tuple[Document, Mapping[str, str]]:
    """The document and the environment that it was read in. Warnings go to stderr."""
    from lead_tui.cli.terminal import say

    environment = environment_for(path.resolve().parent, env_file)
    document = load_file(path, environment)
    for warning in document.warnings:
        say(f"warning: {warning}")
    return document, environment


def pairs(texts: Sequence[str] | None, flag: str = "-i") -> dict[str, str]:
    """`NAME=VALUE` as a map. Raises UsageError for one without a name or `=`, or a name given twice."""
    found: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{flag} takes NAME=VALUE")  # the text may be a secret
        if name in found:
            raise UsageError(f"{flag} {name}=... is given twice")
        found[name] = value
    return found


def who() -> str:
    """The name that a command is recorded with."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a name for this user
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else ""


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    return in_loop(work)
