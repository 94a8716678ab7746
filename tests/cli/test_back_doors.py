"""An agent that ends this process, or puts another program in its place: no way to hide what is left."""

import os
from types import SimpleNamespace

import pytest

from lead_tui import cli
from lead_tui.cli import leaving
from lead_tui.cli.back_doors import NO_EXEC, BackDoors
from lead_tui.cli.signals import NOTHING_KNOWN, Signals
from lead_tui.core.state import RunStatus

STEPS = """
import asyncio, multiprocessing, os, subprocess
from os import _exit as end

def in_thread(status):
    os._exit(status)

async def in_loop(status):
    end(status)

def replace():
    os.execvp("true", ["true"])

def children():
    child = multiprocessing.get_context("fork").Process(target=os._exit, args=(3,))
    child.start()
    child.join()
    pid = os.fork()
    if not pid:
        os.execlp("sh", "sh", "-c", "exit 4")
    forked = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    spawned = os.spawnlp(os.P_WAIT, "sh", "sh", "-c", "exit 5")
    return [child.exitcode, forked, spawned, subprocess.call("exit 6", shell=True)]
"""


class Ended(Exception):
    """Stands for the end of the process, with this code."""


@pytest.fixture
def doors(monkeypatch):
    """Shut, in a process whose end is an exception."""

    def end(code):
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", end)
    made = BackDoors()
    with made.shut():
        yield made
    assert os._exit is end


@pytest.fixture
def steps(own_place, flow):
    """A flow that calls one of the functions above."""
    (own_place / "steps.py").write_text(STEPS)

    def write(function, **parameters):
        return flow(
            {"name": "a", "agent_name": "python", "action": f"steps:{function}", "parameters": parameters},
            agents=[{"name": "python", "type": "python"}],
        )

    return write


@pytest.mark.parametrize("status", [0, 3, 5])
@pytest.mark.parametrize("function", ["in_thread", "in_loop"])
def test_an_agent_that_ends_a_headless_run(function, status, program, steps, leadtui):
    """Whatever status it asked for the exit code is that of a failure; the last line goes on with the run."""
    said = program("run", steps(function, status=status), "--no-ui", "--run-id", "r1").end()
    assert said.code == 1
    *_, told, last = said.err.splitlines()
    assert told == f"error: an agent ended this process (status {status})"
    assert last == "left in the middle: leadtui resume r1"
    assert leadtui("show", "r1", "--json").json["status"] == "interrupted"


def test_an_agent_that_ends_a_call_of_its_own(program, steps):
    """`test-agent` drives no run: who ended it is told all the same, and it is no success."""
    said = program("test-agent", steps("in_thread"), "python", "-p", "status=0").end()
    assert (said.code, said.err) == (1, "error: an agent ended this process (status 0)\n")


def test_another_program_in_our_place(program, steps):
    """Refused, which is a failure of the attempt; children are not asked."""
    said = program("run", steps("replace"), "--no-ui").end()
    assert said.code == 1
    assert f"RuntimeError: {NO_EXEC}" in said.err
    said = program("run", steps("children"), "--no-ui").end()
    assert (said.code, said.out) == (0, "✓ a  [3,4,5,6]\n")


def test_who_knocks_is_answered_by_whoever_drives(doors):
    """It hears the status, and may end the process with a code of its own; if it breaks it failed."""
    heard = []
    with doors.answered(heard.append), pytest.raises(Ended, match="1"):
        os._exit(0)
    assert heard == [0]
    with doors.answered(lambda status: 1 / status), pytest.raises(Ended, match="1"):
        os._exit(0)
    with doors.answered(lambda status: doors.leave(143)), pytest.raises(Ended) as found:
        os._exit(0)
    assert found.value.__context__.args == (143,), "which ended it"


def test_nobody_drives(doors, capsys):
    """One line says who ended it."""
    with pytest.raises(Ended, match="1"):
        os._exit(5)
    assert capsys.readouterr().err == "error: an agent ended this process (status 5)\n"


def test_a_fork_leaves_as_it_wants(doors, monkeypatch):
    """Its exit code is its own affair."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(Ended, match="5"):
        os._exit(5)


def test_they_are_shut_for_a_whole_command_and_no_longer(monkeypatch):
    """From before anything of a flow is imported until all is said; the program's own way out stays."""
    before = os._exit, os.execv, os.execve
    seen = []
    monkeypatch.setattr("signal.signal", lambda *_: None)  # whoever runs the tests keeps their Ctrl-C
    monkeypatch.setattr(leaving, "_threads_left", lambda: seen.append((os._exit, os.execv, os.execve)))
    monkeypatch.setattr("sys.argv", ["leadtui", "--version"])
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    assert not set(before) & set(seen[0])
    assert (os._exit, os.execv, os.execve) == before


@pytest.mark.parametrize(
    ("driving", "status", "last"),
    [
        (True, "running", "left in the middle: leadtui resume r1"),
        (True, "completed", NOTHING_KNOWN),
        (False, "waiting", NOTHING_KNOWN),
    ],
)
def test_what_is_left_is_named(driving, status, last):
    """A run that has ended or was parked is not cut off by it."""
    run = SimpleNamespace(run_id="r1", driving=driving, state=SimpleNamespace(status=RunStatus(status)))
    left = []
    signals = Signals(print, lambda *end: left.append(end), "leadtui resume {}".format)
    signals.guard(lambda: [run])
    signals.ended_within(0)
    assert left == [(1, f"error: an agent ended this process (status 0)\n{last}")]
