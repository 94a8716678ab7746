"""The graph on the screen: what it shows of a run, how the selection moves, what it says to its owner."""

from itertools import pairwise

import pytest
from textual.app import App, ComposeResult

from lead_tui.core.plan import Need, Plan, PlannedTask
from lead_tui.core.state import TaskStatus
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.themes import install
from lead_tui.tui.widgets.graph_view import GraphView


def plan(text: str, *, on: dict[str, str] | None = None, cleanup: str = "") -> Plan:
    """`a>b>c, x`; `on` by edge."""
    needs: dict[str, list[Need]] = {}
    for chain in text.split(","):
        names = chain.strip().split(">")
        for name in names:
            needs.setdefault(name, [])
        for one, other in pairwise(names):
            needs[other].append(Need(one, (on or {}).get(f"{one}>{other}")))
    late = cleanup.split()
    tasks = [
        PlannedTask(name, "agent", needs=tuple(each), cleanup=name in late) for name, each in needs.items()
    ]
    return Plan("flow", tuple(tasks))


DIAMOND = plan("fetch>clean>merge, fetch>check>merge>report")
FAN = plan(", ".join(f"plan>s{index}>merge" for index in range(80)))
CHAIN = plan(">".join(f"step-{index}" for index in range(30)))


class GraphApp(App[None]):
    def __init__(self, shown: Plan | RunModel | None, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.shown = shown
        self.ascii_only = ascii_only
        self.said: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield GraphView(id="graph")

    def on_mount(self) -> None:
        install(self)
        if isinstance(self.shown, RunModel):
            self.graph.set_model(self.shown)
        else:
            self.graph.set_plan(self.shown)
        self.graph.focus()

    @property
    def graph(self) -> GraphView:
        return self.query_one(GraphView)

    def on_graph_view_moved(self, event: GraphView.Moved) -> None:
        assert event.control is self.graph
        self.said.append(("moved", event.task))

    def on_graph_view_opened(self, event: GraphView.Opened) -> None:
        self.said.append(("opened", event.task))


def lines(app: GraphApp) -> list[str]:
    graph = app.graph
    return [graph.render_line(y).text.rstrip() for y in range(graph.size.height)]


def screen(app: GraphApp) -> str:
    return "\n".join(lines(app))


def place(app: GraphApp, text: str) -> tuple[int, int]:
    """Where a text stands on the screen."""
    return next((line.index(text), y) for y, line in enumerate(lines(app)) if text in line)


def style_of(app: GraphApp, text: str):
    x, y = place(app, text)
    strip = app.graph.render_line(y)
    return next(segment.style for segment in strip.crop(x, x + 1))


# what it shows


async def test_a_small_flow_is_framed_in_the_middle():
    """Where there is room every task has a frame, and the graph stands in the middle of the pane."""
    app = GraphApp(DIAMOND)
    async with app.run_test(size=(78, 18)):
        shown = [line for line in lines(app) if line]
        assert shown == [
            "                          ╭─────────╮",
            "                       ╭─▸│ · clean ├─╮",
            "           ╭─────────╮ │  ╰─────────╯ │  ╭─────────╮   ╭──────────╮",
            "           │ · fetch ├─┤  ╭─────────╮ ├─▸│ · merge ├──▸│ · report │",
            "           ╰─────────╯ ╰─▸│ · check ├─╯  ╰─────────╯   ╰──────────╯",
            "                          ╰─────────╯",
        ]
        assert lines(app)[:6] == [""] * 6


async def test_a_small_pane_has_labels_only():
    """Where frames have no room each task is one line."""
    app = GraphApp(DIAMOND)
    async with app.run_test(size=(60, 5)):
        assert [line.strip() for line in lines(app) if line] == [
            "╭─▸ · clean ─╮",
            "· fetch ─┤            ├─▸ · merge ──▸ · report",
            "╰─▸ · check ─╯",
        ]


async def test_top_to_bottom_with_frames():
    """Turned, the edges leave the frames below."""
    app = GraphApp(plan("a>b"))
    async with app.run_test(size=(20, 10)) as pilot:
        await pilot.press("o")
        assert [line.strip() for line in lines(app) if line] == [
            "╭─────╮",
            "│ · a │",
            "╰──┬──╯",
            "│",
            "▾",
            "╭─────╮",
            "│ · b │",
            "╰─────╯",
        ]
        await pilot.press("o")
        assert "├──▸" in screen(app)


async def test_states_have_glyphs_and_tones():
    """A task shows what it does now by glyph and colour; only what changed is drawn again."""
    model = RunModel(DIAMOND)
    app = GraphApp(model)
    async with app.run_test(size=(78, 18)):
        app.graph.select("report")
        assert "· fetch" in screen(app)
        model.state.tasks["fetch"].status = TaskStatus.COMPLETED
        model.state.tasks["clean"].status = TaskStatus.FAILED
        assert "· fetch" in screen(app)
        app.graph.show(Changes(tasks={"fetch", "no such task"}))
        assert "✔ fetch" in screen(app)
        assert "· clean" in screen(app)
        app.graph.show(Changes(again=True))
        assert "✖ clean" in screen(app)
        palette = app.graph.palette
        assert style_of(app, "✖").color == palette["bad"].color
        assert style_of(app, "✔").color == palette["ok"].color


async def test_a_change_keeps_the_layout():
    """A state that changes has nothing laid out anew."""
    model = RunModel(DIAMOND)
    app = GraphApp(model)
    async with app.run_test(size=(78, 18)):
        before = app.graph._lines
        model.state.tasks["fetch"].status = TaskStatus.RUNNING
        app.graph.show(Changes(tasks={"fetch"}))
        app.graph.select("merge")
        assert app.graph._lines is before


async def test_the_selected_task_and_its_ways_stand_out():
    """The selected task is reversed, edges on ways to it and from it are brighter than others."""
    app = GraphApp(DIAMOND)
    async with app.run_test(size=(60, 5)):
        app.graph.select("clean")
        near, far = app.graph.palette["accent"].color, app.graph.palette["faint"].color
        assert style_of(app, "· clean").reverse
        assert not style_of(app, "· check").reverse
        assert style_of(app, "▸ · clean").color == near
        assert style_of(app, "▸ · merge").color == near
        assert style_of(app, "▸ · check").color == far


async def test_without_focus_the_selection_is_quiet():
    """The selection is reversed while the graph has the focus, and marked otherwise."""
    app = GraphApp(DIAMOND)
    async with app.run_test(size=(60, 5)) as pilot:
        app.set_focus(None)
        await pilot.pause()
        style = style_of(app, "· fetch")
        assert not style.reverse
        assert style.bgcolor == app.graph.palette.cursor.bgcolor


async def test_conditions_have_a_legend():
    """Dashed edges are explained below the graph, those of the selected task by name."""
    app = GraphApp(plan("fetch>alert, fetch>merge>sum", on={"fetch>alert": "failed", "merge>sum": "any"}))
    async with app.run_test(size=(60, 12)):
        assert "┄▸" in screen(app)
        assert lines(app)[-1] == " ┄┄▸ on any, failed"
        app.graph.select("alert")
        assert lines(app)[-1] == " ┄┄▸ alert on fetch failed"


async def test_cleanup_below_a_line():
    """`finally` tasks stand below a line that says so."""
    app = GraphApp(plan("a>b, x>y", cleanup="x y"))
    async with app.run_test(size=(40, 9)):
        assert place(app, "· b")[1] < place(app, "── finally ──")[1] < place(app, "· x")[1]


async def test_long_names_lose_their_middle():
    """A name takes a quarter of the pane at most, beginning and end stay."""
    app = GraphApp(plan("the-first-task-of-a-long-name>b"))
    async with app.run_test(size=(60, 5)) as pilot:
        assert "the-fir…ng-name" in screen(app)
        await pilot.resize_terminal(140, 5)
        await pilot.pause()
        assert "the-first-task-of-a-long-name"[:13] in screen(app)


async def test_ascii():
    """On a terminal without such characters everything is ASCII."""
    app = GraphApp(plan("a>b, x", on={"a>b": "failed"}, cleanup="x"), ascii_only=True)
    async with app.run_test(size=(60, 12)) as pilot:
        assert screen(app).isascii()
        assert "-- finally --" in screen(app)
        await pilot.press("o")
        assert screen(app).isascii()


async def test_no_tasks():
    """Without a plan it says that there is nothing, and no key does harm."""
    app = GraphApp(None)
    async with app.run_test(size=(40, 6)) as pilot:
        assert lines(app)[0] == " no tasks"
        await pilot.press("up", "left", "home", "end", "enter", "o")
        await pilot.click("#graph")
        app.graph.show(Changes(tasks={"a"}))
        app.graph.show(Changes(again=True))
        assert app.said == []
        assert app.graph.selected == ""


async def test_it_follows_a_plan_that_is_written():
    """A new plan is drawn at once, the selection stays where it can, faulty tasks are marked."""
    app = GraphApp(plan("a>b"))
    async with app.run_test(size=(60, 9)) as pilot:
        app.graph.select("b")
        app.graph.set_plan(plan("a>b>c"), faulty=["c"])
        await pilot.pause()
        assert app.graph.selected == "b"
        assert "✖ c" in screen(app)
        app.graph.set_plan(plan("a>c"))
        assert app.graph.selected == "a"
        assert "· c" in screen(app)
        app.graph.set_plan(plan("a>c>a"))
        assert "· c" in screen(app)
        app.graph.set_plan(None)
        assert lines(app)[0] == " no tasks"


async def test_themes_change_the_colours():
    """Another theme gives other colours, at once."""
    app = GraphApp(DIAMOND)
    async with app.run_test(size=(60, 5)) as pilot:
        before = style_of(app, "▸ · check").color
        app.theme = "leadtui-light"
        await pilot.pause()
        assert style_of(app, "▸ · check").color != before


# moving


async def test_keys_move_and_open():
    """Arrows and vim keys go to the next task in a direction, enter opens it; the owner hears of both."""
    app = GraphApp(DIAMOND)
    async with app.run_test(size=(78, 18)) as pilot:
        await pilot.press("right", "k", "l", "left", "up", "down", "h", "h", "end", "home", "enter")
    assert app.said == [
        ("moved", "check"),
        ("moved", "clean"),
        ("moved", "merge"),
        ("moved", "check"),
        ("moved", "clean"),
        ("moved", "check"),
        ("moved", "fetch"),
        ("moved", "report"),
        ("moved", "fetch"),
        ("opened", "fetch"),
    ]


async def test_an_owner_that_selects_is_not_told():
    """`select` moves without a message, and unknown names change nothing."""
    app = GraphApp(DIAMOND)
    async with app.run_test(size=(78, 18)) as pilot:
        app.graph.select("merge")
        app.graph.select("nobody")
        await pilot.pause()
        assert app.graph.selected == "merge"
    assert app.said == []


async def test_the_mouse():
    """A click selects a task, a second one opens it, a click beside them does nothing."""
    app = GraphApp(DIAMOND)
    async with app.run_test(size=(78, 18)) as pilot:
        x, y = place(app, "merge")
        await pilot.click("#graph", offset=(x, y))
        await pilot.click("#graph", offset=(0, 0))
        await pilot.click("#graph", offset=(x, y), times=2)
    assert app.said == [("moved", "merge"), ("opened", "merge")]


async def test_the_selected_task_is_on_the_screen():
    """What lies outside the pane is scrolled in, in both directions; a click finds what is scrolled."""
    app = GraphApp(CHAIN)
    async with app.run_test(size=(40, 8)) as pilot:
        assert "step-29" not in screen(app)
        await pilot.press("end")
        await pilot.pause()
        assert "step-29" in screen(app)
        x, y = place(app, "step-28")
        await pilot.click("#graph", offset=(x, y))
        assert app.said[-1] == ("moved", "step-28")
        await pilot.press("o", "home")
        await pilot.pause()
        assert "step-0" in screen(app)
        app.graph.select("step-20")
        await pilot.pause()
        assert "step-20" in screen(app)
        assert app.graph.scroll_x > 0


# a large flow


WIDE = plan(", ".join(f"plan>number-{index}>merge" for index in range(9)))


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_what_is_cut_says_so_and_the_cursor_stands_in_the_middle(ascii_only: bool):
    """A sign stands where names are out of sight, on no other line and at no end that is reached."""
    app = GraphApp(WIDE, ascii_only=ascii_only)
    before, behind = "<>" if ascii_only else "‹›"
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("o")
        app.graph.select("number-4")
        await pilot.pause()
        x, _ = place(app, "number-4")
        assert abs(x + 4 - 30) <= 2
        (cut,) = [line for line in lines(app) if "number" in line]
        assert (cut[0], cut[-1], len(cut)) == (before, behind, 60)
        assert not any(line.strip().startswith(before) for line in lines(app) if line != cut)
        app.graph.select("number-0")
        await pilot.pause()
        (cut,) = [line for line in lines(app) if "number" in line]
        assert cut.startswith(" . number-0" if ascii_only else " · number-0")
        assert cut[-1] == behind


async def test_the_legend_stands_above_the_scrollbar():
    """It is read, also where the drawing is wider than the pane."""
    fan = ", ".join(f"plan>number-{index}" for index in range(9))
    app = GraphApp(plan(fan, on={"plan>number-0": "failure"}))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("o")
        await pilot.pause()
        assert app.graph.show_horizontal_scrollbar
        assert "┄┄▸" in lines(app)[-2]


async def test_a_large_flow_is_drawn_around_the_selection():
    """Of more than sixty tasks those near the selected one are shown, the others counted."""
    app = GraphApp(FAN)
    async with app.run_test(size=(78, 18)) as pilot:
        app.graph.select("s40")
        await pilot.pause()
        assert "s37" in screen(app)
        assert "s43" in screen(app)
        assert "s50" not in screen(app)
        assert "… 73 more" in screen(app)
        assert lines(app)[-1] == " two steps around s40, 82 tasks"
        await pilot.press("down", "down")
        assert app.graph.selected == "s42"
        assert "s45" in screen(app)


async def test_a_stub_leads_to_what_it_stands_for():
    """A click on `… more` goes to the nearest of the tasks that are not shown."""
    app = GraphApp(FAN)
    async with app.run_test(size=(78, 18)) as pilot:
        app.graph.select("s40")
        await pilot.pause()
        await pilot.click("#graph", offset=place(app, "… 73 more"))
    assert app.said == [("moved", "s36")]


async def test_tasks_at_the_rim_show_that_they_lead_on():
    """A task two steps away that has more neighbours ends with an ellipsis."""
    names = [f"t{index}" for index in range(70)]
    app = GraphApp(plan(">".join(names)))
    async with app.run_test(size=(120, 18)) as pilot:
        app.graph.select("t30")
        await pilot.pause()
        assert "t28 …" in screen(app)
        assert "t29 …" not in screen(app)
        assert "t33" not in screen(app)


@pytest.mark.parametrize("shown", [DIAMOND, FAN, CHAIN])
async def test_any_size(shown):
    """No size makes it fail, while keys are pressed."""
    app = GraphApp(shown)
    async with app.run_test(size=(1, 1)) as pilot:
        for width, height, key in ((1, 1, "right"), (20, 5, "o"), (3, 40, "down"), (60, 15, "end")):
            await pilot.resize_terminal(width, height)
            await pilot.press(key)
            assert len(lines(app)) == app.graph.size.height
        assert app.graph.selected == shown.tasks[-1].name
        assert app.graph.selected in screen(app)
