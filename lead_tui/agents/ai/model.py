"""The model as pydantic-ai's agent sees it: each request is admitted by the engine, counted and streamed.

Imports pydantic_ai.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext

from lead_tui.agents.ai import failures, prices
from lead_tui.agents.ai.wire import Wire
from lead_tui.agents.base import AgentContext
from lead_tui.errors import AgentError, Category, failed

_UNKNOWN = {"unpriced_calls": 1, "unmetered_calls": 1}


class MeteredModel(WrapperModel):
    """`steps` counts the requests, those of earlier attempts included; at most `max_steps` are made.

    `what` names the model.
    """

    def __init__(
        self,
        wrapped: Model,
        wire: Wire,
        context: AgentContext,
        what: str,
        cost: Callable[[ModelResponse], dict[str, float]],
        max_steps: int,
        steps: int = 0,
    ) -> None:
        super().__init__(wrapped)
        self.steps = steps
        self._wire = wire
        self._context = context
        self._what = what
        self._cost = cost
        self._max_steps = max_steps

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        await self._admit()
        opening = super().request_stream(messages, model_settings, model_request_parameters, run_context)
        with failures.reading():
            async with AsyncExitStack() as stack:
                try:
                    stream = await stack.enter_async_context(opening)
                except UnexpectedModelBehavior:  # a stream without any content
                    self._context.spend(_UNKNOWN)
                    raise AgentError(failures.truncated(self._what)) from None
                try:
                    yield stream
                finally:
                    metered = self._spend(stream)
        if not metered:
            self._context.log(f"{self._what} told no usage that can be read", "warning")

    def _spend(self, stream: StreamedResponse) -> bool:
        """What it told that it used. False if that was nothing; ValueError if it cannot be."""
        try:
            response = stream.get()
            used = prices.tokens(response.usage)
            cost = self._cost(response)
        except Exception:
            self._context.spend(_UNKNOWN)
            raise
        self._context.spend({**used, **cost})
        return bool(used)

    async def _admit(self) -> None:
        if self.steps >= self._max_steps:
            message = f"the model gave no final answer in {self._max_steps} steps: see `max_steps`"
            raise failed(Category.RESOURCE, message, code="max_steps")
        await self._context.admit()
        self.steps += 1
        # at once: calls that wait to be admitted meanwhile must see it
        self._context.spend({"calls": 1})
        self._wire.idempotency_key = f"{self._context.idempotency_key}-{self.steps}"
