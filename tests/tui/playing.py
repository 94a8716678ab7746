"""A run told event by event, for tests of what shows one."""

from datetime import UTC, datetime, timedelta

import msgspec

from lead_tui.core import events as ev
from lead_tui.core.plan import Need, Plan, PlannedTask
from lead_tui.errors import Category, Failure
from lead_tui.tui.model import RunModel

T0 = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
REFUSED = Failure(Category.NETWORK, "connection refused")


def moment(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def task(name: str, *needs: str, agent: str = "worker", cleanup: bool = False) -> PlannedTask:
    return PlannedTask(name, agent, needs=tuple(map(Need, needs)), cleanup=cleanup)


class Play:
    """`at` folds events that happen then; the model's moment is the last one told."""

    def __init__(self, *tasks: PlannedTask) -> None:
        self.model = RunModel(Plan("flow", tasks, parallel=True), "run")
        self.at(0, ev.RunQueued(name="flow"), ev.RunStarted())

    def at(self, seconds: float, *events: ev.Event) -> "Play":
        self.model.now = moment(seconds)
        for event in events:
            seq = self.model.state.seq + 1
            self.model.take([msgspec.structs.replace(event, seq=seq, ts=moment(seconds), run_id="run")])
        assert not self.model.damage, self.model.damage
        return self

    def begin(self, seconds: float, *names: str) -> "Play":
        for name in names:
            self.at(seconds, *begun(name))
        return self

    def end(self, seconds: float, *names: str) -> "Play":
        for name in names:
            self.at(seconds, ev.AttemptCompleted(task=name, attempt=1), ev.TaskCompleted(task=name))
        return self

    def fail(self, seconds: float, *names: str, failure: Failure = REFUSED, handled: bool = False) -> "Play":
        for name in names:
            self.at(
                seconds,
                ev.AttemptFailed(task=name, attempt=1, failure=failure),
                ev.TaskFailed(task=name, failure=failure, handled=handled),
            )
        return self


def begun(name: str, attempt: int = 1) -> list[ev.Event]:
    return [
        ev.TaskReady(task=name),
        ev.TaskStarted(task=name),
        ev.AttemptStarted(task=name, attempt=attempt),
    ]


def retried(name: str, attempt: int = 2, delay: float = 5) -> list[ev.Event]:
    """A try fails and the next one is on its way."""
    return [
        ev.AttemptFailed(task=name, attempt=attempt - 1, failure=REFUSED, retry_in=delay),
        ev.RetryScheduled(task=name, attempt=attempt, at=T0, delay=delay),
    ]


def again(name: str, attempt: int = 2) -> list[ev.Event]:
    return [ev.TaskReady(task=name), ev.AttemptStarted(task=name, attempt=attempt)]
