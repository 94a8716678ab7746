"""When the screen is closed: its runs go on in this terminal as with `--no-ui`, until each has ended.

One run is told as it always is; of several each line names the run that it is about.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import TextIOBase
from typing import TextIO, cast

import msgspec

from lead_tui.cli.driving import (
    Watching,
    close,
    exit_code,
    outcome,
    report,
    say_what_next,
    steered,
    stream_reporter,
)
from lead_tui.cli.failure import tell
from lead_tui.cli.signals import Signals
from lead_tui.cli.terminal import say, say_soon
from lead_tui.core import events as ev
from lead_tui.core.state import RUN_ENDED, TASK_ENDED, RunState, TaskStatus
from lead_tui.errors import LeadError
from lead_tui.observers.hub import Item
from lead_tui.reporters.base import Reporter
from lead_tui.reporters.result_text import summary, what_next
from lead_tui.runner import left
from lead_tui.runner.engine import Engine
from lead_tui.runner.handle import LocalRun
from lead_tui.runner.result import result_of
from lead_tui.text.words import command_line


@dataclass(frozen=True, slots=True)
class Remains:
    """A run that was driven under the screen, how it is told, and who tells it."""

    run: LocalRun
    watching: Watching
    reporters: Sequence[Reporter]


def remains(run: LocalRun, watching: Watching, files: Sequence[Reporter], *, named: bool) -> Remains:
    """`named`: each line says which run it is about."""
    ended = sum(task.status in TASK_ENDED for task in run.state.tasks.values())
    watching = msgspec.structs.replace(watching, total=len(run.state.tasks), ended=ended)
    if not named:
        return Remains(run, watching, [*files, stream_reporter(watching)])
    name = f"{run.run_id[:6]} "
    stream = stream_reporter(watching, stdout=prefixed(sys.stdout, name), stderr=prefixed(sys.stderr, name))
    return Remains(run, watching, [*files, stream])


async def see_out(engine: Engine, all_of_them: Sequence[Remains], signals: Signals) -> dict[str, int]:
    """Until none is driven here any more: the exit code of each run.

    Raises JournalError of a run that could not be stored, once all others have come to their end.
    """
    going = [each for each in all_of_them if each.run.driving]
    for each in going:
        await _join(each, engine.clock.now())
    try:
        async with steered(signals, *(each.run for each in going)):
            ends = await asyncio.gather(
                *(_end(engine, each, signals) for each in all_of_them), return_exceptions=True
            )
    finally:
        close([reporter for each in all_of_them for reporter in each.reporters])
    _raise_first([end for end in ends if isinstance(end, BaseException)])
    return {each.run.run_id: cast("int", code) for each, code in zip(all_of_them, ends, strict=True)}


async def _join(remains: Remains, now: datetime) -> None:
    """Let its stream look on from here, and nobody wait for a person any more."""
    stream = remains.reporters[-1]
    await stream.on_batch(under_way(remains.run.state, now))
    remains.run.observe(stream)
    remains.run.park_when_waiting()


async def _end(engine: Engine, remains: Remains, signals: Signals) -> int:
    result = await outcome(remains.run, remains.watching)
    code = exit_code(result, signals.number, remains.watching)
    code = report(remains.reporters, result, code)
    say_what_next(engine, remains.run, result, remains.watching)
    return code


def under_way(run: RunState, now: datetime) -> list[Item]:
    """What somebody who joins late has to know: when it began, what runs now and since when, the time."""
    began = run.started_at or now
    started = [
        ev.AttemptStarted(
            task=task.name, attempt=task.attempt, ts=task.started_at or began, run_id=run.run_id
        )
        for task in run.tasks.values()
        if task.status in (TaskStatus.RUNNING, TaskStatus.WAITING)
    ]
    started.sort(key=lambda event: event.ts)
    time = ev.Progress(done=0, ts=now, run_id=run.run_id)  # a note about no task: it says nothing else
    return [ev.RunStarted(ts=began, run_id=run.run_id), *started, time]


def _raise_first(errors: Sequence[BaseException]) -> None:
    for error in errors[1:]:
        if isinstance(error, LeadError):
            tell(error)
    if errors:
        raise errors[0]


def say_where_it_stands(engine: Engine, run_id: str, watching: Watching) -> None:
    """The last lines about a run that was only looked at."""
    row = engine.journal.row(run_id)
    state, metrics = engine.fold(run_id)
    result = replace(result_of(state, metrics, driven=row.owner_alive), status=row.status)
    if row.owner_alive and row.status not in RUN_ENDED:
        further = [f"  it goes on; to watch it: {command_line('watch', run_id, db=watching.db)}"]
    else:
        given = left.given(engine.journal, run_id, state)
        further = what_next(result, watching.db, secrets=watching.secrets, given=given)
    say("\n".join([*summary(result), *further]))


def told(run: LocalRun, db: str | None, engine: Engine) -> Watching:
    """How a run that the command did not name is told."""
    return Watching(db=db, secrets=left.secrets_again(engine.journal.record(run.run_id)))


def goes_on(runs: Sequence[LocalRun], why: str, db: str | None) -> None:
    """Say that they do, before anything else is said of them."""
    for run in runs:
        again = command_line("watch", run.run_id, db=db)
        say_soon(f"{why}; {run.state.plan.name} goes on here\n  Ctrl-C cancels it, `{again}` shows it again")


class Prefixed(TextIOBase):
    """A text stream each line of which begins with the same words; never a terminal."""

    def __init__(self, file: TextIO, prefix: str) -> None:
        self._file = file
        self._prefix = prefix
        self._at_start = True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._file.encoding or "utf-8"

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, text: str) -> int:
        if text:
            begun = self._prefix if self._at_start else ""
            self._at_start = text.endswith("\n")
            body = text[:-1] if self._at_start else text
            end = "\n" if self._at_start else ""
            self._file.write(begun + body.replace("\n", f"\n{self._prefix}") + end)
        return len(text)

    def flush(self) -> None:
        self._file.flush()


def prefixed(file: TextIO, prefix: str) -> TextIO:
    return cast("TextIO", Prefixed(file, prefix))
