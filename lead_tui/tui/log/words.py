"""The word, the tone and the text of each event and note in the log. Pure, and all of it is safe."""

from functools import singledispatch
from typing import NamedTuple

import msgspec

from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.errors import Failure
from lead_tui.observers.hub import Item
from lead_tui.resilience.breaker import in_a_row
from lead_tui.text.safe import safe
from lead_tui.text.wire import json_text
from lead_tui.text.words import duration, failure_text, preview
from lead_tui.tui.log.answer import Answer, AnswerEnd
from lead_tui.tui.log.wrap import TAB
from lead_tui.tui.look import Tone
from lead_tui.tui.prose.amounts import amount_text, percent, spend_text, whose
from lead_tui.tui.tool_calls import ToolCall, ToolEnd, arguments_text, end_text

CHARACTERS = 50_000
"""Of one item; the journal has all of it."""
LOUD: frozenset[Tone] = frozenset({"bad", "retry"})
"""The tones of failures, errors and warnings."""


class Said(NamedTuple):
    """`kind`: a word of at most seven letters; `missing`: how many characters were cut off the text."""

    kind: str
    tone: Tone
    text: str
    missing: int = 0


def said_by(item: Item) -> Said:
    """Cut, made safe, and without newlines at its end."""
    said = _say(item)
    text = said.text[:CHARACTERS]
    missing = len(said.text) - len(text)
    return Said(said.kind, said.tone, fit(text).rstrip("\n"), missing)


def fit(text: str) -> str:
    """Safe, and without tabs, whose width depends on where they stand."""
    return safe(text).expandtabs(TAB)


def _told(failure: Failure) -> str:
    text = failure_text(failure)
    status = "" if failure.status is None else str(failure.status)
    return text if status in text else f"{text}, status {status}"


def _with(text: str, *more: str) -> str:
    return " · ".join(each for each in (text, *more) if each)


def _by(by: str) -> str:
    return f"by {by}" if by else ""


def _seconds(value: float) -> str:
    return duration(max(value, 0.0))


@singledispatch
def _say(item: Item) -> Said:
    """What this release has no words for."""
    return Said("other", "faint", item.type.replace("_", " "))


# the run


@_say.register
def _(event: ev.RunQueued) -> Said:
    return Said("run", "muted", f"{event.name} is queued")


@_say.register
def _(event: ev.RunStarted) -> Said:
    return Said("run", "accent", "started")


@_say.register
def _(event: ev.RunCompleted) -> Said:
    if event.partial:
        return Said("run", "retry", f"completed in part; failed: {', '.join(event.errors)}")
    return Said(
        "run", "ok", _with("completed", f"handled: {', '.join(event.errors)}" if event.errors else "")
    )


@_say.register
def _(event: ev.RunFailed) -> Said:
    return Said("run", "bad", f"failed: {_told(event.failure)}")


@_say.register
def _(event: ev.RunCancelled) -> Said:
    return Said("run", "skipped", _with("cancelled", _by(event.by), event.why))


@_say.register
def _(event: ev.RunPaused) -> Said:
    return Said("run", "ask", _with("paused", _by(event.by)))


@_say.register
def _(event: ev.RunResumed) -> Said:
    return Said("run", "accent", _with("goes on", event.why))


@_say.register
def _(event: ev.RunWaiting) -> Said:
    tasks = ", ".join(event.tasks)
    if event.why == "budget":
        return Said("run", "ask", f"waits for a budget to be raised: {tasks}")
    return Said("run", "ask", f"only a person can go on: {tasks}")


@_say.register
def _(event: ev.RunStopping) -> Said:
    after = f"after the failure of {event.task}" if event.task else "after a failure"
    causes = {"failure": after, "cancelled": "cancelled", "timeout": "out of time"}
    return Said("run", "retry", _with(f"stopping: {causes[event.cause]}", _by(event.by), event.why))


@_say.register
def _(event: ev.CleanupStarted) -> Said:
    return Said("run", "muted", "cleanup begins")


@_say.register
def _(event: ev.RunReopened) -> Said:
    return Said("run", "accent", _with(f"again: {', '.join(event.tasks)}", _by(event.by)))


@_say.register
def _(event: ev.RunInterrupted) -> Said:
    return Said("run", "retry", event.why or "the process before this one went away")


@_say.register
def _(event: ev.DeadlinePassed) -> Said:
    return Said("timeout", "bad", f"the time of the {event.scope} is over")


@_say.register
def _(event: ev.CommandReceived) -> Said:
    fields = msgspec.to_builtins(event.command, enc_hook=str)
    verb = str(fields.pop("command")).replace("_", " ")
    if isinstance(event.command, cmd.UnknownCommand):
        verb = fields.pop("name")
    words = ", ".join(value if isinstance(value, str) else json_text(value) for value in fields.values())
    return Said("command", "accent", _with(f"{verb} {words}".rstrip(), _by(event.by)))


# tasks


@_say.register
def _(event: ev.TaskReady) -> Said:
    return Said("wait", "faint", _with("ready", event.why))


@_say.register
def _(event: ev.TaskStarted) -> Said:
    return Said("start", "faint", f"on {event.agent}" if event.agent else "started")


@_say.register
def _(event: ev.TaskCompleted) -> Said:
    return Said("ok", "ok", f"completed in {_seconds(event.duration)}")


@_say.register
def _(event: ev.TaskFailed) -> Said:
    handled = f"handled: {event.why}" if event.handled else event.why
    after = f"after {_seconds(event.duration)}"
    return Said("fail", "retry" if event.handled else "bad", _with(_told(event.failure), after, handled))


@_say.register
def _(event: ev.TaskSkipped) -> Said:
    saw = [f"{path} was {json_text(value)}" for path, value in event.saw.items()]
    return Said("skip", "skipped", _with(event.why or event.cause, *saw))


@_say.register
def _(event: ev.TaskCancelled) -> Said:
    return Said("cancel", "skipped", _with(event.why or "cancelled", f"after {_seconds(event.duration)}"))


@_say.register
def _(event: ev.TaskInterrupted) -> Said:
    return Said("halt", "ask", event.why or "in flight when the process went away, and not idempotent")


# attempts


@_say.register
def _(event: ev.AttemptStarted) -> Said:
    agent = f" on {event.agent}" if event.agent else ""
    return Said("start", "faint", _with(f"attempt {event.attempt}{agent}", event.why))


@_say.register
def _(event: ev.AttemptCompleted) -> Said:
    return Said("ok", "muted", f"attempt {event.attempt} answered after {_seconds(event.duration)}")


@_say.register
def _(event: ev.AttemptFailed) -> Said:
    if event.retry_in is None:  # the failure of the task follows and says what it was
        return Said("fail", "faint", _with(f"attempt {event.attempt} failed, no other try", event.why))
    again = f"again in {_seconds(event.retry_in)}"
    return Said(
        "retry", "retry", _with(f"attempt {event.attempt} failed: {_told(event.failure)}", again, event.why)
    )


@_say.register
def _(event: ev.AttemptStalled) -> Said:
    return Said("stalled", "retry", f"nothing heard for {_seconds(event.idle)}")


@_say.register
def _(event: ev.RetryScheduled) -> Said:
    return Said("wait", "faint", _with(f"attempt {event.attempt} in {_seconds(event.delay)}", event.why))


@_say.register
def _(event: ev.TaskWaiting) -> Said:
    reasons = {"rate_limit": "the rate limit", "retry_after": "the time that the server asked for"}
    until = f"until {event.until:%H:%M:%S} UTC" if event.until is not None else ""
    if event.reason == "budget":
        return Said("wait", "ask", _with("for a budget to be raised", event.why))
    reason = reasons.get(event.reason, f"a {event.reason}")
    return Said("wait", "faint", _with(f"for {reason}", until, event.why))


@_say.register
def _(event: ev.ExpressionEvaluated) -> Said:
    gave = _told(event.failure) if event.failure is not None else json_text(event.value)
    return Said("eval", "faint", _with(f"{event.role} gave {gave}", event.why))


# tools and money


@_say.register
def _(call: ToolCall) -> Said:
    if call.is_open:
        return Said("tool", "busy", call.text)
    return Said("tool", "bad" if call.failure is not None else "accent", call.text)


@_say.register
def _(end: ToolEnd) -> Said:
    return _say(end.of)


@_say.register
def _(event: ev.ToolCalled) -> Said:
    return Said("tool", "busy", f"{event.tool}({arguments_text(event.arguments)}) …")


@_say.register
def _(event: ev.ToolReturned) -> Said:
    tone: Tone = "bad" if event.failure is not None else "accent"
    return Said("tool", tone, f"{event.tool} -> {end_text(event)}")


@_say.register
def _(event: ev.ToolsWaiting) -> Said:
    calls = ", ".join(event.calls) or "no call"
    return Said("wait", "faint", f"tools wait with the task: {calls}")


@_say.register
def _(event: ev.AttemptSaved) -> Said:
    return Said("saved", "faint", "a step to go on from is saved")


@_say.register
def _(event: ev.AttemptSpent) -> Said:
    by = f"by {event.agent}" if event.agent else ""
    return Said("spent", "faint", _with(spend_text(event.usage) or "nothing", by))


@_say.register
def _(event: ev.BudgetWarning) -> Said:
    return Said("budget", "retry", f"{percent(event.spent / event.limit)} of {_spent(event)}")


@_say.register
def _(event: ev.BudgetExceeded) -> Said:
    held = "what needs it waits: b on the run's screen raises it"
    then = held if event.mode == "enforce" else "audit: the run goes on"
    return Said("budget", "bad", _with(f"all of {_spent(event)}", then))


@_say.register
def _(event: ev.BudgetUncounted) -> Said:
    lacks = "known price" if event.what == "usd" else "count of tokens"
    calls = f"calls of {event.source} come without a {lacks}"
    return Said("budget", "retry", f"{calls}: {whose(event.agent)} does not count them")


@_say.register
def _(event: ev.BudgetRaised) -> Said:
    limits = ", ".join(amount_text(what, limit) for what, limit in event.limits.items())
    return Said("budget", "ok", _with(f"{whose(event.agent)} is raised to {limits}", _by(event.by)))


def _spent(event: ev.BudgetWarning | ev.BudgetExceeded) -> str:
    of = f"{amount_text(event.what, event.spent)} of {amount_text(event.what, event.limit)}"
    return f"{whose(event.agent)} is spent: {of}"


# people, and the breakers of agents


@_say.register
def _(event: ev.BreakerOpened) -> Said:
    why = event.why or in_a_row(event.failures)
    probe = f"a probe may go at {event.until:%H:%M:%S} UTC" if event.until is not None else ""
    return Said("breaker", "bad", _with(f"{event.agent} is open: {why}", probe))


@_say.register
def _(event: ev.BreakerHalfOpened) -> Said:
    return Said("breaker", "retry", f"{event.agent} is half open: a probe goes")


@_say.register
def _(event: ev.BreakerClosed) -> Said:
    return Said("breaker", "ok", _with(f"{event.agent} is closed again", event.why))


@_say.register
def _(event: ev.ApprovalRequested) -> Said:
    shown = [] if event.show is None else preview(event.show)
    return Said("gate", "ask", "\n".join([event.message or f"{event.action}?", *shown]))


@_say.register
def _(event: ev.ApprovalGranted) -> Said:
    answer = "approved" if event.answer == "approve" else f"answered {event.answer}"
    values = json_text(event.values) if event.values else ""
    return Said("answer", "ok", _with(answer, _by(event.by), values))


@_say.register
def _(event: ev.ApprovalRejected) -> Said:
    return Said("answer", "skipped", _with("rejected", _by(event.by), event.why))


# notes

_LEVELS: dict[str, tuple[str, Tone]] = {
    "debug": ("debug", "faint"),
    "warning": ("warn", "retry"),
    "error": ("error", "bad"),
}
_STREAMS: dict[str, tuple[str, Tone]] = {
    "stdout": ("out", "muted"),
    "stderr": ("err", "retry"),
    "log": ("log", "muted"),
}
_ROLES = {"assistant": "llm", "tool": "tool"}


@_say.register
def _(note: ev.Log) -> Said:
    kind, tone = _LEVELS.get(note.level) or _STREAMS[note.stream]
    return Said(kind, tone, note.text)


@_say.register
def _(note: ev.Progress) -> Said:
    of = f"{note.done:g}" if note.total is None else f"{note.done:g}/{note.total:g}"
    return Said("note", "muted", f"progress {of} {note.text}".rstrip())


@_say.register
def _(note: ev.Tokens | Answer) -> Said:
    return Said("llm", "accent", note.text.lstrip("\n"))


@_say.register
def _(end: AnswerEnd) -> Said:
    return _say(end.of)


@_say.register
def _(note: ev.Metric) -> Said:
    return Said("metric", "faint", f"{note.name} {note.value:g}")


@_say.register
def _(note: ev.Message) -> Said:
    kind = _ROLES.get(note.role)
    return Said(kind, "accent", note.text) if kind else Said("say", "accent", f"{note.role}: {note.text}")


@_say.register
def _(note: ev.Usage) -> Said:
    return Said("spent", "faint", spend_text(note.usage) or "nothing")


_SERVERS: dict[str, Tone] = {"starting": "muted", "ready": "ok", "failed": "bad", "closed": "muted"}


@_say.register
def _(note: ev.Service) -> Said:
    tools = f", {note.tools:,} tool{'' if note.tools == 1 else 's'}" if note.state == "ready" else ""
    again = f"start {note.restarts + 1}" if note.restarts and note.state in ("starting", "ready") else ""
    return Said("mcp", _SERVERS[note.state], _with(f"{note.name} {note.state}{tools}", again, note.error))
