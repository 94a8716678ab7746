"""Ctrl-C, TERM and HUP while a run is driven.

INT, TERM    the run is cancelled and cleans up; a second one skips the cleanup, a third one leaves at once
TERM         by itself: no cleanup after 4 s, gone before 6 s, since who sends it soon sends KILL
HUP          the run is parked: the terminal is gone, the work is not lost

Whatever is cut off this way is in the journal as far as it was acknowledged: `leadtui resume` goes on.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from lead_tui.core.commands import Cancel
from lead_tui.core.state import CANCELLED, RunState
from lead_tui.reporters.words import command_line
from lead_tui.runner.handle import LocalRun

CLEANUP_AFTER_TERM = 4.0
EXIT_AFTER_TERM = 5.0
_HUP = getattr(signal, "SIGHUP", None)  # not on Windows


class Signals:
    """Catches them while it is entered, in an event loop; `steer` acts on them."""

    def __init__(
        self, say: Callable[[str], None], leave: Callable[[int], object], db: str | None = None
    ) -> None:
        """`leave` ends the process now, whatever still runs; `db`: the journal that a command must name."""
        self.number: int = 0
        """The signal that the run ended by, 0 if none."""
        self.came: asyncio.Queue[int] = asyncio.Queue()
        self._say = say
        self._leave = leave
        self._db = db
        self._caught: list[int] = []
        self._times = 0
        self._clock: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, _HUP):
            if number is None or signal.getsignal(number) is signal.SIG_IGN:  # nohup, a background job
                continue
            with suppress(NotImplementedError, ValueError):  # Windows, or no main thread
                loop.add_signal_handler(number, self.came.put_nowait, int(number))
                self._caught.append(number)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._caught:
            asyncio.get_running_loop().remove_signal_handler(number)
        if self._clock is not None:
            self._clock.cancel()

    async def steer(self, run: LocalRun) -> None:
        """Act on what comes, until cancelled."""
        while True:
            number = await self.came.get()
            if number == _HUP:
                self.number = number
                await run.park()
            elif number == signal.SIGTERM and self._times == 0:
                await self._cancel(run, number)
                self._clock = asyncio.create_task(self._hurry(run))
            else:
                await self._cancel(run, number)

    async def _cancel(self, run: LocalRun, number: int) -> None:
        self._times += 1
        if self._times == 1:
            receipt = await run.send(Cancel(why=_word(number)))
            if receipt.accepted:
                self.number = number
                self._say("cancelling, cleanup runs; once more skips it")
        elif self._times == 2:
            await self._skip_cleanup(run)
        else:
            self._give_up(run, number)

    async def _skip_cleanup(self, run: LocalRun) -> None:
        receipt = await run.send(Cancel(why="cleanup skipped", skip_cleanup=True))
        if receipt.accepted:
            self._say("skipping the cleanup; once more leaves at once")

    async def _hurry(self, run: LocalRun) -> None:
        await asyncio.sleep(CLEANUP_AFTER_TERM)
        await self._skip_cleanup(run)
        await asyncio.sleep(EXIT_AFTER_TERM - CLEANUP_AFTER_TERM)
        self._give_up(run, signal.SIGTERM)

    def _give_up(self, run: LocalRun, number: int) -> None:
        """The guard of child processes ends them with this one."""
        self._say(f"left in the middle: {command_line('resume', run.run_id, db=self._db)}")
        self._leave(128 + number)


def skipped_cleanup(run: RunState) -> list[str]:
    """The `finally` tasks that did not run to their end because a person would not wait."""
    return [
        task.name
        for task in run.tasks.values()
        if run.skip_cleanup and task.plan.cleanup and task.status is CANCELLED
    ]


def _word(number: int) -> str:
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
