"""A program in a real pseudo terminal, with the time at which each of its bytes came.

The terminal answers what Textual asks (synchronised output is supported), so each frame comes between two
marks and can be counted.
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Self

FRAME = b"\x1b[?2026h"
_ASKS_SYNC = b"\x1b[?2026$p"
_HAS_SYNC = b"\x1b[?2026;2$y"


class Terminal:
    """Start with `with`; at the end the program is killed if it still runs."""

    def __init__(
        self, words: Sequence[str], *, width: int, height: int, environment: Mapping[str, str]
    ) -> None:
        self._words = words
        self._size = (height, width)
        self._environment = environment
        self._chunks: list[tuple[float, bytes]] = []
        self._lock = threading.Lock()
        self._answered = False

    def __enter__(self) -> Self:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *self._size, 0, 0))
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            self._words,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(self._environment),
            start_new_session=True,
        )
        os.close(slave)
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._master, 1 << 16)
            except OSError:
                return
            if not chunk:
                return
            with self._lock:
                self._chunks.append((time.perf_counter(), chunk))
            if not self._answered and _ASKS_SYNC in chunk:
                self._answered = True
                self.press(_HAS_SYNC)

    def press(self, keys: bytes) -> float:
        """Send keys; the time at which they were sent."""
        at = time.perf_counter()
        os.write(self._master, keys)
        return at

    def until(self, text: bytes, since: float, seconds: float = 60.0) -> float:
        """The time at which this text came. Raises TimeoutError with the end of the output."""
        end = time.perf_counter() + seconds
        seen = 0
        tail = b""
        while time.perf_counter() < end:
            with self._lock:
                fresh = self._chunks[seen:]
                seen = len(self._chunks)
            for at, chunk in fresh:
                if at >= since:
                    tail = tail[-200:] + chunk
                    if text in tail:
                        return at
            select.select([], [], [], 0.0005)
        raise TimeoutError(f"{text!r} did not come: {tail[-400:]!r}")

    def frames(self, start: float, end: float) -> list[float]:
        """When the frames of this time came."""
        with self._lock:
            return [at for at, chunk in self._chunks for _ in range(chunk.count(FRAME)) if start <= at < end]

    def wait(self, seconds: float = 300.0) -> int:
        return self.process.wait(seconds)
