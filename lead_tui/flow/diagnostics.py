"""What is wrong with a document: `file:line:col code message (hint)`, all of it at once, in file order."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from lead_tui.errors import InvalidFlow

Path = tuple[str | int, ...]
Place = tuple[int | None, int | None]
Severity = Literal["error", "warning"]


class Positions(Protocol):
    """Where the nodes of a document stand (`document.Positions`)."""

    def find(self, path: Path, at: Literal["value", "key"] = "value", line: int = 0) -> Place: ...

    def layout(self, path: Path, text: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. `line` and `col` count from 1 and are None where the document came from no text."""

    file: str
    line: int | None
    col: int | None
    code: str
    message: str
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.col) if part not in ("", None))
        text = f"{self.code} {self.message}" + (f" ({self.hint})" if self.hint else "")
        return f"{place} {text}" if place else text


class Problems:
    """Collects what is wrong with one document and knows where each thing stands in it."""

    def __init__(self, file: str = "", positions: Positions | None = None) -> None:
        self.file = file
        self.positions = positions
        self._found: dict[tuple[object, ...], Diagnostic] = {}
        self._unknown: set[Path] = set()

    def add(
        self,
        path: Path,
        code: str,
        message: str,
        hint: str = "",
        *,
        severity: Severity = "error",
        at: Literal["value", "key"] = "value",
        line: int | None = None,
    ) -> None:
        """`line` is for a mistake inside a text: counted from 1 as `layout` gives it, 0 if not known.

        What is said of the whole of a value that nobody knows (`unknown`) follows from that, and is not told.
        """
        if path in self._unknown and line is None:
            return
        place = self.positions.find(path, at, line or 0) if self.positions else (None, None)
        diagnostic = Diagnostic(self.file, *place, code, message, hint, severity)
        self._found.setdefault((path, code, message, line), diagnostic)

    def unknown(self, path: Path, code: str, message: str, hint: str = "") -> None:
        """As `add`, for a value that cannot be known."""
        self._unknown.discard(path)
        self.add(path, code, message, hint)
        self._unknown.add(path)

    def layout(self, path: Path, text: str) -> str | None:
        """`text` with its lines as the file has them, or None if that cannot be told."""
        return self.positions.layout(path, text) if self.positions else None

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for each in diagnostics:
            self._found[each.line, each.col, each.code, each.message] = each

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(each for each in self._ordered() if each.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(each for each in self._ordered() if each.severity == "warning")

    def raise_errors(self) -> None:
        """Raise InvalidFlow with every problem, warnings included, if one of them is an error."""
        if self.errors:
            raise InvalidFlow(tuple(self._ordered()))

    def _ordered(self) -> list[Diagnostic]:
        return sorted(self._found.values(), key=lambda each: (each.line or 0, each.col or 0))


MOST_COMPARED = 300


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the nearest known word, or nothing."""
    word, likely = str(name), sorted(known)
    if len(likely) > MOST_COMPARED:  # difflib is slow: of thousands of names only the likeliest are worth it
        likely = [each for each in likely if abs(len(each) - len(word)) <= 2 and each[:1] == word[:1]]
    near = difflib.get_close_matches(word, likely[:MOST_COMPARED], n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def one_of(words: Iterable[str]) -> str:
    return "one of " + ", ".join(words)
