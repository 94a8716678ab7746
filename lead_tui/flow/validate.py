"""Plain data to a `Workflow`, every problem told at its place.

What is wrong is cut out and the rest validated again, so that the checks that need models still judge
everything else: `Validated.workflow` is then a part of the document, good only for finding more problems.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from lead_tui.flow.diagnostics import Path, Problems, did_you_mean, one_of
from lead_tui.flow.explain import Located, explain, place_of
from lead_tui.flow.models import AgentConfig, Workflow

AgentTypes = Callable[[str], type[AgentConfig] | None]

NOT_BUILT_TYPES = frozenset(("ai_agent", "mcp_server", "flow", "tool"))
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
        "idle_timeout",
    )
)


@dataclass
class Validated:
    """`workflow` is None if nothing could be made of the document."""

    data: dict[str, Any]
    removed: set[Path]
    workflow: Workflow | None = None

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
        if ("name",) in validated.removed:
            candidate["name"] = "unnamed"
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
        (validated.locate(_real_path(each["loc"], candidate, each["type"] == "missing")), each)
        for each in error.errors(include_url=False)
    ]
    places = {path for path, _ in located}
    told: list[Located] = []
    cuts: set[Path] = set()
    hopeless = False
    for path, each in located:
        if each["type"] == "too_short" and any(path == place[: len(path)] != place for place in places):
            continue  # too short only because of what is wrong inside
        if not _follows_from_cut(path, validated):
            told.append((path, each))
        hopeless |= path == ("tasks",)
        cuts.add(path[:-1] if each["type"] == "missing" and len(path) > 1 else path)
    explain(problems, Workflow, told, validated.data)
    more = not hopeless and bool(cuts - validated.removed)
    validated.removed |= cuts
    return more


def _follows_from_cut(path: Path, validated: Validated) -> bool:
    """Is the place empty only because something was cut out of it?"""
    if path[-1:] == ("agent_name",) and (*path[:-1], "requires") in validated.removed:
        return True
    return any(each[: len(path)] == path for each in validated.removed)


def _real_path(loc: tuple[int | str, ...], data: Any, missing: bool) -> Path:
    """Pydantic's location without what stands for no node: tags of unions, marks of keys."""
    path: list[int | str] = []
    for index, part in enumerate(loc):
        if isinstance(data, dict) and part in data:
            data = data[str(part)]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        elif not (missing and index == len(loc) - 1):
            continue
        path.append(part)
    return tuple(path)


def _cut_not_built(validated: Validated, problems: Problems) -> None:
    def cut(path: Path) -> None:
        where = place_of(path[:-1], validated.data)
        message = f"{where}: " if where else ""
        problems.add(
            path, "not-built", f"{message}the key {path[-1]!r} is not built yet in this version", at="key"
        )
        validated.removed.add(path)

    if "budget" in validated.data:
        cut(("budget",))
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
            try:
                found.append(model.model_validate(data))
            except ValidationError as error:
                located = [
                    ((*path, *_real_path(each["loc"], data, each["type"] == "missing")), each)
                    for each in error.errors(include_url=False)
                ]
                explain(problems, model, located, validated.data, skip=2)
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


_Tree = dict[str | int, "_Tree | None"]


def _tree(paths: set[Path]) -> _Tree:
    root: _Tree = {}
    for path in sorted(paths, key=len):
        node: _Tree | None = root
        for part in path[:-1]:
            if node is None:
                break
            node = node.setdefault(part, {})
        if node is not None:
            node[path[-1]] = None
    return root


def _cut(value: Any, tree: _Tree) -> Any:
    """A copy without the leaves of the tree; what it does not touch is shared."""
    if isinstance(value, dict):
        kept = {}
        for key, each in value.items():
            if key not in tree:
                kept[key] = each
            elif (below := tree[key]) is not None:
                kept[key] = _cut(each, below)
        return kept
    found = []
    for index, each in enumerate(value):
        if index not in tree:
            found.append(each)
        elif (below := tree[index]) is not None:
            found.append(_cut(each, below))
    return found
