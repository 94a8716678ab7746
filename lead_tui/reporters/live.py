"""Lines in colour and, while the run goes on, its running tasks and a bar below them.

Text from outside reaches rich as `Text`, never as markup.
"""

import time
from collections.abc import Sequence
from typing import TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from lead_tui.reporters.base import Target
from lead_tui.reporters.lines import GLYPHS, STYLES, Line
from lead_tui.reporters.progress import INDENT, WORD_WIDTH, Lines
from lead_tui.reporters.result_text import NARROW
from lead_tui.text.words import short_name, stopwatch

ROWS = 6
"""Running tasks that are shown."""
REFRESH_EVERY = 0.1
NARROW_INDENT = "  "
UNBOUNDED = 10_000
"""The width of a pipe: nothing is wrapped."""
_MARKS = {"✓": "green", "✗": "bold red", "?": "bold magenta", "■": "yellow", "…": "yellow"}


class LiveLines(Lines):
    idle_every = REFRESH_EVERY

    def __init__(self, target: Target, *, alive: bool) -> None:
        """Not `alive`: colours only, for a pipe on which somebody asked for them."""
        super().__init__(target)
        self._alive = alive
        self._console = Console(
            file=cast("TextIO", self.stream),
            force_terminal=True,
            no_color=None if target.color is None else not target.color,
            color_system="standard" if target.color else "auto",
            width=None if alive else UNBOUNDED,
            markup=False,
            highlight=False,
            emoji=False,
        )
        self._spinner = Spinner("dots" if not self.ascii_only else "line", style="cyan")
        self._live: Live | None = None
        self._refreshed = 0.0

    def write(self, lines: Sequence[Line]) -> None:
        if self._alive and self._live is None:
            self._live = Live(
                console=self._console, auto_refresh=False, transient=True,
                redirect_stdout=False, redirect_stderr=False,
            )  # fmt: skip
            self._live.start()
        if lines:
            with self._console:  # one write; printing draws the last state again, so that comes first
                self._refresh()
                self._console.print(Group(*(self._styled(line) for line in lines)))
        if time.monotonic() - self._refreshed >= REFRESH_EVERY:
            self._refresh()
        self.stream.flush()

    def idle(self) -> None:
        self._refresh()

    def let_go(self) -> None:
        """Take the running tasks off the screen and show the cursor again."""
        if self._live is not None:
            self._refresh()
            self._live.stop()
        self._live, self._alive = None, False

    def end(self, lines: Sequence[str]) -> None:
        if self._console.width < UNBOUNDED:
            self.stream.line("")
        for line in lines:
            mark, rest = line[: len(line) - len(line.lstrip()) + 1], line.lstrip()[1:]
            head = Text().append(mark, _MARKS.get(mark.strip(), ""))
            self._console.print(self._joined(head, Text(rest, "bold" if line[0] != " " else ""), 4))
        self.stream.flush()

    @property
    def _narrow(self) -> bool:
        return self._console.width < NARROW

    def _refresh(self) -> None:
        self._refreshed = time.monotonic()
        if self._live is not None:
            self._live.update(self._screen(), refresh=True)

    def _styled(self, line: Line) -> Text:
        style = STYLES[line.kind]
        head = Text().append(f"{stopwatch(line.at):>7} ", "dim")
        head.append(f"{GLYPHS[line.kind][self.ascii_only]} ", style)
        if not line.word:
            head.append(f"{line.task} | " if line.task else "| ", "cyan dim")
            return self._joined(head, Text(line.detail, style="" if line.kind == "log" else style), 10)
        word_width, task_width = (0, 0) if self._narrow else (WORD_WIDTH, self.task_width)
        head.append(f"{line.word:<{word_width}} ", style)
        if line.task:
            head.append(f"{line.task:<{task_width}} ", "bold")
        detail = Text(line.detail, style="dim" if line.kind in ("done", "skipped", "waiting") else "")
        text = self._joined(head, detail, len(INDENT))
        for each in line.more:
            text.append("\n").append(NARROW_INDENT if self._narrow else INDENT).append(each, "cyan")
        return text

    def _joined(self, head: Text, detail: Text, indent: int) -> Text:
        """Head and detail; what does not fit goes on below, indented."""
        width = self._console.width
        room = width - head.cell_len
        indent = len(NARROW_INDENT) if self._narrow else indent
        if detail.cell_len <= room:
            return head.append_text(detail)
        if room < width // 4:
            wrapped = detail.wrap(self._console, max(width - indent, 1))
            head.append("\n" + " " * indent)
        else:
            indent = head.cell_len
            wrapped = detail.wrap(self._console, room)
        return head.append_text(Text("\n" + " " * indent).join(wrapped))

    def _screen(self) -> RenderableType:
        running = self.running
        shown = max(min(ROWS, self._console.height - 3), 1)
        rows = Table.grid(padding=(0, 1))
        rows.add_column(width=7, justify="right", no_wrap=True)
        rows.add_column(width=1)
        rows.add_column(max_width=min(30, self._console.width // 2), no_wrap=True, overflow="ellipsis")
        rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for name, age in self.ages()[:shown]:
            activity = running.tasks[name]
            part = "" if activity.part is None else f"{activity.part:4.0%} "
            rows.add_row(Text(stopwatch(age), "dim"), self._spinner, Text(short_name(name), "bold"),
                         Text(part + activity.text, "dim"))  # fmt: skip
        if len(running.tasks) > shown:
            rows.add_row("", "", Text(f"and {len(running.tasks) - shown} more", "dim"), "")
        return Group(rows, self._bar())

    def _bar(self) -> RenderableType:
        running = self.running
        bar = Table.grid(padding=(0, 1))
        counted = f"{running.ended}/{running.total}" if running.total else f"{running.ended} ended"
        parts: list[RenderableType] = [Text(f"{stopwatch(self.elapsed()):>7}", "dim")]
        room = min(30, self._console.width - 12 - len(counted))
        if running.total and room > 0:
            done = min(running.ended, running.total)
            parts.append(ProgressBar(total=running.total, completed=done, width=room))
        bar.add_row(*parts, Text(counted, "dim"))
        return bar
