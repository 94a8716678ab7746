"""The calls that were made here, newest first."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.segment import Segment

from lead_tui.tui.calls.trials import Call, took
from lead_tui.tui.prose.ago import ago
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.widgets.section import Section


class CallList(Section):
    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("CALLS", id=id)
        self._calls: Sequence[Call] = ()
        self._now: datetime | None = None

    @property
    def call(self) -> Call | None:
        """The one under the cursor."""
        return self._calls[self.cursor] if 0 <= self.cursor < len(self._calls) else None

    def show(self, calls: Sequence[Call], now: datetime) -> None:
        self._calls, self._now = calls, now
        self.set_count(len(calls))

    def render_empty(self, line: int, width: int) -> Iterable[Segment]:
        if line == 0:
            yield Segment(" none yet: ctrl+r sends one", self.palette["faint"])

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        call, palette = self._calls[index], self.palette
        look = call.look
        time = took(call.trial.response_time) if call.trial is not None else ""
        when = ago((self._now - call.at).total_seconds()) if self._now is not None else ""
        status = 15 if width >= 60 else 9
        rest = max(width - 3 - status - 1 - 8 - 10, 8)
        yield Segment(f" {self.glyph(look)} ", palette.bold[look.tone])
        yield Segment(fit(f"{call.agent} {call.action}", rest), palette["text"])
        yield Segment(f" {fit(call.status or look.word, status)}", palette[look.tone])
        yield Segment(fit(time, 8, "right"), palette["muted"])
        yield Segment(fit(when, 9, "right"), palette["muted"])
