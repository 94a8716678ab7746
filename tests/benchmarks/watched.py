"""`python -m tests.benchmarks.watched TASKS JOURNAL [--cockpit]`: tasks that do nothing, seen or unseen.

A file may hold about 14,000 tasks; this run has no file. With `--cockpit` the screen closes by itself when
the run has ended.
"""

import asyncio
import gc
import sys

from lead_tui.core.compile import compile_plan
from lead_tui.journal.sqlite import SqliteJournal
from lead_tui.runner.engine import Engine
from lead_tui.runner.handle import LocalRun
from tests.benchmarks import graphs


async def main(tasks: int, path: str, *, cockpit: bool) -> None:
    journal = SqliteJournal.open(path)
    engine = Engine(journal)
    document = graphs.document(graphs.layers_of_100(tasks), stored=False)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # as the command line does

    async def start() -> LocalRun:
        return await engine.start(document, {}, environment={}, run_id="seen" if cockpit else "unseen")

    if cockpit:
        await _watch(engine, document, start)
    else:
        await (await start()).wait()
    journal.close()


async def _watch(engine: Engine, document, start) -> None:
    from lead_tui.tui.app import Cockpit
    from lead_tui.tui.opening import Launch
    from lead_tui.tui.runs import Runs

    runs = Runs(engine)
    app = Cockpit(runs, Launch("seen", compile_plan(document.workflow, document.graph), "", start))
    runs.on_left = lambda run_id: app.set_timer(0.5, app.exit)
    await app.run_async()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], cockpit="--cockpit" in sys.argv))
