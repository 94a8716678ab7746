"""A value as a tree: what is open is shown, and nothing else is ever looked at. What it shows is safe."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message

from lead_tui.text.safe import safe_line
from lead_tui.text.wire import json_text
from lead_tui.tui.look import Tone
from lead_tui.tui.values.found import Found
from lead_tui.tui.values.rows import JsonRows, Row, indent, text_of_row
from lead_tui.tui.values.search import Key, Keys, find
from lead_tui.tui.widgets.rows import Rows


class JsonTree(Rows):
    """The head line names the value under the cursor as a template does."""

    MARGIN = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_row", "open/close", show=False, id="json.toggle"),
        Binding("right,l", "unfold", "open", show=False, id="json.open"),
        Binding("left,h", "fold", "close", show=False, id="json.close"),
        Binding("asterisk", "unfold_all", "open all", key_display="*", id="json.open_all"),
        Binding("slash", "search", "search", key_display="/", id="json.search"),
        Binding("n", "next(1)", "next", show=False, id="json.next"),
        Binding("N", "next(-1)", "previous", show=False, id="json.previous"),
        Binding("y", "copy_value", "copy", id="json.copy"),
        Binding("Y", "copy_path", "copy path", id="json.copy_path"),
    ]

    class SearchAsked(Message):
        """Somebody wants to type what is to be searched."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(header=1, id=id, classes=classes)
        self._rows = JsonRows(None)
        self._found = Found[Keys]()

    # the value

    def set_value(self, value: Any, root: Sequence[Key] = ()) -> None:
        """Show this value; `root` is how templates name it, empty if they cannot."""
        self._rows = JsonRows(value, root=root, width=self.row_width or 80)
        self._found = Found()
        self.cursor = -1
        self.set_count(len(self._rows.rows))
        self.scroll_to(y=0, animate=False)

    @property
    def value(self) -> Any:
        """The value under the cursor."""
        return self._rows.rows[self.cursor].value if self.cursor >= 0 else self._rows.value

    @property
    def keys(self) -> Keys:
        """The way to it from the root."""
        return self._rows.rows[self.cursor].keys if self.cursor >= 0 else ()

    @property
    def path(self) -> str:
        """The value under the cursor as a template names it."""
        return self._rows.path(max(self.cursor, 0))

    def show_keys(self, keys: Keys) -> None:
        """Go to the value with these keys, and open it."""
        index = self._rows.reveal(keys)
        self._rows.open(index)
        self._redraw()
        self.cursor = index

    # drawing

    def render_header(self, line: int, width: int) -> Iterable[Segment]:
        note = f"  {self._found.note}" if self._found.needle else ""
        path = safe_line(self.path)
        yield Segment(_end_of(path, width - len(note)), self.palette["accent"])
        yield Segment("" if path else "the whole value", self.palette["faint"])
        yield Segment(note, self.palette["ask"])

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        row, palette = self._rows.rows[index], self.palette
        lead = indent(row.depth, width)
        # a row that lies too deep to be set in further says how deep
        depth = "" if lead == 2 * row.depth else f"{row.depth}:"
        yield Segment(f"{depth:>{lead}}"[:lead], palette["faint"])
        yield Segment(_mark(row, ascii_only=self.ascii_only), palette["muted"])
        found = bool(self._found) and row.kind not in ("line", "more") and row.keys in self._found
        label, numbered = row.label, isinstance(row.key, int)
        if label:
            yield Segment(label, self._style("faint" if numbered else "accent", found=found))
            yield Segment("  " if numbered else ": ", palette["faint"])
        text, tone = text_of_row(row, width - lead - 2 - (cell_len(label) + 2 if label else 0))
        yield Segment(text, self._style(tone, found=found))

    def _style(self, tone: Tone, *, found: bool) -> Style:
        return self.palette.bold["ask"] if found else self.palette[tone]

    # opening and closing

    def _redraw(self) -> None:
        self.set_count(len(self._rows.rows))
        self.refresh_header()

    def action_toggle_row(self) -> None:
        if self.cursor < 0:
            return
        if self._rows.rows[self.cursor].open:
            self._rows.close(self.cursor)
        else:
            self._rows.open(self.cursor)
        self._redraw()

    def action_open(self) -> None:
        self.action_toggle_row()

    def action_unfold(self) -> None:
        """Open it; if it is open, go to what is in it."""
        if self.cursor >= 0 and self._rows.rows[self.cursor].open:
            self.cursor += 1
        elif self.cursor >= 0:
            self._rows.open(self.cursor)
            self._redraw()

    def action_fold(self) -> None:
        """Close it; if it is closed, go to what it is in."""
        if self.cursor < 0:
            return
        if self._rows.rows[self.cursor].open:
            self._rows.close(self.cursor)
            self._redraw()
        else:
            self.cursor = self._rows.parent_of(self.cursor)

    def unfold(self) -> None:
        """Open all of it, as far as that is bearable."""
        if self._rows.rows:
            self._rows.open_all(0)
            self.set_count(len(self._rows.rows))

    def action_unfold_all(self) -> None:
        if self.cursor >= 0 and not self._rows.open_all(self.cursor):
            self.notify("that is a lot: the first levels are open", markup=False)
        self._redraw()

    def watch_cursor(self, before: int, cursor: int) -> None:
        super().watch_cursor(before, cursor)
        self.refresh_header()

    def on_resize(self) -> None:
        self._rows.rewrap(self.row_width)
        self.set_count(len(self._rows.rows))

    # searching

    def search(self, text: str) -> None:
        """Find this text in keys and values, also in what is closed, and go to the first place."""
        places, complete = find(self._rows.value, text)
        self._found = Found(text, places, complete=complete)
        self.refresh()
        self.action_next(0)

    def action_search(self) -> None:
        self.post_message(self.SearchAsked())

    def action_next(self, by: int) -> None:
        """Go to the next or the previous place."""
        if self._found:
            index = self._rows.reveal(self._found.move(by))
            self._redraw()
            self.cursor = index

    # copying

    def action_copy_value(self) -> None:
        try:
            self.app.copy_to_clipboard(json_text(self.value, indent=2))
        except RecursionError:
            self.notify("that is nested too deeply to be copied", severity="warning", markup=False)
            return
        self.notify("value copied", markup=False, timeout=2)

    def action_copy_path(self) -> None:
        if self.path:
            self.app.copy_to_clipboard(safe_line(self.path))
            self.notify(f"copied {safe_line(self.path, 200)}", markup=False, timeout=2)


def _mark(row: Row, *, ascii_only: bool) -> str:
    if not row.opens:
        return "  "
    if ascii_only:
        return "- " if row.open else "+ "
    return "▾ " if row.open else "▸ "


def _end_of(text: str, room: int) -> str:
    """A path that is too long loses its beginning: its end tells where one is."""
    return text if len(text) <= room else f"…{text[len(text) - max(room, 1) + 1 :]}"
