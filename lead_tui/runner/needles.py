"""Which of many fixed texts occur in a long one: the cost grows with the long one, hardly with their number.

Any eight neighbouring positions of a text hold one that is a multiple of eight. So it is enough to look at
the text in steps of eight characters, and to know for each needle the eight pieces that begin in its first
eight. Needles too short for that are looked for in steps of four, the shortest one by one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

SHORTEST = 4
_BLOCK = 64 * 1024  # a multiple of every step


class Needles:
    """Fixed texts of at least `SHORTEST` characters. More may be added, also while other threads search."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.values: set[str] = set()
        self.longest = 0
        self._steps = (_Steps(8), _Steps(4))
        self._tiny: list[str] = []
        self._by_start: defaultdict[str, list[str]] = defaultdict(list)
        self._by_end: defaultdict[str, list[str]] = defaultdict(list)
        self.add(values)

    def add(self, values: Iterable[str]) -> None:
        """The cost grows with these values, not with those that are there."""
        for value in set(values) - self.values:
            self.values.add(value)
            self.longest = max(self.longest, len(value))
            self._by_start[value[:SHORTEST]].append(value)
            self._by_end[value[-SHORTEST:]].append(value)
            if not any(steps.add(value) for steps in self._steps):
                self._tiny.append(value)

    def found_in(self, text: str) -> set[str]:
        found = {value for value in self._tiny if value in text}
        for steps in self._steps:
            found |= {value for value in steps.candidates(text) if value in text}
        return found

    def length_at_start(self, text: str, least: int = SHORTEST) -> int:
        """How much of `text` is the end of a needle that was cut off before it; 0 if it is below `least`."""
        for end in range(min(len(text), self.longest - 1), least - 1, -1):
            if text[end - SHORTEST : end] in self._by_end:
                for value in self._by_end[text[end - SHORTEST : end]]:
                    if value.endswith(text[:end]):
                        return end
        return 0

    def length_at_end(self, text: str, least: int = SHORTEST) -> int:
        """How much of `text` is the beginning of a needle that was cut off behind it; 0 if below `least`."""
        for start in range(max(0, len(text) - self.longest + 1), len(text) - least + 1):
            if text[start : start + SHORTEST] in self._by_start:
                for value in self._by_start[text[start : start + SHORTEST]]:
                    if value.startswith(text[start:]):
                        return len(text) - start
        return 0

    def hold(self, text: str) -> bool:
        """Does `text` lie within one of them?"""
        return len(text) < self.longest and any(text in value for value in tuple(self.values))


class _Steps:
    """The needles of one step width."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._step = re.compile(f".{{{width}}}", re.DOTALL)
        self._values: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, value: str) -> bool:
        """False if it is too short to be met in steps of this width."""
        if len(value) < 2 * self._width - 1:
            return False
        for start in range(self._width):
            self._values[value[start : start + self._width]].append(value)
        return True

    def candidates(self, text: str) -> set[str]:
        if not self._values:
            return set()
        met: set[str] = set()
        for start in range(0, len(text), _BLOCK):
            met |= self._values.keys() & self._step.findall(text, start, start + _BLOCK)
        return {value for piece in met for value in self._values[piece]}
