"""Text and data to stdout and stderr. Everything passes `safe`: what comes from outside moves no cursor."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from lead_tui.reporters.safe import safe


def out(text: str = "") -> None:
    """A line of what was asked for."""
    print(safe(text))


def say(text: str) -> None:
    """A line for the person, on stderr; a terminal that is gone is no reason to fail."""
    with suppress(OSError):
        print(safe(text), file=sys.stderr, flush=True)


def out_json(data: Any, *, lines: bool = False) -> None:
    """`lines`: compact, one line. Written as it is to a pipe, made visible on a terminal."""
    encoded = msgspec.json.encode(data)
    out_encoded(encoded if lines else msgspec.json.format(encoded))


def out_encoded(data: bytes) -> None:
    text = data.decode()
    print(safe(text) if sys.stdout.isatty() else text)


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
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return _cell(text if len(text) <= limit else f"{text[:limit]}…")


def _cell(text: str) -> str:
    return safe(text, newline=False, tab=False)
