"""The edges between two neighbouring layers: in which track each turns, so that no two are taken for one.

A channel is seen from the side: edges come in on rows, turn in a track, and leave on rows. Sources that
lead to the same targets share a track, for each of them leads to each of those. Two bundles may use the same
row only if one has left it before the other comes to it; where they would wait for each other in a circle,
one makes a detour over a row that is free.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Link(NamedTuple):
    """From a row to a row. No two links of a channel have the same rows."""

    start: int
    end: int
    dashed: bool = False


@dataclass(slots=True, eq=False)
class Bundle:
    """All `starts` lead to all `ends`, turning in `track` (-1: straight on).

    `detour`, if there is one, turns later and leads on from the row of its single start.
    """

    starts: frozenset[int]
    ends: frozenset[int]
    dashed: bool
    track: int = -1
    detour: "Bundle | None" = None
    after: set["Bundle"] = field(default_factory=set)
    """These must turn in an earlier track."""
    rather: set["Bundle"] = field(default_factory=set)
    """These had better turn in an earlier track."""

    @property
    def span(self) -> tuple[int, int]:
        """The rows between which it turns."""
        rows = self.starts | self.ends | (self.detour.starts if self.detour else frozenset())
        return min(rows), max(rows)

    def leads_to(self, row: int) -> bool:
        return row in self.ends or (self.detour is not None and row in self.detour.ends)

    def touches(self, other: "Bundle") -> bool:
        """In one track; but one that goes up and one that goes down from the same task may meet there."""
        (low, high), (first, last) = self.span, other.span
        if self.starts == other.starts and self.starts in ({high} & {first}, {low} & {last}):
            return False
        return low <= last and first <= high

    @property
    def lean(self) -> tuple[int, int]:
        """What goes down turns the later the higher it starts, what goes up the other way round."""
        falls = sum(self.ends) * len(self.starts) >= sum(self.starts) * len(self.ends)
        return (0, -max(self.starts)) if falls else (1, min(self.starts))


def bundled(links: Sequence[Link]) -> tuple[int, list[Bundle]]:
    """How many tracks there are, and the bundles of these links; detours hang on theirs."""
    bundles = _bundles(links)
    waiting = sorted((each for each in bundles if each.span[0] < each.span[1]), key=lambda each: each.lean)
    _constrain(waiting)
    used = {row for link in links for row in link[:2]}
    tracks: list[list[Bundle]] = []
    detours = []
    while waiting:
        bundle = _next(waiting)
        if held := {each for each in bundle.after if each.track < 0}:
            detours.append(_detour(bundle, held, used))
        waiting.remove(bundle)
        _take_track(bundle, tracks)
    for detour in detours:
        _take_track(detour, tracks)
    return len(tracks), bundles


def _bundles(links: Sequence[Link]) -> list[Bundle]:
    """One for all starts that lead to the same ends; plain and dashed apart."""
    ends: dict[int, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for link in links:
        ends[link.start][link.dashed].add(link.end)
    starts: dict[tuple[frozenset[int], frozenset[int]], set[int]] = defaultdict(set)
    for start, (plain, dashed) in ends.items():
        starts[frozenset(plain), frozenset(dashed)].add(start)
    return [
        Bundle(frozenset(from_), to, dashed=dashed == 1)
        for both, from_ in starts.items()
        for dashed, to in enumerate(both)
        if to
    ]


def _constrain(bundles: Sequence[Bundle]) -> None:
    """Who starts on a row must have left it before another ends there."""
    starting, ending = defaultdict(list), defaultdict(list)
    for bundle in bundles:
        for row in bundle.starts:
            starting[row].append(bundle)
        for row in bundle.ends:
            ending[row].append(bundle)
    for row, enders in ending.items():
        for bundle in enders:
            for other in starting[row]:
                if other.starts != bundle.starts:
                    (bundle.rather if row in other.ends else bundle.after).add(other)
            # one that leads nowhere else joins late: so nobody takes its edges for those of the others
            bundle.rather.update(other for other in enders if len(other.ends) > len(bundle.ends))


def _next(waiting: Sequence[Bundle]) -> Bundle:
    """The first that waits for none; else that must wait for none; else the first."""
    can = [each for each in waiting if all(other.track >= 0 for other in each.after)]
    return next((each for each in can if all(other.track >= 0 for other in each.rather)), (can or waiting)[0])


def _detour(bundle: Bundle, held: set[Bundle], used: set[int]) -> Bundle:
    """Leave the ends on rows that those have not left yet to a bundle that turns after them."""
    late = frozenset().union(*(other.starts for other in held)) & bundle.ends
    near = min(late)
    free = (row for row in range(min(used), max(used) + 2) if row not in used)
    row = min(free, key=lambda row: abs(row - near))
    used.add(row)
    bundle.detour = Bundle(frozenset((row,)), late, bundle.dashed, after={bundle, *bundle.after})
    bundle.ends -= late
    bundle.after -= held
    return bundle.detour


def _take_track(bundle: Bundle, tracks: list[list[Bundle]]) -> None:
    """The first one, after those that must turn earlier, where it touches no other."""
    earliest = max((each.track + 1 for each in bundle.after), default=0)
    for index in range(earliest, len(tracks)):
        if not any(bundle.touches(other) for other in tracks[index]):
            break
    else:
        index = len(tracks)
        tracks.append([])
    tracks[index].append(bundle)
    bundle.track = index
