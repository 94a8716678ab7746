"""The run's tasks as a table, through an app and its keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure
from lead_tui.tui.model import Changes
from lead_tui.tui.tasks.sayings import saying
from lead_tui.tui.themes import install
from lead_tui.tui.widgets.tasks_table import TasksTable, columns
from tests.tui.playing import Play, again, retried, task


class TableApp(App[None]):
    """Keeps what the table says."""

    def __init__(self, play: Play | None, ascii_only: bool) -> None:
        super().__init__()
        self.play = play
        self.table = TasksTable()
        self.ascii_only = ascii_only
        self.moved: list[str] = []
        self.opened: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        install(self, "leadtui-dark")
        if self.play is not None:
            self.table.set_model(self.play.model)
            self.play.model.changes()
        self.table.focus()

    def on_tasks_table_moved(self, event: TasksTable.Moved) -> None:
        self.moved.append(self.table.selected)

    def on_tasks_table_opened(self, event: TasksTable.Opened) -> None:
        self.opened.append(self.table.selected)

    def show(self) -> None:
        """One frame."""
        if self.play is not None:
            self.table.show(self.play.model.changes())


Shown = tuple[TableApp, TasksTable, Pilot[None]]


@asynccontextmanager
async def opened(
    play: Play | None, width: int = 80, height: int = 12, ascii_only: bool = False
) -> AsyncIterator[Shown]:
    app = TableApp(play, ascii_only)
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause()
        yield app, app.table, pilot


def lines(table: TasksTable) -> list[str]:
    text = [table.render_line(y).text.rstrip() for y in range(table.size.height)]
    return [line for line in text if line]


def row(table: TasksTable, name: str) -> str:
    return next(line for line in lines(table) if f" {name}" in line)


@pytest.fixture
def research() -> Play:
    """A fan-out with a join: one branch done, one in its second try, one at work; 134 s in."""
    play = Play(
        task("plan", agent="planner"),
        task("web", "plan", agent="search"),
        task("papers", "plan", agent="search"),
        task("summarise", "plan", agent="writer"),
        task("merge", "web", "papers", "summarise", agent="editor"),
        task("sweep", agent="shell", cleanup=True),
    )
    play.begin(0, "plan").end(12, "plan").begin(12, "web", "papers", "summarise").end(43, "web")
    play.at(60, *retried("papers")).at(80, *again("papers"))
    return play.at(134)


async def test_the_table_reads_as_designed(research: Play) -> None:
    """Cursor, glyphs, guides, badges, agents, tries, times and the waterfall stand in their columns."""
    async with opened(research) as (_, table, _pilot):
        assert lines(table) == [
            "   TASK                   AGENT    TRY   TIME  0s ─────── waterfall ─────── 3:00",
            ">✔ plan                   planner    1   0:12  ██▎",
            " ✔ ├ web                  search     1   0:31    ▐████▉",
            " ↻ ├ papers               search     2   2:02    ▐███████✖┄┄┄▐█████████▶",
            " ▶ ├ summarise            writer     1   2:02    ▐█████████████████████▶",
            " · └ merge        needs 3 editor     -      -",
            " · sweep          finally shell      -      -",
        ]


async def test_a_narrow_table_keeps_glyph_name_and_time(research: Play) -> None:
    """Under sixty columns the rest goes."""
    async with opened(research, width=40) as (_, table, _pilot):
        assert lines(table)[:3] == [
            "   TASK                             TIME",
            ">✔ plan                             0:12",
            " ✔ ├ web                            0:31",
        ]


async def test_a_wide_table_says_what_is_going_on(research: Play) -> None:
    """From 140 columns on there is room for last words, progress and errors."""
    research.model.take([ev.Log(task="summarise", number=1, text="reading \x1b[31m[b]red[/b]")])
    async with opened(research, width=160) as (app, table, _pilot):
        assert "SAYS" in lines(table)[0]
        assert row(table, "summarise").endswith("reading ␛[31m[b]red[/b]")
        research.fail(140, "summarise")
        app.show()
        assert row(table, "summarise").endswith("network_error: connection refused")


async def test_ascii_is_ascii(research: Play) -> None:
    """A terminal without other characters sees every column."""
    async with opened(research, ascii_only=True) as (_, table, _pilot):
        shown = lines(table)
        assert all(line.isascii() for line in shown)
        assert shown[3].startswith(" ~ | papers")
        assert shown[5].startswith(" . ` merge")


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (3, 2), (9, 4), (61, 8), (120, 3)])
async def test_no_size_is_too_small(research: Play, size: tuple[int, int]) -> None:
    """Every line has exactly the width there is."""
    async with opened(research, *size) as (_, table, _pilot):
        assert {table.render_line(y).cell_length for y in range(size[1])} == {table.row_width}


@pytest.mark.parametrize("width", range(60, 260, 7))
def test_columns_always_add_up(width: int) -> None:
    """The columns and the spaces between them fill the width."""
    for name, agent in ((5, 3), (80, 40)):
        layout = columns(width, name, agent)
        says = layout.says + 2 if layout.says else 0
        assert 3 + layout.name + 1 + layout.agent + layout.tries + 7 + 2 + layout.waterfall + says == width
        assert min(layout.name, layout.waterfall) >= 5


async def test_badges_say_what_keeps_a_task() -> None:
    """Waits by their kind, ends that were no success, progress, an open breaker."""
    names = ("gate", "limit", "pause", "skip", "stop", "lost", "broken", "handled", "half", "some", "queue")
    play = Play(*(task(name, agent="api" if name in {"broken", "queue"} else "worker") for name in names))
    play.begin(0, *(name for name in names if name not in {"skip", "queue"}))
    play.at(1, ev.TaskReady(task="queue"), ev.BreakerOpened(agent="api", failures=3))
    play.at(1, ev.TaskWaiting(task="gate", attempt=1, reason="person"))
    play.at(1, ev.TaskWaiting(task="limit", attempt=1, reason="rate_limit"), *retried("pause"))
    play.at(1, ev.TaskSkipped(task="skip", cause="upstream"), ev.TaskCancelled(task="stop"))
    play.at(1, ev.TaskInterrupted(task="lost")).fail(1, "broken").fail(1, "handled", handled=True)
    play.model.take(
        [ev.Progress(task="half", number=1, done=3, total=8), ev.Progress(task="some", number=2, done=5)]
    )
    expected = {
        "gate": "needs you", "limit": "rate limit", "pause": "retries", "skip": "skipped",
        "stop": "cancelled", "lost": "interrupted", "broken": "breaker", "handled": "handled",
        "half": "3/8", "some": "5",
        "queue": "breaker",
    }  # fmt: skip
    async with opened(play, height=14) as (app, table, _pilot):
        for name, badge in expected.items():
            assert f" {badge} " in row(table, name), name
        play.at(1, ev.BreakerClosed(agent="api"))
        app.show()
        assert "breaker" not in row(table, "broken")


async def test_tries_name_their_most_where_it_is_known() -> None:
    """A task shows which try it is at, one that failed how many it took."""
    plans = [msgspec.structs.replace(task(name), tries=tries) for name, tries in (("papers", 3), ("web", 0))]
    play = Play(*plans).begin(0, "papers", "web")
    async with opened(play) as (app, table, _pilot):
        assert " 1/3 " in row(table, "papers")
        assert " 1 " in row(table, "web")
        play.fail(140, "papers")
        app.show()
        assert " 1/3 " in row(table, "papers")


async def test_short_times_show_tenths_and_growing_ones_do_not() -> None:
    """A column of zeros would say nothing; flickering tenths would say too much."""
    play = Play(task("quick"), task("slow")).begin(0, "quick", "slow").end(0.34, "quick").at(3.7)
    async with opened(play) as (_, table, _pilot):
        assert " 0.3s " in row(table, "quick")
        assert " 0:03 " in row(table, "slow")


async def test_only_rows_that_changed_are_drawn_again(research: Play) -> None:
    """A changed task and what grows with time; nothing for a change of nothing."""
    async with opened(research) as (app, table, pilot):
        drawn: list[str] = []
        draw_row = table.draw_row
        table.draw_row = lambda row, *rest: (drawn.append(row.task), draw_row(row, *rest))[1]
        app.show()
        await pilot.pause()
        drawn.clear()
        table.show(Changes(run=True))
        await pilot.pause()
        assert drawn == []
        research.end(134, "papers")
        app.show()
        await pilot.pause()
        assert set(drawn) == {"papers"}
        drawn.clear()
        research.at(136).model.touch()
        app.show()
        await pilot.pause()
        assert set(drawn) == {"summarise"}


async def test_the_axis_is_laid_anew_when_the_run_outgrows_it(research: Play) -> None:
    """All rows move together then, and the header says the new length."""
    async with opened(research) as (app, table, _pilot):
        assert table.axis.length == 180
        research.at(190).model.touch()
        app.show()
        assert table.axis.length == 240
        assert lines(table)[0].endswith("4:00")


async def test_an_ended_run_fills_its_axis() -> None:
    """There is no room ahead of what is over."""
    play = Play(task("only")).begin(0, "only").end(7, "only").at(7, ev.RunCompleted()).at(500)
    async with opened(play) as (_, table, _pilot):
        assert table.axis.length == 7
        assert lines(table)[1].endswith("█" * columns(80, 15, 6).waterfall)


async def test_the_filter_keeps_tasks_by_name_agent_or_status(research: Play) -> None:
    """Guides would point nowhere then and are left out; nothing found is said."""
    async with opened(research) as (_, table, _pilot):
        table.filter = "SEARCH"
        assert table.names == ["web", "papers"]
        assert "├" not in row(table, "web")
        table.filter = "pap"
        assert table.names == ["papers"]
        table.filter = "completed"
        assert table.names == ["plan", "web"]
        table.filter = "no[/]such"
        assert lines(table)[1] == "   no task matches 'no[/]such'"
        assert (table.cursor, table.selected) == (-1, "")
        table.filter = ""
        assert len(table.names) == 6


async def test_a_filter_by_status_follows_the_run(research: Play) -> None:
    """A task comes and goes as its status does."""
    async with opened(research) as (app, table, _pilot):
        table.filter = "running"
        assert table.names == ["summarise"]
        research.end(140, "summarise")
        app.show()
        assert table.names == []
        research.begin(141, "sweep")
        app.show()
        assert table.names == ["sweep"]


async def test_the_cursor_stays_with_its_task(research: Play) -> None:
    """Whatever the order becomes; and who listens hears of a change only if the task is another."""
    async with opened(research) as (app, table, pilot):
        assert table.select("papers")
        await pilot.pause()
        app.moved.clear()
        table.filter = "search"
        assert (table.cursor, table.selected) == (1, "papers")
        table.filter = "papers"
        table.filter = ""
        await pilot.pause()
        assert (table.cursor, table.selected) == (2, "papers")
        assert set(app.moved) == {"papers"}
        assert not table.select("nobody")


async def test_another_task_under_a_resting_cursor_is_told(research: Play) -> None:
    """The row's number is the same, the task is not."""
    async with opened(research) as (app, table, pilot):
        app.moved.clear()
        table.filter = "search"
        await pilot.pause()
        assert (table.cursor, table.selected) == (0, "web")
        assert app.moved == ["web"]


async def test_failed_tasks_come_first_on_their_key(research: Play) -> None:
    """A failure that comes later moves up as well; the same key restores the order."""
    async with opened(research) as (app, table, pilot):
        await pilot.press("F")
        assert table.names[0] == "plan"
        research.fail(140, "summarise")
        app.show()
        assert table.names == ["summarise", "plan", "web", "papers", "merge", "sweep"]
        await pilot.press("F")
        assert table.names == ["plan", "web", "papers", "summarise", "merge", "sweep"]


async def test_go_to_failed_finds_the_first_failed_row(research: Play) -> None:
    """First in the table, not in time; without one the cursor stays."""
    async with opened(research) as (app, table, _pilot):
        table.select("merge")
        table.go_to_failed()
        assert table.selected == "merge"
        research.fail(140, "summarise").fail(141, "papers")
        app.show()
        table.go_to_failed()
        assert table.selected == "papers"


async def test_enter_opens_the_task_under_the_cursor(research: Play) -> None:
    """By keyboard alone."""
    async with opened(research) as (app, _, pilot):
        await pilot.press("down", "enter")
        assert app.opened == ["web"]


async def test_a_run_that_begins_anew_is_drawn_anew(research: Play) -> None:
    """A replay that went back shows tasks that have not begun yet."""
    async with opened(research) as (app, table, _pilot):
        table.filter = "completed"
        research.model.reset()
        app.show()
        assert table.names == []
        table.filter = ""
        assert all(line.startswith((" ·", ">·")) for line in lines(table)[1:])


async def test_a_table_without_a_run_is_empty() -> None:
    """Before the first run there is nothing to show, filter or sort."""
    async with opened(None) as (_, table, pilot):
        table.show(Changes(again=True))
        await pilot.press("F", "enter", "down")
        table.filter = "x"
        table.go_to_failed()
        assert table.selected == ""
    async with opened(Play()) as (_, table, _pilot):
        assert lines(table)[1:] == ["   no tasks"]


async def test_names_and_agents_from_outside_cannot_act() -> None:
    """Controls become visible, wide characters keep the columns, markup stays text."""
    play = Play(task("[b]x\x1b[2J\u202e", agent="[@click=app.quit]a"), task("分析報告" * 9, agent="測試"))
    async with opened(play) as (_, table, _pilot):
        shown = lines(table)
        assert "[b]x␛[2J\\u202e" in shown[1]
        assert "[@click…" in shown[1]
        assert "…" in shown[2]
        assert {table.render_line(y).cell_length for y in range(4)} == {80}


async def test_a_new_theme_redraws_the_rows(research: Play) -> None:
    """What was drawn in the old colours is not shown again."""
    async with opened(research) as (app, table, pilot):
        before = [segment.style for segment in table.render_line(2)]
        app.theme = "leadtui-light"
        await pilot.pause()
        assert [segment.style for segment in table.render_line(2)] != before


# what a task says


def test_an_error_says_more_than_anything_else() -> None:
    """Then progress, then the last words, then the reason."""
    play = Play(task("t"), task("silent")).begin(0, "t")
    state = play.model.state.tasks
    assert saying(state["t"], play.model) == ""
    play.at(0, ev.TaskSkipped(task="silent", cause="condition", why="mode was fast"))
    assert saying(state["silent"], play.model) == "mode was fast"
    play.model.take([
        ev.Log(task="t", number=1, text="first\n"),
        ev.Message(task="t", number=2, role="assistant", text="so"),
        ev.Log(task="t", number=3, text="  "), ev.Tokens(task="t", number=4, text="stream"),
    ])  # fmt: skip
    assert saying(state["t"], play.model) == "so"
    play.model.take([ev.Progress(task="t", number=5, done=1, text="page 1")])
    assert saying(state["t"], play.model) == "page 1"
    play.fail(2, "t", failure=Failure(Category.TIMEOUT, "too slow", code="T1"))
    assert saying(state["t"], play.model) == "timeout_error: too slow (T1)"


async def test_what_was_cut_off_is_interrupted() -> None:
    """Once nobody drives the run its row says so, ends with the mark of it, and is found by the word."""
    play = Play(task("a"), task("b")).begin(1, "a").at(3)
    async with opened(play) as (app, table, pilot):
        before = "".join(segment.text for segment in table.render_row(0, 80))
        assert before.count("▶") == 2
        table.filter = "interrupted"
        assert table.count == 0
        play.model.see_owner(False)
        app.show()
        await pilot.pause()
        assert table.names == ["a"]
        row = "".join(segment.text for segment in table.render_row(0, 80))
        assert "▶" not in row
        assert row.count("‖") == 2
        assert "cut off" in row
