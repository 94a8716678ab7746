"""The server asks a model: the `ai_agent` that the flow names answers, by one `chat_completion`.

Messages go as the OpenAI API takes them: text, and images as data URLs. Audio and tools are refused.
"""

from typing import Any

import mcp_types as types

from lead_tui.agents.base import AgentContext
from lead_tui.errors import AgentError, Failure

_STOP_REASONS = {"stop": "endTurn", "length": "maxTokens", "tool_call": "toolUse"}


class _Refused(Exception):
    pass


async def answer(
    agent: str, params: types.CreateMessageRequestParams, context: AgentContext
) -> types.CreateMessageResult | types.ErrorData:
    try:
        response = await context.call(agent, "chat_completion", _parameters(params))
    except _Refused as refusal:
        return types.ErrorData(code=types.INVALID_PARAMS, message=str(refusal))
    except AgentError as error:
        return _error(error.failure)
    if not response.success:
        return _error(response.error)
    result = response.result if isinstance(response.result, dict) else {"content": response.result}
    reason = result.get("finish_reason")
    return types.CreateMessageResult(
        role="assistant",
        content=types.TextContent(type="text", text=str(result.get("content") or "")),
        model=str(result.get("model") or agent),
        stop_reason=_STOP_REASONS.get(reason, reason) if isinstance(reason, str) else None,
    )


def _parameters(params: types.CreateMessageRequestParams) -> dict[str, Any]:
    if params.tools:
        raise _Refused("a model with tools is not offered")
    messages = [{"role": each.role, "content": _content(each)} for each in params.messages]
    if params.system_prompt:
        messages.insert(0, {"role": "system", "content": params.system_prompt})
    parameters: dict[str, Any] = {"messages": messages, "max_tokens": params.max_tokens}
    if params.temperature is not None:
        parameters["temperature"] = params.temperature
    if params.stop_sequences:
        parameters["stop"] = params.stop_sequences
    return parameters


def _content(message: types.SamplingMessage) -> Any:
    parts = [_part(each) for each in message.content_as_list]
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["text"]
    return parts


def _part(block: types.SamplingMessageContentBlock) -> dict[str, Any]:
    match block:
        case types.TextContent():
            return {"type": "text", "text": block.text}
        case types.ImageContent():
            url = f"data:{block.mime_type};base64,{block.data}"
            return {"type": "image_url", "image_url": {"url": url}}
    raise _Refused(f"{block.type} cannot be handed to a model")


def _error(error: Failure | str | None) -> types.ErrorData:
    text = error.message if isinstance(error, Failure) else str(error or "no reason was given")
    return types.ErrorData(code=types.INTERNAL_ERROR, message=f"the model could not be asked: {text}")
