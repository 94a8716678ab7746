"""All of one task: why it is where it is, its attempts, its result, its parameters, the rest of the answer.

Five sections by number. Where there is room, the first two stand beside the other three. Steering leaves as
an intent; what cannot be now is not offered.
"""

from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from lead_tui.core.commands import AnyCommand, CancelTask, Retry, Skip
from lead_tui.core.refusal import refusal, retryable
from lead_tui.core.state import TASK_ENDED, TaskState, TaskStatus
from lead_tui.errors import LeadError
from lead_tui.tui import themes
from lead_tui.tui.intents import Steer, TestAgents
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.confirm import Choice, Confirm
from lead_tui.tui.taking_up import steer
from lead_tui.tui.tasks.attempts import Attempt, attempts
from lead_tui.tui.tasks.looks import cut_off
from lead_tui.tui.tasks.words import as_written, head, names_of, no_attempt, story, why
from lead_tui.tui.tool_calls import ToolCall
from lead_tui.tui.widgets.heading import Heading
from lead_tui.tui.widgets.hints import Hints
from lead_tui.tui.widgets.prose import Prose
from lead_tui.tui.widgets.result_view import ResultView
from lead_tui.tui.widgets.tab_line import TabLine
from lead_tui.tui.widgets.task_head import TaskHead

SECTIONS = ("why", "attempts", "result", "parameters", "meta")
NAMES = ("Why", "Attempts", "Result", "Parameters", "Meta")
LEFT = SECTIONS[:2]
WIDE = 110
"""Cells from which on two columns stand side by side."""


class TaskScreen(Screen[None]):
    """`live` is False for a replay: nothing can be steered then. `path` is the flow's file."""

    DEFAULT_CSS = """
    TaskScreen {
        #sections { height: 1fr; }
        .column { width: 1fr; display: none; }
        .section { height: 1fr; display: none; }
        .column.-shown, .section.-shown { display: block; }
        Prose, ResultView { height: 1fr; }
        &.-two #right { border-left: vkey $border-blurred; }
    }
    TaskScreen.-tiny TabLine, TaskScreen.-flat Hints { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="task.back"),
        *(
            Binding(str(number + 1), f"section({name!r})", NAMES[number], show=False, id=f"task.{name}")
            for number, name in enumerate(SECTIONS)
        ),
        Binding("r", "retry", "retry", id="task.retry"),
        Binding("c,x", "cancel", "cancel task", key_display="c", id="task.cancel"),
        Binding("s", "skip", "skip", id="task.skip"),
        Binding("left_square_bracket", "sibling(-1)", "previous", key_display="[", id="task.previous"),
        Binding("right_square_bracket", "sibling(1)", "next task", key_display="]", id="task.next"),
        Binding("t,T", "test_agent", "test agent", key_display="T", id="task.test"),
    ]

    AUTO_FOCUS = ""

    section: reactive[str] = reactive("why")

    def __init__(
        self, model: RunModel, task: str, runs: Runs, path: Path | None = None, *, live: bool = True
    ) -> None:
        super().__init__()
        self.model = model
        self.task_name = task
        self.path = path or (Path(model.source) if model.source else None)
        self._runs = runs
        self._live = live
        self._order = list(model.outline)
        self._trail: list[str] = []
        """Tasks that escape leads back to."""
        self._tries: list[Attempt] = []
        self._chosen: int | None = None
        """The attempt whose answer is shown, the last one if None."""
        self._call: int | None = None
        """The call of the chosen attempt that is shown in place of its answer."""
        self._call_shown: tuple[ToolCall, dict[str, Any]] | None = None
        self._right = "result"
        self._shown: tuple[object, ...] = ()
        self._document: dict[str, Any] | None = None
        self._written_of = ""
        """The task whose parameters are shown."""

    def compose(self) -> ComposeResult:
        yield TaskHead()
        yield TabLine(NAMES)
        with Horizontal(id="sections"):
            with Vertical(id="left", classes="column"):
                yield from self._section("why", Prose(id="why"))
                yield from self._section("attempts", Prose(id="attempts"))
            with Vertical(id="right", classes="column"):
                yield from self._section("result", ResultView(id="result"))
                yield from self._section("parameters", ResultView(empty="no parameters", id="parameters"))
                yield from self._section("meta", ResultView(empty="the agent said nothing else", id="meta"))
        yield Hints()

    def _section(self, name: str, body: Widget) -> ComposeResult:
        with Vertical(id=f"section-{name}", classes="section"):
            yield Heading(NAMES[SECTIONS.index(name)])
            yield body

    def on_mount(self) -> None:
        heading = self.query_one("#section-parameters Heading", Heading)
        heading.remark = "as written in the flow, secrets are ***"
        if self._state.status is TaskStatus.COMPLETED:
            self.section = "result"
        self._show_task()
        self._arrange()
        self._focus_section()

    @property
    def _state(self) -> TaskState:
        return self.model.state.tasks[self.task_name]

    @property
    def _place(self) -> str:
        return f"{self._order.index(self.task_name) + 1}/{len(self._order)}"

    @property
    def _ascii(self) -> bool:
        return themes.ascii_only(self.app)

    # sections

    def watch_section(self, section: str) -> None:
        if not self.is_mounted:
            return
        self._arrange()
        self._focus_section()

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """Show the chosen section; in a wide screen the left ones always, and one beside them."""
        two = self.size.width >= WIDE
        if self.section not in LEFT:
            self._right = self.section
        shown = {*LEFT, self._right} if two else {self.section}
        for name in SECTIONS:
            self.query_one(f"#section-{name}").set_class(name in shown, "-shown")
        self.query_one("#left").set_class(bool(shown & set(LEFT)), "-shown")
        self.query_one("#right").set_class(bool(shown - set(LEFT)), "-shown")
        self.set_class(two, "-two")
        self.query_one(TabLine).active = SECTIONS.index(self.section)
        self._show_parameters()

    def _shows(self, name: str) -> bool:
        return self.query_one(f"#section-{name}").has_class("-shown")

    def _focus_section(self) -> None:
        body = self.query_one(f"#{self.section}")
        if isinstance(body, ResultView):
            body.focus_content()
        else:
            body.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The section with the focus is the active one, however the focus came there."""
        for name in SECTIONS:
            within = self.query_one(f"#section-{name}").has_focus_within
            self.query_one(f"#section-{name}").query_one(Heading).lit = within
            if within:
                self.section = name

    def on_tab_line_chosen(self, event: TabLine.Chosen) -> None:
        self.section = SECTIONS[event.index]

    def action_section(self, name: str) -> None:
        self.section = name

    # frames

    def show(self, changes: Changes) -> None:
        """Once a frame: what changed since the one before."""
        if not self.is_mounted or not changes:
            return
        if changes.again or changes.run or self.task_name in changes.tasks:
            self._show_task()
        elif changes.time:
            self._show_times()

    def _show_task(self) -> None:
        """Everything; what reads as before is not drawn again."""
        self._tries = attempts(self.model.history.get(self.task_name, ()))
        if self._chosen is not None and self._chosen >= len(self._tries):
            self._chosen = self._call = None
        self._see_usage()
        self._show_times()
        self._show_answer()
        self._show_parameters()
        now = (self.task_name, self._state.status, self.model.state.status, self._state.stopping)
        if now != self._shown:
            self._shown = now
            self.refresh_bindings()

    def _show_times(self) -> None:
        """What moves with the time."""
        room = max(self.size.width // 2, 12)
        lines = head(self.model, self.task_name, self._place, room, ascii_only=self._ascii)
        self.query_one(TaskHead).show(lines)
        self.query_one("#why", Prose).set_paragraphs(why(self.model, self.task_name, ascii_only=self._ascii))
        pane = self.query_one("#attempts", Prose)
        pane.set_empty(no_attempt(self._state))
        pane.set_paragraphs(
            story(
                self._tries,
                self.model.now,
                chosen=self._chosen,
                call=self._call,
                cut_off=cut_off(self.model, self._state),
                ascii_only=self._ascii,
            )
        )

    def _see_usage(self) -> None:
        """What the attempt in flight used so far, it tells in passing."""
        note = self.model.using.get(self.task_name)
        if note is not None and self._tries and self._tries[-1].number == note.attempt:
            last = self._tries[-1]
            last.usage = last.usage if last.duration is not None else note.usage

    def _show_call(self) -> bool:
        """The chosen call in place of an answer, if there is one; looked into, it stays as it is."""
        if self._chosen is None or self._call is None:
            self._call_shown = None
            return False
        call = self._tries[self._chosen].calls[self._call]
        if self._call_shown is None or self._call_shown[0] != call:
            self._call_shown = call, call.value
        view = self.query_one("#result", ResultView)
        view.set_value(self._call_shown[1])
        remark = f"call {self._call + 1} of attempt {self._tries[self._chosen].number}"
        self.query_one("#section-result Heading", Heading).remark = remark
        return True

    def _show_answer(self) -> None:
        """The result, or the failure, and the rest of the answer."""
        if self._show_call():
            return
        attempt = self._tries[self._chosen] if self._chosen is not None else None
        last = attempt or (self._tries[-1] if self._tries else None)
        view, meta = self.query_one("#result", ResultView), self.query_one("#meta", ResultView)
        failure = attempt.failure if attempt is not None else self._state.failure
        if failure is not None:
            view.set_failure(failure, last.result if last is not None and last.failure is not None else None)
        elif attempt is not None:
            view.set_value(attempt.result)
        else:
            view.empty = "no result" if self._state.status in TASK_ENDED else "no result yet"
            view.set_value(self._state.result, ("tasks", self.task_name, "result"))
        if attempt is not None:
            meta.set_value(attempt.meta or None)
        else:
            meta.set_value(self._state.meta, ("tasks", self.task_name, "meta"))
        remark = f"of attempt {attempt.number}" if attempt is not None else ""
        for name in ("result", "meta"):
            self.query_one(f"#section-{name} Heading", Heading).remark = remark

    def _show_parameters(self) -> None:
        """Read when they are first looked at: they stand in the journal."""
        view = self.query_one("#parameters", ResultView)
        if self._written_of == self.task_name or not self._shows("parameters"):
            return
        try:
            if self._document is None:
                self._document = self._runs.record(self.model.run_id).document
        except LeadError as error:
            view.empty = str(error)
            view.set_value(None)
            return
        self._written_of = self.task_name
        view.set_value(as_written(self._document, self.task_name))
        view.open_at("parameters")

    # attempts and neighbours

    def on_rows_opened(self, event: Prose.Opened) -> None:
        if not isinstance(event.rows, Prose):
            return
        target = event.rows.target(event.index)
        if event.rows.id == "why" and target:
            self._trail.append(self.task_name)
            self._go_to(target)
        elif event.rows.id == "attempts" and target:
            place, _, call = target.partition(".")
            if call:
                self._choose_call(int(place), int(call))
            else:
                self._choose(int(place))

    def _choose(self, place: int) -> None:
        """Show the answer of this attempt; of the last one if it was chosen already."""
        again = place == self._chosen and self._call is None
        self._chosen, self._call = None if again else place, None
        self._show_task()

    def _choose_call(self, place: int, call: int) -> None:
        """Look into a call of a tool, with all its arguments and its result."""
        self._chosen, self._call = place, call
        self._show_task()
        view = self.query_one("#result", ResultView)
        for key in ("arguments", "failure", "result"):
            view.open_at(key)
        self.section = "result"

    def _go_to(self, task: str) -> None:
        self.task_name, self._chosen, self._call = task, None, None
        self.query_one("#why", Prose).cursor = 0
        self._show_task()

    def action_sibling(self, by: int) -> None:
        """The task before or after this one, in the order of the table."""
        place = self._order.index(self.task_name) + by
        self._go_to(self._order[place % len(self._order)])

    def action_back(self) -> None:
        """From a call to its attempt, from a chosen attempt to the last one, from a neighbour to where it was
        opened, to the run.
        """
        if self._call is not None:
            self._chosen = self._call = None
            self._show_task()
            self.section = "attempts"
        elif self._chosen is not None:
            self._choose(self._chosen)
        elif self._trail:
            self._go_to(self._trail.pop())
        else:
            self.call_later(self.app.run_action, "back")

    # steering

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "retry":
                return self._accepts(Retry())
            case "cancel":
                return not self._state.stopping and self._accepts(CancelTask(task=self.task_name))
            case "skip":
                interrupted = self._state.status is TaskStatus.INTERRUPTED
                return interrupted and self._accepts(Skip(task=self.task_name))
            case "test_agent":
                return self.path is not None
        return True

    def _accepts(self, command: AnyCommand) -> bool:
        return self._live and self.model.state.seq > 0 and not refusal(self.model.state, command)

    def action_retry(self) -> None:
        """A retry is the run's: say what else it runs again."""
        tasks = retryable(self.model.state)

        def answered(choice: str | None) -> None:
            if choice == "retry":
                self.post_message(Steer(self.model.run_id, Retry(), "running again what failed"))

        question = Confirm(
            f"Run {'it' if tasks == [self.task_name] else f'{len(tasks)} tasks'} again?",
            "A retry runs again what failed, was cancelled or interrupted, with all that was skipped for it: "
            + names_of(tasks),
            [Choice("r", "retry", "run again"), Choice("n", "no", "leave it")],
        )
        self.app.push_screen(question, answered)

    def action_cancel(self) -> None:
        self._steer(CancelTask(task=self.task_name), f"cancelling {self.task_name}")

    def action_skip(self) -> None:
        self._steer(Skip(task=self.task_name), f"skipped {self.task_name}")

    def _steer(self, command: AnyCommand, done: str) -> None:
        steer(self, self.model, command, done)

    def action_test_agent(self) -> None:
        if self.path is not None:
            self.post_message(TestAgents(self.path, self._state.plan.agent))
