"""Reporters by name: from the entry points `lead_tui.reporters`, ours too."""

from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TextIO

from lead_tui.errors import UsageError
from lead_tui.plugins import CannotLoad, load
from lead_tui.reporters.base import FileReport, Reporter, StreamReporter, Target

GROUP = "lead_tui.reporters"


def make(
    output: str,
    *,
    stdout: TextIO,
    stderr: TextIO,
    color: bool | None = None,
    quiet: bool = False,
    total: int = 0,
    db: str | None = None,
    secrets: tuple[str, ...] = (),
    ended: int = 0,
) -> StreamReporter:
    """The reporter of `--output`: text, json, jsonl, github or one that a package brings.

    `total`: the run's tasks and `ended` those that had ended before, for the progress bar; `db`: the journal
    that the commands in the lines must name; `secrets`: the inputs that they must give again. Raises
    UsageError for an unknown name.
    """
    cls = _loaded(output)
    if cls is None or not issubclass(cls, StreamReporter):
        raise _unknown("--output", output, StreamReporter)
    return cls(Target(stdout, stderr, color, quiet, total, db, secrets, ended))


def report_file(spec: str) -> FileReport:
    """The reporter of `--report KIND=FILE`. Raises UsageError for anything that cannot become one."""
    kind, _, file = spec.partition("=")
    if not kind or not file:
        raise UsageError(f"--report takes KIND=FILE, as in junit=report.xml, not {spec!r}")
    cls = _loaded(kind)
    if cls is None or not issubclass(cls, FileReport):
        raise _unknown("--report", kind, FileReport)
    path = Path(file).expanduser()
    if path.is_dir():
        raise UsageError(f"--report {kind}: {path} is a folder, give the name of a file in it")
    return cls(path)


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(name: str) -> type[Reporter] | None:
    """The class of this name; None for an unknown one, UsageError for one that cannot be imported."""
    point = _entry_points().get(name)
    if point is None:
        return None
    try:
        cls = load(point)
    except CannotLoad as error:
        raise UsageError(f"the reporter {name!r} cannot be loaded: {error}") from error
    return cls if isinstance(cls, type) and issubclass(cls, Reporter) else None


def _unknown(flag: str, name: str, kind: type[object]) -> UsageError:
    known = [each for each in sorted(_entry_points()) if _is_a(each, kind)]
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return UsageError(f"{flag}: there is no {name!r}; {hint}")


def _is_a(name: str, kind: type[object]) -> bool:
    try:
        cls = _loaded(name)
    except UsageError:
        return False
    return cls is not None and issubclass(cls, kind)
