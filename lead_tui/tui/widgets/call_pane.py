"""One call: how it stands, what it asks, and what it says while it is under way or has answered at last."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual.widgets import Static

from lead_tui.core.commands import Approve
from lead_tui.resilience.breaker import Breaker
from lead_tui.runner.trial import TASK
from lead_tui.tui import themes
from lead_tui.tui.calls.outcome import OutcomePen
from lead_tui.tui.calls.trials import Call
from lead_tui.tui.log.pen import head
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.log_view import LogView
from lead_tui.tui.widgets.question import Question
from lead_tui.tui.widgets.result_view import ResultView

Part = Literal["answer", "meta", "course"]


class Course(LogView):
    """The log of one call."""

    def render_header(self, line: int, width: int) -> Iterable[Segment]:
        badges, palette = self.badges(), self.palette
        return head(width, "Course", badges, palette, active=self.has_focus, ascii_only=self.ascii_only)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "pin" and super().check_action(action, parameters)


class CallPane(Vertical):
    """`part`: the answer, what came with it (status, headers), or the course of the call in full.

    A call under way that talks shows its course, whatever is chosen.
    """

    DEFAULT_CSS = """
    CallPane {
        & > #outcome { height: auto; max-height: 7; padding: 0 1; }
        & > #course { height: 1fr; min-height: 3; display: none; }
        & > #result { height: 1fr; min-height: 2; margin-left: 1; }
        &.-talks > #course { display: block; }
        &.-talks > #result { display: none; }
    }
    """

    part: reactive[Part] = reactive("answer", init=False)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._call: Call | None = None
        self._outcome = Static(id="outcome", markup=False)
        self._question = Question(id="question")
        self._course = Course(id="course")
        self._course.task_name = TASK
        self._result = ResultView(empty="no answer yet", id="result")

    def compose(self) -> ComposeResult:
        yield self._outcome
        yield self._question
        yield self._course
        yield self._result

    def show(self, call: Call | None, agent: str, breaker: Breaker | None, now: datetime) -> None:
        """As it is now. `breaker` is that of the `agent` that is chosen."""
        self._call = call
        palette, room = Palette.of(self.app), self._outcome.content_size.width
        pen = OutcomePen(palette, room, themes.ascii_only(self.app))
        self._outcome.update(pen.told(call, agent, breaker, now))
        self._choose()
        self._show_result(call)
        self.show_course()
        self.call_later(self._question.ask, call.asked if call is not None else None)

    def show_course(self) -> None:
        """What was said since the last time, if that is what is shown."""
        model = self._call.model if self._call is not None else None
        if model is None or not self.has_class("-talks"):
            return
        if self._course.model is not model:
            self._course.set_model(model)
        self._course.show(model.changes())

    def approval(self) -> Approve | None:
        """What approves what is asked; None if its form is not filled in well."""
        return self._question.approval()

    def focus_content(self) -> None:
        if self.has_class("-talks"):
            self._course.focus()
        else:
            self._result.focus_content()

    def _choose(self) -> None:
        """The course, or the answer."""
        call = self._call
        talks = call is not None and call.talks and (call.under_way or self.part == "course")
        if talks is not self.has_class("-talks"):
            had_focus = self._result.has_focus_within or self._course.has_focus
            self.set_class(talks, "-talks")
            if had_focus:
                self.focus_content()

    def _show_result(self, call: Call | None) -> None:
        result, trial = self._result, call.trial if call is not None else None
        if call is None or trial is None:
            result.set_value(None)
        elif self.part == "meta":
            result.set_value(trial.meta, ("meta",))
        elif trial.error is not None:
            result.set_failure(trial.error)
        else:
            result.set_value(trial.result, ("result",))
