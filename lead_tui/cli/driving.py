"""A run from its start to its exit code: reporters look on, signals steer, the last line says what next."""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import msgspec

from lead_tui.cli.signals import Signals, skipped_cleanup
from lead_tui.cli.terminal import say
from lead_tui.errors import JournalError, LeadError
from lead_tui.journal.open import IN_MEMORY
from lead_tui.observers.hub import Observer
from lead_tui.reporters.base import Reporter
from lead_tui.reporters.registry import make, report_file
from lead_tui.reporters.result_text import what_next
from lead_tui.reporters.words import command_line
from lead_tui.runner.handle import LocalRun
from lead_tui.runner.result import ExitCode, Result

CLOSING_SECONDS = 0.5
Start = Callable[[Sequence[Observer]], Awaitable[LocalRun]]


class Watching(msgspec.Struct, frozen=True):
    """How a run is shown: flags that `run`, `resume` and `retry` share. `total`: its tasks, 0 if unknown."""

    output: str = "text"
    reports: tuple[str, ...] = ()
    quiet: bool = False
    strict: bool = False
    db: str | None = None
    total: int = 0


async def drive(start: Start, watching: Watching) -> int:
    """Start it, wait for what it comes to, report it; the exit code."""
    reporters = _reporters(watching)
    try:
        with Signals(say, lambda code: _leave(reporters, code), watching.db) as signals:
            run = await start(reporters)
            result = await _wait(run, signals, watching)
        code = exit_code(result, signals.number, strict=watching.strict)
        code = _report(reporters, result, code)
    finally:
        _close(reporters)
    _say_what_next(run, result, watching)
    return code


def _close(reporters: Sequence[Reporter]) -> None:
    for reporter in reporters:
        reporter.close()


def _leave(reporters: Sequence[Reporter], code: int) -> None:
    """At once, with no more than a moment to give the terminal back."""
    closing = threading.Thread(target=_close, args=(reporters,), daemon=True)
    closing.start()
    closing.join(CLOSING_SECONDS)
    os._exit(code)


async def _wait(run: LocalRun, signals: Signals, watching: Watching) -> Result:
    steering = asyncio.create_task(signals.steer(run))
    try:
        return await run.wait()
    except JournalError as error:
        error.add_note(f"run {run.run_id} was left: {command_line('resume', run.run_id, db=watching.db)}")
        raise
    finally:
        steering.cancel()
        with suppress(asyncio.CancelledError, LeadError):
            await steering


def exit_code(result: Result, number: int, *, strict: bool) -> int:
    """A signal that ended the run speaks before the run's own end."""
    return 128 + number if number else int(result.exit_code(strict=strict))


def _reporters(watching: Watching) -> list[Reporter]:
    """Raises UsageError for a report that cannot be, before anything starts."""
    files = [report_file(spec) for spec in watching.reports]
    stream = make(
        watching.output,
        stdout=sys.stdout,
        stderr=sys.stderr,
        quiet=watching.quiet,
        total=watching.total,
        db=watching.db,
    )
    return [stream, *files]


def _report(reporters: Sequence[Reporter], result: Result, code: int) -> int:
    """A report that cannot be written is a failure, though not of the run."""
    for reporter in reporters:
        try:
            reporter.finish(result, code)
        except OSError as error:
            say(f"error: the report cannot be written: {error}")
            code = code or int(ExitCode.FAILED)
    return code


def _say_what_next(run: LocalRun, result: Result, watching: Watching) -> None:
    if skipped := skipped_cleanup(run.state):
        say(f"cleanup that was skipped: {', '.join(skipped)}")
    if watching.db not in IN_MEMORY:
        for line in what_next(result, watching.db):
            say(line)
