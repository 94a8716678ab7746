"""What the first call of an agent type imports: loaded beside the loop, before the time of a call begins."""

from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

from lead_tui.agents.base import BaseAgent
from lead_tui.threads import in_thread

_loaded: set[type[BaseAgent[Any]]] = set()


async def load_libraries_of(kind: type[BaseAgent[Any]]) -> None:
    """Once per process; what cannot be imported is told by the call."""
    if kind.libraries and kind not in _loaded:
        await in_thread(partial(_load, kind.libraries))
        _loaded.add(kind)


def _load(libraries: tuple[str, ...]) -> None:
    for name in libraries:
        with suppress(BaseException):  # foreign code: the call meets the same and says what it is
            import_module(name)
