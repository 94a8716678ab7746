"""What a person wants of a run, sent to it: commands to a run that somebody drives, or taking up one that
nobody does. What became of it is told on the screen.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lead_tui.core.commands import AnyCommand, Resume
from lead_tui.errors import LeadError
from lead_tui.runner import left
from lead_tui.runner.handle import Receipt
from lead_tui.tui.runs import Runs

if TYPE_CHECKING:
    from lead_tui.tui.app import Cockpit

Secrets = Mapping[str, Any]


class Steering:
    """Both return at once; the work is the app's, so that no screen that closes cuts it off."""

    def __init__(self, app: "Cockpit", runs: Runs) -> None:
        self._app = app
        self._runs = runs

    def send(self, run_id: str, command: AnyCommand, done: str) -> None:
        """`done` is what to say once it is accepted."""
        self._app.run_worker(self._send(run_id, command, done), group="steering")

    def resume(self, run_id: str) -> None:
        """End a pause, or take up a run that nobody drives."""
        self._app.run_worker(self._resume(run_id), group="steering")

    async def _send(self, run_id: str, command: AnyCommand, done: str) -> None:
        try:
            again = await self._secrets_again(run_id)
            if again is not None:
                self._tell(await self._runs.send(run_id, command, again), done)
        except LeadError as error:
            self._app.tell(str(error), bad=True)

    async def _resume(self, run_id: str) -> None:
        try:
            if self._runs.is_alive(run_id):
                self._tell(await self._runs.send(run_id, Resume()), "goes on")
                return
            again = await self._secrets_again(run_id)
            if again is not None:
                self._tell(await self._runs.take_up(run_id, secrets=again), "taken up here")
        except LeadError as error:
            self._app.tell(str(error), bad=True)

    async def _secrets_again(self, run_id: str) -> Secrets | None:
        """Secret inputs, asked for again if this process takes the run up; None if the person leaves."""
        names = self._runs.secrets_needed(run_id)
        if not names:
            return {}
        from lead_tui.tui.screens.secrets import SecretsScreen

        texts = await self._app.push_screen_wait(SecretsScreen(names))
        if texts is None:
            return None
        record = self._runs.record(run_id)
        return {name: left.read_secret(record, name, text) for name, text in texts.items()}

    def _tell(self, receipt: Receipt, done: str) -> None:
        if not receipt.accepted:
            self._app.tell(receipt.why, bad=True)
        else:
            self._app.tell(f"{done}: stored, its owner has not answered yet" if receipt.pending else done)
