"""What a run has spent at this moment, by agent, and how much of its budgets that is. Pure.

What its events tell, and what attempts in flight told since: the counters move while a model answers.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from lead_tui.core import events as ev
from lead_tui.core.spending import UNCOUNTED, WARN_AT, add, amount, reaches
from lead_tui.flow.models import Limited
from lead_tui.observers.metrics import MODEL_KEYS
from lead_tui.tui.look import Look
from lead_tui.tui.model import RunModel
from lead_tui.tui.prose.amounts import amount_text, is_spent, percent

Stage = Literal["fine", "low", "spent", "over"]
LOOKS: dict[Stage, Look] = {
    "fine": Look("●", "o", "fine", "ok"),
    "low": Look("●", "o", "low", "retry"),
    "spent": Look("✖", "x", "spent", "bad"),
    "over": Look("●", "o", "over", "bad"),
}
_RANK: tuple[Stage, ...] = ("spent", "over", "low", "fine")


class Limit(NamedTuple):
    """One limit of a budget; `agent` is empty for the flow's. Without `enforce` it only tells."""

    agent: str
    what: Limited
    spent: float
    most: float
    enforce: bool = True
    uncounted: float = 0
    """Calls that it cannot count: their model has no price, or told no tokens."""

    @property
    def part_text(self) -> str:
        """`12%`; `12%+` if there were calls that it cannot count."""
        return f"{percent(self.part)}{'+' if self.uncounted else ''}"

    @property
    def part(self) -> float:
        return self.spent / self.most

    @property
    def left(self) -> float:
        return max(self.most - self.spent, 0.0)

    @property
    def stage(self) -> Stage:
        if reaches(self.spent, self.most):
            return "spent" if self.enforce else "over"
        return "low" if reaches(self.spent, self.most * WARN_AT) else "fine"

    @property
    def look(self) -> Look:
        return LOOKS[self.stage]

    @property
    def most_text(self) -> str:
        return amount_text(self.what, self.most)


def accounts(model: RunModel) -> Mapping[str, Mapping[str, float]]:
    """What each agent spent, "" for all together: `calls`, `input_tokens`, `usd`, ... as budgets count it."""
    told = model.state.spent
    if not model.using:
        return told
    found = {name: dict(account) for name, account in told.items()}
    for name, growth in _untold(model):
        for scope in ("", name):
            add(found.setdefault(scope, {}), growth)
    return found


def spent(model: RunModel, agent: str = "") -> Mapping[str, float]:
    """The account of one, or of all together."""
    return accounts(model).get(agent, {})


def spenders(model: RunModel) -> dict[str, Mapping[str, float]]:
    """The accounts of agents that cost something, those that cost most first."""
    paid = [(name, account) for name, account in accounts(model).items() if name and is_spent(account)]
    return dict(sorted(paid, key=lambda each: (-each[1].get("usd", 0), -amount(each[1], "tokens"))))


def model_calls(model: RunModel) -> dict[str, float]:
    """The calls that went to a model, by agent, "" for all together: those of tools are not among them."""
    found = dict(model.metrics.model_calls)
    for name, note in model.using.items():
        task = model.state.tasks[name]
        if note.attempt == task.attempt and name in model.active and (more := _asked_since(model, note)):
            for scope in ("", task.plan.agent):
                found[scope] = found.get(scope, 0) + more
    return found


def _asked_since(model: RunModel, note: ev.Usage) -> float:
    """How often an attempt in flight asked its model beyond what its events tell."""
    if not any(key in note.usage for key in MODEL_KEYS):
        return 0
    told = model.metrics.told.get(note.task, {})
    others = [each for name, each in told.items() if name]
    own = note.usage.get("calls", 0) - sum(calls for calls, _ in others)
    known = told.get("", (0, 0))[1] - sum(models for _, models in others)
    return max(own - max(known, 0), 0)


def limits(model: RunModel) -> list[Limit]:
    """Of all budgets, the most pressing first."""
    budgets = model.state.budgets
    known = accounts(model) if budgets else {}
    found = [
        _limit(agent, what, most, budget.enforce, known.get(agent, {}))
        for agent, budget in budgets.items()
        for what, most in budget.limits.items()
    ]
    return sorted(found, key=lambda limit: (_RANK.index(limit.stage), -limit.part))


def _limit(agent: str, what: Limited, most: float, enforce: bool, account: Mapping[str, float]) -> Limit:
    held = account.get(UNCOUNTED[what], 0) if what in UNCOUNTED else 0
    return Limit(agent, what, amount(account, what), most, enforce, held)


def pressing(model: RunModel, agent: str = "") -> Limit | None:
    """The limit of this budget of which most is spent."""
    return next((limit for limit in limits(model) if limit.agent == agent), None)


def holding(model: RunModel) -> list[Limit]:
    """What lets nothing more start before it is raised, as the run itself judged it; not what was raised and
    only waits for somebody who takes the run up.
    """
    if model.ended:
        return []
    budgets, raised = model.state.budgets, model.given.raises
    return [
        limit
        for limit in limits(model)
        if limit.enforce
        and limit.what in budgets[limit.agent].exceeded
        and (limit.agent, limit.what) not in raised
    ]


def _untold(model: RunModel) -> Iterator[tuple[str, dict[str, float]]]:
    """What attempts in flight used beyond what their events tell, with the agent of each."""
    for name, note in model.using.items():
        task = model.state.tasks[name]
        if note.attempt == task.attempt and name in model.active:
            known = task.accounts.get("", {})
            growth = {what: number - known.get(what, 0) for what, number in note.usage.items()}
            yield task.plan.agent, {what: number for what, number in growth.items() if number > 0}
