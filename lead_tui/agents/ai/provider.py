"""The pydantic-ai model for a config: any provider that talks HTTP and lets us bring the client.

Imports pydantic_ai; a provider whose extra is not installed is an AgentError that names it.
"""

from inspect import signature
from typing import Any

from pydantic_ai.models import Model, infer_model
from pydantic_ai.providers import Provider, infer_provider_class

from lead_tui.agents.ai.endpoint import Endpoint
from lead_tui.agents.ai.keys import PLACEHOLDER
from lead_tui.agents.ai.providers import provider_problem
from lead_tui.agents.ai.wire import Wire
from lead_tui.errors import AgentError, Category, failed

_URL_NAMES = ("base_url", "api_base", "azure_endpoint")


def make_model(endpoint: Endpoint, model: str, wire: Wire) -> Model:
    """AgentError if this provider does not exist, is not installed, or brings its own HTTP."""
    name = endpoint.provider
    try:
        if name == "openai":  # of its two APIs the one that everybody else speaks, too
            return _openai_chat(endpoint, model, wire)
        return infer_model(f"{name}:{model}", lambda _: _provider(endpoint, wire))
    except ImportError as error:
        message = f"provider {name!r} is not installed: pip install 'pydantic-ai-slim[{_extra(name)}]'"
        raise _bad(message, "missing_extra") from error


def fetches_urls(model: Model) -> bool:
    """Does its service fetch the URL of an image itself?"""
    own = ("pydantic_ai.models.openai", "pydantic_ai.models.anthropic")
    return any(base.__module__.startswith(own) for base in type(model).__mro__)


def _openai_chat(endpoint: Endpoint, model: str, wire: Wire) -> Model:
    from openai import AsyncOpenAI
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    from lead_tui.agents.ai.openai_chat import OpenAIChat

    base = endpoint.base or ""
    provider: Provider[AsyncOpenAI]
    if endpoint.foreign and endpoint.declared:
        provider = OpenAICompatibleProvider(
            "openai-compatible", base_url=base, api_key=PLACEHOLDER, http_client=wire
        )
    else:
        provider = OpenAIProvider(base_url=base, api_key=PLACEHOLDER, http_client=wire)
    return OpenAIChat(model, provider=provider)


def _provider(endpoint: Endpoint, wire: Wire) -> Provider[Any]:
    name = endpoint.provider
    try:
        found = infer_provider_class(name)
    except ValueError:
        raise _unknown(name) from None
    takes = signature(found.__init__).parameters
    if not {"api_key", "http_client"} <= takes.keys():
        raise _foreign_http(name)
    given: dict[str, Any] = {"api_key": PLACEHOLDER, "http_client": wire}
    if endpoint.base is not None:
        url = next((each for each in _URL_NAMES if each in takes), None)
        if url is None:
            raise _bad(f"provider {name!r} takes no `endpoint`: use `provider: openai` with it", "endpoint")
        given[url] = endpoint.base
    try:
        return found(**given)
    except TypeError as error:  # its SDK refuses our client
        raise _foreign_http(name) from error


def _foreign_http(name: str) -> AgentError:
    message = (
        f"provider {name!r} does not go through the engine's HTTP client: "
        "use its OpenAI-compatible `endpoint` with `provider: openai`"
    )
    return _bad(message, "provider")


def _unknown(name: str) -> AgentError:
    return _bad(provider_problem(name) or f"provider {name!r} is not there", "provider")


def _extra(name: str) -> str:
    return {"google-cloud": "google", "openai-responses": "openai"}.get(name, name)


def _bad(message: str, code: str) -> AgentError:
    return failed(Category.VALIDATION, message, code=code)
