"""A graph of tasks as characters: layers, order, places, tracks and lines, each in its module. Pure.

`Graph` is the door: it gives a `Layout`, and that a `Drawing`. The same input always gives the same.

Parts that do not hang together stand apart, tasks without any edge in rows; `finally` tasks come last, below
a divider. Edges that others imply are left out, so that the picture stays calm: `plan → merge` beside
`plan → a → merge`. An edge that would close a circle is left out, too: such a flow cannot run, but whoever is
writing it sees all the rest.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from lead_tui.tui.dag.block import Component, Loose, Sheet
from lead_tui.tui.dag.canvas import Point
from lead_tui.tui.dag.drawing import FRAMED, ROOMY, SNUG, TIGHT, Box, Drawing, Spacing, Style
from lead_tui.tui.dag.layers import Edge, Layered, components, in_layers, known_needs, without_implied
from lead_tui.tui.dag.order import Layers, ordered

__all__ = [
    "FRAMED",
    "ROOMY",
    "SNUG",
    "TIGHT",
    "Box",
    "Drawing",
    "Edge",
    "Graph",
    "Layout",
    "Point",
    "Spacing",
]

_BESIDE = 3
"""Columns between parts that stand beside each other."""


class Graph:
    """Tasks by name and what each needs, in the order in which they will stand; no sizes yet.

    `dashed` edges are conditional: they are always drawn. `apart`: tasks that belong below the divider.
    """

    def __init__(
        self,
        names: Sequence[str],
        needs: Mapping[str, Iterable[str]],
        *,
        dashed: frozenset[Edge] = frozenset(),
        apart: frozenset[str] = frozenset(),
    ) -> None:
        groups = ([name for name in names if name not in apart], [name for name in names if name in apart])
        self._parts = [_Part(group, needs, dashed) for group in groups]

    def laid_out(
        self,
        label_width: Callable[[str], int],
        *,
        across: bool = True,
        spacing: Spacing = ROOMY,
        room: int = 80,
    ) -> "Layout":
        """`label_width` by name, at least 1; a frame comes on top. `across`: left to right, else top to
        bottom. `room`: the width to aim at where there is a choice.
        """
        style = Style(label_width, across, spacing, room)
        main, late = (part.blocks(style) for part in self._parts)
        return Layout(main, late, style)


class _Part:
    def __init__(
        self, names: Sequence[str], needs: Mapping[str, Iterable[str]], dashed: frozenset[Edge]
    ) -> None:
        calm = without_implied(known_needs(names, needs), dashed)
        groups = components(calm)
        graphs = [in_layers(group, calm, dashed) for group in groups if len(group) > 1]
        self._components: list[tuple[Layered, Layers]] = [(graph, ordered(graph)) for graph in graphs]
        self._loose = [group[0] for group in groups if len(group) == 1]

    def blocks(self, style: Style) -> list[Component | Loose]:
        blocks: list[Component | Loose] = [
            Component(graph, layers, style) for graph, layers in self._components
        ]
        return [*blocks, Loose(self._loose, style)] if self._loose else blocks


class Layout:
    """A graph whose parts have their sizes and places. See if it fits before it is painted."""

    def __init__(
        self, main: Sequence[Component | Loose], late: Sequence[Component | Loose], style: Style
    ) -> None:
        self.width = self.height = 0
        self.across = style.across
        self.divider: int | None = None
        self._placed: list[tuple[Component | Loose, Point]] = []
        self._place(main, style)
        if late and main:
            self.divider = self.height + style.spacing.gap
            self.height = self.divider + 1 + style.spacing.gap
        self._place(late, style)

    def _place(self, blocks: Sequence[Component | Loose], style: Style) -> None:
        """Below each other; drawings from top to bottom beside each other while there is room."""
        x, y = 0, self.height
        for block in blocks:
            if x and (style.across or x + block.width > style.room):
                x, y = 0, self.height + 1
            self._placed.append((block, (x, y)))
            self.width = max(self.width, x + block.width)
            self.height = max(self.height, y + block.height)
            x += block.width + _BESIDE

    def painted(self, *, ascii_only: bool = False) -> Drawing:
        sheet = Sheet()
        for block, at in self._placed:
            block.paint(sheet, at)
        cells = sheet.canvas.cells(ascii_only=ascii_only)
        for port in sheet.ports:
            del cells[port]
        crossings = sheet.canvas.crossings()
        return Drawing(
            self.width, self.height, self.across, sheet.boxes, cells, sheet.routes, crossings, self.divider
        )
