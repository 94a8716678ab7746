"""What an agent may use besides answering: notes, people, masking. See `agents.base.AgentContext`."""

import asyncio
import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from lead_tui.agents.base import Answer, Gate
from lead_tui.agents.output import MAX_LINE
from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.errors import Category, failed
from lead_tui.flow.forms import form_problem
from lead_tui.runner.plain import plain, storable
from lead_tui.runner.secrets import ConcealedStream

if TYPE_CHECKING:
    from lead_tui.runner.runner import Runner

Level = Literal["debug", "info", "warning", "error"]
Stream = Literal["log", "stdout", "stderr"]
NOTE_LENGTH = 64 * 1024
_STREAMS = ("log", "stdout", "stderr")
_LEVELS: dict[str, Level] = {
    "debug": "debug", "info": "info", "warning": "warning", "warn": "warning", "error": "error",
    "critical": "error",
}  # fmt: skip


class AttemptContext:
    """The engine's side of `AgentContext`, for one attempt."""

    _asked = 0
    _asking: asyncio.Lock | None = None
    _answer: asyncio.Future[None] | None = None
    _tokens: ConcealedStream | None = None
    timeout: asyncio.Timeout | None = None
    """The attempt's time, while its agent is being called."""

    def __init__(self, runner: "Runner", order: fx.StartAttempt) -> None:
        self.run_id = runner.run.run_id
        self.task = order.task
        self.attempt = order.attempt
        self.folder: Path = runner.document.folder
        self.environment: Mapping[str, str] = runner.environment
        self.shared: dict[str, Any] = runner.crew.shared
        self.order = order
        self.loop = asyncio.get_running_loop()
        self._runner = runner
        self._cut: set[Stream] = set()

    @property
    def idempotency_key(self) -> str:
        text = f"{self.run_id}/{self.task}/{self.order.generation}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    # notes

    def log(self, text: str, level: Level = "info", stream: Stream = "log") -> None:
        stream = stream if stream in _STREAMS else "log"
        text = _bounded(self._masked(storable(str(text)), stream))
        self._note(ev.Log(text=text, level=_LEVELS.get(level, "info"), stream=stream))

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        self._note(ev.Progress(done=_number(done) or 0.0, total=_number(total), text=storable(str(text))))

    def tokens(self, text: str) -> None:
        if self._tokens is None:
            self._tokens = ConcealedStream(self._runner.concealer)
        if safe := self._tokens.feed(storable(str(text))):
            self._note(ev.Tokens(text=safe))

    def flush_tokens(self) -> None:
        if self._tokens is not None and (rest := self._tokens.flush()):
            self._note(ev.Tokens(text=rest))

    def _note(self, note: ev.Note) -> None:
        self._runner.note(note, self.task, self.attempt)

    def _masked(self, text: str, stream: Stream) -> str:
        """A line of 8 KiB is a piece of a longer one, and so is the one after it (`agents/output.py`)."""
        concealer = self._runner.concealer
        follows, goes_on = stream in self._cut, stream != "log" and len(text) >= MAX_LINE
        if goes_on:
            self._cut.add(stream)
        elif follows:
            self._cut.discard(stream)
        return concealer.piece(text) if follows or goes_on else concealer.text(text)

    # secrets

    def conceal(self, value: str) -> None:
        self._runner.concealer.add(value)

    def mask(self, text: str, *, cut: bool = False) -> str:
        concealer = self._runner.concealer
        return concealer.piece(text) if cut else concealer.text(text)

    # people

    async def ask(self, gate: Gate) -> Answer:
        gate = checked_gate(gate)
        self._asking = self._asking or asyncio.Lock()
        async with self._asking:  # one question at a time: a task waits at one gate
            self._asked += 1
            name = gate_name(self.task, self.order.generation, self._asked)
            known = self._runner.run.gates.get(name)
            if known is None or known.answer is None:
                await self._wait_for_person(name, gate)
            answer = self._runner.run.gates[name].answer
        assert answer is not None  # noqa: S101 - the attempt is only started again once the answer is there
        at = answer.at or answer.ts
        if isinstance(answer, ev.ApprovalGranted):
            return Answer(True, answer.by, at, answer.answer, answer.values)
        return Answer(False, answer.by, at, answer.why)

    async def _wait_for_person(self, name: str, gate: Gate) -> None:
        self._answer = self.loop.create_future()
        timeout, asked = self.timeout, self.loop.time()
        deadline = timeout.when() if timeout is not None else None
        if timeout is not None:
            timeout.reschedule(None)  # a person's time is not the call's
        self._runner.post(
            ev.ApprovalRequested(
                task=self.task, attempt=self.attempt, gate=name, action=gate.action,
                message=gate.message, show=gate.show, options=list(gate.options), form=gate.form,
            )
        )  # fmt: skip
        await self._answer
        if timeout is not None and deadline is not None:
            timeout.reschedule(deadline + self.loop.time() - asked)

    def answered(self) -> bool:
        """Go on with the agent, if it waits for a person; False if it is not here any more."""
        if self._answer is None or self._answer.done():
            return False
        self._answer.set_result(None)
        return True


def checked_gate(gate: Gate) -> Gate:
    """The gate as it can be stored and shown. Raises AgentError for one that nobody could answer."""
    try:
        problem = form_problem(gate.form)
        checked = msgspec.convert(plain(msgspec.structs.asdict(gate)), Gate)
    except (TypeError, msgspec.MsgspecError) as error:
        problem = str(error)
    if problem:
        raise failed(Category.VALIDATION, f"the question to a person is malformed: {problem}", code="gate")
    return checked


def gate_name(task: str, generation: int, number: int) -> str:
    """The task's name for its first gate: short enough to type. A person's retry makes a new gate."""
    again = f"@{generation}" if generation > 1 else ""
    return f"{task}{again}" if number == 1 else f"{task}{again}.{number}"


def _number(value: object) -> float | None:
    """A finite number, also from text; None for what is none: a note must not cost the call."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _bounded(text: str) -> str:
    return text if len(text) <= NOTE_LENGTH else f"{text[:NOTE_LENGTH]}… ({len(text)} characters)"
