"""What the cockpit shows first, and what it leaves behind. Pure."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lead_tui.core.plan import Plan
from lead_tui.runner.handle import LocalRun


@dataclass(frozen=True, slots=True)
class Home:
    """The flows of this folder and the runs of all."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A run that begins once the first frame is there. `plan` gives the rows until then."""

    run_id: str
    plan: Plan
    source: str
    start: Callable[[], Awaitable[LocalRun]]


@dataclass(frozen=True, slots=True)
class Watch:
    """Any run. `at`: replay it from this event on, at this speed."""

    run_id: str
    at: int | None = None
    speed: float = 1.0
    replay: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    path: Path


@dataclass(frozen=True, slots=True)
class TryAgents:
    path: Path
    agent: str = ""


Opening = Home | Launch | Watch | Edit | TryAgents


@dataclass(frozen=True, slots=True)
class Left:
    """How the screen was closed: `detached` runs go on in this process, `signal` closed it from outside."""

    how: Literal["quit", "detached", "signal", "crashed"] = "quit"
    runs: tuple[LocalRun, ...] = field(default=())
    signal: int = 0
    rescued: tuple[Path, ...] = ()
    """Files with text that nobody had saved when a signal came."""
