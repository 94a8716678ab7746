"""The key of a model's service, and how it is sent.

The SDK gets `PLACEHOLDER` in its place; the HTTP client puts the key in when a request leaves (`wire.py`), so
no client, exception or message of the SDK ever holds it. A flow's `authentication` goes the provider's usual
way, unless it is Basic or names a `header`. The environment's key never goes to an endpoint that a flow
declares, unless that is the provider's own. A blank key is none.
"""

from collections.abc import Mapping
from typing import NamedTuple

from lead_tui.agents.ai.endpoint import Endpoint
from lead_tui.agents.http_request import credentials
from lead_tui.errors import Category, failed
from lead_tui.flow.models import ApiKeyAuth, Authentication, BasicAuth
from lead_tui.http.headers import checked_name, checked_value

PLACEHOLDER = "leadtui-puts-the-key-here"

_VARIABLES = {
    "openai-responses": ("OPENAI_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "cohere": ("CO_API_KEY",),
    "azure": ("AZURE_OPENAI_API_KEY",),
    "huggingface": ("HF_TOKEN",),
    "vercel": ("VERCEL_AI_GATEWAY_API_KEY",),
    "heroku": ("HEROKU_INFERENCE_KEY",),
}
_LOCAL = frozenset({"ollama", "vllm", "litellm"})
"""Services that people run themselves, often without a key."""


class Key(NamedTuple):
    """`value` takes the place of the SDK's; `header`, if there is one, is sent instead of the SDK's."""

    value: str = ""
    header: tuple[str, str] | None = None

    @property
    def is_set(self) -> bool:
        return bool(self.value or self.header)

    @property
    def secrets(self) -> list[str]:
        """Every form in which it could be seen."""
        if self.header is None:
            return [self.value] if self.value else []
        whole = self.header[1]
        return [whole.removeprefix("Basic ").removeprefix("Bearer ")]


def usual_variables(provider: str) -> tuple[str, ...]:
    return _VARIABLES.get(provider, (f"{provider.upper().replace('-', '_')}_API_KEY",))


def find_key(
    authentication: Authentication | None, endpoint: Endpoint, environment: Mapping[str, str]
) -> Key:
    """The key for this endpoint, an unset one for a service of one's own; AgentError if one is missing."""
    if authentication is not None:
        return _declared(authentication)
    if not endpoint.takes_usual_key:
        return Key()
    variables = usual_variables(endpoint.provider)
    for name in variables:
        if environment.get(name, "").strip():
            return Key(checked_value(name, environment[name]))
    if endpoint.foreign or endpoint.provider in _LOCAL:
        return Key()
    raise _missing(endpoint.provider, variables)


def _declared(authentication: Authentication) -> Key:
    if empty := authentication.empty:
        raise failed(Category.PERMISSION, f"the agent's {empty} is empty", code="missing_key")
    if isinstance(authentication, BasicAuth):
        return Key(header=credentials(authentication))
    if isinstance(authentication, ApiKeyAuth):
        value = checked_value("authentication.key", authentication.key.get_secret_value())
        if "header" in authentication.model_fields_set:
            return Key(header=(checked_name(authentication.header), value))
        return Key(value)
    return Key(checked_value("authentication.token", authentication.token.get_secret_value()))


def _missing(provider: str, variables: tuple[str, ...]) -> Exception:
    names = " or ".join(variables)
    message = (
        f"no key for {provider}: set {names} in the environment or in .env, or the agent's `authentication`"
    )
    return failed(Category.PERMISSION, message, code="missing_key")
