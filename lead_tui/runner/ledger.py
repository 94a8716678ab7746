"""What is spent of the budgets of a run at this moment: what its log tells and what is in flight now.

Every call is admitted here before it is made, and counts from then on: calls that run at the same time never
are more than the budget allows. An object of its own, so that runs which share a budget can share it.
"""

from dataclasses import dataclass

from lead_tui.core import events as ev
from lead_tui.core.spending import amount, exceeded, reaches
from lead_tui.core.state import TASK_ENDED, BudgetState, RunState, TaskState
from lead_tui.flow.models import Limited
from lead_tui.runner.meter import Meter


@dataclass(frozen=True, slots=True)
class Shortage:
    """A limit that lets no further call start. `agent` is empty for the flow's budget."""

    agent: str
    what: Limited
    spent: float
    budget: BudgetState

    @property
    def fact(self) -> ev.BudgetExceeded:
        return exceeded(self.agent, self.budget, self.what, self.spent)

    @property
    def why(self) -> str:
        whose = f"of {self.agent}" if self.agent else "of the flow"
        return f"the budget {whose} is spent: {self.spent:g} of {self.budget.limits[self.what]:g} {self.what}"


class Ledger:
    def __init__(self, run: RunState) -> None:
        self._run = run
        self._meters: dict[str, tuple[int, Meter]] = {}

    def open(self, task: str, attempt: int, meter: Meter) -> None:
        """The attempt begins, or begins again; what it uses from here on counts at once."""
        self._meters[task] = attempt, meter

    def admit(self, task: str, meter: Meter, agent: str = "") -> Shortage | None:
        """Count one more call, the task's own or from within to `agent`; or say which limit forbids it."""
        if (shortage := self.refuses(task, agent)) is None:
            self.count(task, meter, agent)
        return shortage

    def refuses(self, task: str, agent: str = "") -> Shortage | None:
        """The limit that forbids one more call. The cleanup is held back by none, nor is what is free."""
        plan = self._run.tasks[task].plan
        if not self._run.budgets or plan.cleanup or (plan.free and not agent):
            return None
        own = plan.agent
        shortages = (self.shortage(scope) for scope in dict.fromkeys(("", own, agent or own)))
        return next((shortage for shortage in shortages if shortage is not None), None)

    def count(self, task: str, meter: Meter, agent: str = "") -> None:
        """From here on the call is in flight."""
        if agent or not self._run.tasks[task].plan.free:
            meter.part(agent).admitted += 1

    def count_attempt(self, task: str, meter: Meter) -> None:
        """Every attempt is a call: one, however often it begins."""
        if not meter.own.admitted:
            self.count(task, meter)

    def shortage(self, agent: str) -> Shortage | None:
        """The limit of this agent's budget ("": the flow's) that is reached and enforced."""
        budget = self._run.budgets.get(agent)
        if budget is None or not budget.enforce:
            return None
        for what, limit in budget.limits.items():
            spent = self.spent(agent, what)
            if reaches(spent, limit):
                return Shortage(agent, what, spent, budget)
        return None

    def spent(self, agent: str, what: Limited) -> float:
        """What the log tells, and what the attempts in flight have used beyond that."""
        spent = amount(self._run.spent.get(agent, {}), what)
        for name, (attempt, meter) in self._meters.items():
            task = self._run.tasks[name]
            if task.attempt == attempt and task.status not in TASK_ENDED:
                spent += sum(max(now - told, 0.0) for now, told in _untold(task, meter, agent, what))
        return spent


def _untold(task: TaskState, meter: Meter, agent: str, what: Limited) -> list[tuple[float, float]]:
    scopes = ([""] if agent in ("", task.plan.agent) else []) + ([agent] if agent else [])
    return [
        (amount(meter.account(scope), what), amount(task.accounts.get(scope, {}), what)) for scope in scopes
    ]
