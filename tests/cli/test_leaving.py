"""The end of the process: nothing that is left behind holds it, nothing that cannot be written breaks it."""

import asyncio
import errno
import io
import os
import signal
import subprocess
import sys
import threading

import pytest
import typer

from lead_tui import cli
from lead_tui.cli import driving, failure, leaving


@pytest.fixture(autouse=True)
def _ctrl_c():
    """Whoever runs the tests keeps their Ctrl-C."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def ended(monkeypatch):
    """The codes that the process would have ended with at once."""
    codes = []
    monkeypatch.setattr("os._exit", codes.append)
    monkeypatch.setattr(leaving, "PATIENCE", 0.01)
    monkeypatch.setattr(leaving, "_left", [])
    return codes


def test_with_nothing_left_it_ends_as_usual(ended):
    """The code is raised as SystemExit, and the loop is closed."""

    async def work():
        task = asyncio.create_task(asyncio.sleep(3600))
        failing = asyncio.create_task(fail())
        await asyncio.to_thread(int)
        await asyncio.sleep(0)
        return task, failing

    async def fail():
        try:
            await asyncio.sleep(3600)
        finally:
            raise ValueError("its own affair")

    task, _ = leaving.in_loop(work())
    assert task.cancelled()
    with pytest.raises(SystemExit) as found:
        leaving.leave(3)
    assert (found.value.code, ended) == (3, [])


def test_a_task_that_will_not_end_is_left(ended):
    """Its loop is not waited for, and the process ends at once."""
    held = asyncio.Event()

    async def swallow():
        while not held.is_set():
            try:
                await held.wait()
            except asyncio.CancelledError:
                continue

    async def work():
        task = asyncio.create_task(swallow())
        await asyncio.sleep(0)
        return task

    task = leaving.in_loop(work())
    assert not task.done()
    with pytest.raises(SystemExit):
        leaving.leave(0)
    assert ended == [0]
    [loop] = leaving._left
    held.set()
    loop.run_until_complete(task)
    loop.close()


def test_a_thread_that_will_not_end_is_left(ended):
    """A thread that Python would wait for is not waited for."""
    held = threading.Event()
    thread = threading.Thread(target=held.wait)
    thread.start()
    with pytest.raises(SystemExit):
        leaving.leave(1)
    held.set()
    thread.join()
    assert ended == [1]


class Full(io.StringIO):
    def flush(self):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("code", "expected"), [(0, 1), (5, 5)])
def test_what_is_lost_in_a_buffer_is_told_by_the_code(code, expected, ended, monkeypatch):
    """A success that could not be written is none; another code stands."""
    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(SystemExit) as found:
        leaving.leave(code)
    assert found.value.code == expected


@pytest.fixture
def shell(monkeypatch):
    """Call the program as a shell does."""
    monkeypatch.setattr(leaving, "_threads_left", lambda: False)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["leadtui", *words])
        with pytest.raises(SystemExit) as found:
            cli.main()
        return found.value.code

    return call


def test_the_program(shell, capfd, monkeypatch):
    """Its exit codes are those of its commands; a help that cannot be printed exits with 1."""
    assert shell("--version") == 0
    assert shell("runs", "--status", "blah") == 2

    def full(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stdout", type("Full", (io.StringIO,), {"write": full})())
    assert shell("--help") == 1
    assert "cannot be written" in capfd.readouterr().err


def test_a_stream_that_was_closed(shell, capfd, monkeypatch):
    """Python has none then: what is printed goes nowhere."""
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert shell("nonsense") == 2
    assert sys.stdin.readable()
    assert sys.stderr.writable()


def test_a_stdout_that_an_agent_took_away(ended, monkeypatch):
    """Neither a command's end nor the process's stumbles over it, and the exit code stands."""
    monkeypatch.setattr(sys, "stdout", None)
    with failure.explained():
        pass
    with pytest.raises(typer.Exit) as left, failure.explained():
        raise typer.Exit(3)
    assert left.value.exit_code == 3
    leaving.give_up(sys.stdout)
    with pytest.raises(SystemExit) as found:
        leaving.leave(0)
    assert (found.value.code, ended) == (0, [])


@pytest.mark.parametrize(
    "module", ["typer", "lead_tui.cli.commands.runs", "msgspec", "lead_tui.runner.engine"]
)
def test_ctrl_c_in_the_middle_of_the_imports(module):
    """Whatever is being imported when it comes: exit 130 and not a word."""
    script = f"""
import os, signal, sys

class Importing:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Importing())
from lead_tui.cli import main
sys.argv = ["leadtui", "runs"]
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_a_late_ctrl_c_changes_nothing(ended):
    """When all is said the exit code stands."""
    with pytest.raises(SystemExit) as found:
        leaving.leave(0)
    os.kill(os.getpid(), signal.SIGINT)
    assert (found.value.code, ended) == (0, [])


def test_leaving_at_once_gives_the_terminal_back(ended, capsys):
    """Reporters are closed and the last line is said; who holds the terminal does not hold the process."""
    closed, held = [], threading.Event()

    class Reporter:
        def close(self):
            closed.append(self)

    class Held(Reporter):
        def close(self):
            held.wait()

    driving.leave_now([Reporter()], 130, "left in the middle")
    assert (len(closed), ended, capsys.readouterr().err) == (1, [130], "left in the middle\n")
    driving.leave_now([Held()], 143, "")
    assert ended == [130, 143]
    held.set()
