"""The graph of a plan: all of it, or of a large one what is near a task."""

from functools import cached_property

from lead_tui.core.plan import Plan
from lead_tui.tui.dag import Edge, Graph
from lead_tui.tui.dag.nearby import Nearby, Surroundings

WHOLE = 60
"""Tasks up to which a graph is drawn whole."""


class PlanGraph:
    """`shape` is equal for plans that look the same. `conditions`: the `on` of conditional needs."""

    def __init__(self, plan: Plan | None) -> None:
        tasks = plan.tasks if plan else ()
        self.shape = tuple((task.name, task.needs, task.cleanup) for task in tasks)
        self.names = tuple(dict.fromkeys(task.name for task in tasks))
        self.conditions = {
            Edge(need.task, task.name): need.on
            for task in tasks
            for need in task.needs
            if need.on not in (None, "completed")
        }

    @property
    def is_whole(self) -> bool:
        return len(self.names) <= WHOLE

    @cached_property
    def whole(self) -> Graph:
        cleanup = frozenset(name for name, _, late in self.shape if late)
        return Graph(self.names, self._needs, dashed=frozenset(self.conditions), apart=cleanup)

    def around(self, task: str) -> tuple[Graph, Nearby]:
        """What is near this task."""
        near = self._surroundings.of(task)
        dashed = frozenset(
            edge for edge in self.conditions if edge[0] in near.needs and edge[1] in near.needs
        )
        return Graph(tuple(near.needs), near.needs, dashed=dashed), near

    @cached_property
    def _needs(self) -> dict[str, list[str]]:
        return {name: [need.task for need in needs] for name, needs, _ in self.shape}

    @cached_property
    def _surroundings(self) -> Surroundings:
        return Surroundings(self.names, self._needs)
