"""One task in words: its head line, why it is where it is, what it went through. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from lead_tui.core import events as ev
from lead_tui.core import views
from lead_tui.core.state import READY, TASK_ENDED, WAITING, TaskState, TaskStatus
from lead_tui.runner.left import why_cut_off
from lead_tui.text.wire import json_text
from lead_tui.text.words import duration, failure_text, short_name
from lead_tui.tui.look import TASKS, Look, Tone, clock
from lead_tui.tui.model import RunModel
from lead_tui.tui.prose.amounts import spend_text
from lead_tui.tui.prose.paragraphs import Paragraph, Span, plain
from lead_tui.tui.tasks.attempts import Attempt, Wait
from lead_tui.tui.tasks.looks import cut_off, look_of
from lead_tui.tui.vitals.lines import countdown

_SHOWN = 300
"""Characters of a value that a condition saw."""
_NAMES = 12
_BETWEEN_TRIES = Look("↻", "~", "next try", "retry")
_WAITED_FOR = {
    "breaker": "the breaker",
    "rate_limit": "the rate limit",
    "retry_after": "as long as the other side asked",
    "person": "a person",
    "budget": "a budget to be raised",
}
_CALLS = 50
"""Calls of tools that are told of an attempt."""


def _moment(at: datetime) -> str:
    """In the reader's own time zone."""
    return f"{at.astimezone():%H:%M:%S}"


def head(
    model: RunModel, name: str, place: str, room: int, *, ascii_only: bool = False
) -> tuple[list[Span], list[Span]]:
    """Two lines: its state, its name in `room` characters and its place; then its agent, tries and times."""
    task = model.state.tasks[name]
    plan, look = task.plan, look_of(model, task)
    tries = f"  {task.attempt} {'try' if task.attempt == 1 else 'tries'}" if task.attempt else ""
    first = [
        Span(f"{look.ascii if ascii_only else look.glyph} ", look.tone, bold=True),
        Span(short_name(name, room), bold=True),
        Span(f"  {look.word.upper()}", look.tone, bold=True),
        Span(f"  {place} of {model.plan.name}", "faint"),
    ]
    agent = f"{plan.agent}.{plan.action}" if plan.action else plan.agent
    return first, [Span(f"  {agent}", "muted"), Span(f"{tries}  "), *times(model, task)]


def times(model: RunModel, task: TaskState) -> list[Span]:
    """When it began and ended, how long it took or takes, until when it must be done."""
    started = task.started_at
    if started is None:
        return [Span("not started", "faint")]
    ended = task.ended_at
    seconds = ((ended or model.now) - started).total_seconds()
    spans = [Span(_moment(started), "muted"), Span(" → ", "faint")]
    spans.append(Span(_moment(ended) if ended is not None else "…", "muted"))
    spans.append(Span(f"  {duration(max(seconds, 0.0))}"))
    if ended is None and task.deadline is not None:
        spans.append(
            Span(f"  timeout in {countdown(task.deadline, model.now)}".replace("in now", "now"), "retry")
        )
    return spans


# --- why ------------------------------------------------------------------------------------------------


def why(model: RunModel, name: str, *, ascii_only: bool = False) -> list[Paragraph]:
    """Why it is where it is, what its conditions saw, what it needs and who needs it."""
    task = model.state.tasks[name]
    look = look_of(model, task)
    reasons = [why_cut_off(model.state, task)] if cut_off(model, task) else views.why(model.state, name)
    first, *others = reasons
    left = ""
    if task.status is WAITING and task.until is not None:
        first, left = first.partition(" until ")[0], f", {countdown(task.until, model.now)} left"
    return [
        Paragraph((Span(first, look.tone, bold=True), Span(left.replace("now left", "due now"), look.tone))),
        *(line for reason in others for line in plain(reason)),
        *_conditions(model.history.get(name, ())),
        *_neighbours(model, "NEEDS", [(need.task, need.on) for need in task.plan.needs], ascii_only),
        *_neighbours(model, "NEEDED BY", model.state.dependents.get(name, ()), ascii_only),
        *_rules(task),
    ]


def _conditions(history: Iterable[ev.Event]) -> Iterator[Paragraph]:
    """Expressions that decided something, and what they read."""
    asked = [event for event in history if isinstance(event, ev.ExpressionEvaluated)]
    deciding = [event for event in asked if event.role in ("when", "expect")]
    if deciding:
        yield from _heading("CONDITIONS")
    for event in deciding:
        yield Paragraph(
            (Span(f"{event.role:<8}", "muted"), Span(event.why.removeprefix("when: ")), _answer(event)),
            hang=8,
        )
        for path, value in event.saw.items():
            shown = json_text(value)
            cut = f"{shown[:_SHOWN]}…" if len(shown) > _SHOWN else shown
            yield Paragraph((Span(path, "accent"), Span(" was ", "faint"), Span(cut)), indent=8, hang=2)


def _answer(event: ev.ExpressionEvaluated) -> Span:
    if event.failure is not None:
        return Span(f"  could not be read: {event.failure.message}", "bad")
    return Span("  was true", "ok") if event.value else Span("  was false", "skipped")


def _neighbours(
    model: RunModel, title: str, tasks: Sequence[tuple[str, str | None]], ascii_only: bool
) -> Iterator[Paragraph]:
    if tasks:
        yield from _heading(title)
    for name, on in tasks:
        look = look_of(model, model.state.tasks[name])
        yield Paragraph(
            (
                Span(f"{look.ascii if ascii_only else look.glyph} ", look.tone),
                Span(name),
                Span(f"  {look.word}", look.tone),
                Span(f"  on: {on}" if on else "", "muted"),
            ),
            hang=2,
            target=name,
        )


def _rules(task: TaskState) -> Iterator[Paragraph]:
    plan = task.plan
    rules = {
        "timeout": "" if plan.timeout is None else f"{duration(plan.timeout)} for all tries together",
        "priority": str(plan.priority) if plan.priority else "",
        "continue_on_failure": "its failure stops nothing" if plan.continue_on_failure else "",
        "idempotent": "" if plan.idempotent else "no: it is not run again unasked if its outcome is unknown",
        "finally": "it runs once all tasks have ended" if plan.cleanup else "",
    }
    known = {name: text for name, text in rules.items() if text}
    if known:
        yield from _heading("RULES")
    for name, text in known.items():
        yield Paragraph((Span(f"{name}  ", "muted"), Span(text)), hang=2)


def _heading(title: str) -> Iterator[Paragraph]:
    yield Paragraph()
    yield Paragraph((Span(title, "muted", bold=True),))


# --- attempts -------------------------------------------------------------------------------------------


def story(
    tries: Sequence[Attempt],
    now: datetime,
    *,
    chosen: int | None = None,
    call: int | None = None,
    cut_off: bool = False,
    ascii_only: bool = False,
) -> list[Paragraph]:
    """The attempts one by one; the target of each is its place in the list, with `.` and the number of a call
    that it made. `chosen`, and of that one `call`, is marked. `cut_off`: what is in flight is not any more.
    """
    lines: list[Paragraph] = []
    for place, each in enumerate(tries):
        if each.anew:
            lines += [Paragraph(), Paragraph((Span("the run was reopened", "muted"),))]
        is_chosen = place == chosen
        look = TASKS[TaskStatus.INTERRUPTED] if cut_off and each.outcome == "running" else _look(each)
        glyph = look.ascii if ascii_only else look.glyph
        lines += _attempt(each, now, str(place), look, glyph, chosen=is_chosen and call is None)
        lines += _calls(each, place, call if is_chosen else None)
    return lines


def _attempt(
    each: Attempt, now: datetime, target: str, look: Look, glyph: str, *, chosen: bool
) -> Iterator[Paragraph]:
    seconds = each.seconds(now)
    head = (
        Span(f"{glyph} ", look.tone),
        Span(f"{each.number:<3}", bold=True),
        Span(f"{look.word:<12}", look.tone),
        Span(f"{_moment(each.started)}  " if each.started is not None else f"{'-':<10}", "muted"),
        Span(f"{duration(seconds):>6}  " if seconds or each.duration is not None else f"{'':8}"),
        Span(each.agent, "muted"),
        Span("  shown in Result and Meta" if chosen else "", "accent"),
    )
    yield Paragraph(head, hang=5, target=target)
    if used := spend_text(each.usage):
        yield Paragraph((Span(used, "muted"),), indent=5, hang=2, target=target)
    for wait in each.waits:
        if wait.reason == "retry" and wait.ended is not None:
            continue  # the try before has said how long
        yield Paragraph(tuple(_waited(wait, now)), indent=5, hang=2, target=target)
    if each.failure is not None:
        first, *others = plain(failure_text(each.failure), "bad", indent=5)
        yield from (line._replace(hang=2, target=target) for line in (first, *others))
    if each.why:
        again = "" if each.retry_in is None else f"tried again after {duration(each.retry_in)}: "
        yield Paragraph((Span(again), Span(each.why, "muted")), indent=5, hang=2, target=target)


def _calls(each: Attempt, place: int, chosen: int | None) -> Iterator[Paragraph]:
    """Calls of tools, the last ones of many."""
    first = max(len(each.calls) - _CALLS, 0)
    if first:
        yield Paragraph((Span(f"… {first:,} earlier calls", "faint"),), indent=5)
    for number, call in enumerate(each.calls[first:], first):
        tone: Tone = "busy" if call.is_open else "bad" if call.failure is not None else "text"
        spans = (
            Span("tool  ", "bad" if tone == "bad" else "accent"),
            Span(call.text, tone),
            Span("  shown in Result" if number == chosen else "", "accent"),
        )
        yield Paragraph(spans, indent=5, hang=6, target=f"{place}.{number}")


def _look(each: Attempt) -> Look:
    if each.outcome != "waiting":
        return TASKS[TaskStatus(each.outcome)]
    return _BETWEEN_TRIES if each.waits and each.waits[-1].reason == "retry" else TASKS[WAITING]


def _waited(wait: Wait, now: datetime) -> Iterator[Span]:
    what = _WAITED_FOR.get(wait.reason, wait.reason)
    if wait.reason == "retry":
        if wait.until is not None:
            yield Span(f"begins in {countdown(wait.until, now)}".replace("in now", "now"), "retry")
        return
    if wait.ended is not None:
        yield Span(f"waited {duration(_seconds(wait, now))} for {what}", "muted")
    else:
        left = f", {countdown(wait.until, now)} left" if wait.until is not None else ""
        yield Span(f"waits for {what}, {clock(_seconds(wait, now))} so far{left}", "retry")
    if wait.why:
        yield Span(f": {wait.why}", "muted")


def _seconds(wait: Wait, now: datetime) -> float:
    return max(((wait.ended or now) - wait.since).total_seconds(), 0.0)


def no_attempt(task: TaskState) -> str:
    """What to say of a task that was never tried."""
    if task.status in TASK_ENDED:
        return f"it was never tried: {task.why}" if task.why else "it was never tried"
    return "it is about to be tried" if task.status is READY else "it has not been tried yet"


# --- the flow and other tasks ---------------------------------------------------------------------------


def as_written(document: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """The task as it stands in the flow's document, its parameters first."""
    for entry in (*(document.get("tasks") or ()), *(document.get("finally") or ())):
        if entry.get("name") == name:
            first = {"parameters": entry["parameters"]} if "parameters" in entry else {}
            return first | {key: value for key, value in entry.items() if key != "name"}
    return None


def names_of(tasks: Sequence[str]) -> str:
    """Names in a sentence, not all of many."""
    more = f" and {len(tasks) - _NAMES} more" if len(tasks) > _NAMES else ""
    return ", ".join(tasks[:_NAMES]) + more
