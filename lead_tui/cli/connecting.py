"""`leadtui validate --connect`: ask the MCP servers of a flow whether its tasks and agents can call them."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from lead_tui.errors import InvalidFlow
from lead_tui.flow import document as flow_document
from lead_tui.flow.diagnostics import Diagnostic, Problems
from lead_tui.flow.inputs import read_bounded
from lead_tui.flow.loader import Document
from lead_tui.runner.secrets import Concealer


class Looking:
    """What a session needs to know where no run is. What servers say of themselves is not shown."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self.run_id = "validate"
        self.folder = document.folder
        self.environment = environment
        self.shared: dict[str, Any] = {}
        self._concealer = Concealer(document.secrets)

    def log(
        self,
        text: str,
        level: Literal["debug", "info", "warning", "error"] = "info",
        stream: Literal["log", "stdout", "stderr"] = "log",
    ) -> None:
        return

    def service(
        self,
        name: str,
        state: Literal["starting", "ready", "failed", "closed"],
        *,
        tools: int = 0,
        restarts: int = 0,
        error: str = "",
    ) -> None:
        return

    def conceal(self, value: str) -> None:
        self._concealer.add(value)

    def mask(self, text: str, *, cut: bool = False) -> str:
        return self._concealer.piece(text) if cut else self._concealer.text(text)

    async def aclose(self) -> None:
        for value in self.shared.values():
            await value.aclose()


def connected(path: Path, document: Document, environment: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """What is wrong with a flow that is valid so far. All servers at once; all are closed at the end."""
    servers = [number for number, agent in enumerate(document.workflow.agents) if agent.type == "mcp_server"]
    return asyncio.run(_asked(path, document, environment, servers)) if servers else ()


async def _asked(
    path: Path, document: Document, environment: Mapping[str, str], servers: list[int]
) -> tuple[Diagnostic, ...]:
    from lead_tui.agents.mcp.check import problems

    looking = Looking(document, environment)
    try:
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(problems(document.workflow, number, looking)) for number in servers]
    finally:
        await looking.aclose()
    told = _placed(path)
    for task in asked:
        for each in task.result():
            told.add(each.path, each.code, each.message, each.hint)
    return told.errors


def _placed(path: Path) -> Problems:
    try:
        _, positions, _ = flow_document.read(read_bounded(path), str(path))
    except (InvalidFlow, OSError):  # changed while servers were asked
        return Problems(str(path))
    return Problems(str(path), positions)
