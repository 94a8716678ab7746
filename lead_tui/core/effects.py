"""Orders of the core to the runner. Each is answered by a fact, never by a call back into state."""

from datetime import datetime
from typing import Literal

import msgspec


class Effect(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The root of all effects."""


class Evaluate(Effect, frozen=True):
    """Answer with `expression_evaluated`: a task's `when`, or the run's `outputs`.

    `lenient`: outputs that cannot be read are left out instead of failing (the run did not complete).
    """

    role: Literal["when", "outputs"]
    task: str = ""
    lenient: bool = False


class StartAttempt(Effect, frozen=True):
    """Render, call, answer with `attempt_completed`, `attempt_failed` or `task_waiting`.

    `generation` rises with a person's retry and keeps idempotency keys apart; `tries` counts the attempts of
    this generation that failed before, which is what a retry limit limits. If the attempt is alive at a gate
    or a spent budget, what it waits for has come: let it go on instead of calling again.
    """

    task: str
    attempt: int
    generation: int
    tries: int


class CancelAttempt(Effect, frozen=True):
    """Stop it, children too; answer with `task_cancelled`, or `attempt_failed` when `why` is a deadline."""

    task: str
    why: Literal["cancelled", "deadline"]


class Wake(Effect, frozen=True):
    """Answer with `task_ready` at this instant."""

    task: str
    at: datetime
    why: str


class SetDeadline(Effect, frozen=True):
    """Answer with `deadline_passed` at this instant."""

    scope: Literal["run", "task", "cleanup"]
    at: datetime
    task: str = ""


class SteerBreaker(Effect, frozen=True):
    agent: str
    to: Literal["open", "closed"]


class RestartAgent(Effect, frozen=True):
    agent: str


AnyEffect = Evaluate | StartAttempt | CancelAttempt | Wake | SetDeadline | SteerBreaker | RestartAgent
