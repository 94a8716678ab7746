"""What a task gave, or why it gave nothing: text, a tree, or a table, whichever suits it.

The answer of a model is the text in it; the rest of it is a key away.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from lead_tui.errors import Failure
from lead_tui.text.wire import json_text
from lead_tui.tui.prose.paragraphs import Paragraph, Span, plain
from lead_tui.tui.values.records import Records, records_of
from lead_tui.tui.values.search import Key, Keys
from lead_tui.tui.widgets.inert import InertInput
from lead_tui.tui.widgets.json_tree import JsonTree
from lead_tui.tui.widgets.prose import Prose
from lead_tui.tui.widgets.record_table import RecordTable

MOST_SHOWN = 20_000
"""Characters of what a failed call gave."""
_MEANING = {
    "safe": "safe: the call was surely not carried out",
    "unknown": "unknown: the call may have been carried out",
    "permanent": "permanent: it would fail again the same way",
}


class _Value(NamedTuple):
    value: Any
    root: Keys


class _Failed(NamedTuple):
    failure: Failure
    result: Any


class ResultView(Vertical):
    """`set_value` and `set_failure` choose how it is shown; a person may choose otherwise for records.

    One that `shrinks` takes no more lines than it fills.
    """

    DEFAULT_CSS = """
    ResultView {
        height: 1fr;
        & > Rows { height: 1fr; }
        & > Input { height: 1; border: none; padding: 0 1; background: $panel; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "table", "table/tree", id="result.table"),
        Binding("t", "whole", "text/tree", id="result.whole"),
        Binding("escape", "back", "back", show=False, id="result.back"),
    ]

    def __init__(
        self,
        *,
        empty: str = "no result",
        shrinks: bool = False,
        unfolded: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        """`shrinks`: no higher than what it shows. `unfolded`: nothing of a tree is folded at first."""
        super().__init__(id=id, classes=classes)
        self.empty = empty
        self._unfolded = unfolded
        self._shrinks = shrinks
        self._prose = Prose(empty=empty, id="prose")
        self._tree = JsonTree(id="tree")
        self._table = RecordTable(id="table")
        self._seen: Prose | JsonTree | RecordTable = self._prose
        self._composed = False
        self._asking: Input | None = None
        self._shown: _Value | _Failed | None = None
        self._value: Any = None
        self._trail: list[Prose | JsonTree | RecordTable] = []
        """What leads back, oldest first."""
        self._records_at: Keys = ()
        """Where in the value the records stand that the table shows."""

    def compose(self) -> ComposeResult:
        self._composed = True
        yield self._seen

    def on_mount(self) -> None:
        if self._shrinks:
            for pane in (self._prose, self._tree, self._table):
                self.watch(pane, "virtual_size", self._shrink, init=False)
        self._shrink()

    def _shrink(self) -> None:
        if not self._shrinks:
            return
        search = self._asking is not None
        self.styles.max_height = max(self._seen.virtual_size.height, 1) + search

    @property
    def mode(self) -> str:
        """`prose`, `tree` or `table`."""
        return str(self._seen.id)

    # what is shown

    def set_value(self, value: Any, root: Sequence[Key] = ()) -> None:
        """Show a value; `root` is how templates name it. The same one again changes nothing."""
        if isinstance(self._shown, _Value) and self._shown.value is value and self._shown.root == tuple(root):
            if value is None:
                self._prose.set_empty(self.empty)
            return
        self._shown, self._trail = _Value(value, tuple(root)), []
        self._value = value
        if value is None or isinstance(value, str):
            self._prose.set_empty("an empty text" if value == "" else self.empty)
            self._prose.set_text(value or "")
            self._switch(self._prose)
            return
        self._tree.set_value(value, root)
        if self._unfolded:
            self._tree.unfold()
        records = records_of(value)
        if (answer := answer_in(value)) is not None:
            self._prose.set_text(answer)
            self._switch(self._prose)
        elif records is not None:
            self._show_table(records, ())
        else:
            self._switch(self._tree)

    def set_failure(self, failure: Failure, result: Any = None) -> None:
        """Show what the failure says of itself, and what the agent gave all the same."""
        if isinstance(self._shown, _Failed) and self._shown == (failure, result):
            return
        self._shown, self._value, self._trail = _Failed(failure, result), None, []
        self._prose.set_paragraphs(about(failure, result))
        self._switch(self._prose)

    def open_at(self, key: Key) -> None:
        """Open this branch of the value, if it has it."""
        if self._seen is self._tree and isinstance(self._value, Mapping) and key in self._value:
            self._tree.show_keys((key,))

    def _show_table(self, records: Records, at: Keys) -> None:
        self._records_at = at
        self._table.set_records(records)
        self._switch(self._table)

    def _go(self, pane: JsonTree) -> None:
        """As `_switch`, and escape leads back."""
        self._trail.append(self._seen)
        self._switch(pane)

    def _switch(self, pane: Prose | JsonTree | RecordTable) -> None:
        """Each is mounted when it is first seen: most results need but one of them."""
        had_focus = self.has_focus_within
        self._seen.display = False
        self._seen = pane
        pane.display = True
        if self._composed and pane.parent is None:
            self.mount(pane)
        if had_focus:
            self.focus_content()
        self._shrink()
        self.refresh_bindings()

    def focus_content(self) -> None:
        """Give the focus to what is shown."""
        self._seen.focus()

    # tree and table

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "table":
            return self._seen is self._table or (
                self._seen is self._tree and self._records_above() is not None
            )
        if action == "whole":
            return answer_in(self._value) is not None and not (
                self._seen is self._tree and self._records_above() is not None
            )
        if action == "back":
            return self._asking is not None or bool(self._trail)
        return True

    def action_whole(self) -> None:
        """From the text of an answer to all of it, and back."""
        if self._seen is self._prose:
            self._go(self._tree)
        else:
            self._trail.clear()
            self._switch(self._prose)

    def action_table(self) -> None:
        """From the table to the tree, from a list of records in the tree to its table."""
        if self._seen is self._table:
            self._go(self._tree)
        elif (found := self._records_above()) is not None:
            self._trail.append(self._tree)
            self._show_table(*found)

    def _records_above(self) -> tuple[Records, Keys] | None:
        """The records that the cursor of the tree stands on or in."""
        keys = self._tree.keys
        value, found = self._value, None
        for number, key in enumerate((*keys, None)):
            if isinstance(value, list | tuple) and (records := records_of(value)) is not None:
                found = records, keys[:number]
            if key is not None:
                value = value[key]
        return found

    def on_rows_opened(self, event: RecordTable.Opened) -> None:
        """A record of the table opens in the tree."""
        if event.rows is self._table:
            event.stop()
            record = self._table.record
            self._go(self._tree)
            self._tree.show_keys((*self._records_at, record))

    def action_back(self) -> None:
        """From the search to the value, from a record to its table, from a table to its tree."""
        if self._asking is not None:
            self._end_typing()
        else:
            self._switch(self._trail.pop())

    def on_rows_moved(self) -> None:
        self.refresh_bindings()

    # searching

    def on_json_tree_search_asked(self, event: JsonTree.SearchAsked) -> None:
        event.stop()
        self._begin_typing()

    def on_prose_search_asked(self, event: Prose.SearchAsked) -> None:
        event.stop()
        self._begin_typing()

    def on_record_table_search_asked(self, event: RecordTable.SearchAsked) -> None:
        event.stop()
        self._begin_typing()

    def _begin_typing(self) -> None:
        if self._asking is None:
            self._asking = InertInput(placeholder="search", compact=True)
            self.mount(self._asking)
            self._shrink()
        self._asking.focus()

    def _end_typing(self) -> None:
        if self._asking is not None:
            self.focus_content()
            self._asking.remove()
            self._asking = None
            self._shrink()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._end_typing()
        self._seen.search(event.value)


_OF_A_MODEL = frozenset({"model", "finish_reason", "usage"})


def answer_in(value: Any) -> str | None:
    """The text of a model's answer `{content, model, finish_reason, usage, ...}`; None of anything else."""
    if not isinstance(value, Mapping) or not value.keys() >= _OF_A_MODEL:
        return None
    content = value.get("content")
    return content if isinstance(content, str) and content else None


def about(failure: Failure, result: Any = None) -> list[Paragraph]:
    """A failure in words: its category and message, what else is known of it, and what came back."""
    facts = {
        "code": failure.code,
        "HTTP status": "" if failure.status is None else str(failure.status),
        "outcome": _MEANING.get(str(failure.outcome), str(failure.outcome)),
        "severity": str(failure.severity),
        "retry after": "" if failure.retry_after is None else f"{failure.retry_after:g} s",
    }
    known = [(name, fact) for name, fact in facts.items() if fact]
    return [
        Paragraph((Span(str(failure.category), "bad", bold=True),)),
        *plain(failure.message),
        Paragraph(),
        *(Paragraph((Span(f"{name:<12}", "muted"), Span(fact)), hang=12) for name, fact in known),
        *_came_back(result),
    ]


def _came_back(result: Any) -> list[Paragraph]:
    if result is None:
        return []
    text = result if isinstance(result, str) else json_text(result, indent=2)
    lines = plain(text[:MOST_SHOWN])
    if len(text) > MOST_SHOWN:
        lines.append(Paragraph((Span(f"… {len(text) - MOST_SHOWN:,} more characters", "faint"),)))
    return [Paragraph(), Paragraph((Span("WHAT CAME BACK", "muted", bold=True),)), *lines]
