"""Which of the ways to draw a graph suits a pane: the roomiest that fits into it."""

from collections.abc import Callable

from lead_tui.tui.dag import FRAMED, ROOMY, SNUG, TIGHT, Graph, Layout

_SPACINGS = (FRAMED, ROOMY, SNUG, TIGHT)


def fitted(
    graph: Graph,
    label_width: Callable[[str], int],
    room: tuple[int, int],
    *,
    across: bool | None = None,
) -> Layout:
    """Left to right if it fits the width so, else top to bottom; `across` decides it instead.

    What does not fit is as small as can be.
    """
    ways = (True, False) if across is None else (across,)
    tightest = []
    for way in ways:
        for spacing in _SPACINGS:
            layout = graph.laid_out(label_width, across=way, spacing=spacing, room=room[0])
            if layout.width <= room[0] and layout.height <= room[1]:
                return layout
        tightest.append(layout)
    return next((layout for layout in tightest if layout.width <= room[0]), tightest[-1])
