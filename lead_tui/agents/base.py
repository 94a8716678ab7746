"""The interface of an agent: `execute(action, parameters, context) -> AgentResponse`.

An agent does one call. Retries, timeouts, breakers, limits, slots and secrets' masking are the engine's:
`execute` may simply raise, and may be cancelled at any await (clean up in `finally`, then let it pass).
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import msgspec

from lead_tui.errors import Category, Failure, Outcome
from lead_tui.flow.models import AgentConfig

Begun = Callable[[], Awaitable[None]]
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
    def files(self) -> Path:
        """The folder for files of this run: beside its journal, kept as long. It may not exist yet."""
        ...

    @property
    def idempotency_key(self) -> str:
        """Hash of run, task and generation: the same for retries and after a crash."""
        ...

    def heartbeat(self) -> None:
        """Alive, with nothing to say. It costs next to nothing, and leaves nothing; any thread may call it.

        An attempt of which nothing is heard for the task's `idle_timeout` is cut off; what else is told
        here counts like a heartbeat.
        """
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

    async def ask(self, gate: Gate, bound_to: str = "") -> Answer:
        """Wait for a person. The task holds no slot meanwhile; a parked run comes back to the same gate (of a
        task that is not idempotent and has saved nothing, or whose tool call asks: once a person has the call
        made again).

        `bound_to` names what the answer is for, and for nothing else (a call of a tool with its exact
        arguments): the same text comes back to the same gate, another one to another, whatever was asked
        in between.
        """
        ...

    async def rest(self, seconds: float) -> None:
        """Sleep because a limit says so: meanwhile neither the timeout nor the idle time of this call runs,
        nor those of the calls that wait for it.
        """
        ...

    # calls within the attempt: of a model, of tools, of other agents

    async def admit(self) -> None:
        """Ask before each call that costs money; the first one was admitted when the attempt began.

        Waits while a budget of the run or of this agent is spent, and for this agent's rate limit. A run that
        is parked meanwhile begins the attempt again, with what it has `saved`.
        """
        ...

    def spend(self, usage: Mapping[str, float]) -> None:
        """Add to what this attempt used: `calls`, `input_tokens`, `output_tokens`, `cache_read_tokens`,
        `cache_write_tokens`, `usd`, `unpriced_calls`. It counts at once, however the attempt ends.
        """
        ...

    def tool_called(self, call: str, tool: str, arguments: Any) -> None:
        """A fact. `call` is unique in the attempt. Until `tool_returned` nobody knows its outcome, and a run
        that waits for a person or a budget is not left, unless the call itself is what waits.
        """
        ...

    def tool_returned(
        self, call: str, tool: str, result: Any = None, failure: Failure | None = None
    ) -> None: ...

    def save(self, piece: Any) -> None:
        """Keep a piece of plain data (a message of a conversation) with which the attempt can go on after a
        park, a crash or a retry, instead of beginning anew. Thrown away when a person retries the task.
        """
        ...

    async def stored(self) -> None:
        """Wait until all that this attempt told so far is in the journal: before what cannot be undone."""
        ...

    @property
    def saved(self) -> list[Any]:
        """The pieces that were saved before this attempt began, in their order."""
        ...

    async def call(
        self,
        agent: str,
        action: str,
        parameters: dict[str, Any],
        begun: Begun | None = None,
        call: str = "",
    ) -> AgentResponse:
        """One call to another agent of the flow, within its limits, breaker, budget and timeout; no retry.

        `begun` is awaited when all of them have let the call through, right before it is made. `call` is the
        tool call, as told to `tool_called`, that this call is made for: while a person is asked within it,
        that tool call is not in flight.
        What it spends counts for this attempt and in the budgets of both agents. A failure is in the
        response, an agent that the flow does not declare is an AgentError.
        """
        ...

    def service(
        self,
        name: str,
        state: Literal["starting", "ready", "failed", "closed"],
        *,
        tools: int = 0,
        restarts: int = 0,
        error: str = "",
    ) -> None:
        """A note on a server behind this agent: what it does now, for people who look on."""
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
    """Heavy modules that its first call needs: loaded beside the loop before the time of that call begins."""

    def __init__(self, config: Config) -> None:
        self.config = config

    @abstractmethod
    async def execute(
        self, action: str, parameters: dict[str, Any], context: AgentContext
    ) -> AgentResponse: ...

    async def restart(self) -> None:
        """Begin anew with whatever connection or child it keeps; a person asked for it."""
        return

    async def close(self) -> None:
        """Let go of connections and children. Called once, under a deadline, whatever ended the run."""
        return


class Unsent(msgspec.Struct, frozen=True):
    """Why nothing was sent yet when a call was cut off."""

    reason: str


def cut_off_unsent(error: asyncio.CancelledError, reason: str) -> None:
    """For an agent that is cancelled before it has sent anything: if this is the end of the attempt's time,
    the call surely did nothing, and says why. Raise the error on.
    """
    error.args = (Unsent(reason),)
