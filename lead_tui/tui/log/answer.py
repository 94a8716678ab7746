"""An answer as the log of all tasks holds it: one text that grows where it began. Pure.

Tasks that stream at the same time tell their tokens in turns; read in that order nobody could follow one.
"""

import msgspec

from lead_tui.core import events as ev


class Answer(ev.Note, frozen=True, tag="answer"):
    """`ends` is empty as long as more may come."""

    pieces: list[str] = msgspec.field(default_factory=list)
    ends: list[None] = msgspec.field(default_factory=list)

    @classmethod
    def of(cls, first: ev.Tokens) -> "Answer":
        return cls(
            after=first.after, number=first.number, ts=first.ts, run_id=first.run_id, task=first.task,
            attempt=first.attempt, pieces=[first.text],
        )  # fmt: skip

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def is_open(self) -> bool:
        return not self.ends

    def end(self) -> None:
        self.ends.append(None)


class AnswerEnd(ev.Note, frozen=True, tag="answer_end"):
    """Stands in the log where an answer ended, for readers who were not told while it grew."""

    of: Answer
