"""Paragraphs, wrapped to the width: explanations, long texts. Some of them lead somewhere."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message

from lead_tui.text.safe import safe, safe_line
from lead_tui.tui.prose.paragraphs import Paragraph, cut, wrap
from lead_tui.tui.values.found import Found
from lead_tui.tui.widgets.rows import Rows


class Prose(Rows):
    """`target(index)` of an opened row says where it leads."""

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
        self._given: Sequence[Paragraph] = ()
        self._paragraphs: Sequence[Paragraph] = ()
        """The same, made safe."""
        self._lines: list[tuple[int, int, int]] = []
        """The paragraph of each row, and which part of it."""
        self._wrapped_to = 0
        self._found = Found[int]()

    @property
    def text(self) -> str:
        """All of it, as it is copied."""
        return "\n".join(safe("".join(span.text for span in each.spans)) for each in self._paragraphs)

    def set_empty(self, text: str) -> None:
        """What stands there while there is no paragraph."""
        if text != self.empty:
            self.empty = text
            self.refresh()

    def set_paragraphs(self, paragraphs: Sequence[Paragraph]) -> None:
        """Show these; the cursor and what is on the screen stay where they are."""
        if paragraphs == self._given:
            return
        self._given = paragraphs
        self._paragraphs = [
            each._replace(
                spans=tuple(s._replace(text=safe(s.text, newline=False, tab=False)) for s in each.spans)
            )
            for each in paragraphs
        ]
        self._wrap()

    def target(self, index: int) -> str:
        return self._paragraphs[self._lines[index][0]].target

    def _wrap(self) -> None:
        width = self._wrapped_to = self.row_width
        self._lines, self._found = [], Found()
        for number, each in enumerate(self._paragraphs):
            text = "".join(span.text for span in each.spans)
            self._lines += [(number, *part) for part in wrap(text, width - each.indent, each.hang)]
        self.set_count(len(self._lines))

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        number, start, end = self._lines[index]
        paragraph, palette = self._paragraphs[number], self.palette
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
        if self.row_width != self._wrapped_to:
            self._wrap()

    # searching and copying

    def search(self, text: str) -> None:
        """Find the lines that hold this text, whatever its case, and go to the first one."""
        wanted = text.casefold()
        lines = [at for at in range(self.count) if wanted and wanted in self._line(at).casefold()]
        self._found = Found(text, lines)
        if text:
            self.notify(self._found.note, markup=False, timeout=2)
        self.refresh()
        self.action_next(0)

    def _line(self, index: int) -> str:
        number, start, end = self._lines[index]
        return "".join(span.text for span in cut(self._paragraphs[number].spans, start, end))

    def action_search(self) -> None:
        self.post_message(self.SearchAsked())

    def action_next(self, by: int) -> None:
        if self._found:
            self.cursor = self._found.move(by)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.count) if action in ("copy", "search") else True

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.text)
        self.notify("copied", markup=False, timeout=2)
