"""The last runs of all flows, newest first."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message

from lead_tui.core.state import RUN_ENDED
from lead_tui.journal.base import RunRow
from lead_tui.runner.left import INTERRUPTED
from lead_tui.text.words import stopwatch
from lead_tui.tui.flows.past_runs import is_living, seconds_of
from lead_tui.tui.intents import OpenRun, ResumeRun
from lead_tui.tui.look import status_look
from lead_tui.tui.prose.ago import ago
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.widgets.section import Section


class RunList(Section):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "watch", id="home.watch"),
        Binding("p", "replay", "replay", id="home.replay"),
        Binding("r", "resume", "resume", id="home.resume"),
        Binding("c", "cancel", "cancel", id="home.cancel"),
    ]

    class CancelAsked(Message):
        """Its run is to be cancelled, once the person is sure."""

        def __init__(self, row: RunRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("RECENT RUNS", id=id)
        self._rows: Sequence[RunRow] = ()
        self._unpaid: Collection[str] = ()
        self._now: datetime | None = None
        self._empty = ""

    @property
    def row(self) -> RunRow | None:
        """The one under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def show(
        self,
        rows: Sequence[RunRow],
        now: datetime,
        empty: str = "nothing has run yet",
        unpaid: Collection[str] = (),
    ) -> None:
        """The cursor stays on its run, unless it is on top: there it stays on the newest.

        `unpaid`: runs that wait for a budget to be raised.
        """
        before = self.row if self.cursor > 0 else None
        self._rows, self._now, self._empty, self._unpaid = rows, now, empty, unpaid
        self.set_count(len(rows))
        if before is not None:
            ids = [each.id for each in rows]
            self.cursor = ids.index(before.id) if before.id in ids else self.cursor

    def point_beside(self, run_id: str) -> bool:
        """Put the cursor on the newest other run, on one that goes on if there is one. Is there another?"""
        others = [index for index, row in enumerate(self._rows) if row.id != run_id]
        living = (index for index in others if is_living(self._rows[index]))
        self.cursor = next(living, others[0] if others else self.cursor)
        return bool(others)

    def tell_time(self, now: datetime) -> None:
        """Runs that go on are drawn again."""
        self._now = now
        for index in self.visible_rows:
            if is_living(self._rows[index]):
                self.refresh_row(index)

    def render_empty(self, line: int, width: int) -> Iterable[Segment]:
        if line == 0:
            yield Segment(f" {self._empty}", self.palette["faint"])

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        row, palette = self._rows[index], self.palette
        look = status_look(row.status, unpaid=row.id in self._unpaid, parked=row.parked)
        columns = [(f"  {fit(look.word, 12)}", look.tone)] if width >= 40 else []
        if width >= 50:
            columns.append((fit(self._took(row), 7, "right"), "muted"))
        columns.append((f"  {fit(self._when(row), 8, 'right')}", "muted"))
        shown = 12 if width >= 90 else 6
        rest = width - 3 - shown - 2 - sum(len(text) for text, _ in columns) - 1
        yield Segment(f" {self.glyph(look)} ", palette[look.tone])
        yield Segment(f"{fit(row.id[:shown], shown)}  ", palette["accent"])
        yield Segment(fit(row.name, max(rest, 4)), palette["text"])
        for text, tone in columns:
            yield Segment(text, palette[tone])

    def _took(self, row: RunRow) -> str:
        if self._now is None or not (row.ended_at or is_living(row)):
            return "-"
        return stopwatch(seconds_of(row, self._now))

    def _when(self, row: RunRow) -> str:
        return ago((self._now - row.created_at).total_seconds()) if self._now is not None else ""

    # what is wanted

    def action_open(self) -> None:
        if (row := self.row) is not None:
            self.post_message(OpenRun(row.id))

    def action_replay(self) -> None:
        if (row := self.row) is not None:
            self.post_message(OpenRun(row.id, replay=True))

    def action_resume(self) -> None:
        if (row := self.row) is not None and can_resume(row):
            self.post_message(ResumeRun(row.id))

    def action_cancel(self) -> None:
        if (row := self.row) is not None and row.status not in RUN_ENDED:
            self.post_message(self.CancelAsked(row))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing to this run are not offered."""
        row = self.row
        if action == "resume":
            return row is not None and can_resume(row)
        if action == "cancel":
            return row is not None and row.status not in RUN_ENDED
        return True

    def watch_cursor(self, before: int, cursor: int) -> None:
        super().watch_cursor(before, cursor)
        self.refresh_bindings()


def can_resume(row: RunRow) -> bool:
    """Is it paused, or does nobody drive it?"""
    return row.status in ("paused", INTERRUPTED) or (row.status not in RUN_ENDED and not row.owner_alive)
