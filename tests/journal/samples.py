"""Small facts to store: what the journal's tests share."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lead_tui.core.events import AnyEvent, TaskReady
from lead_tui.core.plan import Plan
from lead_tui.journal.base import Journal, Owner, RunRecord
from lead_tui.journal.owner import this_process
from lead_tui.journal.sqlite import SqliteJournal

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)


def a_record(run_id: str = "run-1", name: str = "demo") -> RunRecord:
    return RunRecord(
        id=run_id, name=name, document={"name": name}, plan=Plan(name, ()), source="/f.yaml", created_at=NOW
    )


def facts(first: int, count: int = 1, run_id: str = "run-1", why: str = "") -> list[AnyEvent]:
    return [
        TaskReady(task=f"t{seq}", seq=seq, ts=NOW + timedelta(seconds=seq), run_id=run_id, why=why)
        for seq in range(first, first + count)
    ]


def elsewhere(owner_id: str = "far") -> Owner:
    """An owner on another host: only its heartbeat tells whether it lives."""
    return Owner(id=owner_id, host="far-away.example", boot="b", pid=1, process_start=1.0)


def dead() -> Owner:
    """An owner on this host whose process is gone (nothing started when this pid did)."""
    me = this_process()
    return Owner(id="dead", host=me.host, boot=me.boot, pid=me.pid, process_start=me.process_start - 100)


def seqs(journal: Journal, run_id: str = "run-1", after: int = 0) -> list[int]:
    return [event.seq for page in journal.read(run_id, after) for event in page]


async def a_run(journal: Journal, run_id: str = "run-1", owner: Owner | None = None) -> int:
    """Create and claim; the fence."""
    await journal.create(a_record(run_id))
    return await journal.claim(run_id, owner or this_process(), NOW)


def stored(path: Path, *batches: list[AnyEvent]) -> Path:
    """A closed journal with one run."""

    async def write() -> None:
        journal = SqliteJournal.open(path)
        fence = await a_run(journal)
        for batch in batches:
            await journal.append("run-1", fence, batch)
        await journal.release("run-1", fence)
        journal.close()

    asyncio.run(write())
    return path


@contextmanager
def child(script: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that runs `script`; ended by closing its stdin, or killed at the latest here."""
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
