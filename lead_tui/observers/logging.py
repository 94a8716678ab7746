"""The structured log of a run: one line per event and log note, with run, task, attempt and event.

    logger, close = ...                       # any structlog logger
    observer = LogObserver(configure_logging(file=sys.stderr, as_json=True))

What tasks returned is not in it: the journal has that. Text from outside is escaped by both renderers (JSON
in ASCII, key=value by `repr`), so a line is always one line and nothing in it is a terminal's command.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, TextIO

import msgspec

from lead_tui.core import events as ev
from lead_tui.observers.hub import Item, Observer

Level = Literal["debug", "info", "warning", "error"]
LEVELS: dict[Level, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
"""The numbers of the standard library."""

_OF_EVENTS: dict[type[Item], Level] = {
    ev.TaskReady: "debug",
    ev.ExpressionEvaluated: "debug",
    ev.AttemptStarted: "debug",
    ev.AttemptCompleted: "debug",
    ev.AttemptFailed: "warning",
    ev.AttemptStalled: "warning",
    ev.RetryScheduled: "debug",
    ev.TaskInterrupted: "warning",
    ev.RunInterrupted: "warning",
    ev.RunStopping: "warning",
    ev.RunCancelled: "warning",
    ev.BreakerOpened: "warning",
    ev.DeadlinePassed: "warning",
    ev.ApprovalRejected: "warning",
    ev.BudgetWarning: "warning",
    ev.BudgetUncounted: "warning",
    ev.BudgetExceeded: "warning",
    ev.ToolsWaiting: "debug",
    ev.AttemptSaved: "debug",
    ev.AttemptSpent: "debug",
    ev.RunFailed: "error",
    ev.Tokens: "debug",
    ev.Progress: "debug",
    ev.Metric: "debug",
    ev.Usage: "debug",
}
_CONTENT = {
    "inputs",
    "outputs",
    "result",
    "meta",
    "saw",
    "value",
    "show",
    "form",
    "values",
    "command",
    "arguments",
    "piece",
}
_RENAMED = {"type": "event", "run_id": "run", "ts": "timestamp"}
_FIRST = ["timestamp", "level", "event", "run", "task", "attempt"]


class Logger(Protocol):
    """What is needed of a structlog logger."""

    def log(self, level: int, event: str, /, **fields: Any) -> Any: ...


class LogObserver(Observer):
    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    async def on_batch(self, batch: Sequence[Item]) -> None:
        for item in batch:
            fields = log_fields(item)
            self._logger.log(LEVELS[level_of(item)], fields.pop("event"), **fields)


def level_of(item: Item) -> Level:
    """`info` where nothing else is said; a failure that the flow handles is a warning."""
    if isinstance(item, ev.TaskFailed):
        return "warning" if item.handled else "error"
    if isinstance(item, ev.Log):
        return item.level
    return _OF_EVENTS.get(type(item), "info")


def log_fields(item: Item) -> dict[str, Any]:
    """What is set of this event, without the content of tasks."""
    data = msgspec.to_builtins(item)
    return {_RENAMED.get(name, name): value for name, value in data.items() if name not in _CONTENT}


def configure_logging(file: TextIO, *, level: Level = "info", as_json: bool = True) -> Logger:
    """Make a logger that writes lines to `file`; nothing global changes. JSON, or `key=value` for people."""
    import structlog

    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.processors.KeyValueRenderer(key_order=_FIRST, drop_missing=True)
    )
    logger: Logger = structlog.wrap_logger(
        structlog.WriteLogger(file),
        processors=[structlog.processors.add_log_level, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
    )
    return logger
