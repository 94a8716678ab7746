"""Before a run: the inputs of a flow as a form, what the run will do, and how much it may cost in calls."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from lead_tui.errors import LeadError
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.flow.loader import Document, environment_for
from lead_tui.runner.engine import load_file
from lead_tui.runner.prerequisites import check_prerequisites
from lead_tui.text.safe import safe, safe_line
from lead_tui.tui.editing.problem_text import TOLD, broken_text, problem_text
from lead_tui.tui.flows.fields import of_inputs
from lead_tui.tui.flows.launch_plan import LaunchPlan, launch_plan
from lead_tui.tui.intents import EditFlow
from lead_tui.tui.prose.cells import short_path
from lead_tui.tui.runs import Runs
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.hints import Hints
from lead_tui.tui.widgets.plan_list import PlanList
from lead_tui.tui.widgets.rows import Rows
from lead_tui.tui.widgets.title_line import TitleLine

_RUNS_LOOKED_AT = 20


class StartScreen(Screen[None]):
    DEFAULT_CSS = """
    StartScreen {
        #about { height: auto; max-height: 5; padding: 0 1; }
        #told { height: auto; max-height: 40%; padding: 0 1; overflow-y: auto; display: none; }
        #body { height: 1fr; }
        #inputs { max-height: 65%; }
        #plan { height: 1fr; min-height: 3; }
        &.-told #told { display: block; }
        &.-broken #body { display: none; }
        &.-broken #told { max-height: 100%; height: 1fr; }
        &.-two #body { layout: horizontal; }
        &.-two #inputs { width: 1fr; max-height: 100%; height: 100%; }
        &.-two #plan { width: 1fr; height: 100%; }
        &.-flat #about { display: none; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (110, "-two")]  # noqa: RUF012 - an instance variable of Textual
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (15, "-low")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r,ctrl+s", "run", "run", id="start.run"),
        Binding("e", "edit", "edit", id="start.edit"),
        Binding("r", "again", "read again", id="start.again"),
        Binding("escape", "app.back", "back", id="start.back"),
    ]

    class Run(Message):
        """Start this flow with these complete, checked inputs, then tell the form: `begun` or `refused`."""

        def __init__(
            self,
            form: "StartScreen",
            document: Document,
            values: dict[str, Any],
            environment: Mapping[str, str],
        ) -> None:
            super().__init__()
            self.form = form
            self.document = document
            self.values = values
            self.environment = environment

    class Begun(Message):
        """The form is on top and its run is there: show that in its place."""

        def __init__(self, form: "StartScreen", run_id: str) -> None:
            super().__init__()
            self.form = form
            self.run_id = run_id

    def __init__(
        self,
        flow: Path | Document,
        runs: Runs,
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`environment`: what a document was read in; a path brings that of its folder."""
        super().__init__()
        self._flow = flow
        self._runs = runs
        self._environment: Mapping[str, str] = os.environ if environment is None else environment
        self._document: Document | None = None
        self._plan = LaunchPlan((), 1)
        self._is_sent = False
        self._run_id = ""
        """The run that came of it."""

    @property
    def path(self) -> Path | None:
        """The flow's file, if it has one."""
        if isinstance(self._flow, Path):
            return self._flow
        return Path(self._flow.source) if self._flow.source else None

    def compose(self) -> ComposeResult:
        yield TitleLine(f"start {short_path(self.path) if self.path else 'a flow'}")
        yield Static(id="about", markup=False)
        yield Static(id="told", markup=False)
        with Container(id="body"):
            yield Form(id="inputs")
            yield PlanList(id="plan")
        yield Hints()

    def on_mount(self) -> None:
        self._load()

    # the flow

    @work(exclusive=True)
    async def _load(self) -> None:
        try:
            document, self._plan = await asyncio.to_thread(self._read)
        except LeadError as error:
            self._document = None
            self._show_broken(error)
        else:
            self._document = document
            await self._show(document)
        self.refresh_bindings()

    def _read(self) -> tuple[Document, LaunchPlan]:
        self._read_environment()
        document = load_file(self._flow, self._environment) if isinstance(self._flow, Path) else self._flow
        return document, launch_plan(document)

    def _read_environment(self) -> None:
        if isinstance(self._flow, Path):
            self._environment = environment_for(self._flow.resolve().parent, self._runs.env_file)

    async def _show(self, document: Document) -> None:
        workflow, palette = document.workflow, Palette.of(self.app)
        about = Text.assemble((safe_line(workflow.name), palette.bold["text"]))
        if workflow.description:
            about.append(f"  {safe_line(workflow.description, 300)}", palette["muted"])
        about.append(f"\n{self._plan.summary()}", palette["accent"])
        budget, is_small = self._plan.spending()
        if budget:
            about.append(f"\n{budget}", palette["text" if is_small else "muted"])
        self.query_one("#about", Static).update(about)
        self.query_one(PlanList).show(self._plan.steps, "")
        form = self.query_one(Form)
        await form.set_fields(of_inputs(workflow.inputs, self._last_inputs(document)))
        self.remove_class("-broken")
        form.display = bool(workflow.inputs)
        warnings = [problem_text(each, palette, "retry") for each in document.warnings[:TOLD]]
        self._tell(Text("\n").join(warnings) if warnings else None)
        self._focus_first()

    def _focus_first(self) -> None:
        if not self.query_one(Form).focus_first():
            self.query_one(PlanList).focus()

    def _last_inputs(self, document: Document) -> Mapping[str, Any]:
        """What the newest run of this file was given."""
        journal = self._runs.engine.journal
        rows = journal.runs(name=document.workflow.name, limit=_RUNS_LOOKED_AT)
        mine = next((row for row in rows if document.source and row.source == document.source), None)
        return journal.record(mine.id).inputs if mine is not None else {}

    def _show_broken(self, error: LeadError) -> None:
        keys = "e opens the editor, r reads the flow again." if self.path is not None else ""
        self.add_class("-broken")
        self.set_focus(None)
        self._tell(broken_text(error, self.path or Path(), Palette.of(self.app), keys))

    def _tell(self, text: Text | None) -> None:
        self.set_class(text is not None, "-told")
        self.query_one("#told", Static).update(text or "")

    # what is wanted

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "run":
            return self._document is not None and not self._is_sent
        if action == "again":
            return self._document is None and self.path is not None
        return self.path is not None if action == "edit" else True

    def action_run(self) -> None:
        values = self.query_one(Form).values()
        if values is not None:
            self._start(values)

    def on_form_submitted(self, event: Form.Submitted) -> None:
        event.stop()
        self._start(event.values)

    def on_rows_opened(self, event: Rows.Opened) -> None:
        event.stop()
        self.action_run()

    def _start(self, given: dict[str, Any]) -> None:
        if self._document is None or self._is_sent:
            return
        try:
            values = resolve_inputs(self._document.workflow, given)
            self._read_environment()  # a key that was missing may be in .env by now
            check_prerequisites(self._document.workflow, self._environment)
        except LeadError as error:
            self.notify(safe(str(error)), severity="error", markup=False)
            return
        self._show_sent(True)
        self.post_message(self.Run(self, self._document, values, self._environment))

    def _show_sent(self, is_sent: bool) -> None:
        """A form that is sent is not sent again."""
        self._is_sent = is_sent
        self.query_one(TitleLine).show(note="starting …" if is_sent else "", tone="busy")
        self.query_one("#body").disabled = is_sent
        self.refresh_bindings()

    def refused(self) -> None:
        """Nothing was begun: the form can be sent again."""
        if self.is_attached:
            self._show_sent(False)
            self._focus_first()

    def begun(self, run_id: str) -> None:
        """Give way to the run, at once or when this is on top again."""
        self._run_id = run_id
        self._give_way()

    def _give_way(self) -> None:
        if self._run_id and self.is_active:
            self.post_message(self.Begun(self, self._run_id))

    def action_edit(self) -> None:
        if self.path is not None:
            self.post_message(EditFlow(self.path))

    def action_again(self) -> None:
        self._load()

    def on_screen_resume(self) -> None:
        """Back from the editor: the flow may be well now, or what was sent has begun."""
        self._give_way()
        if self.has_class("-broken"):
            self._load()
