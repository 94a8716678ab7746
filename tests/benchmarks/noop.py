"""What the engine adds to a task that does nothing."""

import tempfile
from itertools import count
from pathlib import Path

from lead_tui.journal.memory import MemoryJournal
from lead_tui.journal.sqlite import SqliteJournal
from tests.benchmarks import floors, graphs
from tests.benchmarks.figures import Figures, best_of, ratio

NOTES = (
    "µs a task, best of the rounds. durable: bare asyncio and graphlib with two SQLite rows a task,\n"
    "successors waiting for the grouped commit. memory: the engine on a journal in memory.\n"
    "Aim: engine/durable below 3x."
)


def measure(quick: bool) -> Figures:
    figures = Figures(
        ("graph", "tasks", "bare", "durable", "engine", "memory", "engine/durable", "engine/bare"), NOTES
    )
    shapes = {"chain": graphs.chain(200), "1 -> 1,000 -> 1": graphs.fan(1000), "DAG": graphs.layered(2000)}
    for name, needs in shapes.items():
        seconds = _compare(needs, 3 if quick else 12)
        cells = (f"{each / len(needs) * 1e6:.1f}" for each in seconds)
        bare, durable, engine, _ = seconds
        figures.rows.append((name, f"{len(needs):,}", *cells, ratio(engine, durable), ratio(engine, bare)))
    return figures


def _compare(needs: graphs.Needs, rounds: int) -> list[float]:
    ready, numbers = graphs.document(needs), count()
    with tempfile.TemporaryDirectory() as folder:
        journal = SqliteJournal.open(Path(folder) / "journal.db")
        tables = [floors.Rows(f"{folder}/rows-{n}.db") for n in range(rounds)]
        try:
            return best_of(
                rounds,
                lambda: floors.bare(needs),
                lambda: floors.durable(needs, tables[next(numbers)]),
                lambda: graphs.run_on(journal, ready),
                lambda: graphs.run_on(MemoryJournal(), ready),
            )
        finally:
            journal.close()
            for each in tables:
                each.close()
