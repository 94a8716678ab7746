"""A call of a tool as one line: what was asked and, once it came, what it gave. Pure.

    search(query="control group protocol") …
    search(query="control group protocol") -> 4 results, 212 ms

What it says is bounded; all of it is in the events. Where it stands it has to be made safe, like all text
from outside.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lead_tui.core import events as ev
from lead_tui.errors import Failure
from lead_tui.text.wire import json_text
from lead_tui.text.words import duration, failure_text

VALUE = 60
"""Characters of an argument, or of a result that is text."""
ARGUMENTS = 160
"""Characters of all arguments together."""
SUMMARY_KEYS = 4


class ToolCall(ev.AttemptEvent, frozen=True, tag="tool_call"):
    """Stands in the log where the call began. `ends` holds its end once there is one: what it returned, or
    None if its attempt is over without an answer.
    """

    call: str
    tool: str
    arguments: Any = None
    ends: list[ev.ToolReturned | None] = msgspec.field(default_factory=list)

    @classmethod
    def of(cls, event: ev.ToolCalled) -> "ToolCall":
        return cls(
            seq=event.seq, ts=event.ts, run_id=event.run_id, task=event.task, attempt=event.attempt,
            call=event.call, tool=event.tool, arguments=event.arguments,
        )  # fmt: skip

    def end(self, returned: ev.ToolReturned | None) -> None:
        """An answer that comes late counts all the same."""
        self.ends[:] = [returned]

    @property
    def is_open(self) -> bool:
        return not self.ends

    @property
    def returned(self) -> ev.ToolReturned | None:
        return self.ends[0] if self.ends else None

    @property
    def failure(self) -> Failure | None:
        return self.returned.failure if self.returned is not None else None

    @property
    def value(self) -> dict[str, Any]:
        """All of it, for who wants to look into it."""
        value: dict[str, Any] = {"tool": self.tool, "arguments": self.arguments}
        if self.returned is None:
            return value | {"result": "not yet" if self.is_open else "nobody knows"}
        if self.failure is not None:
            value["failure"] = {key: each for key, each in msgspec.to_builtins(self.failure).items() if each}
        else:
            value["result"] = data_of(self.returned.result)
        return value | {"took": took_text(self.returned.duration)}

    @property
    def text(self) -> str:
        head = f"{self.tool}({arguments_text(self.arguments)})"
        if self.is_open:
            return f"{head} …"
        return f"{head} -> {end_text(self.returned)}"


class ToolEnd(ev.AttemptEvent, frozen=True, tag="tool_end"):
    """Stands in the log where a call ended, for readers who were told the beginning before."""

    of: ToolCall


_ENDS = frozenset(
    {ev.AttemptCompleted, ev.AttemptFailed, ev.TaskFailed, ev.TaskCancelled, ev.TaskInterrupted}
)
"""Of an attempt."""


class OpenCalls:
    """The calls of a run that have not returned, by task."""

    def __init__(self) -> None:
        self.open: dict[str, dict[str, ToolCall]] = {}

    def begin(self, event: ev.ToolCalled) -> ToolCall:
        call, calls = ToolCall.of(event), self.open.setdefault(event.task, {})
        if (before := calls.get(event.call)) is not None:
            before.end(None)  # it is made again, since nobody knows what became of it
        calls[event.call] = call
        return call

    def end(self, event: ev.ToolReturned) -> ToolEnd | None:
        """None for a call of which nobody heard."""
        calls = self.open.get(event.task, {})
        call = calls.pop(event.call, None)
        if call is None:
            return None
        if not calls:
            del self.open[event.task]
        call.end(event)
        return ToolEnd(seq=event.seq, ts=event.ts, task=event.task, attempt=event.attempt, of=call)

    def see(self, task: str, history: Sequence[ev.Event]) -> None:
        """Something happened to a task with open calls: if their attempt is over, they have no answer."""
        calls = self.open[task]
        last = max(calls.values(), key=lambda call: call.seq)
        for event in reversed(history):
            if event.seq <= last.seq:
                return
            other = isinstance(event, ev.AttemptStarted) and event.attempt != last.attempt
            if other or type(event) in _ENDS:
                for call in self.open.pop(task).values():
                    call.end(None)
                return


def arguments_text(arguments: Any) -> str:
    """`query="control group", limit=4`."""
    if isinstance(arguments, Mapping):
        text = ", ".join(f"{name}={_short(value)}" for name, value in arguments.items())
    else:
        text = "" if arguments is None else _short(arguments)
    return _cut(text, ARGUMENTS)


def end_text(returned: ev.ToolReturned | None) -> str:
    """`4 results, 212 ms`; `failed: tool_error: no such city, 1.2s`."""
    if returned is None:
        return "no answer: nobody knows what it did"
    took = took_text(returned.duration)
    if returned.failure is not None:
        return f"failed: {failure_text(returned.failure)}, {took}"
    return f"{result_text(returned.result)}, {took}"


def result_text(result: Any) -> str:
    """What came back in a few words: how many, or the beginning."""
    match data_of(result):
        case None:
            return "nothing"
        case str() as text:
            line = " ".join(text[: 4 * VALUE].split())
            return json_text(_cut(line if len(text) <= 4 * VALUE else f"{line}…", VALUE))
        case Mapping() as found:
            return _map_text(found)
        case Sequence() as found:
            return _count(len(found), "result")
        case other:
            return json_text(other)


def data_of(result: Any) -> Any:
    """The data that a text holds, if it holds some: models get their results as text."""
    if isinstance(result, str) and result[:1] in ("{", "["):
        try:
            return msgspec.json.decode(result)
        except msgspec.DecodeError:
            return result
    return result


def took_text(seconds: float) -> str:
    """`212 ms`, `3.2s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else duration(seconds)


def _map_text(found: Mapping[str, Any]) -> str:
    lists = {name: value for name, value in found.items() if isinstance(value, list | tuple)}
    if len(lists) == 1:
        [(name, value)] = lists.items()
        one = name.removesuffix("s") if len(value) == 1 and not name.endswith("ss") else name
        return f"{len(value):,} {_cut(str(one), VALUE)}"
    names = ", ".join(_cut(str(name), 20) for name in list(found)[:SUMMARY_KEYS])
    more = "…" if len(found) > SUMMARY_KEYS else ""
    return f"{{{names}{more}}}"


def _short(value: Any) -> str:
    """As JSON; of what is long only the beginning is looked at."""
    if isinstance(value, str):
        return json_text(_cut(value, VALUE))
    return _cut(json_text(value), VALUE)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
