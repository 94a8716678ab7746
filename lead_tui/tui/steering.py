"""What a person wants of a run, sent to it: commands to a run that somebody drives, or taking up one that
nobody does. What became of it is told on the screen.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from lead_tui.core.commands import AnyCommand, Resume
from lead_tui.errors import LeadError
from lead_tui.runner import left
from lead_tui.runner.handle import Receipt
from lead_tui.tui.runs import Runs

if TYPE_CHECKING:
    from lead_tui.tui.app import Cockpit

Secrets = Mapping[str, Any]
Wish = tuple[str, AnyCommand]
"""Of a run by its id."""


class Steering:
    """Both return at once; the work is the app's, so that no screen that closes cuts it off.

    The same wish again while it is under way is one wish. Wishes of one run come one after the other, so that
    it is taken up, and asked for its secrets, once.
    """

    def __init__(self, app: "Cockpit", runs: Runs) -> None:
        self._app = app
        self._runs = runs
        self._under_way: list[Wish] = []
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def send(self, run_id: str, command: AnyCommand, done: str) -> None:
        """`done` is what to say once it is accepted."""
        self._begin((run_id, command), partial(self._send, run_id, command, done))

    def resume(self, run_id: str) -> None:
        """End a pause, or take up a run that nobody drives."""
        self._begin((run_id, Resume()), partial(self._resume, run_id))

    def _begin(self, wish: Wish, work: Callable[[], Awaitable[None]]) -> None:
        if wish not in self._under_way:
            self._under_way.append(wish)
            self._app.run_worker(self._fulfil(wish, work), group="steering")

    async def _fulfil(self, wish: Wish, work: Callable[[], Awaitable[None]]) -> None:
        try:
            async with self._turns[wish[0]]:
                await work()
        except LeadError as error:
            self._app.tell(str(error), bad=True)
        finally:
            self._under_way.remove(wish)

    async def _send(self, run_id: str, command: AnyCommand, done: str) -> None:
        again = await self._secrets_again(run_id)
        if again is not None:
            self._tell(await self._runs.send(run_id, command, again), done)

    async def _resume(self, run_id: str) -> None:
        if self._runs.is_alive(run_id):
            self._tell(await self._runs.send(run_id, Resume()), "goes on")
            return
        again = await self._secrets_again(run_id)
        if again is not None:
            self._tell(await self._runs.take_up(run_id, secrets=again), "taken up here")

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
