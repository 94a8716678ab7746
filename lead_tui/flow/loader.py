"""A file or plain data to a `Document` that can run: every problem told at once, nothing started.

Agent types are handed in (`agent_types` gives the config model of a type or None): this layer knows none.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lead_tui.errors import InvalidFlow, UsageError
from lead_tui.flow import document, secrets
from lead_tui.flow.check_templates import check_templates
from lead_tui.flow.checks import Names, check
from lead_tui.flow.diagnostics import Diagnostic, Problems
from lead_tui.flow.graph import Graph, build_graph
from lead_tui.flow.inputs import parse_text, read_bounded
from lead_tui.flow.models import Workflow
from lead_tui.flow.plain import plain_data
from lead_tui.flow.validate import AgentTypes, Validated, validate
from lead_tui.flow.variables import Substitution, environment_for, holds_variable, read_env_file

__all__ = ["Document", "environment_for", "load", "load_data", "load_text", "read_env_file"]


@dataclass(frozen=True, slots=True)
class Document:
    """A flow that can run.

    `raw` is the plain data to store: `${NAME}` kept, literal secrets replaced by `***`. `secrets` are the
    texts to mask everywhere. `folder` is where relative paths start, `source` the file or "".
    `environment` is what it was read in.
    """

    workflow: Workflow = field(repr=False)
    raw: dict[str, Any]
    secrets: frozenset[str] = field(repr=False)
    folder: Path
    source: str
    graph: Graph
    warnings: tuple[Diagnostic, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


def load(
    path: Path,
    *,
    agent_types: AgentTypes,
    type_names: Sequence[str] = (),
    environment: Mapping[str, str],
) -> Document:
    """Read a flow from its file. Raises InvalidFlow, MissingSecret, or UsageError if it cannot be read."""
    return load_text(
        _bytes(path), path, agent_types=agent_types, type_names=type_names, environment=environment
    )


def load_text(
    text: str | bytes,
    path: Path,
    *,
    agent_types: AgentTypes,
    type_names: Sequence[str] = (),
    environment: Mapping[str, str],
) -> Document:
    """Read a flow from a text as if it stood in the file `path`, which need not exist. Raises as `load`."""
    data, problems = _parsed(text, path)
    return _Loading(agent_types, type_names, environment, problems).document(
        data, path.resolve().parent, str(path.resolve())
    )


def load_data(
    data: dict[str, Any],
    *,
    folder: Path,
    source: str = "",
    agent_types: AgentTypes,
    type_names: Sequence[str] = (),
    environment: Mapping[str, str],
    original: Path | None = None,
) -> Document:
    """Read a flow from plain data: from Python, or as a journal stored it.

    A stored document may have `***` in place of secrets: they come from the file `original` if it still holds
    them; else MissingSecret is raised. Raises InvalidFlow.
    """
    problems = Problems(source)
    plain = plain_data(data, problems)
    problems.raise_errors()
    return _Loading(agent_types, type_names, environment, problems).document(
        plain, folder, source, _stored_secrets(original)
    )


def _bytes(path: Path) -> bytes:
    try:
        return read_bounded(path)
    except OSError as error:
        raise UsageError(f"the flow {path} cannot be read: {error.strerror or error}") from None


def _parsed(text: str | bytes, path: Path) -> tuple[Any, Problems]:
    data, positions, found = document.read(text, str(path))
    problems = Problems(str(path), positions)
    problems.extend(found)
    return data, problems


def _stored_secrets(original: Path | None) -> dict[str, Any] | None:
    if original is None:
        return None
    try:
        data, _ = _parsed(_bytes(original), original)
    except (InvalidFlow, UsageError):
        return None
    return data if isinstance(data, dict) else None


class _Builtins(Collection[str]):
    """Agents that need no declaration. A type is imported when its name is looked for, all of them only when
    somebody wants to see each.
    """

    def __init__(self, agent_types: AgentTypes, type_names: Sequence[str]) -> None:
        self._agent_types = agent_types
        self._type_names = type_names

    def __contains__(self, name: object) -> bool:
        return name in self._type_names and self._is_builtin(str(name))

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._type_names if self._is_builtin(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _is_builtin(self, name: str) -> bool:
        model = self._agent_types(name)
        return model is not None and model.builtin


class _Loading:
    def __init__(
        self,
        agent_types: AgentTypes,
        type_names: Sequence[str],
        environment: Mapping[str, str],
        problems: Problems,
    ) -> None:
        self.agent_types = agent_types
        self.type_names = type_names
        self.environment = environment
        self.problems = problems

    def document(
        self, raw: Any, folder: Path, source: str, original: dict[str, Any] | None = None
    ) -> Document:
        if not isinstance(raw, dict):
            self.problems.add((), "wrong-type", "a flow is a map with `name`, `agents` and `tasks`")
            self.problems.raise_errors()
        raw = secrets.restored(raw, original, self.environment)
        secrets.warn_of_literals(raw, self.problems)
        substitution = Substitution(self.environment, self.problems)
        data = _typed_defaults(substitution.apply(raw), raw, self.problems)
        validated = validate(data, self.problems, self.agent_types, self.type_names)
        graph = self._check(validated)
        self.problems.raise_errors()
        assert validated.workflow is not None and graph is not None  # noqa: S101 - no errors: it is whole
        validated.workflow.origin.data, validated.workflow.origin.folder = raw, folder
        return Document(
            workflow=validated.workflow,
            raw=secrets.masked(raw),
            secrets=secrets.secret_values(data, substitution.uses),
            folder=folder,
            source=source,
            graph=graph,
            warnings=self.problems.warnings,
            environment=self.environment,
        )

    def _check(self, validated: Validated) -> Graph | None:
        if validated.workflow is None:
            return None
        names = Names(validated.data)
        validated.workflow = self._with_builtins(validated.workflow, names)
        graph = build_graph(validated.workflow)
        builtins = _Builtins(self.agent_types, self.type_names)
        check(validated, graph, names, self.problems, builtins, self.environment)
        check_templates(validated, names, self.problems)
        return graph

    def _with_builtins(self, workflow: Workflow, names: Names) -> Workflow:
        """Built-in agents that tasks use join the declared ones, named like their type."""
        used = dict.fromkeys(task.agent_name for task in workflow.all_tasks)
        added = []
        for name in used:
            model = None if name in names.agents else self.agent_types(name)
            if model is not None and model.builtin:
                added.append(model(name=name, type=name))
        return workflow.model_copy(update={"agents": (*workflow.agents, *added)}) if added else workflow


def _typed_defaults(data: dict[str, Any], raw: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """Defaults of inputs that came from variables, read as the input's type."""
    inputs = data.get("inputs")
    for name, spec in inputs.items() if isinstance(inputs, dict) else ():
        if not isinstance(spec, dict) or not isinstance(default := spec.get("default"), str):
            continue
        if holds_variable(raw["inputs"][name]["default"]) and isinstance(
            kind := spec.get("type", "string"), str
        ):
            try:
                spec["default"] = parse_text(kind, default)
            except ValueError as error:
                problems.add(("inputs", name, "default"), "bad-input", f"input {name!r}: the default {error}")
                spec["default"] = None
    return data
