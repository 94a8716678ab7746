"""Who waits for a call to another agent: the attempt and, within it, calls that wait for one another."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from lead_tui.runner.call_time import CallTime


@dataclass(frozen=True, slots=True)
class Callers:
    """`agents`: their names, the task's own first; `times`: of their calls; `calls`: the tool calls, by the
    names that the attempt knows, for which they were made.
    """

    agents: tuple[str, ...]
    times: tuple[CallTime, ...]
    calls: tuple[str, ...] = ()

    def joined_by(self, agent: str, time: CallTime, call: str) -> "Callers":
        """One more waits: this agent, which was called for the tool call `call`, if for any."""
        calls = (*self.calls, call) if call else self.calls
        return Callers((*self.agents, agent), (*self.times, time), calls)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Nobody's time runs."""
        with ExitStack() as stack:
            for time in self.times:
                stack.enter_context(time.standing_still())
            yield

    async def rest(self, seconds: float) -> None:
        with self.standing_still():
            await asyncio.sleep(seconds)
