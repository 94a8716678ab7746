"""The section SPEND of a run's health: what it cost, who spent it, what is left of its budgets. Pure."""

from collections.abc import Mapping, Sequence

from lead_tui.core.spending import amount
from lead_tui.text.safe import safe_line
from lead_tui.text.words import counted, short_name
from lead_tui.tui.model import RunModel
from lead_tui.tui.prose.amounts import amount_text, count, dollars, gauge, is_spent, unpriced
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.prose.paragraphs import Span
from lead_tui.tui.vitals.frame import Frame, Vital, lead, more
from lead_tui.tui.vitals.spending import Limit, limits, model_calls, spenders, spent

SECTION = "SPEND"
GAUGE, SHORT_GAUGE = 10, 5
NARROW, WIDE = 54, 64
"""Cells below which there is no gauge, and from which on it is long."""
_FLOW = "the flow"


def spend(model: RunModel, frame: Frame) -> list[Vital]:
    """Budgets first, then all together, then by agent; nothing of a run that costs nothing.

    A budget counts all calls; who spends is told with the calls that went to a model, as `leadtui show` does.
    """
    found = limits(model)
    total = spent(model)
    names = [limit.agent or _FLOW for limit in found]
    lines = [_budget(model, limit, frame, names) for limit in found[: frame.most]]
    lines += more(SECTION, len(found) - len(lines), "limit")
    if is_spent(total):
        lines += _spenders(model, total, frame)
    return lines


def _budget(model: RunModel, limit: Limit, frame: Frame, names: Sequence[str]) -> Vital:
    look, room = limit.look, frame.name(names)
    cells = GAUGE if frame.width >= WIDE else SHORT_GAUGE if frame.width >= NARROW else 0
    full, empty = gauge(limit.part, cells, ascii_only=frame.ascii_only)
    rest = f"{amount_text(limit.what, limit.left)} left"
    if (raised := model.given.raises.get((limit.agent, limit.what))) is not None:
        rest = f"raised to {amount_text(limit.what, raised.limit)} by {safe_line(raised.by, 40)}, r resumes"
    elif limit.stage == "spent":
        rest = "b raises it"
    elif limit.uncounted:
        rest = f"without {counted(limit.uncounted, 'call')} that nobody can count"
    elif limit.stage == "over":
        rest = "audit: it only tells"
    spans = (
        *lead(frame, look, look.tone),
        Span(fit(look.word, 7), look.tone, bold=limit.stage == "spent"),
        Span(fit(short_name(limit.agent or _FLOW, room), room)),
        Span(f"  {full}" if cells else "", look.tone),
        Span(empty, "faint"),
        Span(f" {limit.part_text:>4}", look.tone),
        Span(f" of {limit.most_text}"),
        Span(f"  {rest}", "muted"),
    )
    return Vital(SECTION, spans, budget=limit.agent or _FLOW, scope=limit.agent, what=limit.what)


def _spenders(model: RunModel, total: Mapping[str, float], frame: Frame) -> list[Vital]:
    agents = spenders(model)
    room = frame.name(("all", *agents))
    narrow = frame.width < NARROW
    tokens = f"{'tokens':>8}" if narrow else f"{'in':>7}{'out':>7}"
    calls = "model calls" if not narrow else "calls"
    head = Span(f"{calls:>{_calls_room(narrow)}}{tokens}{'cost':>9}", "faint")
    rate = None if model.ended or not model.alive else model.burn.per_hour(model.now, total.get("usd", 0))
    burns = f"  {dollars(rate)}/h" if rate else ""
    lines = [Vital(SECTION, (Span(" " * (room + 3)), head), heading=True)]
    asked = model_calls(model)
    lines.append(_account("all", total, asked.get("", 0), room, burns, agent="", narrow=narrow))
    shown = list(agents.items())[: frame.most] if len(model.agents) > 1 else []
    lines += [
        _account(name, account, asked.get(name, 0), room, agent=name, narrow=narrow)
        for name, account in shown
    ]
    return [*lines, *more(SECTION, len(agents) - len(shown) if shown else 0, "agent")]


def _calls_room(narrow: bool) -> int:
    return 7 if narrow else 13


def _account(
    name: str,
    account: Mapping[str, float],
    calls: float,
    room: int,
    rest: str = "",
    *,
    agent: str,
    narrow: bool,
) -> Vital:
    sent = sum(account.get(key, 0) for key in ("input_tokens", "cache_read_tokens", "cache_write_tokens"))
    tokens = amount(account, "tokens")
    shown = (
        f"{count(tokens):>8}" if narrow else f"{count(sent):>7}{count(account.get('output_tokens', 0)):>7}"
    )
    spans = (
        Span("   "),
        Span(fit(short_name(name, room), room), bold=not agent),
        Span(f"{calls:>{_calls_room(narrow)},.0f}"),
        Span(shown, "muted"),
        Span(f"{dollars(account['usd']) if 'usd' in account else '-':>9}", bold=not agent),
        Span(f"  {unpriced(account)}" if unpriced(account) else "", "retry"),
        Span(rest, "muted"),
    )
    return Vital(SECTION, spans, agent=agent, what="all" if not agent else "")
