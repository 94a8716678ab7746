"""What a flow may say of an MCP server: a `command` to start, or an `endpoint` to connect to.

- {name: git, type: mcp_server, command: uvx, args: [mcp-server-git]}
- {name: search, type: mcp_server, endpoint: https://example.com/mcp,
   authentication: {type: bearer, token: "${TOKEN}"}}
"""

from pathlib import PurePath
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from lead_tui.agents.program import Scalar
from lead_tui.flow.models import AgentConfig, Duration, Name, ParametersModel, PositiveDuration
from lead_tui.flow.parameters import Parameters, Templated
from lead_tui.http.endpoint import endpoint_problem

Protocol = Literal["2025-11-25", "2026-07-28"]
"""The last revision with a handshake, which agrees on older ones, too; and the first without."""

_OF_STDIO = ("args", "env", "cwd", "kill_after")
_OF_HTTP = ("authentication", "verify", "connect_timeout")


class McpServerConfig(AgentConfig):
    """Tools go by their names; an action of `FIXED` is never a tool of the server.

    A child gets a few variables of the run's environment (see `stdio.py`) and `env`, where null removes one.
    `cwd` starts at the flow's folder. `kill_after`: from TERM to KILL. `ping_interval`: an idle session is
    asked so often whether it is still there, 0 for never.
    """

    default_timeout: ClassVar[float | None] = 60.0
    default_attempts: ClassVar[int] = 2

    command: str | None = Field(None, min_length=1, description="the program that is the server")
    args: tuple[Scalar, ...] = ()
    env: dict[str, Scalar | None] = Field(default_factory=dict)
    cwd: str | None = None
    kill_after: Duration = 2.0

    verify: bool | str = Field(True, description="check certificates; or a file of authorities to trust")
    connect_timeout: PositiveDuration = 10.0

    sampling: Name | None = Field(None, description="the ai_agent that answers when the server asks a model")
    protocol: Protocol | None = Field(
        None, description="the revision to speak; by default the last in which a server can ask during a call"
    )
    start_timeout: PositiveDuration = 30.0
    ping_interval: Duration = 30.0
    max_message_bytes: int = Field(default=8 * 2**20, ge=1024, description="of one message of the server")

    @field_validator("endpoint")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and (problem := endpoint_problem(value, "mcp_server")):
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _one_way(self) -> "McpServerConfig":
        if (self.command is None) == (self.endpoint is None):
            raise ValueError("an mcp_server has either a `command` to start or an `endpoint` to connect to")
        others, word = (_OF_HTTP, "endpoint") if self.endpoint is None else (_OF_STDIO, "command")
        if wrong := [name for name in others if name in self.model_fields_set]:
            raise ValueError(f"`{wrong[0]}` goes with `{word}`, which is not set")
        return self

    @classmethod
    def parameters_model(cls, action: str) -> ParametersModel | None:
        return FIXED.get(action)

    def calls_agents(self) -> dict[tuple[str | int, ...], str]:
        return {("sampling",): self.sampling} if self.sampling is not None else {}

    def is_idempotent(self, action: str, parameters: dict[str, Any]) -> bool:
        return action in FIXED

    def is_free(self, action: str) -> bool:
        return action in FIXED

    def breaker_key(self) -> str:
        # a query or an argument may hold a key, and this text is shown
        if self.endpoint is not None:
            return self.endpoint.partition("?")[0]
        return f"{self.name} ({PurePath(self.command or '').name})"


class Nothing(Parameters):
    """An action that takes no parameters."""


class ReadResource(Parameters):
    uri: str = Field(min_length=1)


class GetPrompt(Parameters):
    name: str = Field(min_length=1)
    arguments: Templated[dict[str, Templated[Scalar]]] = Field(default_factory=dict)


FIXED: dict[str, type[Parameters]] = {
    "list_tools": Nothing,
    "list_resources": Nothing,
    "read_resource": ReadResource,
    "list_prompts": Nothing,
    "get_prompt": GetPrompt,
    "ping": Nothing,
}
"""The actions that every server has. All of them only look."""
