"""Commands to a run: by the inbox if a process drives it, else by taking it up here."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from lead_tui.cli import cockpit, session
from lead_tui.cli.driving import Watching, drive
from lead_tui.cli.terminal import out, out_json
from lead_tui.core.commands import AnyCommand
from lead_tui.errors import CommandRefused, RunOwned
from lead_tui.flow.loader import environment_for
from lead_tui.observers.hub import Observer
from lead_tui.runner import left
from lead_tui.runner.engine import Engine
from lead_tui.runner.handle import LocalRun
from lead_tui.runner.secrets import MASK
from lead_tui.text.words import command_line, go_on


def post(
    engine: Engine,
    run_id: str,
    command: AnyCommand,
    done: str,
    *,
    by: str | None,
    db: str | None,
    as_json: bool = False,
) -> None:
    """Send it and tell the receipt. Raises CommandRefused with the reason if the run refuses."""
    receipt = session.wait_for(engine.send(run_id, command, by or session.who()))
    if not receipt.accepted:
        raise CommandRefused(receipt.why)
    further = _further(engine, run_id, db) if receipt.pending else ""
    if as_json:
        out_json({"run_id": run_id, "accepted": True, "pending": receipt.pending, "next": further})
    elif receipt.pending:
        out(f"{done} (stored; nobody drives run {run_id} now)")
        out(f"it goes on with: {further}")
    else:
        out(done)


async def take_up(
    engine: Engine,
    run_id: str,
    commands: Sequence[AnyCommand],
    watching: Watching,
    *,
    texts: Mapping[str, str] | None = None,
    env_file: Path | None = None,
    by: str | None = None,
    needs_secrets: bool = True,
    screen: bool = False,
) -> int:
    """Become the run's owner, drive it on like `run` does, on a `screen` or without; the exit code."""
    record = engine.journal.record(run_id)
    again = left.secrets_again(record)
    secrets = {} if needs_secrets else dict.fromkeys(again, MASK)
    secrets |= {name: left.read_secret(record, name, text) for name, text in (texts or {}).items()}
    environment = environment_for(Path(record.folder or "."), env_file)

    async def start(observers: Sequence[Observer]) -> LocalRun:
        return await engine.take_up(
            run_id,
            *commands,
            by=by or session.who(),
            secrets=secrets,
            environment=environment,
            park_when_waiting=not screen,
            observers=observers,
        )

    watching = msgspec.structs.replace(watching, secrets=again)
    try:
        if not screen:
            return await drive(engine, start, watching)
        return await cockpit.launch(
            engine,
            start,
            run_id,
            record.plan,
            record.source,
            watching,
            env_file=env_file,
            by=by,
            at_once=True,
        )
    except RunOwned as error:
        error.add_note(f"or hold it with `{command_line('pause', run_id, db=watching.db)}`")
        raise


def _further(engine: Engine, run_id: str, db: str | None) -> str:
    return go_on("resume", run_id, left.secrets_again(engine.journal.record(run_id)), db)
