"""The log as plain lines in the terminal's own scrollback, to copy from and to scroll; a key ends it.

The engine goes on meanwhile: nothing here blocks the loop, neither the keyboard nor a terminal that is held.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO
from weakref import WeakKeyDictionary

from textual.app import App, SuspendNotSupported

from lead_tui.text.safe import safe, safe_line
from lead_tui.tui.log.lines import plain_lines
from lead_tui.tui.model import RunModel
from lead_tui.tui.screen.descriptors import open_text
from lead_tui.tui.screen.outlet import Outlet

LOOK_EVERY = 0.1
ENDS = frozenset(b"sq\r\n\x03\x1b")
"""Keys that bring the screen back; as the others do nothing, nothing is lost by them."""
CLOSING_SECONDS = 0.5
_TOLD: WeakKeyDictionary[RunModel, int] = WeakKeyDictionary()
"""How far each run was told: what stands in the scrollback is not said again."""


async def stream(app: App[Any], model: RunModel) -> None:
    """Leave the full screen, tell what was said and what is said, come back at `s`, `q`, enter or Ctrl-C."""
    before = sys.stdout, sys.stderr
    try:
        with app.suspend(), redirect_stdout(before[0]), redirect_stderr(before[1]):
            await _tell(model)
    except SuspendNotSupported:
        app.notify("this terminal has nothing but the full screen", severity="error", markup=False)


async def _tell(model: RunModel) -> None:
    ended = asyncio.Event()
    assert sys.__stdout__ is not None  # noqa: S101 - there is a screen, so there is a terminal
    out = Outlet(open_text(sys.__stdout__.fileno()), lambda: None)
    said = _TOLD.get(model, 0)
    try:
        with keys(ended):
            out.write(f"--- {safe_line(model.plan.name)} {model.run_id}: s brings the screen back ---\n")
            while not ended.is_set():
                end = model.log.all.end
                if end < said:  # a replay went back
                    said = 0
                for line in plain_lines(model, since=said, streamed=True) if end > said else ():
                    out.write(f"{safe(line, newline=False)}\n")
                said = end
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await ended.wait()
    finally:
        _TOLD[model] = said
        out.close(CLOSING_SECONDS)


@contextmanager
def keys(ended: asyncio.Event, terminal: TextIO | None = None) -> Iterator[None]:
    """Within it a key of ENDS sets the event; keys come one by one, unechoed."""
    import termios

    number = (terminal or sys.__stdin__ or sys.stdin).fileno()
    loop = asyncio.get_running_loop()
    before = termios.tcgetattr(number)

    def read() -> None:
        try:
            pressed = os.read(number, 64)
        except OSError:
            pressed = b""
        if not pressed:
            loop.remove_reader(number)  # the terminal is gone: it would be ready for ever
        if not pressed or ENDS.intersection(pressed):
            ended.set()

    termios.tcsetattr(number, termios.TCSANOW, unechoed(before))
    loop.add_reader(number, read)
    try:
        yield
    finally:
        loop.remove_reader(number)
        with suppress(termios.error):
            termios.tcsetattr(number, termios.TCSANOW, before)


def unechoed(settings: list[Any]) -> list[Any]:
    """What termios is to say while keys come one by one."""
    import termios

    changed = [*settings]
    changed[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
    return changed
