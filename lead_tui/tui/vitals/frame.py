"""The lines of a run's health, and what they are drawn for. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from lead_tui.tui.look import Look, Tone, clock
from lead_tui.tui.prose.paragraphs import Span

NAME = 22
"""Cells for the name of a task or an agent, where there is room."""


class Vital(NamedTuple):
    """A line. What it is about: an agent, a task, a server with the agent that it is restarted by, a budget
    with the agent whose it is (`scope`, empty for the flow's). A heading is about nothing.

    One that `folds` stands for several others, which follow it if they are wanted.
    """

    section: str
    spans: tuple[Span, ...] = ()
    agent: str = ""
    task: str = ""
    heading: bool = False
    folds: bool = False
    server: str = ""
    restarts: str = ""
    budget: str = ""
    scope: str = ""
    what: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        return self.section, self.agent, self.task, self.server, self.budget, self.what


class Frame(NamedTuple):
    """What lines are drawn for: `width` in cells, `most` lines of a section; are folded ones wanted?"""

    width: int
    most: int
    ascii_only: bool = False
    unfolded: bool = False

    def glyph(self, look: Look) -> str:
        return look.ascii if self.ascii_only else look.glyph

    def name(self, names: Iterable[str]) -> int:
        """Cells for these names: as many as they need, but not too many."""
        return min(max(map(len, names), default=1), NAME, max(self.width // 4, 8))


def lead(frame: Frame, look: Look, tone: Tone) -> Iterator[Span]:
    yield Span(f" {frame.glyph(look)} ", tone)


def more(section: str, count: int, what: str) -> list[Vital]:
    """`what`: things are counted, what runs or waits is not."""
    what += "s" if what in ("agent", "server", "limit") and count != 1 else ""
    return [Vital(section, (Span(f"   … {count:,} more {what}", "faint"),))] if count > 0 else []


def when(at: datetime, now: datetime | None) -> str:
    """How long ago, while time passes; else the time of day."""
    if now is None:
        return f"at {at.astimezone():%H:%M:%S}"
    seconds = (now - at).total_seconds()
    return f"{clock(seconds)} ago" if seconds >= 1 else "just now"
