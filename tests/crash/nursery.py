"""A process that has imported everything and forks a child for each run: a thousand kills take minutes.

Reads one JSON object a line: `{"db", "flow", "run_id", "mode", "lifetime"}`, mode `start`, `resume` or
`retry`; kills the child after `lifetime` seconds and answers with its exit code, -9 for a violent end.
"""

import asyncio
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

import lead_tui.agents.python
import lead_tui.journal.sqlite
import lead_tui.templating.sandbox  # noqa: F401 - loaded once, before any fork
from lead_tui.core import commands as cmd
from lead_tui.errors import LeadError
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.journal.open import open_journal
from lead_tui.observers.hub import Event, Observer
from lead_tui.runner.engine import Engine, load_file


class Acknowledge(Observer):
    """Tell the witness which facts this process was told of: none of them may be lost."""

    def __init__(self, witness: int) -> None:
        self._witness = witness

    async def on_batch(self, batch) -> None:
        seqs = [item.seq for item in batch if isinstance(item, Event)]
        if seqs:
            os.write(self._witness, f"ack {max(seqs)}\n".encode())


async def live(order: dict[str, Any]) -> None:
    witness = os.open(Path(order["flow"]).with_name("witness"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    engine = Engine(open_journal(order["db"]))
    watch = [Acknowledge(witness)]
    if order["mode"] == "start":
        document = load_file(Path(order["flow"]), os.environ)
        inputs = resolve_inputs(document.workflow, {})
        run = await engine.start(
            document, inputs, run_id=order["run_id"], park_when_waiting=True, observers=watch
        )
    else:
        wishes = [cmd.Retry()] if order["mode"] == "retry" else []
        run = await engine.take_up(order["run_id"], *wishes, park_when_waiting=True, observers=watch)
    await run.wait()
    engine.journal.close()


def child(order: dict[str, Any]) -> int:
    try:
        asyncio.run(live(order))
    except LeadError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    return 0


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            code = 70
            try:
                code = child(order)
            finally:
                os._exit(code)
        life = os.pidfd_open(pid)
        over, _, _ = select.select([life], [], [], order["lifetime"])
        os.close(life)
        if not over:
            os.kill(pid, signal.SIGKILL)  # still ours: nobody has waited for it
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
