"""The order of a plan's tasks in a table, and the guides in front of their names. Pure.

The rows are a topological order that is also the preorder of the dominator tree: a task stands below the
nearest task that every path to it passes. So a fan-out lies under its source, and what joins it comes after
it, on the same level. An only child is not indented: a chain stays flat. `finally` tasks come last.

Dominators as in Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001): in a graph without
cycles the dominator of a task is where the paths up from its needs meet. Skew-binary jump pointers (Myers
1983) keep that meeting logarithmic for any shape of plan.
"""

import heapq
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import NamedTuple

from lead_tui.core.plan import Plan, PlannedTask

DEEPEST = 5
"""Levels of guides; what lies deeper stays on the last one."""
_ASCII = str.maketrans({"├": "|", "│": "|", "└": "`"})


class OutlineRow(NamedTuple):
    """`guides` has two cells a level; `needs` counts what the task waits for."""

    task: str
    guides: str
    needs: int
    cleanup: bool

    @property
    def badge(self) -> str:
        """What the guides cannot say: that it joins several, or runs at the end."""
        if self.needs > 1:
            return f"needs {self.needs}"
        return "finally" if self.cleanup else ""


def ascii_guides(guides: str) -> str:
    return guides.translate(_ASCII)


def outline(plan: Plan) -> list[OutlineRow]:
    """Every task once, after all that it needs. Raises ValueError if tasks wait for each other."""
    main = [task for task in plan.tasks if not task.cleanup]
    cleanup = [task for task in plan.tasks if task.cleanup]
    return [*_rows(main), *_rows(cleanup)]


def _rows(tasks: Sequence[PlannedTask]) -> Iterable[OutlineRow]:
    """Tasks are numbered from 1 in topological order; 0 is the root above all of them."""
    names = {task.name: task for task in tasks}
    needs = {
        task.name: [need for need in {n.task: None for n in task.needs} if need in names] for task in tasks
    }
    ordered = _topological(needs)
    numbers = {name: number for number, name in enumerate(ordered, 1)}
    tree = _Tree()
    for name in ordered:
        tree.add([numbers[need] for need in needs[name]])
    order = tree.preorder([False, *(len(needs[name]) > 1 for name in ordered)])
    guides = _guides(order, tree.parent)
    for number in order:
        task = names[ordered[number - 1]]
        yield OutlineRow(task.name, guides[number], len(task.needs), task.cleanup)


def _topological(needs: dict[str, list[str]]) -> list[str]:
    """Needs first; of the tasks that could come next, the one that stands first in the file."""
    place = {name: index for index, name in enumerate(needs)}
    names = list(needs)
    waits = {name: len(needed) for name, needed in needs.items()}
    dependents: dict[str, list[str]] = {name: [] for name in needs}
    for name, needed in needs.items():
        for each in needed:
            dependents[each].append(name)
    free = [place[name] for name, count in waits.items() if not count]
    ordered = []
    while free:
        name = names[heapq.heappop(free)]
        ordered.append(name)
        for each in dependents[name]:
            waits[each] -= 1
            if not waits[each]:
                heapq.heappush(free, place[each])
    if len(ordered) < len(names):
        raise ValueError("tasks of the plan wait for each other")
    return ordered


class _Tree:
    """The dominator tree, grown in topological order; node 0 is its root."""

    def __init__(self) -> None:
        self.parent = [0]
        self._depth = [0]
        self._jump = [0]

    def add(self, needs: Sequence[int]) -> None:
        parent = reduce(self._meet, needs) if needs else 0
        jump, depth, far = self._jump, self._depth, self._jump[parent]
        equal = depth[parent] - depth[far] == depth[far] - depth[jump[far]]
        self.parent.append(parent)
        depth.append(depth[parent] + 1)
        jump.append(jump[far] if equal else parent)

    def _meet(self, one: int, other: int) -> int:
        """The nearest node above both, or one of the two."""
        parent, depth, jump = self.parent, self._depth, self._jump
        if depth[one] < depth[other]:
            one, other = other, one
        while depth[one] > depth[other]:
            one = jump[one] if depth[jump[one]] >= depth[other] else parent[one]
        while one != other:
            if jump[one] != jump[other]:
                one, other = jump[one], jump[other]
            else:
                one, other = parent[one], parent[other]
        return one

    def preorder(self, joins: Sequence[bool]) -> list[int]:
        """Parents first; among children of a task, joins last, in their order: they may need the others."""
        children: list[list[int]] = [[] for _ in self.parent]
        for node, parent in enumerate(self.parent[1:], 1):
            children[parent].append(node)
        for each in children[1:]:
            each.sort(key=joins.__getitem__)
        order, stack = [], children[0][::-1]
        while stack:
            node = stack.pop()
            order.append(node)
            stack.extend(reversed(children[node]))
        return order


def _guides(order: Sequence[int], parent: Sequence[int]) -> list[str]:
    """Guides by node. An only child, and what is too deep, is shown beside its parent and not below it."""
    shown = _shown(order, parent)
    last = {shown[node]: node for node in order}
    guides = [""] * len(parent)
    below = [""] * len(parent)
    for node in order:
        if over := shown[node]:
            ends = last[over] == node
            guides[node] = below[over] + ("└ " if ends else "├ ")
            below[node] = below[over] + ("  " if ends else "│ ")
    return guides


def _shown(order: Sequence[int], parent: Sequence[int]) -> list[int]:
    """Under which node each is shown."""
    children = [0] * len(parent)
    for node in order:
        children[parent[node]] += 1
    shown, level = [0] * len(parent), [0] * len(parent)
    for node in order:
        over = parent[node]
        beside = over and (children[over] == 1 or level[over] == DEEPEST)
        shown[node] = shown[over] if beside else over
        level[node] = level[over] if beside or not over else level[over] + 1
    return shown
