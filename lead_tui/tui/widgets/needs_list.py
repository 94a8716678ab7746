"""What waits for a person, over all runs."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message

from lead_tui.tui.flows.needs import Need
from lead_tui.tui.intents import OpenRun, ResumeRun
from lead_tui.tui.look import Look
from lead_tui.tui.prose.ago import ago
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.widgets.section import Section

LOOKS = {
    "gate": Look("‖", "=", "asks you", "ask"),
    "budget": Look("‖", "=", "budget", "ask"),
    "answered": Look("‖", "=", "answered", "ask"),
    "interrupted": Look("‖", "=", "interrupted", "ask"),
    "stuck": Look("‖", "=", "cut off", "ask"),
    "breaker": Look("✖", "x", "breaker", "bad"),
}
_RESUMABLE = ("answered", "interrupted")


class NeedsList(Section):
    """Enter leads to where it can be answered."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "answer", id="home.answer"),
        Binding("r", "resume", "resume", id="home.resume_need"),
    ]

    class GateChosen(Message):
        """A gate is to be answered."""

        def __init__(self, run_id: str, gate: str) -> None:
            super().__init__()
            self.run_id = run_id
            self.gate = gate

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("NEEDS YOU", id=id)
        self._needs: Sequence[Need] = ()
        self._now: datetime | None = None

    @property
    def need(self) -> Need | None:
        """The one under the cursor."""
        return self._needs[self.cursor] if 0 <= self.cursor < len(self._needs) else None

    def show(self, needs: Sequence[Need], now: datetime) -> None:
        """The cursor stays on what it stood on."""
        before = self.need
        self._needs, self._now = needs, now
        self.styles.height = len(needs) + 1
        self.set_count(len(needs))
        if before is not None:
            keys = [(each.kind, each.run_id, each.subject) for each in needs]
            key = (before.kind, before.run_id, before.subject)
            self.cursor = keys.index(key) if key in keys else self.cursor

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        need, palette = self._needs[index], self.palette
        look = LOOKS[need.kind]
        flow = 20 if width >= 70 else 12
        when = f"  {fit(self._when(need), 8, 'right')}" if width >= 56 else ""
        rest = width - 3 - 12 - flow - 1 - len(when) - 1
        yield Segment(f" {self.glyph(look)} {fit(look.word, 12)}", palette.bold[look.tone])
        yield Segment(f"{fit(need.flow, flow)} ", palette["text"])
        yield Segment(fit(need.what, max(rest, 4)), palette["muted"])
        yield Segment(when, palette["muted"])

    def _when(self, need: Need) -> str:
        if self._now is None or need.since is None or need.since > self._now:
            return ""
        return ago((self._now - need.since).total_seconds())

    def action_open(self) -> None:
        if (need := self.need) is None:
            return
        if need.kind == "gate":
            self.post_message(self.GateChosen(need.run_id, need.subject))
        else:
            self.post_message(OpenRun(need.run_id))

    def action_resume(self) -> None:
        if (need := self.need) is not None and need.kind in _RESUMABLE:
            self.post_message(ResumeRun(need.run_id))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "resume":
            return self.need is not None and self.need.kind in _RESUMABLE
        return True

    def watch_cursor(self, before: int, cursor: int) -> None:
        super().watch_cursor(before, cursor)
        self.refresh_bindings()
