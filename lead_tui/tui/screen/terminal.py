"""Textual's driver for terminals, made fit for an app that has an engine in its loop.

- Nothing that the terminal does, or does not do, holds the loop (outlet.py).
- Nobody else in this process writes to the terminal or reads its keys (descriptors.py).
- Ctrl-C that the loop does not hear, because an agent blocks it, is heard here: the third one leaves.
- SIGCONT without a stop before it (systemd sends one behind each SIGTERM) does not start everything twice.
- A mistake in the reading thread is reported like every other one, without the values in its frames.
"""

import asyncio
import os
from contextlib import suppress
from types import FrameType
from typing import Any

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from lead_tui.tui.screen.descriptors import Descriptors
from lead_tui.tui.screen.outlet import Outlet

CLOSING_SECONDS = 1.0
USUAL_SIZE = (80, 24)
"""Of a terminal that does not say."""
INSISTING = 3
"""Ctrl-C in a row, with a loop that does not turn, that leave at once."""


class Terminal(LinuxDriver):
    """`is_open`: the terminal is in the state that full screen needs, and has to be put back."""

    is_open = False

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._descriptors: Descriptors = app.descriptors or Descriptors()
        self.fileno = self._descriptors.keys
        self._size = self._size or self._get_terminal_size()
        self._outlet: Outlet | None = None
        self._unheard = 0

    @property
    def gone(self) -> bool:
        """Does the terminal take nothing more?"""
        return self._outlet is not None and self._outlet.gone

    def start_application_mode(self) -> None:
        self._descriptors.take()
        self._outlet = Outlet(self._descriptors.writer(), self._draw_again)
        self.is_open = True
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def stop_application_mode(self) -> None:
        if self._outlet is not None:
            self._outlet.hurry()
        super().stop_application_mode()

    def write(self, data: str) -> None:
        """Nothing is written while the screen is left for a while: the app goes on to draw."""
        if self._outlet is not None and self.is_open:
            self._outlet.write(data)

    def close(self) -> None:
        super().close()
        through = self._outlet is None or self._outlet.close(CLOSING_SECONDS)
        self.is_open = False
        self._descriptors.give_back(restored=through)

    def _get_terminal_size(self) -> tuple[int, int]:
        """Asked of the terminal itself: 1 leads elsewhere."""
        try:
            width, height = os.get_terminal_size(self._descriptors.screen)
        except OSError:
            return USUAL_SIZE
        return width or USUAL_SIZE[0], height or USUAL_SIZE[1]

    def _draw_again(self) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(lambda: self._app.refresh(layout=True))

    def _sigcont_application(self, *_: FrameType | int | None) -> None:
        if self._auto_restart:
            if self._key_thread is not None and self._key_thread.is_alive():
                self.suspend_application_mode()
            self.resume_application_mode()

    def _run_input_thread(self) -> None:
        while True:
            try:
                self.run_input_thread()
            except UnicodeDecodeError:
                continue  # a pasted or typed byte that is no UTF-8: it is left out
            except OSError:
                return  # the terminal is gone; who looks after it will notice
            except Exception as error:  # noqa: BLE001 - Textual's parser on whatever a terminal may send
                asyncio.run_coroutine_threadsafe(self._fail(error), self._loop)
            return

    async def _fail(self, error: Exception) -> None:
        self._app._handle_exception(error)  # noqa: SLF001 - the one door for what went wrong

    def process_message(self, message: Message) -> None:
        if isinstance(message, events.Key) and message.key == "ctrl+c":
            self._insist()
        super().process_message(message)

    def _insist(self) -> None:
        self._unheard += 1
        if self._unheard >= INSISTING:
            getattr(self._app, "leave_at_once", lambda: None)()
        self._loop.call_soon_threadsafe(self._heard)

    def _heard(self) -> None:
        self._unheard = 0
