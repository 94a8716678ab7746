"""What one agent may call, and where its tools may reach: the settings that agents with tools share.

    tools:
      - calculate_metrics                  # by name
      - {name: write_file, approval: always, rate_limit: {requests: 5}}
      - category:text                      # the public tools of a category
      - "*"                                # all public tools
      - time.convert_time                  # a tool of the MCP server `time`; time.* for all of them
    roots: [data, reports]
    hosts: [api.example.com]

A public tool is granted by any of these, a restricted one only by its name, an admin one by its name and
`access_level: admin`. `*` and categories leave out a tool, and a plugin, that cannot be used.
"""

import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lead_tui.errors import UsageError
from lead_tui.flow.models import Model, RateLimit
from lead_tui.tools.context import Attempt, ToolContext
from lead_tui.tools.hosts import HostGrant, Hosts
from lead_tui.tools.registry import Broken, all_tools, broken, find_tool
from lead_tui.tools.tool import LEVELS, AccessLevel, Tool

Approval = Literal["always", "first", "never"]

ALL = "*"
_CATEGORY = "category:"


class ToolGrant(Model):
    """`approval`: when a person is asked; `first` is once per run. `rate_limit` replaces the tool's own."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    approval: Approval = "never"
    rate_limit: RateLimit | None = None

    @property
    def is_pattern(self) -> bool:
        return self.name == ALL or self.name.startswith(_CATEGORY)

    @property
    def of_server(self) -> tuple[str, str] | None:
        return split_server_tool(self.name)


@dataclass(frozen=True, slots=True)
class GrantedTool:
    """A tool that may be called, and how."""

    tool: Tool
    approval: Approval
    rate_limit: RateLimit | None


def split_server_tool(name: str) -> tuple[str, str] | None:
    """Server and tool of `server.tool`, the name of a tool that an MCP server brings; None for any other."""
    server, dot, tool = name.partition(".")
    return (server, tool) if dot and server and tool else None


def _as_grant(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _usable(grant: ToolGrant, info: ValidationInfo) -> ToolGrant:
    """The tool is there, and this agent may have it."""
    if grant.is_pattern or grant.of_server:
        return grant
    try:
        tool = find_tool(grant.name)
    except UsageError as error:
        raise ValueError(str(error)) from None
    if tool.problem:
        raise ValueError(tool.problem)
    allowed = info.data.get("access_level", "admin")  # not there: it is wrong itself, and told
    if LEVELS.index(tool.access_level) > LEVELS.index(allowed):
        raise ValueError(f"the tool {tool.name!r} needs `access_level: {tool.access_level}`")
    return grant


def _host(text: str) -> str:
    HostGrant.parse(text)
    return text


def _folder(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("write the path of a folder, from the flow's own on")
    return text


Grant = Annotated[
    ToolGrant,
    BeforeValidator(_as_grant, json_schema_input_type=ToolGrant | str),
    AfterValidator(_usable),
]


class ToolGrants(Model):
    """To be inherited by the config of an agent that calls tools."""

    access_level: AccessLevel = Field("restricted", description="the highest level of tools it may have")
    tools: tuple[Grant, ...] = Field(
        (), description="names, `category:NAME`, `*`, `server.tool`, or maps {name, approval, rate_limit}"
    )
    roots: tuple[Annotated[str, AfterValidator(_folder)], ...] = Field(
        (), description="folders that its tools may read and write, from the flow's own on"
    )
    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        (), description="hosts that its tools may call: example.com, *.example.com, host:port, addresses"
    )

    @field_validator("tools")
    @classmethod
    def _each_once(cls, grants: tuple[ToolGrant, ...]) -> tuple[ToolGrant, ...]:
        names = [grant.name for grant in grants]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is granted twice")
        return grants

    @model_validator(mode="after")
    def _with_what_they_need(self) -> Self:
        for grant in self.tools:
            tool = None if grant.is_pattern or grant.of_server else find_tool(grant.name)
            for need in tool.needs if tool is not None else ():
                if not getattr(self, need):
                    raise ValueError(f"the tool {grant.name!r} can do nothing without `{need}`: grant some")
        return self

    def granted_tools(self) -> dict[str, GrantedTool]:
        """The tools of this process that may be called, by name; those of MCP servers are not among them.

        What is granted by name counts before its category, and that before `*`.
        """
        found: dict[str, GrantedTool] = {}
        for grant in sorted(self.tools, key=_particular):
            for tool in _meant(grant):
                limit = grant.rate_limit or tool.rate_limit
                found.setdefault(tool.name, GrantedTool(tool, grant.approval, limit))
        return found

    def unusable_tools(self) -> list[Broken]:
        """What `*` and categories leave out, since it cannot be used."""
        return broken() if any(grant.is_pattern for grant in self.tools) else []

    def granted_tool(self, name: str) -> GrantedTool | None:
        """The tool of this name, if it may be called."""
        try:
            tool = find_tool(name)
        except UsageError:
            return None
        for grant in sorted(self.tools, key=_particular):
            if _grants(grant, tool):
                return GrantedTool(tool, grant.approval, grant.rate_limit or tool.rate_limit)
        return None

    def server_grants(self) -> tuple[ToolGrant, ...]:
        """The grants of tools of MCP servers: `of_server` of each gives server and tool, which may be `*`."""
        return tuple(grant for grant in self.tools if grant.of_server)

    def server_grant(self, server: str, tool: str) -> ToolGrant | None:
        """The grant for this tool of an MCP server, if there is one."""
        by_name = {grant.name: grant for grant in self.tools}
        return by_name.get(f"{server}.{tool}") or by_name.get(f"{server}.{ALL}")

    def tool_context(self, attempt: Attempt, call: str = "") -> ToolContext:
        """What a tool of this agent gets to know. `call` names the call among those of its attempt."""
        key = attempt.idempotency_key
        return ToolContext(
            folder=attempt.folder, environment=attempt.environment, shared=attempt.shared,
            roots=tuple(absolute(attempt.folder, root) for root in self.roots),
            hosts=Hosts.parse(self.hosts),
            idempotency_key=_key(key, call) if call else key,
            heartbeat=attempt.heartbeat, log=attempt.log, conceal=attempt.conceal, mask=attempt.mask,
        )  # fmt: skip


def absolute(folder: Path, path: str) -> Path:
    """`path` from `folder` on, without `..` and with links as they are."""
    return Path(os.path.abspath(folder / Path(path).expanduser()))  # noqa: PTH100 - resolve() follows links


def _particular(grant: ToolGrant) -> int:
    return 2 if grant.name == ALL else 1 if grant.is_pattern else 0


def _meant(grant: ToolGrant) -> list[Tool]:
    if grant.of_server:
        return []
    if grant.is_pattern:
        return [tool for tool in all_tools() if _grants(grant, tool)]
    return [find_tool(grant.name)]


def _grants(grant: ToolGrant, tool: Tool) -> bool:
    if not grant.is_pattern:
        return grant.name == tool.name
    if tool.access_level != "public":
        return False
    return grant.name in (ALL, _CATEGORY + tool.category)


def _key(key: str, call: str) -> str:
    return blake2b(f"{key}|{call}".encode(), digest_size=16).hexdigest()
