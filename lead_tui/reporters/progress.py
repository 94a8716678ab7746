"""The progress of a run on stderr: plain lines on a pipe, styled ones above running tasks on a terminal."""

import os
import time
from collections.abc import Callable, Sequence

from lead_tui.core.events import UNSTAMPED
from lead_tui.observers.hub import Item
from lead_tui.reporters.base import Target
from lead_tui.reporters.lines import GLYPHS, Line, Narrator
from lead_tui.reporters.running import Running
from lead_tui.reporters.streams import Stream
from lead_tui.text.words import duration, short_name, stopwatch

TASK_WIDTH = 16
"""The column of names; it grows with the names that come, and never shrinks."""
WORD_WIDTH = 9
INDENT = " " * (7 + 1 + 1 + 1 + WORD_WIDTH + 1)
"""As wide as a time, a glyph and a word."""
QUIET_FOR = 30.0
"""Seconds of silence after which a pipe is told what still runs: builds are killed for saying nothing."""
_PLAIN_GLYPHS = str.maketrans(dict(GLYPHS.values()))


class Lines:
    """One line per event that matters."""

    idle_every = QUIET_FOR

    def __init__(self, target: Target, shape: Callable[[str], str] = str) -> None:
        """`shape` has the last word on each line."""
        self.stream = Stream(target.stderr)
        self.running = Running(target.total, target.ended)
        self.ascii_only = not self.stream.can_show("".join(glyph for glyph, _ in GLYPHS.values()))
        self._quiet = target.quiet
        self._shape = shape
        self.task_width = TASK_WIDTH
        self._narrator = Narrator(target.db, target.secrets)
        self._began = self._last = UNSTAMPED
        self._last_seen = 0.0

    def show(self, batch: Sequence[Item]) -> None:
        lines = []
        for item in batch:
            self.running.see(item)
            self.task_width = max(self.task_width, len(short_name(getattr(item, "task", ""))))
            line = self._narrator.tell(item)
            if line is not None and (line.loud or not self._quiet):
                lines.append(line)
        if batch:
            self._began = self._began if self._began != UNSTAMPED else batch[0].ts
            self._last, self._last_seen = batch[-1].ts, time.monotonic()
        self.write(lines)

    def write(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self._say(plain_line(line, ascii_only=self.ascii_only, task_width=self.task_width))
            for each in line.more:
                self._say(INDENT + each)
        self.stream.flush()

    def idle(self) -> None:
        """Say what still runs."""
        if self.running.tasks and not self._quiet:
            first = [f"{short_name(name)} {duration(age)}" for name, age in self.ages()[:5]]
            more = len(self.running.tasks) - len(first)
            detail = ", ".join(first) + (f" and {more} more" if more else "")
            self.write([Line(self.elapsed(), "waiting", "running", "", detail)])

    def let_go(self) -> None:
        """Nothing is held."""

    def end(self, lines: Sequence[str]) -> None:
        """Write the summary."""
        for line in lines:
            self._say(line.translate(_PLAIN_GLYPHS) if self.ascii_only else line)
        self.stream.flush()

    def elapsed(self) -> float:
        """Seconds since the first event, by the run's clock and, since its last event, by ours."""
        return (self._last - self._began).total_seconds() + self._silence()

    def ages(self) -> list[tuple[str, float]]:
        """The running tasks, the oldest first, with their seconds."""
        return [
            (name, (self._last - activity.since).total_seconds() + self._silence())
            for name, activity in self.running.tasks.items()
        ]

    def _silence(self) -> float:
        return time.monotonic() - self._last_seen

    def _say(self, text: str) -> None:
        self.stream.line(self._shape(text))


def plain_line(line: Line, *, ascii_only: bool = False, task_width: int = TASK_WIDTH) -> str:
    """`   1.2s ✓ done      fetch            0.4s · 2 tries`."""
    glyph = GLYPHS[line.kind][ascii_only]
    if not line.word:
        task = f"{line.task} | " if line.task else "| "
        return f"{stopwatch(line.at):>7} {glyph} {task}{line.detail}"
    task = f"{line.task:<{task_width}} " if line.task else ""
    return f"{stopwatch(line.at):>7} {glyph} {line.word:<{WORD_WIDTH}} {task}{line.detail}".rstrip()


def progress(target: Target) -> Lines:
    """Lines that live where stderr is a terminal that can; rich is imported only then."""
    alive = not target.quiet and Stream(target.stderr).isatty() and os.environ.get("TERM") != "dumb"
    if not alive and not target.color:
        return Lines(target)
    from lead_tui.reporters.live import LiveLines

    return LiveLines(target, alive=alive)
