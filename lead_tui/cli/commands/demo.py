"""`leadtui demo`: a guided run with scripted agents; no network, no key, no file of yours is touched."""

from collections.abc import Sequence

import typer

from lead_tui import scaffold
from lead_tui.cli import options, session
from lead_tui.cli.driving import Watching, drive
from lead_tui.cli.terminal import say
from lead_tui.observers.hub import Observer
from lead_tui.runner.handle import LocalRun

EXAMPLES = ("leadtui demo",)
BEFORE = """\
A shop's nightly job, with scripted agents. Watch for:
  stock      fails twice and is tried again
  discount   runs, and surcharge is skipped: a branch
  newsletter fails for good, and apologize handles that
  tidy-up    is a `finally` task: it runs whatever happened
"""
AFTER = """\
What a run leaves can be asked at any time:
  leadtui show last             every task with its result
  leadtui why last surcharge    why it did not run
  leadtui events last           the log that all this is folded from
Then `leadtui init` lays out a flow of your own."""


def command(output: options.Output = "text", db: options.Db = None) -> None:
    """Run a guided example that needs no network."""
    with scaffold.demo() as path:
        document, environment = session.load_flow(path)
        say(BEFORE)
        with session.engine(db) as engine:

            async def start(observers: Sequence[Observer]) -> LocalRun:
                return await engine.start(
                    document, {}, environment=environment, park_when_waiting=True, observers=observers
                )

            watching = Watching(output=output, db=db, total=len(document.workflow.all_tasks))
            code = session.wait_for(drive(engine, start, watching))
    say(f"\n{AFTER}")
    raise typer.Exit(code)
