"""The context of one attempt, without a run: call an agent's `execute` directly and look at what it did.

context = FakeContext(answers=[approval(by="ann")])
response = await MyAgent(config).execute("do", {}, context)
assert context.lines() == ["asking", "done"]
"""

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from lead_tui.agents.base import Answer, Gate
from lead_tui.core.events import Log, Note, Progress, Tokens
from lead_tui.runner.secrets import Concealer
from lead_tui.testing.clock import START


class FakeContext:
    """An `AgentContext` that remembers: `notes`, `gates` that were asked, values that were `concealed`."""

    def __init__(
        self,
        *,
        run_id: str = "run-1",
        task: str = "task",
        attempt: int = 1,
        idempotency_key: str = "key-1",
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        shared: dict[str, Any] | None = None,
        answers: Iterable[Answer] = (),
    ) -> None:
        self.run_id = run_id
        self.task = task
        self.attempt = attempt
        self.idempotency_key = idempotency_key
        self.folder = folder or Path.cwd()
        self.environment: Mapping[str, str] = os.environ.copy() if environment is None else environment
        self.shared: dict[str, Any] = {} if shared is None else shared
        self.notes: list[Note] = []
        self.gates: list[Gate] = []
        self.concealed: list[str] = []
        self._answers = list(answers)

    def log(
        self,
        text: str,
        level: Literal["debug", "info", "warning", "error"] = "info",
        stream: Literal["log", "stdout", "stderr"] = "log",
    ) -> None:
        note = Log(
            text=text, level=level, stream=stream, run_id=self.run_id, task=self.task, attempt=self.attempt
        )
        self.notes.append(note)

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        note = Progress(
            done=done, total=total, text=text, run_id=self.run_id, task=self.task, attempt=self.attempt
        )
        self.notes.append(note)

    def tokens(self, text: str) -> None:
        self.notes.append(Tokens(text=text, run_id=self.run_id, task=self.task, attempt=self.attempt))

    async def ask(self, gate: Gate) -> Answer:
        """The next scripted answer; LookupError if there is none."""
        self.gates.append(gate)
        if not self._answers:
            raise LookupError(f"no answer is scripted for {gate.message!r}: FakeContext(answers=[...])")
        return self._answers.pop(0)

    def conceal(self, value: str) -> None:
        self.concealed.append(value)

    def mask(self, text: str, *, cut: bool = False) -> str:
        """Mask what was `concealed`."""
        concealer = Concealer(self.concealed)
        return concealer.piece(text) if cut else concealer.text(text)

    def lines(self, stream: Literal["log", "stdout", "stderr"] | None = None) -> list[str]:
        """The texts that were logged, of one stream or of all."""
        return [each.text for each in self.notes if isinstance(each, Log) and stream in (None, each.stream)]

    async def aclose(self) -> None:
        """What the engine does at the end of a run: close what agents share."""
        for value in self.shared.values():
            if hasattr(value, "aclose"):
                await value.aclose()


def approval(
    *,
    by: str = "tester",
    answer: str = "approve",
    values: dict[str, Any] | None = None,
    at: datetime = START,
) -> Answer:
    return Answer(granted=True, by=by, at=at, answer=answer, values=values or {})


def rejection(*, by: str = "tester", why: str = "", at: datetime = START) -> Answer:
    return Answer(granted=False, by=by, at=at, answer=why or "reject")
