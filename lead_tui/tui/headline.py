"""The line above a run: what it is, how it stands, what needs somebody. Pure.

As the width falls, zero counts are left out first, then the name of the program, the run's id, the queue;
failures and how far it is stay.
"""

from collections.abc import Sequence

from rich.cells import cell_len

from lead_tui.core import views
from lead_tui.core.state import TaskStatus
from lead_tui.text.safe import safe_line
from lead_tui.text.words import short_name
from lead_tui.tui.look import TASKS, Look, Tone, clock, run_look, status_look
from lead_tui.tui.model import RunModel
from lead_tui.tui.prose.cells import fit

Piece = tuple[str, Tone, bool]
"""Text, tone, bold."""

_COUNTS: tuple[tuple[str, Look], ...] = (
    ("done", TASKS[TaskStatus.COMPLETED]),
    ("failed", TASKS[TaskStatus.FAILED]),
    ("waiting", Look("↻", "~", "retrying or waiting", "retry")),
    ("running", TASKS[TaskStatus.RUNNING]),
    ("skipped", TASKS[TaskStatus.SKIPPED]),
    ("open", TASKS[TaskStatus.PENDING]),
)


def headline(model: RunModel, width: int, *, ascii: bool = False, notes: Sequence[Piece] = ()) -> list[Piece]:  # noqa: A002
    """The pieces of the line, at most `width` cells wide; `notes` (a replay, a slow loop) stay longest."""
    state = model.state
    look = run_look(state, interrupted=model.interrupted)
    ended, total = views.progress(state)
    gates = 0 if model.ended else len(views.open_gates(state)) + state.counts[TaskStatus.INTERRUPTED]
    word = _word(model, look)
    must: list[Piece] = [
        (f"{look.ascii if ascii else look.glyph} {word.upper()}", look.tone, True),
        (clock(model.seconds), "text", False),
        (f"{ended}/{total}", "text", True),
    ]
    counts = [_count(name, each, model, ascii) for name, each in _COUNTS]
    asked: list[Piece] = [(f"{'=' if ascii else '‖'}{gates}", "ask", True)] if gates else []
    name: list[Piece] = [(safe_line(short_name(_file(model), max(width // 4, 8))), "text", True)]
    run: list[Piece] = [(f"run {model.run_id[:6]}", "muted", False)] if model.run_id else []
    brand: list[Piece] = [("leadtui", "accent", True)]
    some = [piece for piece in counts if piece is not None]
    bad = [piece for piece in some if piece[1] == "bad"]
    tail = [*asked, *notes]
    for pieces in (
        [*brand, *name, *run, *must, *some, *tail],
        [*name, *run, *must, *some, *tail],
        [*name, *must, *some, *tail],
        [*name, *must, *bad, *tail],
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
        "waiting": counts[TaskStatus.WAITING] - model.state.parked,
        "running": counts[TaskStatus.RUNNING],
        "skipped": counts[TaskStatus.SKIPPED] + counts[TaskStatus.CANCELLED],
        "open": counts[TaskStatus.PENDING] + counts[TaskStatus.READY],
    }
    number = numbers[name]
    return (f"{look.ascii if ascii else look.glyph}{number}", look.tone, name == "failed") if number else None
