"""What becomes of the runs that this process drives when the screen is closed."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from lead_tui.runner.handle import LocalRun
from lead_tui.tui.screens.confirm import Choice, Confirm

TWICE = 2.0
"""Seconds within which a second wish to quit cancels what runs."""


class Leave(Confirm):
    """The key that asked for it, pressed again at once, is an answer; later on it is none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c", "insist", "cancel", show=False, id="leave.insist"),
    ]

    def on_mount(self) -> None:
        self._since = asyncio.get_running_loop().time()

    def answer_nothing(self) -> None:
        """It is answered otherwise. (Textual would wait here for what `dismiss` gives, for ever.)"""
        self.dismiss(None)

    def action_insist(self) -> None:
        if asyncio.get_running_loop().time() - self._since < TWICE:
            self.dismiss("cancel")


def ask(runs: Sequence[LocalRun]) -> Leave:
    """Gives `cancel`, `detach`, `park` or None to stay."""
    names = ", ".join(run.state.plan.name for run in runs[:3]) + (" ..." if len(runs) > 3 else "")
    count = "A run is" if len(runs) == 1 else f"{len(runs)} runs are"
    return Leave(
        "Leave the cockpit?",
        f"{count} under way here: {names}.",
        [
            Choice("s", "stay", "stay"),
            Choice("d", "detach", "detach: close the screen, go on in this terminal"),
            Choice("p", "park", "park: stop here, `leadtui resume` takes it up"),
            Choice("c", "cancel", "cancel: end it, clean up, leave"),
        ],
    )
