"""A plain value in one line, in about as many characters as there are. Pure."""

from collections.abc import Mapping
from itertools import accumulate, islice
from typing import Any

from lead_tui.text.safe import safe_line
from lead_tui.tui.look import Tone

BRANCHES = (Mapping, list, tuple)
SUMMARY_KEYS = 8


def summary(value: Any, room: int = 60) -> str:
    """A branch in one line: how many it holds, and the first of them as far as there is room."""
    count, first = len(value), list(islice(value, SUMMARY_KEYS))
    if isinstance(value, Mapping):
        words = f"{{{count:,} {'key' if count == 1 else 'keys'}}}"
        brief = [safe_line(str(key), 20) for key in first]
    else:
        words = f"[{count:,} {'item' if count == 1 else 'items'}]"
        brief = [scalar(each, 20)[0] for each in first if not isinstance(each, BRANCHES)]
    ends = accumulate((len(each) + 2 for each in brief), initial=len(words))
    shown = brief[: max(sum(end < room for end in ends) - 1, 0)]
    more = "…" if len(shown) < count else ""
    return f"{words}  {', '.join(shown)}{more}" if shown else words


def scalar(value: Any, room: int) -> tuple[str, Tone]:
    match value:
        case None:
            return "null", "faint"
        case bool():
            return str(value).lower(), "ask"
        case int() | float():
            return safe_line(str(value), max(room, 1)), "retry"
        case str():
            return (_quoted(value, room), "text") if value else ('""', "faint")
        case Mapping():
            return "{}", "faint"
        case list() | tuple():
            return "[]", "faint"
    return safe_line(str(value), max(room, 1)), "text"


def _quoted(value: str, room: int) -> str:
    """Quotes only where the text could be taken for something else, or its edge could not be seen."""
    doubtful = value in ("null", "true", "false") or value != value.strip() or _is_number(value)
    line = _cut(value, room - 2 * doubtful)
    return f'"{line}"' if doubtful else line


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def first_line(value: str, room: int) -> str:
    first, _, rest = value.partition("\n")
    if not rest:
        return _cut(first, room)
    note = f" … {size(value)}"
    return _cut(first, room - len(note)) + note


def size(value: str) -> str:
    lines = value.count("\n") + 1
    return f"{lines:,} lines" if lines > 1 else f"{len(value):,} characters"


def _cut(text: str, room: int) -> str:
    """At most about `room` characters, with the number of those that are missing."""
    if len(text) <= max(room, 1):
        return safe_line(text)
    note = len(f"… (+{len(text):,} characters)")
    return safe_line(text, max(room - note, 8))
