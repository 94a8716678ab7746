"""Parts of a drawing: tasks that hang together, and tasks without any edge.

A component is laid out along its depth (from layer to layer) and across it (its rows), whichever of the two
is level on the screen, and turned when it is painted.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from lead_tui.tui.dag.canvas import ACROSS_HEAD, DOWN_HEAD, Canvas, Point
from lead_tui.tui.dag.channels import Bundle, Link, bundled
from lead_tui.tui.dag.drawing import Box, Style
from lead_tui.tui.dag.layers import Edge, Layered
from lead_tui.tui.dag.order import Layers
from lead_tui.tui.dag.place import placed

HEAD_ACROSS, HEAD_DOWN = 2, 1
"""Cells from the last turn to the box: `─▸` left to right, `▾` top to bottom."""


class Sheet:
    """What blocks are painted on."""

    def __init__(self) -> None:
        self.canvas = Canvas()
        self.boxes: dict[str, Box] = {}
        self.routes: dict[Edge, tuple[Point, ...]] = {}
        self.ports: set[Point] = set()
        """Cells of boxes where an edge begins."""


class Component:
    """Tasks that hang together, in this style."""

    def __init__(self, graph: Layered, layers: Layers, style: Style) -> None:
        self._style = style
        self._graph = graph
        self._layers = layers
        across, spacing = style.across, style.spacing
        self._widths = [style.width_of(name) for name in graph.names]
        sizes = [spacing.height if across else width for width in self._widths]
        sizes += [1] * (len(graph.layer) - len(sizes))
        self._rows = placed(graph, layers, sizes, spacing.gap if across else spacing.gap + 1)
        self._channels = [self._channel(layer) for layer in layers]
        self._depths = [self._depth(layer) for layer in layers]
        steps = [
            depth + self._gap(tracks) for depth, (tracks, _) in zip(self._depths, self._channels, strict=True)
        ]
        self._starts = [*accumulate(steps[:-1], initial=0)]
        depth = self._starts[-1] + self._depths[-1]
        breadth = max(row + size - size // 2 for row, size in zip(self._rows, sizes, strict=True))
        breadth = max(breadth, *(row + 1 for row in self._detour_rows()), 0)
        self.width, self.height = (depth, breadth) if across else (breadth, depth)

    def _channel(self, layer: Sequence[int]) -> tuple[int, list[Bundle]]:
        rows, dashed = self._rows, self._graph.dashed
        return bundled(
            [
                Link(rows[one], rows[other], (one, other) in dashed)
                for one in layer
                for other in self._graph.down[one]
            ]
        )

    def _depth(self, layer: Sequence[int]) -> int:
        if not self._style.across:
            return self._style.spacing.height
        return max(self._widths[item] for item in layer if item < len(self._widths))

    def _gap(self, tracks: int) -> int:
        spacing = self._style.spacing
        if not self._style.across:
            return HEAD_DOWN + (tracks or spacing.lead)
        return spacing.lead + HEAD_ACROSS + ((tracks - 1) * spacing.track + 1 if tracks else 0)

    def _detour_rows(self) -> list[int]:
        return [
            row
            for _, bundles in self._channels
            for bundle in bundles
            if bundle.detour
            for row in bundle.detour.starts
        ]

    # painting

    def paint(self, sheet: Sheet, at: Point) -> None:
        """Put everything there, the upper left corner at this point."""
        for item, (name, width) in enumerate(zip(self._graph.names, self._widths, strict=True)):
            x, y = self._corner(item, width, at)
            leads = bool(self._graph.down[item])
            sheet.boxes[name] = Box(name, x, y, width, self._style.spacing.height, leads)
        for layer in range(len(self._layers)):
            self._paint_bends(layer, sheet, at)
            self._paint_channel(layer, sheet, at)
        self._trace(sheet, at)

    def _point(self, at: Point, depth: int, row: int) -> Point:
        return (at[0] + depth, at[1] + row) if self._style.across else (at[0] + row, at[1] + depth)

    def _corner(self, item: int, width: int, at: Point) -> Point:
        start, row = self._starts[self._graph.layer[item]], self._rows[item]
        size = self._style.spacing.height if self._style.across else width
        return self._point(at, start, row - size // 2)

    def _leaves(self, item: int) -> int:
        """The depth of the last cell of an item."""
        layer = self._graph.layer[item]
        if self._style.across and item < len(self._widths):
            return self._starts[layer] + self._widths[item] - 1
        return self._starts[layer] + self._depths[layer] - 1

    def _turn(self, layer: int, bundle: Bundle) -> int:
        start, spacing = self._starts[layer] + self._depths[layer], self._style.spacing
        if not self._style.across:
            return start + bundle.track
        return start + spacing.lead + bundle.track * spacing.track

    def _paint_bends(self, layer: int, sheet: Sheet, at: Point) -> None:
        """Edges that pass a layer, a cell longer at both ends to join what comes and goes there."""
        start = self._starts[layer]
        end = start + self._depths[layer]
        for item in self._layers[layer]:
            if item >= len(self._widths):
                row = self._rows[item]
                dashed = (item, self._graph.down[item][0]) in self._graph.dashed
                sheet.canvas.line(self._point(at, start - 1, row), self._point(at, end, row), dashed=dashed)

    def _paint_channel(self, layer: int, sheet: Sheet, at: Point) -> None:
        leaves = {self._rows[item]: self._leaves(item) for item in self._layers[layer]}
        for bundle in self._channels[layer][1]:
            self._paint_bundle(layer, bundle, leaves, sheet.canvas, at)
            if bundle.detour:
                turn = self._turn(layer, bundle)
                between = dict.fromkeys(bundle.detour.starts, turn)
                self._paint_bundle(layer, bundle.detour, between, sheet.canvas, at)
                sheet.canvas.joined.update(self._point(at, turn, row) for row in between)
        if layer + 1 < len(self._layers):
            head = ACROSS_HEAD if self._style.across else DOWN_HEAD
            for item in self._layers[layer + 1]:
                if item < len(self._widths):
                    sheet.canvas.heads[self._point(at, self._starts[layer + 1] - 1, self._rows[item])] = head

    def _paint_bundle(
        self, layer: int, bundle: Bundle, leaves: dict[int, int], canvas: Canvas, at: Point
    ) -> None:
        point, dashed = self._point, bundle.dashed
        arrives = self._starts[layer + 1] - 1
        if bundle.track < 0:
            for row in bundle.starts:
                canvas.line(point(at, leaves[row], row), point(at, arrives, row), dashed=dashed)
            return
        turn, (low, high) = self._turn(layer, bundle), bundle.span
        canvas.line(point(at, turn, low), point(at, turn, high), dashed=dashed)
        for row in bundle.starts:
            canvas.line(point(at, leaves[row], row), point(at, turn, row), dashed=dashed)
        for row in bundle.ends:
            canvas.line(point(at, turn, row), point(at, arrives, row), dashed=dashed)
        canvas.joined.update(point(at, turn, row) for row in bundle.starts | bundle.ends)

    def _trace(self, sheet: Sheet, at: Point) -> None:
        """Write down the way of each edge."""
        by_row = [_by_start(bundles) for _, bundles in self._channels]
        rows, graph = self._rows, self._graph
        for edge, path in graph.paths.items():
            corners = []
            for one, other in pairwise(path):
                layer, start, end = graph.layer[one], rows[one], rows[other]
                bundle = next(each for each in by_row[layer][start] if each.leads_to(end))
                corners.append(self._point(at, self._leaves(one), start))
                for depth, row in self._turns(layer, bundle, start, end):
                    corners.append(self._point(at, depth, row))
                corners.append(self._point(at, self._starts[layer + 1] - 1, end))
            sheet.routes[edge] = tuple(corners)
            sheet.ports.add(corners[0])

    def _turns(self, layer: int, bundle: Bundle, start: int, end: int) -> list[tuple[int, int]]:
        if bundle.track < 0:
            return []
        turn = self._turn(layer, bundle)
        if end in bundle.ends or bundle.detour is None:
            return [(turn, start), (turn, end)]
        later = self._turn(layer, bundle.detour)
        (between,) = bundle.detour.starts
        return [(turn, start), (turn, between), (later, between), (later, end)]


def _by_start(bundles: Sequence[Bundle]) -> dict[int, list[Bundle]]:
    found: dict[int, list[Bundle]] = {}
    for bundle in bundles:
        for row in bundle.starts:
            found.setdefault(row, []).append(bundle)
    return found


class Loose:
    """Tasks without any edge: in rows, in their order, as many in each as have room."""

    def __init__(self, names: Sequence[str], style: Style) -> None:
        self._names = names
        self._style = style
        spacing = style.spacing
        self._widths = [style.width_of(name) for name in names]
        self._across = max(self._widths) + spacing.lead + 1
        self._down = spacing.height + spacing.gap
        self._columns = max(1, min((style.room + spacing.lead + 1) // self._across, len(names)))
        rows = -(-len(names) // self._columns)
        self.width = (self._columns - 1) * self._across + max(self._widths)
        self.height = (rows - 1) * self._down + spacing.height

    def paint(self, sheet: Sheet, at: Point) -> None:
        for index, (name, width) in enumerate(zip(self._names, self._widths, strict=True)):
            row, column = divmod(index, self._columns)
            x, y = at[0] + column * self._across, at[1] + row * self._down
            sheet.boxes[name] = Box(name, x, y, width, self._style.spacing.height)
