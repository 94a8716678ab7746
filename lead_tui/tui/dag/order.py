"""In which order the items of a layer stand, so that few edges cross: barycentre sweeps.

Each sweep goes through the layers, down and up again, and sorts each by where the neighbours of its items
stand on average. The order with the fewest crossings is kept (Sugiyama, Tagawa and Toda 1981).
"""

from bisect import bisect_right, insort
from collections.abc import Sequence

from lead_tui.tui.dag.layers import Layered

_SWEEPS = 8
_PATIENCE = 2
"""Sweeps without gain after which the order is taken."""
_SMALL = 120
"""Items up to which there is time to try more than sweeps."""

Layers = list[list[int]]
Links = Sequence[Sequence[int]]


def ordered(graph: Layered) -> Layers:
    """The items of each layer in their order. The same graph gives the same order."""
    starts = [(graph.up, graph.down, False)]
    if len(graph.layer) <= _SMALL:
        starts += [(graph.down, graph.up, False), (graph.up, graph.down, True), (graph.down, graph.up, True)]
    best: Layers = []
    fewest = -1
    for back, on, mirrored in starts:
        order, found = _improved(graph, _first_order(graph, back, on, mirrored=mirrored))
        if fewest < 0 or found < fewest:
            best, fewest = order, found
        if not fewest:
            break
    return _tidied(graph, best) if len(graph.layer) <= _SMALL else best


def _improved(graph: Layered, layers: Layers) -> tuple[Layers, int]:
    small = len(graph.layer) <= _SMALL
    best, fewest, patience = layers, crossings(graph, layers), _PATIENCE
    for number in range(_SWEEPS):
        if not fewest or not patience:
            break
        if number or not small:
            layers = _sweep(graph, layers, flip=number % 2 == 0)
        if small:
            layers = _exchanged(graph, layers)
        found = crossings(graph, layers)
        patience -= 1
        if found < fewest:
            best, fewest, patience = layers, found, _PATIENCE
    return best, fewest


def _first_order(graph: Layered, back: Links, on: Links, *, mirrored: bool) -> Layers:
    """Depth first from the items that nothing leads to: a tree has no crossings from the start."""
    layers: Layers = [[] for _ in range(max(graph.layer) + 1)]
    seen: set[int] = set()
    for root, before in enumerate(back):
        stack = [] if before else [root]
        while stack:
            item = stack.pop()
            if item not in seen:
                seen.add(item)
                layers[graph.layer[item]].append(item)
                stack.extend(reversed(on[item]))
    return [layer[::-1] for layer in layers] if mirrored else layers


def _sweep(graph: Layered, layers: Layers, *, flip: bool) -> Layers:
    """`flip` turns round those that want the same place: this leads out of many a dead end."""
    layers = [list(layer) for layer in layers]
    place = _places(graph, layers)
    for layer in layers[1:]:
        _sort(layer, graph.up, place, flip=flip)
    for layer in layers[-2::-1]:
        _sort(layer, graph.down, place, flip=flip)
    return layers


def _exchanged(graph: Layered, layers: Layers) -> Layers:
    """Swap neighbours of a layer wherever that makes no more crossings: level moves lead out of dead ends."""
    layers = [list(layer) for layer in layers]
    place = _places(graph, layers)
    for layer in (*layers[::-1], *layers, *layers[::-1]):
        for index in range(len(layer) - 1):
            _swap(graph, layer, index, place)
    return layers


def _tidied(graph: Layered, layers: Layers) -> Layers:
    """Tasks in the order of the file wherever that makes no more crossings."""
    place = _places(graph, layers)
    for layer in layers:
        for end in range(1, len(layer)):
            index = end - 1
            while index >= 0 and layer[index] > layer[index + 1] and _swap(graph, layer, index, place):
                index -= 1
    return layers


def _swap(graph: Layered, layer: list[int], index: int, place: list[int]) -> bool:
    """Swap an item with the next one, unless that makes more crossings."""
    one, other = layer[index : index + 2]
    if _between(graph, other, one, place) > _between(graph, one, other, place):
        return False
    layer[index : index + 2] = other, one
    place[one], place[other] = place[other], place[one]
    return True


def _between(graph: Layered, left: int, right: int, place: Sequence[int]) -> int:
    """How often the links of two items of a layer cross if they stand in this order."""
    return sum(
        place[one] > place[other]
        for links in (graph.up, graph.down)
        for one in links[left]
        for other in links[right]
    )


def _sort(layer: list[int], links: Links, place: list[int], *, flip: bool) -> None:
    """By the average place of the neighbours; who has none stays where it is."""
    wanted = {}
    for item in layer:
        near = links[item]
        wanted[item] = sum([place[each] for each in near]) / len(near) if near else float(place[item])
    if flip:
        layer.reverse()
    layer.sort(key=wanted.__getitem__)
    _number(layer, place)


def _places(graph: Layered, layers: Layers) -> list[int]:
    """Where each item stands in its layer."""
    place = [0] * len(graph.layer)
    for layer in layers:
        _number(layer, place)
    return place


def _number(layer: Sequence[int], place: list[int]) -> None:
    for index, item in enumerate(layer):
        place[item] = index


def crossings(graph: Layered, layers: Layers) -> int:
    """How often links cross, if all were straight lines."""
    place = _places(graph, layers)
    return sum(_crossings_below(graph, layer, place) for layer in layers[:-1])


def _crossings_below(graph: Layered, layer: Sequence[int], place: Sequence[int]) -> int:
    """Inversions among the lower ends, the links taken by their upper ends."""
    count = 0
    seen: list[int] = []
    for item in layer:
        ends = [place[each] for each in graph.down[item]]
        for end in ends:
            count += len(seen) - bisect_right(seen, end)
        for end in ends:
            insort(seen, end)
    return count
