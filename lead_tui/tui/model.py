"""A run as the screens see it: the fold of its events, what each task went through, what was said. Pure.

The one fold is `core.apply`, for a live, a foreign and a replayed run alike. `take` is called with whole
batches and marks what changed; `changes` hands that out once a frame. Who drives the run in this process
folds the same facts just before: the model `follow`s that state then, rather than to fold them twice.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from lead_tui.core import events as ev
from lead_tui.core.apply import apply
from lead_tui.core.plan import Plan
from lead_tui.core.state import RUN_ENDED, RunState, TaskStatus, new_run
from lead_tui.errors import IllegalTransition
from lead_tui.observers.hub import Item
from lead_tui.observers.metrics import Metrics
from lead_tui.runner.left import NOTHING, Given
from lead_tui.tui.log.book import SILENT, LogBook
from lead_tui.tui.tasks.outline import OutlineRow, outline
from lead_tui.tui.tool_calls import OpenCalls
from lead_tui.tui.vitals.burn import Burn
from lead_tui.tui.vitals.servers import Servers

ACTIVE = frozenset({TaskStatus.RUNNING, TaskStatus.WAITING, TaskStatus.INTERRUPTED})
_BREAKER_CHANGES = frozenset({ev.BreakerOpened, ev.BreakerHalfOpened, ev.BreakerClosed})


_NOTHING: dict[str, float] = {}
Rule = Callable[["RunModel", Any, list[Item]], None]
"""What to do with an item, and what to say of it."""


@dataclass(slots=True)
class Changes:
    """What happened since the last frame. `again`: everything, for the run began anew."""

    tasks: set[str] = field(default_factory=set)
    said: bool = False
    """Something new is in the log."""
    run: bool = False
    """The run's status, a gate, a breaker, a count."""
    time: bool = False
    """The moment moved on: what is under way is drawn longer."""
    again: bool = False

    def __bool__(self) -> bool:
        return bool(self.tasks or self.said or self.run or self.time or self.again)


class RunModel:
    """`now` is the moment that is shown; whoever knows the clock sets it before each frame."""

    def __init__(self, plan: Plan, run_id: str = "", *, source: str = "") -> None:
        self.plan = plan
        self.run_id = run_id
        self.source = source
        self.now: datetime = ev.UNSTAMPED
        self.alive = True
        """Does anybody drive it? A run that has not ended and that nobody drives is interrupted."""
        self.parked = False
        """If nobody drives it: was it let go on purpose?"""
        self.given: Given = NOTHING
        """What people gave a run that nobody drives: it counts once somebody takes it up."""
        self._begin()

    def _begin(self) -> None:
        self.seq = 0
        """Of the last event taken; a state that is followed may be a step ahead of it."""
        self.noted = 0
        """The journal's number of the last note taken, as far as it is known to be stored."""
        self._follows = False
        self.state: RunState = new_run(self.plan)
        self.state.run_id = self.run_id
        self.metrics = Metrics()
        self.log = LogBook()
        self.history: dict[str, list[ev.Event]] = {}
        """The events of each task, in order."""
        self.active: dict[str, None] = {}
        """Tasks that run, wait or were interrupted, in the order in which they began to."""
        self.failed: dict[str, None] = {}
        """Tasks that failed, in order."""
        self.progress: dict[str, ev.Progress] = {}
        self.using: dict[str, ev.Usage] = {}
        """What tasks in flight told last that their attempts used so far."""
        self.servers = Servers()
        self.burn = Burn()
        self._calls = OpenCalls()
        self._usd: float | None = None
        self.breaker_log: list[ev.Event] = []
        self.damage = ""
        """Why the fold stopped, if an event does not fit: a journal of a newer release, or a damaged one."""
        self._changes = Changes(run=True, said=True)

    @cached_property
    def agents(self) -> tuple[str, ...]:
        """Those of its tasks, each once."""
        return tuple(dict.fromkeys(task.agent for task in self.plan.tasks))

    @cached_property
    def outline(self) -> dict[str, OutlineRow]:
        """The rows of its tasks, in the order of the table."""
        return {row.task: row for row in outline(self.plan)}

    def reset(self) -> None:
        """Back to before the first event."""
        self._begin()
        self._changes.again = True

    def follow(self, state: RunState, metrics: Metrics) -> None:
        """Somebody in this process drives the run: look at its state from now on."""
        if state is not self.state:
            self.state, self.metrics, self._follows = state, metrics, True
            self._changes.again = self.seq > 0  # before the first event all look alike

    def own(self) -> None:
        """Nobody here drives it any more: fold on from where it stands.

        Or from the beginning, if the driver knew more than could be stored.
        """
        if self._follows and self.state.seq != self.seq:
            self.reset()
        self._follows = False

    def see_owner(self, alive: bool, *, parked: bool = False) -> None:
        """Somebody drives the run from now on, or nobody does: what is in flight reads otherwise."""
        self.alive, self.parked = alive, parked
        self._changes.tasks.update(self.active)
        self._changes.run = self._changes.time = True

    def see_given(self, given: Given) -> None:
        """Somebody answered, or raised a budget, while nobody drives it."""
        self.given = given
        self._changes.tasks.update(self.active)
        self._changes.run = self._changes.time = True

    @property
    def ended(self) -> bool:
        return self.state.status in RUN_ENDED

    @property
    def interrupted(self) -> bool:
        return not self.alive and not self.ended and self.state.seq > 0

    @property
    def seconds(self) -> float:
        """From the run's start to its end, or to now."""
        start = self.state.started_at
        if start is None:
            return 0.0
        return max(((self.state.ended_at or self.now) - start).total_seconds(), 0.0)

    def take(self, items: Iterable[Item]) -> None:
        """Fold a batch; events that are known already are left out.

        Runs for tens of thousands of events a second: what can be done once a batch is done once.
        """
        state, follows, hears, sees = self.state, self._follows, self._HEAR, self._SEE
        kept: list[ev.Event] = []
        said: list[Item] = []
        streams = False
        for item in items:
            if isinstance(item, ev.Note):
                kind = type(item)
                streams = streams or kind is ev.Tokens
                if (hear := hears.get(kind)) is None:
                    said.append(item)
                else:
                    hear(self, item, said)
            elif item.seq > self.seq and not self.damage:
                if not follows:
                    try:
                        apply(state, item)
                    except IllegalTransition as error:
                        self.damage = str(error)
                        break
                self.seq = item.seq
                kept.append(item)
                if (fact := type(item)) in sees:
                    sees[fact](self, item, said)
                elif fact not in SILENT:
                    said.append(item)
        if said:
            self.log.extend(said, streams=streams)
            self._changes.said = True
        if kept or self.damage:
            self._changes.run = True
            self._keep(kept)
            self._see_spending(kept)
            if not follows:
                self.metrics.see(kept)

    def _keep(self, events: list[ev.Event]) -> None:
        history = self.history
        touched: dict[str, None] = {}
        for event in events:
            task: str = getattr(event, "task", "")
            if not task:
                self._keep_of_run(event)
                continue
            past = history.get(task)
            if past is None:
                history[task] = [event]
            else:
                past.append(event)
            touched[task] = None
        for task in touched:
            self._place(task)
        self._changes.tasks.update(touched)

    def _keep_of_run(self, event: ev.Event) -> None:
        kind = type(event)
        if kind is ev.RunReopened:
            self._changes.again = True
            tasks = self.state.tasks
            self.failed = {name: None for name in self.failed if tasks[name].status is TaskStatus.FAILED}
        elif kind in _BREAKER_CHANGES:
            self.breaker_log.append(event)

    def _place(self, task: str) -> None:
        """Where the task stands after all that came in one batch."""
        status = self.state.tasks[task].status
        if self._calls.open and task in self._calls.open:
            self._calls.see(task, self.history[task])
        if status in ACTIVE:
            self.active[task] = None
            self.failed.pop(task, None)
            return
        if task in self.active:
            del self.active[task]
            self.progress.pop(task, None)
            self.using.pop(task, None)
        if status is TaskStatus.FAILED:
            self.failed[task] = None

    def _see_spending(self, events: list[ev.Event]) -> None:
        usd = self.state.spent.get("", _NOTHING).get("usd")
        if usd != self._usd and events:
            self.burn.see(self.state.started_at or events[0].ts, 0.0)
            self.burn.see(events[-1].ts, usd or 0.0)
            self._usd = usd

    # what does not enter the log as it is

    def _hear_progress(self, note: ev.Progress, said: list[Item]) -> None:
        self.progress[note.task] = note
        self._changes.tasks.add(note.task)
        said.append(note)

    def _hear_usage(self, note: ev.Usage, said: list[Item]) -> None:
        self.using[note.task] = note
        self._changes.run = True

    def _hear_service(self, note: ev.Service, said: list[Item]) -> None:
        task = self.state.tasks.get(note.task)
        known = note.name in self.plan.agents or task is None
        self.servers.hear(note, note.name if known or task is None else task.plan.agent)
        self._changes.run = True
        said.append(note)

    def _see_call(self, event: ev.ToolCalled, said: list[Item]) -> None:
        said.append(self._calls.begin(event))

    def _see_return(self, event: ev.ToolReturned, said: list[Item]) -> None:
        self.servers.answered(event)
        said.append(self._calls.end(event) or event)

    _HEAR: ClassVar[dict[type[ev.Note], Rule]] = {
        ev.Progress: _hear_progress,
        ev.Usage: _hear_usage,
        ev.Service: _hear_service,
    }
    _SEE: ClassVar[dict[type[ev.Event], Rule]] = {
        ev.ToolCalled: _see_call,
        ev.ToolReturned: _see_return,
    }

    def touch(self) -> None:
        """Time has passed."""
        self._changes.time = True

    def changes(self) -> Changes:
        """What changed since the last call."""
        changes, self._changes = self._changes, Changes()
        return changes
