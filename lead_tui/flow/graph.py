"""Who waits for whom: what `depends_on` says and what templates read."""

from collections.abc import Iterable
from dataclasses import dataclass

from lead_tui.errors import TemplateError
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
    """What each templated field reads. Fields that cannot be parsed are left out: checks tell."""
    found = []
    values: list[tuple[object, bool]] = [(task.when, True)] if isinstance(task.when, str) else []
    values += [(task.parameters, False)] if task.parameters else []
    values += [(each, True) for each in task.expect]
    values += [(task.output, False)] if task.output is not None else []
    for value, expression in values:
        try:
            each = references(value, expression)
        except TemplateError:
            continue
        if each is not NOTHING:
            found.append(each)
    return found


def find_cycle(graph: Graph) -> list[str] | None:
    """Names along one cycle, the first again at the end; None if there is none. Linear, without recursion."""
    settled: set[str] = set()
    for start in graph.dependencies:
        if start in settled:
            continue
        path, on_path = [start], {start}
        branches = [iter(graph.dependencies[start])]
        while branches:
            following = next((each.task for each in branches[-1] if each.task not in settled), None)
            if following is None:
                branches.pop()
                done = path.pop()
                on_path.discard(done)
                settled.add(done)
            elif following in on_path:
                return [*path[path.index(following) :], following]
            else:
                path.append(following)
                on_path.add(following)
                branches.append(iter(graph.dependencies[following]))
    return None


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
