"""Graphs of tasks, the documents made of them, and the engine that runs these."""

import random
from pathlib import Path
from typing import Any

from lead_tui.agents.mock import MockConfig
from lead_tui.flow.graph import build_graph
from lead_tui.flow.loader import Document
from lead_tui.flow.models import AgentConfig, TaskSpec, Workflow
from lead_tui.journal.base import Journal
from lead_tui.runner.engine import Engine

Needs = dict[str, tuple[str, ...]]
"""Each task with those it waits for; a task stands behind all that it needs."""


def chain(length: int) -> Needs:
    return {f"t{n}": (f"t{n - 1}",) if n else () for n in range(length)}


def fan(width: int) -> Needs:
    """One, then `width` at once, then one."""
    middle = {f"m{n}": ("first",) for n in range(width)}
    return {"first": (), **middle, "last": tuple(middle)}


def layered(size: int, width: int = 50, seed: int = 7) -> Needs:
    """Layers of `width`; each task needs one to three of the layer before."""
    draw = random.Random(seed)
    needs: Needs = {}
    for number in range(size):
        layer = number // width
        before = range((layer - 1) * width, layer * width)
        chosen = draw.sample(before, draw.randint(1, 3)) if layer else []
        needs[f"t{number}"] = tuple(f"t{each}" for each in chosen)
    return needs


def layers_of_100(size: int) -> Needs:
    """Each task needs the one above it, and every second one its neighbour too."""
    needs: Needs = {}
    for number in range(size):
        above = number - 100
        beside = (above // 100) * 100 + (above + 1) % 100
        needs[f"t{number}"] = () if above < 0 else (f"t{above}", f"t{beside}")[: 1 + number % 2]
    return needs


NO_OP = MockConfig(name="agent", type="mock", results={"work": None})


def document(
    needs: Needs,
    agent: AgentConfig = NO_OP,
    *,
    action: str = "work",
    parameters: dict[str, Any] | None = None,
    max_parallel: int = 1000,
    stored: bool = True,
) -> Document:
    """As the loader would make it. `stored` False: without the plain data that the journal would keep."""
    specs = [
        {"name": name, "agent_name": agent.name, "action": action, "depends_on": list(before),
         **({"parameters": parameters} if parameters else {})}
        for name, before in needs.items()
    ]  # fmt: skip
    workflow = Workflow(
        name="benchmark",
        parallel_execution=True,
        max_parallel=max_parallel,
        agents=(agent,),
        tasks=tuple(TaskSpec.model_validate(spec) for spec in specs),
    )
    raw = {"name": "benchmark", "parallel_execution": True, "tasks": specs} if stored else {}
    return Document(workflow, raw, frozenset(), Path(), "", build_graph(workflow), ())


async def run_on(journal: Journal, ready: Document) -> None:
    """From `start` to the end of a run that must complete."""
    run = await Engine(journal).start(ready, {}, environment={})
    result = await run.wait()
    assert result.status == "completed", result
    assert len(result.results) == len(ready.workflow.tasks)
