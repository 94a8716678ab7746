"""The terminal for the screen alone: while one is open, descriptors 0, 1 and 2 lead elsewhere.

What runs in this process can write past Python's streams, or read keys that are the screen's: code in C,
`os.write`, a command that a function starts. It finds the end of a file at 0, and at 1 and 2 a file in which
the first of it is kept for the time after. (No pipe: code that holds the interpreter would wait for a reader
that needs the interpreter.)
"""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

KEPT = 16_000
"""Bytes of what was written meanwhile that are kept."""
MOST = 1_000_000
"""Bytes from which on the file is emptied."""


class Descriptors:
    """`keys` and `screen` are the terminal's, whatever stands at 0 and 2.

    They stay open: a thread may hang in a write to a terminal that is held, and a number that came again
    would be somebody else's file.

    `watcher` hears whether a screen is open from now on.
    """

    def __init__(self) -> None:
        self._numbers = [_number(sys.__stdin__, 0), _number(sys.__stdout__, 1), _number(sys.__stderr__, 2)]
        self.keys = os.dup(self._numbers[0])
        self.screen = os.dup(self._numbers[2])
        self.watcher: Callable[[bool], object] = lambda is_open: None
        self.taken = False
        self._before: list[int] = []
        self._last: int | None = None
        self._file: int | None = None
        self._first = b""
        self._left_out = 0
        self._turn = threading.Lock()

    def writer(self) -> TextIO:
        """A new text stream onto the terminal, which shares no lock with any other."""
        return open_text(self.screen)

    @property
    def file(self) -> int:
        """What is written past the screen. Whoever appends to it finds its end, also when it was emptied."""
        if self._file is None:
            self._file = _appended()
        return self._file

    def take(self) -> None:
        """A screen is about to open."""
        with self._turn:
            if self.taken:
                return
            _flush()
            self._before = [os.dup(number) for number in self._numbers]
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, self._numbers[0])
            os.close(nothing)
            for number in self._numbers[1:]:
                os.dup2(self.file, number)
            self.taken = True
        self.watcher(True)

    def give_back(self, *, restored: bool = True) -> None:
        """All is as before. From any thread, again and again; it waits for nothing.

        Not `restored`: the terminal itself still has to be told that the screen is closed.
        """
        with self._turn:
            if self.taken:
                _flush()
                for number, before in zip(self._numbers, self._before, strict=True):
                    os.dup2(before, number)
                    os.close(before)
                self.taken = False
        if restored:
            self.watcher(False)

    def end_with(self, text: bytes) -> None:
        """Past all buffers, and the last that `screen` brings to the terminal: frames that other threads hold
        are a screen that nobody sees any more. More text of this kind may follow.
        """
        with self._turn:
            if self._last is None:
                self._last = os.dup(self.screen)
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, self.screen, inheritable=False)
                os.close(nothing)
        with suppress(OSError):
            os.write(self._last, text)

    def trim(self) -> None:
        """Keep the file small; to be called now and then."""
        if self._file is not None and os.fstat(self._file).st_size > MOST:
            self._collect()

    def written(self) -> tuple[str, int]:
        """The first of what was written past the screen, told once, and how many bytes came after that."""
        if self._file is not None:
            self._collect()
        told = self._first.decode("utf-8", "replace"), self._left_out
        self._first, self._left_out = b"", 0
        return told

    def _collect(self) -> None:
        number = self.file
        size = os.fstat(number).st_size
        more = os.pread(number, KEPT - len(self._first), 0)
        self._first += more
        self._left_out += size - len(more)
        with suppress(OSError):  # /dev/null cannot
            os.ftruncate(number, 0)


def open_text(number: int) -> TextIO:
    like = sys.__stderr__
    encoding = getattr(like, "encoding", None) or "utf-8"
    return open(number, "w", encoding=encoding, errors="backslashreplace", closefd=False)


def _number(stream: TextIO | None, usual: int) -> int:
    with suppress(AttributeError, OSError, ValueError):
        return stream.fileno()  # type: ignore[union-attr]
    return usual


def _appended() -> int:
    import fcntl
    import tempfile

    try:
        with tempfile.TemporaryFile() as file:
            number = os.dup(file.fileno())
    except OSError:  # no place for it: it is lost
        return os.open(os.devnull, os.O_RDWR)
    fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_APPEND)
    return number


def _flush() -> None:
    """What was printed until now belongs where it was meant to go."""
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()  # type: ignore[union-attr]
