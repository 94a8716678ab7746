"""One question to a model from its config: which tools and schema go with it, and the result of the answer.

Imports pydantic_ai.
"""

from collections.abc import Sequence
from typing import Any
from warnings import filterwarnings

from pydantic_ai import Agent, AgentRetries, DeferredToolRequests, RunContext
from pydantic_ai.exceptions import UsageExtractionFailedWarning
from pydantic_ai.messages import ModelResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, ExternalToolset

from lead_tui.agents.ai import output, prices
from lead_tui.agents.ai.config import AiAgentConfig, ChatParameters
from lead_tui.agents.ai.conversation import Conversation
from lead_tui.agents.ai.endpoint import Endpoint
from lead_tui.agents.ai.granted import granted_tools
from lead_tui.agents.ai.messages import history
from lead_tui.agents.ai.model import MeteredModel
from lead_tui.agents.ai.provider import fetches_urls, make_model
from lead_tui.agents.ai.toolset import RETRIES, Toolbox
from lead_tui.agents.ai.transcript import Transcript
from lead_tui.agents.ai.wire import Wire
from lead_tui.agents.base import AgentContext
from lead_tui.agents.tool_calls import ToolCalls
from lead_tui.errors import Category, failed


class Asking:
    """`what` names the model in messages."""

    def __init__(
        self, config: AiAgentConfig, endpoint: Endpoint, wire: Wire, context: AgentContext, what: str
    ) -> None:
        self._config = config
        self._endpoint = endpoint
        self._wire = wire
        self._context = context
        self._what = what
        # an unreadable usage is told by `model.py`, in words for people
        filterwarnings("ignore", category=UsageExtractionFailedWarning)
        self._model = make_model(endpoint, config.model, wire)

    async def chat(self, asked: ChatParameters) -> dict[str, Any]:
        """The result of `chat_completion`."""
        again = self._config.output_retries if self._config.output_schema is not None else 0
        model = self._metered(1 + again)
        tools = [_definition(each) for each in asked.tools]
        settings = self._settings(asked.temperature, asked.max_tokens, asked.stop)
        agent = self._agent(
            model, settings, [ExternalToolset(tools)] if tools else [], {"output": again, "tools": 0}
        )
        messages = None
        if asked.messages is not None:
            messages = history(asked.messages, urls=fetches_urls(self._model))
        ended = await Conversation(agent, self._context, self._what).hold(asked.prompt, messages)
        calls: list[dict[str, Any]] = []
        if isinstance(ended.output, DeferredToolRequests):
            calls = [
                {"id": each.tool_call_id, "name": each.tool_name, "arguments": each.args_as_dict()}
                for each in ended.output.calls
            ]
        given = sum(isinstance(each, ModelResponse) for each in messages or ())
        return _result(ended.output, ended.responses[given:], calls)

    async def run(self, prompt: str, calls: ToolCalls) -> dict[str, Any]:
        """The result of `run`."""
        transcript = Transcript(self._context)
        model = self._metered(self._config.max_steps, transcript.steps)
        tools = await granted_tools(self._config, calls, self._context)
        toolbox = Toolbox(tools, calls, self._context, transcript)
        agent = self._agent(
            model, self._settings(), [toolbox], {"output": self._config.output_retries, "tools": RETRIES}
        )
        ended = await Conversation(agent, self._context, self._what, transcript).hold(prompt)
        made = [
            {"name": toolbox.flow_name(call.tool_name), "arguments": call.args_as_dict()}
            for call in transcript.calls_made(ended.responses)
        ]
        return _result(ended.output, ended.responses, made)

    def _metered(self, max_steps: int, steps: int = 0) -> MeteredModel:
        def cost(response: ModelResponse) -> dict[str, float]:
            return prices.cost(response, self._config.prices, foreign=self._endpoint.foreign)

        return MeteredModel(self._model, self._wire, self._context, self._what, cost, max_steps, steps)

    def _settings(
        self, temperature: float | None = None, max_tokens: int | None = None, stop: list[str] | None = None
    ) -> ModelSettings:
        """What a call asks for goes before what the agent sets. Only the engine tries again."""
        config, settings = self._config, ModelSettings()
        if "max_retries" not in self._model.unsupported_settings:
            settings["max_retries"] = 0
        if (chosen := config.temperature if temperature is None else temperature) is not None:
            settings["temperature"] = chosen
        if (limit := config.max_tokens if max_tokens is None else max_tokens) is not None:
            settings["max_tokens"] = limit
        if stop:
            settings["stop_sequences"] = stop
        return settings

    def _agent(
        self,
        model: MeteredModel,
        settings: ModelSettings,
        toolsets: Sequence[AbstractToolset[None]],
        again: AgentRetries,
    ) -> Agent[None, Any]:
        schema = self._config.output_schema
        kind: Any = str if schema is None else output.output_type(schema, self._model)
        if any(isinstance(each, ExternalToolset) for each in toolsets):
            kind = [kind, DeferredToolRequests]
        agent: Agent[None, Any] = Agent(
            model,
            name=self._config.name,
            output_type=kind,
            deps_type=type(None),
            instructions=self._config.instructions or None,
            model_settings=settings,
            retries=again,
            toolsets=toolsets,
        )
        if schema is not None:

            @agent.output_validator
            def fits(_: RunContext[None], answer: Any) -> Any:
                return output.checked(schema, answer) if isinstance(answer, dict) else answer

        return agent


def _definition(tool: dict[str, Any]) -> ToolDefinition:
    """A tool as OpenAI's API takes it, or Anthropic's."""
    function = tool.get("function", tool)
    schema = function.get("parameters") or function.get("input_schema") or {"type": "object"}
    if not isinstance(function.get("name"), str) or not isinstance(schema, dict):
        raise failed(
            Category.VALIDATION, "tools: each has a name and JSON Schema as parameters", code="bad_parameters"
        )
    return ToolDefinition(
        name=function["name"], description=function.get("description") or "", parameters_json_schema=schema
    )


def _result(answer: Any, responses: list[ModelResponse], calls: list[dict[str, Any]]) -> dict[str, Any]:
    last = responses[-1]
    usage: dict[str, float] = {}
    for response in responses:
        for name, count in prices.tokens(response.usage).items():
            usage[name] = usage.get(name, 0) + count
    return {
        "content": last.text if isinstance(answer, DeferredToolRequests) else answer,
        "model": last.model_name,
        "finish_reason": last.finish_reason or _said_reason(last),
        "usage": usage,
        "tool_calls": calls,
    }


def _said_reason(response: ModelResponse) -> str | None:
    """The server's own word, where it is none of the usual ones."""
    said = (response.provider_details or {}).get("finish_reason")
    return None if said is None else str(said)
