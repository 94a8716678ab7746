"""Which settings a task really runs with: its own, then the agent's, then `defaults`, then the type's."""

from typing import Any

import msgspec

from lead_tui.errors import Category
from lead_tui.flow.models import AgentConfig, BreakerConfig, RateLimit, RetryConfig, TaskSpec, Workflow


class Retry(msgspec.Struct, frozen=True):
    """A `RetryConfig` with every field settled. Delays in seconds.

    `unknown`: a call that may have been executed is made again if the task is idempotent.
    """

    max_attempts: int = 1
    initial_delay: float = 1.0
    max_delay: float = 60.0
    exponential_base: float = 2.0
    jitter: bool = True
    retry_on: tuple[Category | int, ...] = ()
    never_retry_on: tuple[Category | int, ...] = ()
    unknown: bool = True


class TaskSettings(msgspec.Struct, frozen=True):
    """`timeout` covers all attempts together, `attempt_timeout` one, `idle_timeout` the silence of one;
    seconds, None for no limit.
    """

    timeout: float | None
    attempt_timeout: float | None
    idle_timeout: float | None
    retry: Retry
    idempotent: bool


class AgentSettings(msgspec.Struct, frozen=True):
    """`retry_budget`: retries are limited for all tasks together (services, not local work)."""

    breaker: BreakerConfig
    rate_limit: RateLimit | None
    max_concurrency: int | None
    breaker_key: str
    retry_budget: bool = True


def task_settings(workflow: Workflow, agent: AgentConfig, task: TaskSpec) -> TaskSettings:
    return TaskSettings(
        timeout=task.timeout,
        attempt_timeout=attempt_timeout(workflow, agent),
        idle_timeout=task.idle_timeout,
        retry=_retry(agent, workflow, task),
        idempotent=is_idempotent(agent, task),
    )


def is_idempotent(agent: AgentConfig, task: TaskSpec) -> bool:
    if task.idempotent is not None and not agent.only_asks:
        return task.idempotent
    return agent.is_idempotent(task.action, task.parameters)


def attempt_timeout(workflow: Workflow, agent: AgentConfig) -> float | None:
    return agent.timeout or workflow.defaults.timeout or agent.default_timeout


def agent_settings(workflow: Workflow, agent: AgentConfig) -> AgentSettings:
    breaker = (
        agent.circuit_breaker
        or (workflow.defaults.circuit_breaker if agent.default_breaker else None)
        or BreakerConfig(enabled=agent.default_breaker)
    )
    return AgentSettings(
        breaker=breaker,
        rate_limit=agent.rate_limit,
        max_concurrency=agent.max_concurrency or workflow.defaults.max_concurrency,
        breaker_key=f"{agent.type}|{agent.breaker_key()}|{breaker.model_dump_json()}",
        retry_budget=agent.default_breaker or agent.endpoint is not None,
    )


def _retry(agent: AgentConfig, workflow: Workflow, task: TaskSpec) -> Retry:
    asked: dict[str, Any] = {}
    for level in (workflow.defaults.retry_config, agent.retry_config, task.retry_config):
        if level is not None:
            asked |= {name: getattr(level, name) for name in RetryConfig.model_fields
                      if getattr(level, name) is not None}  # fmt: skip
    unknown = agent.default_retries_unknown or "max_attempts" in asked
    return Retry(**({"max_attempts": agent.default_attempts} | asked), unknown=unknown)
