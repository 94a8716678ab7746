"""What a drawing of a graph consists of, and how much room its parts take."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lead_tui.tui.dag.canvas import Point, points_along
from lead_tui.tui.dag.layers import Edge


@dataclass(frozen=True, slots=True)
class Spacing:
    """How much room things take, in cells."""

    height: int = 1
    """Of a box: 1 for a label alone, 3 with a frame round it."""
    gap: int = 1
    """Between boxes of a layer, left to right; top to bottom it is one more."""
    lead: int = 1
    """From a box to where its edges may turn."""
    track: int = 2
    """From one turn to the next."""


FRAMED = Spacing(height=3, gap=0)
ROOMY = Spacing()
SNUG = Spacing(track=1)
TIGHT = Spacing(gap=0, lead=0, track=1)


@dataclass(frozen=True, slots=True)
class Style:
    """How to draw: `label_width` by name, `across` is left to right, `room` is the width to aim at."""

    label_width: Callable[[str], int]
    across: bool
    spacing: Spacing
    room: int

    def width_of(self, name: str) -> int:
        """Of a box: a frame is two wider than its label."""
        return self.label_width(name) + (2 if self.spacing.height > 1 else 0)


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    x: int
    y: int
    width: int
    height: int
    leads: bool = False
    """An edge leaves it."""

    def contains(self, x: int, y: int) -> bool:
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True, slots=True)
class Drawing:
    """All of it lies within `width` and `height`, and nothing is negative."""

    width: int
    height: int
    across: bool
    boxes: dict[str, Box]
    cells: dict[Point, str]
    """Characters of edges. No cell lies in a box."""
    routes: dict[Edge, tuple[Point, ...]]
    """The corners of each edge that is drawn, from inside its source to inside its target."""
    crossings: frozenset[Point] = frozenset()
    """Cells that show only the upright one of two edges."""
    divider: int | None = None
    """The line above what is set apart."""

    def way(self, edge: Edge) -> Iterator[Point]:
        """The cells of an edge, from its source to its head."""
        return (point for point in points_along(self.routes[edge]) if point in self.cells)

    def seen(self, edge: Edge) -> Iterator[Point]:
        """The same without the cells where another edge lies on top of it."""
        before = self.routes[edge][0][1]
        for x, y in self.way(edge):
            if y != before or (x, y) not in self.crossings:
                yield x, y
            before = y
