"""The health of a run: breakers, which can be tripped and reset, what it spends, servers, which can be
restarted, waits, calls in flight, limits, agents.
"""

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from lead_tui.core.commands import AnyCommand, ResetBreaker, RestartAgent, TripBreaker
from lead_tui.core.refusal import refusal
from lead_tui.tui.intents import OpenTask
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.taking_up import steer
from lead_tui.tui.vitals.agent_times import AgentTimes
from lead_tui.tui.vitals.frame import Frame, Vital
from lead_tui.tui.vitals.lines import verdict, vitals
from lead_tui.tui.widgets.rows import Rows

MANY = 50
"""Tasks under way from which on they are counted only as time passes."""


class Health(Rows):
    """`loop_lag` in seconds, if somebody measures it.

    The cursor stays on the first line, the worst, until a person moves it; then on its agent or task.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("T", "trip", "trip breaker", id="health.trip"),
        Binding("R", "reset", "reset breaker", id="health.reset"),
        Binding("R", "restart", "restart server", id="health.restart"),
    ]

    class RestartAsked(Message):
        """Somebody wants this server restarted; `agent` is who does it."""

        def __init__(self, server: str, agent: str) -> None:
            super().__init__()
            self.server = server
            self.agent = agent

    SIZED_BY_CONTENT = False

    loop_lag: float | None = None

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(header=1, id=id, classes=classes)
        self._model: RunModel | None = None
        self._times = AgentTimes()
        self._lines: list[Vital] = []
        self._held = False
        """Has the person put the cursor where it stands?"""
        self._unfolded = False

    def set_model(self, model: RunModel) -> None:
        self._model = model
        self._times = AgentTimes()
        self._held = False
        self._build()

    def show(self, changes: Changes) -> None:
        """Once a frame."""
        model = self._model
        many = model is not None and len(model.active) > MANY  # then time will do
        if changes.time or changes.again or (changes.run and not many):
            self._build()

    def on_resize(self) -> None:
        self._build()

    def _build(self) -> None:
        if self._model is None or not self.is_mounted:
            return
        key = self._lines[self.cursor].key if self.cursor >= 0 else None
        ascii_only = self.ascii_only
        frame = Frame(self.row_width or 80, max(self.size.height // 2, 4), ascii_only, self._unfolded)
        before = self._line.key
        self._lines = vitals(self._model, frame, self._times, loop_lag=self.loop_lag)
        self.set_count(len(self._lines))
        self._keep_cursor(key)
        if self._line.key != before:
            self.refresh_bindings()

    def _keep_cursor(self, key: tuple[str, ...] | None) -> None:
        if not self._held:
            self.cursor = self._next_line(0, 1)
        elif key != self._lines[self.cursor].key or self._lines[self.cursor].heading:
            wanted = (at for at, line in enumerate(self._lines) if line.key == key and not line.heading)
            self.cursor = next(wanted, self._next_line(0, 1))

    @property
    def _line(self) -> Vital:
        return self._lines[self.cursor] if 0 <= self.cursor < len(self._lines) else Vital("")

    @property
    def budget(self) -> str | None:
        """Whose budget the cursor stands on, "" for the flow's; None if on none."""
        return self._line.scope if self._line.budget else None

    # drawing

    def render_header(self, line: int, width: int) -> Iterable[Segment]:
        palette = self.palette
        rule = "-" if self.ascii_only else "─"
        yield Segment(f"{rule * 4} ", palette["faint"])
        yield Segment("Health", palette.title(self.has_focus))
        text, tone = verdict(self._model) if self._model is not None else ("", "faint")
        yield Segment(f" {rule * max(width - 13 - cell_len(text), 0)} ", palette["faint"])
        yield Segment(text, palette.bold[tone])

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        palette, left = self.palette, width
        for text, tone, bold in self._lines[index].spans:
            if left <= 0:
                return
            size = cell_len(text)
            shown = fit(text, min(size, left))
            yield Segment(shown, palette.bold[tone] if bold else palette[tone])
            left -= size

    # moving

    def _next_line(self, start: int, by: int) -> int:
        """The nearest line from `start` on that is no heading; the cursor's if there is none."""
        at = start
        while 0 <= at < len(self._lines):
            if not self._lines[at].heading:
                return at
            at += by
        return self.cursor

    def action_move(self, by: int) -> None:
        self._held = True
        self.cursor = self._next_line(self.cursor + by, by)

    def action_page(self, by: int) -> None:
        self._held = True
        super().action_page(by)
        self.cursor = self._next_line(self.cursor, by)

    def action_first(self) -> None:
        self._held = False
        self.cursor = self._next_line(0, 1)

    def action_last(self) -> None:
        self._held = True
        super().action_last()

    def on_click(self, event: events.Click) -> None:
        self._held = True
        super().on_click(event)

    def watch_cursor(self, before: int, cursor: int) -> None:
        super().watch_cursor(before, cursor)
        if cursor == self._next_line(0, 1):
            self.scroll_to(y=0, animate=False)  # its heading, too
        self.refresh_bindings()

    # acting

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        model, agent = self._model, self._line.agent
        if action == "open":
            return bool(self._line.task) or self._line.folds
        if action == "restart":
            return self._can_restart()
        if action not in ("trip", "reset"):
            return True
        if model is None or not agent or refusal(model.state, TripBreaker(agent=agent)):
            return False
        closed = agent not in model.state.breakers or model.state.breakers[agent].state == "closed"
        return closed if action == "trip" else not closed

    def action_trip(self) -> None:
        self._steer(TripBreaker(agent=self._line.agent), f"tripped {self._line.agent}")

    def action_reset(self) -> None:
        self._steer(ResetBreaker(agent=self._line.agent), f"reset {self._line.agent}")

    def _can_restart(self) -> bool:
        model, agent = self._model, self._line.restarts
        if model is None or not agent or not model.alive:
            return False
        return not refusal(model.state, RestartAgent(agent=agent))

    def action_restart(self) -> None:
        self.post_message(self.RestartAsked(self._line.server, self._line.restarts))

    def _steer(self, command: AnyCommand, done: str) -> None:
        if self._model is not None:
            steer(self, self._model, command, done)

    def action_open(self) -> None:
        """The task of the line; or the lines that stand folded behind it, and close them again."""
        if self._line.folds:
            self._held = True
            self._unfolded = not self._unfolded
            self._build()
        elif self._model is not None and self._line.task:
            self.post_message(OpenTask(self._model.run_id, self._line.task))
