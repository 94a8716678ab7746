"""What the cockpit shows first, and what it leaves behind. Pure."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import msgspec

from lead_tui.core.plan import Plan
from lead_tui.runner.handle import LocalRun


class Home(msgspec.Struct, frozen=True):
    """The flows of this folder and the runs of all."""


class Launch(msgspec.Struct, frozen=True):
    """A run that begins once the first frame is there. `plan` gives the rows until then."""

    run_id: str
    plan: Plan
    source: str
    start: Callable[[], Awaitable[LocalRun]]


class Watch(msgspec.Struct, frozen=True):
    """Any run. `at`: replay it from this event on, at this speed."""

    run_id: str
    at: int | None = None
    speed: float = 1.0
    replay: bool = False


class Edit(msgspec.Struct, frozen=True):
    path: Path


class TryAgents(msgspec.Struct, frozen=True):
    path: Path
    agent: str = ""


Opening = Home | Launch | Watch | Edit | TryAgents


class Left(msgspec.Struct, frozen=True):
    """How the screen was closed: `detached` runs go on in this process, `signal` closed it from outside."""

    how: Literal["quit", "detached", "signal", "crashed"] = "quit"
    runs: tuple[LocalRun, ...] = ()
    signal: int = 0
    rescued: tuple[Path, ...] = ()
    """Files with text that nobody had saved when a signal came."""
