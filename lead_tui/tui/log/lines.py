"""How an event or a note reads in the log: a time, a word, a tone and a text. Pure.

All of it is safe; a text may have several lines. What is very long is cut here, and says by how much.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from lead_tui.core import events as ev
from lead_tui.observers.hub import Item
from lead_tui.text.safe import safe_line
from lead_tui.text.words import short_name
from lead_tui.tui.log.answer import Answer, AnswerEnd
from lead_tui.tui.log.book import STREAM
from lead_tui.tui.log.words import said_by
from lead_tui.tui.log.wrap import missing_note
from lead_tui.tui.look import Tone
from lead_tui.tui.model import RunModel
from lead_tui.tui.tool_calls import ToolCall, ToolEnd


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of the log, as it is read. `task` is empty for what belongs to the run as a whole."""

    time: str
    kind: str
    tone: Tone
    text: str
    task: str = ""
    missing: int = 0


def entry(item: Item, started_at: datetime | None) -> Entry:
    said = said_by(item)
    return Entry(moment(item.ts, started_at), said.kind, said.tone, said.text, task_of(item), said.missing)


def task_of(item: Item) -> str:
    return safe_line(getattr(item, "task", ""), 200)


def moment(at: datetime, started_at: datetime | None) -> str:
    """`02:12.9` since the run's start, `1:02:12` after an hour."""
    seconds = (at - started_at).total_seconds() if started_at is not None else 0.0
    tenths = max(int(seconds * 10 + 1e-6), 0)
    minutes, rest = divmod(tenths, 600)
    if minutes < 60:
        return f"{minutes:02}:{rest // 10:02}.{rest % 10}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 10:02}"


def minute(at: datetime, started_at: datetime | None) -> str:
    """The same where there is little room: `02:12`, `62:12` after an hour."""
    seconds = (at - started_at).total_seconds() if started_at is not None else 0.0
    minutes, rest = divmod(max(int(seconds), 0), 60)
    return f"{minutes:02}:{rest:02}"


def merged(items: Iterable[Item]) -> Iterator[tuple[Item, int]]:
    """Items with how many each stands for: tokens of one answer that follow each other become one."""
    stream: list[ev.Tokens] = []
    size = 0
    for item in items:
        if stream and not (continues(stream[-1], item) and size < STREAM):
            yield _joined(stream), len(stream)
            stream, size = [], 0
        if isinstance(item, ev.Tokens):
            stream.append(item)
            size += len(item.text)
        else:
            yield item, 1
    if stream:
        yield _joined(stream), len(stream)


def continues(before: Item, item: Item) -> bool:
    """Is it more of the same answer?"""
    return (
        isinstance(item, ev.Tokens)
        and isinstance(before, ev.Tokens)
        and (before.task, before.attempt) == (item.task, item.attempt)
    )


def _joined(stream: list[ev.Tokens]) -> ev.Tokens:
    return msgspec.structs.replace(stream[0], text="".join(each.text for each in stream))


def plain_lines(model: RunModel, task: str = "", since: int = 0, *, streamed: bool = False) -> Iterator[str]:
    """The log of a task, or of all, as lines of text; `since` is the absolute number of an item.

    `streamed`: what is told is not told again, so an answer waits for its end, and a call of a tool is told
    once more when it has one.
    """
    started_at = model.state.started_at
    for item in _whole(merged(model.log.of(task).since(since)), streamed=streamed):
        each = entry(item, started_at)
        name = "" if task else f"{short_name(each.task, 20):<20} "
        head = f"{each.time:>7} {each.kind:<7} {name}"
        for line in each.text.split("\n"):
            yield f"{head}{line}".rstrip()
            head = " " * len(head)
        if each.missing:
            yield f"{head}{missing_note(each.missing)}"


def _whole(items: Iterable[tuple[Item, int]], *, streamed: bool) -> Iterator[Item]:
    """Each answer and each call once, where it begins if it can be told there."""
    told: set[int] = set()
    for item, _ in items:
        if isinstance(item, ToolEnd | AnswerEnd):
            if streamed and id(item.of) not in told:
                yield item.of
        elif not (streamed and isinstance(item, Answer) and item.is_open):
            if isinstance(item, ToolCall | Answer):
                told.add(id(item))
            yield item
