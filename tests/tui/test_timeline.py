"""The run's tasks along its time: the widget, the critical path and the sums in its header."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from lead_tui.core import events as ev
from lead_tui.testing import run_flow
from lead_tui.tui.model import Changes
from lead_tui.tui.tasks.critical_path import critical_path
from lead_tui.tui.tasks.totals import Totals
from lead_tui.tui.themes import install
from lead_tui.tui.widgets.timeline import Timeline
from tests.tui.playing import Play, again, retried, task


class TimelineApp(App[None]):
    def __init__(self, play: Play | None, ascii_only: bool) -> None:
        super().__init__()
        self.play = play
        self.timeline = Timeline()
        self.ascii_only = ascii_only
        self.heard: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.timeline

    def on_mount(self) -> None:
        install(self, "leadtui-dark")
        if self.play is not None:
            self.timeline.set_model(self.play.model)
            self.play.model.changes()
        self.timeline.focus()

    def on_timeline_moved(self) -> None:
        self.heard.append(f"moved {self.timeline.selected}")

    def on_timeline_opened(self) -> None:
        self.heard.append(f"opened {self.timeline.selected}")

    def show(self) -> None:
        """One frame."""
        if self.play is not None:
            self.timeline.show(self.play.model.changes())


@asynccontextmanager
async def opened(
    play: Play | None, width: int = 80, height: int = 12, ascii_only: bool = False
) -> AsyncIterator[tuple[TimelineApp, Timeline, Pilot[None]]]:
    app = TimelineApp(play, ascii_only)
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause()
        yield app, app.timeline, pilot


def lines(timeline: Timeline) -> list[str]:
    text = [timeline.render_line(y).text.rstrip() for y in range(timeline.size.height)]
    return [line for line in text if line]


@pytest.fixture
def story() -> Play:
    """Two branches, of which the slow one was retried; then the join, which runs."""
    play = Play(task("plan"), task("fast", "plan"), task("slow", "plan"), task("join", "fast", "slow"))
    play.begin(0, "plan").end(10, "plan").begin(10, "fast", "slow").end(15, "fast")
    play.at(20, *retried("slow")).at(30, *again("slow")).end(45, "slow")
    return play.at(45, ev.TaskReady(task="join")).at(50, *_begun_late("join")).at(60)


def _begun_late(name: str) -> list[ev.Event]:
    return [ev.TaskStarted(task=name), ev.AttemptStarted(task=name, attempt=1)]


async def test_the_timeline_reads_as_designed(story: Play) -> None:
    """Sums, the axis, and the critical path with its mark."""
    async with opened(story) as (_, timeline, _pilot):
        assert lines(timeline) == [
            " ◆ critical path 3/4 · longest slow 0:25 · queued 5.0s · retries 0:10",
            "             0s               0:15             0:30            0:45         1:00",
            ">◆ ✔ plan    ███████████▏",
            "   ✔ ├ fast             █████▊",
            " ◆ ✔ ├ slow             ███████████✖┄┄┄┄┄┄┄┄┄┄▐████████████████▎",
            " ◆ ▶ └ join                                                    ╌╌╌╌╌▕██████████▶",
        ]


async def test_the_critical_path_has_a_colour_of_its_own(story: Play) -> None:
    """Its runs are drawn in another tone than those that did not decide."""
    async with opened(story) as (_, timeline, _pilot):

        def run_style(line: int) -> object:
            styles = [segment.style for segment in timeline.render_line(line) if "██" in segment.text]
            return styles[0] and styles[0].color

        assert run_style(3) != run_style(4)
        assert run_style(4) == run_style(2)


async def test_the_critical_path_follows_the_run(story: Play) -> None:
    """It is found again once something ended and time went on."""
    async with opened(story) as (app, timeline, _pilot):
        assert timeline.critical == {"plan", "slow", "join"}
        story.end(70, "join").at(70, ev.RunReopened(tasks=["fast"])).begin(71, "fast").at(90)
        app.show()
        assert timeline.critical == {"plan", "fast"}


async def test_nothing_is_computed_while_nobody_looks(story: Play) -> None:
    """What happened behind another pane is caught up when it is shown."""
    async with opened(story) as (app, timeline, pilot):
        timeline.display = False
        await pilot.pause()
        story.end(80, "join").at(80, ev.RunCompleted())
        app.show()
        assert timeline.axis.length == 60
        timeline.display = True
        await pilot.pause()
        assert timeline.axis.length == 80
        assert "longest join 0:30" in lines(timeline)[0]
        assert lines(timeline)[-1].endswith("█")


async def test_ascii_is_ascii(story: Play) -> None:
    """Marks, guides and header have their plain forms."""
    async with opened(story, ascii_only=True) as (_, timeline, _pilot):
        shown = lines(timeline)
        assert all(line.isascii() for line in shown)
        assert shown[4].startswith(" * + | slow")


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (7, 3), (40, 4), (200, 8)])
async def test_no_size_is_too_small(story: Play, size: tuple[int, int]) -> None:
    """Every line has exactly the width there is."""
    async with opened(story, *size) as (_, timeline, _pilot):
        assert {timeline.render_line(y).cell_length for y in range(size[1])} == {timeline.row_width}


async def test_keys_move_and_open(story: Play) -> None:
    """As in every list."""
    async with opened(story) as (app, _, pilot):
        app.heard.clear()
        await pilot.press("j", "enter")
        assert app.heard == ["moved fast", "opened fast"]


async def test_without_a_run_it_is_empty() -> None:
    """A frame before the first run draws nothing."""
    async with opened(None) as (_, timeline, _pilot):
        timeline.show(Changes(again=True))
        assert timeline.selected == ""
        assert lines(timeline)[2:] == []


async def test_a_run_that_began_anew_counts_anew(story: Play) -> None:
    """After a replay went back, nothing of what came later stays in the sums."""
    async with opened(story) as (app, timeline, _pilot):
        story.model.reset()
        app.show()
        assert lines(timeline)[0] == " ◆ critical path 0/4 · queued 0.0s · retries 0.0s"


# the critical path


def test_the_path_goes_back_through_what_ended_last() -> None:
    """Of two needs the later one decided."""
    play = Play(task("a"), task("b"), task("c", "a", "b")).begin(0, "a", "b").end(3, "b").end(5, "a")
    play.begin(5, "c").end(9, "c")
    assert critical_path(play.model.state) == ["a", "c"]


def test_before_anything_began_there_is_no_path() -> None:
    """An empty run, a run that waits."""
    assert critical_path(Play().model.state) == []
    assert critical_path(Play(task("a")).model.state) == []


def test_a_skipped_task_hands_on_and_is_left_out() -> None:
    """It took no time, but what came before it did."""
    play = Play(task("a"), task("skipped", "a"), task("c", "skipped")).begin(0, "a").end(5, "a")
    play.at(5, ev.TaskSkipped(task="skipped", cause="condition")).begin(5, "c").end(6, "c")
    assert critical_path(play.model.state) == ["a", "c"]


def test_a_finally_task_waited_for_all_others() -> None:
    """Without needs of its own it follows the task that ended last."""
    play = Play(task("a"), task("b"), task("sweep", cleanup=True)).begin(0, "a", "b").end(3, "b").end(5, "a")
    play.begin(5, "sweep").end(6, "sweep")
    assert critical_path(play.model.state) == ["a", "sweep"]


def test_tasks_that_end_together_end_with_the_last_of_the_chain() -> None:
    """Where a clock cannot tell them apart, the needs do."""
    play = Play(task("a"), task("b", "a")).begin(0, "a").end(4, "a").begin(4, "b").end(4, "b")
    assert critical_path(play.model.state) == ["a", "b"]


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 30), max_size=3), min_size=1, max_size=9))
def test_each_task_of_a_path_needs_the_one_before(needs: list[list[int]]) -> None:
    """In real runs of any shape the path is a chain of needs that begins with a task without any."""
    names = [f"t{number}" for number in range(len(needs))]
    tasks = [
        {
            "name": name,
            "agent_name": "slow" if number % 3 else "quick",
            "action": "go",
            "depends_on": sorted({names[n % number] for n in needs[number]}) if number else [],
        }
        for number, name in enumerate(names)
    ]
    agents = [
        {"name": "slow", "type": "mock", "latency": "2s"},
        {"name": "quick", "type": "mock", "latency": "1s"},
    ]
    story = run_flow({"name": "x", "parallel_execution": True, "agents": agents, "tasks": tasks})
    path = critical_path(story.state)
    assert not story.state.tasks[path[0]].plan.needs
    for before, after in pairwise(path):
        assert before in [need.task for need in story.state.tasks[after].plan.needs]
    last = story.state.tasks[path[-1]].ended_at
    assert last == max(each.ended_at for each in story.state.tasks.values() if each.ended_at)


# the sums


def test_sums_count_what_has_ended(story: Play) -> None:
    """Queue, waits between tries and work, each on its own; a person's time is none of them."""
    totals = Totals()
    assert totals.longest == ("", 0.0)
    for name, events in story.model.history.items():
        totals.see(name, events)
    assert (totals.queue, totals.wait, totals.longest) == (5, 10, ("slow", 25))
    story.at(60, ev.ApprovalRequested(task="join", gate="g", attempt=1))
    story.at(60, ev.TaskWaiting(task="join", attempt=1, reason="person"))
    story.at(99, ev.ApprovalGranted(task="join", gate="g"), *again("join", 1))
    totals.see("join", story.model.history["join"])
    assert (totals.queue, totals.wait, totals.longest) == (5, 10, ("slow", 25))


def test_a_task_seen_twice_counts_once(story: Play) -> None:
    """And one whose events are gone counts no more."""
    totals = Totals()
    totals.see("slow", story.model.history["slow"])
    totals.see("slow", story.model.history["slow"])
    assert (totals.queue, totals.wait) == (0, 10)
    totals.see("slow", ())
    assert (totals.wait, totals.longest) == (0, ("", 0.0))
