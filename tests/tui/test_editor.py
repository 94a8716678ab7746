"""The editor: the check follows the text, the file is saved as asked, and no text is lost unasked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Static

from lead_tui.core.plan import Plan
from lead_tui.tui import themes
from lead_tui.tui.editing.check import Checked, check
from lead_tui.tui.screens.confirm import Confirm
from lead_tui.tui.screens.diff import DiffRows, DiffScreen
from lead_tui.tui.screens.editor import EditorScreen
from lead_tui.tui.widgets.diagnostics_list import DiagnosticsList
from lead_tui.tui.widgets.graph_view import GraphView

VALID = """\
name: research
tasks:
  - name: plan
    agent_name: shell
    action: run
    parameters: {command: [echo, hi]}
  - name: write
    agent_name: shell
    action: run
    parameters: {command: [echo, "{{ tasks.plan.result }}"]}
"""
BROKEN = VALID.replace("name: research", "name: research\nmax_paralel: 2").replace("tasks.plan", "tasks.plam")
"""Two errors: in line 2, and in line 11."""


class Editing(App[None]):
    def __init__(self, path: Path, screen: EditorScreen | None = None) -> None:
        super().__init__()
        self.editor = screen or EditorScreen(path, pause=0)
        self.told: list[Message] = []

    def on_mount(self) -> None:
        themes.install(self)
        self.push_screen(self.editor)

    def on_editor_screen_run_wanted(self, event: EditorScreen.RunWanted) -> None:
        self.told.append(event)

    def on_editor_screen_saved(self, event: EditorScreen.Saved) -> None:
        self.told.append(event)

    # what a person sees

    @property
    def text(self) -> str:
        return self.editor.area.text

    @property
    def title_line(self) -> str:
        return self.line("TitleLine")

    @property
    def status(self) -> str:
        return str(self.editor.query_one("#status", Static).render())

    @property
    def graph_title(self) -> str:
        return str(self.editor.query_one("#graph-title", Static).render())

    @property
    def problems(self) -> list[str]:
        found = self.editor.query_one(DiagnosticsList)
        return ["".join(part.text for part in found.render_row(at, 80)).strip() for at in range(found.count)]

    def line(self, widget: str) -> str:
        return self.editor.query_one(widget).render_line(0).text.rstrip()

    @property
    def notes(self) -> list[str]:
        return [note.message for note in self._notifications]


async def settled(pilot: Pilot[None]) -> None:
    """All checks and messages that are under way have come to their end."""
    await pilot._wait_for_screen()
    while checks := [each for each in pilot.app.workers if each.group == "check" and not each.is_finished]:
        for worker in checks:
            await worker.wait()
        await pilot._wait_for_screen()
    await pilot._wait_for_screen()


@asynccontextmanager
async def editing(
    path: Path, text: str | bytes | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Editing, Pilot[None]]]:
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    app = Editing(path)
    async with app.run_test(size=size) as pilot:
        await app.workers.wait_for_complete()
        await settled(pilot)
        yield app, pilot


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(pilot)


async def until(pilot: Pilot[None], screen: type) -> None:
    """The screen is on top."""
    while not isinstance(pilot.app.screen, screen):
        await pilot._wait_for_screen()
    await pilot._wait_for_screen()


async def finished(pilot: Pilot[None]) -> None:
    await pilot.app.workers.wait_for_complete()
    await settled(pilot)


@pytest.fixture(autouse=True)
def no_waste(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pilot sleeps 20 ms after each key to see whether the app is idle; 2 ms tell as much."""
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 0.002)
    monkeypatch.setattr("textual._wait.SLEEP_IDLE", 0.001)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flow.yaml"


# --- the check


async def test_a_valid_flow(path: Path) -> None:
    """It says so in the title and in the list; there is no problem to go to, nothing to save."""
    async with editing(path, VALID) as (app, pilot):
        assert app.title_line.startswith(" leadtui  flow.yaml  ")
        assert app.title_line.endswith("1:1   ✔ valid")
        assert app.problems == []
        assert "no problems" in app.editor.query_one(DiagnosticsList).render_line(1).text
        assert not app.editor.has_unsaved
        await press(pilot, "f8")
        assert app.status == "no problems"
        assert app.editor.area.cursor_location == (0, 0)
        await press(pilot, "ctrl+s")
        await finished(pilot)
        assert app.status.startswith("nothing to save")
        assert not path.with_name("flow.yaml~").exists()


async def test_the_check_follows_the_text(path: Path) -> None:
    """A mistake is told after it is typed, with its place, and is gone when it is mended."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, *"oops", "enter")
        assert app.editor.has_unsaved
        assert "● modified" in app.title_line
        assert "✖ 1 error" in app.title_line
        assert len(app.problems) == 1
        assert app.problems[0].startswith("✖ 2:")
        await press(pilot, *["backspace"] * 5)
        assert "✔ valid" in app.title_line
        assert not app.editor.has_unsaved
        assert "modified" not in app.title_line


async def test_errors_come_first_and_are_counted(path: Path) -> None:
    """The title counts both kinds; warnings follow."""
    flow = BROKEN.replace("[echo, hi]", '[echo, "${NOT_SET_HERE}"]')
    async with editing(path, flow) as (app, _):
        assert "2 errors, 1 warning" in app.title_line
        assert [line[0] for line in app.problems] == ["✖", "✖", "!"]


async def test_going_from_problem_to_problem(path: Path) -> None:
    """In the order of the text and round its ends; cursor, list and status line agree."""
    async with editing(path, BROKEN) as (app, pilot):
        found = app.editor.query_one(DiagnosticsList)
        await press(pilot, "f8")
        assert app.editor.area.cursor_location == (1, 0)
        assert "max_paralel" in app.problems[0]
        assert found.cursor == 0
        await press(pilot, "ctrl+n")
        assert app.editor.area.cursor_location[0] == 10
        assert "plam" in app.problems[1]
        assert found.cursor == 1
        await press(pilot, "f8")
        assert app.editor.area.cursor_location[0] == 1
        await press(pilot, "shift+f8")
        assert app.editor.area.cursor_location[0] == 10
        await press(pilot, "ctrl+b")
        assert app.editor.area.cursor_location[0] == 1
        await press(pilot, "up")
        assert app.status == ""


@pytest.mark.parametrize(
    ("size", "is_told"), [((120, 24), False), ((120, 12), True), ((60, 24), True)], ids=str
)
async def test_a_problem_is_told_once(path: Path, size: tuple[int, int], is_told: bool) -> None:
    """In the list; below it only what has no room there, or when there is no list."""
    async with editing(path, BROKEN, size) as (app, pilot):
        await press(pilot, "f8")
        assert bool(app.status) is is_told
        if is_told:
            assert app.status.startswith("error: ")
            assert "max_paralel" in app.status
            assert "did you mean 'max_parallel'?" in app.status


async def test_the_list_follows_the_cursor(path: Path) -> None:
    """Who comes to a line with a problem finds it in the list; who reads the list is left alone."""
    async with editing(path, BROKEN) as (app, pilot):
        found = app.editor.query_one(DiagnosticsList)
        await press(pilot, "ctrl+g", "1", "1", "enter")
        assert found.cursor == 1
        await press(pilot, "ctrl+o", "up")
        app.editor.area.go_to((10, 0))
        await settled(pilot)
        assert found.cursor == 0


async def test_line_starts_come_back(path: Path) -> None:
    """What is found far to the right shifts the text; what is found next and fits shifts it back."""
    async with editing(path, f"# {'long ' * 30}far\nnear: far\n") as (app, pilot):
        area = app.editor.area
        await press(pilot, "ctrl+f", *"far")
        assert area.scroll_offset.x > 0
        await press(pilot, "enter")
        assert area.selection.start == (1, 6)
        assert area.scroll_offset.x == 0
        await press(pilot, "enter", "escape")
        assert area.scroll_offset.x > 0
        await press(pilot, "down")
        assert area.scroll_offset.x == 0


async def test_going_to_a_problem_from_the_list(path: Path) -> None:
    """Enter goes to its place; escape and the same key only go back."""
    async with editing(path, BROKEN) as (app, pilot):
        await press(pilot, "ctrl+o", "down", "enter")
        assert app.editor.area.cursor_location[0] == 10
        assert app.editor.area.has_focus
        await press(pilot, "ctrl+o", "ctrl+o")
        assert app.editor.area.has_focus
        await press(pilot, "ctrl+o", "escape")
        assert app.editor.area.has_focus
        assert app.screen is app.editor


async def test_a_late_answer_is_dropped(path: Path) -> None:
    """What was found in a text that is no longer there is not shown; the check of the new text is."""
    loop = asyncio.get_running_loop()
    asked: list[str] = []
    answers = {"one\n" + VALID: asyncio.Event(), "two\none\n" + VALID: asyncio.Event()}

    def slow(text: str, path: Path) -> Checked:
        asked.append(text)
        if text in answers:
            asyncio.run_coroutine_threadsafe(answers[text].wait(), loop).result()
        return check(text, path)

    path.write_text(VALID)
    app = Editing(path, EditorScreen(path, pause=0, judge=slow))
    async with app.run_test() as pilot:
        await app.workers.wait_for_complete()
        for number, text in enumerate(answers):
            app.editor.area.insert(text.split("\n")[0] + "\n", (0, 0))
            if number:
                answers["one\n" + VALID].set()
            while asked[-1] != text:
                await pilot.pause()
            assert app.problems == []
        answers[text].set()
        await settled(pilot)
        assert len(app.problems) == 1


async def test_the_check_waits_for_a_pause(path: Path) -> None:
    """Of what is typed in one go only the last text is judged."""
    path.write_text(VALID)
    asked: list[str] = []

    def judge(text: str, path: Path) -> Checked:
        asked.append(text)
        return check(text, path)

    app = Editing(path, EditorScreen(path, pause=0.01, judge=judge))
    async with app.run_test() as pilot:
        await app.workers.wait_for_complete()
        await settled(pilot)
        for letter in "abc":
            app.editor.area.insert(letter)
        while not app.problems:
            await pilot.pause()
        assert asked[-1] == "abc" + VALID
        assert "a" + VALID not in asked
        assert "ab" + VALID not in asked


# --- the graph


async def test_the_graph_follows_the_text(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the text where there is room; while the text is invalid, the last good one stays and says so."""
    plans: list[Plan | None] = []
    take = GraphView.set_plan

    def recorded(self: GraphView, plan: Plan | None) -> None:
        plans.append(plan)
        take(self, plan)

    monkeypatch.setattr(GraphView, "set_plan", recorded)
    async with editing(path, VALID, (120, 40)) as (app, pilot):
        pane = app.editor.query_one("#graph-pane")
        assert pane.display
        assert app.graph_title == "Graph"
        app.editor.area.insert("x")
        await settled(pilot)
        assert pane.has_class("-stale")
        assert app.graph_title == "Graph of the last valid text"
        await press(pilot, "ctrl+z")
        app.editor.area.insert("\nmax_parallel: 3", (0, 14))
        await settled(pilot)
        assert not pane.has_class("-stale")
        assert [plan.max_parallel if plan else 0 for plan in plans] == [plans[0] and plans[0].max_parallel, 3]
        await press(pilot, "ctrl+t")
        assert not pane.display
        await press(pilot, "ctrl+t")
        assert pane.display


async def test_a_text_that_never_was_valid_has_no_graph(path: Path) -> None:
    """It says so."""
    async with editing(path, BROKEN, (120, 40)) as (app, _):
        assert app.graph_title == "No graph: the text is not valid"


async def test_the_graph_takes_the_place_of_the_text_in_a_narrow_terminal(path: Path) -> None:
    """A key shows it, the same key or escape brings the text back, and nothing is typed meanwhile."""
    async with editing(path, VALID) as (app, pilot):
        pane, text = app.editor.query_one("#graph-pane"), app.editor.query_one("TextPane")
        assert (pane.display, text.display) == (False, True)
        for back in ("ctrl+t", "escape"):
            await press(pilot, "ctrl+t", "x")
            assert (pane.display, text.display) == (True, False)
            await press(pilot, back)
            assert (pane.display, text.display) == (False, True)
            assert app.editor.area.has_focus
        assert app.text == VALID
        assert app.screen is app.editor


async def test_a_task_of_the_graph_leads_to_its_text(path: Path) -> None:
    """Enter on a task goes to where it is written."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "ctrl+t")
        app.editor.query_one(GraphView).select("write")
        await press(pilot, "enter")
        assert app.editor.area.cursor_location == (6, 10)
        assert app.editor.area.has_focus
        graph = app.editor.query_one(GraphView)
        graph.post_message(GraphView.Opened(graph, "nowhere"))
        await settled(pilot)
        assert app.editor.area.cursor_location == (6, 10)


# --- saving


async def test_a_save_shows_what_changes_first(path: Path) -> None:
    """The difference, then enter writes; the backup holds the old text and the app is told."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "#", "enter", "ctrl+s")
        await until(pilot, DiffScreen)
        rows = app.screen.query_one(DiffRows)
        lines = [rows.render_line(at).text.rstrip() for at in range(rows.size.height)]
        assert lines[1:3] == ["+ #", "  name: research"]
        assert path.read_text() == VALID
        await pilot.press("enter")
        await finished(pilot)
        assert path.read_text() == "#\n" + VALID
        assert path.with_name("flow.yaml~").read_text() == VALID
        assert [(type(each), each.path) for each in app.told] == [(EditorScreen.Saved, path)]  # type: ignore[attr-defined]
        assert app.status == "saved, what it held before is in flow.yaml~"
        assert not app.editor.has_unsaved
        assert "modified" not in app.title_line


async def test_a_save_may_be_thought_over(path: Path) -> None:
    """Escape in the difference leaves file and text as they are."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "#", "ctrl+s")
        await until(pilot, DiffScreen)
        await pilot.press("right", "left", "escape")
        await finished(pilot)
        assert path.read_text() == VALID
        assert app.text == "#" + VALID
        assert app.editor.has_unsaved
        assert app.told == []


async def test_a_new_file_begins_with_a_valid_flow(path: Path) -> None:
    """It is not there until it is saved, and leaving it untouched asks nothing."""
    async with editing(path) as (app, pilot):
        assert "● new" in app.title_line
        assert "✔ valid" in app.title_line
        assert not app.editor.has_unsaved
        assert not path.exists()
        await press(pilot, "ctrl+s")
        await until(pilot, DiffScreen)
        await pilot.press("enter")
        await finished(pilot)
        assert path.read_text() == app.text
        assert app.status == "saved"
        assert "new" not in app.title_line


async def test_a_file_that_others_changed(path: Path) -> None:
    """The reader chooses: keep editing, read it (undo brings the text back), or overwrite it."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "#")
        path.write_text("theirs: 1\n")
        for answer, text, unsaved in (
            ("escape", "#" + VALID, True),
            ("c", "#" + VALID, True),
            ("r", "theirs: 1\n", False),
        ):
            await answered(pilot, answer)
            assert path.read_text() == "theirs: 1\n"
            assert app.text == text
            assert app.editor.has_unsaved is unsaved
        await press(pilot, "ctrl+z")
        assert app.text == "#" + VALID
        path.write_text("theirs: 2\n")
        await answered(pilot, "o")
        assert path.read_text() == app.text == "#" + VALID
        assert path.with_name("flow.yaml~").read_text() == "theirs: 2\n"
        assert not app.editor.has_unsaved


async def answered(pilot: Pilot[None], answer: str) -> None:
    """Save, agree to the difference, and answer the question that follows."""
    await pilot.press("ctrl+s")
    await until(pilot, DiffScreen)
    await pilot.press("enter")
    await until(pilot, Confirm)
    await pilot.press(answer)
    await finished(pilot)


async def test_a_file_that_cannot_be_read_again(path: Path) -> None:
    """It became a folder meanwhile: that is told, and the text stays."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "#")
        path.write_text("theirs: 1\n")
        await pilot.press("ctrl+s")
        await until(pilot, DiffScreen)
        await pilot.press("enter")
        await until(pilot, Confirm)
        path.unlink()
        path.mkdir()
        await pilot.press("r")
        await finished(pilot)
        assert app.text == "#" + VALID
        assert app.notes == [f"{path} is not a file"]


async def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """The reason is told and the text is kept."""
    folder = tmp_path / "gone"
    folder.mkdir()
    async with editing(folder / "flow.yaml", VALID) as (app, pilot):
        await press(pilot, "#")
        (folder / "flow.yaml").unlink()
        folder.rmdir()
        await answered(pilot, "o")
        assert "cannot be written" in app.notes[0]
        assert app.text == "#" + VALID
        assert app.editor.has_unsaved


@pytest.mark.parametrize(
    ("content", "why"), [(b"a: \xff\n", "not UTF-8"), (b"x" * (1024 * 1024 + 1), "larger than 1 MiB")]
)
async def test_a_file_that_is_no_text(path: Path, content: bytes, why: str) -> None:
    """It says why, saves and runs nothing, and can be left."""
    async with editing(path, content) as (app, pilot):
        assert why in str(app.editor.query_one("#refusal", Static).render())
        assert not app.editor.query_one("#panes").display
        await press(pilot, "ctrl+s", "ctrl+r", "a", "f8")
        assert path.read_bytes() == content
        assert not app.editor.has_unsaved
        await pilot.press("escape")
        await finished(pilot)
        assert app.screen is not app.editor


# --- running


async def test_save_and_run(path: Path) -> None:
    """A valid flow is saved if need be, then the app is asked to run it."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "ctrl+r")
        await finished(pilot)
        assert [type(each) for each in app.told] == [EditorScreen.RunWanted]
        await press(pilot, "#", "enter", "ctrl+r")
        await until(pilot, DiffScreen)
        await pilot.press("enter")
        await finished(pilot)
        assert [type(each) for each in app.told[1:]] == [EditorScreen.Saved, EditorScreen.RunWanted]
        assert path.read_text() == "#\n" + VALID


async def test_an_unsaved_flow_does_not_run(path: Path) -> None:
    """Who goes back from the save does not run what the file holds."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "#", "ctrl+r")
        await until(pilot, DiffScreen)
        await pilot.press("escape")
        await finished(pilot)
        assert app.told == []


async def test_an_invalid_flow_does_not_run(path: Path) -> None:
    """The cursor goes to its first error."""
    async with editing(path, BROKEN) as (app, pilot):
        await press(pilot, "ctrl+r")
        await finished(pilot)
        assert app.told == []
        assert app.editor.area.cursor_location == (1, 0)
        assert "not started" in app.notes[0]


# --- leaving


async def test_leaving_a_saved_text_asks_nothing(path: Path) -> None:
    """Escape, and the screen is gone."""
    async with editing(path, VALID) as (app, pilot):
        await pilot.press("escape")
        await finished(pilot)
        assert app.screen is not app.editor


async def test_leaving_an_unsaved_text_asks(path: Path) -> None:
    """Who stays keeps file and text; who saves has both."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "#")
        for answer in ("e", "escape", "s"):
            assert (path.read_text(), app.text) == (VALID, "#" + VALID)
            assert app.screen is app.editor
            await pilot.press("escape")
            await until(pilot, Confirm)
            await pilot.press(answer)
            await finished(pilot)
        assert app.screen is not app.editor
        assert path.read_text() == "#" + VALID


async def test_leaving_stays_where_saving_fails(path: Path) -> None:
    """Somebody else changed the file: who then keeps editing has not left."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "#", "escape")
        await until(pilot, Confirm)
        path.write_text("theirs: 1\n")
        question = app.screen
        await pilot.press("s")
        while app.screen is question or not isinstance(app.screen, Confirm):
            await pilot.pause()
        await pilot.press("c")
        await finished(pilot)
        assert app.screen is app.editor
        assert path.read_text() == "theirs: 1\n"


async def test_who_gives_up_asking_takes_the_question_away(path: Path) -> None:
    """The app asks again when it is told to quit again: there are never two questions."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "#")
        first = app.run_worker(app.editor.may_leave())
        await until(pilot, Confirm)
        first.cancel()
        await until(pilot, EditorScreen)
        second = app.run_worker(app.editor.may_leave())
        await until(pilot, Confirm)
        assert len(app.screen_stack) == 3
        await pilot.press("d")
        assert await second.wait() is True


# --- finding


async def test_finding(path: Path) -> None:
    """As one types, then on and back and round; escape leaves the cursor at what was found."""
    async with editing(path, VALID) as (app, pilot):
        area = app.editor.area
        await press(pilot, "down", "ctrl+f", *"name")
        assert str(app.editor.query_one(".found", Static).render()) == "2/5"
        assert area.selected_text == "name"
        assert area.selection.start == (2, 4)
        await press(pilot, "enter")
        assert area.selection.start == (3, 10)
        await press(pilot, "up", "up")
        assert area.selection.start == (0, 0)
        await press(pilot, "up")
        assert area.selection.start == (7, 10)
        await press(pilot, "down")
        assert area.selection.start == (0, 0)
        await press(pilot, "escape")
        assert area.has_focus
        assert app.screen is app.editor
        await press(pilot, "f3")
        assert area.selection.start == (2, 4)
        await press(pilot, "shift+f3")
        assert area.selection.start == (0, 0)


async def test_nothing_found(path: Path) -> None:
    """It says so and the cursor is where it was."""
    async with editing(path, VALID) as (app, pilot):
        found = app.editor.query_one(".found", Static)
        await press(pilot, "f3", "ctrl+f", *"zz")
        assert str(found.render()) == "nothing found"
        await press(pilot, "enter")
        assert str(found.render()) == "nothing found"
        assert app.editor.area.cursor_location == (0, 0)
        await press(pilot, "backspace", "backspace")
        assert str(found.render()) == ""
        await press(pilot, *"write")
        assert str(found.render()) == "1/1"


async def test_going_to_a_line(path: Path) -> None:
    """The number is followed as it is typed; beyond the end is the end; other text does nothing."""
    async with editing(path, VALID) as (app, pilot):
        await press(pilot, "ctrl+g", "7")
        assert app.editor.area.cursor_location == (6, 0)
        await press(pilot, "enter")
        assert app.editor.area.has_focus
        await press(pilot, "ctrl+g", "9", "9")
        assert app.editor.area.cursor_location == (10, 0)
        await press(pilot, "x", "escape")
        assert app.editor.area.cursor_location == (10, 0)


# --- looks


@pytest.mark.parametrize("text", [VALID, BROKEN], ids=["valid", "broken"])
async def test_any_size(path: Path, text: str) -> None:
    """It neither crashes nor loses what is typed, with every key that opens something."""
    async with editing(path, text, (200, 60)) as (app, pilot):
        for size in ((20, 5), (1, 1)):
            await pilot.resize_terminal(*size)
            await pilot.press("f8", "ctrl+t", "ctrl+t", "ctrl+f", "a", "escape", "ctrl+g", "1", "escape", "z")
            await press(pilot, "ctrl+s")
            await until(pilot, DiffScreen)
            await pilot.press("escape")
            await until(pilot, EditorScreen)
            await pilot.press("escape")
            await until(pilot, Confirm)
            await pilot.press("escape")
            await finished(pilot)
        assert len(app.text) == len(text) + 2


async def test_a_hostile_file_is_only_text(tmp_path: Path) -> None:
    """Its text, its problems, its name and its difference reach the terminal without a byte that it obeys."""
    path = tmp_path / "a\x1b[31m[b].yaml"
    hostile = 'name: "\x1b]0;x\x07[/x]"\n\x9b2J: [@click=app.quit]\n'
    async with editing(path, hostile) as (app, pilot):
        await press(pilot, "f8", "#", "ctrl+s")
        await until(pilot, DiffScreen)
        for screen in (app.screen, app.editor):
            drawn = "".join(strip.text for strip in screen._compositor.render_strips())
            assert not set("\x1b\x9b\x07") & set(drawn)
            assert "[/x]" in drawn
        await pilot.press("enter")
        await finished(pilot)
        assert path.read_text().replace("#", "", 1) == hostile


async def test_every_binding_has_its_own_id() -> None:
    """So that each can be remapped."""
    ids = [binding.id for binding in EditorScreen.BINDINGS]  # type: ignore[union-attr]
    assert all(ids)
    assert len(set(ids)) == len(ids)


async def test_unsaved_text_is_rescued_where_nobody_can_be_asked(path: Path) -> None:
    """A signal closes the screen: what was typed stands in a file beside the flow, which is as it was."""
    async with editing(path, "name: x\n") as (app, pilot):
        screen = app.screen
        assert isinstance(screen, EditorScreen)
        assert screen.rescue() is None
        await pilot.press("n", "e", "w")
        rescued = screen.rescue()
        assert rescued is not None
        assert rescued == path.with_name("flow.yaml.unsaved")
        assert "new" in rescued.read_text(encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "name: x\n"
