"""A channel of the log laid out as rows of one width: the newest at once, older ones piece by piece. Pure.

Rows have absolute numbers, so that a place keeps its number while older rows come or go: what is laid out
later in front has smaller ones, below 0 as well. Only answers and calls of tools grow where
they began. An item that surely takes one row costs next to nothing
until it is drawn. What the channel drops goes here too, and no more than `ROWS` rows are kept; the first
row says so then.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter

from lead_tui.core import events as ev
from lead_tui.observers.hub import Item
from lead_tui.tui.log.answer import Answer, AnswerEnd
from lead_tui.tui.log.book import STREAM, Channel
from lead_tui.tui.log.lines import continues, merged
from lead_tui.tui.log.words import CHARACTERS, LOUD, Said, fit, said_by
from lead_tui.tui.log.wrap import lay_out
from lead_tui.tui.prose.wrap import Span, spans
from lead_tui.tui.tool_calls import ToolCall, ToolEnd

ROWS = 50_000
PIECE = 2_000
"""Items laid out at a time, if they are short: a few milliseconds."""
PIECE_SIZE = 200_000
"""Characters laid out at a time, if they are long; what is not ASCII counts `SLOW` times."""
SLOW = 5


class Block:
    """One item, or tokens that follow each other: the items `first` to `last`, the rows from `start` on."""

    __slots__ = ("_held", "_said", "first", "item", "last", "rows", "start", "text")

    def __init__(self, first: int, count: int, item: Item) -> None:
        self.first = first
        self.last = first + count - 1
        self.item = item
        self.start = 0
        self.rows: Sequence[Span] = ()
        """Spans of the text; none if it is all in one row and not laid out."""
        self.text = ""
        """As it is laid out: what was cut off is told at its end."""
        self._said: Said | None = None
        self._held = ""
        """Newlines at the end of a stream: they take no row before something follows."""

    @property
    def height(self) -> int:
        return len(self.rows) or 1

    @property
    def said(self) -> Said:
        if self._said is None:
            self._said = said_by(self.item)
        return self._said

    def span(self, row: int) -> Span:
        """Where this row of the transcript stands in the text."""
        return self.rows[row - self.start] if self.rows else (0, len(self.text))

    def row_of(self, index: int) -> int:
        """The row of the transcript that holds this character of the text."""
        return self.start + max(bisect_right(self.rows, index, key=itemgetter(0)) - 1, 0)

    def say(self, said: Said, width: int) -> None:
        """Something else than its item."""
        self._said = said
        self.text, self.rows = lay_out(said.text, width)

    def line(self, index: int) -> Span:
        """The line of the text, between newlines, that holds this character."""
        end = self.text.find("\n", index)
        return self.text.rfind("\n", 0, index) + 1, len(self.text) if end < 0 else end

    def lay_out_again(self, width: int) -> None:
        """What it says is not what it said."""
        self._said, self.rows, self.text = None, (), ""
        self.lay_out(width)

    def lay_out(self, width: int) -> None:
        """Without a width it is not wrapped."""
        _, _, text, missing = self.said
        if isinstance(self.item, ev.Tokens | Answer):
            self._held = _newlines(self.item.text)
        if len(text) <= width and text.isascii() and "\n" not in text:
            self.text = text
        else:
            self.text, self.rows = lay_out(text, width, missing)

    def grow(self, more: ev.Tokens, count: int, width: int) -> None:
        """Take more tokens in: no row but the last is laid out anew."""
        rows = self.rows or ((0, 0),)
        start = rows[-1][0]
        self.last += count
        text = f"{self.text}{self._held}{fit(more.text)}".rstrip("\n")
        self.text = text if self.text else text.lstrip("\n")
        self._held = _newlines(more.text) if more.text.strip("\n") else self._held + more.text
        found = spans(self.text[start:], width)
        self.rows = [*rows[:-1], *((start + first, start + last) for first, last in found)]


class Transcript:
    """`start` and `end` are absolute numbers of rows, `first` and `next` of the channel's items."""

    def __init__(self, channel: Channel, width: int, *, loud_only: bool = False, run_id: str = "") -> None:
        self.channel = channel
        self.run_id = run_id
        """Where what is missing can be read."""
        self.width = width
        """Of the rows, in cells; 0 if they are not wrapped."""
        self.loud_only = loud_only
        self.edits = 0
        """How often a block before the last one was laid out anew."""
        self.start = 0
        self.first = self.next = channel.end
        self._rows: list[Block] = []
        self._mark: Block | None = None
        """The first block, if it says how much older is not shown."""
        self._marked = 0
        self._growing: list[tuple[Block, int]] = []
        """Answers that are being given and calls without one, and how much of it is laid out."""

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def end(self) -> int:
        return self.start + len(self._rows)

    @property
    def said(self) -> int:
        """Rows of what was said."""
        return len(self._rows) - (0 if self._mark is None else self._mark.height)

    @property
    def waiting(self) -> int:
        """New items that are not laid out yet."""
        return self.channel.end - self.next

    @property
    def has_grown(self) -> bool:
        """Is there more of what is laid out already?"""
        return any(_size(block.item) != known for block, known in self._growing)

    @property
    def has_older(self) -> bool:
        """Is there anything before the first row that could still be laid out?"""
        return self.first > self.channel.dropped and self.said < ROWS

    @property
    def is_cut(self) -> bool:
        """Is there something older that is not shown?"""
        return self.first > self.channel.dropped

    def block(self, row: int) -> Block:
        return self._rows[row - self.start]

    def blocks(self, start: int, end: int) -> Iterator[Block]:
        """All that have rows from `start` to before `end`."""
        row = max(start, self.start)
        while row < min(end, self.end):
            block = self.block(row)
            yield block
            row = block.start + block.height

    def find(self, number: int) -> Block | None:
        """The block of this item, or the first one behind it."""
        low, high = self.start, self.end
        while low < high:
            middle = (low + high) // 2
            if self.block(middle).last < number:
                low = middle + 1
            else:
                high = middle
        return self.block(low) if low < self.end else None

    def text(self, first: int, last: int) -> str:
        """The whole lines, without breaks where they were wrapped, of which these rows are parts."""
        head, tail = self.block(first), self.block(last)
        begin = head.line(head.span(first)[0])[0]
        end = tail.line(tail.span(last)[0])[1]
        if head is tail:
            return head.text[begin:end]
        between = [block.text for block in self.blocks(head.start + head.height, tail.start)]
        return "\n".join([head.text[begin:], *between, tail.text[:end]])

    def take(self) -> None:
        """Lay out a piece of what is new."""
        channel = self.channel
        self._unmark()
        self.next = max(self.next, channel.dropped)
        fresh = channel.since(self.next)
        piece = fresh[: _piece(fresh, range(len(fresh)))]
        number, self.next = self.next, self.next + len(piece)
        rows = self._rows
        end = self.end
        for item, count in merged(piece):
            if not (isinstance(item, ev.Tokens) and self._grow(item, number, count)):
                block = self._block(number, count, item)
                if block is not None:
                    block.start = end
                    rows.extend([block] * block.height if block.rows else (block,))
            end = self.start + len(rows)
            number += count
        if self._growing:
            self._grow_inside()
        self.forget()

    def reach_back(self, most: int = PIECE) -> None:
        """Lay out a piece of what is older, of so many items at most."""
        channel = self.channel
        if not self.has_older:
            return
        self._unmark()
        items = channel.items
        begin = self.first - channel.dropped
        size = min(_piece(items, range(begin - 1, -1, -1)), most)
        low = begin - size
        while low > 0 and continues(items[low - 1], items[low]):
            low -= 1  # an answer stays in one block
        rows: list[Block] = []
        number = channel.dropped + low
        self.first = number
        for item, count in merged(items[low:begin]):
            block = self._block(number, count, item)
            if block is not None:
                block.start = len(rows)
                rows.extend([block] * block.height)
            number += count
        self.start -= len(rows)
        for block in dict.fromkeys(rows):
            block.start += self.start
        self._rows[:0] = rows
        self._mark_older()

    def forget(self) -> None:
        """Let go of what the channel dropped, and of what is too much."""
        self._unmark()
        rows = self._rows
        gone = 0
        if self.first < self.channel.dropped:
            self.first = self.channel.dropped
            kept = self.find(self.first)
            gone = len(rows) if kept is None else kept.start - self.start
        if len(rows) - gone > ROWS:
            block = rows[len(rows) - ROWS * 3 // 4]
            self.first, gone = block.first, block.start - self.start
        if gone:
            del rows[:gone]
            self.start += gone
        self._mark_older()

    def _unmark(self) -> None:
        if self._mark is not None:
            del self._rows[: self._mark.height]
            self.start += self._mark.height
            self._mark = None

    def _mark_older(self) -> None:
        """Say in front how much is not shown, once nothing older can be laid out."""
        if self.has_older or not self.first:
            return
        item = self.channel.items[self.first - self.channel.dropped]
        self._mark = mark = Block(self.first - 1, 1, item)
        mark.say(_not_shown(self.first, self.run_id), self.width)
        self.start -= mark.height
        mark.start = self.start
        self._rows[:0] = [mark] * mark.height
        if self.first != self._marked:
            self._marked = self.first
            self.edits += 1

    def _grow(self, more: ev.Tokens, number: int, count: int) -> bool:
        block = self._rows[-1] if self._rows else None
        if block is None or block.last != number - 1 or not continues(block.item, more):
            return False
        if len(block.text) >= STREAM or len(more.text) > CHARACTERS:
            return False
        before = block.height
        block.grow(more, count, self.width)
        self._rows.extend([block] * (block.height - before))
        return True

    def _grow_inside(self) -> None:
        """Tell what became of those that had not ended."""
        growing, self._growing = self._growing, []
        for block, known in growing:
            if block.start < self.start:
                continue
            item, size = block.item, _size(block.item)
            if size != known:
                before = block.height
                if isinstance(item, Answer):
                    more = "".join(item.pieces[known:])
                    block.grow(ev.Tokens(text=more), 0, self.width)
                else:
                    block.lay_out_again(self.width)
                self._make_room(block, before)
            if not _is_over(item):
                self._growing.append((block, size))

    def _make_room(self, block: Block, before: int) -> None:
        """It had so many rows, and has others now."""
        at = block.start - self.start
        behind = self._rows[at + before :]
        if behind:
            self.edits += 1
        self._rows[at:] = [*([block] * block.height), *behind]
        if by := block.height - before:
            for each in dict.fromkeys(behind):
                each.start += by

    def _block(self, number: int, count: int, item: Item) -> Block | None:
        if isinstance(item, ToolCall if self.loud_only else ToolEnd | AnswerEnd):
            return None  # told where it began; where only failures are told, where it ended
        block = Block(number, count, item)
        if self.loud_only and block.said.tone not in LOUD:
            return None
        if type(item) is ev.Log and self._is_one_row(item.text):
            block.text = item.text
        else:
            block.lay_out(self.width)
            if isinstance(item, ToolCall | Answer) and not _is_over(item):
                self._growing.append((block, _size(item)))
        return block

    def _is_one_row(self, text: str) -> bool:
        """Is it one row and safe, surely and at a glance?"""
        return len(text) <= (self.width or len(text)) and text.isascii() and text.isprintable()


def _not_shown(count: int, run_id: str) -> Said:
    older = f"{count:,} older line{'' if count == 1 else 's'}"
    return Said("", "muted", f"{older} not shown here: `leadtui logs {run_id or 'RUN'}` has them")


def _size(item: Item) -> int:
    """Of an answer or of a call of a tool; it changes when that does."""
    if isinstance(item, Answer):
        return len(item.pieces)
    if isinstance(item, ToolCall):
        return len(item.ends) + (item.returned is not None)
    return 0


def _is_over(item: Item) -> bool:
    """Will nothing more come?"""
    return not item.is_open if isinstance(item, Answer) else _size(item) > 1


def _newlines(text: str) -> str:
    return text[len(text.rstrip("\n")) :]


def _piece(items: Sequence[Item], indexes: range) -> int:
    """How many of the items, in this order, make a piece."""
    size = 0
    for count, index in enumerate(indexes[:PIECE], 1):
        text: str = getattr(items[index], "text", "")
        size += len(text) if text.isascii() else len(text) * SLOW
        if size >= PIECE_SIZE:
            return count
    return min(len(indexes), PIECE)
