"""What no single field can tell: names, dependencies, agents, actions, inputs and cycles.

Templates are judged in `check_templates.py`. Both add to the same `Problems`.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from lead_tui.flow.diagnostics import Path, Problems, Severity, did_you_mean
from lead_tui.flow.explain import Located, explain, node_of, place_of
from lead_tui.flow.graph import Graph, find_cycles
from lead_tui.flow.inputs import check_value
from lead_tui.flow.models import AgentConfig, Dependency, TaskSpec, Workflow
from lead_tui.flow.resolve import attempt_timeout
from lead_tui.flow.validate import NOT_BUILT_TYPES, Validated
from lead_tui.templating.environment import has_template

_MAY_MISS = frozenset(("usd", "tokens"))
"""Limits of what not every server tells."""
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
    validated: Validated,
    graph: Graph,
    names: Names,
    problems: Problems,
    builtins: Collection[str],
    environment: Mapping[str, str],
) -> None:
    assert validated.workflow is not None  # noqa: S101 - the caller built the graph of it
    _check_duplicates(validated.data, problems)
    _check_inputs(validated.workflow, problems)
    _check_shadows(validated.data, builtins, problems)
    _check_calls_of_agents(validated.workflow, names, problems)
    _check_budgets(validated.workflow, names, problems, environment)
    checker = _TaskChecks(validated, names, problems, builtins)
    for path, task in numbered_tasks(validated.workflow):
        checker.check(path, task)
    _check_cycles(validated.data, graph, problems)


def numbered_tasks(workflow: Workflow) -> Iterator[tuple[Path, TaskSpec]]:
    for group, tasks in (("tasks", workflow.tasks), ("finally", workflow.finally_)):
        for index, task in enumerate(tasks):
            yield (group, index), task


def _named(data: dict[str, Any], key: str) -> Iterator[tuple[str, int]]:
    items = data.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            yield item["name"], index


def _check_cycles(data: dict[str, Any], graph: Graph, problems: Problems) -> None:
    cycles = find_cycles(graph)
    if not cycles:
        return
    paths: dict[str, Path] = {}
    for group in ("tasks", "finally"):
        for name, index in _named(data, group):
            paths.setdefault(name, (group, index, "name"))
    order = {name: number for number, name in enumerate(paths)}
    for cycle in cycles:
        first = min(cycle, key=order.__getitem__)
        at = cycle.index(first)
        shown = " → ".join((*cycle[at:-1], *cycle[:at], first))
        problems.add(paths[first], "cycle", f"these tasks wait for each other: {shown}")


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
        path = ("inputs", name, "default")
        try:
            check_value(spec, spec.default)
        except ValueError as error:
            problems.add(path, "bad-input", f"input {name!r}: the default {error}")
        if spec.required:
            problems.add(
                path, "unused-default", f"input {name!r}: `required: true` wins, the default is never used",
                "remove one of the two", severity="warning",
            )  # fmt: skip


def _check_shadows(data: dict[str, Any], builtins: Collection[str], problems: Problems) -> None:
    for name, index in _named(data, "agents"):
        type_ = data["agents"][index].get("type")
        if type_ != name and name in builtins:
            problems.add(
                ("agents", index, "name"), "shadowed-agent",
                f"agent {name!r}: tasks that name {name!r} get this {type_}, not the built-in agent",
                "give it another name", severity="warning",
            )  # fmt: skip


def _check_calls_of_agents(workflow: Workflow, names: Names, problems: Problems) -> None:
    for agent in workflow.agents:
        for place, called in agent.calls_agents().items():
            if called not in names.agents:
                hint = did_you_mean(called, names.agents) or "declare it under `agents`"
                message = f"agent {agent.name!r}: there is no agent {called!r}"
                problems.add(("agents", names.agents[agent.name], *place), "undefined-agent", message, hint)


def _check_budgets(
    workflow: Workflow, names: Names, problems: Problems, environment: Mapping[str, str]
) -> None:
    """Warn of limits that will not hold, as far as that shows before a call is made."""
    flows = workflow.budget.limits if workflow.budget is not None else {}
    for agent in workflow.agents:
        limits = {**flows, **(agent.budget.limits if agent.budget is not None else {})}
        for what, why in agent.uncounted(environment).items() if limits.keys() & _MAY_MISS else ():
            if what in limits and agent.name in names.agents:
                problems.add(
                    ("agents", names.agents[agent.name], "name"), "uncounted-calls",
                    f"agent {agent.name!r}: a limit in {what} does not count its calls: {why}",
                    "or limit `tokens` or `calls`, too", severity="warning",
                )  # fmt: skip


class _TaskChecks:
    def __init__(
        self, validated: Validated, names: Names, problems: Problems, builtins: Collection[str]
    ) -> None:
        assert validated.workflow is not None  # noqa: S101 - as in `check`
        self.validated = validated
        self.names = names
        self.problems = problems
        self.builtins = builtins
        self.agents = validated.agent_types | {
            agent.name: type(agent) for agent in validated.workflow.agents if agent.name not in names.agents
        }
        self.configs = {agent.name: agent for agent in validated.workflow.agents}
        self.lenient = {task.name for task in validated.workflow.all_tasks if task.continue_on_failure}

    def check(self, path: Path, task: TaskSpec) -> None:
        self._check_dependencies(path, task)
        self._check_idle_timeout(path, task)
        agent = self.agents.get(task.agent_name)
        if agent is not None:
            self._check_action(path, task, agent)
        elif task.agent_name not in self.names.agents and not self._is_made_up(path, "agent_name"):
            self._tell_agent(path, task)
        if has_template(task.action):
            self._add(
                (*path, "action"), "template-not-allowed", "`action` cannot be a template",
                "templates stand in parameters, when, expect and output",
            )  # fmt: skip

    def _is_made_up(self, path: Path, key: str) -> bool:
        return self.validated.is_made_up((*self.validated.locate(path), key))

    def _add(self, path: Path, code: str, message: str, hint: str = "", severity: Severity = "error") -> None:
        located = self.validated.locate(path)
        where = place_of(located, self.validated.data)
        self.problems.add(located, code, f"{where}: {message}", hint, severity=severity)

    def _tell_agent(self, path: Path, task: TaskSpec) -> None:
        path, name = (*path, "agent_name"), task.agent_name
        if name in NOT_BUILT_TYPES:
            self._add(path, "not-built", f"the agent {name!r} is not built yet in this version")
        else:
            hint = did_you_mean(name, {*self.names.agents, *self.builtins}) or "declare it under `agents`"
            self._add(path, "undefined-agent", f"there is no agent {name!r}", hint)

    def _check_dependencies(self, path: Path, task: TaskSpec) -> None:
        counts = Counter(each.task for each in task.depends_on)
        for index, each in enumerate(task.depends_on):
            place = (*path, "depends_on", index)
            if each.task == task.name:
                self._add(place, "self-dependency", "it depends on itself")
            elif counts[each.task] > 1:
                self._add(place, "duplicate-dependency", f"it depends on {each.task!r} more than once")
                counts[each.task] = 1
            else:
                self._check_dependency(place, each)

    def _check_dependency(self, place: Path, wanted: Dependency) -> None:
        own = self.names.finally_ if place[0] == "finally" else self.names.tasks
        name = wanted.task
        if name not in self.names.all_tasks:
            hint = did_you_mean(name, own)
            self._add(place, "unknown-task", f"it depends on {name!r}, which does not exist", hint)
        elif name not in own:
            why = (
                "which is no task of `finally`: those run after all others anyway"
                if place[0] == "finally"
                else "which runs in `finally`, at the end"
            )
            self._add(place, "finally-dependency", f"it depends on {name!r}, {why}")
        elif wanted.on == "failed" and name in self.lenient:
            self._add(
                place, "never-runs",
                f"it waits for {name!r} to fail, and a failure of {name!r} counts as completed",
                f"remove `continue_on_failure` from {name!r}", severity="warning",
            )  # fmt: skip

    def _check_idle_timeout(self, path: Path, task: TaskSpec) -> None:
        """Warn of one that another limit always comes before."""
        workflow, config = self.validated.workflow, self.configs.get(task.agent_name)
        if task.idle_timeout is None or workflow is None:
            return
        whole = attempt_timeout(workflow, config) if config is not None else None
        limits = {"the task's own `timeout`": task.timeout, f"the timeout of {task.agent_name!r}": whole}
        for which, limit in limits.items():
            if limit is not None and limit <= task.idle_timeout:
                self._add(
                    (*path, "idle_timeout"), "never-passes",
                    f"`idle_timeout` never passes: {which} does after {limit:g} s", severity="warning",
                )  # fmt: skip
                return

    def _check_action(self, path: Path, task: TaskSpec, agent: type[AgentConfig]) -> None:
        place, action, name = (*path, "action"), task.action, task.agent_name
        if has_template(action) or self._is_made_up(path, "action"):
            return
        if agent.actions is not None and action not in agent.actions:
            hint = did_you_mean(action, agent.actions) or "it knows " + ", ".join(sorted(agent.actions))
            self._add(place, "unknown-action", f"the agent {name!r} has no action {action!r}", hint)
        elif problem := agent.action_problem(action):
            self._add(place, "unknown-action", f"{action!r} cannot be an action of {name!r}: {problem}")
        elif name in self.configs and (problem := self.configs[name].refusal(action)):
            self._add(place, "not-granted", f"the agent {name!r} does not do {action!r}: {problem}")
        elif (model := agent.parameters_model(action)) is not None:
            self._check_parameters(path, task, model)

    def _check_parameters(self, path: Path, task: TaskSpec, model: type[BaseModel]) -> None:
        try:
            model.model_validate(task.parameters)
        except ValidationError as error:
            located: list[Located] = []
            for each in error.errors(include_url=False):
                inner, value = node_of(each, task.parameters)
                if each["type"] in _KEY_PROBLEMS or not holds_template(value):
                    located.append((self.validated.locate((*path, "parameters", *inner)), each))
            explain(self.problems, model, located, self.validated.data)


def holds_template(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(holds_template, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_template, value))
    return isinstance(value, str) and has_template(value)
