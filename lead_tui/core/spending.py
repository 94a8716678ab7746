"""What a run spends, as budgets count it.

An account is a usage (`usd`, `input_tokens`, ...) with `calls` and `seconds` always in it:

tokens    input and output together
calls     every attempt is one, except of an agent that counts its own (each request to a model is one), and
          every call to another agent from within is one more
seconds   durations of attempts, without their waits for a person or a budget
usd       calls whose price is known; the others are `unpriced_calls`, and those of which not even the tokens
          are known `unmetered_calls`

Calls that are free (`AgentConfig.is_free`: to ask a person, to look up what a server has) are not counted.

The flow's account holds all attempts, an agent's its own and the calls that others made to it. What an
attempt tells is a sum that only grows, so it may be told as often as one likes.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from lead_tui.core import events as ev
from lead_tui.core.state import BudgetState, RunState, TaskState
from lead_tui.flow.models import Limited

WARN_AT = 0.8
UNCOUNTED: dict[Limited, str] = {"usd": "unpriced_calls", "tokens": "unmetered_calls"}
"""What an account holds of calls that a limit does not count."""
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
    free = task.plan.free
    others = sum(account["calls"] for name, account in costs.accounts.items() if name)
    own = max(usage.get("calls", 0) - others, 0 if free else 1)
    if own or others or usage:
        _book(run, task, "", {**usage, "calls": own + others, "seconds": 0.0 if free else seconds})


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
    """Limits that were reached just now, and what they cannot count: each told once."""
    for scope, budget in run.budgets.items():
        yield from _uncounted(run, scope, budget)
        account = run.spent.get(scope, {})
        for what, limit in budget.limits.items():
            spent = amount(account, what)
            if what in budget.exceeded:
                continue
            if reaches(spent, limit):
                yield exceeded(scope, budget, what, spent)
            elif reaches(spent, limit * WARN_AT) and what not in budget.warned:
                yield ev.BudgetWarning(agent=scope, what=what, spent=spent, limit=limit)


def _uncounted(run: RunState, scope: str, budget: BudgetState) -> Iterator[ev.BudgetUncounted]:
    """Of the flow's budget each agent with such calls, of an agent's itself."""
    for what, calls_of in UNCOUNTED.items():
        for source in ((scope,) if scope else run.spent) if what in budget.limits else ():
            calls = run.spent.get(source, {}).get(calls_of, 0)
            if calls and source and (what, source) not in budget.uncounted:
                yield ev.BudgetUncounted(agent=scope, what=what, source=source, calls=calls)


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
