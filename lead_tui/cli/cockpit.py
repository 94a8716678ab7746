"""The cockpit on a terminal: opened for a command, steered by signals, and what its end means.

    the run ended, or was parked     its result and the command that goes on, as with `--no-ui`
    detached                         it goes on in this terminal as with `--no-ui` (aftermath.py)
    TERM                             the same, cancelled: cleanup runs, gone within six seconds
    HUP, or the terminal is gone     its runs are parked
    the screen crashed               its runs go on as if detached; then the mistake is reported, exit 70

The exit code is that of the run that the command names, else 0. A run that was left waiting or parked in the
middle of its work exits with 5: it waits for a person.
"""

import asyncio
import gc
import io
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lead_tui.cli import session
from lead_tui.cli.back_doors import doors
from lead_tui.cli.driving import Watching, close, file_reports, leave_now
from lead_tui.cli.leaving import in_time
from lead_tui.cli.screen import has_screen, is_poor
from lead_tui.cli.screen_guard import ScreenGuard
from lead_tui.cli.screen_restore import RESTORING_SECONDS, TerminalState
from lead_tui.cli.signals import Signals
from lead_tui.cli.terminal import say, say_soon
from lead_tui.core.plan import Plan
from lead_tui.errors import LeadError
from lead_tui.observers.hub import Observer
from lead_tui.reporters.base import Reporter
from lead_tui.runner.engine import Engine
from lead_tui.runner.handle import LocalRun
from lead_tui.runner.result import ExitCode
from lead_tui.tui.screen.descriptors import Descriptors

if TYPE_CHECKING:
    from lead_tui.tui.app import Cockpit
    from lead_tui.tui.opening import Left, Opening
    from lead_tui.tui.runs import Runs

Start = Callable[[Sequence[Observer]], Awaitable[LocalRun]]
LOOK_EVERY = 0.5


def opens(watching: Watching, *, no_ui: bool) -> bool:
    """Does a command that drives a run show it on a screen? Not where its output is asked for."""
    return not no_ui and not watching.quiet and watching.output == "text" and has_screen()


async def launch(
    engine: Engine,
    start: Start,
    run_id: str,
    plan: Plan,
    source: str,
    watching: Watching,
    *,
    env_file: Path | None = None,
    by: str | None = None,
    at_once: bool = False,
) -> int:
    """Open the cockpit on a run; the exit code.

    It begins once its first frame is there; `at_once`: before, so that no screen is opened if it cannot.
    """
    from lead_tui.tui.opening import Launch

    reports = file_reports(watching)
    beginning = Beginning(start, reports)
    opening = Launch(run_id, plan, source, beginning.start)
    sitting = Sitting(engine, opening, watching, run_id, reports, beginning, env_file, by, at_once)
    try:
        return await sitting.sit()
    finally:
        close(reports)


async def look(
    engine: Engine, opening: "Opening", watching: Watching, run_id: str = "", *, env_file: Path | None = None
) -> int:
    """Open the cockpit on anything else; the exit code."""
    return await Sitting(engine, opening, watching, run_id, env_file=env_file).sit()


def _cockpit(runs: "Runs", opening: "Opening") -> "Cockpit":
    """The collector has its first turn after the first frame: what is loaded until then stays."""
    gc.disable()
    from lead_tui.settings import load_settings
    from lead_tui.tui.app import Cockpit
    from lead_tui.tui.session import load, session_file

    stored, trouble = load(session_file())
    return Cockpit(
        runs, opening, stored, session_file=session_file(), folder=Path.cwd(), trouble=trouble,
        theme=load_settings().theme, poor_terminal=is_poor(),
    )  # fmt: skip


class Beginning:
    """The start of a run, which goes through although the screen is closed meanwhile."""

    def __init__(self, start: Start, reports: Sequence[Observer]) -> None:
        self._start = start
        self._reports = reports
        self.task: asyncio.Future[LocalRun] | None = None

    async def start(self) -> LocalRun:
        if self.task is None:
            self.task = asyncio.ensure_future(self._start(self._reports))
        return await asyncio.shield(self.task)


@dataclass
class Sitting:
    """One opening of the screen, and all that follows from it."""

    engine: Engine
    opening: "Opening"
    watching: Watching
    run_id: str = ""
    """The run whose end is the command's, "" for none."""
    reports: Sequence[Reporter] = ()
    beginning: Beginning | None = None
    env_file: Path | None = None
    by: str | None = None
    at_once: bool = False
    """Begin before the screen is opened."""
    make: "Callable[[Runs, Opening], Cockpit]" = _cockpit
    _reporters: list[Reporter] = field(default_factory=list)
    """All that hold something of the terminal, for an end at once."""

    async def sit(self) -> int:
        from lead_tui.tui.runs import Runs

        runs = Runs(self.engine, by=self.by or session.who(), env_file=self.env_file)
        runs.observers[self.run_id] = self.reports
        self._reporters += self.reports
        app = self.make(runs, self.opening)
        app.descriptors = Descriptors()
        terminal = TerminalState(app.descriptors)
        guard = ScreenGuard(terminal)
        app.on_first_frame = guard.start

        def leave(code: int, line: str) -> None:
            in_time(partial(terminal.restore, leave_full_screen=app.is_open), RESTORING_SECONDS)
            guard.dismiss()
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
            _tell_written(terminal.descriptors)
            leave_now(self._reporters, code, line)

        with (
            Signals(say_soon, leave, self.watching.go_on) as signals,
            doors.answered(signals.ended_within),
        ):
            signals.guard(runs.at_work)
            app.leave_at_once = lambda: signals.give_up(signal.SIGINT)
            if self.at_once and self.beginning is not None:
                await self.beginning.start()
            left = await _shown(app, signals, terminal)
            guard.stop()
            _tell_written(terminal.descriptors)
            await self._let_begin(runs, left)
            if left.how == "quit" and runs.at_work():
                signals.give_up(signal.SIGINT)
            return await self._see_out(app, runs, left, signals)

    async def _let_begin(self, runs: "Runs", left: "Left") -> None:
        """A run whose start was under way when the screen was closed: it is there now, and as wished."""
        if self.beginning is None or self.beginning.task is None or self.run_id in runs.driven:
            return
        run = await self.beginning.task
        runs.adopt(run)
        if left.how == "quit":
            from lead_tui.core.commands import Cancel

            await run.send(Cancel(why="quit"), runs.by)
            await run.wait()

    async def _see_out(self, app: "Cockpit", runs: "Runs", left: "Left", signals: Signals) -> int:
        from lead_tui.cli import aftermath
        from lead_tui.cli.failure import report_bug

        if isinstance(app.crash, LeadError):
            raise app.crash
        for path in left.rescued:
            say_soon(f"unsaved text is in {path}")
        going = runs.at_work()
        if left.how != "signal":
            why = "the screen failed" if app.crash is not None else "the screen is closed"
            aftermath.goes_on(going, why, self.watching.db)
        everything = [
            aftermath.remains(run, *self._told(run), named=run.run_id != self.run_id and len(runs.driven) > 1)
            for run in runs.driven.values()
        ]
        self._reporters += [reporter for each in everything for reporter in each.reporters]
        codes = await aftermath.see_out(self.engine, everything, signals)
        if self.beginning is not None and not codes:
            say("nothing was started")
            codes[self.run_id] = ExitCode.INT
        if self.run_id and self.beginning is None and self.run_id not in codes:
            aftermath.say_where_it_stands(self.engine, self.run_id, self.watching)
        if app.crash is not None:
            return report_bug(app.crash)
        return 128 + signals.number if signals.number else codes.get(self.run_id, 0)

    def _told(self, run: LocalRun) -> tuple[Watching, Sequence[Reporter]]:
        from lead_tui.cli.aftermath import told

        if run.run_id == self.run_id:
            return self.watching, self.reports
        return told(run, self.watching.db, self.engine), ()


async def _shown(app: "Cockpit", signals: Signals, terminal: TerminalState) -> "Left":
    """Until the screen is closed, by whatever; the terminal is as it was before."""
    from lead_tui.tui.opening import Left

    loop = asyncio.get_running_loop()
    loop.call_soon(loop.set_task_factory, None)  # Textual makes tasks eager; the engine is not written for it
    chores = [
        asyncio.create_task(_heed(app, signals)),
        asyncio.create_task(_look_after(app, signals, terminal)),
    ]
    left, streams = None, (sys.stdin, sys.stdout, sys.stderr)
    sys.stdin = io.StringIO()  # keys are the screen's: a function of a flow that asks for input gets none
    try:
        left = await app.run_async()
    except Exception as error:  # noqa: BLE001 - whatever the screen died of, its runs go on
        app.crash = app.crash or error
    finally:
        for chore in chores:
            chore.cancel()
        gc.enable()
        app.runs.on_left = lambda run_id: None
        terminal.restore(leave_full_screen=app.is_open)
        sys.stdin, sys.stdout, sys.stderr = (
            streams  # Textual's own way back breaks if its tasks end in another order
        )
    return left or Left("crashed" if app.crash is not None else "quit", tuple(app.runs.at_work()))


async def _heed(app: "Cockpit", signals: Signals) -> None:
    """What the signals mean while the screen is open."""
    while True:
        number = await signals.came.get()
        if number == signal.SIGINT:
            signals.forgive()
            app.call_later(app.action_quit)
            continue
        signals.number = number
        if number == signal.SIGTERM:
            signals.came.put_nowait(number)  # for those who steer what goes on
        await app.leaving.for_signal(number, park=number != signal.SIGTERM)
        return


async def _look_after(app: "Cockpit", signals: Signals, terminal: TerminalState) -> None:
    """A terminal that is gone without a word: as if it had said HUP, or detached for who does not hear it."""
    while not terminal.gone and not app.is_gone:
        await asyncio.sleep(LOOK_EVERY)
        terminal.descriptors.trim()
    number = getattr(signal, "SIGHUP", signal.SIGTERM)
    if signal.getsignal(number) is signal.SIG_IGN:
        app.leaving.detach()
    else:
        signals.came.put_nowait(number)


def _tell_written(descriptors: Descriptors) -> None:
    """What went past the screen was meant for somebody."""
    text, more = descriptors.written()
    if text:
        lines = ["written past the screen, by code of this process or what it started:"]
        lines += [f"  | {line}" for line in text.splitlines()]
        lines += [f"  | ... and {more:,} bytes more"] if more else []
        say_soon("\n".join(lines))
