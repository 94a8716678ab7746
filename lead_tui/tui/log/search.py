"""Where a text stands in a transcript, kept up to date while the transcript grows and forgets. Pure."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from lead_tui.tui.log.transcript import Transcript
from lead_tui.tui.prose.wrap import Span


class Search:
    """`rows`: absolute numbers of the rows in which a match begins. Capitals count only if there are any."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rows: list[int] = []
        self._pattern = re.compile(re.escape(text), re.NOFLAG if text != text.lower() else re.IGNORECASE)
        self._start = self._end = 0
        """The rows that were searched."""
        self._edits = 0

    def look(self, transcript: Transcript) -> None:
        """Search what is new, before and behind what was searched; the last block may have grown.

        Everything, if another one has.
        """
        edited, self._edits = transcript.edits != self._edits, transcript.edits
        if edited or self._start >= self._end or self._end <= transcript.start:
            self.rows = self._found(transcript, transcript.start, transcript.end)
        else:
            kept = max(self._start, transcript.start)
            tail = transcript.block(min(self._end, transcript.end) - 1).start
            self.rows = [
                *self._found(transcript, transcript.start, kept),
                *self.rows[bisect_left(self.rows, kept) : bisect_left(self.rows, tail)],
                *self._found(transcript, tail, transcript.end),
            ]
        self._start, self._end = transcript.start, transcript.end

    def matches(self, text: str, start: int, end: int) -> Iterator[Span]:
        """Where it stands in this part of the text, or reaches into it."""
        margin = len(self.text) - 1
        for found in self._pattern.finditer(text, max(start - margin, 0), end + margin):
            yield found.span()

    def after(self, row: int) -> int | None:
        """The next row with a match behind this one; behind the last one comes the first."""
        if not self.rows:
            return None
        at = bisect_right(self.rows, row)
        return self.rows[at if at < len(self.rows) else 0]

    def before(self, row: int) -> int | None:
        return self.rows[bisect_left(self.rows, row) - 1] if self.rows else None

    def count(self, row: int) -> str:
        """`3/17` at the third match or behind it."""
        return f"{bisect_right(self.rows, row)}/{len(self.rows)}"

    def _found(self, transcript: Transcript, start: int, end: int) -> list[int]:
        search = self._pattern.search
        rows: list[int] = []
        for block in transcript.blocks(start, end):
            found = search(block.text)
            while found is not None:
                row = block.row_of(found.start())
                rows.append(row)
                found = search(block.text, max(block.span(row)[1], found.start() + 1))
        return rows
