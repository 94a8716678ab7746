"""One attempt's exchange with the model: text streams out while it comes, and no half answer is taken.

Imports pydantic_ai.
"""

import json
from dataclasses import dataclass
from typing import Any

from pydantic_ai import Agent, AgentRun
from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.usage import UsageLimits

from lead_tui.agents.ai import failures, unusable
from lead_tui.agents.ai.transcript import Transcript
from lead_tui.agents.base import AgentContext
from lead_tui.agents.output import excerpt
from lead_tui.errors import AgentError
from lead_tui.plain import NotPlain, plain

_UNLIMITED = UsageLimits(request_limit=None)


@dataclass(frozen=True)
class Ended:
    """`output` is what pydantic-ai made of the last of the model's `responses`."""

    output: Any
    responses: list[ModelResponse]


class Conversation:
    """`what` names the model. Without a transcript nothing is kept: all of it may be repeated."""

    def __init__(
        self,
        agent: Agent[None, Any],
        context: AgentContext,
        what: str,
        transcript: Transcript | None = None,
    ) -> None:
        self._agent = agent
        self._context = context
        self._what = what
        self._transcript = transcript
        self._last: ModelResponse | None = None

    async def hold(self, prompt: str | None, history: list[ModelMessage] | None = None) -> Ended:
        """Until the model has answered, from where an earlier attempt stopped."""
        if prompt is not None and self._transcript is not None and self._transcript.messages:
            history = self._transcript.resumed(prompt)
            prompt = None
        try:
            async with self._agent.iter(prompt, message_history=history, usage_limits=_UNLIMITED) as run:
                await self._go_on(run)
                assert run.result is not None  # noqa: S101 - the loop ends with one
                responses = [each for each in run.all_messages() if isinstance(each, ModelResponse)]
                return Ended(run.result.output, responses)
        except UnexpectedModelBehavior:
            self._log_last()
            raise

    async def _go_on(self, run: AgentRun[None, Any]) -> None:
        async for node in run:
            if Agent.is_model_request_node(node):
                self._keep(node.request)
                async with node.stream(run.ctx) as events:
                    async for event in events:
                        self._show(event)
            elif Agent.is_call_tools_node(node):
                self._last = node.model_response
                self._check(node.model_response)
                _without_odd_numbers(node.model_response)
                self._keep(node.model_response)

    def _log_last(self) -> None:
        """The answer that cannot be used; UnexpectedModelBehavior says so if it is empty."""
        if self._last is None:
            return
        said = unusable.content(self._last)
        if not said:
            raise UnexpectedModelBehavior("it is empty") from None
        self._context.log(f"cannot be used: {excerpt(said, self._context.mask)}", "warning")

    def _keep(self, message: ModelMessage) -> None:
        if self._transcript is not None:
            self._transcript.keep(message)

    def _show(self, event: object) -> None:
        """Text of the answer; what the model thinks is none."""
        match event:
            case PartStartEvent(part=TextPart(content=text)) if text:
                self._context.tokens(text)
            case PartDeltaEvent(delta=TextPartDelta(content_delta=text)) if text:
                self._context.tokens(text)

    def _check(self, response: ModelResponse) -> None:
        """AgentError for an answer that is not whole, or none."""
        details = response.provider_details or {}
        if response.finish_reason == "content_filter":
            said = self._context.mask(str(details.get("refusal") or response.text or ""))
            raise AgentError(failures.refused(self._what, said))
        # where a stream ends without a reason, pydantic-ai makes one up
        if not details.get("finish_reason"):
            raise AgentError(failures.truncated(self._what))


def _without_odd_numbers(response: ModelResponse) -> None:
    """Arguments that hold NaN or an infinity, which Python takes for JSON and nobody else does, become the
    text that they are: the model is told that it is no object.
    """
    for call in response.tool_calls:
        try:
            plain(call.args_as_dict())
        except NotPlain:
            call.args = json.dumps(call.args if isinstance(call.args, str) else str(call.args))
