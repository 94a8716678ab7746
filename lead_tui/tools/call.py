"""One call of a tool: its arguments checked, whatever it raises a failure, its result plain data.

Who calls has asked before whether the tool is granted, whether a person must approve, and whether its rate
limit lets it go: `lead_tui.agents.tool_calls` does.
"""

import inspect
import traceback
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from pydantic import ValidationError

from lead_tui.errors import AgentError, Category, failed
from lead_tui.flow.explain import told
from lead_tui.plain import NotPlain, plain
from lead_tui.raised import message_of, we_are_cancelled
from lead_tui.threads import in_thread
from lead_tui.tools.context import ToolContext
from lead_tui.tools.tool import Tool

MAX_RESULT = 16 * 2**20
"""Bytes of a result as JSON."""
MAX_MESSAGE = 2_000


async def call_tool(tool: Tool, arguments: Mapping[str, Any], context: ToolContext) -> Any:
    """The result, as plain data. Raises AgentError: `validation_error` for arguments that do not fit,
    `tool_error` for what the function raises and for a result that cannot be kept.

    A function that is not async runs in a thread, which a cancellation leaves behind.
    """
    values = checked_arguments(tool, arguments)
    if tool.context_parameter is not None:
        values[tool.context_parameter] = context
    return _kept(tool, await _called(tool, values, context))


def checked_arguments(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The values to call the function with. AgentError names everything that does not fit."""
    try:
        return tool.arguments.model_validate(dict(arguments)).values_by_name()
    except ValidationError as error:
        message = f"arguments of {tool.name}: {told(tool.arguments, error, dict(arguments))}"
        raise failed(Category.VALIDATION, message, code="bad_arguments") from None


async def _called(tool: Tool, values: dict[str, Any], context: ToolContext) -> Any:
    call = partial(tool.function, **values)
    try:
        value = call() if tool.is_async else await in_thread(call)
        return await value if inspect.isawaitable(value) else value
    except AgentError:
        raise
    except BaseException as error:
        if we_are_cancelled(error):
            raise
        raise _told(tool, error, context) from None


def _told(tool: Tool, error: BaseException, context: ToolContext) -> AgentError:
    """Type and message. The traceback goes to the log; the values of variables go nowhere."""
    for line in "".join(traceback.format_tb(error.__traceback__)).splitlines():
        context.log(line, level="debug")
    text = message_of(error)
    shown = context.mask(text[:MAX_MESSAGE], cut=len(text) > MAX_MESSAGE)
    name = type(error).__name__
    return failed(
        Category.TOOL, f"{tool.name}: {name}: {shown}" if shown else f"{tool.name}: {name}", code="raised"
    )


def _kept(tool: Tool, value: Any) -> Any:
    try:
        kept = plain(value)
    except NotPlain as error:
        raise failed(
            Category.TOOL, f"{tool.name}: its result cannot be kept: {error}", code="not_plain"
        ) from None
    size = len(msgspec.json.encode(kept))
    if size > MAX_RESULT:
        message = f"{tool.name}: its result of {size} bytes is larger than {MAX_RESULT}"
        raise failed(Category.RESOURCE, message, code="result_too_large")
    return kept
