"""The section MCP SERVERS of a run's health: each with its state, its tools and how quick it is. Pure."""

from lead_tui.text.words import short_name
from lead_tui.tui.look import Look, Tone
from lead_tui.tui.model import RunModel
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.prose.paragraphs import Span
from lead_tui.tui.tool_calls import took_text
from lead_tui.tui.vitals.frame import Frame, Vital, lead, more, when
from lead_tui.tui.vitals.servers import Server, latency

SECTION = "MCP SERVERS"
SINCE = 90
"""Cells from which on it is told how long a server is in its state."""
LOOKS = {
    "starting": Look("▶", ">", "starting", "busy"),
    "ready": Look("●", "o", "ready", "ok"),
    "failed": Look("✖", "x", "failed", "bad"),
    "closed": Look("⊘", "-", "closed", "skipped"),
}


def state_of(server: Server, model: RunModel) -> str:
    """A server lives no longer than the run, or than who drives it."""
    state = server.note.state
    return "closed" if state in ("starting", "ready") and (model.ended or not model.alive) else state


def servers(model: RunModel, frame: Frame) -> list[Vital]:
    known = list(model.servers.known.values())
    room = frame.name(server.name for server in known)
    lines = [_server(server, model, frame, room) for server in known[: frame.most]]
    return [*lines, *more(SECTION, len(known) - len(lines), "server")]


def failed(model: RunModel) -> int:
    return sum(state_of(server, model) == "failed" for server in model.servers.known.values())


def _server(server: Server, model: RunModel, frame: Frame, room: int) -> Vital:
    note, look = server.note, LOOKS[state_of(server, model)]
    took = latency(server, model.metrics.agents)
    now = None if model.ended or model.interrupted else model.now
    spans = [
        *lead(frame, look, look.tone),
        Span(fit(look.word, 9), look.tone, bold=note.state == "failed"),
        Span(fit(short_name(server.name, room), room)),
    ]
    if note.tools:
        spans.append(Span(f"  {note.tools:,} tool{'' if note.tools == 1 else 's'}"))
    if took.calls:
        spans.append(Span(f"  {took.calls:,} call{'' if took.calls == 1 else 's'}"))
        spans.append(Span(f"  mean {took_text(took.mean)}, last {took_text(took.last)}", "muted"))
    if took.failed:
        spans.append(Span(f"  {took.failed:,} failed", "bad"))
    if note.restarts:
        spans.append(Span(f"  {note.restarts:,} restart{'' if note.restarts == 1 else 's'}", "retry"))
    if frame.width >= SINCE:
        spans.append(Span(f"  {when(server.since, now)}", "faint"))
    if server.complaint:
        tone: Tone = "bad" if note.state == "failed" else "muted"
        spans.append(Span(f"  {'' if note.state == 'failed' else 'before: '}{server.complaint}", tone))
    return Vital(SECTION, tuple(spans), server=server.name, restarts=server.agent)
