"""What the editor knows of a flow's text: its problems and its plan, a difference, a search. Pure but for the
`.env` beside the flow, which is read as `leadtui validate` reads it. Nothing is ever run.
"""

import difflib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from lead_tui.core.compile import compile_plan
from lead_tui.core.plan import Plan
from lead_tui.errors import InvalidFlow, UsageError
from lead_tui.flow.diagnostics import Diagnostic
from lead_tui.flow.loader import Document, environment_for
from lead_tui.runner.engine import load_text

Location = tuple[int, int]
"""A row and a column, both from 0."""

_MISSING = "missing-variable"
_MOST_COMPARED = 4_000

# --- the document -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checked:
    """A text and what is wrong with it: errors first, then warnings, each in the order of the file.

    `plan` is None while an error stands in the text. A variable that is not set here is a warning: the flow
    may run elsewhere.
    """

    text: str
    problems: tuple[Diagnostic, ...]
    plan: Plan | None

    @property
    def errors(self) -> int:
        return sum(each.severity == "error" for each in self.problems)

    @property
    def warnings(self) -> int:
        return len(self.problems) - self.errors


def check(text: str, path: Path) -> Checked:
    """Judge a text as `leadtui validate` would if it stood in the file `path`."""
    try:
        environment = environment_for(path.resolve().parent)
        document = load_text(text, path, environment)
        return Checked(text, document.warnings, _plan(document))
    except InvalidFlow as error:
        found = [each for each in error.diagnostics if isinstance(each, Diagnostic)]
    except UsageError as error:  # the .env, or a plugin that an agent's type comes from
        return _unreadable(text, path, str(error))
    except Exception as error:  # noqa: BLE001 - agent types of others judge parts of the text
        return _unreadable(text, path, f"the flow cannot be checked: {type(error).__name__}: {error}")
    problems = [replace(each, severity="warning") if each.code == _MISSING else each for each in found]
    problems.sort(key=lambda each: each.severity != "error")
    invalid = problems[0].severity == "error"
    return Checked(text, tuple(problems), None if invalid else _guess(text, path, environment))


def _unreadable(text: str, path: Path, why: str) -> Checked:
    return Checked(text, (Diagnostic(str(path), None, None, "unreadable", why),), None)


class _Blanks(Mapping[str, str]):
    """An environment in which a variable that nobody set is empty."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known

    def __getitem__(self, name: str) -> str:
        return self._known.get(name, "")

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _guess(text: str, path: Path, environment: Mapping[str, str]) -> Plan | None:
    """The plan of a flow that lacks nothing but variables, unless what they hold matters to it."""
    try:
        return _plan(load_text(text, path, _Blanks(environment)))
    except InvalidFlow:
        return None


def _plan(document: Document) -> Plan:
    return compile_plan(document.workflow, document.graph)


def template(path: Path) -> str:
    """A flow to begin with, named like its file."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-_")
    return _TEMPLATE.format(name=name if name[:1].isalpha() else "flow")


_TEMPLATE = """\
name: {name}
description: Says hello.

inputs:
  who: {{type: string, default: world}}

tasks:
  - name: greet
    agent_name: shell
    action: run
    parameters:
      command: [echo, "Hello, {{{{ inputs.who }}}}"]

outputs:
  greeting: "{{{{ tasks.greet.result }}}}"
"""

# --- a difference -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a difference; `place` opens a part and says where it stands."""

    kind: Literal["place", "same", "added", "removed"]
    text: str


_KINDS: dict[str, Literal["same", "added", "removed"]] = {" ": "same", "+": "added", "-": "removed"}


def difference(before: str, after: str) -> list[DiffLine]:
    """What a save would change, with three lines around it; nothing if the texts are the same.

    What stayed at both ends costs little; of much that changed all is told, and nothing compared.
    """
    old, new = _lines(before), _lines(after)
    start, end = _shared(old, new)
    if max(len(old), len(new)) - start - end > _MOST_COMPARED:
        return [
            DiffLine("place", f"line {start + 1}"),
            *(DiffLine("removed", line) for line in old[start : len(old) - end]),
            *(DiffLine("added", line) for line in new[start : len(new) - end]),
        ]
    skipped, left = max(start - 3, 0), max(end - 3, 0)
    lines = difflib.unified_diff(old[skipped : len(old) - left], new[skipped : len(new) - left], lineterm="")
    return [_diff_line(line, skipped) for line in islice(lines, 2, None)]


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    last = lines.pop()
    return [*lines, f"{last}  (no newline at the end)"] if last else lines


def _diff_line(line: str, skipped: int) -> DiffLine:
    if line.startswith("@@"):  # `@@ -1,3 +1,4 @@`: the line in the new text
        number = int(line.split()[2].partition(",")[0])
        return DiffLine("place", f"line {max(number, 1) + skipped}")
    return DiffLine(_KINDS[line[0]], line[1:])


def _shared(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many lines are the same at the start, and how many at the end."""
    most = min(len(old), len(new))
    start = next((index for index in range(most) if old[index] != new[index]), most)
    left = most - start
    end = next((index for index in range(left) if old[-1 - index] != new[-1 - index]), left)
    return start, end


# --- a search -----------------------------------------------------------------------------------------------


def find_all(lines: Sequence[str], wanted: str) -> list[Location]:
    """Where a text stands; its case matters only if it has capitals."""
    if not wanted:
        return []
    flags = re.NOFLAG if any(letter.isupper() for letter in wanted) else re.IGNORECASE
    pattern = re.compile(re.escape(wanted), flags)
    return [(row, match.start()) for row, line in enumerate(lines) for match in pattern.finditer(line)]


def task_place(lines: Sequence[str], task: str) -> Location | None:
    """Where a task of this name is written, as far as a look at the lines can tell."""
    name = re.compile(rf"""(?:^|[\s{{])name:\s*['"]?({re.escape(task)})['"]?\s*(?:[,}}#].*)?$""")
    found = ((row, name.search(line)) for row, line in enumerate(lines))
    return next(((row, match.start(1)) for row, match in found if match), None)


def following(places: Sequence[Location], cursor: Location) -> int:
    """The index of the first place behind the cursor, from the top again at the end. `places` has one."""
    return bisect_right(places, cursor) % len(places)


def preceding(places: Sequence[Location], cursor: Location) -> int:
    """The index of the last place before the cursor, from the bottom again at the top."""
    return bisect_left(places, cursor) - 1 if bisect_left(places, cursor) else len(places) - 1
