"""What of a flow the core needs, compiled once per run and stored with it.

Names, order and numbers only: no template, no parameter, no secret. Anyone who has the plan and the events
can fold the run, without the environment that the document itself needs to load.
"""

import msgspec

from lead_tui.flow.models import FailureStrategy, Limited

CLEANUP_SECONDS = 60.0


class Need(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """A dependency. `on` as in the language, `None` for the plain one."""

    task: str
    on: str | None = None


class PlannedTask(msgspec.Struct, frozen=True, omit_defaults=True):
    """`cleanup`: a `finally` task. `timeout` covers all attempts together, in seconds.

    `tries`: how many attempts it has at most, 0 if it has but one, or more only where nothing happened yet.
    `free`: budgets do not count its call.
    """

    name: str
    agent: str
    action: str = ""
    needs: tuple[Need, ...] = ()
    when: bool = False
    priority: int = 0
    timeout: float | None = None
    continue_on_failure: bool = False
    idempotent: bool = True
    cleanup: bool = False
    tries: int = 0
    free: bool = False


class PlannedBudget(msgspec.Struct, frozen=True, omit_defaults=True):
    """`limits` by what they limit: `usd`, `tokens`, `calls`, `seconds`. Without `enforce` it only tells."""

    limits: dict[Limited, float]
    enforce: bool = True


class PlannedAgent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent that the flow declares or uses."""

    budget: PlannedBudget | None = None


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """`limits` holds the agents that have a `max_concurrency`; `outputs`: the flow has some to evaluate.

    `agents` are all that the flow declares or uses; none in the plans of older releases.
    """

    name: str
    tasks: tuple[PlannedTask, ...]
    parallel: bool = False
    max_parallel: int = 16
    strategy: FailureStrategy = FailureStrategy.STOP
    global_timeout: float | None = None
    cleanup_timeout: float = CLEANUP_SECONDS
    limits: dict[str, int] = {}
    outputs: bool = False
    budget: PlannedBudget | None = None
    agents: dict[str, PlannedAgent] = {}
