"""Tools by name: from the entry points `lead_tui.tools`, ours too, or `register_tool`.

An entry point names a function that is a tool, and has the tool's name; or a module, and brings all tools
in it. It is imported when a flow names a tool that it may bring. A plugin that cannot be imported is an error
for who names its tool, and for nobody else.
"""

import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import msgspec

from lead_tui.errors import UsageError
from lead_tui.flow.diagnostics import did_you_mean, one_of
from lead_tui.plugins import CannotLoad, load, source
from lead_tui.tools.tool import Tool, tool_of

GROUP = "lead_tui.tools"


class Broken(msgspec.Struct, frozen=True):
    """An entry point that brings nothing, or a tool that cannot be used, and why."""

    name: str
    source: str
    problem: str


_registered: dict[str, Tool] = {}


def register_tool(function: Callable[..., Any] | Tool) -> None:
    """Make a tool known in this process, before any entry point's of that name."""
    found = tool_of(function)
    if found is None:
        raise UsageError(f"{function!r} is no tool: decorate it with @tool")
    _registered[found.name] = found


def find_tool(name: str) -> Tool:
    """The tool of this name; UsageError if there is none, or if its package cannot be imported."""
    if name in _registered:
        return _registered[name]
    points = [point for point in _entry_points() if point.attr and point.name == name] or _modules()
    found = {tool.source: tool for point in points for tool in _good(point) if tool.name == name}
    if len(found) > 1:
        raise UsageError(f"the tool {name!r} comes from {' and '.join(found)}: uninstall one of them")
    if found:
        return next(iter(found.values()))
    raise UsageError(_missing(name, points))


def all_tools() -> list[Tool]:
    """Every tool that can be used, by name. Imports them all."""
    return [tool for tool in _installed() if not tool.problem]


def broken() -> list[Broken]:
    """The entry points and tools that cannot be used. Imports them all."""
    brought = [(point, _brought(point)) for point in _entry_points()]
    points = [Broken(point.name, source(point), each) for point, each in brought if isinstance(each, str)]
    return points + [Broken(tool.name, tool.source, tool.problem) for tool in _installed() if tool.problem]


def tool_names() -> list[str]:
    return [tool.name for tool in all_tools()]


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    return tuple(dict.fromkeys(entry_points(group=GROUP)))


def _installed() -> list[Tool]:
    found = {tool.name: tool for point in _entry_points() for tool in _good(point)}
    return sorted((found | _registered).values(), key=lambda tool: tool.name)


def _modules() -> list[EntryPoint]:
    return [point for point in _entry_points() if not point.attr]


def _good(point: EntryPoint) -> tuple[Tool, ...]:
    brought = _brought(point)
    return () if isinstance(brought, str) else brought


@cache
def _brought(point: EntryPoint) -> tuple[Tool, ...] | str:
    """The tools of an entry point, or why there are none."""
    try:
        loaded = load(point)
    except CannotLoad as error:
        return str(error)
    tools = tuple(dataclasses.replace(tool, source=source(point)) for tool in _tools_in(loaded))
    if not tools:
        return f"{point.value} is no tool and no module with tools: decorate a function with @tool"
    if point.attr and tools[0].name != point.name:
        return f"the entry point is named {point.name!r}, the tool {tools[0].name!r}"
    return tools


def _tools_in(loaded: object) -> Iterator[Tool]:
    values = list(vars(loaded).values()) if isinstance(loaded, ModuleType) else [loaded]
    yield from {tool.name: tool for tool in map(tool_of, values) if tool is not None}.values()


def _missing(name: str, points: list[EntryPoint]) -> str:
    """Why there is no such tool: its own entry point is broken, or else perhaps that of a module."""
    problems = [
        f"{source(point)} cannot be loaded: {brought}"
        for point in points
        if isinstance(brought := _brought(point), str)
    ]
    if problems and points[0].attr:
        return f"the tool {name!r} of {'; '.join(problems)}"
    names = tool_names()
    hint = did_you_mean(name, names) or f"it is {one_of(names)}"
    return "; ".join((f"there is no tool {name!r}", hint, *problems))
