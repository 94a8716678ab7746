"""Runs that are begun from a form. The form gives way to its run; nothing else that a person looks at does.

A start that was sent is not taken back, for the run may be stored already: who leaves the form is told of it.
"""

import asyncio
from typing import TYPE_CHECKING

from lead_tui.errors import LeadError
from lead_tui.text.safe import safe_line
from lead_tui.tui.runs import Runs

if TYPE_CHECKING:
    from lead_tui.tui.app import Cockpit
    from lead_tui.tui.screens.start import StartScreen


class Starting:
    """The work is the app's, so that no form that closes cuts it off."""

    def __init__(self, app: "Cockpit", runs: Runs) -> None:
        self._app = app
        self._runs = runs
        self._one_start = asyncio.Lock()

    def start(self, wish: "StartScreen.Run") -> None:
        self._app.run_worker(self._start(wish), group="starting")

    async def settled(self) -> None:
        """Until the starts that are under way have given runs that this process drives, or errors."""
        async with self._one_start:
            return

    async def _start(self, wish: "StartScreen.Run") -> None:
        async with self._one_start:
            try:
                run_id = await self._runs.start(wish.document, wish.values, wish.environment)
            except LeadError as error:
                wish.form.refused()
                self._app.tell(str(error), bad=True)
                return
        wish.form.begun(run_id)
        if not wish.form.is_active:
            name = safe_line(wish.document.workflow.name, 80)
            self._app.tell(f"{name} has begun as run {run_id[:6]}; home (h) lists it")
