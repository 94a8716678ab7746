"""`leadtui runs`: the history, newest first."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from lead_tui.cli import options, session
from lead_tui.cli.terminal import moment, out, out_json, table
from lead_tui.core.state import RunStatus
from lead_tui.errors import RunNotFound, UsageError
from lead_tui.journal.base import RunRow
from lead_tui.runner import left
from lead_tui.text.words import duration

EXAMPLES = ("leadtui runs", "leadtui runs --status failed --limit 5 --json")
STATUSES = (*(str(each) for each in RunStatus), left.INTERRUPTED)


def command(
    flow: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only runs of this flow.", show_default=False)
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(metavar="STATUS", help="running, waiting, failed, interrupted, ...", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")] = 20,
    as_json: options.Json = False,
    db: options.Db = None,
) -> None:
    """List runs, newest first.

    A run whose process died is `interrupted`: `leadtui resume` takes it up.
    """
    if status is not None and status not in STATUSES:
        raise UsageError(f"there is no status {status!r}: a run is {', '.join(STATUSES)}")
    try:
        with session.existing(db, read_only=True) as engine:
            rows = engine.journal.runs(flow, status, limit)
    except RunNotFound:
        rows = []
    if as_json:
        return out_json(rows)
    if not rows:
        return out("no runs")
    return out(table(("RUN", "FLOW", "STATUS", "STARTED", "TIME"), [_cells(row) for row in rows]))


def _cells(row: RunRow) -> tuple[str, ...]:
    live = row.owner_alive and row.ended_at is None
    end = datetime.now(UTC) if live else row.ended_at
    time = duration((end - row.created_at).total_seconds()) if end is not None else "-"
    return row.id, row.name, row.status, moment(row.created_at), time
