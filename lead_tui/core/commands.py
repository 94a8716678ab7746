"""What a person may ask of a run. A command that is accepted enters the log inside `command_received`."""

from typing import Any

import msgspec


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", omit_defaults=True):
    """The root of all commands; the wire name is the class's name in snake case."""


def snake_case(name: str) -> str:
    """The name on the wire of a class of commands, events or notes."""
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


class Cancel(Command, frozen=True, tag=snake_case):
    """End the run: attempts are cancelled, cleanup runs (unless `skip_cleanup`), the run ends `cancelled`."""

    why: str = ""
    skip_cleanup: bool = False


class CancelTask(Command, frozen=True, tag=snake_case):
    task: str


class Pause(Command, frozen=True, tag=snake_case):
    """No new attempts; those in flight and all clocks go on."""


class Resume(Command, frozen=True, tag=snake_case):
    """End a pause."""


class Retry(Command, frozen=True, tag=snake_case):
    """Reopen what failed, was cancelled or interrupted, with everything that was skipped because of it."""


class Skip(Command, frozen=True, tag=snake_case):
    """Settle an interrupted task without running it: dependents see it as skipped for `upstream`."""

    task: str


class Approve(Command, frozen=True, tag=snake_case):
    """Answer a gate, once. `values` are the fields of an `input` form, `answer` the chosen option."""

    gate: str
    values: dict[str, Any] = {}
    answer: str = "approve"


class Reject(Command, frozen=True, tag=snake_case):
    gate: str
    why: str = ""


class TripBreaker(Command, frozen=True, tag=snake_case):
    agent: str


class ResetBreaker(Command, frozen=True, tag=snake_case):
    agent: str


class UnknownCommand(Command, frozen=True, tag=snake_case):
    """A wish of a newer release; this one refuses it."""

    name: str


AnyCommand = (
    Cancel
    | CancelTask
    | Pause
    | Resume
    | Retry
    | Skip
    | Approve
    | Reject
    | TripBreaker
    | ResetBreaker
    | UnknownCommand
)
