"""The agent `mcp_server`: an action is the name of a tool, or one of `config.FIXED`; see `actions.py`.

It keeps one session, begun by the first call and shared by all. One that has ended, whatever ended it, is
followed by a new one at the next call.
"""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent
from lead_tui.agents.mcp.config import McpServerConfig

if TYPE_CHECKING:
    from lead_tui.agents.mcp.session import Session


class McpServer(BaseAgent[McpServerConfig]):
    """Call the tools of an MCP server, read its resources, get its prompts."""

    config_model = McpServerConfig
    libraries: ClassVar[tuple[str, ...]] = ("lead_tui.agents.mcp.actions", "lead_tui.agents.mcp.stdio")

    def __init__(self, config: McpServerConfig) -> None:
        super().__init__(config)
        self._session: Session | None = None
        self._context: AgentContext | None = None
        self._begun = 0

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        if self._begun == 0:
            await asyncio.to_thread(_load, "http" if self.config.endpoint else "stdio")
        from lead_tui.agents.mcp.actions import perform

        self._context = context
        session = self._live(context)
        await session.ready()
        return await perform(session, self.config.name, action, parameters, context)

    async def restart(self) -> None:
        """End the session and begin another; how that goes is told by notes."""
        if self._session is not None and self._context is not None:
            await self._session.end()
            self._live(self._context)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.end()

    def _live(self, context: AgentContext) -> "Session":
        """The session, begun if there is none that lives. No await in here: two calls must not begin two."""
        from lead_tui.agents.mcp.session import Session

        if self._session is None or self._session.over:
            self._session = Session(self.config, context, restarts=self._begun, after=self._session)
            self._begun += 1
        else:
            self._session.heard_by(context)
        return self._session


def _load(link: str) -> None:
    """Half a second of importing, which would hold up the loop."""
    for name in ("actions", link):
        import_module(f"lead_tui.agents.mcp.{name}")
