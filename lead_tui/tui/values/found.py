"""What a search found, and at which place of it one stands. Pure."""

from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

from lead_tui.text.safe import safe_line

P = TypeVar("P", bound=Hashable)


class Found(Generic[P]):
    """`places` in order; not `complete` if there may be more."""

    def __init__(self, needle: str = "", places: Sequence[P] = (), *, complete: bool = True) -> None:
        self.needle = needle
        self.places = places
        self.complete = complete
        self.at = 0
        self._known = frozenset(places)

    def __contains__(self, place: P) -> bool:
        return place in self._known

    def __bool__(self) -> bool:
        return bool(self.places)

    def move(self, by: int) -> P:
        """Go on or back, round the end; the place that is reached."""
        self.at = (self.at + by) % len(self.places)
        return self.places[self.at]

    @property
    def note(self) -> str:
        """`/wind 2/17`, or empty if nothing was searched."""
        if not self.needle:
            return ""
        count = f"{len(self.places):,}{'' if self.complete else '+'}"
        return f"/{safe_line(self.needle, 20)} {f'{self.at + 1:,}/{count}' if self.places else 'not found'}"
