"""What one attempt has used: by itself, and of each other agent that it called."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lead_tui.core.spending import add
from lead_tui.core.state import TaskState
from lead_tui.runner.call_time import CallTime

Usage = dict[str, float]


@dataclass(slots=True)
class Part:
    """`calls`: those that were admitted, or that the agent counted itself, whichever are more."""

    usage: Usage = field(default_factory=dict)
    admitted: float = 0
    seconds: float = 0.0

    @property
    def calls(self) -> float:
        return max(self.admitted, self.usage.get("calls", 0))

    @property
    def is_ahead(self) -> bool:
        """Was a call admitted that the agent has not counted yet?"""
        return self.admitted > self.usage.get("calls", 0)

    @property
    def account(self) -> Usage:
        """As budgets count it."""
        return {**self.usage, "calls": self.calls, "seconds": self.seconds}


class Meter:
    """Goes on where an earlier start of the same attempt (before a park) had come to, as the log tells it."""

    def __init__(self, task: TaskState, time: CallTime) -> None:
        self.time = time
        self.others = {name: _part(account) for name, account in task.accounts.items() if name}
        self.own = _part(_minus(task.accounts.get("", {}), self.others))
        if "calls" not in task.costs.told:
            self.own.usage.pop("calls", None)

    def part(self, agent: str = "") -> Part:
        """That of this attempt, or of another agent that it called."""
        return self.others.setdefault(agent, Part()) if agent else self.own

    @property
    def total(self) -> Usage:
        """What the attempt tells that it used, other agents included."""
        total = dict(self.own.usage)
        for part in self.others.values():
            add(total, {**part.usage, "calls": part.calls})
        return total

    def account(self, agent: str = "") -> Usage:
        """What counts in budgets: all of the attempt, or its calls to another agent."""
        if agent:
            return self.others[agent].account if agent in self.others else {}
        calls = self.own.calls + sum(part.calls for part in self.others.values())
        return {**self.total, "calls": calls, "seconds": self.time.seconds}


def _part(account: Mapping[str, float]) -> Part:
    usage = {name: amount for name, amount in account.items() if name != "seconds"}
    return Part(usage, account.get("calls", 0), account.get("seconds", 0.0))


def _minus(account: Mapping[str, float], parts: Mapping[str, Part]) -> Usage:
    rest = dict(account)
    for part in parts.values():
        add(rest, {name: -amount for name, amount in part.usage.items()})
    return {name: amount for name, amount in rest.items() if amount > 0}
