"""The health of a run: what its lines say, and steering breakers by keys."""

from datetime import timedelta

import pytest
from textual.app import App, ComposeResult

from lead_tui.core import events as ev
from lead_tui.core.commands import ResetBreaker, TripBreaker
from lead_tui.core.plan import Plan, PlannedTask
from lead_tui.errors import Category, Failure
from lead_tui.observers.metrics import ResponseTimes
from lead_tui.tui import themes
from lead_tui.tui.intents import OpenTask, Steer
from lead_tui.tui.model import Changes, RunModel
from lead_tui.tui.vitals.agent_times import AgentTimes
from lead_tui.tui.vitals.lines import Frame, countdown, verdict, vitals
from lead_tui.tui.widgets.health import Health
from tests.tui.playing import Play, begun, moment, retried, task

EVERYTHING = Changes(run=True, time=True)
DOWN = Failure(Category.NETWORK, "down")


def opened(play: Play, agent: str = "bank", seconds: float = 10, until: float = 22) -> Play:
    return play.at(
        seconds, ev.BreakerOpened(agent=agent, failures=3, until=moment(until), why="3 failures in a row")
    )


def told(model: RunModel, width: int = 100, most: int = 10, loop_lag: float | None = None) -> list[str]:
    lines = vitals(model, Frame(width, most), AgentTimes(), loop_lag=loop_lag)
    return ["".join(span.text for span in line.spans).rstrip() for line in lines]


def line_with(model: RunModel, word: str, **options: int) -> str:
    return next(line for line in told(model, **options) if word in line)


def shop() -> Play:
    return Play(*(task(f"pay{number}", agent="bank") for number in range(3)), task("ship", agent="post"))


def test_an_open_breaker_counts_down_and_says_why() -> None:
    """Its state in a glyph and a word, failures, the probe's time, its age, the reason; it stands first."""
    play = opened(shop())
    play.at(12)
    lines = told(play.model)
    assert lines[0] == " BREAKERS"
    for word in ("✖ open", "bank", "probe in 10 s", "0:02 ago", "3 failures in a row"):
        assert word in lines[1]
    assert lines[1].count("3 failures") == 1
    assert lines[2].split() == ["●", "closed", "post"]
    assert verdict(play.model) == ("1 breaker open", "bad")


def test_a_breaker_tells_failures_that_its_reason_does_not() -> None:
    """Somebody tripped it: how often the agent had failed stands there all the same."""
    play = shop().at(10, ev.BreakerOpened(agent="bank", failures=1, until=moment(22), why="tripped by ann"))
    assert "  1 failure  just now  tripped by ann" in line_with(play.model, "bank")


@pytest.mark.parametrize("how", ["ended", "interrupted"])
def test_time_stands_still_when_a_run_is_over(how: str) -> None:
    """Of a breaker the time of day is told, neither how long ago it was nor when it would be tried."""
    play = opened(shop())
    if how == "ended":
        play.at(12, ev.RunFailed(failure=DOWN))
    play.model.alive = how == "ended"
    told = line_with(play.model, "bank")
    assert f"  at {moment(10).astimezone():%H:%M:%S}  " in told
    assert "ago" not in told
    assert "probe" not in told


def test_a_breaker_that_closed_tells_what_closed_it() -> None:
    """Half open and closed have their words, and the last change its reason."""
    play = opened(shop()).at(22, ev.BreakerHalfOpened(agent="bank"))
    assert "half open" in line_with(play.model, "bank")
    assert verdict(play.model) == ("1 breaker half open", "retry")
    play.at(23, ev.BreakerClosed(agent="bank", why="the probe succeeded"))
    assert "the probe succeeded" in line_with(play.model, "bank")
    assert verdict(play.model) == ("all well", "ok")


def test_waits_tell_for_what_and_how_long() -> None:
    """A retry, a breaker, a gate and an interrupted task, each with what it waits for."""
    play = shop()
    play.at(1, *begun("pay0"), *begun("pay1"), *begun("pay2"), *begun("ship"))
    play.at(2, *retried("pay0", delay=5))
    play.at(
        3,
        ev.TaskWaiting(task="pay1", attempt=1, reason="breaker", until=moment(15), why="bank is open"),
        ev.TaskWaiting(task="pay2", attempt=1, reason="person", why="may I?"),
        ev.TaskInterrupted(task="ship", attempt=1, why="in flight at a crash"),
    )
    assert "next try now" in line_with(play.model, "pay0")
    assert "try 2" in line_with(play.model, "pay0")
    assert "breaker 12 s" in line_with(play.model, "pay1")
    assert "a person" in line_with(play.model, "pay2")
    assert "interrupted" in line_with(play.model, "ship")
    assert verdict(play.model) == ("3 waiting", "retry")


def test_calls_in_flight_stand_longest_first_and_are_cut() -> None:
    """Age, try, agent and progress of each; what does not fit is counted."""
    play = Play(*(task(f"t{number}") for number in range(9)))
    for number in range(9):
        play.begin(number, f"t{number}")
    play.model.take([ev.Progress(task="t0", done=3, total=8, text="pages")])
    play.at(70)
    lines = told(play.model, most=4)
    start = lines.index(" IN FLIGHT")
    assert [line.split()[1] for line in lines[start + 1 : start + 5]] == ["t0", "t1", "t2", "t3"]
    assert "1:10" in lines[start + 1]
    assert "3/8 pages" in lines[start + 1]
    assert lines[start + 5].strip() == "… 5 more running"


def test_limits_show_what_is_used() -> None:
    """Slots of the run and of agents with a limit; one that is full says so; an ended run has none."""
    plan = Plan("flow", (task("a", agent="bank"), task("b", agent="bank")), parallel=True, limits={"bank": 2})
    play = Play()
    play.model = RunModel(plan, "run")
    play.at(0, ev.RunQueued(name="flow"), ev.RunStarted()).begin(1, "a", "b")
    lines = told(play.model)
    start = lines.index(" LIMITS")
    assert "2 of 16" in lines[start + 1]
    assert lines[start + 2].endswith("■■  full")
    play.end(2, "a", "b").at(3, ev.RunCompleted())
    assert " LIMITS" not in told(play.model)


def test_agents_show_their_response_times() -> None:
    """Calls, failures, percentiles and the longest, each in its column."""
    play = shop()
    for name in ("pay0", "pay1"):
        play.at(0, *begun(name)[:2], ev.AttemptStarted(task=name, attempt=1, agent="bank"))
    play.at(2, ev.AttemptCompleted(task="pay0", attempt=1, duration=2.0), ev.TaskCompleted(task="pay0"))
    play.at(
        5,
        ev.AttemptFailed(task="pay1", attempt=1, failure=DOWN, duration=4.0),
        ev.TaskFailed(task="pay1", failure=DOWN),
    )
    lines = told(play.model)
    start = lines.index(" AGENTS")
    assert lines[start + 1].split() == ["calls", "failed", "p50", "p95", "max"]
    assert lines[start + 2].split()[:3] == ["bank", "2", "1"]
    assert lines[start + 2].endswith("4.0s")


def test_the_engine_tells_its_lag_and_the_deadlines() -> None:
    """Events seen, loop lag if it is known, and what time is left."""
    play = Play(task("a"))
    play.model = RunModel(play.model.plan, "run")
    play.at(0, ev.RunQueued(name="flow"), ev.RunStarted(deadline=moment(90)))
    assert told(play.model)[-1].split() == ["events", "2", "deadline", "1:30"]
    assert "loop lag 3 ms" in told(play.model, loop_lag=0.003)[-1]
    play.begin(1, "a").end(2, "a").at(3, ev.CleanupStarted(deadline=moment(63)))
    assert "cleanup ends 1:00" in told(play.model)[-1]


@pytest.mark.parametrize(
    ("seconds", "said"), [(-1, "now"), (0, "now"), (0.2, "1 s"), (59, "59 s"), (60, "1:00")]
)
def test_a_countdown_never_goes_below_zero(seconds: float, said: str) -> None:
    """Seconds below a minute, a clock above, `now` at its end."""
    assert countdown(moment(seconds), moment(0)) == said


def test_percentiles_are_looked_at_once_a_second() -> None:
    """Counts are always right, percentiles at most a second old."""
    known, times = AgentTimes(), ResponseTimes()
    times.add(1.0, failed=False)
    assert known.of("a", times, moment(0))["p50"] == 1.0
    for _ in range(9):
        times.add(9.0, failed=True)
    soon = known.of("a", times, moment(0.5))
    assert (soon["calls"], soon["failed"], soon["p50"]) == (10, 9, 1.0)
    assert known.of("a", times, moment(1))["p50"] == 9.0
    times.add(1.0, failed=False)
    assert known.of("a", times, moment(1) - timedelta(hours=1))["calls"] == 11  # a replay went back


@pytest.mark.parametrize("width", [1, 20, 58, 200])
def test_long_names_do_not_push_columns_apart(width: int) -> None:
    """A name is cut to what its column may take."""
    play = Play(PlannedTask("x" * 80, "y" * 80))
    play.begin(1, "x" * 80)
    assert all(len(line) < 140 for line in told(play.model, width=width))


class Watching(App[None]):
    ascii_only = False

    def __init__(self, model: RunModel) -> None:
        super().__init__()
        self.model = model
        self.intents: list[object] = []

    def compose(self) -> ComposeResult:
        yield Health()

    def on_mount(self) -> None:
        themes.install(self)
        self.health.loop_lag = 0.001
        self.health.set_model(self.model)
        self.health.focus()

    @property
    def health(self) -> Health:
        return self.query_one(Health)

    def lines(self) -> list[str]:
        return [self.health.render_line(y).text.rstrip() for y in range(self.health.size.height)]

    def under_cursor(self) -> str:
        return self.lines()[self.health.cursor + 1]

    def on_steer(self, intent: Steer) -> None:
        self.intents.append((intent.run_id, intent.command, intent.done))

    def on_open_task(self, intent: OpenTask) -> None:
        self.intents.append((intent.run_id, intent.task))


async def test_breakers_are_tripped_and_reset_by_keys() -> None:
    """`T` trips a closed breaker, `R` resets an open one; each is offered only where it can be done."""
    app = Watching(opened(shop()).model)
    async with app.run_test(size=(78, 18)) as pilot:
        await pilot.pause()
        assert "bank" in app.under_cursor()
        await pilot.press("T", "R", "down", "R", "T")
        assert app.intents == [
            ("run", ResetBreaker(agent="bank"), "reset bank"),
            ("run", TripBreaker(agent="post"), "tripped post"),
        ]


async def test_an_ended_run_offers_no_breaker_to_steer() -> None:
    """Its breakers can be read, not steered."""
    play = opened(shop()).at(11, ev.RunFailed(failure=DOWN))
    app = Watching(play.model)
    async with app.run_test() as pilot:
        await pilot.press("R", "T")
        assert app.intents == []


async def test_enter_opens_the_task_of_a_row() -> None:
    """A task that waits or runs is opened; other rows lead nowhere, and do not offer to."""
    play = shop().begin(1, "ship")
    app = Watching(play.model)
    async with app.run_test(size=(78, 40)) as pilot:
        assert "enter" not in app.screen.active_bindings
        await pilot.press("enter", "down", "down", "enter")
        assert app.intents == [("run", "ship")]
        assert app.screen.active_bindings["enter"].enabled


async def test_the_cursor_is_on_the_worst_until_it_is_moved() -> None:
    """A breaker that opens takes the first line and the cursor; who has moved on stays; home lets go."""
    play = Play(task("a", agent="one"), task("b", agent="two"), task("c", agent="three"))
    app = Watching(play.model)
    async with app.run_test(size=(78, 40)) as pilot:
        assert "one" in app.under_cursor()
        await pilot.press("enter", "home")
        opened(play, "two")
        app.health.show(EVERYTHING)
        assert "two" in app.under_cursor()
        await pilot.press("down")
        assert "one" in app.under_cursor()
        play.at(11, ev.BreakerClosed(agent="two", why="reset"))
        opened(play, "three", 12)
        app.health.show(EVERYTHING)
        assert "one" in app.under_cursor()
        await pilot.press("home")
        assert "three" in app.under_cursor()
        play.at(13, ev.BreakerClosed(agent="three", why="reset"))
        opened(play, "one", 14)
        app.health.show(EVERYTHING)
        assert "one" in app.under_cursor()
        await pilot.click(Health, offset=(2, 3))
        held = app.under_cursor()
        assert "one" not in held
        app.health.set_model(play.model)
        assert "one" in app.under_cursor()


def test_breakers_with_nothing_to_tell_are_one_line() -> None:
    """Those that are open, have failed or have changed keep theirs, and so do two that are closed."""
    names = [f"a{number}" for number in range(6)]
    play = Play(*(task(name, agent=name) for name in names))
    opened(play, "a3").at(11, ev.BreakerClosed(agent="a5", why="reset"))
    lines = told(play.model)
    assert [line.split()[:3] for line in lines[1:3]] == [["✖", "open", "a3"], ["●", "closed", "a5"]]
    assert lines[3:5] == [" ▸ 4 breakers closed: a0, a1, a2, a4", ""]
    frame = Frame(100, 10, ascii_only=True, unfolded=True)
    drawn = vitals(play.model, frame, AgentTimes())
    unfolded = ["".join(span.text for span in line.spans) for line in drawn]
    assert unfolded[3] == " - 4 breakers closed"
    assert [line.split() for line in unfolded[4:8]] == [
        ["o", "closed", name] for name in names[:3] + names[4:5]
    ]


async def test_enter_unfolds_the_closed_breakers() -> None:
    """Their agents can be steered then; enter once more folds them, and the cursor stays on their line."""
    app = Watching(Play(*(task(name, agent=name) for name in ("one", "two", "three"))).model)
    async with app.run_test(size=(78, 18)) as pilot:
        await pilot.pause()
        assert "3 breakers closed" in app.under_cursor()
        await pilot.press("T", "enter", "down", "down", "T")
        assert app.intents == [("run", TripBreaker(agent="two"), "tripped two")]
        await pilot.press("up", "up", "enter")
        assert app.under_cursor() == " ▸ 3 breakers closed: one, two, three"


async def test_the_head_line_tells_the_worst() -> None:
    """A rule, the name, and in a few words how it stands."""
    app = Watching(opened(shop()).model)
    async with app.run_test(size=(78, 18)) as pilot:
        await pilot.pause()
        assert app.lines()[0].startswith("──── Health ───")
        assert app.lines()[0].endswith("── 1 breaker open")
        assert len(app.lines()[0]) == 78


async def test_the_cursor_stays_on_its_row_while_others_come_and_go() -> None:
    """Frames rebuild the list; who reads about an agent goes on reading about it, and countdowns tick."""
    play = shop()
    app = Watching(play.model)
    async with app.run_test(size=(78, 40)) as pilot:
        await pilot.press("down")
        assert "post" in app.under_cursor()
        opened(play, "post").begin(11, "pay0", "pay1")
        app.health.show(EVERYTHING)
        assert "post" in app.under_cursor()
        assert "probe in 11 s" in app.under_cursor()
        play.at(20)
        app.health.show(Changes(time=True))
        assert "probe in 2 s" in app.under_cursor()
        app.health.show(Changes(said=True))
        assert "probe in 2 s" in app.under_cursor()


async def test_the_cursor_skips_headings() -> None:
    """Down and up stop at rows that say something, to the first and the last one."""
    play = shop().begin(1, "pay0")
    app = Watching(play.model)
    async with app.run_test(size=(78, 12)) as pilot:
        seen = []
        for _ in range(12):
            seen.append(app.health.cursor)
            app.health.action_move(1)
        lines = vitals(play.model, Frame(78, 6), AgentTimes())
        assert not any(lines[at].heading for at in seen)
        await pilot.press("pageup", "pagedown", "home")
        assert app.health.scroll_y == 0
        assert app.lines()[1] == " BREAKERS"


async def test_a_task_that_is_gone_gives_the_cursor_to_the_first_row() -> None:
    """When the row under the cursor vanishes, the cursor does not."""
    play = shop().begin(1, "ship")
    app = Watching(play.model)
    async with app.run_test(size=(78, 40)) as pilot:
        await pilot.press("down", "down")
        assert "ship" in app.under_cursor()
        play.end(2, "ship")
        app.health.show(EVERYTHING)
        assert "bank" in app.under_cursor()


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (58, 12), (200, 60)])
async def test_any_size_will_do(size: tuple[int, int]) -> None:
    """The smallest and the largest terminal draw it; no line is wider than the pane."""
    play = opened(shop()).begin(11, "pay0")
    app = Watching(play.model)
    app.ascii_only = True
    async with app.run_test(size=size) as pilot:
        await pilot.press("down", "end")
        await pilot.pause()
        assert all(len(line) <= size[0] for line in app.lines())
        assert not set("".join(app.lines())) & set("✖●▶■─")


async def test_without_a_model_there_is_nothing_to_do() -> None:
    """Before a run is known, frames and keys do nothing."""

    class Idle(App[None]):
        def compose(self) -> ComposeResult:
            yield Health()

    app = Idle()
    async with app.run_test() as pilot:
        health = app.query_one(Health)
        health.focus()
        health.show(EVERYTHING)
        await pilot.press("T", "R", "enter", "down")
        assert health.count == 0
