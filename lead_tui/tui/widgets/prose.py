"""Paragraphs, wrapped to the width: explanations, long texts. Some of them lead somewhere."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message

from lead_tui.text.safe import safe, safe_line
from lead_tui.tui.prose.lines import Lines
from lead_tui.tui.prose.paragraphs import Paragraph, cut, paragraphs
from lead_tui.tui.values.found import Found
from lead_tui.tui.widgets.rows import Rows

AHEAD = 500
"""Lines that are made below what is on the screen."""


class Prose(Rows):
    """`target(index)` of an opened row says where it leads."""

    MARGIN = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "copy", id="prose.copy"),
        Binding("slash", "search", "search", key_display="/", id="prose.search"),
        Binding("n", "next(1)", "next", show=False, id="prose.next"),
        Binding("N", "next(-1)", "previous", show=False, id="prose.previous"),
    ]

    class SearchAsked(Message):
        """Somebody wants to type what is to be searched."""

    def __init__(self, *, empty: str = "", id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.empty = empty
        self._given: Sequence[Paragraph] | str = ()
        self._lines = Lines((), 0)
        self._wrapped_to = 0
        self._found = Found[int]()

    @property
    def text(self) -> str:
        """All of it, as it is copied."""
        return "\n".join("".join(span.text for span in each.spans) for each in self._paragraphs())

    def set_empty(self, text: str) -> None:
        """What stands there while there is no paragraph."""
        if text != self.empty:
            self.empty = text
            self.refresh()

    def set_paragraphs(self, paragraphs: Sequence[Paragraph]) -> None:
        """Show these; the cursor and what is on the screen stay where they are."""
        self._give(paragraphs)

    def set_text(self, text: str) -> None:
        """Show a text from outside, of any length."""
        self._give(text)

    def _give(self, given: Sequence[Paragraph] | str) -> None:
        if given != self._given:
            self._given = given
            self._wrap()

    def _paragraphs(self) -> Iterable[Paragraph]:
        """What was given, made safe."""
        if isinstance(self._given, str):
            return paragraphs(self._given) if self._given else ()
        return map(_safe, self._given)

    def target(self, index: int) -> str:
        return self._lines.known[index].paragraph.target

    # lines

    def _wrap(self) -> None:
        """Anew. Before it has a size there is nothing to be seen, and nothing to be done; while it is hidden
        it stays as it was, so that the cursor does.
        """
        self._wrapped_to = self.row_width or self._wrapped_to
        self._found = Found()
        self._lines = Lines(self._paragraphs() if self._wrapped_to else (), self._wrapped_to)
        self._reach(max(self.cursor, self._bottom) + AHEAD)

    def _reach(self, count: int | None = None) -> None:
        """Have so many lines, or all."""
        self._lines.make(count)
        self.set_count(len(self._lines.known))

    @property
    def _bottom(self) -> int:
        return round(self.scroll_y) + self.size.height

    def watch_scroll_y(self, before: float, after: float) -> None:
        super().watch_scroll_y(before, after)
        if not self._lines.is_complete and self._bottom + AHEAD // 2 > self.count:
            self._reach(self._bottom + AHEAD)

    def action_last(self) -> None:
        self._reach()
        super().action_last()

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        paragraph, start, end = self._lines.known[index]
        palette = self.palette
        yield Segment(" " * (paragraph.indent + (paragraph.hang if start else 0)))
        for text, tone, bold in cut(paragraph.spans, start, end):
            if index in self._found:
                yield Segment(text, palette.bold["ask"])
            else:
                yield Segment(text, palette.bold[tone] if bold else palette[tone])

    def render_empty(self, line: int, width: int) -> Iterable[Segment]:
        if line == 0 and self.empty:
            yield Segment(safe_line(self.empty), self.palette["faint"])

    def on_resize(self) -> None:
        if self.row_width not in (0, self._wrapped_to):
            self._wrap()

    # searching and copying

    def search(self, text: str) -> None:
        """Find the lines that hold this text, whatever its case, and go to the first one."""
        wanted = text.casefold()
        self._reach()
        lines = [at for at in range(self.count) if wanted and wanted in self._line(at).casefold()]
        self._found = Found(text, lines)
        if text:
            self.notify(self._found.note, markup=False, timeout=2)
        self.refresh()
        self.action_next(0)

    def _line(self, index: int) -> str:
        paragraph, start, end = self._lines.known[index]
        return "".join(span.text for span in cut(paragraph.spans, start, end))

    def action_search(self) -> None:
        self.post_message(self.SearchAsked())

    def action_next(self, by: int) -> None:
        if self._found:
            self.cursor = self._found.move(by)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self._given) if action in ("copy", "search") else True

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.text)
        self.notify("copied", markup=False, timeout=2)


def _safe(paragraph: Paragraph) -> Paragraph:
    spans = (span._replace(text=safe(span.text, newline=False, tab=False)) for span in paragraph.spans)
    return paragraph._replace(spans=tuple(spans))
