"""`tool`: call one tool, `action: its name`, with the parameters as arguments.

    tasks:
      - {name: sum, agent_name: tool, action: calculate_metrics, parameters: {data: [1, 2, 3]}}

Undeclared it has the public tools, no folder and no host. Declared, `type: tool` with `tools`, `roots` and
`hosts`, it has what they grant (`lead_tui.tools.grants`). A tool of an MCP server is an action of that agent.

A tool that raises is a permanent `tool_error`; arguments that do not fit are load errors, and permanent
`validation_error`s where templates gave them.
"""

from typing import Any, ClassVar

from pydantic import Field

from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent
from lead_tui.agents.tool_calls import ToolCalls
from lead_tui.errors import UsageError
from lead_tui.flow.models import AgentConfig, ParametersModel
from lead_tui.tools.grants import ALL, Grant, ToolGrant, ToolGrants, split_server_tool
from lead_tui.tools.registry import find_tool


class ToolConfig(ToolGrants, AgentConfig):
    """Without `tools` it may call all that are public."""

    builtin: ClassVar[bool] = True
    default_breaker: ClassVar[bool] = False

    tools: tuple[Grant, ...] = Field(
        (ToolGrant(name=ALL),), description="what it may call: names, `category:NAME`, `*`, or maps"
    )

    @classmethod
    def parameters_model(cls, action: str) -> ParametersModel | None:
        return None if cls.action_problem(action) else find_tool(action).arguments

    @classmethod
    def action_problem(cls, action: str) -> str | None:
        if server := split_server_tool(action):
            return f"it is a tool of an MCP server: name the agent {server[0]!r} and the action {server[1]!r}"
        try:
            return find_tool(action).problem or None
        except UsageError as error:
            return str(error)

    def refusal(self, action: str) -> str | None:
        if self.granted_tool(action) is not None:
            return None
        return "it is not granted: name it under `tools` of an agent with `type: tool`"

    def is_idempotent(self, action: str, parameters: dict[str, Any]) -> bool:
        return find_tool(action).is_idempotent(parameters)


class ToolAgent(BaseAgent[ToolConfig]):
    """Call one of the tools that AI agents may have."""

    config_model = ToolConfig

    def __init__(self, config: ToolConfig) -> None:
        super().__init__(config)
        self._calls = ToolCalls(config.name, config)

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        return AgentResponse(success=True, result=await self._calls.call(action, parameters, context))
