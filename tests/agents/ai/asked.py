"""What the tests of `ai_agent` share: a config for a server of ours, and calls."""

import asyncio
from typing import Any

from lead_tui.agents.ai import AiAgent, AiAgentConfig
from lead_tui.testing import FakeContext, ModelServer

MODELS = {"openai": "gpt-5.4-mini", "anthropic": "claude-sonnet-5-5"}
KEY = "test-key"


def config(**settings: Any) -> AiAgentConfig:
    provider = settings.get("provider", "openai")
    return AiAgentConfig(
        **{"name": "writer", "type": "ai_agent", "model": MODELS.get(provider, "model"), **settings}
    )


def at(server: ModelServer, provider: str = "openai", **settings: Any) -> dict[str, Any]:
    """The settings of an agent that asks this server."""
    url = server.openai_url if provider == "openai" else server.anthropic_url
    authentication = {"type": "bearer", "token": server.key}
    return {"provider": provider, "endpoint": url, "authentication": authentication, **settings}


async def chat(context: FakeContext, parameters: dict[str, Any] | str, **settings: Any) -> dict[str, Any]:
    asked = {"prompt": parameters} if isinstance(parameters, str) else parameters
    return await done("chat_completion", asked, context, **settings)


async def run(context: FakeContext, prompt: str = "Go", **settings: Any) -> dict[str, Any]:
    return await done("run", {"prompt": prompt}, context, **settings)


async def done(
    action: str, parameters: dict[str, Any], context: FakeContext, **settings: Any
) -> dict[str, Any]:
    response = await AiAgent(config(**settings)).execute(action, parameters, context)
    assert response.success
    return response.result


class Listener(FakeContext):
    """A context in which a test can wait for what streams."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._spoken = asyncio.Event()

    def tokens(self, text: str) -> None:
        super().tokens(text)
        self._spoken.set()

    async def heard(self, text: str) -> None:
        """Wait until all that streamed is this."""
        async with asyncio.timeout(10):
            while "".join(texts(self)).rstrip() != text:
                self._spoken.clear()
                await self._spoken.wait()


def texts(context: FakeContext) -> list[str]:
    """What streamed, piece by piece."""
    return [note.text for note in context.notes if note.type == "tokens"]
