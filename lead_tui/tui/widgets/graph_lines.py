"""The lines of a drawn graph: boxes and edges as segments, kept until what they show has changed."""

from collections.abc import Callable, Collection, Iterable, Iterator

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from lead_tui.tui.dag import Box, Drawing, Point
from lead_tui.tui.widgets.graph_labels import Label

_FRAME = (tuple("╭─╮"), tuple("││├"), tuple("╰─╯"))
_ASCII_FRAME = (tuple("+-+"), tuple("||+"), tuple("+-+"))


class GraphLines:
    """`label_of` a box by name. What lies in `bright` is drawn in `near`, other edges in `far`."""

    def __init__(
        self, drawing: Drawing, label_of: Callable[[str], Label], *, ascii_only: bool = False
    ) -> None:
        self.drawing = drawing
        self.near = self.far = self.cursor = Style()
        self.selected = ""
        self.bright: Collection[Point] = ()
        self._label_of = label_of
        self._frame = _ASCII_FRAME if ascii_only else _FRAME
        self._port = "+" if ascii_only else "┬"
        self._rule = "-" if ascii_only else "─"
        self._strips: dict[int, Strip] = {}
        self._boxes: dict[int, list[Box]] = {}
        self._cells: dict[int, list[tuple[int, str]]] = {}
        for box in drawing.boxes.values():
            for y in range(box.y, box.y + box.height):
                self._boxes.setdefault(y, []).append(box)
        for (x, y), char in drawing.cells.items():
            self._cells.setdefault(y, []).append((x, char))

    def forget(self, lines: Iterable[int] | None = None) -> None:
        """Draw these lines again, or all."""
        if lines is None:
            self._strips.clear()
        else:
            for line in lines:
                self._strips.pop(line, None)

    def is_cut(self, y: int, left: int, right: int) -> tuple[bool, bool]:
        """Does a name on this line begin before the column `left`; does one end behind `right`?"""
        named = [box for box in self._boxes.get(y, ()) if y == box.y + box.height // 2]
        return any(box.x < left for box in named), any(box.x + box.width > right for box in named)

    def line(self, y: int) -> Strip:
        """All of a line of the drawing."""
        if y not in self._strips:
            self._strips[y] = self._drawn(y)
        return self._strips[y]

    def _drawn(self, y: int) -> Strip:
        if y == self.drawing.divider:
            return self._divider()
        pieces = [(box.x, self._box_line(box, y - box.y)) for box in self._boxes.get(y, ())]
        pieces += [(x, [segment]) for x, segment in self._edges(y)]
        segments, at = list[Segment](), 0
        for x, piece in sorted(pieces, key=lambda each: each[0]):
            if x > at:
                segments.append(Segment(" " * (x - at)))
            segments += piece
            at = x + sum(segment.cell_length for segment in piece)
        return Strip(segments, at)

    def _divider(self) -> Strip:
        text = f"{self._rule * 2} finally "
        return Strip([Segment(text.ljust(self.drawing.width, self._rule), self.far)])

    def _edges(self, y: int) -> Iterator[tuple[int, Segment]]:
        """Neighbouring cells of one style in one piece."""
        start, text, style, end = 0, "", self.far, -1
        for x, char in sorted(self._cells.get(y, ())):
            its = self.near if (x, y) in self.bright else self.far
            if text and (x != end or its is not style):
                yield start, Segment(text, style)
                text = ""
            if not text:
                start = x
            text, style, end = text + char, its, x + 1
        if text:
            yield start, Segment(text, style)

    def _box_line(self, box: Box, line: int) -> list[Segment]:
        label = self._label_of(box.name)
        over = self.cursor if box.name == self.selected else Style()
        frame = self.near if box.name == self.selected else label.frame
        if box.height == 1:
            return [*label.segments(over)]
        left, middle, right = self._frame[line]
        if line == 1:
            right = right if box.leads and self.drawing.across else middle
            return [Segment(left, frame), *label.segments(over), Segment(right, frame)]
        edge = middle * (box.width - 2)
        if line == 2 and box.leads and not self.drawing.across:
            port = box.width // 2 - 1
            edge = edge[:port] + self._port + edge[port + 1 :]
        return [Segment(f"{left}{edge}{right}", frame)]
