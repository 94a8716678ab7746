"""What every journal decides the same way, whatever it is stored in."""

from collections.abc import Sequence
from datetime import datetime

from lead_tui.core.commands import AnyCommand, Approve, Reject
from lead_tui.core.events import CommandReceived, Event
from lead_tui.errors import CommandRefused, IllegalTransition, OwnershipLost, RunNotFound, RunOwned
from lead_tui.journal.base import Owner

LIVE = frozenset({"queued", "running", "paused"})
"""A run with one of these needs a process that drives it."""

ENDED = frozenset({"completed", "failed", "cancelled"})


def shown_status(status: str, owner_alive: bool) -> str:
    return "interrupted" if status in LIVE and not owner_alive else status


def ended_at(status: str, events: Sequence[Event]) -> datetime | None:
    return events[-1].ts if status in ENDED and events else None


def accepted(events: Sequence[Event]) -> list[int]:
    """The inbox rows whose commands these events record."""
    return [event.inbox for event in events if type(event) is CommandReceived and event.inbox]


def check_order(run_id: str, last: int, events: Sequence[Event]) -> None:
    """Raise IllegalTransition unless the events go on gapless after `last`."""
    for expected, event in enumerate(events, last + 1):
        if event.seq != expected:
            raise IllegalTransition(
                f"run {run_id}: {event.type} has seq {event.seq}, but {expected} comes next in the journal"
            )


def gate_of(command: AnyCommand) -> str | None:
    """The gate that a command answers."""
    return command.gate if isinstance(command, Approve | Reject) else None


def already_answered(gate: str, by: str, at: datetime) -> CommandRefused:
    who = f" by {by}" if by else ""
    return CommandRefused(f"gate {gate} was already answered{who} at {at:%Y-%m-%d %H:%M:%S} UTC")


def owned(run_id: str, owner: Owner) -> RunOwned:
    return RunOwned(
        f"run {run_id} is driven by process {owner.pid} on {owner.host}: "
        f"follow it with `leadtui events {run_id} -f`, end it with `leadtui cancel {run_id}`"
    )


def ownership_lost(run_id: str) -> OwnershipLost:
    return OwnershipLost(f"run {run_id} was taken over by another process or released; nothing was written")


def unknown_run(run_id: str) -> RunNotFound:
    return RunNotFound(f"no run {run_id!r} in this journal: `leadtui runs` lists them")


def only_one(prefix: str, candidates: Sequence[str]) -> str:
    """The single candidate that begins with the prefix. Raises RunNotFound otherwise."""
    if not prefix or not candidates:
        raise unknown_run(prefix)
    if len(candidates) > 1:
        raise RunNotFound(f"{prefix!r} is the beginning of more than one run: {', '.join(candidates)}")
    return candidates[0]
