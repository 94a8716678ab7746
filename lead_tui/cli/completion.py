"""What the shell offers behind a word: runs of the journal, tasks of a run, agents of a flow.

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
def agents(given: dict[str, Any]) -> Found:
    from lead_tui.flow.loader import environment_for
    from lead_tui.runner.engine import load_file

    path = Path(str(given.get("flow")))
    for agent in load_file(path, environment_for(path.resolve().parent)).workflow.agents:
        yield agent.name, agent.type
