"""Where a model is: at its provider's own service, or at a URL that speaks one of the providers' APIs.

An endpoint may be the base URL (`https://host/v1`) or the full one of the call (`.../v1/chat/completions`,
`.../v1/messages`); a query stays with every request. Where a flow names none, the variables count by which
the SDKs of OpenAI and Anthropic are led elsewhere, `OPENAI_BASE_URL` and `ANTHROPIC_BASE_URL`.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from lead_tui.errors import Category, failed

_DEFAULTS = {
    "openai": "https://api.openai.com/v1",
    "openai-responses": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}
_VARIABLES = {
    "openai": "OPENAI_BASE_URL",
    "openai-responses": "OPENAI_BASE_URL",
    "anthropic": "ANTHROPIC_BASE_URL",
}
_OWN_HOSTS = {name: urlsplit(url).hostname for name, url in _DEFAULTS.items()}
_CALLS = {"openai-responses": "/responses", "anthropic": "/messages"}


class Endpoint(NamedTuple):
    """`base` is what the SDK puts its paths after, None for the provider's own. `foreign`: not known to be
    the provider's, so its prices do not hold there. `declared`: the flow names it, not the environment.
    """

    provider: str
    base: str | None = None
    query: str = ""
    foreign: bool = False
    declared: bool = False

    @property
    def takes_usual_key(self) -> bool:
        """Is the provider's key, which the environment holds, meant for it?"""
        return not (self.foreign and self.declared)


def provider_of(provider: str | None, url: str | None) -> str:
    """The provider that was named, else the one whose API the endpoint's path shows."""
    if provider is not None:
        return provider
    return "anthropic" if url and urlsplit(url).path.rstrip("/").endswith("/messages") else "openai"


def resolved(provider: str | None, url: str | None, environment: Mapping[str, str]) -> Endpoint:
    """AgentError if the environment's URL is none."""
    name = provider_of(provider, url)
    where = url or environment.get(_VARIABLES.get(name, "")) or _DEFAULTS.get(name)
    if where is None:
        return Endpoint(name)
    try:
        parts = urlsplit(where)
    except ValueError:
        message = f"{_VARIABLES.get(name, 'endpoint')} is not a URL"
        raise failed(Category.VALIDATION, message, code="endpoint") from None
    base = urlunsplit((parts.scheme, parts.netloc, _base_path(name, parts.path), "", ""))
    return Endpoint(name, base, parts.query, parts.hostname != _OWN_HOSTS.get(name), declared=url is not None)


def _base_path(provider: str, path: str) -> str:
    path = path.rstrip("/").removesuffix(_CALLS.get(provider, "/chat/completions")).rstrip("/")
    # its SDK brings the version itself
    return path.removesuffix("/v1") if provider == "anthropic" else path
