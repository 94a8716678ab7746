"""The line above a run: what it is, how it stands, what needs somebody. Pure.

As the width falls, zero counts are left out first, then what it costs by the hour, the name of the program,
the run's id, the gauge of the budget, the queue, what it cost; failures and how far it is stay.
"""

from collections.abc import Sequence

from rich.cells import cell_len

from lead_tui.core import views
from lead_tui.core.spending import amount
from lead_tui.core.state import TaskStatus
from lead_tui.text.safe import safe_line
from lead_tui.text.words import short_name
from lead_tui.tui.look import TASKS, Look, Tone, clock, run_look, status_look
from lead_tui.tui.model import RunModel
from lead_tui.tui.prose.amounts import count, dollars, gauge, is_spent, unpriced
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.vitals.given import waits_for_resume
from lead_tui.tui.vitals.spending import pressing, spent

GAUGE = 5
Piece = tuple[str, Tone, bool]
"""Text, tone, bold."""

_GIVEN = Look("‖", "=", "waits for resume", "ask")
_COUNTS: tuple[tuple[str, Look], ...] = (
    ("done", TASKS[TaskStatus.COMPLETED]),
    ("failed", TASKS[TaskStatus.FAILED]),
    ("waiting", Look("↻", "~", "retrying or waiting", "retry")),
    ("running", TASKS[TaskStatus.RUNNING]),
    ("skipped", TASKS[TaskStatus.SKIPPED]),
    ("open", TASKS[TaskStatus.PENDING]),
)


def headline(model: RunModel, width: int, *, ascii: bool = False, notes: Sequence[Piece] = ()) -> list[Piece]:  # noqa: A002
    """The pieces of the line, at most `width` cells wide; `notes` (a replay, a slow loop) stay longest.

    Each task is in one of the counts.
    """
    state = model.state
    left = run_look(state, interrupted=model.interrupted, parked=model.parked)
    look = _GIVEN if waits_for_resume(model) else left
    ended, total = views.progress(state)
    held = _held(model)
    word = _word(model, look)
    must: list[Piece] = [
        (f"{look.ascii if ascii else look.glyph} {word.upper()}", look.tone, True),
        (clock(model.seconds), "text", False),
        (f"{ended}/{total}", "text", True),
    ]
    counts = [_count(name, each, model, ascii) for name, each in _COUNTS]
    asked: list[Piece] = [(f"{'=' if ascii else '‖'}{held}", "ask", True)] if held else []
    name: list[Piece] = [(safe_line(short_name(_file(model), max(width // 4, 8))), "text", True)]
    run: list[Piece] = [(f"run {model.run_id[:6]}", "muted", False)] if model.run_id else []
    brand: list[Piece] = [("leadtui", "accent", True)]
    some = [piece for piece in counts if piece is not None]
    bad = [piece for piece in some if piece[1] == "bad"]
    tail = [*asked, *notes]
    cost, rate, budget = _cost(model), _rate(model), _budget(model, ascii)
    pressed = [] if not budget or budget[0][1] == "muted" else budget[-1:]
    for pieces in (
        [*brand, *name, *run, *must, *some, *tail, *cost, *rate, *budget],
        [*brand, *name, *run, *must, *some, *tail, *cost, *budget],
        [*name, *run, *must, *some, *tail, *cost, *budget],
        [*name, *must, *some, *tail, *cost, *budget],
        [*name, *must, *some, *tail, *cost, *pressed],
        [*name, *must, *some, *tail, *cost[:2], *pressed],
        [*name, *must, *some, *tail, *cost[:1], *pressed],
        [*name, *must, *bad, *tail, *cost[:1], *pressed],
        [*name, *must, *bad, *tail, *cost[:1]],
        [*must, *bad, *tail, *cost[:1]],
        [*must, *bad, *tail],
        [must[0], must[2], *bad, *tail],
        [must[0], *bad],
        [must[2]],
    ):
        if _width(pieces) <= width:
            return pieces
    return []


def unread(
    model: RunModel,
    status: str,
    why: str,
    width: int,
    *,
    ascii: bool = False,  # noqa: A002
) -> list[Piece]:
    """Of a run whose events cannot be read: its status as the journal's list has it, and why."""
    look = status_look(status)
    stands: Piece = (f"{look.ascii if ascii else look.glyph} {look.word.upper()}", look.tone, True)
    known: list[Piece] = [
        (safe_line(_file(model), 40), "text", True),
        (f"run {model.run_id[:6]}", "muted", False),
    ]
    for pieces in ([*known, stands], [stands]):
        room = width - _width(pieces) - 2
        if room >= min(cell_len(why), 12):
            return [*pieces, (fit(why, room).rstrip(), "bad", True)]
    return [stands] if _width([stands]) <= width else []


def _width(pieces: Sequence[Piece]) -> int:
    return sum(cell_len(text) for text, _, _ in pieces) + 2 * len(pieces)


def _held(model: RunModel) -> int:
    """Tasks that wait for a person, at a gate or for a budget; what was cut off, for one who takes it up."""
    state = model.state
    cut_off = state.counts[TaskStatus.RUNNING] if model.interrupted else 0
    return state.parked + state.unpaid + state.counts[TaskStatus.INTERRUPTED] + cut_off


def _cost(model: RunModel) -> list[Piece]:
    """Money first: it stays longest."""
    account = spent(model)
    if not is_spent(account):
        return []
    tokens = f"{count(amount(account, 'tokens'))} tok"
    pieces: list[Piece] = [(dollars(account["usd"]), "text", True)] if "usd" in account else []
    pieces.append((tokens, "muted", False))
    if calls := unpriced(account):
        pieces.append((calls if "usd" in account else "unpriced", "retry", False))
    return pieces


def _rate(model: RunModel) -> list[Piece]:
    if model.ended or not model.alive:
        return []
    rate = model.burn.per_hour(model.now, spent(model).get("usd", 0.0))
    return [(f"{dollars(rate)}/h", "muted", False)] if rate else []


def _budget(model: RunModel, ascii: bool) -> list[Piece]:  # noqa: A002
    """The gauge of the flow's budget; its last piece says it in short."""
    limit = pressing(model)
    if limit is None:
        return []
    tone: Tone = "muted" if limit.stage == "fine" else limit.look.tone
    full, empty = gauge(limit.part, GAUGE, ascii_only=ascii)
    return [(full + empty, tone, False), (f"{limit.part_text} of {limit.most_text}", tone, False)]


def _word(model: RunModel, look: Look) -> str:
    if model.state.stopping is not None and not model.ended:
        return "stopping"
    return look.word


def _file(model: RunModel) -> str:
    return model.source.rpartition("/")[2] or model.plan.name


def _count(name: str, look: Look, model: RunModel, ascii: bool) -> Piece | None:  # noqa: A002
    counts = model.state.counts
    numbers = {
        "done": counts[TaskStatus.COMPLETED],
        "failed": counts[TaskStatus.FAILED],
        "waiting": counts[TaskStatus.WAITING] - model.state.parked - model.state.unpaid,
        "running": 0 if model.interrupted else counts[TaskStatus.RUNNING],
        "skipped": counts[TaskStatus.SKIPPED] + counts[TaskStatus.CANCELLED],
        "open": counts[TaskStatus.PENDING] + counts[TaskStatus.READY],
    }
    number = numbers[name]
    return (f"{look.ascii if ascii else look.glyph}{number}", look.tone, name == "failed") if number else None
