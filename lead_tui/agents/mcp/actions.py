"""What each action asks of a server, and what it gives back. A failure is an AgentError.

list_tools       [{name, title?, description?, input_schema, output_schema?, annotations?}]
list_resources   [{uri, name, title?, description?, mime_type?, size?}]
list_prompts     [{name, title?, description?, arguments?: [{name, description?, required?}]}]
read_resource    its text, or {uri, mime_type?, data or file, ...}; a list of {uri, ...} if it is several
get_prompt       {description?, messages: [{role, content}]}
ping             {alive: true, seconds}
a tool's name    its structured content, else its content as `content.py` has it
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp.client import Client
from pydantic import BaseModel

from lead_tui.agents.base import AgentContext, AgentResponse
from lead_tui.agents.mcp import content
from lead_tui.agents.mcp.config import GetPrompt, Nothing, ReadResource
from lead_tui.agents.mcp.session import Session, pages
from lead_tui.agents.output import excerpt
from lead_tui.agents.parameters import checked
from lead_tui.agents.program import as_text
from lead_tui.errors import Category, failed

_LEFT_OUT = {"meta", "icons", "annotations"}


async def perform(
    session: Session, server: str, action: str, parameters: dict[str, Any], context: AgentContext
) -> AgentResponse:
    if action in _FIXED:
        return AgentResponse.ok(await _FIXED[action](session, parameters, context))
    return await _call_tool(session, server, action, parameters, context)


# --- tools ----------------------------------------------------------------------------------------------


async def _call_tool(
    session: Session, server: str, name: str, arguments: dict[str, Any], context: AgentContext
) -> AgentResponse:
    what = f"{server}.{name}"
    await _check(session, what, name, arguments, context)

    async def call(client: Client) -> types.CallToolResult:
        told = session.requests.progress(context)
        return await client.call_tool(name, arguments, progress_callback=told)

    answer = await session.call(context, what, call)
    blocks = await content.plain(answer.content, context)
    if answer.is_error:
        said = excerpt(content.text_of(answer.content), context.mask) or "it gave no reason"
        return AgentResponse.fail(
            Category.TOOL, f"{what}: {said}", code="tool_failed", result=blocks, meta={"tool": name}
        )
    if answer.structured_content is None:
        return AgentResponse.ok(blocks, tool=name)
    if place := _not_a_number(answer.structured_content, "structuredContent"):
        text = f"{what}: {place} of its answer is no number that JSON can hold"
        raise failed(Category.TOOL, text, code="bad_answer")
    data = await content.structured(answer.structured_content, context)
    return AgentResponse.ok(data, tool=name, **await _beside(answer.content, context))


async def _check(
    session: Session, what: str, name: str, arguments: dict[str, Any], context: AgentContext
) -> None:
    """Before anything is sent: is there such a tool, and does it take these arguments?"""
    tool = (await session.call(context, what, lambda _: session.tools())).get(name)
    if tool is None:  # it may be new
        tools = await session.call(context, what, lambda _: session.tools(anew=True))
        tool = tools.get(name)
        if tool is None:
            raise failed(
                Category.VALIDATION, f"{what}: no such tool; {tools.hint(name)}", code="unknown_tool"
            )
    if misfits := await tool.misfits(arguments):
        told = excerpt("; ".join(map(str, misfits)), context.mask)
        raise failed(Category.VALIDATION, f"{what}: parameters: {told}", code="bad_parameters")
    if not _can_be_sent(arguments):
        raise failed(
            Category.VALIDATION, f"{what}: parameters: text with lone surrogates", code="bad_parameters"
        )


def _can_be_sent(value: Any) -> bool:
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)
    if isinstance(value, dict):
        return all(_can_be_sent(key) and _can_be_sent(each) for key, each in value.items())
    return not isinstance(value, list | tuple) or all(map(_can_be_sent, value))


def _not_a_number(value: Any, place: str) -> str:
    """Where an infinite number stands, or one that is none."""
    match value:
        case float() if not math.isfinite(value):
            return place
        case dict():
            return next(
                filter(None, (_not_a_number(each, f"{place}.{key}") for key, each in value.items())), ""
            )
        case list():
            return next(
                filter(None, (_not_a_number(each, f"{place}[{i}]") for i, each in enumerate(value))), ""
            )
    return ""


async def _beside(blocks: list[types.ContentBlock], context: AgentContext) -> dict[str, Any]:
    """What is not the structured content in other words: pictures, sounds, files."""
    others = [each for each in blocks if not isinstance(each, types.TextContent)]
    return {"content": [await content.block(each, context) for each in others]} if others else {}


# --- what every server has --------------------------------------------------------------------------------


async def _list_tools(session: Session, parameters: dict[str, Any], context: AgentContext) -> Any:
    checked(Nothing, parameters)
    return [each.plain for each in await session.call(context, "list_tools", lambda _: session.tools())]


async def _list_resources(session: Session, parameters: dict[str, Any], context: AgentContext) -> Any:
    checked(Nothing, parameters)
    found = await session.call(
        context,
        "list_resources",
        lambda client: pages(lambda cursor: client.list_resources(cursor=cursor)),
    )
    return [_shown(each) for page in found for each in page.resources]


async def _list_prompts(session: Session, parameters: dict[str, Any], context: AgentContext) -> Any:
    checked(Nothing, parameters)
    found = await session.call(
        context, "list_prompts", lambda client: pages(lambda cursor: client.list_prompts(cursor=cursor))
    )
    return [_shown(each) for page in found for each in page.prompts]


async def _read_resource(session: Session, parameters: dict[str, Any], context: AgentContext) -> Any:
    asked = checked(ReadResource, parameters)
    answer = await session.call(
        context, f"read_resource {asked.uri}", lambda client: client.read_resource(asked.uri)
    )
    found = [await content.resource(each, context) for each in answer.contents]
    if len(found) != 1:
        return found or None
    return found[0].get("text", found[0])


async def _get_prompt(session: Session, parameters: dict[str, Any], context: AgentContext) -> Any:
    asked = checked(GetPrompt, parameters)
    arguments = {name: as_text(value) for name, value in dict(asked.arguments).items()}
    answer = await session.call(
        context, f"get_prompt {asked.name}", lambda client: client.get_prompt(asked.name, arguments)
    )
    messages = [
        {"role": each.role, "content": await content.block(each.content, context)} for each in answer.messages
    ]
    return {"description": answer.description, "messages": messages}


async def _ping(session: Session, parameters: dict[str, Any], context: AgentContext) -> Any:
    checked(Nothing, parameters)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await session.call(context, "ping", lambda _: session.ping())
    return {"alive": True, "seconds": round(loop.time() - begun, 6)}


def _shown(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_none=True, exclude=_LEFT_OUT)


_Fixed = Callable[[Session, dict[str, Any], AgentContext], Awaitable[Any]]
_FIXED: dict[str, _Fixed] = {
    "list_tools": _list_tools,
    "list_resources": _list_resources,
    "read_resource": _read_resource,
    "list_prompts": _list_prompts,
    "get_prompt": _get_prompt,
    "ping": _ping,
}
