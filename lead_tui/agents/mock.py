"""`mock`: answers from the flow file; what users test their flows with.

    agents:
      - name: api
        type: mock
        results:
          fetch: {id: 1}              # every call of `fetch`
          poll: [queued, running, done]   # one after the other, the last one again and again
        fail:
          fetch: {times: 2, category: network_error, status: 503, message: down}
        latency: 50ms
        failure_rate: 0.1
        seed: 7

What is not scripted is answered with its parameters. `fail` fails the first `times` attempts of each
task (all of them without `times`). With `failure_rate` that part of all attempts fails; which ones
depends on the seed, the task's name and the attempt's number alone, never on the order of the calls.
"""

import asyncio
from hashlib import blake2b
from typing import Annotated, Any, ClassVar

from pydantic import Field

from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent
from lead_tui.errors import Category, Failure, Outcome
from lead_tui.flow.models import AgentConfig, Duration, Model

_OUTCOMES = {
    Category.NETWORK: Outcome.UNKNOWN,
    Category.TIMEOUT: Outcome.UNKNOWN,
    Category.RESOURCE: Outcome.SAFE,
}


class ScriptedFailure(Model):
    """`outcome` unset: network and timeout unknown, resource safe, any other category permanent."""

    times: Annotated[int, Field(ge=1)] | None = None
    category: Category = Category.NETWORK
    message: str = "scripted failure"
    outcome: Outcome | None = None
    code: str = "scripted"
    status: Annotated[int, Field(ge=100, le=599)] | None = None
    retry_after: Duration | None = None

    def failure(self) -> Failure:
        outcome = self.outcome or _OUTCOMES.get(self.category, Outcome.PERMANENT)
        return Failure(self.category, self.message, outcome, self.code, self.status, self.retry_after)


class MockConfig(AgentConfig):
    default_breaker: ClassVar[bool] = False

    results: dict[str, Any] = Field(default_factory=dict)
    fail: dict[str, ScriptedFailure] = Field(default_factory=dict)
    latency: Duration = 0.0
    failure_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    seed: int = 0


class MockAgent(BaseAgent[MockConfig]):
    """Answer with scripted results and failures."""

    config_model = MockConfig

    def __init__(self, config: MockConfig) -> None:
        super().__init__(config)
        self._latency = config.latency  # plain attributes: this is also the no-op of the benchmarks
        self._may_fail = bool(config.fail or config.failure_rate)
        self._results = config.results
        self._calls: dict[str, int] = {}

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        if self._latency:
            await asyncio.sleep(self._latency)
        if self._may_fail:
            failure = self._failure(action, context)
            if failure is not None:
                return AgentResponse(success=False, error=failure)
        return AgentResponse(success=True, result=self._result(action, parameters))

    def _result(self, action: str, parameters: dict[str, Any]) -> Any:
        if action not in self._results:
            return parameters
        script = self._results[action]
        if not isinstance(script, list) or not script:
            return script
        call = self._calls.get(action, 0)
        self._calls[action] = call + 1
        return script[min(call, len(script) - 1)]

    def _failure(self, action: str, context: AgentContext) -> Failure | None:
        scripted = self.config.fail.get(action)
        if scripted is not None and (scripted.times is None or context.attempt <= scripted.times):
            return scripted.failure()
        if self._draw(context) < self.config.failure_rate:
            return Failure(Category.NETWORK, "failed by failure_rate", Outcome.UNKNOWN, "drawn")
        return None

    def _draw(self, context: AgentContext) -> float:
        """In [0, 1), the same for the same seed, task and attempt."""
        text = f"{self.config.seed}|{context.task}|{context.attempt}"
        return int.from_bytes(blake2b(text.encode(), digest_size=7).digest()) / 2**56
