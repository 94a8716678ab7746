"""The screen of one task: what it tells, how one gets about in it, what it asks for."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.app import App

from lead_tui.core import events as ev
from lead_tui.core.commands import CancelTask, Retry, Skip
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.journal.memory import MemoryJournal
from lead_tui.observers.hub import Item
from lead_tui.runner.engine import load_dict
from lead_tui.testing import VirtualClock, run_virtual
from lead_tui.testing.flows import memory_engine
from lead_tui.tui import themes
from lead_tui.tui.intents import Steer, TestAgents
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.confirm import Confirm
from lead_tui.tui.screens.task import TaskScreen
from lead_tui.tui.widgets.prose import Prose
from lead_tui.tui.widgets.result_view import ResultView
from lead_tui.tui.widgets.rows import Rows
from lead_tui.tui.widgets.tab_line import TabLine
from lead_tui.tui.widgets.task_head import TaskHead

FLOW: dict[str, Any] = {
    "name": "shop",
    "parallel_execution": True,
    "failure_strategy": "continue_on_failure",
    "agents": [
        {
            "name": "bank",
            "type": "mock",
            "latency": "2s",
            "fail": {"charge": {"category": "network_error", "message": "the line is down", "times": 2}},
            "results": {"charge": {"euros": 129, "parts": [{"a": 1}, {"a": 2}]}},
            "retry_config": {"max_attempts": 3, "initial_delay": "5s", "jitter": False},
        },
        {
            "name": "post",
            "type": "mock",
            "fail": {"book": {"category": "agent_error", "message": "no courier"}},
        },
    ],
    "tasks": [
        {
            "name": "charge",
            "agent_name": "bank",
            "action": "charge",
            "parameters": {"euros": "{{ 100 + 29 }}"},
        },
        {
            "name": "courier",
            "agent_name": "post",
            "action": "book",
            "depends_on": ["charge"],
            "when": "tasks.charge.result.euros > 100",
        },
        {
            "name": "label",
            "agent_name": "post",
            "action": "print",
            "depends_on": ["courier"],
            "timeout": "30s",
        },
        {"name": "gift", "agent_name": "post", "action": "wrap", "when": "tasks.charge.result.euros > 500"},
    ],
    "finally": [{"name": "protocol", "agent_name": "post", "action": "write"}],
}


class Told:
    """The run of a flow that has ended, and any moment of it as a model."""

    def __init__(self) -> None:
        async def play() -> list[Item]:
            self.engine = memory_engine(MemoryJournal(VirtualClock()))
            document = load_dict(FLOW, Path(), {})
            run = await self.engine.start(document, resolve_inputs(document.workflow, {}), run_id="run")
            await run.wait()
            return [event for page in self.engine.journal.read("run") for event in page]

        self.events = run_virtual(play())
        self.runs = Runs(self.engine)

    def model(self, until: type[ev.Event] | None = None, task: str = "") -> RunModel:
        """As it stood after the last event of this kind of the task; at its end without one."""
        ends = [
            number
            for number, event in enumerate(self.events)
            if until is None or (type(event) is until and getattr(event, "task", "") == task)
        ]
        model = RunModel(self.runs.record("run").plan, "run", source="/flows/shop.yaml")
        model.take(self.events[: ends[-1] + 1])
        assert model.state.last_at is not None
        model.now = model.state.last_at
        return model


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    yield Told()


class Showing(App[None]):
    ascii_only = False
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (15, "-low"), (30, "-tall")]  # noqa: RUF012
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide")]  # noqa: RUF012

    def __init__(self, screen: TaskScreen) -> None:
        super().__init__()
        self.shown = screen
        self.intents: list[tuple[Any, ...]] = []

    def on_mount(self) -> None:
        themes.install(self)
        self.push_screen(self.shown)

    def on_steer(self, intent: Steer) -> None:
        self.intents.append((intent.run_id, intent.command))

    def on_test_agents(self, intent: TestAgents) -> None:
        self.intents.append((intent.path, intent.agent))

    def text(self, section: str) -> str:
        """What stands in a section now."""
        body = self.shown.query_one(f"#{section}")
        rows = body.query_one(f"#{body.mode}", Rows) if isinstance(body, ResultView) else body
        assert isinstance(rows, Rows)
        return "\n".join(rows.render_line(y).text.rstrip() for y in range(rows.size.height))

    def head(self) -> list[str]:
        return [self.shown.query_one(TaskHead).render_line(y).text.rstrip() for y in (0, 1)]


def showing(told: Told, task: str, model: RunModel | None = None, **options: Any) -> Showing:
    return Showing(TaskScreen(model or told.model(), task, told.runs, **options))


async def test_the_head_tells_state_name_agent_and_times(told: Told) -> None:
    """Glyph, name, word, its place in the flow; agent and action, tries, duration."""
    app = showing(told, "charge")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.head()[0] == " ✔ charge  COMPLETED  1/5 of shop"
        assert "bank.charge  3 tries" in app.head()[1]
        assert app.head()[1].endswith("21.0s")


async def test_a_completed_task_opens_on_its_result(told: Told) -> None:
    """As a tree whose paths a template takes."""
    app = showing(told, "charge")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down")
        assert app.shown.section == "result"
        assert "tasks.charge.result.euros" in app.text("result")


async def test_a_failed_task_opens_on_its_cause(told: Told) -> None:
    """Why comes first, with the message, its conditions and what they saw, and what it stopped."""
    app = showing(told, "courier")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.shown.section == "why"
        text = app.text("why")
        assert "failed at attempt 1: agent_error: no courier" in text
        assert "when    tasks.charge.result.euros > 100  was true" in text
        assert "tasks.charge.result.euros was 129" in text
        assert "✔ charge  completed" in text
        assert "⊘ label  skipped" in text
        await pilot.press("3")
        assert "agent_error" in app.text("result")


async def test_a_skipped_task_tells_what_its_condition_saw(told: Told) -> None:
    """The expression and its values; a task that never ran has no attempts."""
    app = showing(told, "gift")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("1")
        assert "skipped (condition)" in app.text("why")
        assert "129" in app.text("why")
        await pilot.press("2")
        assert "it was never tried" in app.text("attempts")
        await pilot.press("3")
        assert "no result" in app.text("result")
        await pilot.press("5")
        assert "said nothing else" in app.text("meta")


async def test_attempts_are_told_one_by_one(told: Told) -> None:
    """Each with its outcome, its error and why it was tried again after how long."""
    app = showing(told, "charge")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        text = app.text("attempts")
        assert text.count("✖") == 2
        assert text.count("network_error: the line is down") == 2
        assert "tried again after 5.0s: " in text
        assert "✔ 3  completed" in text


async def test_enter_on_an_attempt_shows_its_answer(told: Told) -> None:
    """Result and meta are those of that attempt, until escape or enter again."""
    app = showing(told, "charge")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2", "enter")
        assert "shown in Result and Meta" in app.text("attempts")
        await pilot.press("3")
        assert "the line is down" in app.text("result")
        await pilot.press("escape")
        assert "129" in app.text("result")
        await pilot.press("2", "end", "enter", "3")
        assert "129" in app.text("result")


async def test_parameters_are_shown_as_the_flow_has_them(told: Told) -> None:
    """Templates, not what became of them; the rest of the task's settings below."""
    app = showing(told, "charge")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        assert "euros: {{ 100 + 29 }}" in app.text("parameters")
        assert "agent_name: bank" in app.text("parameters")
        await pilot.press("right_square_bracket")
        assert "when: tasks.charge.result.euros > 100" in app.text("parameters")


async def test_a_run_that_is_not_stored_has_no_parameters_yet(told: Told) -> None:
    """The screen says why it cannot show them."""
    model = RunModel(told.model().plan, "elsewhere")
    app = showing(told, "charge", model)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        assert "elsewhere" in app.text("parameters")
        assert "not started" in app.head()[1]


async def test_neighbours_are_opened_and_escape_leads_back(told: Told) -> None:
    """Enter on a task that it needs shows that one; escape returns, then leaves the screen."""
    app = showing(told, "courier")
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.pause()
        lines = app.text("why").splitlines()
        prose = app.shown.query_one("#why", Prose)
        prose.cursor = next(number for number, line in enumerate(lines) if "label" in line)
        await pilot.press("enter")
        assert app.shown.task_name == "label"
        await pilot.press("enter", "escape")
        assert app.shown.task_name == "courier"
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is not app.shown


async def test_brackets_go_through_the_tasks(told: Told) -> None:
    """In the order of the table, round its end."""
    app = showing(told, "charge")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("right_square_bracket")
        assert app.shown.task_name == "courier"
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert app.shown.task_name == "protocol"
        await pilot.press("1")
        assert "it runs once all tasks have ended" in app.text("why")


async def test_a_retry_asks_before_it_is_sent(told: Told) -> None:
    """It names what it runs again; another answer sends nothing."""
    app = showing(told, "courier")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        assert isinstance(app.screen, Confirm)
        await pilot.press("escape", "r", "n")
        assert app.intents == []
        await pilot.press("r", "r")
        assert app.intents == [("run", Retry())]


async def test_what_cannot_be_is_not_offered(told: Told) -> None:
    """An ended task is neither cancelled nor skipped; a replay steers nothing; without a file no test."""
    app = showing(told, "charge")
    async with app.run_test() as pilot:
        await pilot.press("c", "x", "s")
        await pilot.press("T")
        assert app.intents == [(Path("/flows/shop.yaml"), "bank")]
    model = told.model(ev.RetryScheduled, "charge")
    model.source = ""
    replay = showing(told, "charge", model, live=False)
    async with replay.run_test() as pilot:
        await pilot.press("r", "c", "T", "t")
        assert replay.intents == []


async def test_a_task_under_way_is_cancelled_once(told: Told) -> None:
    """`c` asks for it, until the cancellation is under way."""
    model = told.model(ev.AttemptStarted, "charge")
    app = showing(told, "charge", model)
    async with app.run_test() as pilot:
        await pilot.press("c")
        assert app.intents == [("run", CancelTask(task="charge"))]
        model.state.tasks["charge"].stopping = "cancelled"
        await pilot.press("c")
        assert len(app.intents) == 1


async def test_an_interrupted_task_is_skipped(told: Told) -> None:
    """`s` settles it without running it; it can be run again as well."""
    model = told.model(ev.AttemptStarted, "charge")
    seq = model.state.seq + 1
    model.take([ev.TaskInterrupted(task="charge", attempt=3, why="in flight", seq=seq, ts=model.now)])
    app = showing(told, "charge", model)
    async with app.run_test() as pilot:
        await pilot.press("s")
        assert app.intents == [("run", Skip(task="charge"))]
        assert app.shown.check_action("retry", ()) is True


async def test_frames_keep_it_live(told: Told) -> None:
    """A countdown ticks with the time; what the next events bring is there in the next frame."""
    model = told.model(ev.RetryScheduled, "charge")
    app = showing(told, "charge", model)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("1")
        assert "waits for its next try, 10 s left" in app.text("why")
        model.now += timedelta(seconds=3)
        app.shown.show(Changes(time=True))
        assert "7 s left" in app.text("why")
        await pilot.press("2")
        assert "begins in 7 s" in app.text("attempts")
        model.take(told.events)
        app.shown.show(model.changes())
        await pilot.pause()
        assert "✔ 3  completed" in app.text("attempts")
        assert "COMPLETED" in app.head()[0]
        app.shown.show(Changes())
        assert "COMPLETED" in app.head()[0]


async def test_what_was_in_flight_when_nobody_drives_it_is_interrupted(told: Told) -> None:
    """The log cannot say so yet; the screen does."""
    model = told.model(ev.AttemptStarted, "charge")
    model.alive = False
    app = showing(told, "charge", model)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("1")
        assert "INTERRUPTED" in app.head()[0]
        assert "was in flight when its process ended" in app.text("why")
        await pilot.press("2")
        assert "interrupted" in app.text("attempts")
        assert "running" not in app.text("attempts")


async def test_a_wide_screen_shows_two_columns(told: Told) -> None:
    """Why and attempts stand beside one of the others; a narrower one shows a section at a time."""
    app = showing(told, "charge")
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        sections = ("why", "attempts", "result", "parameters", "meta")
        seen = {name for name in sections if app.shown.query_one(f"#{name}").size.area}
        assert seen == {"why", "attempts", "result"}
        await pilot.press("5", "1")
        seen = {name for name in sections if app.shown.query_one(f"#{name}").size.area}
        assert seen == {"why", "attempts", "meta"}
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        seen = {name for name in sections if app.shown.query_one(f"#{name}").size.area}
        assert seen == {"why"}


async def test_tabs_follow_the_focus_and_the_mouse(told: Told) -> None:
    """The section with the focus is the marked one; a click on a tab chooses its section."""
    app = showing(told, "charge")
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        tabs = app.shown.query_one(TabLine)
        assert tabs.active == 2
        app.shown.query_one("#attempts").focus()
        await pilot.pause()
        assert tabs.active == 1
        await pilot.click(TabLine, offset=(3, 0))
        assert app.shown.section == "why"


@pytest.mark.parametrize(("size", "task"), [((1, 1), "charge"), ((20, 5), "gift"), ((200, 60), "courier")])
async def test_any_size_will_do(told: Told, size: tuple[int, int], task: str) -> None:
    """Every section is drawn on the smallest and the largest terminal, in ASCII where that is all it can."""
    app = showing(told, task)
    app.ascii_only = True
    async with app.run_test(size=size) as pilot:
        for section in ("why", "attempts", "result", "parameters", "meta"):
            app.shown.section = section
            await pilot.pause()
        assert app.shown.query_one(TabLine).active == 4
        assert not set("".join(app.head())) & set("✔✖⊘")
