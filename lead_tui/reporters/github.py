"""`--output github`: text, with what a GitHub Actions job reads.

Annotations (`::error::` and its like) for failures, gates and open breakers on stdout, a page of Markdown in
the file `GITHUB_STEP_SUMMARY`, the run's outputs in the file `GITHUB_OUTPUT`. The runner reads commands on
stdout and stderr alike, `::name::` at the beginning of a line and `##[name]` anywhere in it, so text that
others wrote cannot stand there as such: it gets a backslash. On the page it stands escaped, or fenced where
its indentation counts.
https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from lead_tui.core import events as ev
from lead_tui.observers.hub import Item
from lead_tui.reporters.base import Target
from lead_tui.reporters.chronicle import Chronicle
from lead_tui.reporters.progress import Lines
from lead_tui.reporters.result_text import BELOW, result_body, summary, what_next
from lead_tui.reporters.text import TextReporter
from lead_tui.runner.result import Result
from lead_tui.text.safe import safe, safe_line
from lead_tui.text.wire import json_text, yaml_text
from lead_tui.text.words import counted, duration, failure_text, gate_commands

ROWS = 500
"""Of the table: a step's summary may have 1 MiB."""
OUTPUT_LINES, OUTPUT_WIDTH = 300, 500
"""Of the outputs as YAML; in full they are in GITHUB_OUTPUT."""
_AT_START = re.compile(r"^([^\S\n]*)::", re.MULTILINE)
_OLD_FORM = re.compile(r"##(?=\[)")
_BACKTICKS = re.compile("`+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&:@$])")


class GithubReporter(TextReporter):
    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._chronicle = Chronicle()

    def make_progress(self, target: Target) -> Lines:
        return Lines(target, neutral)

    def show(self, batch: Sequence[Item]) -> None:
        super().show(batch)
        for item in batch:
            self._chronicle.see(item)
            annotation = annotate(item, self.target.db)
            if annotation:
                self.stdout.line(annotation)
        self.stdout.flush()

    def body(self, result: Result, exit_code: int) -> str:
        return neutral(result_body(result))

    def conclude(self, result: Result, exit_code: int) -> None:
        if result.failure is not None and not result.errors:
            self.stdout.line(command("error", result.name, failure_text(result.failure)))
        super().conclude(result, exit_code)
        self._chronicle.complete(result)
        told = step_summary(
            self._chronicle, result, exit_code, db=self.target.db, secrets=self.target.secrets
        )
        _append("GITHUB_STEP_SUMMARY", told)
        _append("GITHUB_OUTPUT", "".join(output(name, value) for name, value in result.outputs.items()))


def annotate(item: Item, db: str | None = None) -> str:
    """Give the workflow command for this event, empty for most."""
    match item:
        case ev.TaskFailed():
            return command("warning" if item.handled else "error", item.task, failure_text(item.failure))
        case ev.TaskInterrupted():
            return command("warning", f"{item.task} was interrupted", item.why or "its outcome is unknown")
        case ev.ApprovalRequested():
            ways = gate_commands(item.run_id, item.gate, item.form, item.options, db)
            return command("notice", f"{item.task} needs an answer", "\n".join([item.message, *ways]))
        case ev.BreakerOpened():
            return command(
                "warning", f"breaker of {item.agent} opened", item.why or f"{item.failures} failures"
            )
        case _:
            return ""


def command(kind: str, title: str, message: str) -> str:
    """`::error title=...::...`, escaped as the runner reads it back."""
    name = _percent(safe_line(title, 200)).replace(":", "%3A").replace(",", "%2C")
    return _OLD_FORM.sub(r"##\\", f"::{kind} title={name}::{_percent(safe(message[:4_000]))}")


def _percent(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def neutral(text: str) -> str:
    """The same lines, none of which is a workflow command."""
    return _OLD_FORM.sub(r"##\\", _AT_START.sub(r"\1\\::", text))


def step_summary(
    chronicle: Chronicle,
    result: Result,
    exit_code: int,
    *,
    db: str | None = None,
    secrets: tuple[str, ...] = (),
) -> str:
    """A heading, a table of the tasks, the outputs, and what failed or waits."""
    head, *told = [*summary(result, exit_code), *what_next(result, db, secrets=secrets)]
    parts = [[f"### {markdown(head)}"], _table(chronicle), _outputs(result.outputs), _told(told)]
    return "".join(f"{line}\n" for part in parts if part for line in (*part, ""))


def _table(chronicle: Chronicle) -> list[str]:
    tasks = list(chronicle.tasks.values())
    rows = [
        f"| {markdown(task.name)} | {task.status} | {duration(task.duration) if task.ended else ''} | "
        f"{task.attempts or ''} | {markdown(safe_line(_about(task.failure, task.why), 300))} |"
        for task in tasks[:ROWS]
    ]
    more = ["", f"… and {len(tasks) - ROWS:,} more tasks"] if len(tasks) > ROWS else []
    return ["| task | status | time | tries | |", "|---|---|--:|--:|---|", *rows, *more] if rows else []


def _outputs(outputs: Mapping[str, Any]) -> list[str]:
    if not outputs:
        return []
    lines = yaml_text(outputs).rstrip("\n").split("\n")
    more = [f"… {counted(len(lines) - OUTPUT_LINES, 'more line')}"] if len(lines) > OUTPUT_LINES else []
    shown = [safe_line(line, OUTPUT_WIDTH) for line in lines[:OUTPUT_LINES]]
    return ["Outputs:", "", *fenced([*shown, *more], "yaml")]


def _told(told: Sequence[str]) -> list[str]:
    """A list: an entry for each line, with what stands below it as it is."""
    lines: list[str] = []
    for is_below, block in groupby(told, lambda line: line.startswith(BELOW)):
        if is_below:
            lines += [f"  {line}" for line in fenced([line.removeprefix(BELOW) for line in block])]
        else:
            lines += [f"- {markdown(line.strip())}" for line in block]
    return lines


def fenced(lines: Sequence[str], language: str = "") -> list[str]:
    """Lines that a page shows as they are: nothing in them ends the fence, which is longer."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + language, *lines, fence]


def _about(failure: object, why: str) -> str:
    return str(failure) if failure is not None else why


def markdown(text: str) -> str:
    """Text that stays text in a cell."""
    return _MARKDOWN.sub(r"\\\1", safe(text, newline=False, tab=False))


def output(name: str, value: Any) -> str:
    """One entry of GITHUB_OUTPUT. The delimiter is drawn, so no value can end its entry."""
    delimiter = f"end_{secrets.token_hex(16)}"
    key = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return f"{key}<<{delimiter}\n{_as_text(value)}\n{delimiter}\n"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)


def _append(variable: str, text: str) -> None:
    path = os.environ.get(variable)
    if path and text:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
