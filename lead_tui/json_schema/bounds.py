"""How long a check may take: each step looks at the clock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from lead_tui.json_schema.patterns import Patterns

SECONDS = 2.0
"""For one check, and for the making of a schema."""


class TooMuch(Exception):
    """The check is given up; says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """What runs now, until when, and the patterns of its schema."""

    end: float
    patterns: Patterns


_running: ContextVar[Check] = ContextVar("schema_check")


@contextmanager
def bounded(patterns: Patterns) -> Iterator[None]:
    token = _running.set(Check(time.monotonic() + SECONDS, patterns))
    try:
        yield
    finally:
        _running.reset(token)


def step() -> Patterns:
    """The patterns of the schema that is applied; TooMuch if its time is over."""
    check = _running.get()
    if time.monotonic() > check.end:
        raise TooMuch(f"that takes more than {SECONDS:g} s")
    return check.patterns
