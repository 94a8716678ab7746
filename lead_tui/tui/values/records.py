"""A list of records as a table: its columns, the order of its rows, what a cell says. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Literal, NamedTuple

from rich.cells import cell_len

from lead_tui.text.safe import safe_line
from lead_tui.tui.look import Tone
from lead_tui.tui.values.words import BRANCHES, summary

SAMPLE = 200
"""Records from which columns and widths are taken."""
SHARED = 0.6
"""The part of all columns that a record has on average, for a list to be a table."""
MOST_COLUMNS = 200
WIDEST = 40
GAP = 2

Kind = Literal["number", "text", "truth", "mixed"]
_TONES: dict[type, Tone] = {bool: "ask", int: "retry", float: "retry", str: "text"}


class Column(NamedTuple):
    """`width` in cells, enough for its name and for most of what it holds."""

    name: str
    kind: Kind
    width: int

    @property
    def right(self) -> bool:
        """Do its cells end on the right, as numbers do?"""
        return self.kind == "number"


class Records:
    """`order` holds the number of the record that each row shows."""

    def __init__(self, items: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
        self.items = items
        self.columns = tuple(columns)
        self.order = list(range(len(items)))
        self.sorted_by = ""
        self.descending = False

    def __len__(self) -> int:
        return len(self.items)

    def cell(self, row: int, column: Column) -> tuple[str, Tone]:
        """What stands there, in one line, and its tone. A key that is missing leaves the cell empty."""
        record = self.items[self.order[row]]
        if column.name not in record:
            return "", "faint"
        value = record[column.name]
        return cell_text(value, column.width), _TONES.get(type(value), "muted")

    def find(self, needle: str) -> list[int]:
        """Numbers of the records with a cell that holds this text, whatever its case, as they stand now."""
        wanted = needle.casefold()
        return [at for at in self.order if wanted and any(wanted in text for text in _texts(self.items[at]))]

    def sort(self, name: str) -> None:
        """By this column: first upwards, then downwards, then as the list has it."""
        if self.sorted_by != name:
            self.sorted_by, self.descending = name, False
        elif self.descending:
            self.sorted_by, self.descending = "", False
        else:
            self.descending = True
        self.order = list(range(len(self.items)))
        if self.sorted_by:
            there = [at for at in self.order if self.items[at].get(name) is not None]
            missing = [at for at in self.order if self.items[at].get(name) is None]
            there.sort(key=lambda at: _rank(self.items[at][name]), reverse=self.descending)
            self.order = there + missing  # what is missing comes last either way


def records_of(value: Any) -> Records | None:
    """A list of maps with mostly the same keys as a table; None for anything else."""
    if not isinstance(value, (list, tuple)) or not value:
        return None
    if not all(isinstance(each, Mapping) for each in value):
        return None
    sample = value[:SAMPLE]
    names: dict[str, int] = {}
    for record in sample:
        for name in islice(record, MOST_COLUMNS):
            names[name] = names.get(name, 0) + 1
    if not names or len(names) > MOST_COLUMNS:
        return None
    if sum(names.values()) < SHARED * len(names) * len(sample):
        return None
    return Records(value, [_column(name, sample) for name in names])


def fitting(columns: Sequence[Column], first: int, width: int) -> list[tuple[int, int]]:
    """Numbers and widths of the columns that are seen from column `first` on; the last one may be cut."""
    seen = []
    for number in range(first, len(columns)):
        if width < min(columns[number].width, 4):
            break
        taken = min(columns[number].width, width)
        seen.append((number, taken))
        width -= taken + GAP
    return seen


def first_shown(columns: Sequence[Column], first: int, wanted: int, width: int) -> int:
    """The least move of `first` after which column `wanted` is seen whole, if it can be."""
    if wanted <= first:
        return wanted
    while first < wanted and (wanted, columns[wanted].width) not in fitting(columns, first, width):
        first += 1
    return first


def cell_text(value: Any, room: int = WIDEST) -> str:
    """A value in a cell; what is nested is counted."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return (
                safe_line(value, max(4 * room, 200))
                if len(value) <= 4 * room
                else safe_line(value[: 4 * room])
            )
    if isinstance(value, BRANCHES):
        return summary(value, room) if value else ("{}" if isinstance(value, Mapping) else "[]")
    return safe_line(str(value), 100)


def _texts(record: Mapping[str, Any]) -> Iterator[str]:
    return (cell_text(value).casefold() for value in record.values())


def _column(name: str, sample: Sequence[Mapping[str, Any]]) -> Column:
    values = [record[name] for record in sample if name in record]
    widths = (cell_len(cell_text(value)) for value in values)
    head = cell_len(safe_line(str(name), WIDEST)) + GAP  # room for the mark of a sorted column
    return Column(name, _kind(values), min(max([head, *widths]), WIDEST))


def _kind(values: Sequence[Any]) -> Kind:
    kinds = {_kind_of(value) for value in values if value is not None}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _kind_of(value: Any) -> Kind:
    match value:
        case bool():
            return "truth"
        case int() | float():
            return "number"
        case str():
            return "text"
    return "mixed"


def _rank(value: Any) -> tuple[int, float, str]:
    """An order over anything: truths, numbers, texts, the rest by its size."""
    match value:
        case bool():
            return 0, float(value), ""
        case int() | float():
            return 1, value, ""
        case str():
            return 2, 0.0, value.casefold()
    return (3, float(len(value)), "") if isinstance(value, BRANCHES) else (4, 0.0, str(value))
