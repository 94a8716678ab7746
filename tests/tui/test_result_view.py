"""The result of a task on the screen: text, tree and table, by keys alone."""

import json
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from lead_tui.errors import Category, Failure, Outcome
from lead_tui.tui import themes
from lead_tui.tui.widgets.json_tree import JsonTree
from lead_tui.tui.widgets.prose import Prose
from lead_tui.tui.widgets.record_table import RecordTable
from lead_tui.tui.widgets.result_view import ResultView
from lead_tui.tui.widgets.rows import Rows

ROOT = ("tasks", "fetch", "result")
DAYS = [{"wind": 3 * number, "sky": "clear" if number % 2 else "rain"} for number in range(30)]
EVIL = "\x1b]52;c;x\x07 [/x] [@click=app.quit]q[/] \u202e"


class Viewing(App[None]):
    ascii_only = False

    def compose(self) -> ComposeResult:
        yield ResultView()

    def on_mount(self) -> None:
        themes.install(self)

    @property
    def view(self) -> ResultView:
        return self.query_one(ResultView)

    @property
    def tree(self) -> JsonTree:
        return self.query_one(JsonTree)

    @property
    def table(self) -> RecordTable:
        return self.query_one(RecordTable)

    def show(self, value: Any) -> None:
        self.view.set_value(value, ROOT)
        self.view.focus_content()

    def lines(self) -> list[str]:
        """What stands behind the one blank that each of them begins with."""
        rows = self.query_one(f"#{self.view.mode}", Rows)
        lines = [rows.render_line(y).text for y in range(rows.size.height)]
        assert all(line[:1] == " " for line in lines)
        return [line[1:].rstrip() for line in lines]


async def search(pilot: Pilot[None], text: str, *then: str) -> None:
    await pilot.press("slash")
    pilot.app.query_one(Input).value = text
    await pilot.press("enter", *then)


async def test_text_is_shown_as_it_is_and_cannot_act() -> None:
    """Wrapped, no markup read, and what a terminal would obey is visible."""
    app = Viewing()
    async with app.run_test(size=(80, 10)) as pilot:
        app.show(f"# no heading\n{EVIL}\n" + "word " * 40)
        await pilot.pause()
        lines = app.lines()
        assert lines[0] == "# no heading"
        assert lines[1] == "␛]52;c;x␇ [/x] [@click=app.quit]q[/] \\u202e"
        assert len([line for line in lines if line.startswith("word")]) == 3


async def test_a_value_may_come_before_the_screen_does() -> None:
    """What is set before the view is mounted is there when it is."""

    class Early(Viewing):
        def compose(self) -> ComposeResult:
            view = ResultView()
            view.set_value({"a": 1}, ROOT)
            yield view

    app = Early()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.lines()[1:3] == ["▾ {1 key}", "    a: 1"]


async def test_nothing_says_so() -> None:
    """No result, and an empty text, each have their words."""
    app = Viewing()
    async with app.run_test() as pilot:
        app.show(None)
        assert app.lines()[0] == "no result"
        app.view.empty = "no result yet"
        app.show(None)
        assert app.lines()[0] == "no result yet"
        app.show("")
        await pilot.pause()
        assert app.lines()[0] == "an empty text"


async def test_a_failure_says_all_it_knows() -> None:
    """Category, message, code, status, outcome, the delay that was asked for, and what came back."""
    failure = Failure(Category.RESOURCE, f"busy {EVIL}", Outcome.SAFE, "http_429", 429, 12.0)
    app = Viewing()
    async with app.run_test(size=(100, 30)) as pilot:
        app.view.set_failure(failure, {"error": "slow down"})
        await pilot.pause()
        text = "\n".join(app.lines())
        for word in (
            "resource_error",
            "busy ␛",
            "http_429",
            "429",
            "surely not carried out",
            "12 s",
            "slow down",
        ):
            assert word in text
        prose = app.query_one(Prose)
        prose.focus()
        await pilot.press("down", "down")
        app.view.set_failure(failure, {"error": "slow down"})
        assert prose.cursor == 2
        app.view.set_failure(failure, "x" * 30_000)
        assert "more characters" in prose.text
        app.view.set_failure(Failure(Category.AGENT, "no"))
        assert "WHAT CAME BACK" not in prose.text


async def test_the_tree_opens_and_closes_by_keys() -> None:
    """Enter, space and the arrows open, close and walk; the head line is the path for a template."""
    app = Viewing()
    async with app.run_test(size=(60, 20)) as pilot:
        app.show({"a": {"b-c": [1, 2]}, "z": 0})
        app.tree.cursor = 1
        await pilot.press("enter")
        assert "▾ a:" in "\n".join(app.lines())
        await pilot.press("right", "right", "right")
        assert app.lines()[0] == "tasks.fetch.result.a['b-c'][0]"
        await pilot.press("left", "left", "left", "left", "left")
        assert app.lines()[0] == "tasks.fetch.result"
        await pilot.press("down", "space")
        assert "b-c" in "\n".join(app.lines())
        await pilot.press("space")
        assert "b-c: " not in "\n".join(app.lines())
        await pilot.press("home", "asterisk")
        assert "[1]" in "\n".join(app.lines())
        await pilot.press("end", "right")
        assert app.tree.value == 0


async def test_values_and_paths_are_copied_safely() -> None:
    """`y` copies JSON that reads back the same, `Y` the path that a template takes."""
    app = Viewing()
    async with app.run_test() as pilot:
        app.show({"a": [EVIL, "\ud800"]})
        await pilot.press("down", "y")
        assert json.loads(app.clipboard) == [EVIL, "\ud800"]
        assert "\u202e" not in app.clipboard
        await pilot.press("right", "right", "Y")
        assert app.clipboard == "tasks.fetch.result.a[0]"


async def test_what_is_nested_too_deeply_is_not_copied() -> None:
    """It is said, and nothing breaks."""
    value: Any = 1
    for _ in range(5_000):
        value = [value]
    app = Viewing()
    async with app.run_test() as pilot:
        app.show(value)
        await pilot.press("y")
        assert app.clipboard == ""


async def test_searching_the_tree_opens_what_hides_a_match() -> None:
    """`/`, a text, enter; then n and N. Escape leaves the search."""
    app = Viewing()
    async with app.run_test(size=(80, 20)) as pilot:
        app.show({"x": {"deep": {"needle": 1}}, "y": ["a Needle"], "text": "no"})
        await search(pilot, "needle")
        assert app.tree.path == "tasks.fetch.result.x.deep.needle"
        assert "1/2" in app.lines()[0]
        await pilot.press("n")
        assert app.tree.path == "tasks.fetch.result.y[0]"
        await pilot.press("n", "N")
        assert app.tree.path == "tasks.fetch.result.y[0]"
        await pilot.press("slash")
        assert isinstance(app.focused, Input)
        await pilot.press("escape")
        assert app.focused is app.tree
        await search(pilot, "nowhere", "n")
        assert "not found" in app.lines()[0]


async def test_searching_a_text() -> None:
    """The same keys search the lines of a text."""
    app = Viewing()
    async with app.run_test() as pilot:
        app.show("one\ntwo\nthree")
        await search(pilot, "TWO")
        assert app.query_one(Prose).cursor == 1


async def test_records_are_a_table_with_a_header_that_stays() -> None:
    """A list of records opens as a table; scrolling keeps the names of its columns in sight."""
    app = Viewing()
    async with app.run_test(size=(60, 10)) as pilot:
        app.show(DAYS)
        assert app.view.mode == "table"
        await pilot.press("end")
        assert app.lines()[0].split() == ["wind", "sky"]
        assert app.lines()[-1].split() == ["29", "87", "clear"]


async def test_sorting_keeps_the_cursor_on_its_record() -> None:
    """`s` sorts by the column under the cursor, up, down, and as it came; the arrows choose the column."""
    app = Viewing()
    async with app.run_test(size=(60, 40)) as pilot:
        app.show(DAYS)
        await pilot.press("down", "s", "s")
        assert app.table.record == 1
        assert app.lines()[1].split() == ["29", "87", "clear"]
        assert "▼" in app.lines()[0]
        await pilot.press("right", "s")
        assert "sky ▲" in app.lines()[0]
        assert app.table.column == "sky"
        await pilot.press("left", "left")
        assert app.table.column == "wind"


async def test_columns_scroll_sideways() -> None:
    """With more columns than fit, the one under the cursor is always seen, and marks tell of the others."""
    app = Viewing()
    async with app.run_test(size=(40, 6)) as pilot:
        app.show([{f"column{number}": number for number in range(10)}])
        await pilot.pause()
        assert app.lines()[0].endswith("›")
        await pilot.press(*["right"] * 9)
        assert "column9" in app.lines()[0]
        assert "‹" in app.lines()[0]


async def test_enter_opens_a_record_and_escape_goes_back() -> None:
    """From the table to the record in the tree, with its path, and back."""
    app = Viewing()
    async with app.run_test(size=(60, 40)) as pilot:
        app.show(DAYS)
        await pilot.press("down", "down", "enter")
        assert (app.view.mode, app.tree.path) == ("tree", "tasks.fetch.result[2]")
        assert app.focused is app.tree
        await pilot.press("escape")
        assert (app.view.mode, app.table.cursor) == ("table", 2)
        await search(pilot, "87", "n")
        assert app.table.record == 29
        await search(pilot, "nothing", "n")
        assert app.table.record == 29


async def test_records_within_a_value_become_a_table() -> None:
    """`t` anywhere in a list of records shows it as a table, escape leads back; elsewhere it is silent."""
    app = Viewing()
    async with app.run_test(size=(60, 40)) as pilot:
        app.show({"city": "Oslo", "days": DAYS})
        assert app.view.mode == "tree"
        await pilot.press("t")
        assert app.view.mode == "tree"
        await pilot.press("down", "down", "enter", "down", "enter", "down", "t")
        assert app.view.mode == "table"
        await pilot.press("enter")
        assert app.tree.path == "tasks.fetch.result.days[0]"
        await pilot.press("escape", "escape")
        assert app.view.mode == "tree"
        await pilot.press("t", "t")
        assert app.view.mode == "tree"


async def test_the_same_value_keeps_the_cursor() -> None:
    """Showing the same object again once a frame changes nothing; another one begins at the top."""
    app = Viewing()
    value = {"a": 1, "b": 2}
    async with app.run_test() as pilot:
        app.show(value)
        await pilot.press("down", "down")
        app.show(value)
        assert app.tree.path == "tasks.fetch.result.b"
        app.show({"a": 1, "b": 2})
        assert app.tree.path == "tasks.fetch.result"
        app.view.open_at("nothing")
        assert app.tree.cursor == 0


async def test_a_list_of_everything_is_no_burden() -> None:
    """100,000 items have rows for a page; the last row opens the next one."""
    app = Viewing()
    async with app.run_test() as pilot:
        app.show(list(range(100_000)))
        rows = app.tree.count
        assert rows < 300
        await pilot.press("end", "enter")
        assert rows < app.tree.count < 600


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (200, 60)])
async def test_any_size_will_do(size: tuple[int, int]) -> None:
    """The smallest and the largest terminal draw each kind of value."""
    app = Viewing()
    async with app.run_test(size=size) as pilot:
        for value in (None, "x " * 100, {"a": [1, {"b": "y" * 200}]}, DAYS):
            app.show(value)
            await pilot.pause()
            assert all(cell_len(line) <= size[0] for line in app.lines())


async def test_ascii_terminals_get_ascii_marks() -> None:
    """Plus and minus instead of the triangles."""
    app = Viewing()
    app.ascii_only = True
    async with app.run_test() as pilot:
        app.show({"a": {"b": 1}})
        await pilot.pause()
        assert app.lines()[1].startswith("- {1 key}")
        assert app.lines()[2].startswith("  + a")


async def test_a_deep_row_tells_its_depth() -> None:
    """What cannot be set in further says how deep it lies, and a long path keeps its end."""
    value: Any = "bottom"
    for _ in range(40):
        value = {"down": value}
    app = Viewing()
    async with app.run_test(size=(60, 60)) as pilot:
        app.show(value)
        await pilot.press("asterisk", "end")
        assert "40:  down: bottom" in app.lines()[-1] or "40:" in "\n".join(app.lines())
        assert app.lines()[0].startswith("…")
        assert app.lines()[0].endswith(".down")


ANSWER = {
    "content": f"Two books.\n\n{EVIL}",
    "model": "m",
    "finish_reason": "stop",
    "usage": {"input_tokens": 3},
}


async def test_the_answer_of_a_model_is_text_and_the_rest_a_key_away() -> None:
    """What it said comes first, made safe; `t` leads to all of it and back."""
    app = Viewing()
    async with app.run_test() as pilot:
        app.show(ANSWER)
        await pilot.pause()
        assert app.view.mode == "prose"
        assert app.lines()[0] == "Two books."
        assert "\x1b" not in "".join(app.lines())
        await pilot.press("t")
        assert app.view.mode == "tree"
        assert any("finish_reason: stop" in line for line in app.lines())
        await pilot.press("t")
        assert app.view.mode == "prose"
        await pilot.press("t", "escape")
        assert app.view.mode == "prose"


@pytest.mark.parametrize("content", [{"urgent": True}, "", None])
async def test_an_answer_that_is_data_is_a_tree(content: Any) -> None:
    """There is no text to be read first."""
    app = Viewing()
    async with app.run_test() as pilot:
        app.show({**ANSWER, "content": content})
        await pilot.pause()
        assert app.view.mode == "tree"
