"""What stands around one task in a graph that is too large to be drawn whole.

Two steps up and down, and those beside it: what else its needs lead to, and what else its dependents need.
Of many only those are kept that stand near it in the file; a stub stands for each group of the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lead_tui.tui.dag.layers import Needs

STUB = "\0"
"""How the names of stubs begin; no task's does."""
_MOST = 7
"""Of the needs of one task, or of its dependents, so many are kept."""


@dataclass(frozen=True, slots=True)
class Stub:
    """`nearest` of the tasks that it stands for, seen from the centre."""

    count: int
    nearest: str

    @property
    def text(self) -> str:
        return f"… {self.count:,} more"


@dataclass(frozen=True, slots=True)
class Nearby:
    """A graph to draw: tasks in the order of the file, then stubs."""

    needs: Needs
    stubs: dict[str, Stub]
    leads_on: frozenset[str]
    """Tasks at the rim that have more neighbours."""


class Surroundings:
    """Finds what is nearby. Building it looks at the whole graph once, asking it only at a few tasks."""

    def __init__(self, names: Sequence[str], needs: Mapping[str, Iterable[str]]) -> None:
        self._place = {name: index for index, name in enumerate(names)}
        self._up = {
            name: [
                need for need in dict.fromkeys(needs.get(name, ())) if need in self._place and need != name
            ]
            for name in names
        }
        self._down: Needs = {name: [] for name in names}
        for name, needed in self._up.items():
            for need in needed:
                self._down[need].append(name)

    def of(self, centre: str) -> Nearby:
        up, down = self._nearest(self._up[centre], centre), self._nearest(self._down[centre], centre)
        inner = dict.fromkeys((centre, *up, *down))
        kept = dict(inner)
        for name in (*up, *down):
            kept.update(dict.fromkeys(self._nearest(self._up[name], centre)))
            kept.update(dict.fromkeys(self._nearest(self._down[name], centre)))
        ordered = sorted(kept, key=self._place.__getitem__)
        needs = {name: [need for need in self._up[name] if need in kept] for name in ordered}
        stubs = self._add_stubs(needs, inner, centre)
        rim = frozenset(
            name
            for name in ordered
            if name not in inner and any(each not in kept for each in (*self._up[name], *self._down[name]))
        )
        return Nearby(needs, stubs, rim)

    def _nearest(self, names: Sequence[str], centre: str) -> list[str]:
        here = self._place[centre]
        return sorted(names, key=lambda name: abs(self._place[name] - here))[:_MOST]

    def _add_stubs(self, needs: Needs, inner: Iterable[str], centre: str) -> dict[str, Stub]:
        """One for each group of hidden tasks; it stands between all that lead there and what it leads to."""
        kept = frozenset(needs)
        groups: dict[frozenset[str], str] = {}
        stubs: dict[str, Stub] = {}
        for name in inner:
            for neighbours, below in ((self._down[name], True), (self._up[name], False)):
                hidden = frozenset(neighbours) - kept
                if not hidden:
                    continue
                stub = groups.setdefault(hidden, f"{STUB}{len(groups)}")
                stubs[stub] = Stub(len(hidden), self._nearest(sorted(hidden), centre)[0])
                needs.setdefault(stub, [])
                one, other = (name, stub) if below else (stub, name)
                needs[other].append(one)
        return stubs
