"""Ways through a drawing: to the next box in a direction, and along the edges."""

from collections.abc import Iterable
from typing import Literal

from lead_tui.tui.dag import Box, Drawing, Edge

Direction = Literal["up", "down", "left", "right"]
_ASPECT = 2
"""A line is about as high as two columns are wide."""
_ASIDE = 3
"""How much farther a step to the side counts."""


def next_box(drawing: Drawing, name: str, direction: Direction) -> str:
    """Where an arrow key leads from there: along the layers to what an edge leads to, else to the nearest.

    The same name if nothing lies in that direction.
    """
    here = drawing.boxes[name]
    there = [box for box in drawing.boxes.values() if _lies(here, box, direction)]
    level = direction in ("left", "right")
    linked = []
    if level == drawing.across:
        joined = {end for edge in drawing.routes if name in edge for end in edge}
        linked = [box for box in there if box.name in joined]
    return min(linked or there, key=lambda box: _distance(here, box, level=level), default=here).name


def _lies(here: Box, box: Box, direction: Direction) -> bool:
    match direction:
        case "up":
            return box.y + box.height <= here.y
        case "down":
            return box.y >= here.y + here.height
        case "left":
            return box.x + box.width <= here.x
        case "right":
            return box.x >= here.x + here.width


def _distance(here: Box, box: Box, *, level: bool) -> tuple[int, int, int]:
    across = max(box.x - here.x - here.width, here.x - box.x - box.width, 0)
    down = _ASPECT * abs(box.y - here.y)
    aside = down if level else across
    return across + down + _ASIDE * aside, box.y, box.x


def edges_through(edges: Iterable[Edge], name: str) -> list[Edge]:
    """The edges on all ways to this task and from it."""
    into: dict[str, list[Edge]] = {}
    out: dict[str, list[Edge]] = {}
    for edge in edges:
        into.setdefault(edge.target, []).append(edge)
        out.setdefault(edge.source, []).append(edge)
    found: dict[Edge, None] = {}
    for ways, end in ((into, 0), (out, 1)):
        seen, names = {name}, [name]
        for each in names:
            for edge in ways.get(each, ()):
                found[edge] = None
                if edge[end] not in seen:
                    seen.add(edge[end])
                    names.append(edge[end])
    return list(found)
