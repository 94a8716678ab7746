"""The commands that open a screen: where they do, what signals mean there, and what its end means.

The screen is a stand-in here that does what a test tells it; the real one is shown in tests/tui.
"""

import asyncio
import contextlib
import io
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from lead_tui.cli import aftermath, cockpit, screen_restore
from lead_tui.cli.cockpit import Beginning, Sitting, opens
from lead_tui.cli.driving import Watching
from lead_tui.cli.screen import has_screen, is_poor
from lead_tui.core import views
from lead_tui.core.commands import Approve, Cancel, Retry
from lead_tui.errors import JournalError, UsageError
from lead_tui.journal.memory import MemoryJournal
from lead_tui.journal.open import open_journal
from lead_tui.observers.hub import Observer
from lead_tui.reporters.base import Target
from lead_tui.reporters.text import TextReporter
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.tui.opening import Home, Launch, Left, Watch
from lead_tui.tui.runs import Runs
from lead_tui.tui.screen import descriptors
from lead_tui.tui.screen.descriptors import Descriptors


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def sit_down(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Somebody sits there. Called in a test, since pytest sets the streams anew before each."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("CI", raising=False)
    return monkeypatch


def test_where_a_screen_opens(monkeypatch):
    """Three terminals, a terminal that can, no CI; else everything is headless."""
    terminal = sit_down(monkeypatch)
    assert has_screen()
    for name, value in (("CI", "true"), ("TERM", "dumb")):
        with terminal.context() as changed:
            changed.setenv(name, value)
            assert not has_screen()
    for name in ("stdin", "stdout", "stderr"):
        with terminal.context() as changed:
            changed.setattr(sys, name, io.StringIO())
            assert not has_screen()


def test_a_job_in_the_background_is_headless(monkeypatch):
    """It would be stopped as soon as it draws."""
    terminal = sit_down(monkeypatch)
    for leader, opened in ((os.getpgrp(), True), (os.getpgrp() + 1, False)):
        terminal.setattr(sys.stdin, "fileno", lambda: 0, raising=False)
        terminal.setattr(os, "tcgetpgrp", lambda _, leader=leader: leader)
        assert has_screen() is opened


def test_which_commands_open_it(monkeypatch):
    """Whoever asks for an output, for silence or for no screen gets none."""
    sit_down(monkeypatch)
    assert opens(Watching(), no_ui=False)
    assert not opens(Watching(), no_ui=True)
    assert not opens(Watching(quiet=True), no_ui=False)
    assert not opens(Watching(output="jsonl"), no_ui=False)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["watch", "last"], "leadtui events -f"),
        (["watch", "last", "--at", "3"], "leadtui logs -f"),
        (["edit", "flow.yaml"], "leadtui validate"),
        (["test-agent", "flow.yaml"], "name one of m, shell"),
        (["test-agent", "flow.yaml", "--json"], "--json needs an AGENT: m, shell"),
    ],
)
def test_without_a_terminal_they_say_what_to_do_instead(words, named, leadtui, flow):
    """Exit 2 and the command that does it."""
    agents = [{"name": "m", "type": "mock"}]
    leadtui("run", flow({"name": "a", "sh": "echo"}, {"name": "b", "agent_name": "m"}, agents=agents))
    said = leadtui(*words)
    assert said.code == 2
    assert named in said.err


def test_alone_without_a_terminal_it_is_the_help(leadtui):
    said = leadtui()
    assert said.code == 0
    assert "watch" in said.out


def test_a_poor_terminal(monkeypatch):
    """The console of Linux and what is not UTF-8 get ASCII."""
    terminal = sit_down(monkeypatch)
    assert not is_poor()
    with terminal.context() as changed:
        changed.setenv("TERM", "linux")
        assert is_poor()
    terminal.setattr(sys.stderr, "encoding", "iso-8859-1", raising=False)
    assert is_poor()


@pytest.mark.parametrize("words", [["--help"], ["run", "flow.yaml", "--no-ui"], ["runs"], ["doctor"]])
def test_headless_nothing_of_the_screen_is_imported(words, flow):
    """Textual costs as much as all the rest."""
    flow({"name": "a", "sh": "echo"})
    script = f"""
import sys
from lead_tui.cli import main
sys.argv = ["leadtui", *{words!r}]
try:
    main()
finally:
    assert "textual" not in sys.modules, "imported"
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_doctor_knows_the_cockpit(leadtui, own_place):
    """Where its file is, which theme it wears, and what is wrong with either."""
    found = {each["what"]: each["found"] for each in leadtui("doctor", "--json").json}
    assert found["cockpit"].endswith("cockpit.toml (made when you leave it)")
    assert found["theme"] == "leadtui-dark (by default)"
    assert found["full screen"] == "none here: runs are headless"
    (own_place / "config" / "leadtui").mkdir(parents=True)
    (own_place / "config" / "leadtui" / "cockpit.toml").write_text("theme = [")
    assert "warning" in leadtui("doctor").out


# --- the terminal is given back -----------------------------------------------------------------------------


def test_the_terminal_is_given_back(monkeypatch):
    """Its settings and, if the screen is open, all that the screen asked of it; from any thread.

    A frame that another thread still holds is not drawn over the shell.
    """
    master, slave = pty.openpty()
    with open(slave, "w", closefd=False) as screen:
        monkeypatch.setattr(sys, "__stdin__", screen)
        monkeypatch.setattr(sys, "__stderr__", screen)
        before = termios.tcgetattr(slave)
        state = screen_restore.TerminalState(Descriptors())
        frames = state.descriptors.writer()
        tty.setraw(slave)
        state.restore(leave_full_screen=False)
        assert termios.tcgetattr(slave) == before
        tty.setraw(slave)
        state.restore(leave_full_screen=True)
        assert termios.tcgetattr(slave) == before
        frames.write("a late frame")
        frames.flush()
        os.write(slave, b"the shell")
        written = b""
        while not written.endswith(b"the shell"):
            written += os.read(master, 1000)
        assert b"\x1b[?1049l" in written
        assert b"late" not in written
        assert not state.gone
        os.close(master)
        assert state.gone
        state.restore(leave_full_screen=True)
    os.close(slave)


# --- the end of a screen ------------------------------------------------------------------------------------

FLOW = {
    "name": "f",
    "agents": [{"name": "m", "type": "mock", "latency": "20ms"}],
    "tasks": [{"name": "a", "agent_name": "m", "action": "x"}],
}
HANGING = {**FLOW, "agents": [{"name": "m", "type": "mock", "latency": "1h"}]}
ASKING = {
    "name": "f",
    "tasks": [
        {"name": "ask", "agent_name": "human", "action": "approve", "parameters": {"message": "Go on?"}}
    ],
}


class Screen:
    """Stands in for the app: opens what it is told to open, then does what the test says."""

    def __init__(self, runs, opening, play: Callable[["Screen"], Awaitable[Left | None]]) -> None:
        self.runs = runs
        self.opening = opening
        self.play = play
        self.crash: Exception | None = None
        self.is_open = False
        self.is_gone = False
        self.left: asyncio.Future[Left] = asyncio.get_running_loop().create_future()
        self.quits = 0
        self.leaving = self

    async def begin(self):
        run = await self.opening.start()
        self.runs.adopt(run)
        return run

    async def run_async(self) -> Left | None:
        return await self.play(self)

    def call_later(self, call) -> None:
        call()

    def action_quit(self) -> None:
        self.quits += 1
        self.left.set_result(Left())

    async def for_signal(self, number, *, park) -> None:
        runs = tuple(self.runs.at_work())
        if park:
            await self.runs.park(runs)
        self.left.set_result(Left("signal", runs, number))

    def detach(self) -> None:
        self.left.set_result(Left("detached", tuple(self.runs.at_work())))


@pytest.fixture
def engine() -> Engine:
    return Engine(MemoryJournal())


def sitting(engine: Engine, flow, play, **settings) -> Sitting:
    document = load_dict(flow, Path(), {})

    async def start(observers: "list[Observer]"):
        return await engine.start(document, {}, environment={}, run_id="r1", observers=observers)

    beginning = Beginning(start, ())
    opening = Launch("r1", None, "", beginning.start)
    return Sitting(
        engine, opening, Watching(), "r1", (), beginning,
        make=lambda runs, opening: Screen(runs, opening, play), **settings,
    )  # fmt: skip


async def test_a_run_that_ended(engine, capsys):
    """Its result on stdout, the summary on stderr, its exit code."""

    async def play(screen):
        await (await screen.begin()).wait()
        return Left()

    assert await sitting(engine, FLOW, play).sit() == 0
    said = capsys.readouterr()
    assert "✓ a" in said.out
    assert "✓ f completed" in said.err


async def test_detached(engine, capsys):
    """A line says that it goes on, it is told from where it is, and it ends with its own code."""

    async def play(screen):
        await screen.begin()
        return Left("detached", tuple(screen.runs.at_work()))

    assert await sitting(engine, FLOW, play).sit() == 0
    said = capsys.readouterr().err
    assert said.startswith("the screen is closed; f goes on here\n  Ctrl-C cancels it, `leadtui watch r1`")
    assert "✓ done      a" in said


async def test_detached_at_a_gate(engine, capsys):
    """Nobody looks on any more, so it is parked as without a screen: exit 5 and the commands that answer."""

    async def play(screen):
        run = await screen.begin()
        async for _ in run.events():
            if run.state.status == "waiting":
                return Left("detached", (run,))
        return None

    assert await sitting(engine, ASKING, play).sit() == 5
    assert "leadtui approve r1" in capsys.readouterr().err


async def test_parked_in_the_middle(engine, capsys):
    """It waits for a person, too: 5, and the command that goes on."""

    async def play(screen):
        run = await screen.begin()
        await asyncio.sleep(0)
        await run.park()
        return Left()

    assert await sitting(engine, HANGING, play).sit() == 5
    assert "to go on: leadtui resume r1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 143, "cancelled"), (signal.SIGHUP, 129, "parked")]
)
async def test_signals_close_the_screen(number, code, word, engine, capsys):
    """TERM cancels, HUP parks."""

    async def play(screen):
        await screen.begin()
        os.kill(os.getpid(), number)
        return await screen.left

    assert await sitting(engine, HANGING, play).sit() == code
    assert f"f {word}" in capsys.readouterr().err


async def test_an_int_is_the_key(engine):
    """As often as it comes: the screen asks, and nobody is thrown out for having asked before."""
    quits = []

    async def play(screen):
        for _ in range(4):
            screen.left = asyncio.get_running_loop().create_future()
            os.kill(os.getpid(), signal.SIGINT)
            await screen.left
            quits.append(screen.quits)
        return Left()

    assert await Sitting(engine, Home(), Watching(), make=lambda *both: Screen(*both, play)).sit() == 0
    assert quits == [1, 2, 3, 4]


async def test_a_screen_that_crashes(engine, capsys, monkeypatch):
    """The run goes on to its end, then the mistake is told, without its values."""
    monkeypatch.setenv("LEADTUI_DEBUG", "1")

    async def play(screen):
        await screen.begin()
        raise RuntimeError("hunter2")

    assert await sitting(engine, FLOW, play).sit() == 70
    said = capsys.readouterr().err
    assert said.startswith("the screen failed; f goes on here")
    assert said.index("f completed") < said.index("a mistake of its own (RuntimeError)")
    assert "hunter2" not in said.replace('RuntimeError("hunter2")', "")


async def test_a_run_that_cannot_begin(engine):
    """Its own error, with its own exit code."""

    async def play(screen):
        try:
            await screen.begin()
        except UsageError as error:
            screen.crash = error
        return Left("crashed")

    one = sitting(engine, FLOW, play)
    await one.beginning.start()
    with pytest.raises(UsageError, match="already in this journal"):
        await sitting(engine, FLOW, play).sit()


async def test_left_before_it_began(engine, capsys):
    """Closed before anything was started: that is said. While it was being started: it is cancelled."""

    async def at_once(screen):
        return Left()

    async def meanwhile(screen):
        starting = asyncio.create_task(screen.begin())
        await asyncio.sleep(0)
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        return Left()

    assert await sitting(engine, HANGING, at_once).sit() == 130
    assert "nothing was started" in capsys.readouterr().err
    assert await sitting(engine, HANGING, meanwhile).sit() == 130
    assert "f cancelled" in capsys.readouterr().err


async def test_whoever_will_not_wait(engine, monkeypatch):
    """Quitting again and again while it cleans up ends the process; what goes on later is named."""
    ended = []

    class Gone(BaseException):
        pass

    def leave_now(reporters, code, line):
        ended.append((code, line))
        raise Gone

    async def play(screen):
        await screen.begin()
        return Left()

    monkeypatch.setattr(cockpit, "leave_now", leave_now)
    with pytest.raises(Gone):
        await sitting(engine, HANGING, play).sit()
    assert ended == [(130, "left in the middle: leadtui resume r1")]


async def test_a_terminal_that_is_gone_without_a_word(engine, monkeypatch):
    """As if it had said HUP; whoever does not hear that (nohup) goes on."""
    monkeypatch.setattr(cockpit, "LOOK_EVERY", 0)

    async def play(screen):
        await screen.begin()
        screen.is_gone = True
        return await screen.left

    assert await sitting(engine, HANGING, play).sit() == 129
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert await sitting(Engine(MemoryJournal()), FLOW, play).sit() == 0
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_several_runs(engine, capsys):
    """Each line says which run it is about; all come to their end; the screen itself ends with 0."""
    document = load_dict(FLOW, Path(), {})

    async def play(screen):
        for run_id in ("first1x", "second2x"):
            screen.runs.adopt(await engine.start(document, {}, environment={}, run_id=run_id))
        return Left("detached", tuple(screen.runs.at_work()))

    assert await Sitting(engine, Home(), Watching(), make=lambda *both: Screen(*both, play)).sit() == 0
    said = capsys.readouterr()
    for name in ("first1", "second"):
        assert f"{name} ✓ a" in said.out
        assert f"{name} ✓ f completed" in said.err


async def test_a_run_that_could_not_be_stored(engine, capsys):
    """Its error is raised once the other one has ended; a second such error is told."""

    class Broken:
        def __init__(self, run_id):
            self.run_id = run_id
            self.driving = False

        async def wait(self):
            raise JournalError(f"{self.run_id}: the disk is full")

    class Deaf:
        number = 0

        def guard(self, runs):
            assert [run.run_id for run in runs()] == []

        async def steer(self, *runs):
            await asyncio.Event().wait()

    broken = [aftermath.Remains(Broken(name), Watching(), ()) for name in ("r1", "r2")]
    with pytest.raises(JournalError, match="r1: the disk is full") as found:
        await aftermath.see_out(engine, broken, Deaf())
    assert found.value.exit_code == 8
    assert "r2: the disk is full" in capsys.readouterr().err


def test_prefixed_lines():
    """Every line begins with the words, however it is written."""
    file = Terminal()
    stream = aftermath.prefixed(file, "3f2a ")
    for text in ("a\nb", "c\n", "", "d\n"):
        stream.write(text)
    stream.flush()
    assert file.getvalue() == "3f2a a\n3f2a bc\n3f2a d\n"
    assert not stream.isatty()
    assert stream.encoding == "utf-8"


async def test_what_a_late_reporter_is_told(engine):
    """The tasks that are under way, when the run began, and the time: so its times are those of the run."""
    run = await engine.start(load_dict(HANGING, Path(), {}), {}, environment={})
    async for _ in run.events():
        if run.state.tasks["a"].status == "running":
            break
    now = engine.clock.now() + timedelta(seconds=60)
    first, *rest, last = aftermath.under_way(run.state, now)
    assert first.ts == run.state.started_at
    assert [(each.task, each.attempt) for each in rest] == [("a", 1)]
    assert last.ts == now
    await run.send(Cancel())
    await run.wait()


async def test_what_is_counted_when_the_screen_is_closed(engine, monkeypatch):
    """All tasks of the run and those that ended under the screen; no time is negative, whoever began last."""
    shown = []

    class Looked(TextReporter):
        def show(self, batch):
            super().show(batch)
            progress = self.progress
            shown.append(
                (progress.running.ended, progress.running.total, progress.ages(), progress.elapsed())
            )

    def stream(watching, **_):
        return Looked(Target(io.StringIO(), io.StringIO(), total=watching.total, ended=watching.ended))

    agents = [{"name": "quick", "type": "mock"}, {"name": "slow", "type": "mock", "latency": "1h"}]
    tasks = [
        {"name": "late", "agent_name": "slow", "action": "x", "depends_on": ["first"]},
        {"name": "early", "agent_name": "slow", "action": "x"},
        {"name": "first", "agent_name": "quick", "action": "x"},
    ]
    flow = {"name": "f", "parallel_execution": True, "agents": agents, "tasks": tasks}

    async def play(screen):
        run = await screen.begin()
        async for _ in run.events():
            if run.state.tasks["late"].status == run.state.tasks["early"].status == "running":
                os.kill(os.getpid(), signal.SIGTERM)
                return await screen.left
        return None

    monkeypatch.setattr(aftermath, "stream_reporter", stream)
    assert await sitting(engine, flow, play).sit() == 143
    ended, total, ages, elapsed = shown[0]
    assert (ended, total) == (1, 3)
    assert {name for name, _ in ages} == {"early", "late"}
    assert min(elapsed, *(age for _, age in ages)) >= 0


@pytest.mark.parametrize(
    ("moment", "told", "next_line"),
    [
        ("running", "f running in", "to watch it: leadtui watch r1"),
        ("parked", "f parked in", "to go on: leadtui resume r1"),
        ("waiting", "f waiting in", "leadtui approve r1"),
        ("cancelled", "■ f cancelled in", "to go on: leadtui retry r1"),
    ],
)
async def test_a_run_that_was_looked_at(moment, told, next_line, engine, capsys):
    """Whoever drives it, the last lines say how it stands and what goes on with it; the exit code is 0."""
    flow = ASKING if moment == "waiting" else HANGING
    run = await engine.start(
        load_dict(flow, Path(), {}), {}, environment={}, run_id="r1", park_when_waiting=True
    )

    async def play(screen):
        return Left()

    if moment == "waiting":
        await run.wait()
    if moment == "cancelled":
        await run.send(Cancel())
        await run.wait()
    if moment == "parked":
        await run.park()
    looking = Sitting(engine, Watch("r1"), Watching(), "r1", make=lambda *both: Screen(*both, play))
    assert await looking.sit() == 0
    said = capsys.readouterr().err
    assert told in said
    assert "run r1" in said
    assert next_line in said
    await run.park()


async def test_what_was_written_past_the_screen(engine, capsys):
    """It is told when the screen is closed; what was too much is counted, and nothing in it acts."""

    async def play(screen):
        past = screen.descriptors.file
        os.write(past, b"one \x1b[31m\ntwo\n" + b"x" * descriptors.KEPT)
        return Left()

    assert await Sitting(engine, Home(), Watching(), make=lambda *both: Screen(*both, play)).sit() == 0
    said = capsys.readouterr().err
    assert said.startswith("written past the screen")
    assert "\n  | one ␛[31m\n  | two\n  | xxx" in said
    assert "  | ... and 14 bytes more\n" in said


@pytest.mark.parametrize("wish", ["answer", "park"])
async def test_a_journal_that_was_deleted_at_a_gate(wish, tmp_path):
    """What is written into a deleted file is lost: the end says so, with exit 8, however it is left."""
    folder = tmp_path / "journal"
    journal = open_journal(str(folder / "journal.db"))

    async def play(screen):
        run = await screen.begin()
        async for _ in run.events():
            if run.state.status == "waiting":
                break
        shutil.rmtree(folder)
        if wish == "park":
            await screen.runs.park([run])
        else:
            (gate,) = views.open_gates(run.state)
            await run.send(Approve(gate=gate.request.gate))
            with contextlib.suppress(JournalError):
                await run.wait()
        return Left()

    with pytest.raises(JournalError, match="was deleted") as found:
        await sitting(Engine(journal), ASKING, play).sit()
    assert found.value.exit_code == 8
    journal.close()


async def test_reports_hear_of_a_run_that_is_tried_again_under_the_screen(engine):
    """They tell all of it, not its first part alone."""

    class Report(Observer):
        seen: ClassVar[list[str]] = []

        async def on_event(self, event):
            self.seen.append(event.type)

    failing = {
        **FLOW,
        "agents": [
            {"name": "m", "type": "mock", "fail": {"x": {"times": 1, "category": "validation_error"}}}
        ],
    }
    runs = Runs(engine, by="me")
    runs.observers["r1"] = [Report()]
    run = await engine.start(load_dict(failing, Path(), {}), {}, environment={}, run_id="r1")
    assert (await run.wait()).status == "failed"
    await runs.send("r1", Retry())
    await runs.driven["r1"].wait()
    assert "run_reopened" in Report.seen
