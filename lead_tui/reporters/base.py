"""What a reporter is: an observer that writes, and hears at the end what the run came to.

`StreamReporter` writes to stdout and stderr while the run goes on, in a thread of its own: a reader that is
slow, or a terminal that is held, never delays the run. `FileReport` gathers and writes one file at the end.
A new reporter derives from one of them and is an entry point of the group `lead_tui.reporters`; its name is
what stands behind `--output` or before the `=` of `--report`.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from lead_tui.core.events import Event
from lead_tui.observers.hub import Item, Observer
from lead_tui.reporters.chronicle import Chronicle
from lead_tui.reporters.files import replace_file
from lead_tui.reporters.pen import Pen
from lead_tui.runner.result import Result
from lead_tui.text.safe import safe_line

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a stream reporter writes. `color` None: as the terminal and NO_COLOR say.

    `total`: its tasks, 0 if that is not known; `ended`: those that had ended before. `quiet`: only what needs
    somebody.
    `db`: the journal that commands must name, None for the user's own. `secrets`: inputs that a command which
    goes on must give again.
    """

    stdout: TextIO
    stderr: TextIO
    color: bool | None = None
    quiet: bool = False
    total: int = 0
    db: str | None = None
    secrets: tuple[str, ...] = ()
    ended: int = 0


class Reporter(Observer, ABC):
    @abstractmethod
    def finish(self, result: Result, exit_code: int) -> None:
        """Write the rest and return once it is written; called once, after the last event."""

    def close(self) -> None:
        """Let go of the terminal, for a run that came to no result. Does nothing after `finish`."""


class StreamReporter(Reporter):
    """`show`, `idle` and `conclude` are called in one thread, one after the other, and may block there.

    If one of them raises, that is logged and the reporter goes quiet; neither the run nor the command ends.
    """

    def __init__(self, target: Target, *, idle_every: float | None = None) -> None:
        """After `idle_every` seconds of silence `idle` is called, again and again; None for never."""
        self.target = target
        self._pen = Pen(self.idle, idle_every, self._go_quiet)

    @abstractmethod
    def show(self, batch: Sequence[Item]) -> None:
        """Write what happened."""

    @abstractmethod
    def conclude(self, result: Result, exit_code: int) -> None:
        """Write what it came to."""

    def idle(self) -> None:
        """Nothing has happened for a while."""

    def let_go(self) -> None:
        """Give the terminal back."""

    async def on_batch(self, batch: Sequence[Item]) -> None:
        if self._pen.is_behind:
            batch = [item for item in batch if isinstance(item, Event)]
        self._pen.do(lambda: self.show(batch))

    async def on_close(self) -> None:
        """Wait until all is written, so that nothing that follows mixes with it."""
        self._pen.do(self.let_go)
        await asyncio.to_thread(self._pen.wait)

    def finish(self, result: Result, exit_code: int) -> None:
        """Raises OSError if a stream took no more, for another reason than that its reader left."""
        self._pen.do(lambda: self._end(result, exit_code))
        self._pen.close()

    def close(self) -> None:
        self._pen.do(self.let_go)
        with suppress(OSError):
            self._pen.close()

    def _go_quiet(self, problem: Exception) -> None:
        name, kind = type(self).__name__, type(problem).__name__
        _log.error("reporter %s failed and says nothing more: %s: %s", name, kind, safe_line(str(problem)))
        _log.debug("where it failed", exc_info=problem)
        with suppress(Exception):  # it may fail again, but the terminal should not stay as it is
            self.let_go()

    def _end(self, result: Result, exit_code: int) -> None:
        self.let_go()
        self.conclude(result, exit_code)


class FileReport(Reporter):
    """One file at the end, whatever the end was; there is never half a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._chronicle = Chronicle()
        self._problem: Exception | None = None

    @abstractmethod
    def render(self, chronicle: Chronicle, result: Result, exit_code: int) -> bytes:
        """Give the whole file."""

    async def on_batch(self, batch: Sequence[Item]) -> None:
        if self._problem is not None:
            return
        try:
            for item in batch:
                self._chronicle.see(item)
        except Exception as problem:
            self._problem = problem
            raise  # who called logs it

    def finish(self, result: Result, exit_code: int) -> None:
        """Raises OSError if the file cannot be written, or what went wrong when it gathered."""
        if self._problem is not None:
            raise self._problem
        self._chronicle.complete(result)
        content = self.render(self._chronicle, result, exit_code)
        try:
            replace_file(self.path, content)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
