"""What a task went through, as a line of cells along the time axis. Pure.

`spans` turns a task's events into stretches of time, `draw` turns those into exactly as many cells as it is
asked for: queue and waits thin, runs thick with edges of an eighth of a cell, a failed try with `✖` at its
end, a person's time behind `‖`. Seconds are counted from the epoch throughout.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Literal, NamedTuple

from lead_tui.core import events as ev
from lead_tui.text.words import duration
from lead_tui.tui.look import Tone, clock

Kind = Literal["queue", "wait", "person", "run", "done", "failed", "cancelled", "interrupted", "now"]
"""`run`: no result (yet); `done`, `failed`: a try that ended so; the last three are instants."""


class Span(NamedTuple):
    kind: Kind
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


# --- events to spans --------------------------------------------------------------------------------


def spans(events: Sequence[ev.Event], now: datetime, *, cut_off: bool = False) -> list[Span]:
    """The stretches of one task's life in order, what is open up to `now`; other events say nothing.

    `cut_off`: nobody drives the run any more, and no event tells so.
    """
    life = _Life()
    for event in events:
        life.see(event)
    return life.until(now.timestamp(), "interrupted" if cut_off else "now")


class _Life:
    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._open: Kind | None = None
        self._since = 0.0

    def see(self, event: ev.Event) -> None:
        match event:
            case ev.TaskReady():
                self._turn(event, "queue")
            case ev.AttemptStarted():
                self._turn(event, "run")
            case ev.RetryScheduled():
                self._turn(event, "wait")
            case ev.TaskWaiting(reason="person"):
                self._turn(event, "person")
            case ev.TaskWaiting():
                self._hold(event)
            case ev.AttemptCompleted() | ev.TaskCompleted():
                self._turn(event, None, "done")
            case ev.AttemptFailed() | ev.TaskFailed():
                self._turn(event, None, "failed")
            case ev.TaskCancelled():
                self._stop(event, "cancelled")
            case ev.TaskInterrupted():
                self._stop(event, "interrupted")
            case ev.TaskSkipped():
                self._turn(event, None)

    def until(self, now: float, mark: Kind) -> list[Span]:
        if self._open is None:
            return self._spans
        end = max(now, self._since)
        marks = [Span(mark, end, end)] if self._open == "run" else []
        return [*self._spans, Span(self._open, self._since, end), *marks]

    def _turn(self, event: ev.Event, kind: Kind | None, came_out: Kind = "run") -> None:
        """One stretch ends and the next begins; `came_out`: what became of a run that ends here."""
        at = event.ts.timestamp()
        if self._open is not None:
            ended: Kind = came_out if self._open == "run" else self._open
            self._spans.append(Span(ended, self._since, max(at, self._since)))
        self._open, self._since = kind, at

    def _hold(self, event: ev.Event) -> None:
        """A limit or a breaker held the attempt back: it has not run, whatever its start says."""
        if self._open == "run":
            self._open = "wait"
        else:
            self._turn(event, "wait")

    def _stop(self, event: ev.Event, mark: Kind) -> None:
        began = self._open is not None
        self._turn(event, None)
        if began:
            at = event.ts.timestamp()
            self._spans.append(Span(mark, at, at))


# --- spans to cells ---------------------------------------------------------------------------------

_LEFT = " ▏▎▍▌▋▊▉█"
"""By how many eighths of the cell are full, from its left edge."""
_RIGHT = " ▕▕▐▐▐▐██"
"""From its right edge, where fonts have fewer of them."""
_ASCII_BLOCK = " ########"

_BLOCKS = frozenset({"run", "done", "failed"})
_RANK: dict[Kind, int] = {
    "queue": 0, "wait": 1, "person": 2, "run": 3, "done": 3, "failed": 4, "cancelled": 5, "interrupted": 5,
    "now": 5,
}  # fmt: skip
"""What is drawn later stands over what was drawn before."""
_TONES: dict[Kind, Tone] = {
    "queue": "faint", "wait": "retry", "person": "ask", "run": "busy", "done": "ok", "failed": "bad",
    "cancelled": "skipped", "interrupted": "ask", "now": "busy",
}  # fmt: skip
_LINES: dict[Kind, tuple[str, str]] = {"queue": ("╌", "."), "wait": ("┄", "~"), "person": ("─", "-")}
_MARKS: dict[Kind, tuple[str, str]] = {
    "person": ("‖", "="), "failed": ("✖", "x"), "cancelled": ("⊘", "-"), "interrupted": ("‖", "="),
    "now": ("▶", ">"),
}  # fmt: skip

Cells = list[tuple[str, Tone]]
"""Runs of text, each with its tone."""


def draw(spans: Iterable[Span], start: float, end: float, width: int, *, ascii_only: bool = False) -> Cells:
    """Exactly `width` cells from `start` to `end`; what lies outside stands at the edge."""
    if width <= 0:
        return []
    canvas = _Canvas(start, end, width, ascii_only)
    ordered = sorted(spans, key=_rank)
    for span in ordered:
        canvas.paint(span)
    for span in ordered:
        canvas.mark(span)
    return list(canvas.cells())


def _rank(span: Span) -> int:
    return _RANK[span.kind]


class _Canvas:
    def __init__(self, start: float, end: float, width: int, ascii_only: bool) -> None:
        self._start = start
        self._scale = width * 8 / (end - start) if end > start else 0.0
        self._ascii = ascii_only
        self._left, self._right = (_ASCII_BLOCK, _ASCII_BLOCK) if ascii_only else (_LEFT, _RIGHT)
        self._text = [" "] * width
        self._tones: list[Tone] = ["text"] * width

    def cells(self) -> Iterator[tuple[str, Tone]]:
        position = 0
        for tone, same in groupby(self._tones):
            end = position + sum(1 for _ in same)
            yield "".join(self._text[position:end]), tone
            position = end

    def paint(self, span: Span) -> None:
        kind = span.kind
        left, right = self._edges(span)
        if kind in _LINES:
            first, last = left // 8, (right - 1) // 8
            self._put(first, _LINES[kind][self._ascii] * (last - first + 1), _TONES[kind])
        elif kind in _BLOCKS:
            # a failed try is a run like others, up to the mark at its end
            self._block(left, right, "busy" if kind == "failed" else _TONES[kind])

    def mark(self, span: Span) -> None:
        """What must be seen however short it was."""
        if span.kind in _MARKS:
            left, right = self._edges(span)
            at = left // 8 if span.kind == "person" else (right - 1) // 8
            self._put(at, _MARKS[span.kind][self._ascii], _TONES[span.kind])

    def _edges(self, span: Span) -> tuple[int, int]:
        """A span has at least an eighth of a cell, and so never vanishes."""
        eighths = len(self._text) * 8
        left = min(self._eighths(span.start), eighths - 1)
        return left, max(self._eighths(span.end), left + 1)

    def _block(self, left: int, right: int, tone: Tone) -> None:
        first, last = left // 8, (right - 1) // 8
        begins, ends = left - first * 8, right - last * 8
        if first == last:
            at_left = begins + ends < 8
            self._put(first, (self._left if at_left else self._right)[ends - begins], tone)
            return
        middle = self._left[8] * (last - first - 1)
        self._put(first, self._right[8 - begins] + middle + self._left[ends], tone)

    def _put(self, at: int, text: str, tone: Tone) -> None:
        end = at + len(text)
        self._text[at:end] = text
        self._tones[at:end] = [tone] * len(text)

    def _eighths(self, at: float) -> int:
        return round(min(max((at - self._start) * self._scale, 0.0), len(self._text) * 8))


# --- the axis ---------------------------------------------------------------------------------------

_ROUND = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60)
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_TICK_CELLS = 12


def axis_seconds(seconds: float) -> float:
    """The next round length of an axis, so that a growing run rescales rarely: 134 s gives 180."""
    unit = 1 if seconds <= 60 else 60 if seconds <= 3600 else 3600
    count = max(math.ceil(seconds / unit), 1)
    return float(unit * next((each for each in _ROUND if each >= count), count))


def axis_label(seconds: float) -> str:
    return "0s" if not seconds else clock(seconds) if seconds >= 1 else duration(seconds)


def axis_line(seconds: float, width: int, *, ascii_only: bool = False) -> str:
    """`0s ───── waterfall ──── 2:14`, as much of it as fits."""
    end, line = axis_label(seconds), "-" if ascii_only else "─"
    if width < len(end) + 6:
        return end.rjust(width)[: max(width, 0)]
    room = width - len(end) - 4
    name = " waterfall " if room >= 15 else ""
    return f"0s {name.center(room, line)} {end}"


def ticks(seconds: float, width: int) -> str:
    """Round times along the axis, each beginning in its cell, and the end: `0s    0:30   0:52`."""
    if width <= 0:
        return ""
    end = axis_label(seconds).rjust(width)[-width:]
    every = _tick(seconds * _TICK_CELLS / width)
    line = ""
    for number in range(math.ceil(seconds / every)):
        at = round(number * every / seconds * width)
        label = line.ljust(at) + axis_label(number * every)
        if len(label) + 1 < width - len(end.lstrip()):
            line = label
    return line + end[len(line) :]


def _tick(least: float) -> int:
    return next((each for each in _TICKS if each >= least), math.ceil(least / 3600) * 3600)
