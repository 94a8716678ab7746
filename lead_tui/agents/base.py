"""The interface of an agent: `execute(action, parameters, context) -> AgentResponse`.

An agent does one call. Retries, timeouts, breakers, limits, slots and secrets' masking are the engine's:
`execute` may simply raise, and may be cancelled at any await (clean up in `finally`, then let it pass).
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import msgspec

from lead_tui.errors import Category, Failure, Outcome
from lead_tui.flow.models import AgentConfig

Config = TypeVar("Config", bound=AgentConfig)


class AgentResponse(msgspec.Struct, frozen=True):
    """What a call gave. `result` is plain data (what JSON can hold); `meta` the rest worth keeping.

    `error` may be text: it becomes a permanent `agent_error`.
    """

    success: bool
    result: Any = None
    error: Failure | str | None = None
    meta: dict[str, Any] = {}
    usage: dict[str, float] = {}

    @classmethod
    def ok(cls, result: Any = None, **meta: Any) -> "AgentResponse":
        return cls(success=True, result=result, meta=meta)

    @classmethod
    def fail(
        cls,
        category: Category,
        message: str,
        outcome: Outcome = Outcome.PERMANENT,
        *,
        result: Any = None,
        meta: dict[str, Any] | None = None,
        code: str = "",
        status: int | None = None,
        retry_after: float | None = None,
    ) -> "AgentResponse":
        failure = Failure(category, message, outcome, code, status, retry_after)
        return cls(success=False, result=result, error=failure, meta=meta or {})


class Gate(msgspec.Struct, frozen=True):
    """A question to a person. `form` maps field names to `{type, description, default, choices, pattern,
    required}`; `options` are the answers offered besides rejecting.
    """

    message: str
    action: Literal["approve", "input"] = "approve"
    show: Any = None
    options: tuple[str, ...] = ()
    form: dict[str, dict[str, Any]] = {}


class Answer(msgspec.Struct, frozen=True):
    granted: bool
    by: str
    at: datetime
    answer: str = "approve"
    values: dict[str, Any] = {}


class AgentContext(Protocol):
    """What one attempt knows of its run and may do besides answering."""

    run_id: str
    task: str
    attempt: int
    folder: Path
    """Where the flow's file lies: relative paths start here."""
    environment: Mapping[str, str]
    """The run's environment: the process's plus `.env`."""
    shared: dict[str, Any]
    """One per run, for what agents pool (HTTP clients); values with `aclose` are closed at the end."""

    @property
    def idempotency_key(self) -> str:
        """Hash of run, task and generation: the same for retries and after a crash."""
        ...

    def log(
        self,
        text: str,
        level: Literal["debug", "info", "warning", "error"] = "info",
        stream: Literal["log", "stdout", "stderr"] = "log",
    ) -> None: ...

    def progress(self, done: float, total: float | None = None, text: str = "") -> None: ...

    def tokens(self, text: str) -> None:
        """A piece of streamed text."""
        ...

    async def ask(self, gate: Gate) -> Answer:
        """Wait for a person. The task holds no slot meanwhile; a parked run comes back to the same gate."""
        ...

    def conceal(self, value: str) -> None:
        """Mask this value in everything that leaves the run, from now on."""
        ...

    def mask(self, text: str, *, cut: bool = False) -> str:
        """`text` without the secrets known so far, to be shortened safely: half a secret is not known as one.

        `cut`: it was cut out of a longer text, so what is left of a secret at its ends is masked, too.
        """
        ...


class BaseAgent(ABC, Generic[Config]):
    """One instance per declared agent and run: made on first use, `close`d at the end of the run."""

    config_model: ClassVar[type[AgentConfig]] = AgentConfig
    libraries: ClassVar[tuple[str, ...]] = ()
    """Heavy modules that its first call imports; a screen loads them before, so that it does not stall."""

    def __init__(self, config: Config) -> None:
        self.config = config

    @abstractmethod
    async def execute(
        self, action: str, parameters: dict[str, Any], context: AgentContext
    ) -> AgentResponse: ...

    async def close(self) -> None:
        """Let go of connections and children. Called once, under a deadline, whatever ended the run."""
        return


def we_are_cancelled(error: BaseException) -> bool:
    """Does somebody want this very task to end? A CancelledError may also come from inside foreign code."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
