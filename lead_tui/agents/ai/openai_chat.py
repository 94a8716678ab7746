"""OpenAI's chat API, more exactly than pydantic-ai reads it: the first choice is the answer, and what counts
nothing is no usage. Imports pydantic_ai and openai.
"""

from collections.abc import AsyncIterator

from openai.types.chat import ChatCompletionChunk
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIStreamedResponse


class _Stream(OpenAIStreamedResponse):
    """Nobody asks for a second choice, and pydantic-ai would take whichever stands first in a chunk."""

    async def _validate_response(self) -> AsyncIterator[ChatCompletionChunk]:
        async for chunk in super()._validate_response():
            chunk.choices = [each for each in chunk.choices or () if not each.index]
            if chunk.usage is not None and not all(
                isinstance(count, int) and count >= 0
                for count in (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
            ):
                chunk.usage = None
            yield chunk


class OpenAIChat(OpenAIChatModel):
    @property
    def _streamed_response_cls(self) -> type[OpenAIStreamedResponse]:
        return _Stream
