"""The guard of the terminal: what it does when the process with the screen dies, and that it does no harm."""

import contextlib
import os
import pty
import sys
import tempfile
import termios
import threading
import tty
from collections.abc import Iterator

import pytest

from lead_tui.cli import screen_guard_program as program
from lead_tui.cli.screen_guard import ScreenGuard
from lead_tui.cli.screen_restore import TerminalState
from lead_tui.tui.screen.descriptors import Descriptors


class Screen:
    """A terminal, and what was written to it."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        tty.setraw(self.slave)
        self.raw = termios.tcgetattr(self.slave)
        self.written = b""

    def dies(self, *told: bytes, past: bytes = b"") -> None:
        """The guard hears this, then the end."""
        reader, writer = os.pipe()
        for each in told:
            os.write(writer, each)
        os.close(writer)
        with tempfile.TemporaryFile(buffering=0) as file:
            file.write(past)
            program.guard(reader, self.slave, self.slave, file.fileno(), (self.before, self.raw))
        os.close(reader)
        os.set_blocking(self.master, False)
        with contextlib.suppress(BlockingIOError):
            self.written = os.read(self.master, 10_000)

    @property
    def settings(self):
        return termios.tcgetattr(self.slave)


@pytest.fixture
def screen() -> Iterator[Screen]:
    found = Screen()
    yield found
    os.close(found.master)
    with contextlib.suppress(OSError):
        os.close(found.slave)


@pytest.mark.parametrize("told", [(), (b"c",), (b"o", b"c"), (b"oc",)])
def test_where_no_screen_is_open_nothing_is_done(screen, told):
    """The process put all back itself."""
    screen.dies(*told)
    assert screen.written == b""
    assert screen.settings == screen.raw


def test_an_open_screen_is_closed(screen):
    """Settings, modes, and the last words, which no terminal obeys."""
    screen.dies(b"o", b"c", b"o", past=b"free(): invalid pointer\x1b[31m \xff")
    assert screen.settings == screen.before
    assert screen.written.startswith(program.LEAVE_FULL_SCREEN)
    said = screen.written.removeprefix(program.LEAVE_FULL_SCREEN).decode()
    assert said.startswith("free(): invalid pointer?[31m \ufffd\r\n")
    assert "ended without a word" in said


def test_a_shell_that_was_quicker_keeps_its_settings(screen):
    """It edits a line already, and knows what to go back to."""
    edits = termios.tcgetattr(screen.slave)
    edits[3] |= termios.ISIG
    termios.tcsetattr(screen.slave, termios.TCSANOW, edits)
    screen.dies(b"o")
    assert screen.settings == edits
    assert program.LEAVE_FULL_SCREEN in screen.written


def test_a_terminal_that_is_gone(screen):
    """Nobody to give it back to."""
    os.close(screen.slave)
    reader, writer = os.pipe()
    os.write(writer, b"o")
    os.close(writer)
    program.guard(reader, screen.slave, screen.slave, reader, (screen.before, screen.raw))
    os.close(reader)


@pytest.fixture
def state(screen, monkeypatch) -> Iterator[TerminalState]:
    """The terminal of this process is that screen."""
    termios.tcsetattr(screen.slave, termios.TCSANOW, screen.before)
    with contextlib.ExitStack() as files:
        for name in ("__stdin__", "__stdout__", "__stderr__"):
            monkeypatch.setattr(sys, name, files.enter_context(os.fdopen(os.dup(screen.slave), "w")))
        found = TerminalState(Descriptors())
        yield found
        found.descriptors.give_back()
        for number in (found.descriptors.keys, found.descriptors.screen):
            os.close(number)
        if found.descriptors._file is not None:
            os.close(found.descriptors._file)


def heard(screen: Screen) -> bytes:
    """All that the terminal shows until it says that somebody died."""
    text = b""
    while b"without a word" not in text:
        text += os.read(screen.master, 1000)
    return text


def test_the_real_guard(screen, state):
    """It outlives the pipe's end, gives back what was open, and ends; in good order it does nothing."""
    state.descriptors.take()
    tty.setraw(state.descriptors.keys)
    guard = ScreenGuard(state)
    guard.start()
    guard.start()
    guard.stop()  # as a death does it: the pipe ends, the screen is open
    assert guard._process.wait(30) == 0
    assert program.LEAVE_FULL_SCREEN in heard(screen)
    assert screen.settings == screen.before
    orderly = ScreenGuard(state)
    state.descriptors.give_back()
    orderly.start()
    state.descriptors.take()
    state.descriptors.give_back()
    orderly.stop()
    assert orderly._process.wait(30) == 0
    os.set_blocking(screen.master, False)
    with pytest.raises(BlockingIOError):
        os.read(screen.master, 1)


def test_whoever_leaves_by_the_back_door(screen, state, monkeypatch):
    """`os._exit` under a screen gives the terminal back first; without one, and in a fork, it only exits."""
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    exits = os._exit
    state.descriptors.take()
    tty.setraw(state.descriptors.keys)
    guard = ScreenGuard(state)
    guard.start()
    assert os._exit is not exits
    with monkeypatch.context() as fork:
        fork.setattr(os, "getpid", lambda: 1)
        os._exit(3)
    assert screen.settings != screen.before
    found = []
    reading = threading.Thread(target=lambda: found.append(heard(screen)))
    reading.start()
    os._exit(4)
    reading.join()
    assert program.LEAVE_FULL_SCREEN in found[0]
    assert screen.settings == screen.before
    os._exit(5)
    assert codes == [3, 4, 5]
    guard.stop()
    assert os._exit is exits


def test_without_a_terminal_there_is_no_guard(state):
    """Nothing to give back."""
    state.settings = None
    guard = ScreenGuard(state)
    guard.start()
    guard.stop()
    assert guard._process is None
