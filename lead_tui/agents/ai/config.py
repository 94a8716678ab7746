"""What a flow may say of an `ai_agent`, and the shapes of its actions' `parameters`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from lead_tui.agents.ai.answer_schema import schema_problem
from lead_tui.agents.ai.endpoint import Endpoint, provider_of, resolved
from lead_tui.agents.ai.keys import find_key
from lead_tui.agents.ai.providers import provider_problem
from lead_tui.errors import AgentError
from lead_tui.flow.models import (
    NO_VARIABLES,
    AgentConfig,
    Limited,
    Model,
    ParametersModel,
    PositiveDuration,
)
from lead_tui.flow.parameters import Parameters, Templated
from lead_tui.http.endpoint import endpoint_problem
from lead_tui.tools.grants import ToolGrants

CHAT, RUN = "chat_completion", "run"

Price = Annotated[float, Field(ge=0)]


class Prices(Model):
    """USD per million tokens. Tokens that a cache gave or kept cost as `input` unless they have their own."""

    input: Price
    output: Price
    cache_read: Price | None = None
    cache_write: Price | None = None


class ChatParameters(Parameters):
    """`messages` as the provider's API takes them, or one `prompt`. `max_tokens` and `temperature` go before
    the agent's; `tools` are functions (name, description, parameters) whose calls come back, unmade.
    """

    messages: Templated[list[dict[str, Any]] | None] = None
    prompt: str | None = None
    max_tokens: Templated[Annotated[int, Field(ge=1)] | None] = None
    temperature: Templated[Annotated[float, Field(ge=0)] | None] = None
    stop: Templated[list[str] | None] = None
    tools: Templated[list[dict[str, Any]]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.messages is None) == (self.prompt is None):
            raise ValueError("either `messages` or `prompt` is needed")
        return self


class RunParameters(Parameters):
    """`context`: plain data, put before the prompt."""

    prompt: str
    context: Any = None


_SHAPES: dict[str, ParametersModel] = {CHAT: ChatParameters, RUN: RunParameters}


class AiAgentConfig(ToolGrants, AgentConfig):
    """A model, where it is, what it is told, and which tools it may use."""

    actions: ClassVar[frozenset[str] | None] = frozenset({CHAT, RUN})
    default_timeout: ClassVar[float | None] = 300.0
    default_attempts: ClassVar[int] = 3

    provider: str | None = Field(
        None, description="openai, anthropic, google, ...: see `endpoint` for others"
    )
    model: str = Field(min_length=1)
    instructions: str = Field("", description="what the model is told before everything else")
    temperature: Annotated[float, Field(ge=0)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = Field(None, description="of one answer")
    mcp_servers: tuple[str, ...] = Field(
        (), description="agents of type mcp_server: all their tools are granted"
    )
    output_schema: dict[str, Any] | None = Field(
        None, description="JSON Schema of type object: the answer is data that fits it"
    )
    output_retries: Annotated[int, Field(ge=0, le=10)] = Field(
        2, description="how often an answer that does not fit is asked for again"
    )
    max_steps: Annotated[int, Field(ge=1, le=1000)] = Field(
        20, description="requests to the model in one `run`"
    )
    prices: Prices | None = Field(None, description="USD per million tokens, for a model of one's own")
    verify: bool | str = Field(True, description="check certificates; or a file of authorities to trust")
    connect_timeout: PositiveDuration = 10.0
    max_response_bytes: Annotated[int, Field(ge=1)] = Field(
        10 * 2**20, description="of one answer, after decompression"
    )

    @field_validator("endpoint")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and (problem := endpoint_problem(value, "ai_agent")):
            raise ValueError(problem)
        return value

    @field_validator("provider")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and (problem := provider_problem(value)):
            raise ValueError(problem)
        return value

    @field_validator("output_schema")
    @classmethod
    def _schema(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and (problem := schema_problem(value)):
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.provider is None and self.endpoint is None:
            raise ValueError("either `provider` (openai, anthropic, ...) or `endpoint` is needed")
        return self

    @classmethod
    def parameters_model(cls, action: str) -> ParametersModel | None:
        return _SHAPES.get(action)

    def calls_agents(self) -> dict[tuple[str | int, ...], str]:
        named: dict[tuple[str | int, ...], str] = {
            ("mcp_servers", number): name for number, name in enumerate(self.mcp_servers)
        }
        for number, grant in enumerate(self.tools):
            if grant.of_server is not None:
                named["tools", number] = grant.of_server[0]
        return named

    def missing(self, environment: Mapping[str, str]) -> str:
        try:
            find_key(self.authentication, resolved(self.provider, self.endpoint, environment), environment)
        except AgentError as error:
            return error.failure.message
        return ""

    def is_idempotent(self, action: str, parameters: dict[str, Any]) -> bool:
        return action == CHAT or not (self.tools or self.mcp_servers)

    def breaker_key(self) -> str:
        # a query may hold a key, and this text is shown
        where = (self.endpoint or "").partition("?")[0]
        return f"{provider_of(self.provider, self.endpoint)} {where}".strip()

    def worst_case(
        self, action: str, parameters: dict[str, Any], environment: Mapping[str, str] = NO_VARIABLES
    ) -> dict[str, float]:
        """`calls`, the `output_tokens` of their answers, and their price in `usd` where that is known;
        `unbounded_calls` are those without `max_tokens`. What is sent costs, too, and nothing bounds that.
        """
        from lead_tui.agents.ai.prices import output_price

        calls = self.max_steps if action == RUN else 1 + self._asked_again()
        asked = parameters.get("max_tokens") if action == CHAT else None
        limit = self.max_tokens if asked is None else asked
        if not isinstance(limit, int):  # none, or a template
            return {"calls": calls, "unbounded_calls": calls}
        most: dict[str, float] = {"calls": calls, "output_tokens": calls * limit}
        where = self._where(environment)
        price = None if where is None else output_price(self.model, where, self.prices)
        return most if price is None else most | {"usd": calls * limit * price}

    def uncounted(self, environment: Mapping[str, str] = NO_VARIABLES) -> dict[Limited, str]:
        from lead_tui.agents.ai.prices import is_priced

        where = self._where(environment)
        if self.prices is not None or where is None or is_priced(self.model, where):
            return {}
        return {"usd": f"no price of {self.model!r} is known there: say it with `prices`"}

    def _where(self, environment: Mapping[str, str]) -> Endpoint | None:
        """None where the environment says nonsense, which `missing` tells."""
        try:
            return resolved(self.provider, self.endpoint, environment)
        except AgentError:
            return None

    def _asked_again(self) -> int:
        return self.output_retries if self.output_schema is not None else 0
