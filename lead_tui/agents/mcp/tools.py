"""What a server offers: its tools by name, and whether arguments fit."""

from collections.abc import Iterable, Iterator
from typing import Any

import mcp_types as types

from lead_tui.agents.mcp.failures import offered
from lead_tui.agents.mcp.schema import Misfit, Schema
from lead_tui.flow.diagnostics import did_you_mean


class Tool:
    """`plain` is what `list_tools` gives of it."""

    def __init__(self, spec: types.Tool) -> None:
        self.name = spec.name
        self.plain: dict[str, Any] = spec.model_dump(
            mode="json", exclude_none=True, exclude={"meta", "icons", "execution"}
        )
        self._schema = Schema(spec.input_schema)

    def misfits(self, arguments: dict[str, Any]) -> list[Misfit]:
        return self._schema.misfits(arguments)


class Tools:
    """By name; of two with one name the first."""

    def __init__(self, specs: Iterable[types.Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for each in specs:
            self._tools.setdefault(each.name, Tool(each))

    def __len__(self) -> int:
        return len(self._tools)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def get(self, name: str) -> Tool | None:
        return self._tools.get(name)

    @property
    def names(self) -> list[str]:
        return list(self._tools)

    def hint(self, name: str) -> str:
        return did_you_mean(name, self.names) or offered(self.names)
