"""Paragraphs as the lines of a list, made as far as somebody looks. Pure.

So a text of any length costs no more than what is seen of it.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from lead_tui.tui.prose.paragraphs import Paragraph
from lead_tui.tui.prose.wrap import rows


class Line(NamedTuple):
    """The part of the paragraph's text from `start` to `end`."""

    paragraph: Paragraph
    start: int
    end: int


class Lines:
    """`known` are those that are made, in order; with `is_complete` there are no others."""

    def __init__(self, paragraphs: Iterable[Paragraph], width: int) -> None:
        self.known: list[Line] = []
        self.is_complete = False
        self._rest = _lines(paragraphs, width)

    def make(self, count: int | None = None) -> None:
        """Know at least so many, as far as there are any; all, if no number is given."""
        missing = None if count is None else max(count - len(self.known), 0)
        before = len(self.known)
        self.known.extend(islice(self._rest, missing))
        self.is_complete = self.is_complete or missing is None or len(self.known) - before < missing


def _lines(paragraphs: Iterable[Paragraph], width: int) -> Iterator[Line]:
    for each in paragraphs:
        text = "".join(span.text for span in each.spans)
        for start, end in rows(text, width - each.indent, each.hang):
            yield Line(each, start, end)
