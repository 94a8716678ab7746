"""What a newcomer starts from: a flow that runs, laid out in a folder, and the guided demo.

project/    the files that `lay_out` writes
demo.yaml   the demo's flow: scripted agents, no network, no key
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from lead_tui.errors import UsageError

FLOW = "flow.yaml"
_FILES = {"flow.yaml": FLOW, "env.example": ".env.example", "gitignore": ".gitignore"}


@dataclass(frozen=True, slots=True)
class Laid:
    """A file of the layout; `new` False: it was there and stays as it is."""

    path: Path
    new: bool


def lay_out(folder: Path) -> list[Laid]:
    """Write a first flow and what belongs beside it; never overwrites. Raises UsageError if it cannot."""
    project = resources.files(__name__) / "project"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            _write(folder / target, (project / name).read_text(encoding="utf-8"))
            for name, target in _FILES.items()
        ]
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None


def demo() -> AbstractContextManager[Path]:
    """The demo's file, for as long as the context is open."""
    return resources.as_file(resources.files(__name__) / "demo.yaml")


def _write(path: Path, text: str) -> Laid:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return Laid(path, new=False)
    return Laid(path, new=True)
