"""What the agents of a run said, of all that happened: log lines, answers of models, calls of tools.

A model's answer comes in pieces; here it is one item, at the time of its first piece, when nothing of it
comes any more or it has got long. Pure.
"""

from collections.abc import Iterable, Iterator

import msgspec

from lead_tui.core import events as ev
from lead_tui.observers.hub import Item
from lead_tui.observers.metrics import MODEL_KEYS
from lead_tui.text.wire import json_text
from lead_tui.tui.tool_calls import arguments_text, end_text

LONGEST = 20_000
"""Characters of an answer that stand together; of one that came at once, those that are shown."""
_SAID = ev.Log | ev.Message | ev.ToolCalled | ev.ToolReturned
_ENDS = (
    ev.AttemptStarted | ev.AttemptCompleted | ev.AttemptFailed | ev.TaskWaiting | ev.TaskCancelled
    | ev.TaskInterrupted
)  # fmt: skip


class Sayings:
    """`task`: only what this one says; empty for all."""

    def __init__(self, task: str = "") -> None:
        self._task = task
        self._answers: dict[str, list[ev.Tokens]] = {}
        self._sizes: dict[str, int] = {}
        self._streamed: set[tuple[str, int]] = set()
        """Attempts whose answers came in pieces."""
        self._called: dict[tuple[str, str], ev.ToolCalled] = {}

    def of(self, items: Iterable[Item]) -> Iterator[tuple[Item, str]]:
        """Each item that says something, and its words."""
        for item in items:
            task: str = getattr(item, "task", "")
            if self._task in ("", task):
                yield from self._hear(item, task)

    def rest(self) -> Iterator[tuple[Item, str]]:
        """Answers that have not ended yet: nobody listens any longer."""
        for task in list(self._answers):
            yield from self._answer(task)

    def _hear(self, item: Item, task: str) -> Iterator[tuple[Item, str]]:
        if isinstance(item, ev.Tokens):
            yield from self._piece(item)
        elif isinstance(item, _SAID | _ENDS):
            yield from self._answer(task)
            words = self._words(item)
            if words is not None:
                yield item, words

    def _piece(self, item: ev.Tokens) -> Iterator[tuple[Item, str]]:
        pieces = self._answers.setdefault(item.task, [])
        pieces.append(item)
        self._streamed.add((item.task, item.attempt))
        size = self._sizes[item.task] = self._sizes.get(item.task, 0) + len(item.text)
        if size >= LONGEST:
            yield from self._answer(item.task)

    def _answer(self, task: str) -> Iterator[tuple[Item, str]]:
        pieces = self._answers.pop(task, None)
        self._sizes.pop(task, None)
        if pieces:
            answer = msgspec.structs.replace(pieces[0], text="".join(each.text for each in pieces))
            if words := _answered(answer.text):
                yield answer, words

    def _words(self, item: Item) -> str | None:
        match item:
            case ev.Log(level="warning" | "error"):
                return f"{item.level}: {item.text}"
            case ev.Log():
                return item.text
            case ev.Message():
                return f"{item.role}: {item.text}"
            case ev.ToolCalled():
                self._called[item.task, item.call] = item
                return f"tool: {item.tool}({arguments_text(item.arguments)}) …"
            case ev.ToolReturned():
                called = self._called.pop((item.task, item.call), None)
                arguments = "" if called is None else f"({arguments_text(called.arguments)})"
                return f"tool: {item.tool}{arguments} -> {end_text(item)}"
            case ev.AttemptCompleted() if not self._was_told(item):
                return _answered(item.result if isinstance(item.result, str) else json_text(item.result))
        return None

    def _was_told(self, item: ev.AttemptCompleted) -> bool:
        """Did no model answer, or did its answer come in pieces?"""
        asked = any(name in item.usage for name in MODEL_KEYS)
        return not asked or (item.task, item.attempt) in self._streamed


def _answered(text: str) -> str | None:
    """What a model answered, None if that is nothing but blanks."""
    text = text.strip()
    more = f"\n… (+{len(text) - LONGEST:,} characters)" if len(text) > LONGEST else ""
    return f"llm: {text[:LONGEST]}{more}" if text else None
