"""The granted tools as pydantic-ai gets them: each call checked, approved, recorded, and its end kept.

A call is named by the step of the model that asked for it, so that an attempt that goes on after a park or a
crash knows which of them have returned. Imports pydantic_ai and jsonschema.
"""

import asyncio
import re
from typing import Any

import msgspec
from pydantic_ai import ModelRetry, RunContext
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import AbstractToolset
from pydantic_ai.toolsets.abstract import ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from lead_tui.agents.ai.granted import Granted
from lead_tui.agents.ai.output import schema_faults
from lead_tui.agents.ai.transcript import Transcript
from lead_tui.agents.base import AgentContext
from lead_tui.agents.tool_calls import ToolCalls
from lead_tui.errors import AgentError, Category, Failure, failed
from lead_tui.flow.secrets import MASK

MAX_RESULT = 100 * 1024
"""Characters of a result that the model gets."""
RETRIES = 3
"""How often a model may send arguments that do not fit, per tool and turn."""

_NOT_KEPT = "The arguments held a secret, which is not kept. Make the call again."

_AN_OBJECT = SchemaValidator(core_schema.dict_schema(core_schema.str_schema()))


class Toolbox(AbstractToolset[None]):
    """Calls whose end the transcript has are not made again: the model gets what they gave."""

    def __init__(
        self, tools: list[Granted], calls: ToolCalls, context: AgentContext, transcript: Transcript
    ) -> None:
        self._tools = _named(tools)
        self._calls = calls
        self._context = context
        self._transcript = transcript
        self._asking = asyncio.Lock()

    @property
    def id(self) -> str:
        return "leadtui"

    def flow_name(self, name: str) -> str:
        """What the flow calls the tool that the model calls so."""
        return self._tools[name].name if name in self._tools else name

    async def get_tools(self, ctx: RunContext[None]) -> dict[str, ToolsetTool[None]]:
        return {name: self._as_tool(name, each) for name, each in self._tools.items()}

    def _as_tool(self, name: str, granted: Granted) -> ToolsetTool[None]:
        definition = ToolDefinition(
            name=name, description=granted.description, parameters_json_schema=granted.schema
        )
        return ToolsetTool(toolset=self, tool_def=definition, max_retries=RETRIES, args_validator=_AN_OBJECT)

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[None], tool: ToolsetTool[None]
    ) -> str:
        granted, call = self._tools[name], self._transcript.call_name(ctx.tool_call_id or name)
        if (known := self._transcript.returned.get(call)) is not None:
            return known
        if self._transcript.asked_before and MASK in msgspec.json.encode(tool_args).decode():
            self._refuse_a_second_time(name, granted)
            raise ModelRetry(_NOT_KEPT)
        if faults := schema_faults(granted.schema, tool_args):
            raise ModelRetry("The arguments do not fit the schema: " + "; ".join(faults))
        text = await self._told(granted, tool_args, call)
        self._transcript.keep_return(call, text)
        return text

    def _refuse_a_second_time(self, name: str, granted: Granted) -> None:
        """AgentError where the run was parked again by the question about a call that holds a secret: the
        arguments that a person approves are not there any more when the run goes on.
        """
        if granted.approval == "never" or not self._transcript.was_told(name, _NOT_KEPT):
            return
        message = (
            f"the call of {granted.name} holds a secret, which is not kept: "
            "approve it while the run is driven, for instance in the cockpit"
        )
        raise failed(Category.PERMISSION, message, code="secret_not_kept")

    async def _told(self, granted: Granted, arguments: dict[str, Any], call: str) -> str:
        """What the model is to read: the result, or why there is none. AgentError if we are what broke."""
        try:
            await self._admitted(granted, arguments, call)
            return await self._made(granted, arguments, call)
        except AgentError as error:
            if error.failure.category is Category.SYSTEM:
                raise
            return _sentence(error.failure)

    async def _admitted(self, granted: Granted, arguments: dict[str, Any], call: str) -> None:
        if granted.approval != "never":
            async with self._asking:  # one question at a time; calls that need none go on meanwhile
                await self._calls.approve(granted.name, granted.approval, arguments, self._context, call)
        await self._calls.wait_turn(granted.name, granted.rate_limit, self._context)

    async def _made(self, granted: Granted, arguments: dict[str, Any], call: str) -> str:
        """It is open from when nothing holds it back any more. A cancelled call stays open: nobody knows what
        it did.
        """
        is_open = False

        async def begun() -> None:
            nonlocal is_open
            is_open = True
            self._transcript.begin(call)
            self._context.tool_called(call, granted.name, arguments)
            await self._context.stored()  # a crash from here on must know of the call

        try:
            text = _bounded(await granted.call(arguments, call, begun))
        except AgentError as error:
            if is_open:
                self._context.tool_returned(call, granted.name, failure=error.failure)
            raise
        self._context.tool_returned(call, granted.name, text)
        return text


def _named(tools: list[Granted]) -> dict[str, Granted]:
    """By names that every provider takes: letters, digits, `_` and `-`, at most 64 of them."""
    found: dict[str, Granted] = {}
    for each in tools:
        stem = name = re.sub(r"[^A-Za-z0-9_-]", "_", each.name.replace(".", "__", 1))[:60]
        number = 1
        while name in found:
            number += 1
            name = f"{stem}_{number}"
        found[name] = each
    return found


def _bounded(result: Any) -> str:
    text = result if isinstance(result, str) else msgspec.json.encode(result).decode()
    if len(text) <= MAX_RESULT:
        return text
    return f"{text[:MAX_RESULT]}\n[cut: the first {MAX_RESULT} of {len(text)} characters]"


def _sentence(failure: Failure) -> str:
    if failure.code == "rejected":
        return f"Refused by a person: {failure.message}"
    return f"The call failed: {failure.message}"
