"""What a tool knows of the call that it is in. A parameter annotated `ToolContext` receives it:

@tool
def lines(path: str, context: ToolContext) -> int: ...
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from lead_tui.tools.hosts import Hosts


class Log(Protocol):
    def __call__(self, text: str, level: Literal["debug", "info", "warning", "error"] = "info") -> None: ...


class Mask(Protocol):
    def __call__(self, text: str, *, cut: bool = False) -> str: ...


class Attempt(Protocol):
    """What is needed of whoever calls a tool: an `AgentContext` has it."""

    @property
    def folder(self) -> Path: ...
    @property
    def environment(self) -> Mapping[str, str]: ...
    @property
    def shared(self) -> dict[str, Any]: ...
    @property
    def idempotency_key(self) -> str: ...
    @property
    def heartbeat(self) -> Callable[[], None]: ...
    @property
    def log(self) -> Log: ...
    @property
    def conceal(self) -> Callable[[str], None]: ...
    @property
    def mask(self) -> Mask: ...


def _say_nothing(text: str, level: str = "info") -> None:
    return None


def _unmasked(text: str, *, cut: bool = False) -> str:
    return text


@dataclass(frozen=True, slots=True)
class ToolContext:
    """`roots` are the folders, absolute, that file tools may touch; `hosts` those that may be called.

    `shared` is one per run: values with `aclose` are closed at its end. `idempotency_key` is the same for
    every try of the same call. `heartbeat`, `log` and whatever is printed show that the tool is alive, where
    the task has an `idle_timeout`. `conceal` masks a value in all that leaves the run, from then on.
    """

    folder: Path = field(default_factory=Path.cwd)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    shared: dict[str, Any] = field(default_factory=dict, repr=False)
    roots: tuple[Path, ...] = ()
    hosts: Hosts = field(default_factory=Hosts)
    idempotency_key: str = ""
    heartbeat: Callable[[], None] = lambda: None
    log: Log = _say_nothing
    conceal: Callable[[str], None] = _say_nothing
    mask: Mask = _unmasked
