"""`leadtui logs RUN [TASK]`: the lines that processes and agents wrote."""

from lead_tui.cli import options, session
from lead_tui.cli.terminal import out, out_event
from lead_tui.core.events import Log
from lead_tui.errors import UsageError
from lead_tui.observers.hub import Item
from lead_tui.runner.engine import Engine

EXAMPLES = ("leadtui logs last", "leadtui logs last build -f")


def command(
    run: options.Run,
    task: options.AnyTask = None,
    follow: options.Follow = False,
    as_json: options.Json = False,
    db: options.Db = None,
) -> None:
    """Print what the agents of a run said.

    With `-f` it goes on while the run does, also when another process drives it.
    """
    with session.existing(db, read_only=True) as engine:
        run_id = engine.journal.find(run)
        if task is not None and all(each.name != task for each in engine.journal.record(run_id).plan.tasks):
            raise UsageError(f"run {run_id} has no task {task!r}")
        if follow:
            session.wait_for(_follow(engine, run_id, task, as_json=as_json))
        else:
            for note in engine.journal.notes(run_id, task=task):
                _print(note, task, as_json=as_json)


async def _follow(engine: Engine, run_id: str, task: str | None, *, as_json: bool) -> None:
    async for batch in engine.handle(run_id).events():
        for item in batch:
            _print(item, task, as_json=as_json)


def _print(item: Item, task: str | None, *, as_json: bool) -> None:
    if not isinstance(item, Log) or task not in (None, item.task):
        return
    if as_json:
        out_event(item)
    else:
        level = f"{item.level}: " if item.level in ("warning", "error") else ""
        out(f"{item.ts.astimezone():%H:%M:%S} {item.task}: {level}{item.text}")
