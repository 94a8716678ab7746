"""Home: the flows of a folder, the last runs of all flows, and what waits for a person."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from lead_tui import scaffold
from lead_tui.core.commands import Cancel
from lead_tui.core.state import RunStatus
from lead_tui.errors import LeadError
from lead_tui.journal.base import RunRow
from lead_tui.text.safe import safe_line
from lead_tui.tui.editing.problem_text import problem_text
from lead_tui.tui.flows.folder import Folder, FoundFlow
from lead_tui.tui.flows.needs import Need, Watch, held_by_budget
from lead_tui.tui.flows.past_runs import by_source
from lead_tui.tui.flows.welcome import WELCOME
from lead_tui.tui.intents import PrepareFlow, Steer
from lead_tui.tui.prose.cells import short_path
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.confirm import Choice, Confirm
from lead_tui.tui.screens.looking import keep_looking
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.flow_list import FlowList
from lead_tui.tui.widgets.hints import Hints
from lead_tui.tui.widgets.needs_list import NeedsList
from lead_tui.tui.widgets.rows import Rows
from lead_tui.tui.widgets.run_list import RunList
from lead_tui.tui.widgets.search_line import SearchLine
from lead_tui.tui.widgets.section import Section
from lead_tui.tui.widgets.title_line import TitleLine

SHOWN_RUNS = 100


class HomeScreen(Screen[None]):
    """`coming_from`: the run that was on the screen before; another one is what is looked for here."""

    DEFAULT_CSS = """
    HomeScreen {
        #lists { height: 1fr; }
        #needs { dock: top; max-height: 5; display: none; }
        #flows { height: auto; max-height: 50%; }
        #runs { height: 1fr; }
        #detail { height: 4; padding: 0 1; border-top: solid $border-blurred; }
        &.-needy #needs { display: block; }
        &.-empty #flows { height: 14; max-height: 85%; }
        &.-two {
            #lists { layout: grid; grid-size: 2 2; grid-columns: 3fr 2fr; grid-rows: auto 1fr; }
            #lists { grid-gutter: 0 1; }
            #needs { dock: none; max-height: 12; }
            #flows { row-span: 2; max-height: 100%; height: 1fr; }
            #runs { row-span: 2; }
            &.-needy #runs { row-span: 1; }
        }
        &.-flat #detail { display: none; }
        &.-flat #needs { max-height: 2; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (110, "-two")]  # noqa: RUF012 - an instance variable of Textual
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (15, "-low")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "next list", id="home.next"),
        Binding("slash", "filter", "filter", id="home.filter"),
        Binding("i", "init", "lay out a flow", id="home.init"),
        Binding("D", "demo", "demo", id="home.demo"),
        Binding("D", "demo_again", "demo", show=False, id="home.demo"),
        Binding("ctrl+r", "again", "read again", show=False, id="home.again"),
        Binding("escape", "unfilter", "all", id="home.unfilter"),
    ]

    def __init__(self, folder: Path, runs: Runs, coming_from: str = "") -> None:
        super().__init__()
        self._folder = Folder(folder, runs.env_file)
        self._runs = runs
        self._coming_from = coming_from
        self._watch = Watch(runs)
        self._flows: Sequence[FoundFlow] | None = None
        self._rows: Sequence[RunRow] = ()
        self._needs: Sequence[Need] = ()
        self._unpaid: Mapping[str, str] = {}
        """Runs that wait for a budget, and what is said of it."""
        self._filter = ""
        self._filtered: Section | None = None
        self._search: SearchLine | None = None
        self._drawn: datetime | None = None
        self._news = asyncio.Event()
        self._open_files = ExitStack()
        # kept: a worker may still come to them while the screen is being taken down
        self._title = TitleLine(short_path(folder))
        self._flow_list = FlowList(folder, id="flows")
        self._needs_list = NeedsList(id="needs")
        self._run_list = RunList(id="runs")
        self._detail = Static(id="detail", markup=False)

    def compose(self) -> ComposeResult:
        yield self._title
        with Container(id="lists"):
            yield self._flow_list
            yield self._needs_list
            yield self._run_list
        yield self._detail
        yield Hints()

    def on_mount(self) -> None:
        self._flow_list.focus()
        self._flow_list.set_note("looking …")
        self._look_at_folder()
        self._follow()
        if self._coming_from:
            self.look_from(self._coming_from)

    def look_from(self, run_id: str) -> None:
        """The person comes from this run: the cursor goes to another one, if there is one."""
        with suppress(LeadError):  # the look that follows tells
            self._read_runs()
        if self._run_list.point_beside(run_id):
            self._run_list.focus()

    def on_unmount(self) -> None:
        self._open_files.close()

    def on_screen_resume(self) -> None:
        """Others may have changed files and runs meanwhile."""
        if self._flows is not None:
            self._look_at_folder()
            self._news.set()

    # the folder

    @work(exclusive=True, group="folder")
    async def _look_at_folder(self, *, anew: bool = False) -> None:
        self._flows = await asyncio.to_thread(self._folder.look, anew=anew)
        self._flow_list.set_welcome(() if self._flows else WELCOME)
        self.set_class(not self._flows, "-empty")
        self._show_flows()
        self.refresh_bindings()

    def _show_flows(self) -> None:
        flows = self._flow_list
        found = [each for each in self._flows or () if self._matches(flows, str(each.path), each.name)]
        flows.show(found, by_source(self._rows), self._now(), self._unpaid.keys())
        flows.set_note("looking …" if self._flows is None else self._filter_note(flows))
        self._show_detail()

    # runs and needs

    @work(group="runs")
    async def _follow(self) -> None:
        await keep_looking(self, self._refresh_runs, self._title, self._news)

    async def _refresh_runs(self) -> None:
        minute = self._read_runs()
        needs = await self._watch.look(self._rows)
        if needs != self._needs or minute:
            self._needs = needs
            self._show_needs()
            self._tell_unpaid(held_by_budget(needs))

    def _tell_unpaid(self, unpaid: Mapping[str, str]) -> None:
        if unpaid != self._unpaid:
            self._unpaid = unpaid
            self._show_runs()
            self._show_flows()

    def _read_runs(self) -> bool:
        """Show what is new of them. Is a minute over, so that ages are told anew?"""
        now = self._now()
        rows = self._runs.engine.journal.runs(limit=SHOWN_RUNS)
        before, self._rows = self._rows, rows
        minute = self._drawn is None or (now - self._drawn).total_seconds() >= 60
        if minute or [_face(row) for row in before] != [_face(row) for row in rows]:
            self._drawn = now
            self._show_runs()
            self._show_flows()
            self.refresh_bindings()
        else:
            self._run_list.tell_time(now)
        return minute

    def _show_runs(self) -> None:
        runs = self._run_list
        rows = [row for row in self._rows if self._matches(runs, row.id, row.name, row.status)]
        empty = "no run matches" if self._rows else "nothing has run yet"
        runs.show(rows, self._now(), empty, self._unpaid.keys())
        runs.set_note(self._filter_note(runs))
        self._show_detail()

    def _show_needs(self) -> None:
        needs = self._needs_list
        found = [each for each in self._needs if self._matches(needs, each.run_id, each.flow, each.what)]
        needs.show(found, self._now())
        needs.set_note(self._filter_note(needs))
        if not self._needs and needs.has_focus:
            self._flow_list.focus()
        self.set_class(bool(self._needs), "-needy")
        self._show_detail()

    def _now(self) -> datetime:
        return self._runs.engine.clock.now()

    # the line of detail

    def on_rows_moved(self, event: Rows.Moved) -> None:
        event.stop()
        self._show_detail()

    def on_descendant_focus(self) -> None:
        self._show_detail()

    def _show_detail(self) -> None:
        focused = self.focused
        text: Text | None = None
        if isinstance(focused, FlowList) and focused.flow is not None:
            text = self._of_flow(focused.flow)
        elif isinstance(focused, RunList) and focused.row is not None:
            text = self._of_run(focused.row)
        elif isinstance(focused, NeedsList) and focused.need is not None:
            text = Text(safe_line(focused.need.what))
        self._detail.update(text or Text())

    def _of_flow(self, flow: FoundFlow) -> Text:
        palette = Palette.of(self.app)
        if flow.valid:
            lines = [Text(safe_line(flow.name), palette.bold["text"])]
            lines += [Text(safe_line(flow.description), palette["muted"])] if flow.description else []
            agents = ", ".join(flow.agents)
            lines += [Text(safe_line(f"agents: {agents}"), palette["muted"])] if agents else []
            return Text("\n").join(lines[:3])
        more = len(flow.problems) - 3
        lines = [problem_text(each, palette) for each in flow.problems[:3]]
        if more > 0:
            lines[-1].append(f"  and {more} more", palette["muted"])
        for line in lines:
            line.truncate(max(self.size.width - 2, 1), overflow="ellipsis")
        return Text("\n").join(lines)

    def _of_run(self, row: RunRow) -> Text:
        palette = Palette.of(self.app)
        source = short_path(Path(row.source)) if row.source else "from Python"
        at = row.created_at.astimezone()
        spent = self._unpaid.get(row.id, "") if row.status == RunStatus.WAITING else ""
        return Text.assemble(
            (f"run {safe_line(row.id)}", palette.bold["text"]),
            (f"  started {at:%Y-%m-%d %H:%M:%S}\n", palette["muted"]),
            (safe_line(source), palette["muted"]),
            (f"\n{spent}" if spent else "", palette["ask"]),
        )

    # the filter: of the list that has the focus

    def action_filter(self) -> None:
        if self._search is not None:
            self._search.focus()
        elif isinstance(self.focused, Section):
            if self.focused is not self._filtered:
                self._set_filter("")
            self._filtered = self.focused
            self._search = SearchLine("filter", self._filter)
            self.mount(self._search, before=self._detail)

    def on_search_line_changed(self, event: SearchLine.Changed) -> None:
        event.stop()
        self._set_filter(event.text)

    def on_search_line_done(self, event: SearchLine.Done) -> None:
        event.stop()
        self._close_search()

    def on_search_line_dropped(self, event: SearchLine.Dropped) -> None:
        event.stop()
        self._set_filter("")
        self._close_search()

    def _close_search(self) -> None:
        if self._search is not None and self._filtered is not None:
            self._search.remove()
            self._search = None
            self._filtered.focus()

    def action_unfilter(self) -> None:
        self._set_filter("")

    def _set_filter(self, text: str) -> None:
        self._filter = text
        self._show_flows()
        self._show_runs()
        self._show_needs()
        self.refresh_bindings()

    def _matches(self, section: Section, *texts: str) -> bool:
        if section is not self._filtered:
            return True
        wanted = self._filter.casefold()
        return any(wanted in text.casefold() for text in texts)

    def _filter_note(self, section: Section) -> str:
        return f"/{safe_line(self._filter, 40)}" if self._filter and section is self._filtered else ""

    # what is wanted

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "init":
            return self._flows is not None and not self._flows
        if action in ("demo", "demo_again"):  # one of the two: who has seen a run needs no hint
            is_new = self._flows is not None and not (self._flows and self._rows)
            return is_new == (action == "demo")
        if action == "unfilter":
            return bool(self._filter)
        return True

    @work(group="init")
    async def action_init(self) -> None:
        try:
            laid = await asyncio.to_thread(scaffold.lay_out, self._folder.root)
        except LeadError as error:
            self.notify(safe_line(str(error)), severity="error", markup=False)
            return
        new = ", ".join(each.path.name for each in laid if each.new)
        self.notify(f"wrote {new}; enter starts it, e edits it", markup=False)
        self._look_at_folder()

    def action_demo(self) -> None:
        self.post_message(PrepareFlow(self._open_files.enter_context(scaffold.demo())))

    def action_demo_again(self) -> None:
        self.action_demo()

    def action_again(self) -> None:
        """Everything, also what seems to be as it was."""
        self._flow_list.set_note("looking …")
        self._look_at_folder(anew=True)
        self._news.set()

    def on_needs_list_gate_chosen(self, event: NeedsList.GateChosen) -> None:
        from lead_tui.tui.screens.approvals import ApprovalsScreen

        event.stop()
        self.app.push_screen(ApprovalsScreen(self._runs, event.run_id, event.gate))

    @work(group="cancel")
    async def on_run_list_cancel_asked(self, event: RunList.CancelAsked) -> None:
        row = event.row
        choices = (Choice("n", "no", "let it go on"), Choice("c", "cancel", "cancel it; its cleanup runs"))
        question = Confirm("Cancel", f"Cancel run {row.id} of {row.name}?", choices)
        if await self.app.push_screen_wait(question) == "cancel":
            self.post_message(Steer(row.id, Cancel(), f"run {row.id} is cancelled"))


def _face(row: RunRow) -> tuple[object, ...]:
    """What of a run can be seen in a list."""
    return row.id, row.status, row.ended_at, row.owner_alive
