"""The agent `ai_agent`: `chat_completion` asks a model once, `run` lets it use tools until it answers.

The result of both is `{content, model, finish_reason, usage, tool_calls}`: `content` the answer, as data if
there is an `output_schema`, else text; `usage` the sum over all requests (`input_tokens`, `output_tokens`,
...); `tool_calls` a list of `{name, arguments}`, of `run` those that were made, of `chat_completion` those
that the model asks for, with the `id` by which it wants their results.
"""

import json
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from lead_tui.agents.ai.config import CHAT, AiAgentConfig, ChatParameters, RunParameters
from lead_tui.agents.ai.endpoint import Endpoint, resolved
from lead_tui.agents.ai.keys import Key, find_key
from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent
from lead_tui.agents.parameters import checked
from lead_tui.agents.prints import prints_to
from lead_tui.agents.tool_calls import ToolCalls
from lead_tui.errors import AgentError
from lead_tui.http.headers import checked_headers
from lead_tui.threads import in_thread

if TYPE_CHECKING:
    from lead_tui.agents.ai.asking import Asking


_loaded: set[str] = set()
"""Providers whose libraries are imported."""


class AiAgent(BaseAgent[AiAgentConfig]):
    """Ask a model, or let it work with tools until it answers."""

    config_model = AiAgentConfig
    libraries: ClassVar[tuple[str, ...]] = (
        "lead_tui.agents.ai.asking",
        "pydantic_ai.models.openai",
        "pydantic_ai.models.anthropic",
        "pydantic_ai.providers.openai_compatible",
        "genai_prices",
        "aiohttp",
        "httpx_aiohttp.httpx2",
    )

    def __init__(self, config: AiAgentConfig) -> None:
        super().__init__(config)
        self._calls = ToolCalls(config.name, config)

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        endpoint = resolved(self.config.provider, self.config.endpoint, context.environment)
        key = find_key(self.config.authentication, endpoint, context.environment)
        for secret in key.secrets:
            context.conceal(secret)
        what = self._what(endpoint)
        try:
            if endpoint.provider not in _loaded:
                await in_thread(partial(_load, endpoint.provider))
            with prints_to(context):  # warnings of the SDKs, too, are the task's
                asking = self._asking(endpoint, key, context, what)
                return AgentResponse.ok(await self._answer(action, parameters, asking))
        except AgentError:
            raise
        except Exception as error:
            from lead_tui.agents.ai import failures

            again = context.attempt == 1
            failure = failures.of_exception(error, what, context.mask, keyless=not key.is_set, again=again)
            if failure is None:
                raise
            # the text of an SDK's error may hold what was sent
            raise AgentError(failure) from None

    async def _answer(self, action: str, parameters: dict[str, Any], asking: "Asking") -> dict[str, Any]:
        if action == CHAT:
            return await asking.chat(checked(ChatParameters, parameters))
        return await asking.run(_prompt(checked(RunParameters, parameters)), self._calls)

    def _asking(self, endpoint: Endpoint, key: Key, context: AgentContext, what: str) -> "Asking":
        from lead_tui.agents.ai.asking import Asking
        from lead_tui.agents.ai.wire import Wire

        config = self.config
        limit = config.connect_timeout
        headers = checked_headers(config.custom_params.get("headers") or {})
        wire = Wire(
            context.shared,
            key,
            query=endpoint.query,
            headers=headers,
            verify=config.verify,
            # connecting gives up before the attempt does: only then is it known that nothing was executed
            connect_timeout=min(limit, 0.9 * config.timeout) if config.timeout else limit,
            limit=config.max_response_bytes,
            heard=context.heartbeat,
        )
        return Asking(config, endpoint, wire, context, what)

    def _what(self, endpoint: Endpoint) -> str:
        """The model, for messages."""
        where = endpoint.base if endpoint.foreign else endpoint.provider
        return f"{self.config.model} at {where}"


def _load(provider: str) -> None:
    """Import what takes a second: the loop goes on meanwhile."""
    import_module("lead_tui.agents.ai.asking")
    if provider in ("openai", "anthropic"):
        import_module(f"pydantic_ai.models.{provider}")
    _loaded.add(provider)


def _prompt(asked: RunParameters) -> str:
    """The context is data before the prompt: nothing in it is rendered."""
    if asked.context is None:
        return asked.prompt
    data = asked.context
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, indent=2)
    return f"<context>\n{text}\n</context>\n\n{asked.prompt}"
