"""How time and memory grow with the number of tasks.

`python -m tests.benchmarks.scale SIZE` measures one size and prints it as JSON: each has a heap of its own.
"""

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from lead_tui.flow.loader import Document
from lead_tui.journal.base import Journal
from lead_tui.journal.sqlite import SqliteJournal
from lead_tui.runner.engine import Engine
from tests.benchmarks import graphs
from tests.benchmarks.figures import Figures, ratio

SIZES = (100, 1_000, 10_000, 100_000)
TIMEOUT = 150
NOTES = (
    "Layers of 100 tasks that do nothing, each with one or two needs, on SQLite. grows: time a task\n"
    "against that of 1,000 tasks. KB a task above the process before it: model: the workflow; peak: at\n"
    "most, model included; kept: after the run, its result still held. 100 tasks are fewer than memory\n"
    "is counted in. Aim: time a task stays (linear), peak below 5 KB a task."
)


def measure(quick: bool) -> Figures:
    figures = Figures(("tasks", "seconds", "µs a task", "grows", "model KB", "peak KB", "kept KB"), NOTES)
    found = [_in_own_process(size) for size in (SIZES[:-1] if quick else SIZES)]
    usual = found[1]["seconds"] / found[1]["tasks"]
    for each in found:
        per_task = each["seconds"] / each["tasks"]
        memory = (f"{each[name] / each['tasks'] / 1024:.2f}" for name in ("model", "peak", "kept"))
        figures.rows.append(
            (
                f"{each['tasks']:,}",
                f"{each['seconds']:.2f}",
                f"{per_task * 1e6:.1f}",
                ratio(per_task, usual),
                *memory,
            )
        )
    return figures


def _in_own_process(size: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.scale", str(size)],
        capture_output=True, text=True, timeout=TIMEOUT, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def one_size(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        journal = SqliteJournal.open(Path(folder) / "journal.db")
        asyncio.run(graphs.run_on(journal, graphs.document(graphs.chain(10))))  # imports what a run needs
        gc.collect()
        before = _resident()
        ready = graphs.document(graphs.layers_of_100(size), stored=False)
        gc.collect()
        model = _resident() - before
        seconds, after = asyncio.run(_run(journal, ready))
        journal.close()
    return {
        "tasks": size,
        "seconds": seconds,
        "model": model,
        "peak": _peak() - before,
        "kept": after - before,
    }


async def _run(journal: Journal, ready: Document) -> tuple[float, int]:
    begun = time.perf_counter()
    run = await Engine(journal).start(ready, {}, environment={})
    result = await run.wait()
    seconds = time.perf_counter() - begun
    assert len(result.results) == len(ready.workflow.tasks), result.status
    gc.collect()
    return seconds, _resident()


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


def _peak() -> int:
    """The most memory that this process ever held; getrusage would count its parent's from before `exec`."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("this system does not tell the peak of a process's memory")


if __name__ == "__main__":
    print(json.dumps(one_size(int(sys.argv[1]))))
