"""The editor of a flow: its text, what is wrong with it, its graph. Checks as one types and runs nothing.

What was typed is lost only when the reader says so: leaving, quitting and reading the file again ask.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static, TextArea

from lead_tui.flow.diagnostics import Diagnostic
from lead_tui.text.safe import safe, safe_line
from lead_tui.tui.editing.check import (
    Checked,
    Location,
    check,
    difference,
    following,
    preceding,
    task_place,
    template,
)
from lead_tui.tui.editing.text_file import ChangedOnDisk, NotEditable, TextFile
from lead_tui.tui.look import Look, Tone
from lead_tui.tui.screens.confirm import Choice, Confirm
from lead_tui.tui.screens.diff import DiffScreen
from lead_tui.tui.widgets.diagnostics_list import VALID, DiagnosticsList, counted, sentence
from lead_tui.tui.widgets.graph_pane import GraphPane
from lead_tui.tui.widgets.graph_view import GraphView
from lead_tui.tui.widgets.hints import Hints
from lead_tui.tui.widgets.text_pane import TextPane
from lead_tui.tui.widgets.title_line import TitleLine
from lead_tui.tui.widgets.yaml_area import SEVERITIES, YamlArea

Judge = Callable[[str, Path], Checked]
UNSAVED = Look("●", "*", "modified", "retry")


class EditorScreen(Screen[None]):
    """Edits `path`, which need not exist yet. The text is checked `pause` seconds after a key.

    `RunWanted` and `Saved` go up to the app, which calls `may_leave` before it quits.
    """

    DEFAULT_CSS = """
    EditorScreen {
        #panes { height: 1fr; }
        #graph-pane {
            display: none; width: 2fr; border-left: solid $border-blurred; border-title-color: $foreground;
        }
        TextPane { width: 3fr; }
        #status { height: auto; min-height: 1; max-height: 2; padding: 0 1; background: $surface; }
        #refusal { display: none; height: 1fr; padding: 1 2; }
    }
    EditorScreen.-wide #graph-pane { display: block; }
    EditorScreen.-wide.-no-graph #graph-pane { display: none; }
    EditorScreen.-narrow.-graph #graph-pane { display: block; width: 1fr; border-left: none; }
    EditorScreen.-narrow.-graph TextPane { display: none; }
    EditorScreen.-low DiagnosticsList { display: none; }
    EditorScreen.-refused { #panes, DiagnosticsList, #status { display: none; } #refusal { display: block; } }
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - an instance variable of Textual
    VERTICAL_BREAKPOINTS = [(0, "-low"), (14, "-high")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", id="editor.leave", priority=True),
        Binding("ctrl+s", "save", "save", id="editor.save"),
        Binding("ctrl+r", "run", "save and run", id="editor.run"),
        Binding("f8,ctrl+n", "problem(1)", "next problem", id="editor.next_problem"),
        Binding(
            "shift+f8,ctrl+b", "problem(-1)", "previous problem", show=False, id="editor.previous_problem"
        ),
        Binding("ctrl+o", "problems", "problems", show=False, id="editor.problems"),
        Binding("ctrl+t", "graph", "graph", id="editor.graph"),
        Binding("ctrl+f", "find", "find", id="editor.find"),
        Binding("f3", "find_next(1)", "find next", show=False, id="editor.find_next"),
        Binding("shift+f3", "find_next(-1)", "find previous", show=False, id="editor.find_previous"),
        Binding("ctrl+g", "go_to_line", "line", id="editor.line"),
    ]

    class RunWanted(Message):
        """The file holds a valid flow that the reader wants to run."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    class Saved(Message):
        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    def __init__(self, path: Path, *, pause: float = 0.25, judge: Judge = check) -> None:
        super().__init__()
        self.path = path
        self._pause = pause
        self._judge = judge
        self._file: TextFile | None = None
        self._kept = ""  # the text that may be left without a question
        self._checked: Checked | None = None
        self._one_check = asyncio.Lock()
        self._one_question = asyncio.Lock()
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield TitleLine(self.path.name)
        with Horizontal(id="panes"):
            yield TextPane()
            yield GraphPane(id="graph-pane")
        yield Static("", id="refusal", markup=False)
        yield DiagnosticsList()
        yield Static("", id="status", markup=False)
        yield Hints()

    @property
    def area(self) -> YamlArea:
        return self.query_one(TextPane).area

    # the file

    def on_mount(self) -> None:
        self.area.disabled = True
        self.run_worker(self._open(), group="file")

    async def _open(self) -> None:
        try:
            self._file = await asyncio.to_thread(TextFile.read, self.path)
        except NotEditable as error:
            self.add_class("-refused")
            self.query_one("#refusal", Static).update(safe(str(error)))
            return
        self._kept = template(self.path) if self._file.is_new else self._file.text
        self.area.load_text(self._kept)
        self.area.disabled = False
        self.area.focus()
        await self._check()

    @property
    def has_unsaved(self) -> bool:
        return self._file is not None and self.area.text != self._kept

    def rescue(self) -> Path | None:
        """Put unsaved text into a file beside this one, without asking; its path, None if all is saved."""
        if not self.has_unsaved:
            return None
        path = self.path.with_name(f"{self.path.name}.unsaved")
        try:
            path.write_text(self.area.text, encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
        return path

    async def may_leave(self) -> bool:
        """Ask what to do with unsaved text, if there is any. Call it in a worker."""
        async with self._one_question:
            if not self.has_unsaved:
                return True
            answer = await self._ask(
                Confirm(
                    "Unsaved changes",
                    f"{self.path.name} has changes that are not saved.",
                    [
                        Choice("s", "save", "save them"),
                        Choice("d", "discard", "discard them"),
                        Choice("e", "stay", "stay in the editor"),
                    ],
                )
            )
            return answer == "discard" or (answer == "save" and await self._write(self.area.text))

    async def _save(self) -> bool:
        """Show what would change, then write it. False if the file does not hold the text now."""
        assert self._file is not None  # noqa: S101 - no text without a file
        text = self.area.text
        if text == self._file.text and not self._file.is_new:
            self._tell("nothing to save: the file holds this text")
            return True
        lines = await asyncio.to_thread(difference, self._file.text, text)
        if not await self.app.push_screen_wait(DiffScreen(self.path.name, lines)):
            return False
        return await self._write(text)

    async def _write(self, text: str, *, overwrite: bool = False) -> bool:
        assert self._file is not None  # noqa: S101 - no text without a file
        try:
            saved = await asyncio.to_thread(self._file.save, text, overwrite=overwrite)
        except ChangedOnDisk as error:
            return await self._settle(text, str(error))
        except NotEditable as error:
            self.notify(safe(str(error)), title="Not saved", severity="error", markup=False)
            return False
        before = "" if self._file.is_new else f", what it held before is in {self.path.name}~"
        self._file, self._kept = saved, text
        self._show_title()
        self._tell(f"saved{before}")
        self.post_message(self.Saved(self.path))
        return True

    async def _settle(self, text: str, what: str) -> bool:
        answer = await self._ask(
            Confirm(
                "Not saved",
                f"{what}, by another program.",
                [
                    Choice("c", "cancel", "keep editing"),
                    Choice("o", "overwrite", f"overwrite it; what is there goes to {self.path.name}~"),
                    Choice("r", "reload", "read it again; undo brings this text back"),
                ],
            )
        )
        if answer == "reload":
            await self._reload()
        return answer == "overwrite" and await self._write(text, overwrite=True)

    async def _ask(self, question: Confirm) -> str | None:
        """The answer. Who gives up waiting for it takes the question away."""
        try:
            return await self.app.push_screen_wait(question)
        except asyncio.CancelledError:
            if question.is_current:
                question.dismiss(None)
            raise

    async def _reload(self) -> None:
        try:
            self._file = await asyncio.to_thread(TextFile.read, self.path)
        except NotEditable as error:
            self.notify(safe(str(error)), title="Not read", severity="error", markup=False)
            return
        self._kept = self._file.text
        self.area.replace(self._kept, (0, 0), self.area.document.end)

    # the check

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._show_title()
        if self._timer is not None:
            self._timer.stop()
        if self._pause > 0:
            self._timer = self.set_timer(self._pause, self._check_later)
        else:
            self._check_later()

    def _check_later(self) -> None:
        self.run_worker(self._check(), group="check")

    async def _check(self) -> None:
        """Judge the text as it is now. A late answer is dropped: another check comes, or nobody looks."""
        async with self._one_check:
            text = self.area.text
            if self._checked is not None and self._checked.text == text:
                return
            checked = await asyncio.to_thread(self._judge, text, self.path)
            if self.area.is_attached and self.query(DiagnosticsList) and self.area.text == text:
                self._show(checked)

    def _show(self, checked: Checked) -> None:
        self._checked = checked
        self.area.set_problems(checked.problems)
        self.query_one(DiagnosticsList).set_problems(checked.problems)
        self.query_one(GraphPane).show(checked.plan)
        self._show_title()
        self._show_problem()

    def _show_title(self) -> None:
        row, column = self.area.cursor_location
        is_new = self._file is not None and self._file.is_new
        dot = self.query_one(DiagnosticsList).glyph(UNSAVED)
        state = f" {dot} {UNSAVED.word}" if self.has_unsaved else f" {dot} new" if is_new else ""
        verdict, tone = self._verdict()
        name = f"{safe_line(self.path.name, 200)}{state}"
        self.query_one(TitleLine).show(name, f"{row + 1}:{column + 1}   {verdict}", tone)

    def _verdict(self) -> tuple[str, Tone]:
        if self._checked is None:
            return "", "muted"
        problems = self._checked.problems
        look = SEVERITIES[problems[0].severity] if problems else VALID
        glyph = self.query_one(DiagnosticsList).glyph(look)
        return f"{glyph} {counted(problems) if problems else look.word}", look.tone

    # problems

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        event.stop()
        self._show_title()
        self._show_problem()

    def _show_problem(self) -> None:
        problem, found = self.area.problem_at(self.area.cursor_location), self.query_one(DiagnosticsList)
        if problem is None:
            self._tell("")
            return
        if not found.has_focus:
            found.point_at(problem)
        self._tell_problem(problem)

    def _tell_problem(self, problem: Diagnostic) -> None:
        """Below the list, if the list cannot show all of it."""
        seen = self.query_one(DiagnosticsList).tells_all_of(problem)
        self._tell("" if seen else sentence(problem))

    def _tell(self, text: str) -> None:
        self.query_one("#status", Static).update(Content(safe_line(text)))

    def on_diagnostics_list_chosen(self, event: DiagnosticsList.Chosen) -> None:
        event.stop()
        self._go_to(event.problem)

    def _go_to(self, problem: Diagnostic) -> None:
        self.area.focus()
        self.area.go_to(_place(problem))
        self._tell_problem(problem)

    def on_graph_view_opened(self, event: GraphView.Opened) -> None:
        """A task in the graph leads to where it is written."""
        event.stop()
        place = task_place(self.area.document.lines, event.task)
        if place is not None:
            if self._graph_alone:
                self.action_graph()
            self.area.focus()
            self.area.go_to(place)

    def action_problem(self, by: int) -> None:
        """To the next (1) or the previous (-1) problem in the text, round its ends."""
        problems = self.query_one(DiagnosticsList).problems
        if not problems:
            self._tell("no problems")
            return
        ordered = sorted(problems, key=_place)
        choose = following if by > 0 else preceding
        problem = ordered[choose([_place(each) for each in ordered], self.area.cursor_location)]
        self.query_one(DiagnosticsList).cursor = problems.index(problem)
        self._go_to(problem)

    def action_problems(self) -> None:
        found = self.query_one(DiagnosticsList)
        if found.has_focus:
            self.area.focus()
        else:
            found.focus()

    # keys

    def action_leave(self) -> None:
        pane = self.query_one(TextPane)
        if pane.is_asking:
            pane.stop_asking()
        elif self._graph_alone:
            self.action_graph()
        elif self.query_one(DiagnosticsList).has_focus or self.query_one(GraphView).has_focus:
            self.area.focus()
        else:
            self.run_worker(self._leave(), group="file")

    async def _leave(self) -> None:
        if not await self.may_leave() or not self.is_active:
            return
        is_last = len(self.app.screen_stack) == 2  # above the app's own, which is empty
        if not (is_last and await self.app.run_action("home_instead")):
            self.dismiss()

    def action_save(self) -> None:
        if self._file is not None:
            self.run_worker(self._save_once(), group="file")

    async def _save_once(self) -> bool:
        async with self._one_question:
            return await self._save()

    def action_run(self) -> None:
        if self._file is not None:
            self.run_worker(self._run(), group="file")

    async def _run(self) -> None:
        if not await self._save_once():
            return
        await self._check()
        if self._checked is not None and self._checked.errors:
            self._go_to(self._checked.problems[0])
            self.notify("The flow has errors: it was saved, not started.", severity="warning", markup=False)
            return
        self.post_message(self.RunWanted(self.path))

    @property
    def _graph_alone(self) -> bool:
        return self.has_class("-narrow") and self.has_class("-graph")

    def action_graph(self) -> None:
        """Show or hide the graph: beside the text where there is room, else in its place."""
        if self.has_class("-wide"):
            self.toggle_class("-no-graph")
            self.area.focus()
            return
        self.toggle_class("-graph")
        (self.query_one(GraphView) if self._graph_alone else self.area).focus()

    def action_find(self) -> None:
        self.query_one(TextPane).ask(for_line=False)

    def action_go_to_line(self) -> None:
        self.query_one(TextPane).ask(for_line=True)

    def action_find_next(self, by: int) -> None:
        self.query_one(TextPane).find(by)


def _place(problem: Diagnostic) -> Location:
    return (problem.line or 1) - 1, (problem.col or 1) - 1
