"""A flow written in Python: the same model, after the same checks, as one that comes from a file.

workflow = (
    WorkflowBuilder("weather")
    .input("city", default="Paris")
    .agent("api", "http_api", endpoint="https://example.org")
    .task("fetch", "api", "get", parameters={"query": {"city": "{{ inputs.city }}"}})
    .task("report", "shell", "run", parameters={"command": ["echo", "{{ tasks.fetch.result }}"]})
    .build()
)
"""

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr

from lead_tui.flow.models import AgentConfig, Workflow
from lead_tui.runner.engine import load_dict


class WorkflowBuilder:
    """Each method adds one thing and gives the builder back. Keys are those of the flow language."""

    def __init__(self, name: str, **settings: Any) -> None:
        """`settings`: keys of the workflow, such as `parallel_execution=True`."""
        self._data: dict[str, Any] = {"name": name, **settings}

    def set(self, **settings: Any) -> Self:
        self._data |= settings
        return self

    def input(self, name: str, type: str = "string", **spec: Any) -> Self:  # noqa: A002 - the language's word
        self._data.setdefault("inputs", {})[name] = {"type": type, **spec}
        return self

    def agent(self, name: str, type: str, **settings: Any) -> Self:  # noqa: A002 - the language's word
        self._data.setdefault("agents", []).append({"name": name, "type": type, **settings})
        return self

    def task(self, name: str, agent_name: str, action: str, **settings: Any) -> Self:
        self._add("tasks", name, agent_name, action, settings)
        return self

    def finally_(self, name: str, agent_name: str, action: str, **settings: Any) -> Self:
        """A task that runs at the end, whatever happened."""
        self._add("finally", name, agent_name, action, settings)
        return self

    def output(self, name: str, template: Any) -> Self:
        self._data.setdefault("outputs", {})[name] = template
        return self

    def build(self, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> Workflow:
        """`folder`: where relative paths start. Raises InvalidFlow with every problem found."""
        environment = os.environ if environment is None else environment
        return load_dict(self._data, folder or Path.cwd(), environment).workflow

    def as_dict(self) -> dict[str, Any]:
        """The flow as plain data: what a YAML file would hold."""
        return dict(self._data)

    def _add(self, group: str, name: str, agent_name: str, action: str, settings: dict[str, Any]) -> None:
        self._data.setdefault(group, []).append(
            {"name": name, "agent_name": agent_name, "action": action, **settings}
        )


def as_data(workflow: Workflow) -> dict[str, Any]:
    """The plain data that loads to an equal model. It holds the secrets: only the loader may have it."""
    data = _plain(workflow.model_dump(exclude_unset=True, by_alias=True, serialize_as_any=True))
    declared = zip(workflow.agents, data.get("agents", []), strict=True)
    data["agents"] = [each for agent, each in declared if not _is_implied(agent)]
    return data  # type: ignore[no-any-return]


def _is_implied(agent: AgentConfig) -> bool:
    """A built-in agent that the loader added because a task names it."""
    return agent.builtin and agent.name == agent.type and agent.model_fields_set == {"name", "type"}


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return _plain(value.get_secret_value())
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value.replace("${", "$${")  # variables were replaced when it was loaded
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value
