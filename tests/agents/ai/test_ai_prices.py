"""What a response cost: by the list, by the flow's prices, or unpriced, never zero."""

from datetime import UTC, datetime

import pytest
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.usage import RequestUsage

from lead_tui.agents.ai import prices
from lead_tui.agents.ai.config import Prices
from lead_tui.testing import ModelServer, say
from tests.agents.ai.asked import at, chat

OPENAI = "https://api.openai.com/v1/"


def response(model="gpt-4o", url=OPENAI, provider="openai", **usage):
    counted = RequestUsage(**({"input_tokens": 1_000_000, "output_tokens": 1_000_000} | usage))
    return ModelResponse(
        parts=[TextPart("x")], model_name=model, provider_name=provider, provider_url=url, usage=counted,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def test_a_known_model_has_the_price_of_the_list():
    """At the provider's own service the maintained list tells the price."""
    assert prices.cost(response(), None, foreign=False) == {"usd": pytest.approx(12.5)}
    claude = response("claude-haiku-4-5", "https://api.anthropic.com", "anthropic")
    assert prices.cost(claude, None, foreign=False) == {"usd": pytest.approx(6.0)}


def test_a_name_at_a_foreign_endpoint_is_not_the_providers_model():
    """The same name elsewhere is unpriced, unless the list knows that URL."""
    elsewhere = response(url="http://localhost:11434/v1/")
    assert prices.cost(elsewhere, None, foreign=True) == {"unpriced_calls": 1}
    assert prices.cost(response(), None, foreign=True) == {"usd": pytest.approx(12.5)}


def test_an_unknown_model_is_unpriced():
    """No price is not a price of zero."""
    assert prices.cost(response("gpt-unheard-of"), None, foreign=False) == {"unpriced_calls": 1}


def test_a_response_without_usage_is_unpriced():
    """Where the service tells no tokens nothing can be reckoned, not even with prices of one's own."""
    silent = response(input_tokens=0, output_tokens=0)
    unknown = {"unpriced_calls": 1, "unmetered_calls": 1}
    assert prices.cost(silent, Prices(input=1, output=1), foreign=True) == unknown


def test_prices_of_the_flow_count_before_the_list():
    """Per million tokens; cached ones at their own price, or else at that of input."""
    used = response(input_tokens=1_000_000, cache_read_tokens=500_000, cache_write_tokens=100_000)
    plain = Prices(input=2, output=10)
    assert prices.cost(used, plain, foreign=True) == {"usd": pytest.approx(12.0)}
    cached = Prices(input=2, output=10, cache_read=0.2, cache_write=4)
    assert prices.cost(used, cached, foreign=False) == {"usd": pytest.approx(0.8 + 0.1 + 0.4 + 10)}


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_tokens_of_a_cache_are_counted_apart(contexts, provider):
    """Input is all that was sent; what the cache gave and kept is told as well, and priced."""
    said = say("ok").using(input=100, output=10, cache_read=900)
    own = {"input": 1_000_000, "output": 0, "cache_read": 0}
    async with ModelServer([said]) as server:
        context = contexts()
        result = await chat(context, "Hi", **at(server, provider), prices=own)
    assert result["usage"] == {"input_tokens": 1000, "output_tokens": 10, "cache_read_tokens": 900}
    assert context.usage == {**result["usage"], "calls": 1, "usd": pytest.approx(100.0)}
