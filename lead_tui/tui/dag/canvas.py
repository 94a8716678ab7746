"""Lines into characters: each cell gathers the arms of the lines that pass it, then becomes one character.

Where two edges cross and have nothing to do with each other, the upright one lies on top (`─│─`); a `┼`
joins. ASCII has `+` for every corner and junction.
"""

from collections.abc import Iterable, Iterator
from itertools import repeat

Point = tuple[int, int]
"""Column and line, from 0."""
ACROSS_HEAD, DOWN_HEAD = "▸", "▾"

_UP, _DOWN, _LEFT, _RIGHT, _PLAIN = 1, 2, 4, 8, 16
_LEVEL, _UPRIGHT = _LEFT | _RIGHT, _UP | _DOWN
_CROSS = _LEVEL | _UPRIGHT
_SOLID = {
    _UP: "│", _DOWN: "│", _UPRIGHT: "│", _LEFT: "─", _RIGHT: "─", _LEVEL: "─",
    _DOWN | _RIGHT: "╭", _DOWN | _LEFT: "╮", _UP | _RIGHT: "╰", _UP | _LEFT: "╯",
    _UPRIGHT | _RIGHT: "├", _UPRIGHT | _LEFT: "┤", _LEVEL | _DOWN: "┬", _LEVEL | _UP: "┴", _CROSS: "│",
}  # fmt: skip
_DASHED = {"│": "┆", "─": "┄"}
_CHARS = {arms: _DASHED.get(char, char) for arms, char in _SOLID.items()} | {
    arms | _PLAIN: char for arms, char in _SOLID.items()
}
_ASCII = {"│": "|", "─": "-", "┆": ":", "┄": ".", "▸": ">", "▾": "v"}


class Canvas:
    """`joined` holds the points where lines that cross do meet, `heads` what edges end with."""

    def __init__(self) -> None:
        self.joined: set[Point] = set()
        self.heads: dict[Point, str] = {}
        self._arms: dict[Point, int] = {}

    def line(self, start: Point, end: Point, *, dashed: bool = False) -> None:
        """Draw a line that is level or upright, both ends included."""
        if start == end:
            return
        (x1, y1), (x2, y2) = sorted((start, end))
        if x1 < x2:
            between: Iterable[Point] = zip(range(x1 + 1, x2), repeat(y1))
            first, last, straight = _RIGHT, _LEFT, _LEVEL
        else:
            between = zip(repeat(x1), range(y1 + 1, y2))
            first, last, straight = _DOWN, _UP, _UPRIGHT
        arms, plain = self._arms, 0 if dashed else _PLAIN
        straight |= plain
        for point in between:
            arms[point] = arms.get(point, 0) | straight
        arms[x1, y1] = arms.get((x1, y1), 0) | first | plain
        arms[x2, y2] = arms.get((x2, y2), 0) | last | plain

    def crossings(self) -> frozenset[Point]:
        """Where an upright line lies on a level one."""
        crosses = {point for point, arms in self._arms.items() if arms & _CROSS == _CROSS}
        return frozenset(crosses - self.joined - self.heads.keys())

    def cells(self, *, ascii_only: bool = False) -> dict[Point, str]:
        """The character of each cell."""
        cells = {point: _CHARS[arms] for point, arms in self._arms.items()}
        for point in self.joined:
            if self._arms[point] & _CROSS == _CROSS:
                cells[point] = "┼"
        cells.update(self.heads)
        if ascii_only:
            return {point: _ASCII.get(char, "+") for point, char in cells.items()}
        return cells


def points_along(corners: Iterable[Point]) -> Iterator[Point]:
    """Every point of a way with these corners, in order, each once."""
    x, y = first = next(iter(corners))
    yield first
    for to_x, to_y in corners:
        step_x, step_y = (to_x > x) - (to_x < x), (to_y > y) - (to_y < y)
        while (x, y) != (to_x, to_y):
            x, y = x + step_x, y + step_y
            yield x, y
