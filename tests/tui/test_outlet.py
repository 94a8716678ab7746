"""The way to the terminal: in order, never waiting, quiet when nobody is there; and keys while it is left."""

import asyncio
import io
import os
import pty
import termios
import threading

import pytest

from lead_tui.core import events as ev
from lead_tui.tui.screen import outlet, plain_stream
from lead_tui.tui.screen.outlet import Outlet
from lead_tui.tui.screen.plain_stream import keys
from tests.tui.playing import Play, task


class Held(io.StringIO):
    """A terminal that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.free = threading.Event()

    def write(self, text: str) -> int:
        self.asked.set()
        self.free.wait(20)
        return super().write(text)


def test_in_order():
    """All of it, by the time it is closed."""
    file = io.StringIO()
    out = Outlet(file, lambda: None)
    for number in range(1000):
        out.write(f"{number},")
    out.close(20)
    assert file.getvalue() == "".join(f"{number}," for number in range(1000))


def test_a_terminal_that_is_held(monkeypatch):
    """What is too much is dropped whole; once it reads again, that is told once."""
    monkeypatch.setattr(outlet, "MOST", 10)
    file, told = Held(), threading.Semaphore(0)
    out = Outlet(file, told.release)
    out.write("first")
    assert file.asked.wait(20)
    for _ in range(5):
        out.write("<a frame>")
    file.free.set()
    assert told.acquire(timeout=20)
    out.write("all anew")
    out.close(20)
    assert file.getvalue() == "first<a frame>all anew"
    assert not told.acquire(blocking=False)


def test_what_waits_is_not_needed_when_the_screen_is_left(monkeypatch):
    """So that what gives the terminal back comes through at once; and nobody waits longer than told."""
    monkeypatch.setattr(outlet, "MOST", 10)
    file = Held()
    out = Outlet(file, lambda: None)
    out.write("first")
    assert file.asked.wait(20)
    out.write("<a frame>")
    out.hurry()
    out.write("back")
    out.close(0.001)
    file.free.set()
    out.close(20)
    assert file.getvalue() == "firstback"


def test_a_terminal_that_is_gone():
    """It takes nothing more, and nothing is raised."""

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    out = Outlet(Gone(), lambda: None)
    out.write("a")
    out.close(20)
    assert out.gone


@pytest.fixture
def terminal():
    master, slave = pty.openpty()
    with open(slave, "w", closefd=False) as file:
        yield master, file
    for number in (master, slave):
        try:
            os.close(number)
        except OSError:
            assert number == master  # a test closed it


@pytest.mark.parametrize("key", [b"s", b"q", b"\r", b"\x03"])
async def test_keys_that_end_it(key, terminal):
    """One by one and unechoed, Ctrl-C among them; the others do nothing, and the settings come back."""
    master, file = terminal
    before = termios.tcgetattr(file.fileno())
    ended = asyncio.Event()
    with keys(ended, file):
        os.write(master, b"xyz")
        os.write(master, key)
        async with asyncio.timeout(20):
            await ended.wait()
    assert termios.tcgetattr(file.fileno()) == before


async def test_a_terminal_that_goes_away_ends_it(terminal):
    """Without turning for ever."""
    master, file = terminal
    ended = asyncio.Event()
    with keys(ended, file):
        os.close(master)
        async with asyncio.timeout(20):
            await ended.wait()


async def test_what_is_told(terminal, monkeypatch):
    """What was said, what comes meanwhile, safe; the next time only what is new."""
    master, file = terminal
    monkeypatch.setattr(plain_stream.sys, "__stdout__", file)
    monkeypatch.setattr(plain_stream.sys, "__stdin__", file)
    monkeypatch.setattr(plain_stream, "LOOK_EVERY", 0)
    play = Play(task("a")).begin(1, "a")
    play.model.take([ev.Log(task="a", text="one \x1b[31m")])

    async def told(*lines: str) -> str:
        telling = asyncio.create_task(plain_stream._tell(play.model))
        said = ""
        async with asyncio.timeout(20):
            for line in lines:
                play.model.take([ev.Log(task="a", text=line)])
                while line not in said:
                    said += (await asyncio.to_thread(os.read, master, 10_000)).decode()
            os.write(master, b"s")
            await telling
        return said

    first = await told("two")
    assert "one ␛[31m" in first
    assert "\x1b" not in first
    assert "one" not in await told("three")
