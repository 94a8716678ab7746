"""What the templates of a document refer to: syntax, unknown names, and where a secret may stand."""

from collections.abc import Iterator
from typing import Any

from lead_tui.flow.checks import Names, numbered_tasks
from lead_tui.flow.diagnostics import Path, Problems, did_you_mean
from lead_tui.flow.explain import place_of
from lead_tui.flow.models import TaskSpec
from lead_tui.flow.validate import Validated
from lead_tui.templating.environment import has_template
from lead_tui.templating.paths import ROOTS, survey
from lead_tui.templating.paths import Path as Way

Told = tuple[str, str, str]  # code, message, hint

TASK_ATTRIBUTES = ("result", "status", "error", "attempts", "duration", "meta")
RUN_ATTRIBUTES = ("id", "name", "started_at")
_NOT_BUILT_NAMES = frozenset(("item", "index", "key", "loop"))


def check_templates(validated: Validated, names: Names, problems: Problems) -> None:
    workflow = validated.workflow
    assert workflow is not None  # noqa: S101 - the caller built the graph of it
    secrets = {name for name, spec in workflow.inputs.items() if spec.secret}
    checker = _TemplateChecks(validated, names, problems, secrets)
    for path, task in numbered_tasks(workflow):
        for field, value, expression in _fields(task):
            for inner, text in _texts(value, (*path, field)):
                checker.check(inner, text, expression, task)
    for name, value in workflow.outputs.items():
        for inner, text in _texts(value, ("outputs", name)):
            checker.check(inner, text, False, None)
    _warn_of_agents(validated.data, problems)


def _fields(task: TaskSpec) -> Iterator[tuple[str, Any, bool]]:
    if isinstance(task.when, str):
        yield "when", task.when, True
    if task.parameters:
        yield "parameters", task.parameters, False
    if task.expect:
        yield "expect", task.expect, True
    if task.output is not None:
        yield "output", task.output, False


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, (*path, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _texts(each, (*path, index))


def _warn_of_agents(data: dict[str, Any], problems: Problems) -> None:
    agents = data.get("agents")
    for index, agent in enumerate(agents if isinstance(agents, list) else ()):
        for path, text in _texts(agent, ("agents", index)):
            if _looks_for_a_value(path, text):
                problems.add(
                    path, "template-not-allowed", "a template in an agent stays as it is",
                    "use ${NAME} here, or put it into the parameters of a task", severity="warning",
                )  # fmt: skip


def _looks_for_a_value(path: Path, text: str) -> bool:
    """Would somebody who reads it expect a value there? `instructions` go to a model word for word."""
    names = {way.keys[0] for way in survey(text).paths} if has_template(text) else set()
    return bool(names if path[2:] == ("instructions",) else names & ROOTS)


class _TemplateChecks:
    def __init__(self, validated: Validated, names: Names, problems: Problems, secrets: set[str]) -> None:
        self.validated = validated
        self.names = names
        self.problems = problems
        self.secrets = secrets

    def check(self, path: Path, text: str, expression: bool, task: TaskSpec | None) -> None:
        """`task` is None for the run's outputs."""
        if not expression and not has_template(text):
            return
        located = self.validated.locate(path)
        layout = self.problems.layout(located, text)
        found = survey(text if layout is None else layout, expression)
        where = "outputs" if task is None else place_of(located, self.validated.data)
        told = [("template-syntax", str(error), "", error.line) for error in found.errors]
        told += [(*each, way.line) for way in found.paths for each in self._path(way, path, task)]
        for code, message, hint, line in told:
            line = 0 if layout is None else line  # noqa: PLW2901 - unknown then
            self.problems.add(located, code, f"{where}: {message}", hint, line=line)

    def _path(self, way: Way, path: Path, task: TaskSpec | None) -> Iterator[Told]:
        if way.keys[0] == "tasks":
            yield from self._task(way, path, task)
        elif way.keys[0] == "inputs":
            yield from self._input(way, path)
        else:
            yield from self._name(way, path)

    def _task(self, way: Way, path: Path, task: TaskSpec | None) -> Iterator[Told]:
        name, attribute = (*way.keys[1:], None, None)[:2]
        if not isinstance(name, str):
            return  # told with the syntax
        if task is not None and name == task.name:
            hint = "`result` is the task's own result in expect and output"
            yield "self-dependency", "the task refers to itself", hint
        elif name not in self.names.all_tasks:
            yield "unknown-task", f"there is no task {name!r}", did_you_mean(name, self.names.all_tasks)
        elif path[0] == "tasks" and name not in self.names.tasks:
            yield "finally-dependency", f"{name!r} runs in `finally`, at the end", ""
        if isinstance(attribute, str) and attribute not in TASK_ATTRIBUTES:
            hint = did_you_mean(attribute, TASK_ATTRIBUTES) or f"what it returned is tasks.{name}.result"
            yield "unknown-name", f"a task has no {attribute!r}", hint

    def _input(self, way: Way, path: Path) -> Iterator[Told]:
        name = way.keys[1] if len(way.keys) > 1 and isinstance(way.keys[1], str) else None
        if name is not None and name not in self.names.inputs:
            yield "unknown-input", f"there is no input {name!r}", did_you_mean(name, self.names.inputs)
        for secret in sorted(self.secrets if name is None else self.secrets & {name}):
            if path[2:3] != ("parameters",):
                yield "secret-in-template", f"the secret input {secret!r} may stand in parameters only", ""
            elif name is None or way.processed:
                hint = f"write {{{{ inputs.{secret} }}}} alone or inside text"
                yield "secret-in-template", f"the secret input {secret!r} takes no filter or operator", hint

    def _name(self, way: Way, path: Path) -> Iterator[Told]:
        name, attribute = (*way.keys, None)[:2]
        roots = ROOTS | ({"result"} if path[2:3] in (("expect",), ("output",)) else set())
        if name == "run":
            if attribute is not None and attribute not in RUN_ATTRIBUTES:
                yield "unknown-name", f"`run` has no {attribute!r}", did_you_mean(attribute, RUN_ATTRIBUTES)
        elif name in roots:
            return
        elif name in _NOT_BUILT_NAMES:
            yield "not-built", f"{name!r} is not built yet in this version", ""
        elif name == "result":
            yield "unknown-name", "`result` is known in expect and output only", "read tasks.NAME.result"
        else:
            hint = did_you_mean(name, roots) or ("inputs." + name if name in self.names.inputs else "")
            yield "unknown-name", f"there is no {name!r} here", hint
