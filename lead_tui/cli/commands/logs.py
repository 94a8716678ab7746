"""`leadtui logs RUN [TASK]`: the lines of processes and agents, the answers of models, the calls of tools."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lead_tui.cli import options, session
from lead_tui.cli.terminal import out, out_event
from lead_tui.errors import UsageError
from lead_tui.observers.hub import Item
from lead_tui.runner.engine import Engine
from lead_tui.runner.history import history

if TYPE_CHECKING:
    from lead_tui.cli.sayings import Sayings

EXAMPLES = ("leadtui logs last", "leadtui logs last build -f")


def command(
    run: options.Run,
    task: options.AnyTask = None,
    follow: options.Follow = False,
    as_json: options.Json = False,
    db: options.Db = None,
) -> None:
    """Print what the agents of a run said: log lines, answers of models, calls of tools and what they gave.

    With `-f` it goes on while the run does, also when another process drives it. As JSON each is a line: the
    note or event of the journal, an answer that came in pieces as one `tokens`.
    """
    from lead_tui.cli.sayings import Sayings

    with session.existing(db, read_only=True) as engine:
        run_id = engine.journal.find(run)
        if task is not None and all(each.name != task for each in engine.journal.record(run_id).plan.tasks):
            raise UsageError(f"run {run_id} has no task {task!r}")
        sayings = Sayings(task or "")
        if follow:
            session.wait_for(_follow(engine, run_id, sayings, as_json=as_json))
        else:
            for batch in history(engine.journal, run_id):
                _print(sayings.of(batch), as_json=as_json)
        _print(sayings.rest(), as_json=as_json)


async def _follow(engine: Engine, run_id: str, sayings: "Sayings", *, as_json: bool) -> None:
    async for batch in engine.handle(run_id).events():
        _print(sayings.of(batch), as_json=as_json)


def _print(said: Iterable[tuple[Item, str]], *, as_json: bool) -> None:
    for item, words in said:
        if as_json:
            out_event(item)
            continue
        head = f"{item.ts.astimezone():%H:%M:%S} {getattr(item, 'task', '')}: "
        for line in words.split("\n"):
            out(head + line)
