"""The end of the process: what an agent leaves behind does not hold it.

An agent that ignores its cancellation stays in the event loop, one that blocks stays in a thread, and Python
would wait for both. When a command has said all and closed its journal, nothing of that matters any more.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from lead_tui.cli.back_doors import doors

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")
PATIENCE = 0.5
"""Seconds for what is left to end by itself."""
_left: "list[asyncio.AbstractEventLoop]" = []


class CutOff(Exception):
    """A command was cancelled from within, by no wish of a person."""


def in_loop(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, which waits for nothing but this.

    Raises CutOff if `work` was cancelled: we never cancel it, but an agent can cancel every task there is.
    """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    gc.enable()

    class Impatient(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=True)

    runner = asyncio.Runner()
    loop = runner.get_loop()
    loop.set_default_executor(Impatient())
    try:
        return runner.run(work)
    except asyncio.CancelledError as error:
        cut_off = CutOff("somebody cancelled the tasks of leadtui itself")
        for note in getattr(error, "__notes__", ()):
            cut_off.add_note(note)
        raise cut_off from error
    finally:
        if loop.run_until_complete(_cancel_the_rest()):
            runner.close()
        else:
            _left.append(loop)


async def _cancel_the_rest() -> bool:
    """Is nothing left?"""
    import asyncio

    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if not tasks:
        return True
    done, pending = await asyncio.wait(tasks, timeout=PATIENCE)
    for task in done:
        if not task.cancelled():
            task.exception()  # was its own affair
    return not pending


def leave(code: int) -> None:
    """End the process with this code: by SystemExit, or at once if something is left that will not end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # an agent may have taken it away
                stream.flush()
        except (OSError, ValueError):
            give_up(stream)
            code = code or 1
    if _left or _threads_left():
        doors.leave(code)
    with suppress(ValueError):  # no main thread
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # all is done: a late Ctrl-C does not change what it came to
    raise SystemExit(code)


def _threads_left() -> bool:
    """Are there threads that Python would wait for?"""
    threads = [each for each in threading.enumerate() if not each.daemon]
    others = [each for each in threads if each is not threading.current_thread()]
    for each in others:
        each.join(PATIENCE / len(others))
    return any(each.is_alive() for each in others)


def in_time(work: Callable[[], object], seconds: float) -> None:
    """Wait for it no longer than this: a terminal that does not read would hold us for ever."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)


def open_streams() -> None:
    """A standard stream that was closed (`>&-`) works like /dev/null.

    Else the next file that is opened, the journal perhaps, would get its number and all that is printed.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))


def give_up(stream: TextIO | None) -> None:
    """What is still in its buffer goes nowhere, quietly, also when the interpreter flushes at its end."""
    if stream is None:
        return
    with suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)
