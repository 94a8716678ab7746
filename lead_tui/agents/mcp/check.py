"""What only a server can tell of a flow before it runs.

Are the tools there that its tasks call and its agents are granted, and do literal parameters fit?
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from lead_tui.agents.mcp.config import FIXED, McpServerConfig
from lead_tui.agents.mcp.link import Surroundings
from lead_tui.agents.mcp.session import Session
from lead_tui.agents.mcp.tools import Tools
from lead_tui.errors import AgentError
from lead_tui.flow.checks import holds_template
from lead_tui.flow.diagnostics import Path
from lead_tui.flow.models import TaskSpec, Workflow
from lead_tui.tools.grants import ALL, ToolGrants


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` leads to its place in the document."""

    path: Path
    code: str
    message: str
    hint: str = ""


async def problems(workflow: Workflow, index: int, around: Surroundings) -> list[Problem]:
    """Connect to the server that is the agent at `index`, ask for its tools, close it, and look."""
    config = workflow.agents[index]
    assert isinstance(config, McpServerConfig)  # noqa: S101 - the caller looked
    session = Session(config, around)
    try:
        await session.ready()
        tools = await session.tools()
    except AgentError as error:
        text = f"agent {config.name!r}: {error.failure.message}"
        return [Problem(("agents", index), "cannot-connect", around.mask(text))]
    finally:
        await session.end()
    tasks = _tasks(workflow, config.name)
    found = [each for path, task in tasks async for each in _of_task(path, task, tools)]
    return found + list(_of_grants(workflow, config.name, tools))


def _tasks(workflow: Workflow, agent: str) -> Iterator[tuple[Path, TaskSpec]]:
    for group, tasks in (("tasks", workflow.tasks), ("finally", workflow.finally_)):
        for number, task in enumerate(tasks):
            if task.agent_name == agent and task.action not in FIXED:
                yield (group, number), task


def _of_grants(workflow: Workflow, server: str, tools: Tools) -> Iterator[Problem]:
    for index, agent in enumerate(workflow.agents):
        if not isinstance(agent, ToolGrants):
            continue
        for number, grant in enumerate(agent.tools):
            of, tool = grant.of_server or ("", "")
            if of == server and tool != ALL and tools.get(tool) is None:
                text = f"agent {agent.name!r}: the server {server!r} has no tool {tool!r}"
                yield Problem(("agents", index, "tools", number), "unknown-tool", text, tools.hint(tool))


async def _of_task(path: Path, task: TaskSpec, tools: Tools) -> AsyncIterator[Problem]:
    tool = tools.get(task.action)
    if tool is None:
        text = f"task {task.name!r}: the server {task.agent_name!r} has no tool {task.action!r}"
        yield Problem((*path, "action"), "unknown-tool", text, tools.hint(task.action))
        return
    for misfit in await tool.misfits(task.parameters):
        if misfit.of_keys or not holds_template(misfit.value):  # nobody knows yet what a template gives
            text = f"task {task.name!r}: parameters of {task.agent_name}.{task.action}: {misfit}"
            yield Problem((*path, "parameters", *misfit.path), "bad-parameters", text)
