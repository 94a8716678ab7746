"""What an attempt tells of its costs: facts before it waits, saves or ends; notes for who looks on."""

import asyncio
import math
from collections.abc import Callable

from lead_tui.core import events as ev
from lead_tui.runner.meter import Meter

SHOWN_EVERY = 0.1
"""Seconds between two notes."""


class Bill:
    """Everything that `meter` has beyond what was told is told once."""

    def __init__(self, task: str, attempt: int, meter: Meter, note: Callable[[ev.Note], None]) -> None:
        self._task = task
        self._attempt = attempt
        self._meter = meter
        self._note = note
        self._loop = asyncio.get_running_loop()
        self._told_total = meter.total
        self._told_parts = {name: part.account for name, part in meter.others.items()}
        self._shown_at = -math.inf
        self._showing: asyncio.TimerHandle | None = None

    def untold(self, *, always: bool = False) -> list[ev.Event]:
        """What is to be stored now, so that no park and no crash loses it; `always`: be it nothing."""
        total = self._meter.total
        if total == self._told_total and not always:
            return []
        self._told_total = total
        seconds = self._meter.time.seconds
        whole = ev.AttemptSpent(task=self._task, attempt=self._attempt, usage=total, duration=seconds)
        return [*self.untold_of_others(), whole]

    def untold_of_others(self) -> list[ev.Event]:
        """Only what other agents used; the attempt's end tells the whole itself."""
        parts = self._meter.others.items()
        untold = {name: part for name, part in parts if self._told_parts.get(name) != part.account}
        self._told_parts |= {name: part.account for name, part in untold.items()}
        return [
            ev.AttemptSpent(
                task=self._task, attempt=self._attempt, agent=name, duration=part.seconds,
                usage={**part.usage, "calls": part.calls},
            )
            for name, part in untold.items()
        ]  # fmt: skip

    def show(self) -> None:
        """Soon: at most so often, what comes in between with the next one."""
        if self._showing is not None:
            return
        wait = self._shown_at + SHOWN_EVERY - self._loop.time()
        if wait > 0:
            self._showing = self._loop.call_later(wait, self._show)
        else:
            self._show()

    def _show(self) -> None:
        self._showing, self._shown_at = None, self._loop.time()
        self._note(ev.Usage(usage=self._meter.total))

    def close(self) -> None:
        """The attempt has ended: its end tells all of it."""
        if self._showing is not None:
            self._showing.cancel()
