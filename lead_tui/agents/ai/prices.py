"""What a response of a model used, and what that cost."""

from typing import TYPE_CHECKING

from lead_tui.agents.ai.config import Prices

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.usage import RequestUsage

PER_MILLION = 1_000_000


def tokens(usage: "RequestUsage") -> dict[str, float]:
    """`input_tokens` are all that were sent: those that a cache gave or kept are among them."""
    used = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
    return {name: count for name, count in used.items() if count}


def cost(response: "ModelResponse", prices: Prices | None, *, foreign: bool) -> dict[str, float]:
    """`usd`, or `unpriced_calls` 1 where no price is known. `foreign`: at an endpoint that may not be the
    provider's, whose prices are not the provider's even if the models' names are.
    """
    if not (response.usage.input_tokens or response.usage.output_tokens):
        return {"unpriced_calls": 1}
    usd = _at(prices, response.usage) if prices is not None else _known(response, foreign)
    return {"unpriced_calls": 1} if usd is None else {"usd": usd}


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
