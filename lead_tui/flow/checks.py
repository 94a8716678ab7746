"""What no single field can tell: names, dependencies, agents, actions, inputs and cycles.

Templates are judged in `check_templates.py`. Both add to the same `Problems`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from lead_tui.flow.diagnostics import Path, Problems, did_you_mean
from lead_tui.flow.explain import Located, explain
from lead_tui.flow.graph import Graph, find_cycle
from lead_tui.flow.inputs import check_value
from lead_tui.flow.models import AgentConfig, TaskSpec, Workflow
from lead_tui.flow.validate import NOT_BUILT_TYPES, Validated
from lead_tui.templating.environment import has_template

# wrong whatever a template in the value may give
_KEY_PROBLEMS = ("missing", "extra_forbidden", "not_built")


class Names:
    """Every name that the document declares, also where the rest of the declaration is wrong."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.tasks = dict(_named(data, "tasks"))
        self.finally_ = dict(_named(data, "finally"))
        self.agents = dict(_named(data, "agents"))
        inputs = data.get("inputs")
        self.inputs = set(inputs) if isinstance(inputs, dict) else set()
        self.all_tasks = {*self.tasks, *self.finally_}


def check(
    validated: Validated, graph: Graph, names: Names, problems: Problems, builtins: Sequence[str]
) -> None:
    assert validated.workflow is not None  # noqa: S101 - the caller built the graph of it
    _check_duplicates(validated.data, problems)
    _check_inputs(validated.workflow, problems)
    checker = _TaskChecks(validated, names, problems, builtins)
    for path, task in numbered_tasks(validated.workflow):
        checker.check(path, task)
    if cycle := find_cycle(graph):
        first = min(cycle, key=lambda name: next(_paths_of(validated.data, name), ()))
        at = cycle.index(first)
        cycle = [*cycle[at:-1], *cycle[:at], first]
        path = next(_paths_of(validated.data, first), ())
        problems.add((*path, "name"), "cycle", "these tasks wait for each other: " + " → ".join(cycle))


def numbered_tasks(workflow: Workflow) -> Iterator[tuple[Path, TaskSpec]]:
    for group, tasks in (("tasks", workflow.tasks), ("finally", workflow.finally_)):
        for index, task in enumerate(tasks):
            yield (group, index), task


def _named(data: dict[str, Any], key: str) -> Iterator[tuple[str, int]]:
    items = data.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            yield item["name"], index


def _paths_of(data: dict[str, Any], task: str) -> Iterator[Path]:
    for group in ("tasks", "finally"):
        for name, index in _named(data, group):
            if name == task:
                yield group, index


def _check_duplicates(data: dict[str, Any], problems: Problems) -> None:
    for word, groups in (("agent", ("agents",)), ("task", ("tasks", "finally"))):
        seen: set[str] = set()
        for group in groups:
            for name, index in _named(data, group):
                if name in seen:
                    problems.add(
                        (group, index, "name"), "duplicate-name", f"there is another {word} {name!r}"
                    )
                seen.add(name)


def _check_inputs(workflow: Workflow, problems: Problems) -> None:
    for name, spec in workflow.inputs.items():
        if spec.default is None:
            continue
        try:
            check_value(spec, spec.default)
        except ValueError as error:
            problems.add(("inputs", name, "default"), "bad-input", f"input {name!r}: the default {error}")


class _TaskChecks:
    def __init__(
        self, validated: Validated, names: Names, problems: Problems, builtins: Sequence[str]
    ) -> None:
        assert validated.workflow is not None  # noqa: S101 - as in `check`
        self.validated = validated
        self.names = names
        self.problems = problems
        self.builtins = builtins
        self.agents = {agent.name: agent for agent in validated.workflow.agents}

    def check(self, path: Path, task: TaskSpec) -> None:
        self._check_dependencies(path, task)
        agent = self.agents.get(task.agent_name)
        if agent is not None:
            self._check_action(path, task, agent)
        elif task.agent_name not in self.names.agents:
            self._tell_agent(path, task)
        if has_template(task.action):
            self._add(
                (*path, "action"), "template-not-allowed",
                f"task {task.name!r}: `action` cannot be a template",
                "templates stand in parameters, when, expect and output",
            )  # fmt: skip

    def _add(self, path: Path, code: str, message: str, hint: str = "") -> None:
        self.problems.add(self.validated.locate(path), code, message, hint)

    def _tell_agent(self, path: Path, task: TaskSpec) -> None:
        path, name = (*path, "agent_name"), task.agent_name
        if name in NOT_BUILT_TYPES:
            message = f"task {task.name!r}: the agent {name!r} is not built yet in this version"
            self._add(path, "not-built", message)
        else:
            hint = did_you_mean(name, {*self.names.agents, *self.builtins}) or "declare it under `agents`"
            self._add(path, "undefined-agent", f"task {task.name!r}: there is no agent {name!r}", hint)

    def _check_dependencies(self, path: Path, task: TaskSpec) -> None:
        own = self.names.finally_ if path[0] == "finally" else self.names.tasks
        counts = Counter(each.task for each in task.depends_on)
        for index, each in enumerate(task.depends_on):
            place, where = (*path, "depends_on", index), f"task {task.name!r}"
            if each.task == task.name:
                self._add(place, "self-dependency", f"{where} depends on itself")
            elif counts[each.task] > 1:
                self._add(place, "duplicate-dependency", f"{where} depends on {each.task!r} more than once")
                counts[each.task] = 1
            elif each.task not in self.names.all_tasks:
                hint = did_you_mean(each.task, own)
                self._add(
                    place, "unknown-task", f"{where} depends on {each.task!r}, which does not exist", hint
                )
            elif each.task not in own:
                why = (
                    "which is no task of `finally`: those run after all others anyway"
                    if path[0] == "finally"
                    else "which runs in `finally`, at the end"
                )
                self._add(place, "finally-dependency", f"{where} depends on {each.task!r}, {why}")

    def _check_action(self, path: Path, task: TaskSpec, agent: AgentConfig) -> None:
        if agent.actions is not None and task.action not in agent.actions and not has_template(task.action):
            hint = did_you_mean(task.action, agent.actions) or "it knows " + ", ".join(sorted(agent.actions))
            message = f"task {task.name!r}: the agent {agent.name!r} has no action {task.action!r}"
            self._add((*path, "action"), "unknown-action", message, hint)
            return
        if not has_template(task.action) and (problem := agent.action_problem(task.action)):
            message = f"task {task.name!r}: {task.action!r} cannot be an action of {agent.name!r}: {problem}"
            self._add((*path, "action"), "unknown-action", message)
            return
        model = agent.parameters_model(task.action)
        if model is None:
            return
        try:
            model.model_validate(task.parameters)
        except ValidationError as error:
            located: list[Located] = []
            for each in error.errors(include_url=False):
                inner, value = _inside(each["loc"], task.parameters, each["type"] == "missing")
                if each["type"] in _KEY_PROBLEMS or not _holds_template(value):
                    located.append((self.validated.locate((*path, "parameters", *inner)), each))
            explain(self.problems, model, located, self.validated.data, skip=3)


def _inside(loc: tuple[int | str, ...], value: Any, missing: bool) -> tuple[Path, Any]:
    """The part of a location that the parameters really have, and the value there."""
    path: Path = ()
    for index, part in enumerate(loc):
        if part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int):
            path, value = (*path, part), value[part]
        elif missing and index == len(loc) - 1:
            path = (*path, part)
    return path, value


def _holds_template(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_template, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_template, value))
    return isinstance(value, str) and has_template(value)
