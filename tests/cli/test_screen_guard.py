"""The guard of the terminal: what it does when the process with the screen dies, and that it does no harm."""

import contextlib
import os
import pty
import sys
import tempfile
import termios
import tty
from collections.abc import Iterator

import pytest

from lead_tui.cli import screen_guard_program as program
from lead_tui.cli.screen_guard import ScreenGuard
from lead_tui.cli.screen_restore import TerminalState
from lead_tui.tui.screen.descriptors import Descriptors
from lead_tui.tui.screen.plain_stream import unechoed


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
            settings = self.before, self.raw, unechoed(self.before)
            program.guard(reader, self.slave, self.slave, file.fileno(), settings)
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


@pytest.mark.parametrize("told", [(), (b"e",), (b"o", b"c", b"e"), (b"oce",)])
def test_where_no_screen_is_open_nothing_is_done(screen, told):
    """None ever was, or the process put all back itself."""
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


@pytest.mark.parametrize("told", [(b"o", b"e"), (b"o", b"c", b"oe")])
def test_a_terminal_that_was_held(screen, told):
    """The process leaves in order, but could not give it back."""
    screen.dies(*told)
    assert screen.settings == screen.before
    assert screen.written.startswith(program.LEAVE_FULL_SCREEN)


def test_plain_lines(screen):
    """A screen that was left for a while: the settings are put back, and that it ended is told, no more."""
    termios.tcsetattr(screen.slave, termios.TCSANOW, unechoed(screen.before))
    screen.dies(b"o", b"c", past=b"of the screen")
    assert screen.settings == screen.before
    assert screen.written.replace(b"\r", b"") == program.OVER


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
    program.guard(reader, screen.slave, screen.slave, reader, (screen.before, screen.raw, screen.raw))
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


def test_a_guard_that_is_dismissed(screen, state):
    """The process leaves and says so itself: what became of the terminal is its own affair."""
    guard = ScreenGuard(state)
    state.descriptors.take()
    guard.start()
    state.descriptors.give_back()
    guard.dismiss()
    state.descriptors.take()
    guard._process.stdin.close()
    assert guard._process.wait(30) == 0
    os.set_blocking(screen.master, False)
    with pytest.raises(BlockingIOError):
        os.read(screen.master, 1)


def test_without_a_terminal_there_is_no_guard(state):
    """Nothing to give back."""
    state.settings = None
    guard = ScreenGuard(state)
    guard.start()
    guard.stop()
    assert guard._process is None
