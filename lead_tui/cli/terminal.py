"""Text and data to stdout and stderr. Everything passes `safe`: what comes from outside moves no cursor."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from lead_tui.cli.leaving import give_up, in_time
from lead_tui.core.events import Event, Note
from lead_tui.text.safe import safe
from lead_tui.text.wire import escaped, event_text, json_text

SAYING_SECONDS = 0.1


def out(text: str = "") -> None:
    """A line of what was asked for."""
    print(safe(text))


def say(text: str) -> None:
    """A line for the person, on stderr; a terminal that is gone is no reason to fail."""
    try:
        print(safe(text), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        give_up(sys.stderr)


def say_soon(text: str) -> None:
    """The same while runs go on: a terminal that is held does not hold them, too."""
    in_time(lambda: say(text), SAYING_SECONDS)


def out_json(data: Any) -> None:
    """JSON that no terminal obeys: what one would is escaped, and reads back the same."""
    print(escaped(json_text(msgspec.to_builtins(data), indent=2), sys.stdout.encoding or "utf-8"))


def out_event(item: Event | Note) -> None:
    """One line of JSON: what the journal holds of it."""
    print(escaped(event_text(item), sys.stdout.encoding or "utf-8"))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they need, the last one ragged; one line a row."""
    cells = [[_cell(text) for text in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def moment(at: datetime | None) -> str:
    """In the reader's own time zone."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else "-"


def short(value: Any, limit: int = 200) -> str:
    """A value in one line: text as it is, the rest as JSON."""
    text = value if isinstance(value, str) else json_text(value)
    return _cell(text if len(text) <= limit else f"{text[:limit]}…")


def _cell(text: str) -> str:
    return safe(text, newline=False, tab=False)
