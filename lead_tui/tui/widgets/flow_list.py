"""The flows of a folder: what each is, how its last run ended, how long its last runs took."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType

from lead_tui.text.words import stopwatch
from lead_tui.tui.flows.folder import FoundFlow
from lead_tui.tui.flows.past_runs import PastRuns, is_living
from lead_tui.tui.flows.sparkline import sparkline
from lead_tui.tui.flows.welcome import Line
from lead_tui.tui.intents import EditFlow, PrepareFlow, TestAgents
from lead_tui.tui.look import Look, Tone, status_look
from lead_tui.tui.prose.ago import ago
from lead_tui.tui.prose.cells import fit, fit_path
from lead_tui.tui.widgets.section import Section

_NEVER = Look("·", ".", "never ran", "faint")
_INVALID = Look("✖", "x", "invalid", "bad")
_NAME = 24


class FlowList(Section):
    """Enter starts the flow, or edits one that is not valid."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "start", id="home.start"),
        Binding("enter", "mend", "edit", id="home.mend"),
        Binding("e", "edit", "edit", id="home.edit"),
        Binding("t", "test", "test agents", id="home.test"),
    ]

    def __init__(self, root: Path, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("FLOWS", id=id)
        self._root = root
        self._flows: Sequence[FoundFlow] = ()
        self._past: Mapping[str, PastRuns] = {}
        self._unpaid: Collection[str] = ()
        self._now: datetime | None = None
        self._longest = 0
        self._welcome: Sequence[Line] = ()

    @property
    def flow(self) -> FoundFlow | None:
        """The one under the cursor."""
        return self._flows[self.cursor] if 0 <= self.cursor < len(self._flows) else None

    def show(
        self,
        flows: Sequence[FoundFlow],
        past: Mapping[str, PastRuns],
        now: datetime,
        unpaid: Collection[str] = (),
    ) -> None:
        """The cursor stays on its flow. `unpaid`: runs that wait for a budget to be raised."""
        before = self.flow
        self._flows, self._past, self._now, self._unpaid = flows, past, now, unpaid
        self._longest = max((len(self._path(flow)) for flow in flows), default=0)
        self.set_count(len(flows))
        if before is not None:
            paths = [each.path for each in flows]
            self.cursor = paths.index(before.path) if before.path in paths else self.cursor

    def set_welcome(self, lines: Sequence[Line]) -> None:
        """What stands there while there is no flow."""
        self._welcome = lines
        self.refresh()

    def render_empty(self, line: int, width: int) -> Iterable[Segment]:
        if line < len(self._welcome):
            words, key, is_code = self._welcome[line]
            if key:
                yield Segment(f"   {key}  ", self.palette.bold["accent"])
            indent = "" if key else "  " if is_code else " "
            yield Segment(indent + words, self.palette["text" if key or is_code else "muted"])

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        flow = self._flows[index]
        past = self._past.get(flow.source)
        look = self._look(flow, past)
        path = self._path(flow)
        room = width - 3 - 1
        yield Segment(f" {self.glyph(look)} ", self.palette[look.tone])
        if flow.valid:
            columns = self._columns(flow, past, look, width)
            yield from self._names(flow, path, room - sum(len(text) for text, _ in columns))
            for text, tone in columns:
                yield Segment(text, self.palette[tone])
        else:
            names = min(max(self._longest, room // 4), room // 2)
            yield from self._names(flow, path, names)
            yield Segment(fit(_told(flow), room - names), self.palette["bad"])

    def _path(self, flow: FoundFlow) -> str:
        return str(flow.path.relative_to(self._root))

    def _look(self, flow: FoundFlow, past: PastRuns | None) -> Look:
        if not flow.valid:
            return _INVALID
        if past is None:
            return _NEVER
        return status_look(past.last.status, unpaid=past.last.id in self._unpaid, parked=past.last.parked)

    def _names(self, flow: FoundFlow, path: str, width: int) -> Iterable[Segment]:
        width = max(width, 8)
        if width >= self._longest + _NAME:
            yield Segment(fit_path(path, width - _NAME), self.palette["text"])
            yield Segment(fit(flow.name, _NAME), self.palette["muted"])
        else:
            yield Segment(fit_path(path, width), self.palette["text"])

    def _columns(
        self, flow: FoundFlow, past: PastRuns | None, look: Look, width: int
    ) -> list[tuple[str, Tone]]:
        """Tasks, bars, time, outcome, when: as many as fit beside the longest path, the most telling stay."""
        durations = past.durations if past is not None else ()
        bars = sparkline(durations, ascii=self.ascii_only)
        last = stopwatch(durations[-1]) if durations else ""
        tasks = f"{flow.tasks} task{'s' if flow.tasks != 1 else ' '}"
        columns: list[tuple[str, Tone]] = [
            (f"  {fit(tasks, 9, 'right')}", "muted"),
            (f"  {fit(bars, 8, 'right')}", "busy"),
            (fit(last, 7, "right"), "muted"),
            (f"  {fit(look.word, 12)}", look.tone),
            (f" {fit(self._when(past), 8, 'right')}", "muted"),
        ]
        for drop in (slice(0, 1), slice(0, 1), slice(0, 1), slice(1, 2)):
            if sum(len(text) for text, _ in columns) + min(self._longest, 26) + 4 > width:
                del columns[drop]
        return columns

    def _when(self, past: PastRuns | None) -> str:
        if past is None or self._now is None:
            return ""
        return "now" if is_living(past.last) else ago((self._now - past.last.created_at).total_seconds())

    # what is wanted

    def action_open(self) -> None:
        """A double click."""
        if (flow := self.flow) is not None:
            self.post_message(PrepareFlow(flow.path) if flow.valid else EditFlow(flow.path))

    def action_start(self) -> None:
        self.action_open()

    def action_mend(self) -> None:
        self.action_open()

    def action_edit(self) -> None:
        if (flow := self.flow) is not None:
            self.post_message(EditFlow(flow.path))

    def action_test(self) -> None:
        if (flow := self.flow) is not None:
            self.post_message(TestAgents(flow.path))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing to this flow are not offered."""
        flow = self.flow
        if action in ("start", "test"):
            return flow is not None and flow.valid
        if action == "mend":
            return flow is not None and not flow.valid
        return flow is not None if action == "edit" else True

    def watch_cursor(self, before: int, cursor: int) -> None:
        super().watch_cursor(before, cursor)
        self.refresh_bindings()


def _told(flow: FoundFlow) -> str:
    first, number = flow.problems[0], len(flow.problems)
    return f"  {f'{number} problems' if number > 1 else 'invalid'}: {first.message}"
