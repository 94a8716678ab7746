"""A scripted model behind a real server, and an agent that talks to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from lead_tui.agents.ai import AiAgent
from lead_tui.agents.base import AgentResponse
from lead_tui.errors import AgentError, Failure
from lead_tui.testing import FakeContext
from tests.agents.ai.asked import Listener, config

Ask = Callable[..., Awaitable[AgentResponse]]


@pytest.fixture
async def contexts(tmp_path: Path) -> AsyncIterator[Callable[..., Listener]]:
    """Make contexts that share what agents pool, and close it."""
    shared: dict[str, Any] = {}

    def make(**settings: Any) -> Listener:
        return Listener(**{"shared": shared, "environment": {}, "folder": tmp_path, **settings})

    yield make
    await make().aclose()


@pytest.fixture
def failure(contexts: Callable[..., FakeContext]) -> Callable[..., Awaitable[Failure]]:
    """The failure of a call that must fail."""

    async def of(
        action: str = "chat_completion",
        parameters: dict[str, Any] | None = None,
        context: FakeContext | None = None,
        **settings: Any,
    ) -> Failure:
        agent = AiAgent(config(**settings))
        with pytest.raises(AgentError) as caught:
            await agent.execute(action, parameters or {"prompt": "Hi"}, context or contexts())
        return caught.value.failure

    return of
