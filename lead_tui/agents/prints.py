"""What a Python function prints becomes log lines of its task, as the output of a command does.

As there, each stream has 100,000 lines; then one says at the end how many more there were.

`sys.stdout` belongs to whoever runs leadtui: the result of a run goes there, or the screen. While a function
of a flow runs, both streams are replaced by ones that ask who is printing; everybody else's text passes.
"""

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, TextIO

from lead_tui.agents.base import AgentContext
from lead_tui.agents.output import MAX_LINE, Allowance

Name = Literal["stdout", "stderr"]

_printing: ContextVar["dict[Name, Lines] | None"] = ContextVar("printing", default=None)
_lock = threading.Lock()
_originals: dict[Name, TextIO] = {}
_users = 0


class Lines:
    """Collects text until a line is whole."""

    def __init__(self, context: AgentContext, name: Name) -> None:
        self._context = context
        self._name: Name = name
        self._rest = ""
        self._allowance = Allowance()

    def write(self, text: str) -> None:
        self._context.heartbeat()
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._hand_on(line, self._context)
        if len(self._rest) > MAX_LINE:
            rest, self._rest = self._rest, ""
            self._hand_on(rest, self._context)

    def close(self, context: AgentContext) -> None:
        rest, self._rest = self._rest, ""
        if rest:
            self._hand_on(rest, context)
        if self._allowance.left_out:
            context.log(self._allowance.verdict(), stream=self._name)

    def _hand_on(self, line: str, context: AgentContext) -> None:
        if self._allowance.take():
            context.log(line, stream=self._name)


class Shared(io.TextIOBase):
    """Stands in for a stream of the process: a task's text goes to its log, all other text passes."""

    def __init__(self, original: TextIO, name: Name) -> None:
        self._original = original
        self._name: Name = name

    def write(self, text: str, /) -> int:
        lines = _printing.get()
        if lines is None:
            return self._original.write(text)
        lines[self._name].write(text)
        return len(text)

    def flush(self) -> None:
        self._original.flush()

    def writable(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


@contextmanager
def prints_to(context: AgentContext, finally_to: AgentContext | None = None) -> Iterator[None]:
    """Inside, `print` of this task or thread, and of those that copy its context, is logged.

    `finally_to` logs what is left at the end: the loop's own context, when `context` is that of a thread.
    """
    lines: dict[Name, Lines] = {"stdout": Lines(context, "stdout"), "stderr": Lines(context, "stderr")}
    token = _printing.set(lines)
    _stand_in()
    try:
        yield
    finally:
        _step_back()
        _printing.reset(token)
        for each in lines.values():
            each.close(finally_to or context)


def _stand_in() -> None:
    global _users  # noqa: PLW0603 - the streams are global, so is the count of those who need them
    with _lock:
        _users += 1
        # a screen that opens or closes while functions run puts streams of its own there
        if _users == 1 or (sys.stdout is not None and not isinstance(sys.stdout, Shared)):
            _originals["stdout"], sys.stdout = sys.stdout, Shared(sys.stdout, "stdout")
        if _users == 1 or (sys.stderr is not None and not isinstance(sys.stderr, Shared)):
            _originals["stderr"], sys.stderr = sys.stderr, Shared(sys.stderr, "stderr")


def _step_back() -> None:
    """Put the streams back with the last user, unless somebody else has put others there meanwhile."""
    global _users  # noqa: PLW0603
    with _lock:
        _users -= 1
        if _users:
            return
        # None is what a function leaves there that wants silence
        if sys.stdout is None or isinstance(sys.stdout, Shared):
            sys.stdout = _originals["stdout"]
        if sys.stderr is None or isinstance(sys.stderr, Shared):
            sys.stderr = _originals["stderr"]
