"""Text as rows of a width in cells: broken at spaces where that can be, hard where it must be. Pure.

Rows are spans of the text, so that a place in the text can be found on the screen and the reverse. A row is
settled by what stands before and in it: text that grows at its end changes the last row and none before it.
They are made one by one, in time linear in the text that they hold.
"""

import re
from collections.abc import Callable, Iterator

from rich.cells import cell_len, split_graphemes

Span = tuple[int, int]
"""Where a row begins and ends in its text."""

_SPACES = re.compile(" *")
_EVEN = re.compile(
    "[ -~\xa0-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205e\u2190-\u22ff"
    "\u2400-\u2426\u2500-\u25fc\u2800-\u28ff]*"
)
"""Common characters that take one cell each, whatever stands beside them."""


def spans(text: str, width: int) -> Iterator[Span]:
    """All rows of a text without tabs; newlines and the spaces at which a row was broken are in none.

    Without a width it is not wrapped.
    """
    start = 0
    for line in text.split("\n"):
        if width:
            for first, last in rows(line, width):
                yield start + first, start + last
        else:
            yield start, start + len(line)
        start += len(line) + 1


def rows(line: str, width: int, hang: int = 0) -> Iterator[Span]:
    """Rows of one line: of at most `width` cells, after the first `hang` fewer; of two, if that is less."""
    reach = _reach(line)
    start, size, room = 0, len(line), max(width, 2)
    while (edge := reach(start, room)) < size:
        space = line.rfind(" ", start, edge + 1)
        # an indent is no place to break at: it would leave a row of nothing
        end = space if space > start and not line[start:space].isspace() else edge
        yield start, end
        start = _end_of_spaces(line, end)
        room = max(width - hang, 2)
    if start < size or not size:
        yield start, size


def _end_of_spaces(line: str, index: int) -> int:
    found = _SPACES.match(line, index)
    return found.end() if found else index


def _reach(line: str) -> Callable[[int, int], int]:
    """What tells how far a row can go that begins at this index and has so many cells."""
    if line.isascii() or _EVEN.fullmatch(line):
        return lambda start, room: start + room
    return lambda start, room: _end_of_row(line, start, room)


def _end_of_row(line: str, start: int, room: int) -> int:
    """Of a piece of the line, as long as need be: a character may be nothing but an accent."""
    size = 2 * room
    while cell_len(piece := line[start : start + size]) <= room:
        if start + size >= len(line):
            return len(line)
        size *= 2
    end = cells = 0
    for _, end_of_grapheme, width in split_graphemes(piece)[0]:
        cells += width
        if cells > room:
            break
        end = end_of_grapheme
    return start + max(end, 1)
