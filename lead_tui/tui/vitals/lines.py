"""How the parts of a run are that no task shows: breakers, waits, calls in flight, limits, agents. Pure.

What it spends is money_lines.py's, its servers are server_lines.py's.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from lead_tui.core import events as ev
from lead_tui.core.state import BreakerState, TaskState, TaskStatus
from lead_tui.text.words import duration, short_name
from lead_tui.tui.look import BREAKERS, Tone, clock, task_look
from lead_tui.tui.model import RunModel
from lead_tui.tui.prose.amounts import percent, whose
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.prose.paragraphs import Span
from lead_tui.tui.tasks.looks import look_of
from lead_tui.tui.vitals.agent_times import AgentTimes
from lead_tui.tui.vitals.frame import Frame, Vital, lead, more, when
from lead_tui.tui.vitals.money_lines import spend
from lead_tui.tui.vitals.server_lines import failed, servers
from lead_tui.tui.vitals.spending import holding, pressing

SLOTS_BAR = 16
FOLDED = 3
"""Lines with nothing to tell from which on they are folded."""
UNFOLDED = 200
"""Folded lines that are shown at most."""

_RANK = {"open": 0, "half_open": 1, "closed": 2}
_WAITS = {
    "retry": "next try in",
    "retry_after": "asked to wait",
    "rate_limit": "rate limit",
    "breaker": "breaker",
    "person": "a person",
    "budget": "budget",
}


def verdict(model: RunModel) -> tuple[str, Tone]:
    """The worst of it in a few words."""
    if held := holding(model):
        return f"{whose(held[0].agent)} is spent", "bad"
    breakers = [each.state for each in model.state.breakers.values()]
    if opened := breakers.count("open"):
        return f"{opened} breaker{'' if opened == 1 else 's'} open", "bad"
    if down := failed(model):
        return f"{down} server{'' if down == 1 else 's'} failed", "bad"
    if probing := breakers.count("half_open"):
        return f"{probing} breaker{'' if probing == 1 else 's'} half open", "retry"
    if waiting := model.state.counts[TaskStatus.WAITING]:
        return f"{waiting:,} waiting", "retry"
    if not model.ended and (limit := pressing(model)) is not None and limit.stage != "fine":
        return f"{percent(limit.part)} of the budget", limit.look.tone
    return "all well", "ok"


def vitals(model: RunModel, frame: Frame, times: AgentTimes, *, loop_lag: float | None = None) -> list[Vital]:
    """The lines of all sections that have something to say."""
    sections: dict[str, Sequence[Vital]] = {
        "BREAKERS": _breakers(model, frame),
        "SPEND": spend(model, frame),
        "MCP SERVERS": servers(model, frame),
        "RETRIES AND WAITS": _waits(model, frame),
        "IN FLIGHT": _in_flight(model, frame),
        "LIMITS": _limits(model, frame),
        "AGENTS": _agents(model, frame, times),
        "ENGINE": _engine(model, loop_lag),
    }
    if holding(model):
        sections = {"SPEND": sections["SPEND"], **sections}
    lines: list[Vital] = []
    for title, rows in sections.items():
        if rows:
            lines += [Vital(title, heading=True)] if lines else []
            lines += [Vital(title, (Span(f" {title}", "muted", bold=True),), heading=True), *rows]
    return lines


def countdown(until: datetime, now: datetime) -> str:
    """`12 s`, `2:05`, `now`."""
    seconds = math.ceil((until - now).total_seconds())
    return "now" if seconds <= 0 else f"{seconds} s" if seconds < 60 else clock(seconds)


# --- sections -------------------------------------------------------------------------------------------


def _breakers(model: RunModel, frame: Frame) -> list[Vital]:
    names = dict.fromkeys((*model.state.breakers, *model.agents))
    states = {name: model.state.breakers.get(name, BreakerState()) for name in names}
    last = {event.agent: event for event in model.breaker_log if isinstance(event, _CHANGES)}
    order = sorted(states, key=lambda name: (_RANK.get(states[name].state, 1), name not in last))
    quiet = [name for name in order if name not in last and states[name] == BreakerState()]
    quiet = quiet if len(quiet) >= FOLDED else []
    room = frame.name(order)
    now = None if model.ended or model.interrupted else model.now
    loud = [name for name in order if name not in quiet]
    lines = [_breaker(each, states[each], last.get(each), now, frame, room) for each in loud[: frame.most]]
    lines += more("BREAKERS", len(loud) - len(lines), "agent")
    if quiet:
        lines.append(_folded(quiet, frame))
    if quiet and frame.unfolded:
        shown = quiet[:UNFOLDED]
        lines += [_breaker(each, states[each], None, now, frame, room) for each in shown]
        lines += more("BREAKERS", len(quiet) - len(shown), "agent")
    return lines


def _folded(names: Sequence[str], frame: Frame) -> Vital:
    """Breakers of which nothing is to be told, in one line."""
    mark = ("-", "▾") if frame.unfolded else ("+", "▸")
    spans = [
        Span(f" {mark[not frame.ascii_only]} ", "muted"),
        Span(f"{len(names)} breakers closed", "muted"),
        Span("" if frame.unfolded else f": {', '.join(names[:UNFOLDED])}", "faint"),
    ]
    return Vital("BREAKERS", tuple(spans), folds=True)


_CHANGES = (ev.BreakerOpened, ev.BreakerHalfOpened, ev.BreakerClosed)
Change = ev.BreakerOpened | ev.BreakerHalfOpened | ev.BreakerClosed


def _breaker(
    name: str, state: BreakerState, last: Change | None, now: datetime | None, frame: Frame, room: int
) -> Vital:
    """Without `now` time stands still: the run is over."""
    look = BREAKERS.get(state.state, BREAKERS["half_open"])
    quiet = last is None
    why = last.why if isinstance(last, ev.BreakerOpened | ev.BreakerClosed) else ""
    failures = f"{state.failures} failure{'' if state.failures == 1 else 's'}"
    spans = [
        *lead(frame, look, "faint" if quiet else look.tone),
        Span(fit(look.word, 11), "faint" if quiet else look.tone, bold=state.state == "open"),
        Span(fit(short_name(name, room), room), "muted" if quiet else "text"),
    ]
    if state.state == "open" and state.until is not None and now is not None:
        spans.append(Span(f"  probe in {countdown(state.until, now)}".replace("in now", "now"), "retry"))
    if state.failures and not why.startswith(failures):
        spans.append(Span(f"  {failures}", "muted"))
    if last is not None:
        spans += [Span(f"  {when(last.ts, now)}", "faint"), Span(f"  {why}" if why else "", "muted")]
    return Vital("BREAKERS", tuple(spans), agent=name)


def _waits(model: RunModel, frame: Frame) -> list[Vital]:
    held = (TaskStatus.WAITING, TaskStatus.INTERRUPTED)
    count = sum(model.state.counts[status] for status in held)
    waiting = list(_first(model, held, min(count, frame.most)))
    room = frame.name(task.name for task in waiting)
    lines = [_wait(task, model.now, frame, room) for task in waiting]
    return [*lines, *more("RETRIES AND WAITS", count - len(lines), "waiting")]


def _wait(task: TaskState, now: datetime, frame: Frame, room: int) -> Vital:
    look = task_look(task)
    what = _WAITS.get(task.wait, task.wait) if task.status is TaskStatus.WAITING else look.word
    if task.until is not None:
        what = f"{what} {countdown(task.until, now)}".replace("in now", "now")
    number = task.attempt + (task.wait == "retry")
    spans = (
        *lead(frame, look, look.tone),
        _task_name(task, room),
        Span(f"  {fit(what, 18)}", look.tone),
        Span(f"  try {number}", "muted"),
        Span(f"  {task.why}" if task.why else "", "muted"),
    )
    return Vital("RETRIES AND WAITS", spans, task=task.name)


def _in_flight(model: RunModel, frame: Frame) -> list[Vital]:
    """The longest first: that is the order in which they became active."""
    count = model.state.counts[TaskStatus.RUNNING]
    running = list(_first(model, (TaskStatus.RUNNING,), min(count, frame.most)))
    room = frame.name(task.name for task in running)
    lines = [_call(task, model, frame, room) for task in running]
    return [*lines, *more("IN FLIGHT", count - len(lines), "running")]


def _call(task: TaskState, model: RunModel, frame: Frame, room: int) -> Vital:
    look, since = look_of(model, task), task.started_at
    age = clock((model.now - since).total_seconds()) if since is not None else "-"
    action = f".{task.plan.action}" if task.plan.action else ""
    progress = model.progress.get(task.name)
    done = ""
    if progress is not None:
        total = f"/{progress.total:g}" if progress.total is not None else ""
        done = f"  {progress.done:g}{total} {progress.text}"
    spans = [
        *lead(frame, look, look.tone),
        _task_name(task, room),
        Span(f"  {age:>7}", "text"),
        Span(f"  try {task.attempt}", "muted"),
        Span(f"  {short_name(task.plan.agent + action, 30)}", "muted"),
        Span(done, "accent"),
    ]
    return Vital("IN FLIGHT", tuple(spans), task=task.name)


def _limits(model: RunModel, frame: Frame) -> list[Vital]:
    state, plan = model.state, model.plan
    if model.ended:
        return []
    room = frame.name(("slots", *plan.limits))
    slots = plan.max_parallel if plan.parallel else 1
    lines = [_limit("slots", state.counts[TaskStatus.RUNNING], slots, frame, room)]
    for agent, most in islice(plan.limits.items(), frame.most):
        lines.append(_limit(agent, state.calls[agent], most, frame, room))
    return [*lines, *more("LIMITS", len(plan.limits) + 1 - len(lines), "agent")]


def _limit(name: str, used: int, most: int, frame: Frame, room: int) -> Vital:
    full, empty = ("#", ".") if frame.ascii_only else ("■", "·")
    length = min(SLOTS_BAR, most)
    filled = min(math.ceil(length * used / max(most, 1)), length)
    busy = used >= most > 1
    spans = (
        Span("   "),
        Span(fit(short_name(name, room), room)),
        Span(f"  {used:>4} of {most:<4}"),
        Span(f"  {full * filled}", "retry" if busy else "busy"),
        Span(empty * (length - filled), "faint"),
        Span("  full" if busy else "", "retry"),
    )
    return Vital("LIMITS", spans, agent="" if name == "slots" else name)


def _agents(model: RunModel, frame: Frame, times: AgentTimes) -> list[Vital]:
    agents = model.metrics.agents
    if not agents:
        return []
    figures = f"{'calls':>8}{'failed':>8}{'p50':>8}{'p95':>8}{'max':>8}"
    room = frame.name(agents)
    head = Vital("AGENTS", (Span(" " * (room + 3)), Span(figures, "faint")), heading=True)
    lines = [
        _agent(name, times.of(name, each, model.now), room)
        for name, each in islice(agents.items(), frame.most)
    ]
    return [head, *lines, *more("AGENTS", len(agents) - len(lines), "agent")]


def _agent(name: str, figures: Mapping[str, Any], room: int) -> Vital:
    failed = figures["failed"]
    spans = (
        Span("   "),
        Span(fit(short_name(name, room), room)),
        Span(f"{figures['calls']:>8,}"),
        Span(f"{failed:>8,}", "bad" if failed else "faint", bold=bool(failed)),
        Span("".join(f"{duration(figures[key]):>8}" for key in ("p50", "p95", "max")), "muted"),
    )
    return Vital("AGENTS", spans, agent=name)


def _engine(model: RunModel, loop_lag: float | None) -> list[Vital]:
    state = model.state
    facts: list[tuple[str, str, Tone]] = [("events", f"{state.seq:,}", "text")]
    if loop_lag is not None:
        facts.append(("loop lag", f"{loop_lag * 1000:.0f} ms", "retry" if loop_lag > 0.1 else "text"))
    if state.deadline is not None and not model.ended:
        facts.append(("deadline", countdown(state.deadline, model.now), "text"))
    if state.cleanup_deadline is not None and not model.ended:
        facts.append(("cleanup ends", countdown(state.cleanup_deadline, model.now), "text"))
    spans = [Span("   ")]
    for name, value, tone in facts:
        spans += [Span(f"{name} ", "muted"), Span(f"{value}   ", tone)]
    return [Vital("ENGINE", tuple(spans))]


# --- pieces ---------------------------------------------------------------------------------------------


def _task_name(task: TaskState, room: int) -> Span:
    return Span(fit(short_name(task.name, room), room))


def _first(model: RunModel, statuses: Sequence[TaskStatus], most: int) -> Iterator[TaskState]:
    """The first `most` active tasks with one of these statuses; there are at least so many."""
    tasks = (model.state.tasks[name] for name in model.active)
    return islice((task for task in tasks if task.status in statuses), most)
