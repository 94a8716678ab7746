"""Who waits for whom: what `depends_on` says and what templates read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lead_tui.flow.models import Dependency, TaskSpec, Workflow
from lead_tui.templating.references import NOTHING, References, references

_OUTCOME_ONLY = frozenset(("status", "error"))


@dataclass(frozen=True, slots=True)
class Graph:
    """`dependencies` of every task by name, explicit ones first; `dependents` is the same, turned round."""

    dependencies: dict[str, tuple[Dependency, ...]]
    dependents: dict[str, tuple[str, ...]]


def build_graph(workflow: Workflow) -> Graph:
    """Reading a task's `result`, `attempts`, `duration`, `meta` or the whole of it waits for it to complete;
    reading only `status` or `error` for any outcome. Tasks of `finally` wait only for each other, and nothing
    else waits for them. Names that do not exist, and the task itself, are left to `checks.py`.
    """
    dependencies: dict[str, tuple[Dependency, ...]] = {}
    for group in (workflow.tasks, workflow.finally_):
        names = {task.name for task in group}
        for task in group:
            dependencies[task.name] = _dependencies(task, names)
    dependents: dict[str, list[str]] = {name: [] for name in dependencies}
    for name, needed in dependencies.items():
        for each in needed:
            dependents[each.task].append(name)
    return Graph(dependencies, {name: tuple(waiting) for name, waiting in dependents.items()})


def task_references(task: TaskSpec) -> list[References]:
    """What each templated field reads, as far as it can be read: checks tell the rest."""
    found = []
    values: list[tuple[object, bool]] = [(task.when, True)] if isinstance(task.when, str) else []
    values += [(task.parameters, False)] if task.parameters else []
    values += [(each, True) for each in task.expect]
    values += [(task.output, False)] if task.output is not None else []
    for value, expression in values:
        each = references(value, expression, despite_errors=True)
        if each is not NOTHING:
            found.append(each)
    return found


def find_cycles(graph: Graph) -> list[list[str]]:
    """One cycle for each group of tasks that wait for each other: names along it, the first again at the end.

    Linear, without recursion.
    """
    return [_cycle_in(graph, group) for group in _entangled(graph)]


def _cycle_in(graph: Graph, group: Sequence[str]) -> list[str]:
    """Follow what each waits for until one comes again."""
    among = set(group)
    path: dict[str, int] = {}
    name = group[0]
    while name not in path:
        path[name] = len(path)
        name = next(each.task for each in graph.dependencies[name] if each.task in among)
    return [*list(path)[path[name] :], name]


def _entangled(graph: Graph) -> list[list[str]]:
    """The groups of tasks that all wait for each other, in document order (Kosaraju's algorithm)."""
    order = {name: number for number, name in enumerate(graph.dependencies)}
    seen: set[str] = set()
    groups = (_dependents_of(name, graph, seen) for name in reversed(_settled(graph)))
    looped = [sorted(group, key=order.__getitem__) for group in groups if len(group) > 1]
    return sorted(looped, key=lambda group: order[group[0]])


def _settled(graph: Graph) -> list[str]:
    """Every task, each after all that it waits for, but for those that close a cycle."""
    seen: set[str] = set()
    settled = []
    for start in graph.dependencies:
        pending = [(start, False)]
        while pending:
            name, is_done = pending.pop()
            if is_done:
                settled.append(name)
            elif name not in seen:
                seen.add(name)
                pending.append((name, True))
                pending += [(each.task, False) for each in graph.dependencies[name]]
    return settled


def _dependents_of(start: str, graph: Graph, seen: set[str]) -> list[str]:
    """`start` and what waits for it, also through others, as far as not seen yet."""
    found, pending = [], [start]
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            found.append(name)
            pending += graph.dependents[name]
    return found


def layers(graph: Graph, among: Iterable[str] | None = None) -> list[list[str]]:
    """Names by the earliest step in which each may start. `among` takes a part, such as the main tasks."""
    chosen = dict.fromkeys(graph.dependencies if among is None else among)
    missing = {name: sum(each.task in chosen for each in graph.dependencies[name]) for name in chosen}
    layer = [name for name, count in missing.items() if count == 0]
    found = []
    while layer:
        found.append(layer)
        following = []
        for name in layer:
            for dependent in graph.dependents[name]:
                if dependent in missing:
                    missing[dependent] -= 1
                    if missing[dependent] == 0:
                        following.append(dependent)
        layer = following
    return found


def _dependencies(task: TaskSpec, names: set[str]) -> tuple[Dependency, ...]:
    wanted: dict[str, Dependency] = {}
    for each in task.depends_on:
        if each.task in names and each.task != task.name:
            wanted.setdefault(each.task, each)
    if _may_refer(task):
        read: dict[str, set[str]] = {}
        for refers in task_references(task):
            for name, attributes in refers.tasks.items():
                read.setdefault(name, set()).update(attributes)
        for name, parts in read.items():
            if name in names and name != task.name and name not in wanted:
                wanted[name] = Dependency(task=name, on="any" if parts <= _OUTCOME_ONLY else None)
    return tuple(wanted.values())


def _may_refer(task: TaskSpec) -> bool:
    return bool(task.parameters or task.expect or isinstance(task.when, str) or task.output is not None)
