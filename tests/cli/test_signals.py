"""Ctrl-C, TERM and HUP: in real processes, and their clock in virtual time."""

import asyncio
import os
import queue
import signal
import threading
from pathlib import Path

import pytest

from lead_tui.cli.signals import Signals, skipped_cleanup
from lead_tui.cli.watchdog import Watchdog
from lead_tui.flow.loader import Document
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import load_dict
from lead_tui.testing import run_virtual
from lead_tui.testing.flows import memory_engine

NAP = {"name": "nap", "sh": "echo napping; sleep 60"}


@pytest.fixture
def slow(flow):
    """A flow that naps, and leaves a file when it cleans up."""
    return flow(NAP, finally_=[{"name": "clean", "sh": "touch cleaned; echo cleaning"}])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_int_and_term_cancel_and_clean_up(number, code, program, slow, own_place, leadtui):
    """The run ends cancelled, its cleanup has run, the exit code is the signal's, the last line goes on."""
    run = program("run", slow)
    run.until("napping")
    run.signal(number)
    said = run.end()
    assert said.code == code
    assert (own_place / "cleaned").exists()
    assert "leadtui retry" in said.err.splitlines()[-1]
    assert leadtui("show", "last", "--json").json["status"] == "cancelled"


def test_a_second_int_skips_the_cleanup(program, flow):
    """What was skipped is listed."""
    run = program("run", flow(NAP, finally_=[{"name": "clean", "sh": "echo cleaning; sleep 60"}]))
    run.until("napping")
    run.signal(signal.SIGINT)
    run.until("cleaning")
    run.signal(signal.SIGINT)
    said = run.end()
    assert said.code == 130
    assert "cleanup that was skipped: clean" in said.err


def test_whoever_insists_gets_out(program, flow):
    """A third INT leaves at once, although the command ignores all that it is told; `resume` is named."""
    run = program(
        "run", flow({"name": "nap", "sh": "trap '' TERM; echo napping; sleep 60; sleep 60"}), "--db", "o.db"
    )
    run.until("napping")
    for text in ("cancelling", "skipping the cleanup", "left in the middle"):
        run.signal(signal.SIGINT)
        line = run.until(text)
    assert line.rstrip().endswith("--db o.db")
    assert run.end().code == 130


def test_hup_parks_the_run(program, slow, own_place, leadtui):
    """Exit 129 without cleanup; the run is interrupted, not lost, and `resume` is named."""
    run = program("run", slow)
    run.until("napping")
    run.signal(signal.SIGHUP)
    said = run.end()
    assert said.code == 129
    assert "leadtui resume" in said.err.splitlines()[-1]
    assert "flow parked in " in said.err
    assert " 1 in flight when it was left" in said.err
    assert not (own_place / "cleaned").exists()
    assert leadtui("show", "last", "--json").json["status"] == "interrupted"
    assert "interrupted" in leadtui("show", "last").out


def test_signals_in_this_process(flow, leadtui, own_place):
    """The command of a task sends the signals: the same as from outside, and the handlers are gone after."""
    before = signal.getsignal(signal.SIGINT)
    path = flow(
        {"name": "nap", "sh": "kill -INT $PPID; sleep 60"},
        finally_=[{"name": "clean", "sh": "kill -INT $PPID; sleep 60"}],
    )
    said = leadtui("run", path)
    assert said.code == 130
    assert "cleanup that was skipped: clean" in said.err
    assert signal.getsignal(signal.SIGINT) is before
    parked = leadtui("run", flow({"name": "nap", "sh": "kill -HUP $PPID; sleep 60"}))
    assert parked.code == 129


def test_a_signal_that_is_ignored_stays_ignored(flow, leadtui):
    """`nohup leadtui run` outlives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert leadtui("run", flow({"name": "a", "sh": "kill -HUP $PPID; echo"})).code == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def _document(latency: str) -> Document:
    agent = {"name": "m", "type": "mock", "latency": latency}
    task = {"agent_name": "m", "action": "x"}
    data = {
        "name": "f",
        "agents": [agent],
        "tasks": [{"name": "a", **task}],
        "finally": [{"name": "end", **task}],
    }
    return load_dict(data, Path(), {})


async def _begin(latency: str):
    engine = memory_engine(MemoryJournal())
    run = await engine.start(_document(latency), {}, environment={})
    await asyncio.sleep(1)
    return run


async def _steered(run, *numbers):
    """What is said, the seconds it took and the signal that ended it, when these come one after the other."""
    said: list[str] = []
    signals = Signals(said.append, lambda code, line: said.append(line), str)
    steering = asyncio.create_task(signals.steer(run))
    began = asyncio.get_running_loop().time()
    for number in numbers:
        signals.came.put_nowait(number)
    await run.wait()
    steering.cancel()
    signals.__exit__()
    return said, asyncio.get_running_loop().time() - began, signals.number


def test_term_gives_the_cleanup_four_seconds():
    """Then it is skipped, so that the process is gone before who sent TERM sends KILL."""

    async def play():
        run = await _begin("1h")
        said, seconds, number = await _steered(run, signal.SIGTERM)
        assert seconds == pytest.approx(4)
        assert number == signal.SIGTERM
        assert skipped_cleanup(run.state) == ["end"]
        assert said[-1].startswith("skipping the cleanup")

    run_virtual(play())


def test_a_signal_after_the_end_changes_nothing():
    """The run completed: its own exit code stands."""

    async def play():
        run = await _begin("0s")
        await run.wait()
        said, _, number = await _steered(run, signal.SIGINT)
        assert (said, number) == ([], 0)

    run_virtual(play())


BLOCK = """
import time

async def block():
    open("blocking", "w").close()
    time.sleep(40)

def hang():
    print("hanging", flush=True)
    time.sleep(40)

async def swallow():
    import asyncio
    print("swallowing", flush=True)
    while True:
        try:
            await asyncio.sleep(40)
        except asyncio.CancelledError:
            print("no", flush=True)

async def leave_behind():
    import asyncio
    asyncio.get_running_loop().leftover = asyncio.create_task(swallow())
    asyncio.get_running_loop().run_in_executor(None, hang)
    await asyncio.sleep(0.1)
"""


@pytest.fixture
def calls(flow, own_place):
    """A flow whose only task calls this function."""
    (own_place / "block.py").write_text(BLOCK)

    def call(name):
        return flow({"name": "b", "agent_name": "python", "action": f"block:{name}"})

    return call


def test_three_ints_end_a_blocked_process(program, calls, leadtui, own_place):
    """An agent that blocks the event loop cannot hold whoever insists; the run is left as it is stored."""
    run = program("run", calls("block"), "--run-id", "b1")
    _until_it_blocks(run, own_place)
    while run.process.poll() is None:  # signals of one kind that are not yet delivered become one
        run.signal(signal.SIGINT)
    said = run.end()
    assert said.code == 130
    assert said.err.splitlines()[-1] == "left in the middle: leadtui resume b1"
    assert leadtui("show", "b1", "--json").json["status"] == "interrupted"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_one_term_ends_a_blocked_process(number, code, program, calls, own_place):
    """The deadline holds although the loop does not turn."""
    run = program("run", calls("block"), "--run-id", "b1")
    _until_it_blocks(run, own_place)
    run.signal(number)
    assert run.end().code == code


def test_what_an_agent_leaves_behind_does_not_hold_the_process(program, calls, leadtui):
    """A coroutine that swallows its cancellation and a thread that hangs: the run is over, and so are we."""
    said = program("run", calls("leave_behind"), "--run-id", "b1").end()
    assert said.code == 0
    assert "completed" in said.err
    assert "Traceback" not in said.err
    assert "destroyed" not in said.err
    assert leadtui("show", "b1", "--json").json["owner"] is None


def _until_it_blocks(run, folder):
    while not (folder / "blocking").exists():
        assert run.process.poll() is None


class Ends:
    """Where a watchdog says what it hears and when it leaves."""

    def __init__(self, seconds):
        self.heard = queue.SimpleQueue()
        self.left = queue.SimpleQueue()
        self.dog = Watchdog(self.heard.put, self.left.put, seconds=seconds)
        self._before = {}

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.signal(number, lambda *_: None)
        self.dog.start()
        return self

    def __exit__(self, *_):
        self.dog.stop()
        for number, before in self._before.items():
            signal.signal(number, before)


def test_a_third_signal_leaves_at_once():
    """Two are handed on, the third is not waited for, whatever they are."""
    with Ends(seconds=60) as ends:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
        assert [ends.heard.get(timeout=30) for _ in range(2)] == [signal.SIGINT, signal.SIGTERM]
        assert ends.left.get(timeout=30) == signal.SIGINT


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_deadline_that_passes_ends_it(number):
    """Nobody obeyed: the process is left with the signal that came."""
    with Ends(seconds=0.01) as ends:
        os.kill(os.getpid(), number)
        assert ends.heard.get(timeout=30) == number
        assert ends.left.get(timeout=30) == number


def test_an_int_has_no_deadline_and_a_watch_that_ended_has_none():
    """A person may wait as long as they like; after `stop` nothing ends the process."""
    with Ends(seconds=0) as ends:
        os.kill(os.getpid(), signal.SIGINT)
        assert ends.heard.get(timeout=30) == signal.SIGINT
    before = threading.active_count()
    with Ends(seconds=60) as later:
        os.kill(os.getpid(), signal.SIGTERM)
        assert later.heard.get(timeout=30) == signal.SIGTERM
    while threading.active_count() > before:
        pass
    assert ends.left.empty()
    assert later.left.empty()


def test_other_signals_are_nothing_to_a_watchdog():
    """A terminal whose size changes three times is not somebody who insists."""
    before = signal.signal(signal.SIGWINCH, lambda *_: None)
    try:
        with Ends(seconds=60) as ends:
            for _ in range(5):
                os.kill(os.getpid(), signal.SIGWINCH)
            os.kill(os.getpid(), signal.SIGINT)
            assert ends.heard.get(timeout=30) == signal.SIGINT
        assert ends.heard.empty()
        assert ends.left.empty()
    finally:
        signal.signal(signal.SIGWINCH, before)


def test_who_thought_better_of_it_is_forgiven():
    """The next INT is the first one again."""
    with Ends(seconds=60) as ends:
        for _ in range(4):
            os.kill(os.getpid(), signal.SIGINT)
            assert ends.heard.get(timeout=30) == signal.SIGINT
            ends.dog.forgive()
        assert ends.left.empty()
