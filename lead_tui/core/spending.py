"""What a run spends, as budgets count it.

An account is a usage (`usd`, `input_tokens`, ...) with `calls` and `seconds` always in it:

tokens    input and output together
calls     every attempt is one, except of an agent that counts its own (each request to a model is one), and
          every call to another agent from within is one more; agents that only ask people cost nothing
seconds   durations of attempts, without their waits for a person or a budget
usd       calls whose price is known

The flow's account holds all attempts, an agent's its own and the calls that others made to it. What an
attempt tells is a sum that only grows, so it may be told as often as one likes.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from lead_tui.core import events as ev
from lead_tui.core.state import BudgetState, RunState, TaskState
from lead_tui.flow.models import Limited

WARN_AT = 0.8
_HAIR = 1 - 1e-9
"""Ten times a tenth is a hair less than one."""


def tell(run: RunState, task: TaskState, usage: Mapping[str, float], seconds: float, agent: str = "") -> None:
    """Count what the current attempt has used so far; with `agent` the part that it used of that one.

    A run without a budget counts no attempt that tells nothing: there may be 50,000 of them.
    """
    if not (agent or usage or run.budgets or task.costs.accounts):
        return
    if agent:
        _book(run, task, agent, {**usage, "calls": max(usage.get("calls", 0), 1), "seconds": seconds})
        return
    costs = task.own_costs()
    usage = _grown(costs.told, usage)
    _add_growth(costs.usage, costs.told, usage)
    costs.told = usage
    known = run.plan.agents.get(task.plan.agent)
    if known is None or not known.asks:
        others = sum(account["calls"] for name, account in costs.accounts.items() if name)
        calls = max(usage.get("calls", 0) - others, 1) + others
        _book(run, task, "", {**usage, "calls": calls, "seconds": seconds})


def _book(run: RunState, task: TaskState, agent: str, account: dict[str, float]) -> None:
    accounts = task.own_costs().accounts
    before = accounts.get(agent, {})
    account = _grown(before, account)
    for scope in (agent,) if agent else ("", task.plan.agent):
        _add_growth(run.spent.setdefault(scope, {}), before, account)
    accounts[agent] = account


def _grown(before: dict[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What is told later is never less, whoever forgot something."""
    if not before:
        return dict(after)
    return {name: max(before.get(name, 0), after.get(name, 0)) for name in before | dict(after)}


def _add_growth(total: dict[str, float], before: Mapping[str, float], after: Mapping[str, float]) -> None:
    for name, amount in after.items():
        total[name] = total.get(name, 0) + amount - before.get(name, 0)


def add(total: dict[str, float], usage: Mapping[str, float]) -> None:
    for name, amount in usage.items():
        total[name] = total.get(name, 0) + amount


def amount(account: Mapping[str, float], what: str) -> float:
    """How much of a limit this is."""
    if what == "tokens":
        return account.get("input_tokens", 0) + account.get("output_tokens", 0)
    return account.get(what, 0)


def reaches(spent: float, limit: float) -> bool:
    return spent >= limit * _HAIR


def budget_events(run: RunState) -> Iterator[ev.Event]:
    """Limits that were reached just now, each told once."""
    for scope, budget in run.budgets.items():
        account = run.spent.get(scope, {})
        for what, limit in budget.limits.items():
            spent = amount(account, what)
            if what in budget.exceeded:
                continue
            if reaches(spent, limit):
                yield exceeded(scope, budget, what, spent)
            elif reaches(spent, limit * WARN_AT) and what not in budget.warned:
                yield ev.BudgetWarning(agent=scope, what=what, spent=spent, limit=limit)


def exceeded(scope: str, budget: BudgetState, what: Limited, spent: float) -> ev.BudgetExceeded:
    limit = budget.limits[what]
    mode: Literal["audit", "enforce"] = "enforce" if budget.enforce else "audit"
    return ev.BudgetExceeded(agent=scope, what=what, spent=spent, limit=limit, mode=mode)


def is_spent(run: RunState, agent: str) -> bool:
    """Does this agent's own budget ("": the flow's) let nothing start?"""
    budget = run.budgets.get(agent)
    return budget is not None and budget.holds


def is_held(run: RunState, task: TaskState) -> bool:
    """Does a spent budget keep the task from starting? The cleanup is held back by none."""
    return not task.plan.cleanup and (is_spent(run, "") or is_spent(run, task.plan.agent))
