"""Ctrl-C, TERM and HUP while a run is driven.

INT, TERM    the run is cancelled and cleans up; a second one skips the cleanup, a third one leaves at once
TERM         by itself: no cleanup after 4 s, gone before 6 s, since who sends it soon sends KILL
HUP          the run is parked: the terminal is gone, the work is not lost

What leaves at once does so although an agent blocks the event loop (watchdog.py). Whatever is cut off this
way is in the journal as far as it was acknowledged: `leadtui resume` goes on.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self

from lead_tui.cli.back_doors import ended
from lead_tui.cli.watchdog import Watchdog
from lead_tui.core.commands import Cancel
from lead_tui.core.state import CANCELLED, RUN_ENDED, RunState
from lead_tui.runner.handle import LocalRun
from lead_tui.runner.result import ExitCode

CLEANUP_AFTER_TERM = 4.0
EXIT_AFTER_TERM = 5.0
NOTHING_KNOWN = "`leadtui runs` shows what it left"
_HUP = getattr(signal, "SIGHUP", None)  # not on Windows


class Signals:
    """Catches them while it is entered, in an event loop; `steer` acts on them."""

    def __init__(
        self,
        say: Callable[[str], None],
        leave: Callable[[int, str], object],
        go_on: Callable[[str], str],
        *,
        seconds: float = EXIT_AFTER_TERM,
    ) -> None:
        """`leave` says a line and ends the process with this code now, whatever still runs.

        `go_on` gives the command that goes on with a run; `seconds` are left after a TERM or HUP.
        """
        self.number: int = 0
        """The signal that the run ended by, 0 if none."""
        self.came: asyncio.Queue[int] = asyncio.Queue()
        self._say = say
        self._leave = leave
        self._go_on = go_on
        self._seconds = seconds
        self._runs: Callable[[], Sequence[LocalRun]] = tuple
        self._before: dict[int, Any] = {}
        self._watchdog: Watchdog | None = None
        self._times = 0
        self._clock: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, _HUP):
            if number is None or signal.getsignal(number) is signal.SIG_IGN:  # nohup, a background job
                continue
            with suppress(ValueError):  # no main thread
                self._before[number] = signal.signal(number, _heard_by_the_watchdog)
        if self._before:
            loop = asyncio.get_running_loop()

            def hear(number: int) -> None:
                with suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(self.came.put_nowait, number)

            self._watchdog = Watchdog(hear, self.give_up, seconds=self._seconds)
            self._watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._watchdog is not None:
            self._watchdog.stop()
        for number, before in self._before.items():
            signal.signal(number, signal.SIG_DFL if before is None else before)
        if self._clock is not None:
            self._clock.cancel()

    async def steer(self, *runs: LocalRun) -> None:
        """Act on what comes, until cancelled."""
        self.guard(lambda: runs)
        while True:
            number = await self.came.get()
            if number == _HUP:
                self.number = number
                await asyncio.gather(*(run.park() for run in runs))
            elif number == signal.SIGTERM and self._times == 0:
                await self._cancel(number)
                self._clock = asyncio.create_task(self._hurry())
            else:
                await self._cancel(number)

    def guard(self, runs: Callable[[], Sequence[LocalRun]]) -> None:
        """Gives those that would be left in the middle if the process ended at once."""
        self._runs = runs

    def forgive(self) -> None:
        """What came was dealt with: the next INT is the first one again."""
        if self._watchdog is not None:
            self._watchdog.forgive()

    def give_up(self, number: int) -> None:
        """Leave at once. The guard of child processes ends them with this one."""
        self._leave(128 + number, "\n".join(self._left()))

    def ended_within(self, status: int) -> None:
        """Code of this process ends it, with this status: leave at once, too, as failed."""
        self._leave(ExitCode.FAILED, "\n".join([ended(status), *(self._left() or [NOTHING_KNOWN])]))

    def _left(self) -> list[str]:
        going = (run for run in self._runs() if run.driving and run.state.status not in RUN_ENDED)
        return [f"left in the middle: {self._go_on(run.run_id)}" for run in going]

    async def _cancel(self, number: int) -> None:
        self._times += 1
        if self._times > 1:
            await self._skip_cleanup()
        elif await self._send(Cancel(why=_word(number))):
            self.number = number
            self._say("cancelling, cleanup runs; once more skips it")

    async def _skip_cleanup(self) -> None:
        if await self._send(Cancel(why="cleanup skipped", skip_cleanup=True)):
            self._say("skipping the cleanup; once more leaves at once")

    async def _send(self, command: Cancel) -> bool:
        """Has any of the runs accepted it?"""
        receipts = await asyncio.gather(*(run.send(command) for run in self._runs()))
        return any(receipt.accepted for receipt in receipts)

    async def _hurry(self) -> None:
        await asyncio.sleep(CLEANUP_AFTER_TERM)
        await self._skip_cleanup()


def skipped_cleanup(run: RunState) -> list[str]:
    """The `finally` tasks that did not run to their end because a person would not wait."""
    return [
        task.name
        for task in run.tasks.values()
        if run.skip_cleanup and task.plan.cleanup and task.status is CANCELLED
    ]


def _heard_by_the_watchdog(*_: object) -> None:
    """Python writes the number to the wakeup descriptor only for a signal that has a handler."""


def _word(number: int) -> str:
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
