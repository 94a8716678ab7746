"""How the screen is left: what is asked before, and what becomes of the runs that this process drives.

quit      at once if nothing is under way, else a question; asked twice within two seconds it cancels
cancel    what runs cleans up first; asked again it does not; asked once more nothing is waited for
park      each run is left as it is stored
detach    the runs go on in this terminal
signal    the terminal is gone, or somebody ends us: unsaved text is rescued
"""

import asyncio
from collections.abc import Awaitable, Callable
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
        elif not isinstance(self._app.screen, Leave):  # it asks already
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
            if not await may_leave(screen):
                return
        await self._app.starting.settled()
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
        await self._app.starting.settled()
        for run in self._runs.at_work():
            await run.send(Cancel(why="the cockpit was quit", skip_cleanup=again), self._runs.by)
        self.run_left()

    async def _park(self) -> None:
        await self._app.starting.settled()
        await self._runs.park(self._runs.at_work())
        self._app.exit(Left())


async def may_leave(screen: Screen[Any]) -> bool:
    """Does the person let go of what the screen holds unsaved? Call it in a worker."""
    ask: Callable[[], Awaitable[bool]] | None = getattr(screen, "may_leave", None)
    return ask is None or await ask()


def _rescued(screen: Screen[Any]) -> Path | None:
    """The file that unsaved text was put into, if the screen has some."""
    rescue: Callable[[], Path | None] = getattr(screen, "rescue", lambda: None)
    return rescue()
