"""The context of one attempt, without a run: call an agent's `execute` directly and look at what it did.

context = FakeContext(answers=[approval(by="ann")])
response = await MyAgent(config).execute("do", {}, context)
assert context.lines() == ["asking", "done"]
"""

import asyncio
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from lead_tui.agents.base import AgentResponse, Answer, BaseAgent, Begun, Gate
from lead_tui.core.events import Log, Note, Progress, Service, Tokens, ToolCalled, ToolReturned
from lead_tui.errors import Category, Failure, failed
from lead_tui.journal.memory import MemoryJournal
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
        files: Path | None = None,
        environment: Mapping[str, str] | None = None,
        shared: dict[str, Any] | None = None,
        answers: Iterable[Answer] = (),
        saved: Iterable[Any] = (),
        agents: Mapping[str, BaseAgent[Any]] | None = None,
    ) -> None:
        """`files`: by default a folder that ends with the process. `saved`: what an attempt before this one
        left. `agents`: those that `call` reaches, by name.
        """
        self.run_id = run_id
        self.task = task
        self.attempt = attempt
        self.idempotency_key = idempotency_key
        self.folder = folder or Path.cwd()
        self.environment: Mapping[str, str] = os.environ.copy() if environment is None else environment
        self.shared: dict[str, Any] = {} if shared is None else shared
        self.notes: list[Note] = []
        self.heartbeats = 0
        self.gates: list[Gate] = []
        self.concealed: list[str] = []
        self.bound: list[str] = []
        self.usage: dict[str, float] = {}
        self.admitted = 0
        self.tools: list[ToolCalled | ToolReturned] = []
        self.saved = list(saved)
        self.pieces: list[Any] = []
        self._files = files
        self._agents = dict(agents or {})
        self._answers = list(answers)

    @property
    def files(self) -> Path:
        self._files = self._files or MemoryJournal().files(self.run_id)
        return self._files

    def heartbeat(self) -> None:
        """`heartbeats` counts them; what is said counts for itself."""
        self.heartbeats += 1

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

    async def ask(self, gate: Gate, bound_to: str = "") -> Answer:
        """The next scripted answer; LookupError if there is none. `bound` remembers what each was for."""
        self.gates.append(gate)
        self.bound.append(bound_to)
        if not self._answers:
            raise LookupError(f"no answer is scripted for {gate.message!r}: FakeContext(answers=[...])")
        return self._answers.pop(0)

    async def rest(self, seconds: float) -> None:
        """Sleep: nobody's time runs here."""
        await asyncio.sleep(seconds)

    async def admit(self) -> None:
        """Goes on at once; `admitted` counts."""
        self.admitted += 1

    def spend(self, usage: Mapping[str, float]) -> None:
        """`usage` holds the sum."""
        for name, amount in usage.items():
            self.usage[name] = self.usage.get(name, 0) + amount

    def tool_called(self, call: str, tool: str, arguments: Any) -> None:
        fact = ToolCalled(task=self.task, attempt=self.attempt, call=call, tool=tool, arguments=arguments)
        self.tools.append(fact)

    def tool_returned(self, call: str, tool: str, result: Any = None, failure: Failure | None = None) -> None:
        fact = ToolReturned(
            task=self.task, attempt=self.attempt, call=call, tool=tool, result=result, failure=failure
        )
        self.tools.append(fact)

    def save(self, piece: Any) -> None:
        """`pieces` holds what was saved in this attempt."""
        self.pieces.append(piece)

    async def stored(self) -> None:
        """There is no journal to wait for."""

    async def call(
        self,
        agent: str,
        action: str,
        parameters: dict[str, Any],
        begun: Begun | None = None,
        call: str = "",
    ) -> AgentResponse:
        """Straight to the agent's `execute`, with this context."""
        if agent not in self._agents:
            raise failed(Category.VALIDATION, f"the flow has no agent {agent!r}", code="unknown_agent")
        if begun is not None:
            await begun()
        return await self._agents[agent].execute(action, parameters, self)

    def service(
        self,
        name: str,
        state: Literal["starting", "ready", "failed", "closed"],
        *,
        tools: int = 0,
        restarts: int = 0,
        error: str = "",
    ) -> None:
        self.notes.append(Service(name=name, state=state, tools=tools, restarts=restarts, error=error))

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
