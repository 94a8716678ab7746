"""What waits for a person, over all runs: open gates, spent budgets, runs that nobody drives, open breakers.

`needs_of` is pure; `Watch` folds each event of the runs that have not ended once, a page at a time, so that
looking again costs what happened since.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lead_tui.core import views
from lead_tui.core.apply import apply
from lead_tui.core.events import ApprovalRequested
from lead_tui.core.state import RUN_ENDED, RUNNING, GateState, RunState, RunStatus, new_run
from lead_tui.errors import IllegalTransition
from lead_tui.journal.base import RunRow
from lead_tui.runner.left import NOTHING, Given
from lead_tui.text.safe import safe_line
from lead_tui.tui.prose.amounts import amount_text
from lead_tui.tui.runs import Runs

Kind = Literal["gate", "budget", "answered", "interrupted", "stuck", "breaker"]
FAR_BACK = 2_000
"""Runs among which those that still wait are looked for."""
_ORDER: tuple[Kind, ...] = ("gate", "budget", "answered", "interrupted", "stuck", "breaker")


@dataclass(frozen=True, slots=True)
class Need:
    """`subject` is the gate's id or the agent's name; `what` may hold text from outside.

    `answered`, `interrupted`: nobody drives the run; `stuck`: somebody does, but a task was cut off before.
    """

    kind: Kind
    run_id: str
    flow: str
    what: str
    subject: str = ""
    since: datetime | None = None


def needs_of(row: RunRow, state: RunState, given: Given = NOTHING) -> list[Need]:
    """`given`: what waits for somebody to take the run up."""
    if state.status in RUN_ENDED:
        return []
    found = [_gate(row, gate) for gate in views.open_gates(state) if gate.request.gate not in given.answers]
    found += [_budget(row, state, spent) for spent in _first_of_each(state, given)]
    if row.owner_alive:
        return found + _cut_off_tasks(row, state) + _breakers(row, state)
    if given.raises:
        who = ", ".join(dict.fromkeys(each.by for each in given.raises.values()))
        found.append(Need("answered", row.id, row.name, f"its budget is raised by {who}: resume goes on"))
    elif given.answers:
        who = ", ".join(dict.fromkeys(given.answers.values()))
        found.append(Need("answered", row.id, row.name, f"answered by {who}: resume goes on with it"))
    elif state.status is not RunStatus.WAITING:
        found.append(Need("interrupted", row.id, row.name, _was_cut_off(state), since=state.last_at))
    return found


def held_by_budget(needs: Iterable[Need]) -> dict[str, str]:
    """Runs that wait for nobody's answer but for a budget to be raised, with what is said of it."""
    found: dict[str, str] = {}
    for need in ordered(needs):
        if need.kind in ("gate", "budget"):
            found.setdefault(need.run_id, need.what if need.kind == "budget" else "")
    return {run_id: what for run_id, what in found.items() if what}


def ordered(needs: Iterable[Need]) -> list[Need]:
    """Questions first; of the same kind in the order given."""
    return sorted(needs, key=lambda need: _ORDER.index(need.kind))


@dataclass(frozen=True, slots=True)
class OpenGate:
    """A question that a person can answer now; `driven`: somebody drives its run; `again`: an answer makes
    the call again that asks.
    """

    run_id: str
    flow: str
    request: ApprovalRequested
    driven: bool
    again: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.run_id, self.request.gate


class Watch:
    """`look` and `gates` raise JournalError if the journal cannot be read."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._states: dict[str, RunState] = {}
        self._damaged: set[str] = set()
        self._waiting: list[str] | None = None

    async def look(self, recent: Sequence[RunRow]) -> list[Need]:
        """What all runs need now; `recent`: the newest rows of the journal."""
        open_runs = await self._open_runs(recent)
        return ordered(need for row, state, given in open_runs for need in needs_of(row, state, given))

    async def gates(self, recent: Sequence[RunRow]) -> list[OpenGate]:
        """Every question that waits for an answer, those of the newest run first."""
        return [
            OpenGate(
                row.id,
                row.name,
                gate.request,
                row.owner_alive,
                again=views.has_left(state, gate, driven=row.owner_alive),
            )
            for row, state, given in await self._open_runs(recent)
            for gate in views.open_gates(state)
            if gate.request.gate not in given.answers
        ]

    async def _open_runs(self, recent: Sequence[RunRow]) -> list[tuple[RunRow, RunState, Given]]:
        rows = [row for row in (*recent, *self._older_rows(recent)) if row.status not in RUN_ENDED]
        self._forget(row.id for row in rows)
        found = []
        for row in rows:
            state = await self.state(row)
            if state is not None:
                found.append((row, state, self._runs.given(row, state)))
        return found

    def _older_rows(self, recent: Sequence[RunRow]) -> list[RunRow]:
        """Runs that wait longer than others came and went: found once, then asked one by one."""
        journal, known = self._runs.engine.journal, {row.id for row in recent}
        if self._waiting is None:
            rows = [row for row in journal.runs(limit=FAR_BACK) if row.id not in known]
        else:
            rows = [journal.row(run_id) for run_id in self._waiting if run_id not in known]
        older = [row for row in rows if row.status not in RUN_ENDED]
        self._waiting = [row.id for row in (*recent, *older) if row.status not in RUN_ENDED]
        return older

    async def state(self, row: RunRow) -> RunState | None:
        """The run as its log tells it up to now; None for a log that does not fit."""
        if self._runs.is_driven(row.id):
            return self._runs.driven[row.id].state
        if row.id in self._damaged:
            return None
        state = self._states.get(row.id)
        if state is None:
            state = self._states[row.id] = new_run(self._runs.record(row.id).plan)
        try:
            await self._fold(row, state)
        except IllegalTransition:
            self._damaged.add(row.id)
            return None
        return state

    async def _fold(self, row: RunRow, state: RunState) -> None:
        if row.last_seq <= state.seq:
            return
        for page in self._runs.engine.journal.read(row.id, state.seq):
            for event in page:
                if event.seq > state.seq:  # two looks may overlap
                    apply(state, event)
            await asyncio.sleep(0)

    def _forget(self, kept: Iterable[str]) -> None:
        ids = set(kept)
        self._states = {run_id: state for run_id, state in self._states.items() if run_id in ids}


def _gate(row: RunRow, gate: GateState) -> Need:
    request = gate.request
    return Need("gate", row.id, row.name, f"{request.task}: {request.message}", request.gate, request.ts)


def _first_of_each(state: RunState, given: Given) -> list[views.Spent]:
    """One limit of each budget that lets nothing more start, and that nobody has raised."""
    holding = [each for each in views.spent_budgets(state) if (each.agent, each.what) not in given.raises]
    return list({spent.agent: spent for spent in reversed(holding)}.values())[::-1]


def _budget(row: RunRow, state: RunState, spent: views.Spent) -> Need:
    of = f" of {safe_line(spent.agent, 40)}" if spent.agent else ""
    what = f"{amount_text(spent.what, spent.limit)}{of} spent: enter, b raises it"
    return Need("budget", row.id, row.name, what, spent.agent, state.last_at)


def _cut_off_tasks(row: RunRow, state: RunState) -> list[Need]:
    names = views.interrupted(state)
    what = f"{_names(names)} was cut off: retry the run or skip the task"
    return [Need("stuck", row.id, row.name, what, since=state.last_at)] if names else []


def _breakers(row: RunRow, state: RunState) -> list[Need]:
    return [
        Need("breaker", row.id, row.name, f"the breaker of {agent} is open", agent, breaker.until)
        for agent, breaker in state.breakers.items()
        if breaker.state == "open"
    ]


def _was_cut_off(state: RunState) -> str:
    flying = [task.name for task in state.tasks.values() if task.status is RUNNING]
    return f"nobody drives it; cut off: {_names(flying)}" if flying else "nobody drives it"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
