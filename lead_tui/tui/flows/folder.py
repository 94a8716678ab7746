"""The flows under a folder: found, loaded, judged. `look` reads files and belongs in a thread.

A file that is as it was is not read again. What looks like a flow has `tasks` and `agents` or `name` at its
top; whether it is a valid one, its loading says.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lead_tui.errors import InvalidFlow, LeadError
from lead_tui.flow.diagnostics import Diagnostic
from lead_tui.flow.document import MAX_BYTES
from lead_tui.flow.inputs import read_bounded
from lead_tui.flow.loader import Document, environment_for
from lead_tui.runner.engine import load_file

MAX_DEPTH = 4
MAX_FILES = 2_000
MAX_ENTRIES = 50_000
"""Of folders that hold other things: somebody may start this in `/`."""
SUFFIXES = (".yaml", ".yml", ".json")
SKIPPED = frozenset({"node_modules", "venv", "__pycache__", "site-packages"})

Stamp = tuple[int, int, int]
"""Time and size of the file, and time of the `.env` beside it."""


@dataclass(frozen=True, slots=True)
class FoundFlow:
    """A file that looks like a flow. `problems` are its errors, in file order; empty: it can run here."""

    path: Path
    source: str
    """The absolute path that its runs are stored with."""
    stamp: Stamp
    name: str
    description: str = ""
    tasks: int = 0
    agents: tuple[str, ...] = ()
    problems: tuple[Diagnostic, ...] = ()

    @property
    def valid(self) -> bool:
        return not self.problems


class Folder:
    """`look` is called by one thread at a time."""

    def __init__(self, root: Path, env_file: Path | None = None) -> None:
        self.root = root
        self.env_file = env_file
        self._known: dict[Path, tuple[Stamp, FoundFlow | None]] = {}

    def look(self, *, anew: bool = False) -> list[FoundFlow]:
        """What is there now, in the order of the folders; `anew` forgets what was known."""
        known: Mapping[Path, tuple[Stamp, FoundFlow | None]] = {} if anew else self._known
        now: dict[Path, tuple[Stamp, FoundFlow | None]] = {}
        for path in candidates(self.root):
            stamp = _stamp(path)
            if stamp is not None:
                before = known.get(path)
                same = before is not None and before[0] == stamp
                now[path] = before if same and before else (stamp, self._read(path, stamp))
        self._known = now
        return [flow for _, flow in now.values() if flow is not None]

    def _read(self, path: Path, stamp: Stamp) -> FoundFlow | None:
        try:
            text = read_bounded(path)
        except OSError:
            return None
        if len(text) > MAX_BYTES or not looks_like_flow(text):
            return None
        source = str(path.resolve())
        try:
            document = load_file(path, environment_for(path.resolve().parent, self.env_file))
        except LeadError as error:
            return FoundFlow(path, source, stamp, path.stem, problems=problems_of(error, path))
        return _valid(document, path, source, stamp)


def candidates(root: Path) -> Iterator[Path]:
    """Files with a flow's suffix: those of a folder first, then those of the folders in it, by name."""
    budget = iter(range(MAX_ENTRIES))
    found = iter(range(MAX_FILES))
    folders = [root]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Path] = []
        for folder in folders:
            for entry in _entries(folder):
                if next(budget, None) is None:
                    return
                if _is_folder(entry):
                    inner.append(folder / entry.name)
                elif entry.name.endswith(SUFFIXES):
                    if next(found, None) is None:
                        return
                    yield folder / entry.name
        folders = inner


def looks_like_flow(text: bytes) -> bool:
    return _TASKS.search(text) is not None and _NAMED.search(text) is not None


def problems_of(error: LeadError, path: Path) -> tuple[Diagnostic, ...]:
    """What kept a flow from loading, as diagnostics."""
    if isinstance(error, InvalidFlow):
        found = tuple(each for each in error.diagnostics if isinstance(each, Diagnostic))
        return tuple(each for each in found if each.severity == "error") or found
    return (Diagnostic(str(path), None, None, "cannot-load", str(error)),)


_TASKS = re.compile(rb"""(?:^\s*"|[{,]\s*"|^)tasks"?\s*:""", re.MULTILINE)
_NAMED = re.compile(rb"""(?:^\s*"|[{,]\s*"|^)(?:agents|name)"?\s*:""", re.MULTILINE)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((each for each in entries if not each.name.startswith(".")), key=lambda e: e.name)
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """One to look into: no link, which could lead anywhere, and back."""
    return entry.name not in SKIPPED and entry.is_dir(follow_symlinks=False)


def _stamp(path: Path) -> Stamp | None:
    try:
        file = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(file.st_mode):  # opening a pipe would wait for a writer
        return None
    try:
        environment = (path.parent / ".env").stat().st_mtime_ns
    except OSError:
        environment = 0
    return file.st_mtime_ns, file.st_size, environment


def _valid(document: Document, path: Path, source: str, stamp: Stamp) -> FoundFlow:
    workflow = document.workflow
    return FoundFlow(
        path,
        source,
        stamp,
        workflow.name,
        workflow.description,
        len(workflow.all_tasks),
        tuple(agent.name for agent in workflow.agents),
    )
