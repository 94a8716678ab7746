"""A run from its start to its exit code: reporters look on, signals steer, the last line says what next."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TextIO

import msgspec

from lead_tui.cli.back_doors import doors
from lead_tui.cli.leaving import give_up, in_time
from lead_tui.cli.signals import Signals, skipped_cleanup
from lead_tui.cli.terminal import say, say_soon
from lead_tui.core.state import RUN_ENDED, RunState, RunStatus
from lead_tui.errors import JournalError, LeadError
from lead_tui.journal.open import IN_MEMORY
from lead_tui.observers.hub import Observer
from lead_tui.reporters.base import FileReport, Reporter, StreamReporter
from lead_tui.reporters.registry import make, report_file
from lead_tui.reporters.result_text import what_next
from lead_tui.runner import left
from lead_tui.runner.engine import Engine
from lead_tui.runner.handle import LocalRun
from lead_tui.runner.result import ExitCode, Result
from lead_tui.text.words import go_on

CLOSING_SECONDS = 0.5
Start = Callable[[Sequence[Observer]], Awaitable[LocalRun]]


class Watching(msgspec.Struct, frozen=True):
    """How a run is shown: flags that `run`, `resume` and `retry` share.

    `total`: its tasks, 0 if unknown; `ended`: those that had ended before. `secrets`: inputs that a command
    which goes on must give again. `wanted`: the exit code that this command asks for; it becomes 0.
    """

    output: str = "text"
    reports: tuple[str, ...] = ()
    quiet: bool = False
    strict: bool = False
    db: str | None = None
    total: int = 0
    secrets: tuple[str, ...] = ()
    wanted: int = 0
    ended: int = 0

    def go_on(self, run_id: str) -> str:
        return go_on("resume", run_id, self.secrets, self.db)


async def drive(engine: Engine, start: Start, watching: Watching) -> int:
    """Start it, wait for what it comes to, report it; the exit code."""
    reporters = [*file_reports(watching), stream_reporter(watching)]
    try:
        leave = partial(leave_now, reporters)
        with Signals(say_soon, leave, watching.go_on) as signals, doors.answered(signals.ended_within):
            run = await start(reporters)
            async with steered(signals, run):
                result = await outcome(run, watching)
            code = report(reporters, result, exit_code(result, signals.number, watching))
    finally:
        close(reporters)
    say_what_next(engine, run, result, watching)
    return code


def close(reporters: Sequence[Reporter]) -> None:
    """Let go of the terminal and the files of a run that came to no result."""
    for reporter in reporters:
        try:
            reporter.close()
        except Exception as error:  # noqa: BLE001 - a plugin's reporter: the others are closed all the same
            say(f"warning: {_failed(reporter, error)}")


def leave_now(reporters: Sequence[Reporter], code: int, line: str) -> None:
    """At once, with no more than a moment to give the terminal back and to say a last line."""

    def say_last() -> None:
        close(reporters)
        if line:
            say(line)

    in_time(say_last, CLOSING_SECONDS)
    doors.leave(code)


@asynccontextmanager
async def steered(signals: Signals, *runs: LocalRun) -> AsyncIterator[None]:
    """Within it, signals steer these runs."""
    signals.guard(lambda: runs)
    steering = asyncio.create_task(signals.steer(*runs))
    try:
        yield
    finally:
        steering.cancel()
        with suppress(asyncio.CancelledError, LeadError):
            await steering


async def outcome(run: LocalRun, watching: Watching) -> Result:
    """What it came to when it is not driven here any more."""
    try:
        result = await run.wait()
    except (JournalError, asyncio.CancelledError) as error:
        error.add_note(f"run {run.run_id} was left: {watching.go_on(run.run_id)}")
        raise
    return _as_left(run.state, result)


def _as_left(run: RunState, result: Result) -> Result:
    """A run that was parked in the middle of its work does not run: it is interrupted, as `runs` says."""
    if run.status in RUN_ENDED or run.status is RunStatus.WAITING or run.started_at is None:
        return result
    seconds = (datetime.now(UTC) - run.started_at).total_seconds()
    return replace(result, status=left.INTERRUPTED, execution_time=seconds)


def exit_code(result: Result, number: int, watching: Watching) -> int:
    """A signal that ended the run speaks before the run's own end; a parked one waits for a person."""
    if number:
        return 128 + number
    if result.status == left.INTERRUPTED:
        return ExitCode.WAITING
    code = int(result.exit_code(strict=watching.strict))
    return 0 if code == watching.wanted else code


def file_reports(watching: Watching) -> list[Reporter]:
    """Raises UsageError for a report that cannot be, before anything starts."""
    return [report_file(spec) for spec in watching.reports]


def stream_reporter(
    watching: Watching, *, stdout: TextIO | None = None, stderr: TextIO | None = None
) -> StreamReporter:
    """Raises UsageError for an output that there is not."""
    return make(
        watching.output,
        stdout=stdout or sys.stdout,
        stderr=stderr or sys.stderr,
        quiet=watching.quiet,
        total=watching.total,
        ended=watching.ended,
        db=watching.db,
        secrets=watching.secrets,
    )


def report(reporters: Sequence[Reporter], result: Result, code: int) -> int:
    """A file that cannot be written is a failure, though not of the run; a stream that is full is none."""
    for reporter in reporters:
        try:
            reporter.finish(result, code)
        except OSError as error:
            if isinstance(reporter, FileReport):
                say(f"error: the report cannot be written: {error}")
                code = code or int(ExitCode.FAILED)
            else:
                give_up(sys.stdout)
                say(f"warning: the output cannot be written: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - a plugin's reporter: the run has ended well without it
            if isinstance(reporter, FileReport):
                code = code or int(ExitCode.FAILED)
            say(f"{'error' if isinstance(reporter, FileReport) else 'warning'}: {_failed(reporter, error)}")
    return code


def _failed(reporter: Reporter, error: Exception) -> str:
    return f"the reporter {type(reporter).__name__} failed: {type(error).__name__}: {error}"


def say_what_next(engine: Engine, run: LocalRun, result: Result, watching: Watching) -> None:
    """The last lines: what was not done, and the command that goes on."""
    if skipped := skipped_cleanup(run.state):
        say(f"cleanup that was skipped: {', '.join(skipped)}")
    if watching.db not in IN_MEMORY:
        given = left.given(engine.journal, run.run_id, run.state)
        for line in what_next(result, watching.db, secrets=watching.secrets, given=given):
            say(line)
