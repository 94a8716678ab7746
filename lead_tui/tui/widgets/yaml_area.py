"""A text area for YAML: colours, marks at the lines with problems, and nothing that a terminal would obey.

The document holds the file's characters as they are. What is drawn has a picture for each control character,
one for one, so that columns stay true.
"""

import re
from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Offset, Region, Size, Spacing
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import DocumentNavigator, Location, Selection, TextAreaTheme, WrappedDocument

from lead_tui.flow.diagnostics import Diagnostic, Severity
from lead_tui.text.safe import safe
from lead_tui.tui import themes
from lead_tui.tui.look import Look, Tone
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.yaml_document import ExactDocument, yaml_document

SEVERITIES: dict[Severity, Look] = {
    "error": Look("✖", "x", "error", "bad"),
    "warning": Look("!", "!", "warning", "retry"),
}

_TONES: dict[str, Tone] = {
    "mark": "muted", "text": "ok", "value": "retry", "anchor": "busy", "comment": "faint", "key": "accent",
}  # fmt: skip
_BESIDE = 2
"""Cells that a text area keeps on the right of its cursor."""
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{[^{}]*\}")
_WORD = re.compile(r"[^\s:,\[\]{}]+|.|$")


class _Theme(TextAreaTheme):
    """The colours of the app's theme; the line of the cursor keeps the colours of its text."""

    def apply_css(self, text_area: TextArea) -> None:
        super().apply_css(text_area)
        if self.cursor_line_style is not None:
            self.cursor_line_style = self.cursor_line_style.background_style


class _ShownDocument(WrappedDocument):
    """Columns are counted in what is drawn. Lines never wrap: each is one section."""

    def get_sections(self, line_index: int) -> list[str]:
        return [shown(self.document[line_index])]


class YamlArea(TextArea):
    """`set_problems` marks lines. Indents by two spaces, never wraps."""

    DEFAULT_CSS = """
    YamlArea {
        border: none; padding: 0; background: $background; scrollbar-size: 0 1;
        &:focus { border: none; }
        & .text-area--gutter { color: $foreground; text-opacity: 45%; background: $background; }
    }
    """

    document: ExactDocument

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        self._bad: dict[int, list[Diagnostic]] = {}
        self._palette: Palette | None = None
        super().__init__(
            text,
            soft_wrap=False,
            tab_behavior="indent",
            show_line_numbers=True,
            max_checkpoints=1_000,
            id=id,
        )
        self.register_theme(_Theme("leadtui"))
        self.theme = "leadtui"
        self.indent_width = 2
        self.cursor_blink = False

    # for owners

    def set_problems(self, problems: Iterable[Diagnostic]) -> None:
        """Mark the lines that have one. Errors come before warnings."""
        self._bad = {}
        for each in problems:
            if each.line is not None:
                self._bad.setdefault(each.line - 1, []).append(each)
        self._line_cache.clear()
        self.refresh()

    def problem_at(self, place: Location) -> Diagnostic | None:
        """The problem that stands there, or else the first one of the line."""
        found = self._bad.get(place[0], [])
        here = (each for each in found if each.col == place[1] + 1)
        return next(here, found[0] if found else None)

    def go_to(self, place: Location) -> None:
        """Put the cursor there, or as near as the text has it, and show what is around it."""
        row = max(min(place[0], self.document.line_count - 1), 0)
        column = max(min(place[1], len(self.document[row])), 0)
        self.select((row, column), (row, column))
        self.record_cursor_width()

    def select(self, start: Location, end: Location) -> None:
        """Select what stands between, with the cursor at its end and three lines around it on the screen."""
        self.selection = Selection(start, end)
        around = Region(self._cursor_offset[0], max(end[0] - 3, 0), 1, 7)
        self.scroll_to_region(
            around, spacing=Spacing(right=self.gutter_width), animate=False, force=True, immediate=True
        )
        self._show_line_starts()

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:
        """To the side only as long as the cursor needs it: else lines are seen from their start."""
        moved = super().scroll_cursor_visible(center, animate)
        self._show_line_starts()
        return moved

    def _show_line_starts(self) -> None:
        if not self.scroll_x or self.app.mouse_captured is self:  # it stays under a mouse that drags
            return
        if self._cursor_offset[0] + _BESIDE < self.scrollable_content_region.width - self.gutter_width:
            self.scroll_to(x=0, animate=False, force=True, immediate=True)

    # the document

    def _set_document(self, text: str, language: str | None) -> None:
        self.document = yaml_document(text)
        self.wrapped_document = _ShownDocument(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._build_highlight_map()
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    async def _on_paste(self, event: events.Paste) -> None:
        r"""Terminals send `\r` for a new line. Textual's own handler follows."""
        event.text = event.text.replace("\r\n", "\n").replace("\r", "\n")

    # drawing

    @property
    def gutter_width(self) -> int:
        """One more in front, for the mark."""
        return super().gutter_width + 1

    def get_line(self, line_index: int) -> Text:
        palette = self._colours()
        line = Text(shown(self.document.get_line(line_index)), end="", no_wrap=True, style=palette["text"])
        for start, end, name in self.document.marks(line_index):
            line.stylize(palette[_TONES[name]], start, end)
        if not self._is_comment(line):
            line.highlight_regex(_TEMPLATE, palette["ask"])
        for problem in self._bad.get(line_index, ()):
            self._underline(line, problem)
        return line

    def _is_comment(self, line: Text) -> bool:
        return line.plain.lstrip().startswith("#")

    def _underline(self, line: Text, problem: Diagnostic) -> None:
        start = (problem.col or 1) - 1
        word = _WORD.match(line.plain, start)
        if word is not None:
            tone = self._colours()[SEVERITIES[problem.severity].tone]
            line.stylize(tone + Style(underline=True), start, word.end())

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        problem = self.problem_at((y + self.scroll_offset.y, -1))
        if problem is None:
            return strip
        look, width = SEVERITIES[problem.severity], self.gutter_width
        glyph = look.ascii if themes.ascii_only(self.app) else look.glyph
        mark = Segment(glyph + strip.crop(1, width).text, self._colours().bold[look.tone])
        background = self.rich_style.background_style
        return Strip.join([Strip([mark], width).apply_style(background), strip.crop(width)])

    def notify_style_update(self) -> None:
        self._palette = None
        super().notify_style_update()

    def _colours(self) -> Palette:
        if self._palette is None:
            self._palette = Palette.of(self.app)
        return self._palette

    def _refresh_size(self) -> None:
        """As wide as what is drawn."""
        width = max(map(_cells, self.document.lines))
        self.virtual_size = Size(width + self.gutter_width + 1, self.document.line_count)
        self._refresh_scrollbars()


def shown(text: str) -> str:
    """The text as it may be drawn, each character in one place: a tab stays, a control has its picture."""
    drawn = safe(text, newline=False)
    if len(drawn) == len(text):
        return drawn
    pictures = (safe(each, newline=False) for each in text)
    return "".join(picture if len(picture) == 1 else "\N{REPLACEMENT CHARACTER}" for picture in pictures)


def _cells(line: str) -> int:
    return len(line) + line.count("\t") if line.isascii() else cell_len(shown(line.expandtabs(2)))
