"""What the templates of a document refer to: syntax, unknown names, and where a secret may stand."""

from collections.abc import Iterator
from typing import Any

from lead_tui.errors import TemplateError
from lead_tui.flow.checks import Names, numbered_tasks
from lead_tui.flow.diagnostics import Path, Problems, did_you_mean
from lead_tui.flow.models import TaskSpec
from lead_tui.flow.validate import Validated
from lead_tui.templating.environment import has_template
from lead_tui.templating.references import WHOLE, References, references

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
            if has_template(text) and ("inputs." in text or "tasks." in text):
                problems.add(
                    path, "template-not-allowed", "a template in an agent stays as it is",
                    "use ${NAME} here, or put it into the parameters of a task", severity="warning",
                )  # fmt: skip


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
        try:
            found = references(text, expression)
        except TemplateError as error:
            self.problems.add(located, "template-syntax", f"{_owner(task)}: {error}", line=error.line)
            return
        for code, message, hint in (
            *self._tasks(found, path, task),
            *self._inputs(found),
            *self._names(found, path),
            *self._secrets(found, path),
        ):
            self.problems.add(located, code, f"{_owner(task)}: {message}", hint, line=1)

    def _tasks(self, found: References, path: Path, task: TaskSpec | None) -> Iterator[tuple[str, str, str]]:
        for name, attributes in sorted(found.tasks.items()):
            if task is not None and name == task.name:
                hint = "`result` is the task's own result in expect and output"
                yield "self-dependency", "the task refers to itself", hint
            elif name not in self.names.all_tasks:
                yield "unknown-task", f"there is no task {name!r}", did_you_mean(name, self.names.all_tasks)
            elif path[0] == "tasks" and name not in self.names.tasks:
                yield "finally-dependency", f"{name!r} runs in `finally`, at the end", ""
            for attribute in sorted(attributes - {WHOLE, *TASK_ATTRIBUTES}):
                hint = did_you_mean(attribute, TASK_ATTRIBUTES) or f"what it returned is tasks.{name}.result"
                yield "unknown-name", f"a task has no {attribute!r}", hint

    def _inputs(self, found: References) -> Iterator[tuple[str, str, str]]:
        for name in sorted(found.inputs - self.names.inputs - {WHOLE}):
            yield "unknown-input", f"there is no input {name!r}", did_you_mean(name, self.names.inputs)

    def _names(self, found: References, path: Path) -> Iterator[tuple[str, str, str]]:
        roots = {"inputs", "tasks", "run"} | (
            {"result"} if path[2:3] in (("expect",), ("output",)) else set()
        )
        for name in sorted(found.names - roots):
            if name in _NOT_BUILT_NAMES:
                yield "not-built", f"{name!r} is not built yet in this version", ""
            elif name == "result":
                yield "unknown-name", "`result` is known in expect and output only", "read tasks.NAME.result"
            else:
                hint = did_you_mean(name, roots) or ("inputs." + name if name in self.names.inputs else "")
                yield "unknown-name", f"there is no {name!r} here", hint
        for each in found.paths:
            attribute = each.removeprefix("run.").partition(".")[0]
            if each.startswith("run.") and attribute not in RUN_ATTRIBUTES:
                yield "unknown-name", f"`run` has no {attribute!r}", did_you_mean(attribute, RUN_ATTRIBUTES)

    def _secrets(self, found: References, path: Path) -> Iterator[tuple[str, str, str]]:
        if not self.secrets:
            return
        used = self.secrets if WHOLE in found.inputs else self.secrets & found.inputs
        allowed = path[2:3] == ("parameters",)
        for name in sorted(used):
            if not allowed:
                yield "secret-in-template", f"the secret input {name!r} may stand in parameters only", ""
            elif WHOLE in found.processed or name in found.processed:
                hint = f"write {{{{ inputs.{name} }}}} alone or inside text"
                yield "secret-in-template", f"the secret input {name!r} takes no filter or operator", hint


def _owner(task: TaskSpec | None) -> str:
    return "outputs" if task is None else f"task {task.name!r}"
