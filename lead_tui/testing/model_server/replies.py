"""What a scripted model answers: text, calls of tools, data, errors, and answers that go wrong on the way.

    say("It is sunny.")                     text, sent word by word in a stream
    say("It is ", "sunny.")                 these pieces exactly
    call("weather", city="Paris")           one tool call
    together(say("Let me see."), call("weather", city="Paris"), call("weather", city="Rome"))
    answer({"urgent": True})                data, in the way in which the request asks for it
    refuse("I cannot help with that.")      the provider's safety system steps in
    fail(429, retry_after=2)                an error as the provider words it; also by name: fail("no_money")
    raw("<h1>Login</h1>", "text/html")      any body at all

Text, calls and data can be given a usage and faults: `say("a b c").using(input=100).cut(after=2)`.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self

Finish = Literal["stop", "tool_calls", "length", "content_filter"]
Problem = Literal[
    "invalid_key", "forbidden", "unknown_model", "bad_request", "context_length", "content_filter",
    "rate_limit", "no_money", "server_error", "overloaded",
]  # fmt: skip

STATUSES: Final[Mapping[int, Problem]] = {
    400: "bad_request", 401: "invalid_key", 402: "no_money", 403: "forbidden", 404: "unknown_model",
    429: "rate_limit", 500: "server_error", 503: "overloaded", 529: "overloaded",
}  # fmt: skip
_WORD = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`arguments` is an object, or a text that is sent as it is, valid JSON or not."""

    tool: str
    arguments: dict[str, Any] | str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens. `input` leaves out what was read from or written to the provider's cache."""

    input: int = 10
    output: int = 20
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens after `after` pieces; 0 is before the status line, and an answer in one is one piece."""

    kind: Literal["cut", "end", "wait", "endless", "error"]
    after: int
    gate: asyncio.Event | None = None
    problem: Problem = "overloaded"


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the assistant. Its methods give a changed copy."""

    pieces: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    data: Any = None
    has_data: bool = False
    refused: bool = False
    finish: Finish | None = None
    usage: Usage = field(default_factory=Usage)
    faults: tuple[Fault, ...] = ()

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def using(self, input: int = 10, output: int = 20, cache_read: int = 0, cache_write: int = 0) -> Self:  # noqa: A002
        """Report these tokens."""
        return replace(self, usage=Usage(input, output, cache_read, cache_write))

    def ending(self, finish: Finish) -> Self:
        """Give this reason for the end: `ending("length")` is an answer that ran into `max_tokens`."""
        return replace(self, finish=finish)

    def cut(self, after: int = 0) -> Self:
        """The connection breaks after so many pieces."""
        return self._with(Fault("cut", after))

    def ended(self, after: int = 1) -> Self:
        """The stream ends after so many pieces as if it were whole, without its last events."""
        return self._with(Fault("end", after))

    def waiting(self, gate: asyncio.Event, after: int = 0) -> Self:
        """The rest comes when the event is set. More than one of these make a slow drip."""
        return self._with(Fault("wait", after, gate))

    def hanging(self, after: int = 0) -> Self:
        """Nothing more comes until the client gives up."""
        return self._with(Fault("wait", after))

    def endless(self, after: int = 1) -> Self:
        """The body goes on without end until the client gives up."""
        return self._with(Fault("endless", after))

    def failing(self, problem: Problem = "overloaded", after: int = 1) -> Self:
        """A stream that breaks off with an event that is an error; without a stream, the error alone."""
        return self._with(Fault("error", after, problem=problem))

    def _with(self, fault: Fault) -> Self:
        faults = sorted((*self.faults, fault), key=lambda each: each.after)
        return replace(self, faults=tuple(faults))


@dataclass(frozen=True, slots=True)
class Failing:
    """An HTTP answer that is an error. `status` and `message` are the provider's own unless given."""

    problem: Problem
    status: int | None = None
    message: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """An HTTP answer that no provider sends."""

    body: bytes
    content_type: str
    status: int
    headers: Mapping[str, str]


Reply = Message | Failing | Raw


def say(*pieces: str) -> Message:
    """Text. One argument is sent word by word in a stream, several are the pieces themselves."""
    return Message(pieces=tuple(_WORD.findall(pieces[0])) or pieces if len(pieces) == 1 else pieces)


def call(tool: str, arguments: dict[str, Any] | str | None = None, /, **named: Any) -> Message:
    """One call of a tool. A text as `arguments` is sent as it is, also if it is no JSON."""
    return Message(calls=(ToolCall(tool, named if arguments is None else arguments),))


def together(*messages: Message) -> Message:
    """One message with the texts and the calls of all of them; usage and faults are the first one's."""
    pieces = tuple(piece for each in messages for piece in each.pieces)
    calls = tuple(each_call for each in messages for each_call in each.calls)
    return replace(messages[0], pieces=pieces, calls=calls)


def answer(data: Any) -> Message:
    """Data, as JSON text if the request asks for that, else as a call of the tool that takes the output."""
    return Message(data=data, has_data=True)


def refuse(text: str = "I'm sorry, I can't help with that.") -> Message:
    """The model declines: `refusal` at OpenAI, the stop reason `refusal` at Anthropic."""
    return replace(say(text), refused=True)


def fail(problem: Problem | int, *, message: str | None = None, retry_after: float | None = None) -> Failing:
    """An error, by its name or its HTTP status; `retry_after` in seconds is the header `Retry-After`."""
    if isinstance(problem, str):
        return Failing(problem, None, message, retry_after)
    return Failing(STATUSES.get(problem, "server_error"), problem, message, retry_after)


def raw(
    body: str | bytes,
    content_type: str = "application/json",
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Raw:
    """Any answer: a login page of a proxy, broken JSON, a redirect."""
    return Raw(body.encode() if isinstance(body, str) else body, content_type, status, headers or {})
