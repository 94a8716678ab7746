"""`leadtui events RUN`: the log itself, one JSON object a line."""

from collections.abc import Iterable, Iterator
from heapq import merge
from typing import Annotated

import typer

from lead_tui.cli import options, session
from lead_tui.cli.terminal import out_event
from lead_tui.core.events import Event
from lead_tui.journal.base import Journal
from lead_tui.observers.hub import Item
from lead_tui.runner.engine import Engine

EXAMPLES = ("leadtui events last | jq .type", "leadtui events last -f --notes")


def command(
    run: options.Run,
    follow: options.Follow = False,
    after: Annotated[int, typer.Option(min=0, metavar="SEQ", help="Only events after this one.")] = 0,
    notes: Annotated[bool, typer.Option("--notes", help="Log lines and progress too.")] = False,
    db: options.Db = None,
) -> None:
    """Print the log of a run as JSON lines.

    Each event has `seq` (from 1, no gaps), `ts`, `run_id`, `type` and its own fields.
    """
    with session.existing(db, read_only=True) as engine:
        run_id = engine.journal.find(run)
        if follow:
            session.wait_for(_follow(engine, run_id, after, notes=notes))
        else:
            _print(_stored(engine.journal, run_id, after, notes=notes))


def _stored(journal: Journal, run_id: str, after: int, *, notes: bool) -> Iterator[Item]:
    """Each note stands behind the event that it followed."""
    events = (event for page in journal.read(run_id, after) for event in page)
    if not notes:
        return iter(events)
    later = (note for note in journal.notes(run_id) if note.after >= after)
    return merge(events, later, key=lambda item: item.seq if isinstance(item, Event) else item.after)


async def _follow(engine: Engine, run_id: str, after: int, *, notes: bool) -> None:
    async for batch in engine.handle(run_id).events(after):
        _print(item for item in batch if notes or isinstance(item, Event))


def _print(items: Iterable[Item]) -> None:
    for item in items:
        out_event(item)
