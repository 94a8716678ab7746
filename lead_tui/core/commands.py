"""What a person may ask of a run. A command that is accepted enters the log inside `command_received`."""

from typing import Any

import msgspec

from lead_tui.flow.models import LIMITS, Limited


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
    """Answer a gate, once. `values` are the fields of an `input` form, `answer` the chosen option.

    `again`: the call that asks is gone with its process; whoever answers wants it to be made again.
    """

    gate: str
    values: dict[str, Any] = {}
    answer: str = "approve"
    again: bool = False


class Reject(Command, frozen=True, tag=snake_case):
    """The same with a no."""

    gate: str
    why: str = ""
    again: bool = False


class TripBreaker(Command, frozen=True, tag=snake_case):
    agent: str


class ResetBreaker(Command, frozen=True, tag=snake_case):
    agent: str


class RestartAgent(Command, frozen=True, tag=snake_case):
    """Let an agent begin anew with its connection or child process; calls in flight may fail of it."""

    agent: str


class RaiseBudget(Command, frozen=True, tag=snake_case):
    """New limits for the flow's budget, or for that of `agent`; what is unset stays. Held tasks go on."""

    agent: str = ""
    usd: float | None = None
    tokens: float | None = None
    calls: float | None = None
    seconds: float | None = None

    @property
    def limits(self) -> dict[Limited, float]:
        """The new limits, by what they limit."""
        return {what: limit for what in LIMITS if (limit := getattr(self, what)) is not None}


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
    | RestartAgent
    | RaiseBudget
    | UnknownCommand
)
