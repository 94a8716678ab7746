"""Plain data to a `Workflow`, every problem told at its place.

What is wrong is cut out, or replaced by a stand-in where it is required, and the rest validated again, so
that the checks that need models still judge everything else: `Validated.workflow` is then a part of the
document, good only for finding more problems.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from lead_tui.flow.diagnostics import Path, Problems, did_you_mean, one_of
from lead_tui.flow.explain import Located, explain, node_of, place_of
from lead_tui.flow.models import AgentConfig, Workflow

AgentTypes = Callable[[str], type[AgentConfig] | None]

NOT_BUILT_TYPES = frozenset({"flow"})
_REQUIRED = ("name", "agent_name", "action")
_NOT_BUILT_TASK_KEYS = frozenset(
    (
        "foreach",
        "repeat",
        "requires",
        "compensate",
        "irreversible",
        "cache",
        "fallback",
        "on_error",
    )
)


@dataclass
class Validated:
    """`agent_types` are the models of the agents by name, also of those that have mistakes.

    `workflow` is None if nothing could be made of the document.
    """

    data: dict[str, Any]
    removed: set[Path]
    agent_types: dict[str, type[AgentConfig]] = field(default_factory=dict)
    workflow: Workflow | None = None

    def is_made_up(self, path: Path) -> bool:
        """Is what the workflow has there (a path of the document) a stand-in for what was wrong?"""
        return any(path[:end] in self.removed for end in range(1, len(path) + 1))

    def locate(self, path: Path) -> Path:
        """Where in the document a path of the workflow stands: what was cut out still counts there."""
        found: Path = ()
        for part in path:
            if isinstance(part, int):
                cut = sorted(
                    each[-1] for each in self.removed if each[:-1] == found and isinstance(each[-1], int)
                )
                for index in cut:
                    part += index <= part  # noqa: PLW2901 - each one cut out moves the index by one
            found = (*found, part)
        return found


def validate(
    data: dict[str, Any], problems: Problems, agent_types: AgentTypes, type_names: Sequence[str]
) -> Validated:
    validated = Validated(data, set())
    _cut_not_built(validated, problems)
    agents = _agents(validated, problems, agent_types, type_names)
    while validated.workflow is None:
        candidate = _cut(data, _tree(validated.removed))
        if agents is not None:
            candidate["agents"] = agents
        try:
            validated.workflow = Workflow.model_validate(candidate)
        except ValidationError as error:
            if not _cut_wrong(validated, candidate, error, problems):
                break
    return validated


def _cut_wrong(
    validated: Validated, candidate: dict[str, Any], error: ValidationError, problems: Problems
) -> bool:
    """Tell what is wrong and cut it out. False if nothing is left to validate."""
    located = [
        (validated.locate(node_of(each, candidate)[0]), each) for each in error.errors(include_url=False)
    ]
    places = {path for path, _ in located}
    told: list[Located] = []
    cuts: set[Path] = set()
    for path, each in located:
        if each["type"] == "too_short" and any(path == place[: len(path)] != place for place in places):
            continue  # too short only because of what is wrong inside
        if not _follows_from_cut(path, validated):
            told.append((path, each))
        cuts.add(path[:-1] if each["type"] == "missing" and _stand_in(path) is None else path)
    explain(problems, Workflow, told, validated.data)
    more = bool(cuts - validated.removed)
    validated.removed |= cuts
    return more


def _follows_from_cut(path: Path, validated: Validated) -> bool:
    """Is the place empty only because something was cut out of it?"""
    if path[-1:] == ("agent_name",) and (*path[:-1], "requires") in validated.removed:
        return True
    return any(each[: len(path)] == path for each in validated.removed)


def _cut_not_built(validated: Validated, problems: Problems) -> None:
    def cut(path: Path) -> None:
        where = place_of(path[:-1], validated.data)
        message = f"{where}: " if where else ""
        problems.add(
            path, "not-built", f"{message}the key {path[-1]!r} is not built yet in this version", at="key"
        )
        validated.removed.add(path)

    for group in ("tasks", "finally"):
        tasks = validated.data.get(group)
        for index, task in enumerate(tasks if isinstance(tasks, list) else ()):
            for key in task if isinstance(task, dict) else ():
                if key in _NOT_BUILT_TASK_KEYS:
                    cut((group, index, key))


def _agents(
    validated: Validated, problems: Problems, agent_types: AgentTypes, type_names: Sequence[str]
) -> list[AgentConfig] | None:
    """The agents that are right, each by the model of its type; None if there is no list of them."""
    agents = validated.data.get("agents")
    if not isinstance(agents, list):
        return None
    found = []
    for index, data in enumerate(agents):
        path: Path = ("agents", index)
        where = place_of(path, validated.data)
        if not isinstance(data, dict):
            problems.add(path, "wrong-type", f"{where}: an agent is a map with `name` and `type`")
        elif not isinstance(data.get("type"), str):
            code, what = ("wrong-type", "must be text") if "type" in data else ("missing-key", "is missing")
            problems.add((*path, "type"), code, f"{where}: `type` {what}", _one_of(type_names))
        elif (model := agent_types(data["type"])) is None:
            _tell_type(problems, path, where, data["type"], type_names)
        else:
            validated.agent_types[str(data.get("name"))] = model
            try:
                found.append(model.model_validate(data))
            except ValidationError as error:
                located = [
                    ((*path, *node_of(each, data)[0]), each) for each in error.errors(include_url=False)
                ]
                explain(problems, model, located, validated.data)
    return found


def _tell_type(problems: Problems, path: Path, where: str, type_: str, type_names: Sequence[str]) -> None:
    path = (*path, "type")
    if type_ in NOT_BUILT_TYPES:
        problems.add(path, "not-built", f"{where}: the agent type {type_!r} is not built yet in this version")
    else:
        hint = did_you_mean(type_, type_names) or _one_of(type_names)
        problems.add(path, "unknown-type", f"{where}: there is no agent type {type_!r}", hint)


def _one_of(type_names: Sequence[str]) -> str:
    return one_of(type_names) if type_names else ""


@dataclass(frozen=True)
class _Leaf:
    """Ends a path that is cut out; `stand_in` takes the place of what is required."""

    stand_in: Any = None


_Tree = dict[str | int, "_Tree | _Leaf"]


def _tree(paths: set[Path]) -> _Tree:
    root: _Tree = {}
    for path in sorted(paths, key=len):
        node: _Tree | _Leaf = root
        for part in path[:-1]:
            if isinstance(node, _Leaf):
                break
            node = node.setdefault(part, {})
        if not isinstance(node, _Leaf):
            node[path[-1]] = _Leaf(_stand_in(path))
    return root


def _stand_in(path: Path) -> Any:
    """What validates in place of a required value that is missing or wrong; None where none is required.

    No document has such names: they are longer than anybody writes, and as long as a name may be.
    """
    if path == ("name",):
        return "unnamed"
    if path == ("tasks",):
        return [dict.fromkeys(_REQUIRED, "-" * 200)]
    if path[:1] in (("tasks",), ("finally",)) and len(path) == 3 and path[2] in _REQUIRED:
        return f"{path[0]}-{path[1]}".ljust(200, "-")
    return None


def _cut(value: Any, tree: _Tree) -> Any:
    """A copy without the leaves of the tree, stand-ins in place; what it does not touch is shared."""
    if isinstance(value, dict):
        stand_ins = {
            key: leaf.stand_in
            for key, leaf in tree.items()
            if isinstance(leaf, _Leaf) and leaf.stand_in is not None
        }
        return dict(_kept(value.items(), tree)) | stand_ins
    return [each for _, each in _kept(enumerate(value), tree)]


def _kept(items: Iterable[tuple[str | int, Any]], tree: _Tree) -> Iterator[tuple[str | int, Any]]:
    for key, each in items:
        below = tree.get(key, {})
        if not isinstance(below, _Leaf):
            yield key, _cut(each, below) if below else each
