"""stdout and stderr as a reporter uses them: any encoding, and a reader that leaves ends nothing else."""

import errno
import os
from contextlib import suppress
from typing import TextIO

_LEFT = {errno.EPIPE, errno.EIO, errno.ESHUTDOWN}
"""Nobody is there any more: `| head` has enough, the terminal was closed."""


class Stream:
    """Looks enough like a text file for rich. Raises OSError for a full disk and the like, once."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._left = False

    @property
    def encoding(self) -> str:
        return getattr(self._file, "encoding", None) or "utf-8"

    def can_show(self, text: str) -> bool:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True

    def isatty(self) -> bool:
        return not self._file.closed and self._file.isatty()

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, text: str) -> int:
        r"""Characters that the encoding lacks are written as `\u2713`."""
        if not self._left and not self._file.closed:
            try:
                self._write(text)
            except OSError as error:
                self._judge(error)
        return len(text)

    def line(self, text: str) -> None:
        self.write(f"{text}\n")

    def flush(self) -> None:
        if not self._left and not self._file.closed:
            try:
                self._file.flush()
            except OSError as error:
                self._judge(error)

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
        except UnicodeEncodeError:
            encoding = self.encoding
            self._file.write(text.encode(encoding, "backslashreplace").decode(encoding))

    def _judge(self, error: OSError) -> None:
        self._left = True
        # what is still in the file's buffer would raise again when the interpreter flushes it at its end
        with suppress(OSError, ValueError):
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, self._file.fileno())
            os.close(devnull)
        if error.errno not in _LEFT:
            raise error
