"""What a journal holds of one run, events and notes in the order in which they happened."""

from collections.abc import Iterator

from lead_tui.core.events import Note
from lead_tui.journal.base import Journal
from lead_tui.observers.hub import Item

NOTES_AT_ONCE = 1_000


def history(
    journal: Journal, run_id: str, after: int = 0, *, notes_after: int | None = None, past_notes: int = 0
) -> Iterator[list[Item]]:
    """Events with `seq > after`, and the notes written from event `notes_after` on, in batches.

    A note stands behind the event that it names as `after`; `notes_after` None is the same as `after`. Notes
    up to the number `past_notes` are left out.
    """
    since = after if notes_after is None else notes_after
    notes = (note for note in journal.notes(run_id, past_notes) if note.after >= since)
    note = next(notes, None)
    for page in journal.read(run_id, after):
        if note is None or note.after >= page[-1].seq:
            yield list(page)
            continue
        batch: list[Item] = []
        for event in page:
            while note is not None and note.after < event.seq:
                batch.append(note)
                note = next(notes, None)
            batch.append(event)
        yield batch
    yield from _batches(note, notes)


def _batches(note: Note | None, notes: Iterator[Note]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    while note is not None:
        batch.append(note)
        if len(batch) == NOTES_AT_ONCE:
            yield batch
            batch = []
        note = next(notes, None)
    if batch:
        yield batch
