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

    def add(
        self,
        path: Path,
        code: str,
        message: str,
        hint: str = "",
        *,
        severity: Severity = "error",
        at: Literal["value", "key"] = "value",
        line: int = 0,
    ) -> None:
        """`line` counts from 1 within the text of the value, for a mistake inside a template."""
        place = self.positions.find(path, at, line) if self.positions else (None, None)
        diagnostic = Diagnostic(self.file, *place, code, message, hint, severity)
        self._found.setdefault((path, code, message), diagnostic)

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


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the nearest known word, or nothing."""
    near = difflib.get_close_matches(str(name), sorted(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def one_of(words: Iterable[str]) -> str:
    return "one of " + ", ".join(words)
