"""What a run came to, in the shape that Python, `--output json` and exit codes share."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import msgspec

from lead_tui.core import views
from lead_tui.core.state import COMPLETED, GateState, RunState, RunStatus
from lead_tui.errors import Category, Failure
from lead_tui.observers.metrics import Metrics
from lead_tui.text.words import spent_text, whose_budget


class ExitCode(IntEnum):
    """The contract of the command line."""

    COMPLETED = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3
    PARTIAL = 4
    WAITING = 5
    COMPENSATION_FAILED = 6
    BUDGET = 7
    JOURNAL = 8
    OWNED = 9
    BUG = 70
    TIMEOUT = 124
    HUP = 129
    INT = 130
    TERM = 143


@dataclass(frozen=True, slots=True)
class Result:
    """`results` holds the completed tasks, `errors` the failed ones, `not_run` those that a failure or a
    cancellation kept from running, with the reason. Times in seconds.

    `waiting_for`: the open questions, oldest first, as `gate_data` gives them, then the limits that hold the
    run back, as `budget_data`; `reason` is `gate` or `budget`.

    `metrics["usage"]` is what the attempts told that they used, `metrics["spent"]` the same as budgets count
    it, by agent; `model_calls` those of the calls that went to a model. `spent_budgets`: the limits that hold
    the run back, each `{agent, what, spent, limit}`; `uncounted`: calls that are in no sum of a limit, each
    `{agent, what, calls}`, `agent` empty for the flow's budget.
    """

    run_id: str
    name: str
    status: str
    partial: bool
    results: dict[str, Any]
    outputs: dict[str, Any]
    errors: dict[str, Failure]
    not_run: dict[str, str]
    waiting_for: list[dict[str, Any]]
    interrupted: list[str]
    failure: Failure | None
    execution_time: float
    tasks: dict[str, int]
    metrics: dict[str, Any]
    spent_budgets: list[dict[str, Any]] = field(default_factory=list)
    uncounted: list[dict[str, Any]] = field(default_factory=list)

    @property
    def success(self) -> bool:
        return self.status == "completed"

    def exit_code(self, *, strict: bool = False) -> ExitCode:
        """`strict`: a partial completion is not good enough."""
        match self.status:
            case "cancelled":
                return ExitCode.INT
            case "waiting" if self.spent_budgets:
                return ExitCode.BUDGET
            case "waiting":
                return ExitCode.WAITING
            case "completed":
                return ExitCode.PARTIAL if self.partial and strict else ExitCode.COMPLETED
            case _ if self.failure is not None and self.failure.code == "global_timeout":
                return ExitCode.TIMEOUT
            case _:
                return ExitCode.FAILED


def result_of(run: RunState, metrics: Metrics, *, driven: bool = False) -> Result:
    """`run` may still be under way or parked; `driven`: a process drives it."""
    spent = _spent_budgets(run)
    return Result(
        run_id=run.run_id,
        name=run.plan.name,
        status=str(run.status),
        partial=run.partial,
        results={task.name: task.result for task in run.tasks.values() if task.status is COMPLETED},
        outputs=run.outputs or {},
        errors={name: _failure(run, name) for name in views.errors(run)},
        not_run=views.not_run(run),
        waiting_for=[
            *(gate_data(run, gate, driven=driven) for gate in views.open_gates(run)),
            *map(budget_data, spent),
        ],
        interrupted=views.interrupted(run),
        failure=run.failure,
        execution_time=_seconds(run),
        tasks={str(status): count for status, count in run.counts.items() if count},
        metrics={
            **metrics.summary(),
            "usage": views.usage(run),
            "spent": {
                agent: {**account, "model_calls": metrics.model_calls.get(agent, 0)}
                for agent, account in sorted(run.spent.items())
                if agent
            },
        },
        spent_budgets=[msgspec.to_builtins(each) for each in spent],
        uncounted=[msgspec.to_builtins(each) for each in views.uncounted(run)],
    )


def gate_data(run: RunState, gate: GateState, *, driven: bool) -> dict[str, Any]:
    """What is asked: `action` is `approve` or `input`, `show` what the person is to look at before.

    `again`: the call that asks is gone with its process, an answer makes it again and has to say so.
    """
    request = gate.request
    return {
        "reason": "gate",
        "gate": request.gate,
        "task": request.task,
        "action": request.action,
        "message": request.message,
        "show": request.show,
        "options": request.options,
        "form": request.form,
        "again": views.has_left(run, gate, driven=driven),
    }


def budget_data(spent: views.Spent) -> dict[str, Any]:
    """A limit that is reached; `agent` is empty for the flow's budget."""
    used = spent_text(spent.what, spent.spent, spent.limit)
    return {
        "reason": "budget",
        "action": "raise_budget",
        "message": f"{whose_budget(spent.agent)} is spent: {used}",
        **msgspec.to_builtins(spent),
    }


def _spent_budgets(run: RunState) -> list[views.Spent]:
    if run.status is not RunStatus.WAITING or run.waits_for != "budget":
        return []
    return views.spent_budgets(run)


def _failure(run: RunState, name: str) -> Failure:
    return run.tasks[name].failure or Failure(Category.SYSTEM, "failed without a reason")


def _seconds(run: RunState) -> float:
    if run.started_at is None or run.last_at is None:
        return 0.0
    return ((run.ended_at or run.last_at) - run.started_at).total_seconds()
