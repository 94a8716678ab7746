"""Any plain value as the rows of a tree that opens and closes. Pure.

Only what is open has rows, and of a long branch only its first pages; the last row of such a branch opens the
next one. So a list of 100,000 items costs no more than what is seen of it, and depth costs nothing: nothing
here recurses.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Literal

from lead_tui.templating.paths import text_of
from lead_tui.text.safe import safe_line
from lead_tui.tui.look import Tone
from lead_tui.tui.prose.paragraphs import text_lines
from lead_tui.tui.prose.wrap import rows
from lead_tui.tui.values.search import Key, Keys
from lead_tui.tui.values.words import BRANCHES, first_line, scalar, size, summary

PAGE = 200
LONG_TEXT = 60
"""Characters from which on a text can be opened into lines."""
MOST_OPENED = 2_000
"""Rows that opening everything below one of them may add, about."""
KEY_LIMIT = 80

Kind = Literal["value", "branch", "text", "line", "more"]


class Row:
    """One line: a value, a branch that can be opened, a long text, a line of it, or the way to more."""

    __slots__ = ("ahead", "children", "depth", "key", "kind", "open", "parent", "rest", "total", "value")

    def __init__(self, parent: "Row | None", key: Key, value: Any, kind: Kind) -> None:
        self.parent = parent
        self.key = key
        self.value = value
        self.kind = kind
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.open = False
        self.children: list[Row] = []
        self.total = 0
        """Children that it will have once all pages are opened; 0 if nobody counts them: lines of a text."""
        self.rest: Iterator[tuple[Key, Any]] = iter(())
        self.ahead: list[tuple[Key, Any]] = []
        """What has no row yet: at most one that was looked at, then the rest."""

    @property
    def opens(self) -> bool:
        return self.kind in ("branch", "text")

    @property
    def label(self) -> str:
        """The key as it is shown: a name, or a number in brackets."""
        if self.parent is None or self.kind in ("line", "more"):
            return ""
        return f"[{self.key}]" if isinstance(self.key, int) else safe_line(str(self.key), KEY_LIMIT)

    @property
    def keys(self) -> Keys:
        """The way to the value from the root; a line's is its text's."""
        keys: list[Key] = []
        row: Row | None = self
        while row is not None and row.parent is not None:
            if row.kind not in ("line", "more"):
                keys.append(row.key)
            row = row.parent
        return tuple(reversed(keys))


class JsonRows:
    """The rows that are shown now. `width` is what lines of opened texts are wrapped to."""

    def __init__(self, value: Any, *, root: Sequence[Key] = (), width: int = 80) -> None:
        """`root`: how templates name the value, such as `("tasks", "fetch", "result")`."""
        self.root = tuple(root)
        self.width = width
        self._top = _row(None, "", value)
        self.rows: list[Row] = [self._top]
        if self._top.opens:
            self.open(0)

    @property
    def value(self) -> Any:
        return self._top.value

    def path(self, index: int) -> str:
        """What a template calls the value of this row."""
        keys = (*self.root, *self.rows[index].keys)
        return text_of(keys) if keys else ""

    def open(self, index: int) -> None:
        """Open a branch, a text, or the next page; what was open below it is open again."""
        row = self.rows[index]
        if row.kind == "more" and row.parent is not None:
            before = len(row.parent.children) - 1
            self._load_page(row.parent)
            self.rows[index : index + 1] = _shown(row.parent, before)
        elif row.opens and not row.open:
            self._unfold(row)
            self.rows[index + 1 : index + 1] = _shown(row)

    def close(self, index: int) -> None:
        row = self.rows[index]
        if row.open:
            row.open = False
            del self.rows[index + 1 : self._end(index)]

    def open_all(self, index: int) -> bool:
        """Open everything below, level by level, but no texts. False if the bound stopped it."""
        top = self.rows[index]
        self.close(index)
        queue, added = deque([top] if top.opens else []), 0
        while queue and added < MOST_OPENED:
            row = queue.popleft()
            self._unfold(row)
            added += len(row.children)
            queue.extend(child for child in row.children if child.kind == "branch")
        self.rows[index + 1 : index + 1] = _shown(top) if top.open else []
        return not queue

    def parent_of(self, index: int) -> int:
        """The number of the row that this one lies under; its own if there is none."""
        depth = self.rows[index].depth
        return next((at for at in range(index - 1, -1, -1) if self.rows[at].depth < depth), index)

    def rewrap(self, width: int) -> None:
        """Break opened texts again for another width."""
        if width == self.width:
            return
        self.width = width
        pending = [self._top]
        while pending:
            row = pending.pop()
            if row.kind == "text":
                row.children = []
                if row.open:
                    self._unfold(row)
            pending += row.children
        self.rows = [self._top, *(_shown(self._top) if self._top.open else ())]

    def reveal(self, keys: Keys) -> int:
        """Open what hides this value; the number of its row."""
        index = 0
        for key in keys:
            self.open(index)
            index = self._child(index, key)
        return index

    def _child(self, index: int, key: Key) -> int:
        depth = self.rows[index].depth + 1
        at = index + 1
        while at < len(self.rows) and self.rows[at].depth >= depth:
            row = self.rows[at]
            if row.depth == depth and row.kind == "more":
                self.open(at)
                continue
            if row.depth == depth and row.key == key:
                return at
            at += 1
        raise KeyError(key)

    # pages

    def _unfold(self, row: Row) -> None:
        row.open = True
        if not row.children:
            if row.kind == "text":
                row.rest = enumerate(self._lines(row))
            else:
                row.total = len(row.value)
                row.rest = iter(row.value.items()) if isinstance(row.value, Mapping) else enumerate(row.value)
            row.ahead = []
            self._load_page(row)

    def _lines(self, row: Row) -> Iterator[str]:
        room = max(self.width - indent(row.depth + 1, self.width) - 2, 20)
        return (line[start:end] for line in text_lines(row.value) for start, end in rows(line, room))

    def _load_page(self, row: Row) -> None:
        children = row.children
        if children and children[-1].kind == "more":
            children.pop()
        page = [*row.ahead, *islice(row.rest, PAGE + 1 - len(row.ahead))]
        row.ahead = page[PAGE:]
        for key, value in page[:PAGE]:
            children.append(Row(row, key, value, "line") if row.kind == "text" else _row(row, key, value))
        if row.ahead:
            children.append(Row(row, "", None, "more"))

    def _end(self, index: int) -> int:
        depth, at = self.rows[index].depth, index + 1
        while at < len(self.rows) and self.rows[at].depth > depth:
            at += 1
        return at


def _shown(row: Row, first: int = 0) -> list[Row]:
    """The rows below an open one, from its child number `first` on."""
    shown: list[Row] = []
    pending = row.children[first:][::-1]
    while pending:
        each = pending.pop()
        shown.append(each)
        if each.open:
            pending += reversed(each.children)
    return shown


def indent(depth: int, width: int) -> int:
    """Cells before the mark of a row: two a level, at most a third of the width."""
    return min(2 * depth, max(width // 3, 2))


def text_of_row(row: Row, room: int) -> tuple[str, Tone]:
    """What stands behind the key, in about `room` characters, and its tone."""
    match row.kind:
        case "more":
            return _more(row), "accent"
        case "line":
            return row.value, "text"
        case "branch":
            if not row.open:
                return summary(row.value, room), "muted"
            return (summary(row.value, 0), "faint") if row.parent is None else ("", "faint")
        case "text":
            return (size(row.value), "faint") if row.open else (first_line(row.value, room), "text")
    return scalar(row.value, room)


def _row(parent: Row | None, key: Key, value: Any) -> Row:
    if isinstance(value, str):
        return Row(parent, key, value, "text" if len(value) > LONG_TEXT or "\n" in value else "value")
    branch = isinstance(value, BRANCHES) and value
    return Row(parent, key, value, "branch" if branch else "value")


def _more(row: Row) -> str:
    owner = row.parent
    if owner is None or not owner.total:
        return "… more lines"
    return f"… {owner.total - len(owner.children) + 1:,} more"
