"""What a flow may say, as frozen pydantic models. Unknown keys are refused; nothing here reads a file.

Models hold what was written, templates included; `resolve.py` merges settings, `graph.py` finds dependencies,
`checks.py` judges what no single field can.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, SecretStr, model_validator

from lead_tui.errors import Category

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
NAME = r"^[A-Za-z0-9_-]+$"
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


class BadDuration(ValueError):
    """Neither seconds nor text like `1h30m`."""


def parse_duration(value: object) -> float:
    """Seconds from `30`, `0.5`, `500ms`, `30s`, `5m`, `1h30m`.

    Raises BadDuration for anything else, for a negative one and for empty text.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadDuration("a duration is seconds (30, 0.5) or text like 500ms, 30s, 5m, 1h30m")
    if isinstance(value, str):
        text = value.strip().lower()
        try:
            value = float(text)
        except ValueError:
            match = _DURATION.fullmatch(text)
            if not text or match is None:
                raise BadDuration(
                    f"{value!r} is no duration: write seconds (30, 0.5) or text like 500ms, 30s, 5m, 1h30m"
                ) from None
            value = sum(float(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)
    if not 0 <= value < 1e9:
        raise BadDuration("a duration lies between 0 and 1e9 seconds")
    return float(value)


def _parse_positive(value: object) -> float:
    seconds = parse_duration(value)
    if seconds == 0:
        raise BadDuration("this duration must be longer than 0")
    return seconds


Limited = Literal["usd", "tokens", "calls", "seconds"]
LIMITS: tuple[Limited, ...] = ("usd", "tokens", "calls", "seconds")
"""What a budget may limit."""
Duration = Annotated[float, BeforeValidator(parse_duration, json_schema_input_type=float | str)]
PositiveDuration = Annotated[float, BeforeValidator(_parse_positive, json_schema_input_type=float | str)]
Name = Annotated[str, Field(pattern=NAME, max_length=200)]


ParametersModel = type[BaseModel]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, hide_input_in_errors=True)


class FailureStrategy(StrEnum):
    STOP = "stop_on_first_failure"
    CONTINUE = "continue_on_failure"
    PARTIAL = "partial_completion_allowed"


# --- settings that agents, tasks and defaults share -----------------------------------------------


class RetryConfig(Model):
    """What is unset comes from the agent, then from `defaults`, then from the type.

    The delay before try n+1 is `initial_delay * exponential_base ** (n - 1)`, at most `max_delay`; with
    `jitter` a draw between 0 and that.
    """

    max_attempts: Annotated[int, Field(ge=1, le=1000)] | None = None
    initial_delay: Duration | None = None
    max_delay: Duration | None = None
    exponential_base: Annotated[float, Field(ge=1)] | None = None
    jitter: bool | None = None
    retry_on: tuple[Category | Annotated[int, Field(ge=100, le=599)], ...] | None = None
    never_retry_on: tuple[Category | Annotated[int, Field(ge=100, le=599)], ...] | None = None


class BreakerConfig(Model):
    failure_threshold: Annotated[int, Field(ge=1)] = 5
    recovery_timeout: PositiveDuration = 60.0
    success_threshold: Annotated[int, Field(ge=1)] = 1
    half_open_max_calls: Annotated[int, Field(ge=1)] = 1
    enabled: bool = True


class RateLimit(Model):
    """`requests` calls in each window of `per` seconds; further ones wait."""

    requests: Annotated[int, Field(ge=1)]
    per: PositiveDuration = 60.0


class Budget(Model):
    """What calls may cost; at least one limit.

    `calls` are attempts, or requests to a model of an agent that makes several; `tokens` input and output
    together; `usd` what calls of a known price cost; `seconds` the time of all attempts together. With
    `enforce` nothing starts once a limit is reached, what is in flight comes to its end, and the run waits
    until somebody raises the limit; `audit` only tells. `finally` tasks are held back by no budget.
    """

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": [name]} for name in LIMITS]})

    usd: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    tokens: Annotated[int, Field(ge=1)] | None = None
    calls: Annotated[int, Field(ge=1)] | None = None
    seconds: PositiveDuration | None = None
    mode: Literal["audit", "enforce"] = "enforce"

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not self.limits:
            raise ValueError(f"a budget has at least one limit: {', '.join(LIMITS)}")
        return self

    @property
    def limits(self) -> dict[Limited, float]:
        """What is set, by what it limits."""
        return {name: limit for name in LIMITS if (limit := getattr(self, name)) is not None}


class BearerAuth(Model):
    type: Literal["bearer"]
    token: SecretStr

    @property
    def empty(self) -> str:
        """The keys that were to hold something and hold nothing."""
        return "" if _says_something(self.token) else "`authentication.token`"


class ApiKeyAuth(Model):
    type: Literal["api_key"]
    key: SecretStr
    header: str = "X-API-Key"

    @property
    def empty(self) -> str:
        return "" if _says_something(self.key) else "`authentication.key`"


class BasicAuth(Model):
    type: Literal["basic"]
    username: SecretStr
    password: SecretStr

    @property
    def empty(self) -> str:
        """Some services take a key for either of the two."""
        if _says_something(self.username) or _says_something(self.password):
            return ""
        return "`authentication.username` and `.password`"


def _says_something(secret: SecretStr) -> bool:
    return bool(secret.get_secret_value().strip())


Authentication = Annotated[BearerAuth | ApiKeyAuth | BasicAuth, Field(discriminator="type")]


class Defaults(Model):
    timeout: PositiveDuration | None = None
    retry_config: RetryConfig | None = None
    circuit_breaker: BreakerConfig | None = None
    max_concurrency: Annotated[int, Field(ge=1)] | None = None


# --- agents ---------------------------------------------------------------------------------------


class AgentConfig(Model):
    """What every agent may set. A type derives its own, adds fields, and overrides the class values below."""

    actions: ClassVar[frozenset[str] | None] = None  # None: any action name
    builtin: ClassVar[bool] = False  # usable in a task without being declared
    default_timeout: ClassVar[float | None] = None
    default_attempts: ClassVar[int] = 1
    default_retries_unknown: ClassVar[bool] = True  # False: only calls surely not executed, unless asked
    only_asks: ClassVar[bool] = False  # calls nothing: asking a person again does no harm
    default_breaker: ClassVar[bool] = True  # False: no breaker unless the flow asks for one

    name: Name
    type: str
    endpoint: str | None = Field(None, description="URL of the service")
    timeout: PositiveDuration | None = Field(None, description="of one attempt: seconds, or text like 30s")
    authentication: Authentication | None = None
    retry_config: RetryConfig | None = None
    circuit_breaker: BreakerConfig | None = None
    rate_limit: RateLimit | None = Field(
        None, description="calls above it wait, they do not fail; each request to a model is one"
    )
    max_concurrency: Annotated[int, Field(ge=1)] | None = Field(
        None, description="calls in flight to this agent"
    )
    budget: Budget | None = Field(None, description="what the calls of this agent may cost in one run")
    capabilities: tuple[str, ...] = Field((), description="what tasks may ask for")
    custom_params: dict[str, Any] = Field({}, description="free: handed to the agent as it is")

    @classmethod
    def parameters_model(cls, action: str) -> ParametersModel | None:
        """The shape of `parameters` for this action, if the type knows it: unknown and missing keys are
        load errors then. Values may still be templates.
        """
        return None

    @classmethod
    def action_problem(cls, action: str) -> str | None:
        """Why this action cannot be right, where that shows at load and `actions` does not list them."""
        return None

    def calls_agents(self) -> dict[tuple[str | int, ...], str]:
        """Other agents of the flow that this one may call, by the place in its settings that names them."""
        return {}

    def missing(self, environment: Mapping[str, str]) -> str:
        """What must be set before this agent can be called, and where; empty for nothing. Never a secret."""
        empty = "" if self.authentication is None else self.authentication.empty
        return f"the agent's {empty} is empty" if empty else ""

    def refusal(self, action: str) -> str | None:
        """Why this agent, as it is set up, does not do this action, where that shows at load."""
        return None

    def is_idempotent(self, action: str, parameters: dict[str, Any]) -> bool:
        """May a call of unknown outcome be made again? `parameters` as written, perhaps with templates."""
        return True

    def worst_case(
        self, action: str, parameters: dict[str, Any], environment: Mapping[str, str] = NO_VARIABLES
    ) -> dict[str, float]:
        """The most that one attempt may use, as far as that is known: `calls`, `output_tokens`, ...

        `parameters` as written, perhaps with templates.
        """
        return {} if self.is_free(action) else {"calls": 1}

    def is_free(self, action: str) -> bool:
        """Does a call cost nothing, so that budgets do not count it?"""
        return self.only_asks

    def uncounted(self, environment: Mapping[str, str] = NO_VARIABLES) -> dict[Limited, str]:
        """Limits of a budget that count no call of this agent, and why; asked only where there are some."""
        return {}

    def breaker_key(self) -> str:
        """Agents with the same key, type and breaker settings share one breaker."""
        return self.endpoint or self.name


# --- tasks ----------------------------------------------------------------------------------------


class Dependency(Model):
    """`on` None: run unless the failure of `task` travels here (see `core/task_changes.py`)."""

    # any text: that a name is made wrongly is told where it is given, and another names no task
    task: Annotated[str, Field(json_schema_extra={"pattern": NAME, "maxLength": 200})]
    on: Literal["completed", "failed", "skipped", "any"] | None = None


def _as_dependency(value: object) -> object:
    return {"task": value} if isinstance(value, str) else value


class TaskSpec(Model):
    name: Name
    description: str = ""
    agent_name: str = Field(description="an agent of this file, or a built-in one")
    action: str = Field(description="what the agent is to do")
    parameters: dict[str, Any] = Field(
        {}, description="handed to the agent; templates allowed anywhere inside"
    )
    depends_on: tuple[
        Annotated[Dependency, BeforeValidator(_as_dependency, json_schema_input_type=Dependency | str)], ...
    ] = ()
    when: str | bool | None = Field(None, description="expression: false skips the task")
    timeout: PositiveDuration | None = Field(None, description="of all attempts together")
    idle_timeout: PositiveDuration | None = Field(
        None, description="of an attempt of which nothing is heard: no output, token, progress or heartbeat"
    )
    retry_config: RetryConfig | None = None
    continue_on_failure: bool = Field(
        False, description="a failure does not stop the run; dependents run with a null result"
    )
    expect: tuple[str, ...] = Field(
        (), description="expressions that must hold on `result`, or the attempt fails"
    )
    output: Any = Field(None, description="template that replaces the result")
    priority: int = Field(0, description="higher starts first")
    idempotent: bool | None = Field(None, description="may a call of unknown outcome be made again?")


# --- the workflow ---------------------------------------------------------------------------------

INPUT_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "list": list, "object": dict,
}  # fmt: skip


class InputSpec(Model):
    """A shorthand `city: Paris` gives type and default; then the input is not required."""

    type: Literal["string", "integer", "number", "boolean", "list", "object"] = "string"
    description: str = ""
    default: Any = None
    required: bool | None = None
    choices: tuple[Any, ...] | None = Field(None, description="the only values allowed")
    secret: bool = Field(False, description="never stored or shown; may stand in parameters only")

    @property
    def is_required(self) -> bool:
        return self.required if self.required is not None else "default" not in self.model_fields_set


_SPEC_KEYS = frozenset(InputSpec.model_fields)


def _as_input(value: object) -> object:
    """The long form is a map with nothing but its own keys and a `type`, or an empty map or null."""
    if isinstance(value, InputSpec):
        return value
    if value is None:
        return {}
    if isinstance(value, dict) and (not value or "type" in value or set(value) <= _SPEC_KEYS):
        return value
    for name, kind in (("boolean", bool), ("integer", int), ("number", float), ("string", str),
                       ("list", list), ("object", dict)):  # fmt: skip
        if isinstance(value, kind):
            return {"type": name, "default": value}
    return value


Input = Annotated[
    InputSpec,
    BeforeValidator(
        _as_input,
        json_schema_input_type=InputSpec | str | bool | int | float | list[Any] | dict[str, Any] | None,
    ),
]


class Origin:
    """What a workflow was made from: the data as written, `${NAME}` kept, and the folder it lay in.

    No part of what the workflow says, so any two are equal.
    """

    def __init__(self) -> None:
        self.data: dict[str, Any] | None = None
        self.folder: Path | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origin)

    def __hash__(self) -> int:
        return hash(Origin)


class Workflow(Model):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: str = ""
    version: str = "1.0.0"
    parallel_execution: bool = Field(
        False, description="false: one task at a time, by priority, then in file order"
    )
    max_parallel: Annotated[int, Field(ge=1)] = Field(
        16, description="how many tasks may be in flight when parallel"
    )
    failure_strategy: FailureStrategy = Field(
        FailureStrategy.STOP, description="what a failure means for the rest of the run"
    )
    global_timeout: PositiveDuration | None = Field(
        None, description="deadline of the whole run: seconds, or text like 1h30m"
    )
    budget: Budget | None = Field(None, description="what all calls of one run may cost")
    inputs: dict[Name, Input] = Field(
        {},
        description="what a run takes: a default, or {type, description, default, required, choices, secret}",
    )
    defaults: Defaults = Defaults()
    agents: tuple[AgentConfig, ...] = ()
    tasks: Annotated[tuple[TaskSpec, ...], Field(min_length=1)]
    finally_: Annotated[tuple[TaskSpec, ...], Field(alias="finally")] = ()
    outputs: dict[str, Any] = Field({}, description="templates: what the run gives")

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    @model_validator(mode="before")
    @classmethod
    def _no_bare_finally(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("finally", ()) is None:
            return {key: value for key, value in data.items() if key != "finally"}
        return data

    _origin: Origin = PrivateAttr(default_factory=Origin)

    @property
    def origin(self) -> Origin:
        return self._origin

    @property
    def all_tasks(self) -> tuple[TaskSpec, ...]:
        return self.tasks + self.finally_
