"""What an agent may call: tools of this process by their grants, and those of MCP servers, which are agents.

A server is asked for its tools once per attempt. A tool of a server is granted by the server's name under
`mcp_servers`, or as `server.tool` (`server.*` for all) under `tools`.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from lead_tui.agents.ai.config import AiAgentConfig
from lead_tui.agents.base import AgentContext, Begun
from lead_tui.agents.tool_calls import ToolCalls
from lead_tui.errors import AgentError, Category, Failure, failed
from lead_tui.flow.models import RateLimit
from lead_tui.tools.grants import ALL, Approval, GrantedTool

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Granted:
    """A tool as the agent gets it. `name` is the flow's: `read_file`, `time.convert_time`.

    `call` makes the call, named by its second argument, once nothing holds it back any more: then it awaits
    its third one. It raises AgentError.
    """

    name: str
    description: str
    schema: dict[str, Any]
    call: Callable[[Arguments, str, Begun], Awaitable[Any]]
    approval: Approval = "never"
    rate_limit: RateLimit | None = None


async def granted_tools(config: AiAgentConfig, calls: ToolCalls, context: AgentContext) -> list[Granted]:
    """Everything that is granted; AgentError if a server cannot be asked, or has no tool of that name."""
    for each in config.unusable_tools() if context.attempt == 1 else ():
        text = f"the tool {each.name} of {each.source} cannot be used and is left out: {each.problem}"
        context.log(text, "warning")
    found = [_local(each, calls, context) for each in config.granted_tools().values()]
    for server in _servers(config):
        found += _of_server(config, server, await _listed(server, context), context)
    return found


def _local(granted: GrantedTool, calls: ToolCalls, context: AgentContext) -> Granted:
    async def call(arguments: Arguments, name: str, begun: Begun) -> Any:
        await begun()
        return await calls.make(granted.tool, arguments, context, name)

    tool = granted.tool
    return Granted(tool.name, tool.description, tool.schema, call, granted.approval, granted.rate_limit)


# --- of MCP servers -----------------------------------------------------------------------------------------


def _servers(config: AiAgentConfig) -> list[str]:
    named = (grant.of_server[0] for grant in config.server_grants() if grant.of_server)
    return list(dict.fromkeys((*config.mcp_servers, *named)))


async def _listed(server: str, context: AgentContext) -> dict[str, dict[str, Any]]:
    """The tools of this server, by name."""
    response = await context.call(server, "list_tools", {})
    if not response.success:
        raise AgentError(_failure(response.error))
    return {each["name"]: each for each in response.result}


def _of_server(
    config: AiAgentConfig, server: str, listed: dict[str, dict[str, Any]], context: AgentContext
) -> Iterator[Granted]:
    for grant in config.server_grants():
        of, tool = grant.of_server or ("", "")
        if of == server and tool != ALL and tool not in listed:
            names = ", ".join(sorted(listed)) or "none"
            message = f"the MCP server {server!r} has no tool {tool!r}; it has {names}"
            raise failed(Category.VALIDATION, message, code="unknown_tool")
    for name, each in listed.items():
        rule = config.server_grant(server, name)
        if rule is None and server not in config.mcp_servers:
            continue
        yield Granted(
            f"{server}.{name}",
            each.get("description") or "",
            each.get("input_schema") or {"type": "object"},
            partial(_call_server, context, server, name),
            rule.approval if rule else "never",
            rule.rate_limit if rule else None,
        )


async def _call_server(
    context: AgentContext, server: str, tool: str, arguments: Arguments, name: str, begun: Begun
) -> Any:
    response = await context.call(server, tool, arguments, begun, name)
    if not response.success:
        raise AgentError(_failure(response.error))
    return response.result


def _failure(error: Failure | str | None) -> Failure:
    return (
        error if isinstance(error, Failure) else Failure(Category.TOOL, error or "it failed without a reason")
    )
