"""Text as rows of a width in cells: broken at spaces where that can be, hard where it must be. Pure.

Rows are spans of the text, so that a place in the text can be found on the screen and the reverse. A row is
settled by what stands before and in it: text that grows at its end changes the last row and none before it.
The time is linear in the text, and no text takes more than `ROWS` rows.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, islice

from rich.cells import cell_len, split_graphemes

TAB = 8
ROWS = 2_000
"""Rows that one text may take."""

Span = tuple[int, int]
"""Where a row begins and ends in its text."""

_SPACES = re.compile(" *")
_EVEN = re.compile(
    "[ -~\xa0-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205e\u2190-\u22ff"
    "\u2400-\u2426\u2500-\u25fc\u2800-\u28ff]*"
)
"""Common characters that take one cell each, whatever stands beside them."""


def wrap(text: str, width: int) -> list[str]:
    """Give rows of at most `width` cells (of two, if that is less); a last one tells of what is missing."""
    text, rows = lay_out(text.expandtabs(TAB), width)
    return [text[start:end] for start, end in rows]


def lay_out(text: str, width: int = 0, missing: int = 0) -> tuple[str, list[Span]]:
    """The rows of a text without tabs, and that text: cut, with a row that says so, if it takes too many.

    Without a width it is not wrapped. `missing`: how many characters were cut off before.
    """
    rows = list(islice(spans(text, width), ROWS + 1))
    if len(rows) > ROWS:
        del rows[ROWS:]
        missing += len(text) - rows[-1][1]
        text = text[: rows[-1][1]]
    if missing:
        note = missing_note(missing)
        start = len(text) + 1
        rows.extend((start + first, start + last) for first, last in spans(note, width))
        text = f"{text}\n{note}"
    return text, rows


def missing_note(missing: int) -> str:
    return f"… (+{missing:,} characters)"


def spans(text: str, width: int) -> Iterator[Span]:
    """All rows of a text without tabs; newlines and the spaces at which a row was broken are in none.

    Without a width it is not wrapped.
    """
    start = 0
    for line in text.split("\n"):
        if width:
            for first, last in _rows(line, _reach(line, max(width, 2))):
                yield start + first, start + last
        else:
            yield start, start + len(line)
        start += len(line) + 1


def _rows(line: str, reach: Callable[[int], int]) -> Iterator[Span]:
    """`reach` tells how far a row can go that begins at this index."""
    start, size = 0, len(line)
    while (edge := reach(start)) < size:
        space = line.rfind(" ", start, edge + 1)
        # an indent is no place to break at: it would leave a row of nothing
        end = space if space > start and not line[start:space].isspace() else edge
        yield start, end
        start = _end_of_spaces(line, end)
    if start < size or not size:
        yield start, size


def _end_of_spaces(line: str, index: int) -> int:
    found = _SPACES.match(line, index)
    return found.end() if found else index


def _reach(line: str, width: int) -> Callable[[int], int]:
    size = len(line)
    if line.isascii() or _EVEN.fullmatch(line):
        return lambda start: start + width
    if size <= width and cell_len(line) <= width:
        return lambda _: size
    graphemes, _ = split_graphemes(line)
    starts = [*(start for start, _, _ in graphemes), size]
    cells = [0, *accumulate(cells for _, _, cells in graphemes)]

    def reach(start: int) -> int:
        end = bisect_right(cells, cells[bisect_left(starts, start)] + width) - 1
        return max(starts[end], start + 1)

    return reach
