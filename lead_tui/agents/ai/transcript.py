"""What was said and done so far, kept so that the next attempt goes on from it. Imports pydantic_ai.

Kept are `{"message": ...}`, a message of pydantic-ai as JSON data, and `{"returned": {call, text, made}}`,
the end of a tool's call, made or refused; the text of a call that is kept is left out of the message after
it. The first piece is `{"begun": true}`: an attempt that only waited for its first request goes on, too.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from lead_tui.agents.base import AgentContext


class Transcript:
    """`messages` are what earlier attempts kept, ready to go on from: they end with a request, or with a
    response whose tool calls are not all made. `steps` counts all responses so far.
    """

    def __init__(self, context: AgentContext) -> None:
        self.steps = 0
        self.returned: dict[str, str] = {}
        self._made: set[str] = set()
        self._numbers: list[int] = []  # of the responses that the conversation holds
        self._context = context
        self.messages = self._restored(context.saved)
        self._restored_steps = self.steps
        self._last = self.messages[-1].kind if self.messages else ""
        if not context.saved:
            context.save({"begun": True})

    def resumed(self, prompt: str) -> list[ModelMessage]:
        """`messages` with the prompt in its place again: what is kept holds no secret."""
        first, *rest = self.messages
        if not isinstance(first, ModelRequest):
            return self.messages
        parts = [
            replace(each, content=prompt) if isinstance(each, UserPromptPart) else each
            for each in first.parts
        ]
        return [replace(first, parts=parts), *rest]

    @property
    def asked_before(self) -> bool:
        """Were the calls of the last response asked for in an earlier attempt? What is kept is masked."""
        return bool(self.messages) and self.steps == self._restored_steps

    def call_name(self, call: str) -> str:
        """Of a call of the last response, by the id that the model gave it: the same in every attempt."""
        return f"{self.steps}:{call}"

    def keep(self, message: ModelMessage) -> None:
        """Nothing, for the message that the attempt before had kept last."""
        last, self._last = self._last, ""
        if message.kind == last:
            return
        if isinstance(message, ModelResponse):
            self._count()
        [data] = ModelMessagesTypeAdapter.dump_python([message], mode="json", exclude_none=True)
        for part in self._known_returns(data):
            part["content"] = ""
        self._context.save({"message": data})

    def begin(self, call: str) -> None:
        """A call that nobody refused is made now."""
        self._made.add(call)

    def keep_return(self, call: str, text: str) -> None:
        self.returned[call] = text
        self._context.save({"returned": {"call": call, "text": text, "made": call in self._made}})

    def calls_made(self, responses: list[ModelResponse]) -> Iterator[ToolCallPart]:
        """Of all that these responses, which are the conversation's, ask for."""
        for number, response in zip(self._numbers, responses, strict=True):
            for call in response.tool_calls:
                if f"{number}:{call.tool_call_id}" in self._made:
                    yield call

    def was_told(self, tool: str, text: str) -> bool:
        """Did the model read this of a call of `tool` in an earlier attempt?"""
        return any(
            isinstance(part, ToolReturnPart) and (part.tool_name, part.content) == (tool, text)
            for message in self.messages
            for part in message.parts
        )

    def _restored(self, saved: list[Any]) -> list[ModelMessage]:
        kept: list[dict[str, Any]] = []
        for piece in saved:
            if "returned" in piece:
                self._restore_return(**piece["returned"])
            elif "message" in piece:
                kept.append(self._filled(piece["message"]))
        messages = ModelMessagesTypeAdapter.validate_python(kept)
        if messages and isinstance(last := messages[-1], ModelResponse) and not last.tool_calls:
            messages.pop()  # an answer that was not taken: the model is asked again
            self._numbers.pop()
        return messages

    def _restore_return(self, call: str, text: str, made: bool = True) -> None:
        self.returned[call] = text
        if made:
            self._made.add(call)

    def _count(self) -> None:
        self.steps += 1
        self._numbers.append(self.steps)

    def _filled(self, message: dict[str, Any]) -> dict[str, Any]:
        if message["kind"] == "response":
            self._count()
        message = {**message, "parts": [{**part} for part in message["parts"]]}
        for part in self._known_returns(message):
            part["content"] = self.returned[self.call_name(part["tool_call_id"])]
        return message

    def _known_returns(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            part
            for part in message["parts"]
            if part["part_kind"] == "tool-return" and self.call_name(part["tool_call_id"]) in self.returned
        ]
