"""The log on the screen: the rows of a transcript under a head line, at their end or where somebody reads.

While it follows, the newest line is at the bottom and there is no cursor; whoever scrolls up reads in peace,
and what comes in meanwhile is counted. Only what is near the screen is laid out at once; the rest comes
while nothing else happens.
"""

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.strip import Strip
from textual.timer import Timer

from lead_tui.tui.log.pen import Columns, LogPen, head
from lead_tui.tui.log.search import Search
from lead_tui.tui.log.transcript import PIECE, Transcript
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.widgets.rows import Rows

BUSY = 400
"""More new items than this in one frame are not laid out before it is calm again."""
SHOWN_WHEN_BUSY = 200
CATCH_UP_EVERY = 1 / 30


class LogSheet(Rows):
    """`task_name` is "" for the log of all; `found` is what is searched for, `mark` where a selection began.

    Rows are counted as the transcript does; only the cursor is a place among those that there are now.
    """

    SIZED_BY_CONTENT = False

    DEFAULT_CSS = """
    LogSheet { scrollbar-gutter: stable; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "follow", "follow", id="log.follow"),
        Binding("w", "wrap", "wrap", id="log.wrap"),
        Binding("e", "errors", "errors only", id="log.errors"),
        Binding("left,h", "sideways(-8)", "left", show=False, id="log.left"),
        Binding("right,l", "sideways(8)", "right", show=False, id="log.right"),
    ]

    follow: reactive[bool] = reactive(True, init=False)
    wrapped: reactive[bool] = reactive(True, init=False)
    errors_only: reactive[bool] = reactive(False, init=False)

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(header=1, id=id, classes=classes)
        self.task_name = ""
        self.found: Search | None = None
        self.mark: int | None = None
        self.transcript: Transcript | None = None
        self.model: RunModel | None = None
        self._columns = Columns.of(80, of_all=True)
        self._base = 0
        """The absolute number of the first row when it was last drawn."""
        self._seen = 0
        """The end of the transcript when it was last followed."""
        self._left = 0
        self._placing = False
        self._busy = False
        self._catching_up: Timer | None = None

    # for owners

    def set_model(self, model: RunModel) -> None:
        self.model = model
        self._begin()

    def show_task(self, task: str) -> None:
        if task != self.task_name:
            self.task_name = task
            self.follow = True
            self._begin()

    def show(self, changes: Changes) -> None:
        """Take in what is new in the model."""
        model, transcript = self.model, self.transcript
        if model is None or transcript is None or not (changes.said or changes.again):
            return
        if model.log.of(self.task_name) is not transcript.channel:
            self._begin()
            return
        if not (transcript.waiting or transcript.has_grown):
            return
        self._busy = transcript.waiting > BUSY
        if not self._busy or self._is_near_end(transcript):
            transcript.take()
        elif self.follow:
            self._begin(SHOWN_WHEN_BUSY)
            return
        else:
            transcript.forget()
        self._settle(transcript)

    # the transcript

    def on_mount(self) -> None:
        self._catching_up = self.set_interval(CATCH_UP_EVERY, self._catch_up, pause=True)

    def on_resize(self) -> None:
        columns = Columns.of(self.row_width, of_all=not self.task_name)
        if self.transcript is None or columns != self._columns:
            self._lay_out_again()
        else:
            self._settle(self.transcript)

    def _begin(self, most: int = PIECE) -> None:
        """A new transcript, of the newest items only; the others follow when there is time."""
        if self.model is None or not self.row_width:
            return
        self._columns = Columns.of(self.row_width, of_all=not self.task_name)
        self.transcript = transcript = Transcript(
            self.model.log.of(self.task_name),
            self._columns.text if self.wrapped else 0,
            loud_only=self.errors_only,
            run_id=self.model.run_id,
        )
        transcript.reach_back(most)
        self._base, self.mark, self._left = transcript.start, None, 0
        self._seen = transcript.end
        if self.found is not None:
            self.found = Search(self.found.text)
        self._settle(transcript)

    def _lay_out_again(self) -> None:
        """The same in another shape; what is read stays where it is on the screen."""
        before = self.transcript
        if self.follow or before is None or not len(before):
            self._begin()
            return
        row, below = self.current_row, self.current_row - self._base - round(self.scroll_y)
        block = before.block(row)
        number, index, seen = block.first, block.span(row)[0], before.end - self._seen
        self._begin()
        transcript = self.transcript
        if transcript is None:
            return
        while transcript.first > number and transcript.has_older:
            transcript.reach_back()
        self._seen = transcript.end - seen
        self._settle(transcript)
        found = transcript.find(number)
        if found is not None:
            row = found.row_of(index) if found.first == number else found.start
            self._place(row - transcript.start - below)
            self.cursor = row - transcript.start

    def _catch_up(self) -> None:
        """Lay out one more piece of what is not yet, if it is calm."""
        transcript = self.transcript
        if self._busy or transcript is None:
            self._busy = False
            return
        if transcript.waiting:
            transcript.take()
        else:
            transcript.reach_back()
        self._settle(transcript)

    def _settle(self, transcript: Transcript) -> None:
        """Show the transcript as it is now; what is read stays where it is, whatever came or went above."""
        shift, self._base = self._base - transcript.start, transcript.start
        self._count = count = len(transcript)
        top = round(self.scroll_y) + shift
        cursor = count - 1 if self.follow else max(min(self.cursor + shift, count - 1), min(count - 1, 0))
        self.set_reactive(Rows.cursor, cursor)
        if self.found is not None:
            self.found.look(transcript)
        self._placing = True
        self.set_lines(count + self.header)
        self._placing = False
        self._place(count if self.follow else top)
        self.refresh()
        if self._catching_up is not None:
            if transcript.waiting or transcript.has_older:
                self._catching_up.resume()
            else:
                self._catching_up.pause()

    def _place(self, top: int) -> None:
        """Scroll without letting go of the end."""
        self._placing = True
        self.scroll_to(y=max(min(top, self.max_scroll_y), 0), animate=False, force=True)
        self._placing = False

    def _is_near_end(self, transcript: Transcript) -> bool:
        return not self.follow and self._base + round(self.scroll_y) + 2 * self.size.height >= transcript.end

    @property
    def current_row(self) -> int:
        """The absolute number of the row at the cursor, or of the last one."""
        return self._base + (self._count - 1 if self.follow else self.cursor)

    @property
    def selection(self) -> tuple[int, int]:
        """The absolute numbers of its first and its last row; of the current one, if there is none."""
        row = self.current_row
        if self.mark is None:
            return row, row
        return max(min(row, self.mark), self._base), max(row, self.mark)

    # drawing

    def render_header(self, line: int, width: int) -> Iterable[Segment]:
        title = f"Log: {self.task_name or 'all tasks'}"
        badges, palette = self.badges(), self.palette
        return head(width, title, badges, palette, active=self.has_focus, ascii_only=self.ascii_only)

    def badges(self) -> list[tuple[str, str]]:
        transcript = self.transcript
        if transcript is None:
            return []
        new = transcript.end - self._seen + transcript.waiting
        flags = {
            "ERRORS": self.errors_only,
            "FOLLOW": self.follow,
            f"{new:,} new": not self.follow and new > 0,
            "WRAP": self.wrapped,
        }
        badges = [(name, name.split()[-1]) for name, shown in flags.items() if shown]
        if self.found is not None:
            badges.insert(0, (f"/{self.found.text} {self.found.count(self.current_row)}", "search"))
        lines = transcript.said
        if transcript.is_cut:
            lines = max(lines, len(transcript.channel.items))
        return [*badges, (f"{lines:,} line{'' if lines == 1 else 's'}", "lines")]

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        transcript, model = self.transcript, self.model
        if transcript is None or model is None:
            return ()
        row = self._base + index
        block = transcript.block(row)
        pen = LogPen(self.palette, self._columns, model.state.started_at, self._left, self.ascii_only)
        segments = pen.row(block, row, self.found, current=index == self.cursor)
        if self.mark is None:
            return segments
        first, last = self.selection
        return pen.selected(segments, width) if first <= row <= last else segments

    def render_empty(self, line: int, width: int) -> Iterable[Segment]:
        if line:
            return ()
        nothing = "no failures, errors or warnings" if self.errors_only else "nothing said yet"
        return [Segment(f" {nothing}", self.palette["faint"])]

    # following and moving

    def watch_follow(self, follow: bool) -> None:
        self.mark = None
        transcript = self.transcript
        if transcript is not None:
            self._seen = transcript.end
            self._settle(transcript)

    def watch_scroll_y(self, before: float, after: float) -> None:
        super().watch_scroll_y(before, after)
        if not self._placing:
            self._let_go_or_take_along(upwards=after < min(before, self.max_scroll_y))
        transcript = self.transcript
        if transcript is not None and transcript.waiting and self._is_near_end(transcript):
            self._busy = False

    def _let_go_or_take_along(self, *, upwards: bool) -> None:
        """The page was scrolled: the cursor stays on it."""
        if self.follow and upwards:
            self.follow = False
        visible = self.visible_rows
        if not self.follow and visible and self.cursor not in visible:
            self.set_reactive(Rows.cursor, max(min(self.cursor, visible[-1]), visible[0]))
            self.refresh()

    def watch_cursor(self, before: int, cursor: int) -> None:
        self.refresh_row(before)
        self.refresh_row(cursor)
        self.refresh_header()
        if not self.follow:
            self.show_row(cursor)
        if self.mark is not None:
            self.refresh()

    def watch_wrapped(self) -> None:
        self._lay_out_again()

    def watch_errors_only(self) -> None:
        self._lay_out_again()

    def on_click(self, event: events.Click) -> None:
        self.follow = event.y < self.header

    def on_mouse_scroll_down(self) -> None:
        self.call_next(self._follow_at_end)

    def _follow_at_end(self) -> None:
        if self.scroll_y >= self.max_scroll_y:
            self.follow = True

    def _under_cursor(self, strip: Strip) -> Strip:
        """What is followed has no cursor."""
        return strip if self.follow else super()._under_cursor(strip)

    def action_move(self, by: int) -> None:
        if self._take_hold(by):
            super().action_move(by)

    def action_page(self, by: int) -> None:
        if self._take_hold(by):
            super().action_page(by)

    def _take_hold(self, by: int) -> bool:
        """Have a cursor on the screen. There is nothing below what is followed."""
        if not self._count or (self.follow and by > 0):
            return False
        self.go(self.current_row)
        return True

    def action_first(self) -> None:
        transcript = self.transcript
        if transcript is not None and len(transcript):
            while transcript.has_older:
                transcript.reach_back()
            self._settle(transcript)
            self.go(transcript.start)

    def action_last(self) -> None:
        self.follow = True

    def go(self, row: int | None) -> None:
        """Put the cursor on the row with this absolute number, if there is one."""
        if row is not None:
            self.follow = False
            self.cursor = row - self._base

    def action_follow(self) -> None:
        self.follow = not self.follow

    def action_wrap(self) -> None:
        self.wrapped = not self.wrapped

    def action_errors(self) -> None:
        self.errors_only = not self.errors_only

    def action_sideways(self, by: int) -> None:
        transcript = self.transcript
        if transcript is not None:
            widest = max((self._width_of(transcript, row) for row in self.visible_rows), default=0)
            # a short page may be left of what is seen: the key to the right does not go back to it
            most = max(widest - self._columns.text, self._left if by > 0 else 0)
            self._left = max(min(self._left + by, most), 0)
            self.refresh()

    def _width_of(self, transcript: Transcript, index: int) -> int:
        block = transcript.block(self._base + index)
        start, end = block.span(self._base + index)
        return cell_len(block.text[start:end]) if not block.text.isascii() else end - start

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that mean nothing now are left to whoever stands above."""
        return not self.wrapped if action == "sideways" else True
