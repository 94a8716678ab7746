"""Ctrl-C, TERM and HUP: in real processes, and their clock in virtual time."""

import asyncio
import signal
from pathlib import Path

import pytest

from lead_tui.cli.signals import EXIT_AFTER_TERM, Signals, skipped_cleanup
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


async def _steered(run, *numbers, leave=None):
    """What is said, the seconds it took and the signal that ended it, when these come one after the other."""
    said: list[str] = []
    signals = Signals(said.append, leave=leave or (lambda code: said.append(f"left with {code}")))
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


def test_term_leaves_what_does_not_end():
    """An agent that ignores its cancellation cannot hold the process for 6 s."""

    async def play():
        run = await _begin("1h")
        times = []

        def leave(code):
            times.append((asyncio.get_running_loop().time() - began, code))
            stubborn.set()

        stubborn = asyncio.Event()
        said: list[str] = []
        signals = Signals(said.append, leave=leave)

        class Stubborn:
            run_id = "r1"

            async def send(self, command):
                return await run.send(command)

        steering = asyncio.create_task(signals.steer(Stubborn()))
        began = asyncio.get_running_loop().time()
        signals.came.put_nowait(signal.SIGTERM)
        await stubborn.wait()
        assert times == [(pytest.approx(EXIT_AFTER_TERM), 143)]
        assert said[-1] == "left in the middle: leadtui resume r1"
        steering.cancel()
        signals.__exit__()
        await run.wait()

    run_virtual(play())


def test_a_third_signal_leaves_at_once():
    """Whoever insists gets out; the journal has what was acknowledged."""

    async def play():
        run = await _begin("1h")
        said, _, _ = await _steered(run, signal.SIGINT, signal.SIGINT, signal.SIGINT)
        assert "left with 130" in said

    run_virtual(play())


def test_a_signal_after_the_end_changes_nothing():
    """The run completed: its own exit code stands."""

    async def play():
        run = await _begin("0s")
        await run.wait()
        said, _, number = await _steered(run, signal.SIGINT)
        assert (said, number) == ([], 0)

    run_virtual(play())
