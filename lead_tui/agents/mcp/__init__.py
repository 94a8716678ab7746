"""The agent `mcp_server`: a server of the Model Context Protocol, started or connected to on first use.

    config      what a flow may say of it, and the shapes of its fixed actions
    agent       one call: the session, started, shared and restarted as needed
    session     one connection from start to end, owned by one asyncio task; `calls` are what is in flight
    handshake   which revision of the protocol is spoken
    stdio       the link to a child process; `framing` and `complaints` keep its output within bounds
    http        the link over streamable HTTP, on the run's pooled connections
    tools       what the server offers, and whether arguments fit; `check` does the same before a run
    actions     what each action asks and gives back; `content` and `files` make plain data of it
    requests    what the server asks of us: `elicitation` (a person), `sampling` (an `ai_agent`)
    failures    how a call failed

Only `config` and `agent` are imported with the package: the SDK takes half a second.
"""

from lead_tui.agents.mcp.agent import McpServer
from lead_tui.agents.mcp.config import McpServerConfig

__all__ = ["McpServer", "McpServerConfig"]
