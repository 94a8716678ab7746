"""The agents of one run: made on first use, each with its settings and its guard, closed together."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from lead_tui.agents import registry
from lead_tui.agents.base import BaseAgent
from lead_tui.core import events as ev
from lead_tui.flow.models import TaskSpec, Workflow
from lead_tui.flow.resolve import Retry, agent_settings, attempt_timeout, task_settings
from lead_tui.raised import we_are_cancelled
from lead_tui.resilience.breaker import Breaker, BreakerChange
from lead_tui.resilience.guard import Guard, Guards

CLOSING_SECONDS = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """A live agent with its guard and the seconds that one call may take.

    `places` are for calls that other agents make to it, as many at once as its `max_concurrency` says; the
    core counts those of tasks.
    """

    agent: BaseAgent[Any]
    guard: Guard
    attempt_timeout: float | None
    places: AbstractAsyncContextManager[Any] = field(default_factory=nullcontext)


class Crew:
    def __init__(self, workflow: Workflow, guards: Guards, report: Callable[[ev.Event], None]) -> None:
        """`report` gets the changes of every breaker that the run uses."""
        self._workflow = workflow
        self._guards = guards
        self._report = report
        self._specs: Mapping[str, TaskSpec] = {task.name: task for task in workflow.all_tasks}
        self._configs = {agent.name: agent for agent in workflow.agents}
        self._members: dict[str, Member] = {}
        self._ends: list[Callable[[], None]] = []
        self.shared: dict[str, Any] = {}

    def spec(self, task: str) -> TaskSpec:
        return self._specs[task]

    def retry(self, task: str) -> Retry:
        spec = self._specs[task]
        return task_settings(self._workflow, self._configs[spec.agent_name], spec).retry

    def member(self, name: str) -> Member:
        """Raises whatever the agent's class raises when it is made."""
        member = self._members.get(name)
        if member is None:
            config = self._configs[name]
            agent = registry.agent_class(config.type)(config)
            settings = agent_settings(self._workflow, config)
            guard, limit = self._guards.of(settings), settings.max_concurrency
            places = asyncio.Semaphore(limit) if limit is not None else nullcontext()
            member = Member(agent, guard, attempt_timeout(self._workflow, config), places)
            self._members[name] = member
            self._watch(name, guard.breaker)
        return member

    def known(self, name: str) -> Member | None:
        """The agent if it has been used already."""
        return self._members.get(name)

    @property
    def names(self) -> list[str]:
        return list(self._configs)

    def _watch(self, name: str, breaker: Breaker) -> None:
        """A breaker that another run opened is recorded first: a fold of this log shows what this run met."""
        if breaker.state != "closed":
            self._report(_as_event(name, breaker.change))
        self._ends.append(breaker.subscribe(lambda change: self._report(_as_event(name, change))))

    async def close(self) -> None:
        for end in self._ends:
            end()
        closers = [member.agent.close() for member in self._members.values()]
        closers += [each.aclose() for each in self.shared.values() if hasattr(each, "aclose")]
        for closer in closers:
            try:
                async with asyncio.timeout(CLOSING_SECONDS):
                    await closer
            except BaseException as error:
                if we_are_cancelled(error):
                    raise
                # where, not what it says: that may hold a secret, and this goes past the masking
                place = traceback.extract_tb(error.__traceback__)[-1]
                kind = type(error).__name__
                _log.error("an agent could not be closed: %s at %s:%s", kind, place.filename, place.lineno)


def _as_event(agent: str, change: BreakerChange) -> ev.Event:
    if change.state == "open":
        return ev.BreakerOpened(agent=agent, failures=change.failures, until=change.until, why=change.why)
    if change.state == "half_open":
        return ev.BreakerHalfOpened(agent=agent)
    return ev.BreakerClosed(agent=agent, why=change.why)
