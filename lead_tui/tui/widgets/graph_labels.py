"""What stands in the boxes of a graph, and below it."""

from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from lead_tui.text.words import short_name
from lead_tui.tui.dag.nearby import Stub
from lead_tui.tui.dag.planned import PlanGraph
from lead_tui.tui.look import Look
from lead_tui.tui.themes import Palette

_LOUD = frozenset({"bad", "busy", "retry", "ask"})
"""Tones that a frame takes on."""


class Label(NamedTuple):
    """What stands in a box: a glyph, if any, and a name."""

    glyph: str
    glyph_style: Style
    name: str
    name_style: Style
    frame: Style

    @property
    def width(self) -> int:
        """With a blank on each side."""
        return cell_len(self.glyph) + cell_len(self.name) + (3 if self.glyph else 2)

    def segments(self, over: Style) -> Iterator[Segment]:
        yield Segment(f" {self.glyph} " if self.glyph else " ", self.glyph_style + over)
        yield Segment(f"{self.name} ", self.name_style + over)


def task_label(name: str, look: Look, palette: Palette, *, selected: bool, ascii_only: bool) -> Label:
    """A task by its state. The name of what is done is plain text, unless the cursor gives it one colour."""
    return Label(
        look.ascii if ascii_only else look.glyph,
        palette.bold[look.tone],
        name,
        palette["text" if look.tone == "ok" and not selected else look.tone],
        palette[look.tone if look.tone in _LOUD else "faint"],
    )


def stub_label(stub: Stub, palette: Palette) -> Label:
    """What stands for tasks that are not drawn."""
    return Label("", palette["muted"], stub.text, palette["muted"], palette["faint"])


def legend(graph: PlanGraph, selected: str, limit: int, *, ascii_only: bool = False) -> str:
    """What the dashed edges say, or those of the selected task, and that this is not all."""
    words = []
    mine = [
        f"{short_name(edge.source, limit)} {on}"
        for edge, on in graph.conditions.items()
        if edge.target == selected
    ]
    arrow = "..>" if ascii_only else "┄┄▸"
    if mine:
        words.append(f"{arrow} {short_name(selected, limit)} on {', '.join(mine)}")
    elif graph.conditions:
        words.append(f"{arrow} on {', '.join(sorted(set(graph.conditions.values())))}")
    if not graph.is_whole:
        words.append(f"two steps around {short_name(selected, limit)}, {len(graph.names):,} tasks")
    return "   ".join(words)
