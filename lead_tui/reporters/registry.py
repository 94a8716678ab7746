"""Reporters by name: from the entry points `lead_tui.reporters`, ours too."""

from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TextIO, TypeVar

from lead_tui.errors import UsageError
from lead_tui.reporters.base import FileReport, Reporter, StreamReporter, Target

GROUP = "lead_tui.reporters"
R = TypeVar("R", bound=Reporter)


def make(
    output: str,
    *,
    stdout: TextIO,
    stderr: TextIO,
    color: bool | None = None,
    quiet: bool = False,
    total: int = 0,
) -> StreamReporter:
    """The reporter of `--output`: text, json, jsonl, github or one that a package brings.

    `total`: tasks that are still to end, for the progress bar. Raises UsageError for an unknown name.
    """
    return _loaded(output, StreamReporter, "output")(Target(stdout, stderr, color, quiet, total))


def report_file(spec: str) -> FileReport:
    """The reporter of `--report KIND=FILE`. Raises UsageError for anything that cannot become one."""
    kind, _, file = spec.partition("=")
    if not kind or not file:
        raise UsageError(f"--report takes KIND=FILE, as in junit=report.xml, not {spec!r}")
    cls = _loaded(kind, FileReport, "report")
    path = Path(file).expanduser()
    if path.is_dir():
        raise UsageError(f"--report {kind}: {path} is a folder, give the name of a file in it")
    return cls(path)


def names(kind: type[Reporter] = Reporter) -> list[str]:
    """What is installed; imports them all, and leaves out what cannot be imported."""
    found = []
    for name, point in sorted(_entry_points().items()):
        try:
            cls = point.load()
        except Exception:  # noqa: BLE001, S112, PERF203 - foreign code; whoever names it is told why
            continue
        if isinstance(cls, type) and issubclass(cls, kind):
            found.append(name)
    return found


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(name: str, kind: type[R], word: str) -> type[R]:
    point = _entry_points().get(name)
    if point is None:
        raise _unknown(name, kind, word)
    try:
        cls = point.load()
    except Exception as error:  # importing a plugin runs foreign code
        raise UsageError(
            f"the reporter {name!r} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(cls, type) or not issubclass(cls, kind):
        raise _unknown(name, kind, word)
    return cls


def _unknown(name: str, kind: type[Reporter], word: str) -> UsageError:
    known = names(kind)
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return UsageError(f"--{word}: there is no {name!r}; {hint}")
