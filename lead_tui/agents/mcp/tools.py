"""What a server offers: its tools by name, and whether arguments and answers fit.

A schema that cannot be used takes everything: the server will say itself what it does not like.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import mcp_types as types

from lead_tui.agents.mcp.failures import offered
from lead_tui.flow.diagnostics import did_you_mean
from lead_tui.json_schema import BadSchema, Misfit, Schema
from lead_tui.threads import in_thread


class Tool:
    """`plain` is what `list_tools` gives of it."""

    def __init__(self, spec: types.Tool) -> None:
        self.name = spec.name
        self.plain: dict[str, Any] = spec.model_dump(
            mode="json", exclude_none=True, exclude={"meta", "icons", "execution"}
        )
        self._spec = spec

    @property
    def answers_with_data(self) -> bool:
        return self._spec.output_schema is not None

    async def misfits(self, arguments: dict[str, Any]) -> list[Misfit]:
        """What of the arguments does not fit. Beside the loop: the schema is the server's."""
        return await in_thread(lambda: _misfits(self._input, arguments))

    async def misfits_of_answer(self, structured_content: Any) -> list[Misfit]:
        return await in_thread(lambda: _misfits(self._output, structured_content))

    @cached_property
    def _input(self) -> Schema | None:
        return _usable(self._spec.input_schema)

    @cached_property
    def _output(self) -> Schema | None:
        return _usable(self._spec.output_schema)


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


def _usable(schema: dict[str, Any] | None) -> Schema | None:
    try:
        return None if schema is None else Schema(schema)
    except BadSchema:
        return None


def _misfits(schema: Schema | None, data: Any) -> list[Misfit]:
    return [] if schema is None else schema.misfits(data)
