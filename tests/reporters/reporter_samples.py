"""A run told by hand, results of every kind, hostile text, and a way to feed a reporter."""

import asyncio
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure, Outcome
from lead_tui.observers.hub import Item, Observer
from lead_tui.reporters import make
from lead_tui.reporters.base import StreamReporter
from lead_tui.runner.result import Result

BEGAN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
BUSY = Failure(Category.NETWORK, "the server is busy", Outcome.UNKNOWN, "http_503", 503)
FORBIDDEN = Failure(Category.PERMISSION, "403 Forbidden", Outcome.PERMANENT, "http_403", 403)
NO_METRICS: dict[str, Any] = {"attempts": 0, "failed_attempts": 0, "retries": 0, "breaker_changes": 0,
                              "response_times": {}, "usage": {}}  # fmt: skip

HOSTILE = (
    "\x1b[2J\x1b]52;c;cm0gLXJm\x07 \x9b31m \u202etxt.exe [red]x[/red] ::error::no ]]> </pre>"
    "<script>x</script> "
    "\x00 \ud800 \u200b \x7f ##[add-mask]y\r\n::stop-commands::z\n  ::set-output name=a::b\n\ufffe|`a`"
)
FORBIDDEN_CHARACTERS = set("\x00\x07\x1b\x7f\x9b\r\u202e\u200b\ud800\ufffe")
"""What must not stand in anything that a reporter writes."""


def tell(*items: Item, gap: float = 0.5) -> list[Item]:
    """Stamp items as a runner would, `gap` seconds apart."""
    told: list[Item] = []
    seq = number = 0
    for index, item in enumerate(items):
        if isinstance(item, ev.Event):
            seq += 1
            place = {"seq": seq}
        else:
            number += 1
            place = {"after": seq, "number": number}
        ts = BEGAN + timedelta(seconds=index * gap)
        told.append(msgspec.structs.replace(item, ts=ts, run_id="r1", **place))
    return told


STORY = tell(
    ev.RunQueued(name="nightly", total_tasks=5),
    ev.RunStarted(),
    ev.TaskReady(task="fetch"),
    ev.TaskStarted(task="fetch", agent="api"),
    ev.AttemptStarted(task="fetch", attempt=1, agent="api"),
    ev.Log(text="GET /items", task="fetch", attempt=1),
    ev.AttemptFailed(task="fetch", attempt=1, failure=BUSY, retry_in=1.5),
    ev.RetryScheduled(task="fetch", attempt=2, at=BEGAN, delay=1.5),
    ev.TaskReady(task="fetch"),
    ev.AttemptStarted(task="fetch", attempt=2, agent="api"),
    ev.AttemptCompleted(task="fetch", attempt=2, result={"id": 1}),
    ev.TaskCompleted(task="fetch", duration=3.5),
    ev.ExpressionEvaluated(role="when", task="notify", value=False, saw={"inputs.send": False}),
    ev.TaskSkipped(task="notify", cause="condition", why="when: inputs.send", saw={"inputs.send": False}),
    ev.TaskStarted(task="push", agent="repo"),
    ev.AttemptStarted(task="push", attempt=1, agent="repo"),
    ev.TaskWaiting(task="push", attempt=1, reason="rate_limit", until=BEGAN, why="60 calls in 1m"),
    ev.AttemptStarted(task="push", attempt=1, agent="repo"),
    ev.AttemptFailed(task="push", attempt=1, failure=FORBIDDEN, why="permanent"),
    ev.TaskFailed(task="push", failure=FORBIDDEN, why="permanent", duration=1.0),
    ev.BreakerOpened(agent="api", failures=5, until=BEGAN),
    ev.BreakerHalfOpened(agent="api"),
    ev.BreakerClosed(agent="api", why="a probe succeeded"),
    ev.AttemptStarted(task="review", attempt=1),
    ev.ApprovalRequested(task="review", gate="review", message="Publish?", show={"rows": 3},
                         form={"amount": {"type": "number"}, "note": {"type": "string", "default": ""}}),
    ev.TaskWaiting(task="review", attempt=1, reason="person", why="Publish?"),
    ev.RunWaiting(why="gate", tasks=["review"]),
)  # fmt: skip


def result(**changes: Any) -> Result:
    fields: dict[str, Any] = {
        "run_id": "r1", "name": "nightly", "status": "completed", "partial": False,
        "results": {"fetch": {"id": 1}}, "outputs": {}, "errors": {}, "not_run": {}, "waiting_for": [],
        "interrupted": [], "failure": None, "execution_time": 13.0, "tasks": {"completed": 1},
        "metrics": NO_METRICS,
    }  # fmt: skip
    return Result(**{**fields, **changes})


WAITING = result(
    status="waiting",
    errors={"push": FORBIDDEN},
    not_run={"announce": "push failed"},
    waiting_for=[{"reason": "gate", "gate": "review", "task": "review", "action": "input",
                  "message": "Publish?", "show": {"rows": 3}, "form": {"amount": {"type": "number"}},
                  "options": [], "again": False}],
    tasks={"waiting": 1, "completed": 1, "failed": 1, "skipped": 2},
    metrics={**NO_METRICS, "retries": 1},
)  # fmt: skip
FAILED = result(status="failed", errors={"push": FORBIDDEN}, failure=FORBIDDEN, tasks={"failed": 1})
TIMED_OUT = result(
    status="failed",
    failure=Failure(Category.TIMEOUT, "the run took longer than 5 s", code="global_timeout"),
)
CANCELLED = result(status="cancelled", not_run={"push": "cancelled by ann"}, tasks={"cancelled": 1})
INTERRUPTED = result(status="waiting", interrupted=["push"], tasks={"interrupted": 1})
HOSTILE_FAILURE = Failure(Category.AGENT, HOSTILE, code=HOSTILE)
HOSTILE_STORY = tell(
    ev.RunQueued(name=HOSTILE, total_tasks=2),
    ev.TaskStarted(task=HOSTILE, agent=HOSTILE),
    ev.AttemptStarted(task=HOSTILE, attempt=1, agent=HOSTILE),
    ev.Log(text=HOSTILE, task=HOSTILE),
    ev.Log(text=HOSTILE, task=HOSTILE, level="error"),
    ev.Message(role=HOSTILE, text=HOSTILE, task=HOSTILE),
    ev.Progress(done=1, total=2, text=HOSTILE, task=HOSTILE),
    ev.Log(text="x" * 1_000_000, task=HOSTILE),
    ev.AttemptFailed(task=HOSTILE, attempt=1, failure=HOSTILE_FAILURE, retry_in=1.0, why=HOSTILE),
    ev.TaskSkipped(task=HOSTILE, cause="condition", why=HOSTILE, saw={HOSTILE: HOSTILE}),
    ev.BreakerOpened(agent=HOSTILE, why=HOSTILE),
    ev.ApprovalRequested(task=HOSTILE, gate=HOSTILE, message=HOSTILE, show=HOSTILE, options=[HOSTILE],
                         form={HOSTILE: {"type": HOSTILE}}),
    ev.ApprovalGranted(task=HOSTILE, gate=HOSTILE, by=HOSTILE, answer=HOSTILE),
    ev.ToolCalled(task=HOSTILE, attempt=1, call=HOSTILE, tool=HOSTILE, arguments={HOSTILE: HOSTILE}),
    ev.ToolReturned(task=HOSTILE, attempt=1, call=HOSTILE, tool=HOSTILE, failure=HOSTILE_FAILURE),
    ev.BudgetExceeded(what="usd", spent=2, limit=1, agent=HOSTILE),
    ev.BudgetRaised(limits={"usd": 3.0}, agent=HOSTILE, by=HOSTILE),
    ev.RunStopping(cause="cancelled", task=HOSTILE, by=HOSTILE, why=HOSTILE),
    ev.TaskFailed(task=HOSTILE, failure=HOSTILE_FAILURE, why=HOSTILE),
)  # fmt: skip
HOSTILE_RESULT = result(
    name=HOSTILE,
    status="failed",
    results={HOSTILE: HOSTILE},
    outputs={HOSTILE: HOSTILE, "tree": [HOSTILE]},
    errors={HOSTILE: HOSTILE_FAILURE},
    not_run={"b" + HOSTILE: HOSTILE},
    failure=HOSTILE_FAILURE,
    tasks={"failed": 1},
)


class Screen(io.StringIO):
    """A text file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def feed(observer: Observer, items: Sequence[Item], size: int = 1000) -> None:
    async def give() -> None:
        for start in range(0, len(items), size):
            await observer.on_batch(items[start : start + size])
        await observer.on_close()

    asyncio.run(give())


def report(
    output: str,
    items: Sequence[Item] = STORY,
    outcome: Result = WAITING,
    *,
    stdout: io.TextIOBase | None = None,
    stderr: io.TextIOBase | None = None,
    exit_code: int = 5,
    **settings: Any,
) -> tuple[str, str]:
    """All that a reporter writes on stdout and on stderr."""
    out, err = stdout or io.StringIO(), stderr or io.StringIO()
    reporter = make(output, stdout=out, stderr=err, **settings)
    assert isinstance(reporter, StreamReporter)
    feed(reporter, items)
    reporter.finish(outcome, exit_code)
    return _text(out), _text(err)


def _text(file: io.TextIOBase) -> str:
    return file.getvalue() if isinstance(file, io.StringIO) and not file.closed else ""
