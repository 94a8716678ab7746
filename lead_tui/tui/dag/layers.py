"""A graph in layers: which tasks are drawn, in which column each stands, and where long edges bend.

A task stands one layer after the last of its needs (longest path), so those of one layer may run at the same
time. An edge that skips layers gets a bend in each of them. Long edges to one task share their bends, or
those from one task where it sends out more: what is bundled stays easy to follow.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple


class Edge(NamedTuple):
    source: str
    target: str


Needs = dict[str, list[str]]


def known_needs(names: Sequence[str], needs: Mapping[str, Iterable[str]]) -> Needs:
    """The needs that can be drawn: once each, of known names, without those that close a circle."""
    known = dict.fromkeys(names)
    wanted = {
        name: [need for need in dict.fromkeys(needs.get(name, ())) if need in known and need != name]
        for name in known
    }
    return _without_circles(wanted)


def _without_circles(needs: Needs) -> Needs:
    """Leave out each need that leads back to a task which is being looked at (depth first, no recursion)."""
    kept: Needs = {name: [] for name in needs}
    done: set[str] = set()
    for first in needs:
        path = {first: iter(needs[first])} if first not in done else {}
        while path:
            name = next(reversed(path))
            for need in path[name]:
                if need in path:
                    continue
                kept[name].append(need)
                if need not in done:
                    path[need] = iter(needs[need])
                    break
            else:
                del path[name]
                done.add(name)
    return kept


def in_order(needs: Needs) -> list[str]:
    """Every name after its needs; otherwise as given."""
    waits = {name: len(needed) for name, needed in needs.items()}
    dependents = turned(needs)
    ordered = [name for name, count in waits.items() if not count]
    for name in ordered:
        for each in dependents[name]:
            waits[each] -= 1
            if not waits[each]:
                ordered.append(each)
    return ordered


def turned(needs: Needs) -> Needs:
    """Who waits for each."""
    dependents: Needs = {name: [] for name in needs}
    for name, needed in needs.items():
        for each in needed:
            dependents[each].append(name)
    return dependents


def without_implied(needs: Needs, kept: frozenset[Edge]) -> Needs:
    """Leave out what other needs imply (the transitive reduction), but nothing of `kept`.

    `plan → merge` says nothing new beside `plan → a → merge`. Edges of `kept` have a meaning of their own
    and imply nothing.
    """
    ordered = in_order(needs)
    bit = {name: 1 << index for index, name in enumerate(ordered)}
    above: dict[str, int] = {}
    calm: Needs = {}
    for name in ordered:
        plain = [need for need in needs[name] if (need, name) not in kept]
        implied = 0
        for need in plain:
            implied |= above[need]
        above[name] = implied
        for need in plain:
            above[name] |= bit[need]
        calm[name] = [need for need in needs[name] if (need, name) in kept or not implied & bit[need]]
    return {name: calm[name] for name in needs}


def components(needs: Needs) -> list[list[str]]:
    """Groups of names that hang together, in the order of their first names."""
    dependents = turned(needs)
    groups, seen = [], set[str]()
    place = {name: index for index, name in enumerate(needs)}
    for first in needs:
        if first in seen:
            continue
        seen.add(first)
        group = [first]
        for name in group:
            for each in (*needs[name], *dependents[name]):
                if each not in seen:
                    seen.add(each)
                    group.append(each)
        groups.append(sorted(group, key=place.__getitem__))
    return groups


@dataclass(slots=True)
class Layered:
    """Items are numbers: first the tasks of `names`, then the bends. Links join neighbouring layers."""

    names: list[str]
    layer: list[int]
    up: list[list[int]]
    down: list[list[int]]
    paths: dict[Edge, list[int]]
    """The items that each edge passes, its two ends included."""
    dashed: set[tuple[int, int]]
    """Links of conditional edges."""


def in_layers(names: Sequence[str], needs: Needs, dashed: frozenset[Edge]) -> Layered:
    """`needs` has no circle and names nothing outside `names`."""
    number = {name: index for index, name in enumerate(names)}
    layer = [0] * len(names)
    for name in in_order({name: needs[name] for name in names}):
        layer[number[name]] = max((layer[number[need]] + 1 for need in needs[name]), default=0)
    made = Layered(list(names), layer, [[] for _ in names], [[] for _ in names], {}, set())
    edges = [Edge(need, name) for name in names for need in needs[name]]
    bends: dict[tuple[str, bool, bool, int], int] = {}
    bundles = _bundles(edges, number, layer)
    for edge in edges:
        source, target, dash = number[edge.source], number[edge.target], edge in dashed
        path = [source]
        for between in range(layer[source] + 1, layer[target]):
            key = (*bundles[edge], dash, between)
            if key not in bends:
                bends[key] = _bend(made, between)
            path.append(bends[key])
        path.append(target)
        made.paths[edge] = path
        _link(made, path, dash)
    return made


def _bundles(
    edges: Sequence[Edge], number: Mapping[str, int], layer: Sequence[int]
) -> dict[Edge, tuple[str, bool]]:
    """Whose bends each long edge shares: those of its target, or of its source if that has more (True)."""
    long = [edge for edge in edges if layer[number[edge.target]] - layer[number[edge.source]] > 1]
    out = Counter(edge.source for edge in long)
    into = Counter(edge.target for edge in long)
    return {
        edge: (edge.source, True) if out[edge.source] > into[edge.target] else (edge.target, False)
        for edge in long
    }


def _bend(made: Layered, layer: int) -> int:
    made.layer.append(layer)
    made.up.append([])
    made.down.append([])
    return len(made.layer) - 1


def _link(made: Layered, path: Sequence[int], dash: bool) -> None:
    for one, other in pairwise(path):
        if other not in made.down[one]:
            made.down[one].append(other)
            made.up[other].append(one)
            if dash:
                made.dashed.add((one, other))
