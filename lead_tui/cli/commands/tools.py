"""`leadtui tools`: the tools that are installed, ours and those of plugins; one of them in full; one call."""

import json
import os
import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lead_tui.cli import completion, options, session
from lead_tui.cli.terminal import out, out_json, say, short, table
from lead_tui.errors import AgentError, UsageError
from lead_tui.flow.diagnostics import did_you_mean, one_of
from lead_tui.runner.result import ExitCode
from lead_tui.tools import registry
from lead_tui.tools.call import call_tool
from lead_tui.tools.context import ToolContext
from lead_tui.tools.grants import absolute
from lead_tui.tools.hosts import Hosts
from lead_tui.tools.tool import LEVELS, Tool

EXAMPLES = (
    "leadtui tools",
    "leadtui tools show calculate_metrics",
    "leadtui tools call calculate_metrics -p 'data=[1, 2, 3]'",
    "leadtui tools call read_file -p path=data/notes.txt --root data",
)
_GRANTS = {"roots": ("--root", "."), "hosts": ("--host", "example.com")}
_WORDS = ("list", "show", "call")
_EXAMPLES_OF = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}


def command(
    word: Annotated[
        str, typer.Argument(metavar="[list|show|call]", help="What to do.", show_default=False)
    ] = "list",
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", autocompletion=completion.tools, help="The tool's name.", show_default=False
        ),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--parameter",
            metavar="NAME=VALUE",
            help="An argument: JSON, else text.",
            show_default=False,
        ),
    ] = None,
    roots: Annotated[
        list[Path] | None,
        typer.Option(
            "--root", metavar="DIR", help="A folder that it may touch (repeatable).", show_default=False
        ),
    ] = None,
    hosts: Annotated[
        list[str] | None,
        typer.Option(
            "--host", metavar="HOST", help="A host that it may call (repeatable).", show_default=False
        ),
    ] = None,
    access_level: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(LEVELS), help="The highest level to call; public by default.", show_default=False
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List the tools that are installed, show one, or call one.

    A call may have only public tools, or restricted ones with --root, --host or --access-level.
    """
    if word not in _WORDS:
        raise UsageError(f"there is no `tools {word}`; {did_you_mean(word, _WORDS) or one_of(_WORDS)}")
    if word == "list":
        return _list(as_json)
    if name is None:
        raise UsageError(f"`tools {word}` needs the NAME of a tool; `leadtui tools` lists them")
    tool = registry.find_tool(name)
    if word == "show":
        return _show(tool, as_json)
    _check_level(tool, access_level, granted=bool(roots or hosts))
    return _call(tool, _arguments(tool, parameters), _context(roots or [], hosts or []), as_json)


def _list(as_json: bool) -> None:
    tools, broken = registry.all_tools(), registry.broken()
    if as_json:
        return out_json([*map(_summary, tools), *broken])
    rows = [(each.name, each.access_level, each.category, each.source, each.description) for each in tools]
    out(table(("NAME", "LEVEL", "CATEGORY", "FROM", "DESCRIPTION"), rows))
    for each in broken:
        say(f"{each.name} of {each.source} cannot be used: {each.problem}")
    return None


def _summary(tool: Tool) -> dict[str, Any]:
    limit = tool.rate_limit
    return {
        "name": tool.name,
        "description": tool.description,
        "category": tool.category,
        "access_level": tool.access_level,
        "rate_limit": None if limit is None else limit.model_dump(),
        "source": tool.source,
    }


def _show(tool: Tool, as_json: bool) -> None:
    if as_json:
        return out_json(_summary(tool) | {"schema": tool.schema})
    limit = tool.rate_limit
    lines = [
        f"{tool.name}: {tool.description}",
        f"  level      {tool.access_level}",
        f"  category   {tool.category}",
    ]
    if limit is not None:
        lines.append(f"  limit      {limit.requests} calls in {limit.per:g} seconds")
    lines += [f"  from       {tool.source}", "", "arguments"]
    lines += [f"  {line}" for line in _argument_lines(tool.schema)] or ["  none"]
    lines += ["", "example", f"  {_example(tool)}"]
    return out("\n".join(lines))


def _argument_lines(schema: dict[str, Any]) -> list[str]:
    required = schema.get("required", ())
    properties: dict[str, Any] = schema["properties"]
    wide = max(map(len, properties), default=0)
    return [
        f"{name.ljust(wide)}  {_kind(each)}{', required' if name in required else ''}{_default(each)}"
        f"  {each.get('description', '')}".rstrip()
        for name, each in properties.items()
    ]


def _kind(each: dict[str, Any]) -> str:
    if "enum" in each or "const" in each:
        return "|".join(str(value) for value in each.get("enum", [each.get("const")]))
    if "anyOf" in each:
        return " or ".join(dict.fromkeys(_kind(option) for option in each["anyOf"]))
    return str(each.get("type") or each.get("$ref", "any value").rpartition("/")[2])


def _default(each: dict[str, Any]) -> str:
    return f", {short(each['default'], 40)} by default" if each.get("default") not in (None, "") else ""


def _example(tool: Tool) -> str:
    """A call that can be typed, with a value of the right type for what must be given."""
    properties, words = tool.schema["properties"], ["leadtui", "tools", "call", tool.name]
    for name in tool.schema.get("required", ()):
        examples = properties[name].get("examples") or [
            _EXAMPLES_OF.get(str(properties[name].get("type")), "text")
        ]
        value = examples[0]
        text = value if isinstance(value, str) else json.dumps(value)
        words += ["-p", f"{name}={text}"]
    for need in tool.needs:
        words += _GRANTS[need]
    if tool.access_level == "admin" or (tool.access_level == "restricted" and not tool.needs):
        words += ["--access-level", tool.access_level]
    return shlex.join(words)


def _check_level(tool: Tool, level: str | None, *, granted: bool) -> None:
    if level is not None and level not in LEVELS:
        raise UsageError(f"--access-level is {one_of(LEVELS)}")
    allowed = level or ("restricted" if granted else "public")
    if LEVELS.index(tool.access_level) > [*LEVELS].index(allowed):
        raise UsageError(
            f"{tool.name} is {tool.access_level}: grant what it needs with --root DIR or --host HOST, "
            f"or call it with --access-level {tool.access_level}"
            if tool.access_level == "restricted"
            else f"{tool.name} is {tool.access_level}: call it with --access-level {tool.access_level}"
        )


def _arguments(tool: Tool, texts: list[str] | None) -> dict[str, Any]:
    """What is meant as text stays text: `-p text=1` is no number."""
    known = tool.schema["properties"]
    return {
        name: text if known.get(name, {}).get("type") == "string" else _value(text)
        for name, text in session.pairs(texts, "-p").items()
    }


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _context(roots: list[Path], hosts: list[str]) -> ToolContext:
    folder = Path.cwd()
    try:
        granted = Hosts.parse(tuple(hosts))
    except ValueError as error:
        raise UsageError(f"--host: {error}") from None
    for root in roots:
        if root.exists() and not root.is_dir():
            raise UsageError(f"--root {root}: it is no folder; name the one that the file lies in")
    return ToolContext(
        folder=folder,
        environment=os.environ.copy(),
        roots=tuple(absolute(folder, str(root)) for root in roots),
        hosts=granted,
        log=_log,
    )


def _log(text: str, level: Literal["debug", "info", "warning", "error"] = "info") -> None:
    if level != "debug":
        say(text)


def _call(tool: Tool, arguments: dict[str, Any], context: ToolContext, as_json: bool) -> None:
    try:
        result = session.wait_for(_made(tool, arguments, context))
    except AgentError as error:
        if not as_json:
            raise
        out_json({"success": False, "result": None, "error": error.failure})
        raise typer.Exit(ExitCode.FAILED) from None
    if as_json:
        return out_json({"success": True, "result": result, "error": None})
    return out(result) if isinstance(result, str) else out_json(result)


async def _made(tool: Tool, arguments: dict[str, Any], context: ToolContext) -> Any:
    try:
        return await call_tool(tool, arguments, context)
    finally:
        for value in context.shared.values():
            if hasattr(value, "aclose"):
                await value.aclose()
