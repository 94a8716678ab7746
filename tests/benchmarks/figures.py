"""What a benchmark found, as a table; and how to measure several things fairly."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from rich.table import Table

Trial = Callable[[], Awaitable[object]]


@dataclass
class Figures:
    """Rows of text; `notes` say what the figures mean and what is aimed at."""

    columns: tuple[str, ...]
    notes: str
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def table(self, title: str) -> Table:
        table = Table(title=title, title_justify="left")
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index else "left", no_wrap=True)
        for row in self.rows:
            table.add_row(*row)
        return table


def best_of(rounds: int, *trials: Trial) -> list[float]:
    """The shortest time of each in seconds. They take turns, so what disturbs the machine disturbs all.

    Each begins with a swept heap and the collector on, as in a user's process, and has a loop of its own.
    """
    best = [float("inf")] * len(trials)
    for _ in range(rounds):
        for index, trial in enumerate(trials):
            best[index] = min(best[index], asyncio.run(_timed(trial)))
    return best


async def _timed(trial: Trial) -> float:
    gc.collect()
    begun = time.perf_counter()
    await trial()
    return time.perf_counter() - begun


def ratio(measured: float, floor: float) -> str:
    return f"{measured / floor:.2f}x"
