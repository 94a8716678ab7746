"""The pane of the log: what a task said, or all of them, to follow, to search and to copy from."""

from collections import deque
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from lead_tui.tui.log.lines import plain_lines
from lead_tui.tui.log.search import Search
from lead_tui.tui.widgets.log_sheet import LogSheet
from lead_tui.tui.widgets.search_line import SearchLine

COPIED_ITEMS = 20_000
COPIED_SIZE = 1_000_000
"""Characters: terminals take less and less gladly."""


class LogView(LogSheet):
    """While it is `pinned`, whoever chooses the task should leave it as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", key_display="/", id="log.search"),
        Binding("n", "next", "next match", show=False, id="log.next"),
        Binding("N", "previous", "previous match", show=False, id="log.previous"),
        Binding("enter,p", "pin", "pin", id="log.pin"),
        Binding("y", "copy", "copy", id="log.copy"),
        Binding("Y", "copy_all", "copy all", show=False, id="log.copy_all"),
        Binding("v", "mark", "select", show=False, id="log.mark"),
        Binding("shift+up,K", "select(-1)", "select up", show=False, id="log.select_up"),
        Binding("shift+down,J", "select(1)", "select down", show=False, id="log.select_down"),
        Binding("escape", "let_go", "let go", show=False, id="log.let_go"),
    ]

    pinned: reactive[bool] = reactive(False, init=False)

    class Pinned(Message):
        """The log stays with its task from now on, or may show another one again."""

        def __init__(self, view: "LogView", pinned: bool) -> None:
            super().__init__()
            self.view = view
            self.pinned = pinned

        @property
        def control(self) -> "LogView":
            return self.view

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._line: LogSearchLine | None = None
        self._origin: tuple[bool, int] = (True, 0)
        """Whether it followed when the search began, and the row at which it stood."""

    def badges(self) -> list[tuple[str, str]]:
        return [("PINNED", "PINNED")] * self.pinned + super().badges()

    def watch_pinned(self, pinned: bool) -> None:
        self.refresh_header()
        self.post_message(self.Pinned(self, pinned))

    def action_open(self) -> None:
        self.action_pin()

    def action_pin(self) -> None:
        self.pinned = not self.pinned

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that mean nothing now are left to whoever stands above."""
        if action == "let_go":
            return self.mark is not None or self.found is not None
        if action in ("next", "previous"):
            return self.found is not None
        return super().check_action(action, parameters)

    # searching

    def action_search(self) -> None:
        if self._line is None:
            self._origin = (self.follow, self.current_row)
            self._line = LogSearchLine(self, self.found.text if self.found is not None else "")
            self.screen.mount(self._line, after=self._outermost)
        self._line.focus()

    def close_search(self) -> None:
        """The line was closed."""
        if self._line is not None:
            self._line.remove()
            self._line = None
            self.focus()

    @property
    def _outermost(self) -> Widget:
        """What holds it, directly on the screen."""
        widget: Widget = self
        while isinstance(widget.parent, Widget) and widget.parent is not self.screen:
            widget = widget.parent
        return widget

    def action_next(self) -> None:
        if self.found is not None:
            self.go(self.found.after(self.current_row))

    def action_previous(self) -> None:
        if self.found is not None:
            self.go(self.found.before(self.current_row))

    def action_let_go(self) -> None:
        """Of the selection; of the search, if there is none."""
        if self.mark is not None:
            self.mark = None
        else:
            self.found = None
        self.refresh()

    def search(self, text: str) -> None:
        """Mark this text wherever it stands, and go to the match nearest to where the search began."""
        transcript = self.transcript
        self.found = Search(text) if text else None
        if transcript is not None and self.found is not None:
            self.found.look(transcript)
            followed, row = self._origin
            self.go(self.found.before(transcript.end) if followed else self.found.after(row - 1))
        self.refresh()

    def drop_search(self) -> None:
        """Search for nothing, and go back to where the search began."""
        self.found = None
        self.follow, row = self._origin
        if not self.follow:
            self.go(row)
        self.refresh()

    # copying

    def action_mark(self) -> None:
        """Begin a selection at the cursor, or end it."""
        if not self.count:
            return
        self.go(self.current_row)
        self.mark = self.current_row if self.mark is None else None
        self.refresh()

    def action_select(self, by: int) -> None:
        if self.mark is None:
            self.action_mark()
        self.action_move(by)

    def action_copy(self) -> None:
        transcript = self.transcript
        if transcript is not None and len(transcript):
            first, last = self.selection
            self._copy(transcript.text(first, last).split("\n"))
            self.mark = None
            self.refresh()

    def action_copy_all(self) -> None:
        model = self.model
        if model is None:
            return
        channel = model.log.of(self.task_name)
        lines: deque[str] = deque()
        size = 0
        cut = channel.dropped > 0 or len(channel.items) > COPIED_ITEMS
        for line in plain_lines(model, self.task_name, channel.end - COPIED_ITEMS):
            lines.append(line)
            size += len(line) + 1
            while size > COPIED_SIZE:
                size -= len(lines.popleft()) + 1
                cut = True
        self._copy(lines, "the last " if cut else "")

    def _copy(self, lines: Sequence[str], which: str = "") -> None:
        self.app.copy_to_clipboard("\n".join(lines))
        count = f"{len(lines):,} line{'' if len(lines) == 1 else 's'}"
        self.app.notify(f"copied {which}{count}", markup=False, timeout=3)


class LogSearchLine(SearchLine):
    """It stands below all panes, where there is room for it, and speaks to the log that opened it."""

    def __init__(self, view: LogView, text: str) -> None:
        super().__init__("search", value=text)
        self._view = view

    def on_search_line_changed(self, message: SearchLine.Changed) -> None:
        message.stop()
        self._view.search(message.text)

    def on_search_line_done(self, message: SearchLine.Done) -> None:
        message.stop()
        self._view.search(message.text)
        self._view.close_search()

    def on_search_line_dropped(self, message: SearchLine.Dropped) -> None:
        message.stop()
        self._view.drop_search()
        self._view.close_search()
