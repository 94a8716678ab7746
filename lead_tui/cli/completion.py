"""What the shell offers behind a word: runs, their tasks, gates and agents, the agents of a flow.

Whatever goes wrong, there is nothing to offer: a shell's prompt is no place for an error.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

Found = Iterator[tuple[str, str]]
Complete = Callable[[typer.Context, str], list[tuple[str, str]]]


def _quietly(offer: Callable[[dict[str, Any]], Found]) -> Complete:
    """Make a completion of what `offer` finds, given the words that are there already."""

    def complete(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        from lead_tui.errors import LeadError

        try:
            return [each for each in offer(ctx.params) if each[0].startswith(incomplete)]
        except (LeadError, OSError):
            return []

    return complete


@_quietly
def runs(given: dict[str, Any]) -> Found:
    from lead_tui.cli.session import existing

    yield "last", "the newest run"
    with existing(given.get("db"), read_only=True) as engine:
        for row in engine.journal.runs(limit=50):
            yield row.id, f"{row.name}, {row.status}"


@_quietly
def tasks(given: dict[str, Any]) -> Found:
    from lead_tui.cli.session import existing

    with existing(given.get("db"), read_only=True) as engine:
        plan = engine.journal.record(engine.journal.find(str(given.get("run")))).plan
    for task in plan.tasks:
        yield task.name, f"{task.agent} {task.action}"


@_quietly
def agents_of_run(given: dict[str, Any]) -> Found:
    from lead_tui.cli.session import existing

    with existing(given.get("db"), read_only=True) as engine:
        plan = engine.journal.record(engine.journal.find(str(given.get("run")))).plan
    for name in dict.fromkeys(task.agent for task in plan.tasks):
        yield name, ", ".join(task.name for task in plan.tasks if task.agent == name)[:60]


@_quietly
def gates(given: dict[str, Any]) -> Found:
    from lead_tui.cli.session import existing
    from lead_tui.core.views import open_gates
    from lead_tui.text.safe import safe_line

    with existing(given.get("db"), read_only=True) as engine:
        state, _ = engine.fold(engine.journal.find(str(given.get("run"))))
    for gate in open_gates(state):
        yield gate.request.gate, safe_line(gate.request.message, 60)


@_quietly
def agents(given: dict[str, Any]) -> Found:
    """Read without the variables of the flow: none needs to be set, or to be right, to name an agent."""
    from lead_tui.flow.document import parse
    from lead_tui.flow.inputs import read_bounded

    path = Path(str(given.get("flow")))
    data, _ = parse(read_bounded(path), str(path))
    for agent in _maps(data, "agents"):
        yield str(agent.get("name", "")), str(agent.get("type", ""))
    named = {str(agent.get("name")) for agent in _maps(data, "agents")}
    used = (task.get("agent_name") for part in ("tasks", "finally") for task in _maps(data, part))
    for name in dict.fromkeys(each for each in used if isinstance(each, str) and each not in named):
        yield name, "built in"


@_quietly
def tools(given: dict[str, Any]) -> Found:
    from lead_tui.tools.registry import all_tools

    for tool in all_tools():
        yield tool.name, tool.description


def _maps(data: Any, key: str) -> list[dict[str, Any]]:
    found = data.get(key) if isinstance(data, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
