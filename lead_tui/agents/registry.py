"""Agent types by name: from the entry points `lead_tui.agents`, ours too, or `register_agent_type`.

A type is imported when a flow names it. A plugin that cannot be imported is an error for who names it,
and for nobody else.
"""

from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec

from lead_tui.agents.base import BaseAgent
from lead_tui.errors import UsageError
from lead_tui.flow.models import AgentConfig
from lead_tui.plugins import CannotLoad, load, source

GROUP = "lead_tui.agents"

AgentClass = type[BaseAgent[Any]]


class AgentType(msgspec.Struct, frozen=True):
    """What `leadtui agents` tells of one type. `problem` says why it cannot be used, empty if it can.

    `actions` None: any. `fields` are the settings it adds to those that every agent has. `source` is the
    distribution that brings it. `builtin`: a task may name it without a declaration.
    """

    name: str
    summary: str = ""
    actions: list[str] | None = None
    fields: list[str] = []
    source: str = ""
    builtin: bool = False
    problem: str = ""


_registered: dict[str, AgentClass] = {}


def register_agent_type(name: str, cls: AgentClass) -> None:
    """Make `cls` known as the type `name`, in this process, before any entry point of that name."""
    _registered[name] = _checked(name, cls)


def agent_class(type_name: str) -> AgentClass:
    """The class of this type; UsageError if there is none, or if its package cannot be imported."""
    if type_name in _registered:
        return _registered[type_name]
    points = _entry_points().get(type_name)
    if points is None:
        near = get_close_matches(type_name, type_names(), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(type_names())}"
        raise UsageError(f"there is no agent type {type_name!r}; {hint}")
    return _loaded(type_name, points)


def config_model(type_name: str) -> type[AgentConfig] | None:
    """The settings of this type, None for an unknown one; UsageError for one that cannot be imported."""
    return agent_class(type_name).config_model if type_name in type_names() else None


def type_names() -> list[str]:
    return sorted({*_registered, *_entry_points()})


def describe() -> list[AgentType]:
    """Every type, by name. Imports them all."""
    return [_described(name) for name in type_names()]


@cache
def _entry_points() -> dict[str, tuple[EntryPoint, ...]]:
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=GROUP):
        found[point.name] = (*found.get(point.name, ()), point)
    return found


def _loaded(name: str, points: tuple[EntryPoint, ...]) -> AgentClass:
    if len({point.value for point in points}) > 1:
        rivals = " and ".join(source(point) for point in points)
        raise UsageError(f"the agent type {name!r} comes from {rivals}: uninstall one of them")
    try:
        cls = load(points[0])
    except CannotLoad as error:
        message = f"the agent type {name!r} of {source(points[0])} cannot be loaded: {error}"
        raise UsageError(message) from error
    return _checked(name, cls, f" of {source(points[0])}")


def _checked(name: str, cls: object, whose: str = "") -> AgentClass:
    if isinstance(cls, type) and issubclass(cls, BaseAgent):
        return cls
    raise UsageError(f"the agent type {name!r}{whose} must derive from lead_tui.BaseAgent, {cls!r} does not")


def _described(name: str) -> AgentType:
    brought_by = ""
    if name not in _registered:
        brought_by = " and ".join(source(point) for point in _entry_points()[name])
    try:
        cls = agent_class(name)
    except UsageError as error:
        return AgentType(name=name, source=brought_by, problem=str(error))
    config = cls.config_model
    return AgentType(
        name=name,
        summary=(cls.__doc__ or "").strip().split("\n", 1)[0],
        actions=None if config.actions is None else sorted(config.actions),
        fields=[
            _key(config, field) for field in config.model_fields if field not in AgentConfig.model_fields
        ],
        source=brought_by or cls.__module__,
        builtin=config.builtin,
    )


def _key(config: type[AgentConfig], field: str) -> str:
    return config.model_fields[field].alias or field
