"""A clock that stands still until a test moves it or a scene is played in virtual time."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from lead_tui.flow.models import BreakerConfig, RateLimit
from lead_tui.flow.resolve import AgentSettings
from lead_tui.testing.loop import VirtualLoop

T = TypeVar("T")
EPOCH = datetime(2030, 1, 1, tzinfo=UTC)


class StillClock:
    def __init__(self) -> None:
        self.time = 1_000.0
        self.loop: VirtualLoop | None = None

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return self.time + (self.loop.time() if self.loop else 0.0)


def play(clock: StillClock, scene: Coroutine[Any, Any, T]) -> T:
    """Run the scene, whose loop begins at 0, in no time; the clock has moved by what it took."""
    clock.loop = VirtualLoop()
    try:
        with asyncio.Runner(loop_factory=lambda: clock.loop) as runner:
            return runner.run(scene)
    finally:
        clock.time, clock.loop = clock.monotonic(), None


def settings(limit: RateLimit | None = None, key: str = "t|http://h|{}", budget: bool = True, **breaker: Any):
    return AgentSettings(BreakerConfig(**breaker), limit, None, key, budget)
