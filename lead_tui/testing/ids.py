"""Ids that are the same in every run of a test."""

from collections.abc import Callable
from itertools import count


def sequential(prefix: str = "run") -> Callable[[], str]:
    """A source of ids: `run-1`, `run-2`, ..."""
    numbers = count(1)
    return lambda: f"{prefix}-{next(numbers)}"
