"""Where the items of each layer stand across the drawing: in their order, apart, near their neighbours.

Every layer is solved exactly: of all places that keep the order and the distances it takes those nearest to
what the items want (isotonic regression by pooling adjacent violators). Sweeps down and up let the layers
agree.
"""

from collections.abc import Sequence
from itertools import accumulate, islice, pairwise
from math import floor

from lead_tui.tui.dag.layers import Layered
from lead_tui.tui.dag.order import Layers, Links

_STRAIGHT = 8.0
"""How much more a link between two bends pulls than others: long edges run straight."""
_FREE = 0.01
"""How much an item holds on to its place that has no neighbour to go by."""
_TOLERANCE = 1e-9
_FAR = 1 << 30


def placed(graph: Layered, layers: Layers, sizes: Sequence[int], gap: int) -> list[int]:
    """The middle of each item. An item of size s covers [middle - s // 2, middle - s // 2 + s)."""
    offsets = [_offsets(layer, sizes, gap) for layer in layers]
    middle = [0.0] * len(graph.layer)
    for layer, offset in zip(layers, offsets, strict=True):
        for item, start in zip(layer, offset, strict=True):
            middle[item] = start - offset[-1] / 2
    downward = [*zip(layers, offsets, strict=True)]
    for links, sweep in (
        ((graph.up,), downward),
        ((graph.down,), downward[::-1]),
        ((graph.up,), downward),
        ((graph.up, graph.down), downward[::-1]),
        ((graph.up, graph.down), downward),
    ):
        for layer, offset in sweep:
            _settle(graph, layer, offset, links, middle)
    whole = _rounded(layers, offsets, middle)
    for layer, offset in downward:
        _straighten(layer, offset, graph.up, graph.down, whole)
    for layer, offset in downward[::-1]:
        _straighten(layer, offset, graph.down, graph.up, whole)
    least = min(each - size // 2 for each, size in zip(whole, sizes, strict=True))
    return [each - least for each in whole]


def _offsets(layer: Sequence[int], sizes: Sequence[int], gap: int) -> list[int]:
    """How far from the first item's middle each of the others must at least be."""
    steps = [sizes[one] - sizes[one] // 2 + gap + sizes[other] // 2 for one, other in pairwise(layer)]
    return [*accumulate(steps, initial=0)]


def _settle(
    graph: Layered,
    layer: Sequence[int],
    offset: Sequence[int],
    directions: Sequence[Sequence[Sequence[int]]],
    middle: list[float],
) -> None:
    blocks: list[tuple[float, float, int]] = []
    tasks = len(graph.names)
    for item, start in zip(layer, offset, strict=True):
        pull = weight = 0.0
        for links in directions:
            for each in links[item]:
                strength = _STRAIGHT if item >= tasks and each >= tasks else 1.0
                pull += strength * middle[each]
                weight += strength
        if not weight:
            pull, weight = middle[item] * _FREE, _FREE
        block = (pull - start * weight, weight, 1)
        while blocks and blocks[-1][0] * block[1] > block[0] * blocks[-1][1]:
            before = blocks.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        blocks.append(block)
    items = iter(zip(layer, offset, strict=True))
    for pull, weight, count in blocks:
        for item, start in islice(items, count):
            middle[item] = pull / weight + start


def _rounded(layers: Layers, offsets: Sequence[Sequence[int]], middle: Sequence[float]) -> list[int]:
    """Whole numbers. Rounding what is left without the offsets keeps the distances."""
    whole = [0] * len(middle)
    for layer, offset in zip(layers, offsets, strict=True):
        for item, start in zip(layer, offset, strict=True):
            whole[item] = floor(middle[item] - start + 0.5 - _TOLERANCE) + start
    return whole


def _straighten(
    layer: Sequence[int], offset: Sequence[int], back: Links, on: Links, whole: list[int]
) -> None:
    """Put what passes something on, from one to one, in line with where it comes from if there is room."""
    last = len(layer) - 1
    for index, item in enumerate(layer):
        if len(back[item]) != 1 or len(on[item]) > 1:
            continue
        low = whole[layer[index - 1]] + offset[index] - offset[index - 1] if index else -_FAR
        high = whole[layer[index + 1]] - offset[index + 1] + offset[index] if index < last else _FAR
        wanted = whole[back[item][0]]
        if low <= wanted <= high:
            whole[item] = wanted
