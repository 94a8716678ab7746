"""The questions of all runs that wait for an answer."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.segment import Segment

from lead_tui.tui.flows.needs import OpenGate
from lead_tui.tui.look import Look
from lead_tui.tui.prose.ago import ago
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.widgets.section import Section

_ASKS = Look("‖", "=", "asks you", "ask")


class GateList(Section):
    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("NEEDS YOU", id=id)
        self._gates: Sequence[OpenGate] = ()
        self._now: datetime | None = None

    @property
    def gate(self) -> OpenGate | None:
        """The one under the cursor."""
        return self._gates[self.cursor] if 0 <= self.cursor < len(self._gates) else None

    def show(self, gates: Sequence[OpenGate], now: datetime, at: tuple[str, str] | None = None) -> None:
        """The cursor stays on its gate, or goes to the one with the key `at`."""
        wanted = at or (self.gate.key if self.gate is not None else None)
        self._gates, self._now = gates, now
        self.set_count(len(gates))
        keys = [gate.key for gate in gates]
        if wanted in keys:
            self.cursor = keys.index(wanted)

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        gate, palette = self._gates[index], self.palette
        since = gate.request.ts
        when = ago((self._now - since).total_seconds()) if self._now is not None else ""
        rest = max(width - 3 - 9 - 1, 8)
        task = rest // 2
        yield Segment(f" {self.glyph(_ASKS)} ", palette.bold["ask"])
        yield Segment(f"{fit(gate.request.task, task - 1)} ", palette["text"])
        yield Segment(fit(f"{gate.flow} {gate.run_id[:6]}", rest - task), palette["muted"])
        yield Segment(fit(when, 9, "right"), palette["muted"])
