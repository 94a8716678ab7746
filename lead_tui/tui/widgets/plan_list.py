"""The tasks of a flow in the order in which they may run."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType

from lead_tui.tui.flows.launch_plan import Step
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.widgets.section import Section


class PlanList(Section):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "run", id="start.enter")]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("PLAN", id=id)
        self._steps: Sequence[Step] = ()

    def show(self, steps: Sequence[Step], note: str) -> None:
        self._steps = steps
        self.set_count(len(steps))
        self.set_note(note)

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        step, palette = self._steps[index], self.palette
        first = index == 0 or self._steps[index - 1].number != step.number
        label = (f"step {step.number}" if step.number else "finally") if first else ""
        calls = "asks you" if not step.calls else "1 call" if step.calls == 1 else f"1-{step.calls} calls"
        agent = step.agent if step.agent == step.type else f"{step.agent} ({step.type})"
        rest = max(width - 10 - 12, 10)
        name = rest // 2
        yield Segment(f" {fit(label, 8)} ", palette["faint"])
        yield Segment(f"{fit(step.task + (' ?' if step.conditional else ''), name - 1)} ", palette["text"])
        yield Segment(fit(f"{agent} {step.action}", rest - name), palette["muted"])
        yield Segment(fit(calls, 11, "right"), palette["muted" if step.calls else "ask"])
