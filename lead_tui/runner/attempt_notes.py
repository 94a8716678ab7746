"""What an agent says while it works: lines, progress, streamed text. Masked, bounded, never worth a call."""

import math
from collections.abc import Callable
from typing import Literal

from lead_tui.agents.output import MAX_LINE
from lead_tui.core import events as ev
from lead_tui.runner.idle_clock import IdleClock
from lead_tui.runner.plain import storable
from lead_tui.runner.secrets import ConcealedStream, Concealer

Level = Literal["debug", "info", "warning", "error"]
Stream = Literal["log", "stdout", "stderr"]
NOTE_LENGTH = 64 * 1024
_STREAMS = ("log", "stdout", "stderr")
_LEVELS: dict[str, Level] = {
    "debug": "debug", "info": "info", "warning": "warning", "warn": "warning", "error": "error",
    "critical": "error",
}  # fmt: skip


class AttemptNotes:
    """The part of `AgentContext` that leaves no fact."""

    idle: IdleClock | None = None
    """What all that is heard of the attempt puts back."""
    _tokens: ConcealedStream | None = None

    def __init__(self, note: Callable[[ev.Note], None], concealer: Concealer) -> None:
        self._note = note
        self._concealer = concealer
        self._cut: set[Stream] = set()

    def heartbeat(self) -> None:
        if self.idle is not None:
            self.idle.hear()

    def log(self, text: str, level: Level = "info", stream: Stream = "log") -> None:
        self.heartbeat()
        stream = stream if stream in _STREAMS else "log"
        text = _bounded(self._masked(storable(str(text)), stream))
        self._note(ev.Log(text=text, level=_LEVELS.get(level, "info"), stream=stream))

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        self.heartbeat()
        self._note(ev.Progress(done=_number(done) or 0.0, total=_number(total), text=storable(str(text))))

    def tokens(self, text: str) -> None:
        self.heartbeat()
        if self._tokens is None:
            self._tokens = ConcealedStream(self._concealer)
        if safe := self._tokens.feed(storable(str(text))):
            self._note(ev.Tokens(text=safe))

    def pause_tokens(self) -> None:
        """What follows is another text, perhaps after a long wait: show this one as far as it came."""
        if self._tokens is not None and (rest := self._tokens.pause()):
            self._note(ev.Tokens(text=rest))

    def flush_tokens(self) -> None:
        if self._tokens is not None and (rest := self._tokens.flush()):
            self._note(ev.Tokens(text=rest))

    def _masked(self, text: str, stream: Stream) -> str:
        """A line of 8 KiB is a piece of a longer one, and so is the one after it (`agents/output.py`)."""
        follows, goes_on = stream in self._cut, stream != "log" and len(text) >= MAX_LINE
        if goes_on:
            self._cut.add(stream)
        elif follows:
            self._cut.discard(stream)
        return self._concealer.piece(text) if follows or goes_on else self._concealer.text(text)

    def service(
        self,
        name: str,
        state: Literal["starting", "ready", "failed", "closed"],
        *,
        tools: int = 0,
        restarts: int = 0,
        error: str = "",
    ) -> None:
        self.heartbeat()
        note = ev.Service(name=name, state=state, tools=tools, restarts=restarts, error=storable(str(error)))
        self._note(note)

    def conceal(self, value: str) -> None:
        self._concealer.add(value)

    def mask(self, text: str, *, cut: bool = False) -> str:
        return self._concealer.piece(text) if cut else self._concealer.text(text)


def _number(value: object) -> float | None:
    """A finite number, also from text; None for what is none: a note must not cost the call."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _bounded(text: str) -> str:
    return text if len(text) <= NOTE_LENGTH else f"{text[:NOTE_LENGTH]}… ({len(text)} characters)"
