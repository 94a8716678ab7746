"""What an item of the log says as rows; what would take too many is cut, with a row that says so. Pure."""

from itertools import islice

from lead_tui.tui.prose.wrap import Span, spans

TAB = 8
ROWS = 2_000
"""Rows that one text may take."""


def lay_out(text: str, width: int = 0, missing: int = 0) -> tuple[str, list[Span]]:
    """The rows of a text without tabs, and that text: cut, with a row that says so, if it takes too many.

    Without a width it is not wrapped. `missing`: how many characters were cut off before.
    """
    rows = list(islice(spans(text, width), ROWS + 1))
    if len(rows) > ROWS:
        del rows[ROWS:]
        missing += len(text) - rows[-1][1]
        text = text[: rows[-1][1]]
    if missing:
        note = missing_note(missing)
        start = len(text) + 1
        rows.extend((start + first, start + last) for first, last in spans(note, width))
        text = f"{text}\n{note}"
    return text, rows


def missing_note(missing: int) -> str:
    return f"… (+{missing:,} characters)"
