"""What a response of a model used, and what that cost."""

from typing import TYPE_CHECKING

from lead_tui.agents.ai.config import Prices
from lead_tui.agents.ai.endpoint import Endpoint

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.usage import RequestUsage

PER_MILLION = 1_000_000
MOST = 2**53
"""Tokens of one answer: more is no count of them, and not every reader of JSON can hold it."""


def tokens(usage: "RequestUsage") -> dict[str, float]:
    """`input_tokens` are all that were sent: those that a cache gave or kept are among them.

    ValueError for numbers that count nothing.
    """
    used = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
    for name, count in used.items():
        if not 0 <= count <= MOST:
            raise ValueError(f"usage: {name} is {count:.3g}" if count < 0 else f"usage: {name} is too large")
    return {name: count for name, count in used.items() if count}


def cost(response: "ModelResponse", prices: Prices | None, *, foreign: bool) -> dict[str, float]:
    """`usd`, or `unpriced_calls` 1 where no price is known; `unmetered_calls` 1, too, where the server did
    not tell how many tokens it took. `foreign`: at an endpoint that may not be the provider's, whose prices
    are not the provider's even if the models' names are.
    """
    if not (response.usage.input_tokens or response.usage.output_tokens):
        return {"unpriced_calls": 1, "unmetered_calls": 1}
    usd = _at(prices, response.usage) if prices is not None else _known(response, foreign)
    return {"unpriced_calls": 1} if usd is None else {"usd": usd}


def is_priced(model: str, endpoint: Endpoint) -> bool:
    """Does the list of prices have this model, as far as its name tells before the server names it?

    Of a provider that the list may call otherwise than we do, nobody knows: True.
    """
    return not _is_listed(endpoint) or output_price(model, endpoint, None) is not None


def output_price(model: str, endpoint: Endpoint, prices: Prices | None) -> float | None:
    """USD for one token of an answer, None if nobody knows before the server names the model."""
    from genai_prices import Usage, calc_price

    if prices is not None:
        return prices.output / PER_MILLION
    if not _is_listed(endpoint):
        return None
    one = Usage(output_tokens=1)
    try:
        if endpoint.foreign:
            return float(calc_price(one, model, provider_api_url=endpoint.base).total_price)
        return float(calc_price(one, model, provider_id=_named(endpoint)).total_price)
    except (LookupError, ValueError):
        return None


def _is_listed(endpoint: Endpoint) -> bool:
    """Does the list call its provider as we do?"""
    return endpoint.foreign or _named(endpoint) in ("openai", "anthropic")


def _named(endpoint: Endpoint) -> str:
    return endpoint.provider.removesuffix("-responses")


def _at(prices: Prices, usage: "RequestUsage") -> float:
    read, written = usage.cache_read_tokens, usage.cache_write_tokens
    plain = max(usage.input_tokens - read - written, 0)
    return (
        plain * prices.input
        + read * (prices.input if prices.cache_read is None else prices.cache_read)
        + written * (prices.input if prices.cache_write is None else prices.cache_write)
        + usage.output_tokens * prices.output
    ) / PER_MILLION


def _known(response: "ModelResponse", foreign: bool) -> float | None:
    """By the list of genai-prices; a foreign endpoint only by its URL."""
    from genai_prices import calc_price

    try:
        if not foreign:
            return float(response.cost().total_price)
        price = calc_price(
            response.usage,
            response.model_name or "",
            provider_api_url=response.provider_url,
            genai_request_timestamp=response.timestamp,
        )
    except (LookupError, ValueError):  # no such model in the list, or usage that it cannot price
        return None
    return float(price.total_price)
