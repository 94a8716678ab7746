"""What an agent with tools offers: each action with what it does and the schema of its parameters. Pure.

The tools of an MCP server are known once it has listed them; what every server can do is known before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lead_tui.agents.mcp.config import FIXED, McpServerConfig
from lead_tui.agents.tool import ToolConfig
from lead_tui.errors import UsageError
from lead_tui.flow.models import AgentConfig
from lead_tui.tools.tool import Tool

LISTING = "list_tools"
_MEANING = {
    LISTING: "its tools, asked for again",
    "list_resources": "what it lets read",
    "read_resource": "one of its resources",
    "list_prompts": "the prompts that it has",
    "get_prompt": "one of its prompts",
    "ping": "is it there?",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """An action. `is_tool`: not one of those that every server has. All texts may come from outside."""

    name: str
    description: str
    schema: dict[str, Any]
    is_tool: bool = True


def has_offers(config: AgentConfig | None) -> bool:
    return isinstance(config, McpServerConfig | ToolConfig)


def is_server(config: AgentConfig | None) -> bool:
    """Does it have to be asked for its tools?"""
    return isinstance(config, McpServerConfig)


def offers_of(config: AgentConfig, listed: Any = ()) -> list[Offer]:
    """Of a server by what its `list_tools` gave, of `tool` by its grants: that imports all tools."""
    if isinstance(config, ToolConfig):
        return [*_granted(config)]
    return [*_listed(listed), *_of_every_server()]


def _granted(config: ToolConfig) -> Iterator[Offer]:
    for name, granted in config.granted_tools().items():
        if (schema := _schema(granted.tool)) is not None:
            yield Offer(name, granted.tool.description, schema)


def _schema(tool: Tool) -> dict[str, Any] | None:
    try:
        return tool.schema
    except UsageError:  # a plugin's signature that cannot be understood: it cannot be called either
        return None


def _listed(listed: Any) -> Iterator[Offer]:
    for each in listed if isinstance(listed, list | tuple) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            schema = each.get("input_schema")
            description = each.get("description") or each.get("title") or ""
            yield Offer(each["name"], str(description), schema if isinstance(schema, dict) else {})


def _of_every_server() -> Iterator[Offer]:
    for name, model in FIXED.items():
        yield Offer(name, _MEANING.get(name, ""), model.model_json_schema(), is_tool=False)
