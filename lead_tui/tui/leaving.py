"""How the screen is left: what is asked before, and what becomes of the runs that this process drives.

quit      at once if nothing is under way, else a question; asked twice within two seconds it cancels
cancel    what runs cleans up first; asked again it does not; asked once more nothing is waited for
park      each run is left as it is stored
detach    the runs go on in this terminal
signal    the terminal is gone, or somebody ends us: unsaved text is rescued
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from lead_tui.core.commands import Cancel
from lead_tui.tui.opening import Left
from lead_tui.tui.runs import Runs
from lead_tui.tui.screens.leave import TWICE, Leave, ask

if TYPE_CHECKING:
    from lead_tui.tui.app import Cockpit

PATIENT_TIMES = 2
"""Wishes to cancel and leave that are obeyed in order; the next one is not waited for."""


class Leaving:
    """Ends the app with what it leaves behind."""

    def __init__(self, app: "Cockpit", runs: Runs) -> None:
        self._app = app
        self._runs = runs
        self._asked_at = float("-inf")
        self._wishes = 0
        """How often the person has asked to cancel what runs and leave."""

    def quit(self) -> None:
        now, before = asyncio.get_running_loop().time(), self._asked_at
        self._asked_at = now
        if self._wishes or (now - before < TWICE and self._runs.at_work()):
            self.cancel()
        else:
            self._app.run_worker(self._ask(), exclusive=True, group="asking")

    def cancel(self) -> None:
        self._app.run_worker(self._cancel(), group="leaving")

    def park(self) -> None:
        self._app.run_worker(self._park(), group="leaving")

    def detach(self) -> None:
        self._app.exit(Left("detached", tuple(self._runs.at_work())))

    async def for_signal(self, number: int, *, park: bool) -> None:
        """Park what runs (the terminal is gone) or close the screen and let the caller end it."""
        runs = tuple(self._runs.at_work())
        rescued = [path for screen in self._app.screen_stack if (path := _rescued(screen)) is not None]
        if park:
            await self._runs.park(runs)
        self._app.exit(Left("signal", runs, number, tuple(rescued)))

    def run_left(self) -> None:
        """A run is not driven here any more: perhaps it was the last that was waited for."""
        if self._wishes and not self._runs.at_work():
            self._app.exit(Left())

    async def _ask(self) -> None:
        for screen in reversed(self._app.screen_stack):
            may_leave = getattr(screen, "may_leave", None)
            if may_leave is not None and not await may_leave():
                return
        at_work = self._runs.at_work()
        if not at_work:
            self._app.exit(Left())
            return
        if self._wishes:
            return
        match await self._app.push_screen_wait(ask(at_work)):
            case "cancel":
                self.cancel()
            case "detach":
                self.detach()
            case "park":
                self.park()

    async def _cancel(self) -> None:
        self._wishes += 1
        screen = self._app.screen
        if isinstance(screen, Leave):
            screen.call_after_refresh(screen.answer_nothing)
        if self._wishes > PATIENT_TIMES:
            self._app.exit(Left())
            return
        again = self._wishes > 1
        self._app.tell(
            "skipping the cleanup; q leaves at once" if again else "cancelling; q skips the cleanup"
        )
        for run in self._runs.at_work():
            await run.send(Cancel(why="the cockpit was quit", skip_cleanup=again), self._runs.by)
        self.run_left()

    async def _park(self) -> None:
        await self._runs.park(self._runs.at_work())
        self._app.exit(Left())


def _rescued(screen: Screen[Any]) -> Path | None:
    """The file that unsaved text was put into, if the screen has some."""
    rescue: Callable[[], Path | None] = getattr(screen, "rescue", lambda: None)
    return rescue()
