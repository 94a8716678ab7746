"""What a session stands on: a way to the server, by which messages come and go."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal, Protocol

import mcp_types as types
from mcp.client._transport import TransportStreams

from lead_tui.errors import Failure


class Surroundings(Protocol):
    """What a session needs of where it runs; an `AgentContext` has it all."""

    run_id: str
    folder: Path
    environment: Mapping[str, str]
    shared: dict[str, Any]

    def log(
        self,
        text: str,
        level: Literal["debug", "info", "warning", "error"] = "info",
        stream: Literal["log", "stdout", "stderr"] = "log",
    ) -> None: ...

    def service(
        self,
        name: str,
        state: Literal["starting", "ready", "failed", "closed"],
        *,
        tools: int = 0,
        restarts: int = 0,
        error: str = "",
    ) -> None: ...

    def conceal(self, value: str) -> None: ...

    def mask(self, text: str, *, cut: bool = False) -> str: ...


class Link(ABC):
    """`open` gives the streams that the SDK talks through. Once it is `over` nothing more comes."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.over = asyncio.Event()
        self.failure: Failure | None = None
        """Why it is over, if that was not our wish."""
        self.can_be_asked = True
        """Can the server send a request while it works on one of ours?"""
        self.hear: Callable[[types.LoggingMessageNotificationParams], None] = lambda params: None
        """Who is told of the server's log messages, by a link that does not leave them to the SDK."""

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[TransportStreams]: ...

    def fail(self, failure: Failure) -> None:
        """The first reason counts: others follow from it."""
        if not self.over.is_set():
            self.failure = failure
            self.over.set()

    def said(self) -> str:
        """What the server complained of last, masked."""
        return ""
