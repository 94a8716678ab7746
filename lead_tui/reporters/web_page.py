"""`--report html=FILE`: one page that loads nothing: summary, tasks with a waterfall, errors, outputs, logs.

The template escapes all that is put into it, and the page's own policy allows no script and no network.
"""

from dataclasses import dataclass
from datetime import datetime

from lead_tui.reporters.base import FileReport
from lead_tui.reporters.chronicle import Chronicle, TaskStory
from lead_tui.reporters.result_text import summary, what_next
from lead_tui.runner.result import Result
from lead_tui.text.safe import safe, safe_line
from lead_tui.text.wire import json_text
from lead_tui.text.words import duration, failure_text

VALUE_SHOWN = 20_000
"""Characters of one output."""


@dataclass(frozen=True, slots=True)
class Row:
    """A task as the page shows it; `left` and `width` of its bar in percent of the run."""

    name: str
    status: str
    agent: str
    attempts: int
    time: str
    about: str
    left: float
    width: float
    log: str


class HtmlReport(FileReport):
    def render(self, chronicle: Chronicle, result: Result, exit_code: int) -> bytes:
        """UTF-8."""
        from jinja2 import Environment, PackageLoader, StrictUndefined

        environment = Environment(
            loader=PackageLoader("lead_tui", "reporters"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        head, *rest = [*summary(result, exit_code), *what_next(result)]
        page = environment.get_template("page.html.j2").render(
            name=safe_line(result.name, 200),
            run_id=safe_line(result.run_id, 200),
            status=result.status,
            began="" if chronicle.started is None else f"{chronicle.started:%Y-%m-%d %H:%M:%S} UTC",
            length=duration(result.execution_time),
            head=head,
            rest=[line.strip() for line in rest],
            rows=_rows(chronicle),
            outputs={safe_line(name, 200): _value(value) for name, value in result.outputs.items()},
        )
        return page.encode()


def _rows(chronicle: Chronicle) -> list[Row]:
    began, ended = chronicle.started, chronicle.last
    span = (ended - began).total_seconds() if began is not None and ended is not None else 0.0
    return [_row(task, began, ended, span) for task in chronicle.tasks.values()]


def _row(task: TaskStory, began: datetime | None, ended: datetime | None, span: float) -> Row:
    left = width = 0.0
    if task.started is not None and began is not None and span > 0:
        until = task.ended or ended or task.started
        left = 100 * (task.started - began).total_seconds() / span
        width = max(100 * (until - task.started).total_seconds() / span, 0.3)
    about = failure_text(task.failure) if task.failure is not None and task.status == "failed" else task.why
    return Row(
        name=safe_line(task.name or "(run)", 200),
        status=task.status,
        agent=safe_line(task.agent, 200),
        attempts=task.attempts,
        time=duration(task.duration) if task.ended is not None and task.started is not None else "",
        about=safe_line(about),
        left=round(left, 2),
        width=round(min(width, 100.0 - left), 2),
        log=safe(task.log()),
    )


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json_text(value, indent=2)
    missing = len(text) - VALUE_SHOWN
    return safe(text[:VALUE_SHOWN]) + (f"\n… (+{missing:,} characters)" if missing > 0 else "")
